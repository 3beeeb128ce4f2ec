/* What the findings say of the budgets, see advise.h. */
#include "daemon/desk/advise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/desk/shipped.h"
#include "daemon/desk/trigger.h"
#include "daemon/desk/weigh.h"

/* Candidates, as times of the budget that holds. */
static const double times[] = { 1, .5, .25 };
#define TIMES (sizeof(times) / sizeof(times[0]))

/* A smaller budget spares at least so many, and this share of those without
   an outbreak; below so many outbreaks it is halved at most. */
#define LEAST_SPARED 2
#define LEAST_SPARED_SHARE .2
#define LEAST_FOR_QUARTER 3
/* From so many missed outbreaks on a larger budget is named. */
#define LEAST_MISSED 3

#define Z95 1.959963984540054

struct finding {
	uint32_t area;
	int quarter;  /* 1..4 */
	double years; /* greatest recurrence interval that it reached */
	bool outbreak;
};

struct advise {
	const struct desk *d;
	const struct registry *r;
	const struct judge *judge;
	const struct advise_ask *ask;
	const struct trigger *t;
	struct finding *at;
	size_t n;
};

/* Which findings: all, or of one level, area or quarter. */
struct group {
	enum { GROUP_ALL, GROUP_LEVEL, GROUP_AREA, GROUP_QUARTER } of;
	uint32_t value;
};

struct tally {
	size_t closed, outbreaks;
	size_t kept[TIMES][2]; /* others, outbreaks */
};

static const char *
text_of(const json_t *alert, const char *key)
{
	const char *text = json_string_value(json_object_get(alert, key));

	return text == NULL ? "" : text;
}

static int32_t
date_of(const json_t *alert, const char *key)
{
	const char *text = text_of(alert, key);

	return day_parse(text, strlen(text));
}

static uint32_t
area_of(const struct advise *s, const json_t *alert)
{
	const char *code = text_of(alert, "area");

	return registry_area(s->r, code, strlen(code));
}

/* Is the area that one, or below it? */
static bool
is_within(const struct registry *r, uint32_t area, uint32_t above)
{
	while (area != REG_NONE && area != above)
		area = registry_area_at(r, area)->parent;
	return area != REG_NONE;
}

/* People worked on it to an end and said what it was. */
static bool
is_found(const json_t *alert)
{
	const char *state = text_of(alert, "state");
	const char *outcome = text_of(alert, "outcome");

	return (strcmp(state, "closed") == 0 || strcmp(state, "discarded") == 0) &&
	       strcmp(text_of(alert, "route"), "operator") != 0 &&
	       !json_is_true(json_object_get(alert, "merged_below")) &&
	       outcome[0] != '\0' && strcmp(outcome, "duplicate") != 0;
}

static bool
is_outbreak(const json_t *alert)
{
	return strcmp(text_of(alert, "outcome"), "outbreak") == 0;
}

/* Within the days and the area that were asked for? */
static bool
is_asked(const struct advise *s, const json_t *alert, uint32_t area)
{
	int32_t day = date_of(alert, "opened");

	return area != REG_NONE && day != DAY_NONE && day >= s->ask->from &&
	       day <= s->ask->to &&
	       (s->ask->area == REG_NONE || is_within(s->r, area, s->ask->area));
}

/* The rarest that it was; older alerts keep only the rarity of their end. */
static double
rarity(const json_t *alert)
{
	const json_t *peak = json_object_get(alert, "peak_years");
	const json_t *last = json_object_get(alert, "recurrence_years");

	if (json_is_number(peak))
		return json_number_value(peak);
	return json_is_number(last) ? json_number_value(last) : NAN;
}

static void
take(struct advise *s, const json_t *alert)
{
	uint32_t area = area_of(s, alert);
	double years = rarity(alert);
	int year, month, mday;

	if (strcmp(text_of(alert, "trigger"), s->t->name) != 0 ||
	    !is_found(alert) || !is_asked(s, alert, area) ||
	    (isnan(years) && !s->t->statutory))
		return;
	day_to_civil(date_of(alert, "opened"), &year, &month, &mday);
	s->at[s->n++] = (struct finding){ .area = area,
					  .quarter = (month + 2) / 3,
					  .years = years,
					  .outbreak = is_outbreak(alert) };
}

static bool
is_in(const struct advise *s, const struct finding *f, const struct group *g)
{
	switch (g->of) {
	case GROUP_LEVEL:
		return registry_area_at(s->r, f->area)->level ==
		       (enum reg_level)g->value;
	case GROUP_AREA:
		return f->area == g->value;
	case GROUP_QUARTER:
		return f->quarter == (int)g->value;
	default:
		return true;
	}
}

/* Blue begins at one opening per budget; a rounding error is no difference. */
static bool
would_ring(const struct advise *s, const struct finding *f, double budget_times)
{
	enum reg_level level = registry_area_at(s->r, f->area)->level;

	return f->years * budget_times >=
	       trigger_interval(s->t, level, COLOUR_BLUE) * (1 - 1e-9);
}

static void
count(const struct advise *s, const struct group *g, struct tally *out)
{
	*out = (struct tally){ 0 };
	for (size_t i = 0; i < s->n; i++) {
		const struct finding *f = &s->at[i];

		if (!is_in(s, f, g))
			continue;
		out->closed++;
		out->outbreaks += f->outbreak;
		for (size_t k = 0; k < TIMES && !s->t->statutory; k++)
			out->kept[k][f->outbreak] += would_ring(s, f, times[k]);
	}
}

/* Bounds of a share of k in n, by Wilson. */
static void
put_share(json_t *out, size_t k, size_t n)
{
	double p = (double)k / (double)n, z2 = Z95 * Z95 / (double)n;
	double middle = (p + z2 / 2) / (1 + z2);
	double half = Z95 * sqrt(p * (1 - p) / (double)n + z2 / 4 / (double)n) /
		      (1 + z2);

	if (n == 0) {
		json_object_set_new(out, "share", json_null());
		json_object_set_new(out, "low", json_null());
		json_object_set_new(out, "high", json_null());
		return;
	}
	json_object_set_new(out, "share", json_real(p));
	json_object_set_new(out, "low", json_real(fmax(0, middle - half)));
	json_object_set_new(out, "high", json_real(fmin(1, middle + half)));
}

static void
put_tally(const struct advise *s, const struct tally *y, json_t *out)
{
	json_t *budgets = json_array();

	json_object_set_new(out, "closed", json_integer((json_int_t)y->closed));
	json_object_set_new(out, "outbreaks",
			    json_integer((json_int_t)y->outbreaks));
	put_share(out, y->outbreaks, y->closed);
	for (size_t k = 0; k < TIMES && !s->t->statutory; k++)
		json_array_append_new(
			budgets, json_pack("{s:f, s:I, s:I}", "budget",
					   s->t->budget * times[k], "outbreaks",
					   (json_int_t)y->kept[k][1], "others",
					   (json_int_t)y->kept[k][0]));
	json_object_set_new(out, "budgets", budgets);
}

static json_t *
group_name(const struct advise *s, const struct group *g)
{
	const struct reg_area *a;

	if (g->of == GROUP_LEVEL)
		return json_pack("{s:s}", "level",
				 registry_level_str((enum reg_level)g->value));
	if (g->of == GROUP_QUARTER)
		return json_pack("{s:i}", "quarter", (int)g->value);
	a = registry_area_at(s->r, g->value);
	return json_pack("{s:s, s:s, s:s}", "area", a->code, "area_name",
			 a->name, "area_name_zh", a->name_zh);
}

/* Where there are enough; one that holds all of them says nothing new. */
static void
add_group(const struct advise *s, const struct group *g, json_t *list)
{
	struct tally y;
	json_t *one;

	count(s, g, &y);
	if (y.closed < ADVISE_LEAST || y.closed == s->n)
		return;
	one = group_name(s, g);
	put_tally(s, &y, one);
	json_array_append_new(list, one);
}

static json_t *
list_groups(const struct advise *s)
{
	json_t *list = json_array();

	for (uint32_t l = 0; l < REG_LEVELS; l++)
		add_group(s, &(struct group){ GROUP_LEVEL, l }, list);
	for (uint32_t a = 0; a < registry_areas(s->r); a++)
		add_group(s, &(struct group){ GROUP_AREA, a }, list);
	for (uint32_t q = 1; q <= 4; q++)
		add_group(s, &(struct group){ GROUP_QUARTER, q }, list);
	return list;
}

static bool
shares_indicator(const struct trigger *a, const struct trigger *b)
{
	for (size_t i = 0; i < a->indicators && i < b->indicators; i++) {
		if (a->indicator[i] && b->indicator[i])
			return true;
	}
	return false;
}

/* Does the trigger look at the area or at one above, and hear anything? */
static bool
looks_at(const struct advise *s, uint32_t area)
{
	for (; area != REG_NONE; area = registry_area_at(s->r, area)->parent) {
		unsigned bit = 1u << registry_area_at(s->r, area)->level;

		if ((s->t->levels & bit) != 0 && weigh_hears(s->t, s->judge, area))
			return true;
	}
	return false;
}

/* Did the trigger ring about then, in that area or one above or below? */
static bool
rang_too(const struct advise *s, const json_t *other, uint32_t area)
{
	int32_t from = date_of(other, "first_day") - ADVISE_NEAR;
	int32_t to = date_of(other, "last_day");

	to = (to == DAY_NONE ? date_of(other, "opened") : to) + ADVISE_NEAR;
	for (size_t i = 0; i < desk_alerts(s->d); i++) {
		const json_t *own = desk_alert_at(s->d, i);
		uint32_t where = area_of(s, own);

		if (strcmp(text_of(own, "trigger"), s->t->name) == 0 &&
		    where != REG_NONE && date_of(own, "first_day") <= to &&
		    date_of(own, "last_signal") >= from &&
		    (is_within(s->r, area, where) || is_within(s->r, where, area)))
			return true;
	}
	return false;
}

static json_t *
list_missed(const struct advise *s)
{
	const struct trigger_set *set = desk_triggers(s->d);
	json_t *list = json_array();

	for (size_t i = 0; i < desk_alerts(s->d) && !s->t->statutory; i++) {
		const json_t *other = desk_alert_at(s->d, i);
		uint32_t area = area_of(s, other);
		size_t t = trigger_find(set, text_of(other, "trigger"));

		if (t < set->n && &set->at[t] != s->t && is_found(other) &&
		    is_outbreak(other) && is_asked(s, other, area) &&
		    shares_indicator(s->t, &set->at[t]) && looks_at(s, area) &&
		    !rang_too(s, other, area))
			json_array_append_new(
				list, json_string(text_of(other, "id")));
	}
	return list;
}

/* The smallest budget that would have kept every outbreak and is worth it. */
static size_t
smallest(const struct tally *y)
{
	size_t others = y->kept[0][0], best = 0, most_k;

	most_k = y->outbreaks < LEAST_FOR_QUARTER ? 1 : TIMES - 1;
	for (size_t k = 1; k <= most_k; k++) {
		size_t spared = others - y->kept[k][0];
		size_t before = others - y->kept[best][0];

		if (y->kept[k][1] == y->kept[0][1] && spared >= LEAST_SPARED &&
		    (double)spared >= LEAST_SPARED_SHARE * (double)others &&
		    spared > before)
			best = k;
	}
	return best;
}

static void
put_advice(const struct advise *s, const struct tally *y, size_t missed,
	   json_t *out)
{
	size_t k = smallest(y);
	const char *advice = "keep";
	json_t *to = json_null();

	if (s->t->statutory)
		advice = "norm";
	else if (y->closed < ADVISE_LEAST)
		advice = "too-few";
	else if (missed >= LEAST_MISSED) {
		advice = "raise";
		to = json_real(s->t->budget * 2);
	} else if (missed == 0 && k > 0) {
		advice = "lower";
		to = json_real(s->t->budget * times[k]);
	}
	json_object_set_new(out, "advice", json_string(advice));
	json_object_set_new(out, "new_budget", to);
}

/* Where a person can change it; null where it is built in. */
static json_t *
written_at(const struct trigger *t)
{
	return strcmp(t->where, SHIPPED_WHERE) == 0 ? json_null()
						    : json_string(t->where);
}

static json_t *
write_out(const struct advise *s)
{
	const struct trigger *t = s->t;
	json_t *missed = list_missed(s);
	struct tally all;
	json_t *out = json_pack(
		"{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:i}", "trigger", t->name,
		"title", t->title, "title_zh", t->title_zh, "statutory",
		t->statutory, "area",
		s->ask->area == REG_NONE
			? json_null()
			: json_string(registry_area_at(s->r, s->ask->area)->code),
		"file", written_at(t), "budget",
		t->statutory ? json_null() : json_real(t->budget), "least",
		ADVISE_LEAST);

	count(s, &(struct group){ GROUP_ALL, 0 }, &all);
	put_tally(s, &all, out);
	json_object_set_new(out, "groups", list_groups(s));
	put_advice(s, &all, json_array_size(missed), out);
	json_object_set_new(out, "missed", missed);
	return out;
}

/* Fills s for the trigger, and appends what is to be said of it. */
static int
advise_one(struct advise *s, json_t *list)
{
	bool named = s->ask->trigger != NULL;

	if (named && strcmp(s->ask->trigger, s->t->name) != 0)
		return 0;
	s->n = 0;
	for (size_t i = 0; i < desk_alerts(s->d); i++)
		take(s, desk_alert_at(s->d, i));
	return named || s->n > 0 ? json_array_append_new(list, write_out(s)) : 0;
}

json_t *
advise_triggers(const struct desk *d, const struct registry *r,
		const struct judge *judge, const struct advise_ask *ask)
{
	const struct trigger_set *set = desk_triggers(d);
	struct advise s = { .d = d, .r = r, .judge = judge, .ask = ask };
	json_t *list = json_array();
	int rc = 0;

	s.at = calloc(desk_alerts(d) + 1, sizeof(*s.at));
	if (s.at == NULL || list == NULL)
		rc = -1;
	for (size_t t = 0; rc == 0 && t < set->n; t++) {
		s.t = &set->at[t];
		rc = advise_one(&s, list);
	}
	free(s.at);
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}
