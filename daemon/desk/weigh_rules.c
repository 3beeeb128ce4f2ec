/*
 * The rules beside fusion, scan and cases: k of n kinds, neighbours, moving
 * percentile.  Source of the percentile rule: the Chinese automated alert
 * system (CIDARS) compares seven days with the same weeks of earlier years.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/weigh_parts.h"

#define EARTH_KM 6371.0
#define LEAST_PAST 5 /* past windows that a percentile needs */

void
weigh_kinds(const struct trigger *t, struct weighing *out)
{
	double p[FUSE_MAX_KINDS], weight[FUSE_MAX_KINDS], level;

	for (size_t i = 0; i < out->kinds; i++) {
		p[i] = out->kind[i].p;
		weight[i] = t->kind_weight[out->kind[i].kind];
	}
	out->p = fuse_votes(p, weight, out->kinds, t->at_least, &level);
	if (level > t->alpha)
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

/* Children of the area, at most WEIGH_MAX_PLACES; returns their number. */
static size_t
children(const struct scale *w, uint32_t area, uint32_t *child)
{
	uint32_t c = registry_area_at(w->registry, area)->first_child;
	size_t n = 0;

	for (; c != REG_NONE && n < WEIGH_MAX_PLACES;
	     c = registry_area_at(w->registry, c)->next_sibling)
		child[n++] = c;
	return n;
}

bool
weigh_near(const struct scale *w, const struct trigger *t, uint32_t a, uint32_t b)
{
	return a == b ||
	       distance(registry_area_at(w->registry, a),
			registry_area_at(w->registry, b)) <= t->distance_km;
}

/* The i-th area and all at or below alpha that it leads to, step by step. */
static void
group_neighbours(const struct scale *w, const struct trigger *t,
		 const uint32_t *child, const double *p, size_t n, size_t i,
		 struct weighing *out)
{
	bool in[WEIGH_MAX_PLACES] = { false };
	size_t done = 0;

	in[i] = true;
	out->group[0] = child[i];
	out->group_n = 1;
	for (; done < out->group_n; done++) {
		for (size_t j = 0; j < n; j++) {
			if (in[j] || !(p[j] <= t->alpha) ||
			    !weigh_near(w, t, out->group[done], child[j]))
				continue;
			in[j] = true;
			out->group[out->group_n++] = child[j];
		}
	}
}

/* p that area i and at_least - 1 around it are as low as they are. */
static double
around(const struct scale *w, const struct trigger *t, const uint32_t *child,
       const double *p, size_t n, size_t i)
{
	double group[WEIGH_MAX_PLACES], x, level;
	size_t m = 0, k = (size_t)t->at_least;

	for (size_t j = 0; j < n; j++) {
		if (weigh_near(w, t, child[i], child[j]))
			group[m++] = p[j];
	}
	x = fuse_k_of_n(group, m, k);
	if (isnan(x) || isnan(p[i]))
		return NAN;
	level = fmax(p[i], group[k - 1]);
	if (level > t->alpha)
		return 1;
	return fmin(1, x * level / group[k - 1] * (double)n);
}

void
weigh_neighbours(struct scale *w, const struct trigger *t, struct weighing *out)
{
	uint32_t child[WEIGH_MAX_PLACES];
	double p[WEIGH_MAX_PLACES];
	size_t n = children(w, out->area, child);
	struct weighing below;

	for (size_t i = 0; i < n; i++) {
		weigh_fusion(w, t, child[i], out->as_of, &below);
		p[i] = below.p;
	}
	out->p = NAN;
	for (size_t i = 0; i < n; i++) {
		double x = around(w, t, child, p, n, i);

		if (isnan(x) || x >= out->p)
			continue;
		out->p = x;
		if (x < 1)
			group_neighbours(w, t, child, p, n, i, out);
	}
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
		judge_case_cell(w->judge, series, d, &cell);
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

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void
weigh_percentile(struct scale *w, const struct trigger *t, struct weighing *out)
{
	double past[5 * (2 * TRIGGER_SEASON_WEEKS + 1)], now = 0, at;
	size_t n = 0, i;

	out->cases = area_sum(w, t, out, out->as_of, &now);
	out->limit = NAN;
	for (int y = 1; y <= t->years; y++) {
		for (int k = -TRIGGER_SEASON_WEEKS; k <= TRIGGER_SEASON_WEEKS;
		     k++) {
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
