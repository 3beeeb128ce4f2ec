/* What became of each trigger's alerts, see score.h. */
#include "daemon/desk/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/desk/weigh.h"

#define DAYS_A_YEAR 365.25
#define MINUTE_MS 60000.0

/* One trigger under count; t is NULL when it is no more. */
struct score {
	const char *name;
	const struct trigger *t;
	const json_t *title, *title_zh;
	int32_t from, to;
	size_t opened, parts, acknowledged, in_time, closed, judged, outbreaks;
	size_t colour[COLOUR_RED + 1];
	json_t *outcomes;
	double *minutes; /* of the acknowledged ones */
};

static const char *
text_of(const json_t *alert, const char *key)
{
	const char *text = json_string_value(json_object_get(alert, key));

	return text == NULL ? "" : text;
}

/* Operators' alerts have no trigger that anybody wrote. */
static bool
is_officers(const json_t *alert)
{
	return strcmp(text_of(alert, "route"), "operator") != 0;
}

/* Does the alert count for the score? */
static bool
counts(const struct score *s, const json_t *alert)
{
	const char *opened = text_of(alert, "opened");
	int32_t day = day_parse(opened, strlen(opened));

	return is_officers(alert) &&
	       strcmp(text_of(alert, "trigger"), s->name) == 0 &&
	       day != DAY_NONE && day >= s->from && day <= s->to &&
	       !json_is_true(json_object_get(alert, "merged_below"));
}

static bool
was_in_time(const json_t *alert)
{
	const json_t *steps =
		json_object_get(json_object_get(alert, "deadlines"), "steps");
	const json_t *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		const json_t *met = json_object_get(step, "met_ms");

		if (strcmp(text_of(step, "step"), "acknowledge") == 0)
			return json_is_integer(met) &&
			       json_integer_value(met) <=
				       json_integer_value(
					       json_object_get(step, "due_ms"));
	}
	return false;
}

static void
add_answer(struct score *s, const json_t *alert)
{
	const json_t *opened = json_object_get(alert, "opened_ms");
	const json_t *answered = json_object_get(alert, "acknowledged_ms");

	if (!json_is_integer(opened) || !json_is_integer(answered))
		return;
	s->minutes[s->acknowledged++] = (double)(json_integer_value(answered) -
						 json_integer_value(opened)) /
					MINUTE_MS;
	s->in_time += was_in_time(alert);
}

static void
add_outcome(struct score *s, const json_t *alert)
{
	const char *state = text_of(alert, "state");
	const char *outcome = text_of(alert, "outcome");

	if (strcmp(state, "closed") != 0 && strcmp(state, "discarded") != 0)
		return;
	s->closed++;
	if (outcome[0] == '\0')
		return;
	json_object_set_new(s->outcomes, outcome,
			    json_integer(json_integer_value(json_object_get(
						 s->outcomes, outcome)) +
					 1));
	s->judged += strcmp(outcome, "duplicate") != 0;
	s->outbreaks += strcmp(outcome, "outbreak") == 0;
}

static void
add(struct score *s, const json_t *alert)
{
	int colour = colour_parse(text_of(alert, "grade"));

	s->opened++;
	s->parts += text_of(alert, "part_of")[0] != '\0';
	if (colour >= 0)
		s->colour[colour]++;
	s->title = json_object_get(alert, "title");
	s->title_zh = json_object_get(alert, "title_zh");
	add_answer(s, alert);
	add_outcome(s, alert);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static json_t *
median(double *x, size_t n)
{
	if (n == 0)
		return json_null();
	qsort(x, n, sizeof(*x), compare);
	return json_real((x[(n - 1) / 2] + x[n / 2]) / 2);
}

/* Areas of its levels where it hears anything. */
static size_t
areas_of(const struct trigger *t, const struct registry *r,
	 const struct judge *judge)
{
	size_t n = 0;

	for (uint32_t a = 0; t != NULL && a < registry_areas(r); a++) {
		unsigned bit = 1u << registry_area_at(r, a)->level;

		/* Who looks at sites is told by county. */
		if ((t->levels & TRIGGER_SITE) != 0 && bit == 1u << REG_COUNTY)
			bit = TRIGGER_SITE;
		n += (t->levels & bit) != 0 && weigh_hears(t, judge, a);
	}
	return n;
}

static json_t *
colours_of(const struct score *s)
{
	json_t *out = json_object();

	for (int c = COLOUR_BLUE; c <= COLOUR_RED; c++)
		json_object_set_new(out, colour_str((enum colour)c),
				    json_integer((json_int_t)s->colour[c]));
	return out;
}

static json_t *
share(size_t n, size_t of)
{
	return of == 0 ? json_null() : json_real((double)n / (double)of);
}

/* Takes the outcomes. */
static json_t *
write_out(struct score *s, size_t areas)
{
	const struct trigger *t = s->t;
	double years = (double)(s->to - s->from + 1) / DAYS_A_YEAR;
	bool norm = t == NULL || t->statutory;

	return json_pack(
		"{s:s, s:o, s:o, s:b, s:o, s:I, s:I, s:o, s:o, s:I, s:I, s:I,"
		" s:o, s:I, s:o, s:o}",
		"trigger", s->name, "title",
		t != NULL ? json_string(t->title)
			  : json_incref((json_t *)s->title),
		"title_zh",
		t != NULL ? json_string(t->title_zh)
			  : json_incref((json_t *)s->title_zh),
		"statutory", t != NULL && t->statutory, "budget",
		norm ? json_null() : json_real(t->budget), "areas",
		(json_int_t)areas, "opened", (json_int_t)s->opened,
		"per_area_year",
		areas == 0 ? json_null()
			   : json_real((double)s->opened / years / (double)areas),
		"colours", colours_of(s), "parts", (json_int_t)s->parts,
		"acknowledged", (json_int_t)s->acknowledged, "in_time",
		(json_int_t)s->in_time, "median_minutes",
		median(s->minutes, s->acknowledged), "closed",
		(json_int_t)s->closed, "outcomes", s->outcomes, "confirmed",
		share(s->outbreaks, s->judged));
}

/* Counts and appends one trigger; s has its name and days. */
static int
score_one(const struct desk *d, const struct registry *r,
	  const struct judge *judge, struct score *s, json_t *list)
{
	size_t areas = areas_of(s->t, r, judge);
	int rc = 0;

	s->minutes = calloc(desk_alerts(d) + 1, sizeof(*s->minutes));
	s->outcomes = json_object();
	if (s->minutes == NULL || s->outcomes == NULL) {
		json_decref(s->outcomes);
		free(s->minutes);
		return -1;
	}
	for (size_t i = 0; i < desk_alerts(d); i++) {
		const json_t *alert = desk_alert_at(d, i);

		if (counts(s, alert))
			add(s, alert);
	}
	if (s->opened > 0 || areas > 0)
		rc = json_array_append_new(list, write_out(s, areas));
	else
		json_decref(s->outcomes);
	free(s->minutes);
	return rc;
}

json_t *
score_triggers(const struct desk *d, const struct registry *r,
	       const struct judge *judge, int32_t from, int32_t to)
{
	const struct trigger_set *set = desk_triggers(d);
	json_t *list = json_array(), *gone = json_object();
	int rc = list == NULL || gone == NULL ? -1 : 0;

	for (size_t t = 0; rc == 0 && t < set->n; t++) {
		struct score s = { .name = set->at[t].name,
				   .t = &set->at[t],
				   .from = from,
				   .to = to };

		rc = score_one(d, r, judge, &s, list);
	}
	for (size_t i = 0; rc == 0 && i < desk_alerts(d); i++) {
		const char *name = text_of(desk_alert_at(d, i), "trigger");
		struct score s = { .name = name, .from = from, .to = to };

		if (!is_officers(desk_alert_at(d, i)) ||
		    trigger_find(set, name) < set->n ||
		    json_object_get(gone, name) != NULL)
			continue;
		json_object_set_new(gone, name, json_true());
		rc = score_one(d, r, judge, &s, list);
	}
	json_decref(gone);
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}
