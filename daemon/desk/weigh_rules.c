/*
 * The rules beside fusion: k of n kinds, neighbours, scan, cases, moving
 * percentile.  Source of the percentile rule: the Chinese automated alert
 * system (CIDARS) compares seven days with the same weeks of earlier years.
 */
#include <math.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/weigh_parts.h"

#define EARTH_KM 6371.0
#define MAX_PLACES 256 /* of one scan */
#define SEASON_WEEKS 2 /* before and after the same week of a year */
#define LEAST_PAST 5   /* past windows that a percentile needs */

void
weigh_kinds(struct scale *w, const struct trigger *t, struct weighing *out)
{
	double p[FUSE_MAX_KINDS];
	size_t k = (size_t)t->at_least;

	(void)w;
	for (size_t i = 0; i < out->kinds; i++)
		p[i] = out->kind[i].p;
	out->p = fuse_k_of_n(p, out->kinds, k);
	if (!isnan(out->p) && p[k - 1] > t->alpha)
		out->p = 1;
}

static double
distance(const struct reg_area *a, const struct reg_area *b)
{
	double rad = M_PI / 180, dlat = (b->lat - a->lat) * rad / 2;
	double dlon = (b->lon - a->lon) * rad / 2;
	double h = sin(dlat) * sin(dlat) +
		   cos(a->lat * rad) * cos(b->lat * rad) * sin(dlon) * sin(dlon);

	return 2 * EARTH_KM * asin(fmin(1, sqrt(h)));
}

/* Children of the area, at most MAX_PLACES; returns their number. */
static size_t
children(const struct scale *w, uint32_t area, uint32_t *child)
{
	uint32_t c = registry_area_at(w->registry, area)->first_child;
	size_t n = 0;

	for (; c != REG_NONE && n < MAX_PLACES;
	     c = registry_area_at(w->registry, c)->next_sibling)
		child[n++] = c;
	return n;
}

/* Is b near a?  An area is near itself; unknown places are near nothing. */
static bool
near(const struct scale *w, const struct trigger *t, uint32_t a, uint32_t b)
{
	return a == b ||
	       distance(registry_area_at(w->registry, a),
			registry_area_at(w->registry, b)) <= t->distance_km;
}

void
weigh_neighbours(struct scale *w, const struct trigger *t, struct weighing *out)
{
	uint32_t child[MAX_PLACES];
	double p[MAX_PLACES], group[MAX_PLACES], best = NAN;
	size_t n = children(w, out->area, child), k = (size_t)t->at_least;
	struct weighing below;

	for (size_t i = 0; i < n; i++) {
		weigh_fusion(w, t, child[i], out->as_of, &below);
		p[i] = below.p;
	}
	for (size_t i = 0; i < n; i++) {
		size_t m = 0;
		double x;

		for (size_t j = 0; j < n; j++) {
			if (near(w, t, child[i], child[j]))
				group[m++] = p[j];
		}
		x = fuse_k_of_n(group, m, k);
		if (isnan(x))
			continue;
		x = group[k - 1] <= t->alpha ? x * (double)n : 1;
		best = isnan(best) ? x : fmin(best, x);
	}
	out->p = fmin(best, 1);
	if (isnan(best))
		out->p = NAN;
}

/* Observed and expected of the scan's places over the window. */
struct places {
	size_t n;
	uint32_t area[MAX_PLACES];
	double observed[MAX_PLACES], expected[MAX_PLACES];
	double excess, days; /* of the days before the window: dispersion */
};

static void
add_place(struct scale *w, const struct trigger *t, const struct judge_sum *s,
	  struct places *pl, size_t i, int32_t as_of)
{
	struct judge_point at[HISTORY_DAYS];
	size_t n = s->period == 7 ? 6 : HISTORY_DAYS;
	int32_t from = weigh_from(t, s->kind, as_of);

	if (judge_area_points(w->judge, pl->area[i], s->kind, s->indicator,
			      as_of - HISTORY_DAYS + 1, n, at) < 0)
		return;
	for (size_t d = 0; d < n; d++) {
		double x = at[d].cell.value, e = at[d].verdict.expected;

		if (isnan(x) || isnan(e) || at[d].day > as_of)
			continue;
		e = fmax(e, 0.1);
		if (at[d].day >= from) {
			pl->observed[i] += x;
			pl->expected[i] += e;
		} else {
			pl->excess += (x - e) * (x - e) / e;
			pl->days++;
		}
	}
}

static void
load_places(struct scale *w, const struct trigger *t, struct places *pl,
	    const struct weighing *out)
{
	uint32_t i = judge_sums_of(w->judge, out->area);
	struct judge_sum s;

	pl->n = children(w, out->area, pl->area);
	for (size_t k = 0; k < pl->n; k++) {
		pl->observed[k] = 0;
		pl->expected[k] = 0;
	}
	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(w->judge, i, &s);
		if (!weigh_listens(t, &s))
			continue;
		for (size_t k = 0; k < pl->n; k++)
			add_place(w, t, &s, pl, k, out->as_of);
	}
}

/*
 * The best subset of places around each centre; its likelihood ratio, divided
 * by the dispersion, gets a p from the chi-square with one degree of freedom,
 * halved because only rises count, times the number of groups looked at.
 */
void
weigh_scan(struct scale *w, const struct trigger *t, struct weighing *out)
{
	struct places *pl = calloc(1, sizeof(*pl));
	double c[MAX_PLACES], b[MAX_PLACES], best = 0, looks = 0, phi;
	size_t order[MAX_PLACES], best_n;

	if (pl == NULL) {
		log_error("desk: no memory for a scan");
		return;
	}
	load_places(w, t, pl, out);
	phi = pl->days > 0 ? fmax(1, pl->excess / pl->days) : 1;
	for (size_t i = 0; i < pl->n; i++) {
		size_t m = 0;

		for (size_t j = 0; j < pl->n; j++) {
			if (!near(w, t, pl->area[i], pl->area[j]))
				continue;
			c[m] = pl->observed[j];
			b[m++] = pl->expected[j];
		}
		looks += (double)m;
		best = fmax(best, fuse_scan(c, b, m, order, &best_n));
	}
	out->p = looks > 0 ? fmin(1, fuse_upper(sqrt(2 * best / phi)) * looks)
			   : NAN;
	free(pl);
}

/* Reports of a series within n days up to `to`, and how many there were. */
static double
window_sum(const struct scale *w, uint32_t series, int period, int32_t to,
	   int n, double *reports)
{
	double sum = 0;

	for (int32_t d = to - n + 1; d <= to; d++) {
		struct judge_cell cell;

		if (period == 7 && day_weekday(d) != 6)
			continue;
		judge_cell(w->judge, series, d, &cell);
		if (isnan(cell.value))
			continue;
		sum += cell.value;
		*reports += 1;
	}
	return sum;
}

/* All that the trigger listens to in the area, or at one site of it. */
static double
area_sum(const struct scale *w, const struct trigger *t,
	 const struct weighing *out, int32_t to, double *reports)
{
	uint32_t i = judge_sums_of(w->judge, out->area);
	struct judge_sum s;
	double sum = 0;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(w->judge, i, &s);
		if (!weigh_listens(t, &s))
			continue;
		for (size_t m = 0; m < s.members; m++) {
			if (out->site != REG_NONE &&
			    registry_series_at(w->registry, s.member[m])->site !=
				    out->site)
				continue;
			sum += window_sum(w, s.member[m], s.period, to,
					  t->window + t->lag[s.kind], reports);
		}
	}
	return sum;
}

void
weigh_cases(struct scale *w, const struct trigger *t, struct weighing *out)
{
	double reports = 0;

	out->cases = area_sum(w, t, out, out->as_of, &reports);
	for (size_t i = 0; i < t->steps; i++) {
		if (out->cases >= t->step[i].cases)
			out->colour = t->step[i].colour;
	}
	out->earned = out->colour;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void
weigh_percentile(struct scale *w, const struct trigger *t, struct weighing *out)
{
	double past[5 * (2 * SEASON_WEEKS + 1)], now = 0, at;
	size_t n = 0, i;

	out->cases = area_sum(w, t, out, out->as_of, &now);
	out->limit = NAN;
	for (int y = 1; y <= t->years; y++) {
		for (int k = -SEASON_WEEKS; k <= SEASON_WEEKS; k++) {
			double then = 0;
			double sum = area_sum(
				w, t, out, out->as_of - 364 * y + 7 * k, &then);

			/* Half as many reports as now: not comparable. */
			if (then > 0 && then * 2 >= now)
				past[n++] = sum;
		}
	}
	if (n < LEAST_PAST || now == 0)
		return;
	qsort(past, n, sizeof(*past), compare);
	at = t->percentile / 100 * (double)(n - 1);
	i = (size_t)at;
	out->limit = past[i];
	if (i + 1 < n)
		out->limit += (at - (double)i) * (past[i + 1] - past[i]);
	if (out->cases > out->limit)
		out->colour = t->colour;
	out->earned = out->colour;
}
