/* Why it rang, and why not, see account.h. */
#include "daemon/desk/account.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/evidence.h"
#include "daemon/desk/mark_view.h"
#include "daemon/desk/weigh.h"

/* One area and day under account. */
struct account {
	const struct account_env *env;
	struct scale *scale;
	uint32_t area;
	int32_t day;
};

static json_t *
number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

/* How the series of a kind stood within the window. */
struct standing {
	size_t streams, reporting, learning;
	size_t borrowed; /* of those reporting: judged against peers */
	size_t silent;	 /* have reported before, and not within it */
	size_t paused;	 /* nothing is expected of them within it */
	json_t *sites;	 /* of those silent; NULL: none */
};

/* Is it new, and judged against peers on a day of the window? */
static bool
is_borrowing(const struct account *a, int32_t from, uint32_t series)
{
	for (int32_t d = from; d <= a->day; d++) {
		struct judge_borrowed b;

		judge_borrows(a->env->judge, series, d, &b);
		if (b.peers > 0)
			return true;
	}
	return false;
}

/* The newest day up to the one asked about that has a report, or DAY_NONE. */
static int32_t
last_report(const struct account *a, uint32_t series)
{
	int32_t first, last;

	judge_span(a->env->judge, series, &first, &last);
	if (first == DAY_NONE)
		return DAY_NONE;
	for (int32_t d = a->day < last ? a->day : last; d >= first; d--) {
		struct judge_cell cell;

		judge_cell(a->env->judge, series, d, &cell);
		if (!isnan(cell.value))
			return d;
	}
	return DAY_NONE;
}

/* Names the site of a silent series once, with its newest report. */
static void
name_silent(const struct account *a, uint32_t series, int32_t last,
	    struct standing *out)
{
	const struct registry *r = a->env->registry;
	const char *code =
		registry_site_at(r, registry_series_at(r, series)->site)->code;
	char day[DAY_TEXT_BYTES];
	json_t *row;
	size_t i;

	day_format(last, day);
	if (out->sites == NULL)
		out->sites = json_array();
	json_array_foreach (out->sites, i, row) {
		if (strcmp(json_string_value(json_object_get(row, "site")),
			   code) != 0)
			continue;
		if (strcmp(json_string_value(json_object_get(row, "last_day")),
			   day) < 0)
			json_object_set_new(row, "last_day", json_string(day));
		return;
	}
	json_array_append_new(out->sites, json_pack("{s:s, s:s}", "site", code,
						    "last_day", day));
}

static bool
is_expected(const struct account *a, int32_t from, uint32_t series)
{
	const struct registry *r = a->env->registry;
	uint32_t site = registry_series_at(r, series)->site;

	for (int32_t d = from; d <= a->day; d++) {
		if (registry_expects(r, site, d))
			return true;
	}
	return false;
}

static void
stand_series(const struct account *a, const struct trigger *t,
	     const struct judge_sum *s, uint32_t series, struct standing *out)
{
	int32_t from = weigh_from(t, s->kind, a->day);
	int32_t last = last_report(a, series);

	out->streams++;
	if (last != DAY_NONE && last < from) {
		if (!is_expected(a, from, series)) {
			out->paused++;
			return;
		}
		out->silent++;
		name_silent(a, series, last, out);
	} else if (is_borrowing(a, from, series)) {
		out->reporting++;
		out->borrowed++;
	} else if (judge_settled(a->env->judge, series, a->day) ||
		   (t->statutory && last != DAY_NONE)) {
		out->reporting++;
	} else {
		out->learning++;
	}
}

static struct standing
stand(const struct account *a, const struct trigger *t, uint32_t kind)
{
	uint32_t i = judge_sums_of(a->env->judge, a->area);
	struct standing out = { 0 };
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(a->env->judge, i, &s);
		if (s.kind != kind || !weigh_listens(t, &s))
			continue;
		for (size_t m = 0; m < s.members; m++)
			stand_series(a, t, &s, s.member[m], &out);
	}
	return out;
}

static json_t *
kind_json(const struct account *a, uint32_t kind, const struct standing *s,
	  const double p[3])
{
	return json_pack(
		"{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"kind", registry_kind_at(a->env->registry, kind)->code, "p",
		number(p[0]), "plain_p", number(p[1]), "class_p", number(p[2]),
		"streams", (json_int_t)s->streams, "reporting",
		(json_int_t)s->reporting, "borrowed", (json_int_t)s->borrowed,
		"learning", (json_int_t)s->learning, "silent",
		(json_int_t)s->silent, "paused", (json_int_t)s->paused,
		"silent_sites", s->sites != NULL ? s->sites : json_array());
}

/* The kinds that report here; how all their series stood, into all. */
static json_t *
list_kinds(const struct account *a, const struct trigger *t,
	   const struct weighing *g, struct standing *all)
{
	json_t *list = json_array();

	*all = (struct standing){ 0 };
	for (uint32_t k = 0; k < t->kinds; k++) {
		struct standing s = { 0 };
		double p[3] = { NAN, NAN, NAN };

		if (t->kind_weight[k] > 0)
			s = stand(a, t, k);
		for (size_t i = 0; i < g->kinds; i++) {
			if (g->kind[i].kind != k)
				continue;
			p[0] = g->kind[i].p;
			p[1] = g->kind[i].plain;
			p[2] = weigh_class_p(
				a->scale, g,
				registry_kind_at(a->env->registry, k)->class_index);
		}
		if (s.streams == 0)
			continue;
		all->streams += s.streams;
		all->reporting += s.reporting;
		json_array_append_new(list, kind_json(a, k, &s, p));
	}
	return list;
}

/* Points that a colour asks for of one area by itself. */
static int
points_for(enum colour c)
{
	return c == COLOUR_RED ? 3 : c == COLOUR_ORANGE ? 2 : 0;
}

/* What is missing for the next colour; JSON null at the highest. */
static json_t *
next_of(const struct account *a, const struct trigger *t,
	const struct weighing *g)
{
	enum reg_level level = registry_area_at(a->env->registry, a->area)->level;
	const struct calib *c = trigger_calib(t, level);
	enum colour next = g->colour + 1;
	double years;

	if (g->colour == COLOUR_RED)
		return json_null();
	if (g->earned > g->colour)
		return json_pack("{s:s, s:s, s:i}", "colour", colour_str(next),
				 "lacks", "points", "points", points_for(next));
	years = trigger_interval(t, level, next);
	return json_pack("{s:s, s:s, s:f, s:o}", "colour", colour_str(next),
			 "lacks", "rarity", "years", years, "p",
			 number(calib_p(c, 1 / years)));
}

/* The same of a statutory rule, whose steps are cases. */
static json_t *
next_cases(const struct trigger *t, const struct weighing *g)
{
	if (t->rule == RULE_PERCENTILE)
		return g->colour != COLOUR_NONE
			       ? json_null()
			       : json_pack("{s:s, s:s, s:o}", "colour",
					   colour_str(t->colour), "lacks",
					   "cases", "cases", number(g->limit));
	for (size_t i = 0; i < t->steps; i++) {
		if (g->cases < t->step[i].cases)
			return json_pack("{s:s, s:s, s:f}", "colour",
					 colour_str(t->step[i].colour), "lacks",
					 "cases", "cases", t->step[i].cases);
	}
	return json_null();
}

/* The group of areas or sites that neighbours and scan found. */
static json_t *
list_group(const struct account *a, const struct weighing *g)
{
	const struct registry *r = a->env->registry;
	json_t *list = json_array();

	for (size_t i = 0; i < g->group_n; i++)
		json_array_append_new(
			list,
			json_string(
				g->group_of_sites
					? registry_site_at(r, g->group[i])->code
					: registry_area_at(r, g->group[i])->code));
	return list;
}

static bool
is_worse(const struct weighing *a, const struct weighing *b)
{
	return a->colour > b->colour ||
	       (a->colour == b->colour && a->cases > b->cases);
}

/* The place, or the one of its indicators that rings most. */
static void
weigh_worst(const struct account *a, const struct trigger *t, uint32_t area,
	    uint32_t site, struct weighing *out)
{
	struct weigh_place at = { area, site, REG_NONE, a->day, NULL };
	bool first = true;

	if (!t->each) {
		weigh(a->scale, t, &at, out);
		return;
	}
	for (at.indicator = 0; at.indicator < t->indicators; at.indicator++) {
		struct weighing g;

		if (!t->indicator[at.indicator])
			continue;
		weigh(a->scale, t, &at, &g);
		if (first || is_worse(&g, out))
			*out = g;
		first = false;
	}
	out->indicator = REG_NONE;
}

/*
 * The sites in the area that have cases, for a trigger that looks at sites;
 * the one with the most, by which it is graded, into worst.
 */
static json_t *
list_sites(const struct account *a, const struct trigger *t,
	   struct weighing *worst)
{
	const struct registry *r = a->env->registry;
	json_t *list = json_array();

	*worst = (struct weighing){ .cases = 0, .limit = NAN };
	for (uint32_t i = 0; i < registry_sites(r); i++) {
		const struct reg_site *site = registry_site_at(r, i);
		struct weighing g;

		if (t->kind_weight[site->kind] <= 0 ||
		    !registry_area_within(r, site->area, a->area))
			continue;
		weigh_worst(a, t, site->area, i, &g);
		if (!(g.cases > 0))
			continue;
		if (is_worse(&g, worst))
			*worst = g;
		json_array_append_new(list, json_pack("{s:s, s:f, s:s}", "site",
						      site->code, "cases",
						      g.cases, "colour",
						      colour_str(g.colour)));
	}
	return list;
}

/* The first day that an alert tells of. */
static const char *
told_from(const struct trigger *t, const json_t *alert)
{
	const char *opened =
		json_string_value(json_object_get(alert, "opened"));
	const char *first =
		json_string_value(json_object_get(alert, "first_day"));

	return t->rule == RULE_CASES && opened != NULL && first != NULL &&
			       strcmp(first, opened) < 0
		       ? first
		       : opened;
}

/* The newest alert of the trigger and area that covers the day, or null. */
static json_t *
alert_of(const struct account *a, const struct trigger *t)
{
	static const char *const keys[] = { "id",     "state",	 "grade",
					    "signal", "part_of", "parent",
					    "opened", "site" };
	const char *code = registry_area_at(a->env->registry, a->area)->code;
	char day[DAY_TEXT_BYTES];

	day_format(a->day, day);
	for (size_t i = a->env->desk == NULL ? 0 : desk_alerts(a->env->desk);
	     i-- > 0;) {
		const json_t *alert = desk_alert_at(a->env->desk, i);
		const char *area =
			json_string_value(json_object_get(alert, "area"));
		const char *name =
			json_string_value(json_object_get(alert, "trigger"));
		const char *from = told_from(t, alert);
		const char *to = json_string_value(
			json_object_get(alert, "last_signal"));
		json_t *out;

		if (area == NULL || name == NULL || from == NULL ||
		    strcmp(area, code) != 0 || strcmp(name, t->name) != 0 ||
		    strcmp(from, day) > 0 ||
		    (to != NULL && strcmp(to, day) < 0 &&
		     day_parse(to, strlen(to)) + t->quiet_days <= a->day))
			continue;
		out = json_object();
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			json_object_set(out, keys[k],
					json_object_get(alert, keys[k]));
		return out;
	}
	return json_null();
}

/* Is the mark about something that the trigger heard within its window? */
static bool
is_of_window(const struct account *a, const struct trigger *t,
	     const struct mark *m)
{
	bool heard = false;

	for (uint32_t i = 0; !heard && i < t->indicators; i++)
		heard = t->indicator[i] && mark_has_indicator(m, i);
	if (!heard || m->first > a->day ||
	    !mark_meets(m, a->env->registry, a->area, REG_NONE))
		return false;
	for (uint32_t k = 0; k < t->kinds; k++) {
		if (t->kind_weight[k] > 0 && mark_has_kind(m, k) &&
		    m->last >= weigh_from(t, k, a->day))
			return true;
	}
	return false;
}

static json_t *
list_marks(const struct account *a, const struct trigger *t)
{
	const struct marks *marks = a->env->marks;
	json_t *list = json_array();

	for (size_t i = 0; marks != NULL && i < marks->n; i++) {
		if (is_of_window(a, t, &marks->at[i]))
			json_array_append_new(list, mark_view_of(a->env->registry,
								 &marks->at[i]));
	}
	return list;
}

static json_t *
list_steps(const struct trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->steps; i++)
		json_array_append_new(
			list, json_pack("{s:f, s:s}", "cases", t->step[i].cases,
					"colour", colour_str(t->step[i].colour)));
	return list;
}

/*
 * A day that would have rung and did not: what it holds came too late, or with
 * a site's past, or before the desk weighed at all.
 */
static bool
is_too_late(const struct account *a, const struct trigger *t,
	    const struct weighing *g, const json_t *out)
{
	return t->rule == RULE_CASES && a->env->desk != NULL &&
	       g->colour != COLOUR_NONE && a->day < desk_as_of(a->env->desk) &&
	       json_is_null(json_object_get(out, "alert"));
}

static void
add_statutory(const struct account *a, const struct trigger *t,
	      const struct weighing *g, json_t *out)
{
	struct weighing worst;

	if ((t->levels & TRIGGER_SITE) != 0) {
		json_object_set_new(out, "sites", list_sites(a, t, &worst));
		json_object_set_new(out, "colour",
				    json_string(colour_str(worst.colour)));
		g = &worst;
	}
	if (is_too_late(a, t, g, out))
		json_object_set_new(out, "too_late", json_integer(t->late));
	json_object_set_new(out, "basis", json_string(t->basis));
	json_object_set_new(out, "basis_zh", json_string(t->basis_zh));
	json_object_set_new(out, "cases", number(g->cases));
	json_object_set_new(out, "limit", number(g->limit));
	json_object_set_new(out, "steps", list_steps(t));
	json_object_set_new(out, "next", next_cases(t, g));
}

/*
 * Where no colour says nothing: without a report, without anything judged, or
 * with too few of the expected reports.
 */
static void
add_unknown(const struct trigger *t, const struct standing *all, json_t *out)
{
	const json_t *in = json_object_get(out, "coverage");
	const char *colour = json_string_value(json_object_get(out, "colour"));
	const char *why = NULL;

	if (all->streams > 0 && strcmp(colour, colour_str(COLOUR_NONE)) == 0) {
		if (json_is_number(in) &&
		    json_number_value(in) < ACCOUNT_LEAST_COVERAGE)
			why = "too-few-reports";
		else if (t->statutory && all->reporting == 0)
			why = "no-report";
		else if (!t->statutory && json_is_null(json_object_get(out, "p")))
			why = "not-judged";
	}
	json_object_set_new(out, "least_coverage",
			    json_real(ACCOUNT_LEAST_COVERAGE));
	json_object_set_new(out, "unknown",
			    why == NULL ? json_null() : json_string(why));
}

static json_t *
account_one(const struct account *a, const struct trigger *t)
{
	enum reg_level level = registry_area_at(a->env->registry, a->area)->level;
	struct standing all;
	struct weighing g;
	json_t *out, *kinds;

	weigh_worst(a, t, a->area, REG_NONE, &g);
	kinds = list_kinds(a, t, &g, &all);
	out = json_pack(
		"{s:s, s:s, s:s, s:s, s:b, s:i, s:s, s:o, s:o, s:o, s:I, s:I,"
		" s:o, s:o, s:o}",
		"trigger", t->name, "title", t->title, "title_zh", t->title_zh,
		"rule", trigger_rule_str(t->rule), "statutory", t->statutory,
		"window_days", t->window, "colour", colour_str(g.colour),
		"coverage",
		number(evidence_coverage(a->env->judge, a->env->registry, t, &g)),
		"p", number(t->statutory ? NAN : g.p), "recurrence_years",
		number(t->statutory
			       ? NAN
			       : calib_interval(trigger_calib(t, level), g.p)),
		"points", (json_int_t)g.points, "streams",
		(json_int_t)all.streams, "kinds", kinds, "alert",
		alert_of(a, t), "marks", list_marks(a, t));
	if (out == NULL)
		return NULL;
	if (t->statutory) {
		add_statutory(a, t, &g, out);
		if (all.reporting == 0) /* no report is not no case */
			json_object_set_new(out, "cases", json_null());
		add_unknown(t, &all, out);
		return out;
	}
	add_unknown(t, &all, out);
	json_object_set_new(out, "next", next_of(a, t, &g));
	if (g.group_n > 0)
		json_object_set_new(out, "group", list_group(a, &g));
	if (t->rule == RULE_SCAN) {
		json_object_set_new(out, "score", number(g.score));
		json_object_set_new(out, "score_days",
				    json_integer(g.score_days));
	}
	return out;
}

/* Does anybody report what the trigger listens to? */
static bool
is_heard(const json_t *account)
{
	return json_integer_value(json_object_get(account, "streams")) > 0;
}

json_t *
account_day(const struct account_env *env, uint32_t area, int32_t day)
{
	struct account a = { .env = env,
			     .scale = weigh_new(env->registry, env->judge),
			     .area = area,
			     .day = day };
	unsigned level = registry_area_at(env->registry, area)->level;
	json_t *list = json_array();
	size_t heard = 0;

	if (a.scale == NULL || list == NULL) {
		json_decref(list);
		weigh_free(&a.scale);
		return NULL;
	}
	for (size_t t = 0; t < env->triggers->n; t++) {
		const struct trigger *one = &env->triggers->at[t];
		json_t *found;

		if ((one->levels & (1u << level | TRIGGER_SITE)) == 0)
			continue;
		found = account_one(&a, one);
		if (is_heard(found))
			json_array_insert_new(list, heard++, found);
		else
			json_array_append_new(list, found);
	}
	weigh_free(&a.scale);
	return list;
}
