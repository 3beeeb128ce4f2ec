/*
 * Rule scan: the expectation-based Poisson scan (Neill) over groups of sites.
 *
 * A place is the sites that lie right in one area, however far below the one
 * that is weighed; where all lie in one area, each site is a place.  Around
 * each place the best subset of the places near it is found, over the last
 * day, two, four .. and the whole window.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/weigh_parts.h"

enum { MOST_SPANS = 6 }; /* 1, 2, 4, 8, 16 and at most 28 days */

#define LEAST_EXPECTED 0.1

struct places {
	size_t n, spans;
	bool are_sites;
	int days_of[MOST_SPANS];
	uint32_t id[WEIGH_MAX_PLACES]; /* area or site */
	double observed[WEIGH_MAX_PLACES][MOST_SPANS];
	double expected[WEIGH_MAX_PLACES][MOST_SPANS];
	double excess, days; /* of the days before the window: dispersion */
};

/* Room to choose a subset. */
struct choice {
	double observed[WEIGH_MAX_PLACES], expected[WEIGH_MAX_PLACES];
	size_t at[WEIGH_MAX_PLACES], order[WEIGH_MAX_PLACES];
};

static void
set_spans(const struct trigger *t, struct places *pl)
{
	for (int days = 1; days < t->window; days *= 2)
		pl->days_of[pl->spans++] = days;
	pl->days_of[pl->spans++] = t->window;
}

/* Adds what the place counted; a weekly report counts on its Sunday. */
static void
add_points(struct places *pl, size_t i, const struct judge_point *at, size_t n,
	   int period, int32_t from, int32_t as_of)
{
	int window = pl->days_of[pl->spans - 1];

	for (size_t d = 0; d < n; d++) {
		int32_t day = at[d].day + (period == 7 ? 6 : 0);
		double x = at[d].cell.value;
		double e = fmax(at[d].verdict.expected, LEAST_EXPECTED);
		int age = as_of - day;

		if (isnan(x) || isnan(at[d].verdict.expected) || age < 0)
			continue;
		if (day < from) {
			if (at[d].mark != NULL)
				continue;
			pl->excess += (x - e) * (x - e) / e;
			pl->days++;
			continue;
		}
		/* A kind that comes late is as old as its lag forgives. */
		age -= as_of - from + 1 - window;
		for (size_t s = 0; s < pl->spans; s++) {
			if (age >= pl->days_of[s])
				continue;
			pl->observed[i][s] += x;
			pl->expected[i][s] += e;
		}
	}
}

/* First of the days that are looked at, and how many periods they are. */
static int32_t
history(const struct judge_sum *s, int32_t as_of, size_t *n)
{
	*n = s->period == 7 ? HISTORY_DAYS / 7 : HISTORY_DAYS;
	return as_of - HISTORY_DAYS + 1;
}

/* Is the series of a site right in the area? */
static bool
lies_in(const struct scale *w, uint32_t series, uint32_t area)
{
	const struct reg_series *row = registry_series_at(w->registry, series);

	return registry_site_at(w->registry, row->site)->area == area;
}

/* Members of the sum whose sites lie right in its area. */
static size_t
own_members(const struct scale *w, const struct judge_sum *s)
{
	size_t n = 0;

	for (size_t m = 0; m < s->members; m++)
		n += lies_in(w, s->member[m], s->area);
	return n;
}

static void
add_series(struct scale *w, const struct trigger *t, const struct judge_sum *s,
	   uint32_t series, struct places *pl, size_t i, int32_t as_of)
{
	struct judge_point at[HISTORY_DAYS];
	size_t n;
	int32_t from = history(s, as_of, &n);

	if (judge_points(w->judge, series, from, n, at) == 0)
		add_points(pl, i, at, n, s->period,
			   weigh_from(t, s->kind, as_of), as_of);
}

/* The area's sum where nothing else is in it, else its own sites' series. */
static void
add_sum(struct scale *w, const struct trigger *t, const struct judge_sum *s,
	struct places *pl, size_t i, int32_t as_of)
{
	struct judge_point at[HISTORY_DAYS];
	size_t n;
	int32_t from = history(s, as_of, &n);

	if (own_members(w, s) == s->members) {
		if (judge_area_points(w->judge, s->area, s->kind, s->indicator,
				      from, n, at) == 0)
			add_points(pl, i, at, n, s->period,
				   weigh_from(t, s->kind, as_of), as_of);
		return;
	}
	for (size_t m = 0; m < s->members; m++) {
		if (lies_in(w, s->member[m], s->area))
			add_series(w, t, s, s->member[m], pl, i, as_of);
	}
}

/* The area as a place, if sites right in it report what is listened to. */
static void
take_area(struct scale *w, const struct trigger *t, uint32_t area,
	  struct places *pl, int32_t as_of)
{
	uint32_t i = judge_sums_of(w->judge, area);
	struct judge_sum s;
	bool found = false;

	for (; i != REG_NONE && pl->n < WEIGH_MAX_PLACES; i = s.next_of_area) {
		judge_sum_at(w->judge, i, &s);
		if (!weigh_listens(t, &s) || own_members(w, &s) == 0)
			continue;
		found = true;
		add_sum(w, t, &s, pl, pl->n, as_of);
	}
	if (found)
		pl->id[pl->n++] = area;
}

/* The area after it, top down, within top; REG_NONE ends. */
static uint32_t
next_area(const struct registry *r, uint32_t area, uint32_t top)
{
	const struct reg_area *a = registry_area_at(r, area);

	if (a->first_child != REG_NONE)
		return a->first_child;
	while (area != top) {
		a = registry_area_at(r, area);
		if (a->next_sibling != REG_NONE)
			return a->next_sibling;
		area = a->parent;
	}
	return REG_NONE;
}

/* The place of a site, a new one if need be; WEIGH_MAX_PLACES: no room. */
static size_t
place_of(struct places *pl, uint32_t site)
{
	for (size_t i = 0; i < pl->n; i++) {
		if (pl->id[i] == site)
			return i;
	}
	if (pl->n < WEIGH_MAX_PLACES)
		pl->id[pl->n++] = site;
	return pl->n < WEIGH_MAX_PLACES || pl->id[pl->n - 1] == site
		       ? pl->n - 1
		       : WEIGH_MAX_PLACES;
}

/* The sites of an area as places. */
static void
take_sites(struct scale *w, const struct trigger *t, uint32_t area,
	   struct places *pl, int32_t as_of)
{
	uint32_t i = judge_sums_of(w->judge, area);
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(w->judge, i, &s);
		for (size_t m = 0; weigh_listens(t, &s) && m < s.members; m++) {
			size_t p = place_of(
				pl,
				registry_series_at(w->registry, s.member[m])->site);

			if (p < WEIGH_MAX_PLACES)
				add_series(w, t, &s, s.member[m], pl, p, as_of);
		}
	}
}

static void
load_places(struct scale *w, const struct trigger *t, struct places *pl,
	    const struct weighing *out)
{
	set_spans(t, pl);
	for (uint32_t a = out->area; a != REG_NONE && pl->n < WEIGH_MAX_PLACES;
	     a = next_area(w->registry, a, out->area))
		take_area(w, t, a, pl, out->as_of);
	if (pl->n != 1)
		return;
	*pl = (struct places){ .are_sites = true };
	set_spans(t, pl);
	take_sites(w, t, out->area, pl, out->as_of);
}

/* The best subset of places around centre i over a span, if it beats p. */
static void
scan_around(const struct scale *w, const struct trigger *t,
	    const struct places *pl, size_t i, size_t span, double phi,
	    struct choice *c, struct weighing *out)
{
	size_t centres = pl->are_sites ? 1 : pl->n, m = 0, best_n;
	double score, p;

	for (size_t j = 0; j < pl->n; j++) {
		if (!(pl->expected[j][span] > 0) ||
		    (!pl->are_sites && !weigh_near(w, t, pl->id[i], pl->id[j])))
			continue;
		c->observed[m] = pl->observed[j][span];
		c->expected[m] = pl->expected[j][span];
		c->at[m++] = j;
	}
	if (m == 0)
		return;
	score = fuse_scan(c->observed, c->expected, m, c->order, &best_n) / phi;
	p = fuse_scan_p(score, m) * (double)centres * (double)pl->spans;
	if (p >= out->p)
		return;
	out->p = p;
	out->score = score;
	out->score_days = pl->days_of[span];
	out->group_of_sites = pl->are_sites;
	out->group_n = best_n;
	for (size_t k = 0; k < best_n; k++)
		out->group[k] = pl->id[c->at[c->order[k]]];
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Divided by the dispersion of the days before the window; p is
 * fuse_scan_p() times the centres and spans that were looked at.
 */
void
weigh_scan(struct scale *w, const struct trigger *t, struct weighing *out)
{
	struct places *pl = calloc(1, sizeof(*pl));
	struct choice *c = calloc(1, sizeof(*c));
	double phi;

	out->p = NAN;
	if (pl == NULL || c == NULL) {
		log_error("desk: no memory for a scan");
		goto out;
	}
	load_places(w, t, pl, out);
	phi = pl->days > 0 ? fmax(1, pl->excess / pl->days) : 1;
	for (size_t s = 0; s < pl->spans; s++) {
		for (size_t i = 0; i < (pl->are_sites ? 1 : pl->n); i++)
			scan_around(w, t, pl, i, s, phi, c, out);
	}
	if (out->p > 1)
		out->p = 1;
	qsort(out->group, out->group_n, sizeof(*out->group), compare);
out:
	free(c);
	free(pl);
}
