/*
 * Weighing of one trigger in one area, see weigh.h; the rules beside fusion
 * are in weigh_rules.c.
 */
#include "daemon/desk/weigh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/weigh_parts.h"

#define POINT_P 0.05
/* Correlation from one day to the next of a kind's scores, and between kinds
   before anything is known of them. */
#define DAY_CORRELATION 0.3
#define KIND_CORRELATION 0.2
#define KIND_WORTH 28	 /* days of data that the prior is worth */
#define SCATTER_WORTH 28 /* the same for a kind's own scatter */
#define MEAN_WORTH 7	 /* and its mean */
/* Above this p no colour is possible, and the days before the window are not
   looked at. */
#define LOOK_BACK_P 0.1

struct scale *
weigh_new(const struct registry *registry, struct judge *judge)
{
	struct scale *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		log_error("desk: no memory");
		return NULL;
	}
	w->registry = registry;
	w->judge = judge;
	return w;
}

void
weigh_free(struct scale **wp)
{
	struct scale *w = *wp;

	if (w == NULL)
		return;
	for (int l = 0; l < LEVELS; l++)
		free(w->level[l].at);
	free(w->p);
	free(w);
	*wp = NULL;
}

bool
weigh_room(struct scale *w, size_t n)
{
	double *p;

	if (n <= w->p_cap)
		return true;
	p = realloc(w->p, n * sizeof(*p));
	if (p == NULL) {
		log_error("desk: no memory for %zu p-values", n);
		return false;
	}
	w->p = p;
	w->p_cap = n;
	return true;
}

static bool
refs_put(struct refs *r, uint32_t id, bool is_sum, int period)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;
		struct ref *at = realloc(r->at, cap * sizeof(*at));

		if (at == NULL) {
			log_error("desk: no memory for %zu series", cap);
			return false;
		}
		r->at = at;
		r->cap = cap;
	}
	r->at[r->n++] = (struct ref){ id, is_sum, period };
	return true;
}

bool
weigh_listens(const struct trigger *t, const struct judge_sum *sum)
{
	return sum->kind < t->kinds && sum->indicator < t->indicators &&
	       t->indicator[sum->indicator] && t->kind_weight[sum->kind] > 0;
}

bool
weigh_takes(const struct trigger *t, const struct weighing *g,
	    const struct judge_sum *sum)
{
	return weigh_listens(t, sum) &&
	       (g->indicator == REG_NONE || g->indicator == sum->indicator);
}

bool
weigh_hears(const struct trigger *t, const struct judge *judge, uint32_t area)
{
	uint32_t i = judge_sums_of(judge, area);
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(judge, i, &s);
		if (weigh_listens(t, &s))
			return true;
	}
	return false;
}

void
weigh_share_out(struct trigger_set *set, const struct registry *registry,
		const struct judge *judge)
{
	for (size_t i = 0; i < set->n; i++)
		set->at[i].fed = false;
	for (uint32_t a = 0; a < registry_areas(registry); a++) {
		if (registry_area_at(registry, a)->parent != REG_NONE)
			continue;
		for (size_t i = 0; i < set->n; i++)
			set->at[i].fed = set->at[i].fed ||
					 weigh_hears(&set->at[i], judge, a);
	}
	trigger_share_out(set);
}

int32_t
weigh_from(const struct trigger *t, uint32_t kind, int32_t as_of)
{
	return as_of - t->window - t->lag[kind] + 1;
}

/* The sums of the areas right below that belong to the same kind. */
static bool
refs_below(struct scale *w, const struct judge_sum *own)
{
	uint32_t c = registry_area_at(w->registry, own->area)->first_child;

	for (; c != REG_NONE; c = registry_area_at(w->registry, c)->next_sibling) {
		uint32_t i = judge_sums_of(w->judge, c);
		struct judge_sum s;

		for (; i != REG_NONE; i = s.next_of_area) {
			judge_sum_at(w->judge, i, &s);
			if (s.kind != own->kind || s.indicator != own->indicator ||
			    s.period != own->period || s.members < 2 ||
			    s.members == own->members)
				continue;
			if (!refs_put(&w->level[LEVEL_BELOW], i, true, s.period))
				return false;
		}
	}
	return true;
}

static bool
refs_add(struct scale *w, uint32_t sum, const struct judge_sum *s)
{
	for (size_t m = 0; m < s->members; m++) {
		if (!refs_put(&w->level[LEVEL_SERIES], s->member[m], false,
			      s->period))
			return false;
	}
	if (s->members < 2)
		return true;
	if (!refs_put(&w->level[LEVEL_OWN], sum, true, s->period))
		return false;
	return refs_below(w, s);
}

/* p of a day; a week's counts on its Sunday only. */
static double
ref_p(const struct scale *w, const struct ref *r, int32_t day)
{
	enum det_level level;

	if (r->period == 7 && day_weekday(day) != 6)
		return NAN;
	return r->is_sum ? judge_sum_p(w->judge, r->id, day, &level)
			 : judge_series_p(w->judge, r->id, day, &level);
}

static bool
is_apart(const struct scale *w, const struct ref *r, int32_t day)
{
	return r->is_sum ? judge_sum_is_apart(w->judge, r->id, day)
			 : judge_is_apart(w->judge, r->id, day);
}

/* usual: what is marked as an outbreak does not say how the kind scatters. */
static double
kind_day_p(struct scale *w, int32_t day, bool usual)
{
	double level_p[LEVELS];

	for (int l = 0; l < LEVELS; l++) {
		const struct refs *r = &w->level[l];

		for (size_t i = 0; i < r->n; i++)
			w->p[i] = usual && is_apart(w, &r->at[i], day)
					  ? NAN
					  : ref_p(w, &r->at[i], day);
		level_p[l] = fuse_cauchy(w->p, NULL, r->n);
	}
	return fuse_cauchy(level_p, NULL, LEVELS);
}

/* Stouffer over the days from..HISTORY_DAYS-1 of a kind. */
static double
over_days(const double *day_p, int from)
{
	double r[32 * 32];
	int n = HISTORY_DAYS - from;

	for (int i = 0; i < n; i++) {
		double c = 1;

		for (int k = i; k < n; k++, c *= DAY_CORRELATION) {
			r[i * n + k] = c;
			r[k * n + i] = c;
		}
	}
	return fuse_stouffer(day_p + from, r, (size_t)n);
}

/* p over the window of a kind, from the days' p. */
static double
kind_p(const struct trigger *t, uint32_t kind, const double *day_p)
{
	int from = HISTORY_DAYS - t->window - t->lag[kind];
	double both[2];

	both[0] = fuse_cauchy(day_p + from, NULL, (size_t)(HISTORY_DAYS - from));
	both[1] = over_days(day_p, from);
	return fuse_cauchy(both, NULL, 2);
}

/*
 * A place where nobody of a kind has reported for so long knows too little of
 * what is usual to ring for it: it would do so in its first weeks five times
 * as often as later.
 */
static int32_t
sooner(int32_t day, const struct judge_sum *s)
{
	int32_t told = s->first_day + (s->period == 7 ? 7 * JUDGE_SETTLED_WEEKS
						      : JUDGE_SETTLED_DAYS);

	return told < day ? told : day;
}

/*
 * Gathers the references of the next kind of the area, beginning with sum i;
 * returns the sum after them, and the kind, or FUSE_MAX_KINDS references none.
 */
static uint32_t
gather(struct scale *w, const struct trigger *t, uint32_t i, uint32_t *kind)
{
	struct judge_sum s;

	for (int l = 0; l < LEVELS; l++)
		w->level[l].n = 0;
	w->told_from = INT32_MAX;
	*kind = REG_NONE;
	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(w->judge, i, &s);
		if (*kind != REG_NONE && s.kind != *kind)
			break;
		if (!weigh_listens(t, &s))
			continue;
		*kind = s.kind;
		w->told_from = sooner(w->told_from, &s);
		if (!refs_add(w, i, &s))
			break;
	}
	return i;
}

static bool
room_for_kind(struct scale *w)
{
	size_t longest = w->level[LEVEL_SERIES].n;

	if (w->level[LEVEL_BELOW].n > longest)
		longest = w->level[LEVEL_BELOW].n;
	return weigh_room(w, longest + 1);
}

/* p of the k-th kind from its days, as it is and without its null tail. */
static void
take_kind_p(const struct scale *w, const struct trigger *t,
	    struct weighing *out, size_t k)
{
	bool wide = registry_area_at(w->registry, out->area)->level < REG_COUNTY;
	uint32_t kind = out->kind[k].kind;

	out->kind[k].plain = kind_p(t, kind, w->day_p[k]);
	out->kind[k].p =
		calib_tail_p(&t->kind_tail[wide][kind], out->kind[k].plain);
}

static bool
weigh_kind_window(struct scale *w, const struct trigger *t, uint32_t kind,
		  struct weighing *out)
{
	struct weigh_kind *k = &out->kind[out->kinds];
	double *day_p = w->day_p[out->kinds];

	if (!room_for_kind(w))
		return false;
	for (int d = HISTORY_DAYS - t->window - t->lag[kind]; d < HISTORY_DAYS;
	     d++) {
		int32_t day = out->as_of - HISTORY_DAYS + 1 + d;

		day_p[d] = day < w->told_from ? NAN : kind_day_p(w, day, false);
	}
	k->kind = kind;
	k->streams = w->level[LEVEL_SERIES].n;
	take_kind_p(w, t, out, out->kinds++);
	return true;
}

static void
weigh_all_kinds(struct scale *w, const struct trigger *t, struct weighing *out)
{
	uint32_t i = judge_sums_of(w->judge, out->area);

	while (i != REG_NONE && out->kinds < FUSE_MAX_KINDS) {
		uint32_t kind;

		i = gather(w, t, i, &kind);
		if (kind != REG_NONE && !weigh_kind_window(w, t, kind, out))
			return;
	}
}

/* The kinds' p on the days before the window. */
static void
look_back(struct scale *w, const struct trigger *t, const struct weighing *out)
{
	uint32_t i = judge_sums_of(w->judge, out->area);

	for (size_t k = 0; k < out->kinds;) {
		uint32_t kind;

		i = gather(w, t, i, &kind);
		if (kind == REG_NONE || !room_for_kind(w))
			return;
		for (int d = 0; d < HISTORY_DAYS - t->window; d++)
			w->day_p[k][d] = kind_day_p(
				w, out->as_of - HISTORY_DAYS + 1 + d, true);
		k++;
	}
}

/*
 * Measures a kind against itself.  A season that rises, a holiday, a method
 * whose scores scatter more than they should: all of it shows in the kind's
 * scores of the weeks before.  Their mean (if above 0) and their scatter (if
 * above 1), shrunk towards 0 and 1, are taken out of the window's scores, so
 * that only what is new against them counts.
 */
static void
against_itself(const struct trigger *t, uint32_t kind, double *day_p)
{
	int to = HISTORY_DAYS - t->window - t->lag[kind];
	double n = 0, sum = 0, squares = SCATTER_WORTH, mean, centre, sd;

	for (int d = 0; d < to; d++) {
		double z = fuse_score(day_p[d]);

		if (isnan(z))
			continue;
		n++;
		sum += z;
		squares += z * z;
	}
	mean = fmax(0, sum / (n + MEAN_WORTH));
	centre = sum / (n + SCATTER_WORTH);
	sd = sqrt(fmax(1, squares / (n + SCATTER_WORTH) - centre * centre));
	for (int d = to; d < HISTORY_DAYS; d++)
		day_p[d] = fuse_upper((fuse_score(day_p[d]) - mean) / sd);
}

/* The correlation between kinds on the days before the window. */
static void
correlate(struct scale *w, const struct trigger *t, const struct weighing *out)
{
	size_t n = out->kinds, days = (size_t)(HISTORY_DAYS - t->window);

	for (size_t d = 0; d < days; d++) {
		for (size_t k = 0; k < n; k++)
			w->score[d * n + k] = fuse_score(w->day_p[k][d]);
	}
	fuse_correlation(w->score, n, days, KIND_CORRELATION, KIND_WORTH, w->r);
}

static void
no_correlation(struct scale *w, size_t n)
{
	for (size_t i = 0; i < n * n; i++)
		w->r[i] = i % (n + 1) == 0 ? 1 : 0;
}

/* Cauchy over the kinds and their joint view under the correlation w->r. */
static double
over_kinds(const struct scale *w, const struct trigger *t,
	   const struct weighing *out)
{
	double p[FUSE_MAX_KINDS + 1], weight[FUSE_MAX_KINDS + 1], all = 0;
	size_t known = 0;

	for (size_t k = 0; k < out->kinds; k++) {
		p[k] = out->kind[k].p;
		weight[k] = t->kind_weight[out->kind[k].kind];
		known += isnan(p[k]) ? 0 : 1;
		all += isnan(p[k]) ? 0 : weight[k];
	}
	p[out->kinds] = known > 1 ? fuse_stouffer(p, w->r, out->kinds) : NAN;
	/* The joint view has the say of one more kind. */
	weight[out->kinds] = known > 0 ? all / (double)known : 0;
	return fuse_cauchy(p, weight, out->kinds + 1);
}

double
weigh_class_p(const struct scale *w, const struct weighing *g,
	      uint32_t class_index)
{
	double p[FUSE_MAX_KINDS];
	size_t n = 0;

	for (size_t k = 0; k < g->kinds; k++) {
		if (registry_kind_at(w->registry, g->kind[k].kind)->class_index ==
		    class_index)
			p[n++] = g->kind[k].p;
	}
	return fuse_simes(p, n);
}

static void
count_points(const struct scale *w, struct weighing *out)
{
	for (uint32_t c = 0; c < registry_classes(w->registry) && c < 64; c++) {
		if (!(weigh_class_p(w, out, c) <= POINT_P))
			continue;
		out->points++;
		out->classes |= UINT64_C(1) << c;
	}
}

static void
fuse_area(struct scale *w, const struct trigger *t, uint32_t area,
	  int32_t as_of, struct weighing *out, bool look_back_always)
{
	*out = (struct weighing){ .area = area,
				  .site = REG_NONE,
				  .indicator = REG_NONE,
				  .as_of = as_of,
				  .from = DAY_NONE,
				  .p = NAN };
	weigh_all_kinds(w, t, out);
	if (out->kinds == 0)
		return;
	no_correlation(w, out->kinds);
	out->p = over_kinds(w, t, out);
	if (look_back_always || out->p <= LOOK_BACK_P) {
		look_back(w, t, out);
		for (size_t k = 0; k < out->kinds; k++) {
			against_itself(t, out->kind[k].kind, w->day_p[k]);
			take_kind_p(w, t, out, k);
		}
		correlate(w, t, out);
		out->p = over_kinds(w, t, out);
	}
	count_points(w, out);
}

void
weigh_fusion(struct scale *w, const struct trigger *t, uint32_t area,
	     int32_t as_of, struct weighing *out)
{
	fuse_area(w, t, area, as_of, out, false);
}

void
weigh_kinds_of(struct scale *w, const struct trigger *t, uint32_t area,
	       int32_t as_of, struct weighing *out)
{
	fuse_area(w, t, area, as_of, out, true);
}

/* Points of the areas right below. */
static void
count_child_points(struct scale *w, const struct trigger *t, struct weighing *out)
{
	uint32_t c = registry_area_at(w->registry, out->area)->first_child;
	struct weighing below;

	for (; c != REG_NONE; c = registry_area_at(w->registry, c)->next_sibling) {
		fuse_area(w, t, c, out->as_of, &below, true);
		out->child_points[1] += below.points >= 1;
		out->child_points[2] += below.points >= 2;
	}
}

/*
 * Orange needs two points, or one point in three areas below; red three
 * points, or two in two areas below.
 */
static void
grade(struct scale *w, const struct trigger *t, struct weighing *out)
{
	enum colour c = trigger_colour(
		t, registry_area_at(w->registry, out->area)->level, out->p);

	out->earned = c;
	if (c >= COLOUR_ORANGE && out->points < 3)
		count_child_points(w, t, out);
	if (c == COLOUR_RED && out->points < 3 && out->child_points[2] < 2)
		c = COLOUR_ORANGE;
	if (c == COLOUR_ORANGE && out->points < 2 && out->child_points[1] < 3)
		c = COLOUR_YELLOW;
	out->colour = c;
}

void
weigh(struct scale *w, const struct trigger *t, const struct weigh_place *at,
      struct weighing *out)
{
	*out = (struct weighing){ .area = at->area,
				  .site = at->site,
				  .indicator = at->indicator,
				  .as_of = at->as_of,
				  .past = at->past,
				  .from = DAY_NONE,
				  .p = NAN };
	if (t->rule == RULE_CASES) {
		weigh_cases(w, t, out);
		return;
	}
	if (t->rule == RULE_PERCENTILE) {
		weigh_percentile(w, t, out);
		return;
	}
	weigh_fusion(w, t, at->area, at->as_of, out);
	if (t->rule == RULE_KINDS)
		weigh_kinds(t, out);
	if (t->rule == RULE_NEIGHBOURS)
		weigh_neighbours(w, t, out);
	if (t->rule == RULE_SCAN)
		weigh_scan(w, t, out);
	grade(w, t, out);
}
