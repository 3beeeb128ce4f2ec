/* Accounts in words, see why.h. */
#include "daemon/console/why.h"
#include "daemon/console/telling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES 256
#define SITES_SHOWN 5
#define SHARED_CLASSES 16
#define POINT_P 0.05	   /* up to which a class makes a point */
#define YEARS_CARRIED 1000 /* a longer interval is beyond calibration */

/* A number as people write it: three digits, no exponent where it can be. */
struct figure {
	char text[32];
};

static struct figure
figure(double x)
{
	struct figure f;

	if (isnan(x))
		snprintf(f.text, sizeof(f.text), "–");
	else if (x >= 1000)
		snprintf(f.text, sizeof(f.text), "%.0f", x);
	else
		snprintf(f.text, sizeof(f.text), "%.3g", x);
	return f;
}

/* Years as people say them: days, months, years to two digits, or many. */
static const char *
span(const struct telling *t, double years, char *buf, size_t cap)
{
	const char *key = years < 2.0 / 12 ? "span.days"
			  : years < 2	   ? "span.months"
					   : "span.years";
	double n = years < 2.0 / 12 ? round(years * 365.25)
		   : years < 2	    ? round(years * 12)
				    : years;
	char number[32];

	if (isnan(years))
		return "–";
	if (years > YEARS_CARRIED)
		return catalogue_text(t->c, t->lang, "span.over");
	if (n >= 100)
		n = pow(10, floor(log10(n)) - 1) *
		    round(n / pow(10, floor(log10(n)) - 1));
	snprintf(number, sizeof(number), n >= 10 ? "%.0f" : "%.2g", fmax(n, 1));
	return catalogue_format(t->c, t->lang, n <= 1 ? "span.day" : key, buf,
				cap, (const char *[]){ "n", number, NULL });
}

static const char *
signal_name(const struct telling *t, const char *colour)
{
	const char *text;
	char key[32];

	snprintf(key, sizeof(key), "signal.%s", colour);
	text = catalogue_text(t->c, t->lang, key);
	return text == key ? colour : text;
}

/* What it made of the day; where that is unknown, why. */
static void
tell_signal(const struct telling *t)
{
	static const char *const unknown[][2] = {
		{ "too-few-reports", "why.too_few" },
		{ "no-report", "why.no_report" },
		{ "not-judged", "why.not_judged" },
	};
	const char *colour = telling_text(t->about, "colour");
	const char *why = telling_text(t->about, "unknown");
	const char *key = strcmp(colour, "none") == 0 ? "why.none" : "why.signal";
	struct figure percent =
		figure(round(telling_number(t->about, "coverage") * 100));
	struct figure least =
		figure(100 * telling_number(t->about, "least_coverage"));
	const char *args[] = {
		"trigger", telling_in(t->lang, t->about, "title"),
		"signal",  signal_name(t, colour),
		"percent", percent.text,
		"least",   least.text,
		NULL
	};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		if (strcmp(why, unknown[i][0]) == 0)
			key = unknown[i][1];
	}
	telling_add(t, key, args);
}

static void
tell_coverage(const struct telling *t)
{
	double coverage = telling_number(t->about, "coverage");
	struct figure percent = figure(round(coverage * 100));
	const char *args[] = { "percent", percent.text, NULL };

	if (!isnan(coverage) &&
	    strcmp(telling_text(t->about, "unknown"), "too-few-reports") != 0)
		telling_add(t, "why.coverage", args);
}

static const char *
site_name(const struct telling *t, const char *code, char *buf, size_t cap)
{
	uint32_t i = registry_site(t->r, code, strlen(code));

	if (i == REG_NONE || registry_site_at(t->r, i)->name[0] == '\0')
		snprintf(buf, cap, "%s", code);
	else
		snprintf(buf, cap, "%s (%s)", registry_site_at(t->r, i)->name,
			 code);
	return buf;
}

/* Who is silent, each with the day of the last report. */
static void
tell_silent(const struct telling *t, const json_t *kind)
{
	const json_t *sites = json_object_get(kind, "silent_sites"), *row;
	struct figure silent = figure(telling_number(kind, "silent"));
	char list[2 * LIST_BYTES] = "";
	const char *args[] = {
		"kind",	  telling_kind(t, telling_text(kind, "kind")),
		"silent", silent.text,
		"sites",  list,
		NULL
	};
	size_t i, len = 0;

	json_array_foreach (sites, i, row) {
		char name[256], one[320];

		catalogue_format(
			t->c, t->lang, "why.silent_site", one, sizeof(one),
			(const char *[]){ "site",
					  site_name(t, telling_text(row, "site"),
						    name, sizeof(name)),
					  "day", telling_text(row, "last_day"),
					  NULL });
		if (i == SITES_SHOWN || len >= sizeof(list))
			break;
		len += (size_t)snprintf(
			list + len, sizeof(list) - len, "%s%s",
			i > 0 ? catalogue_text(t->c, t->lang, "list.comma") : "",
			one);
	}
	if (i < json_array_size(sites) && len < sizeof(list))
		snprintf(list + len, sizeof(list) - len, "%s",
			 catalogue_text(t->c, t->lang, "list.others"));
	telling_add(t, "why.silent", args);
}

static void
tell_kind(const struct telling *t, const json_t *kind)
{
	struct figure p = figure(telling_number(kind, "p"));
	struct figure n = figure(telling_number(kind, "streams"));
	struct figure learning = figure(telling_number(kind, "learning"));
	struct figure borrowed = figure(telling_number(kind, "borrowed"));
	struct figure paused = figure(telling_number(kind, "paused"));
	const char *args[] = {
		"kind",	    telling_kind(t, telling_text(kind, "kind")),
		"p",	    p.text,
		"n",	    n.text,
		"learning", learning.text,
		"borrowed", borrowed.text,
		"paused",   paused.text,
		NULL
	};
	bool statutory = json_is_true(json_object_get(t->about, "statutory"));
	double reporting = telling_number(kind, "reporting");

	/* Where nobody says anything, only why. */
	if (statutory)
		telling_add(t, "why.kind_rule", args);
	else if (!isnan(telling_number(kind, "p")))
		telling_add(t, "why.kind", args);
	else if (reporting > 0)
		telling_add(t, "why.kind_unknown", args);
	if (telling_number(kind, "borrowed") > 0 && !statutory)
		telling_add(t, "why.borrowed", args);
	if (telling_number(kind, "learning") > 0 && !statutory)
		telling_add(t, "why.learning", args);
	if (telling_number(kind, "silent") > 0)
		tell_silent(t, kind);
	if (telling_number(kind, "paused") > 0)
		telling_add(t, "why.paused", args);
}

static void
tell_kinds(const struct telling *t)
{
	const json_t *kinds = json_object_get(t->about, "kinds"), *kind;
	const char *none[] = { NULL };
	size_t i;

	if (json_array_size(kinds) == 0)
		telling_add(t, "why.nobody", none);
	json_array_foreach (kinds, i, kind)
		tell_kind(t, kind);
}

static const char *
class_of(const struct telling *t, const json_t *kind)
{
	const char *code = telling_text(kind, "kind");
	uint32_t k = registry_kind(t->r, code, strlen(code));

	return k == REG_NONE ? "" : registry_kind_at(t->r, k)->class_code;
}

/* The kinds of the class that have a p, into list; returns how many. */
static size_t
list_class(const struct telling *t, const json_t *kinds, const char *class,
	   char *list, size_t cap)
{
	const json_t *kind;
	size_t i, n = 0, len = 0;

	json_array_foreach (kinds, i, kind) {
		if (isnan(telling_number(kind, "p")) ||
		    strcmp(class_of(t, kind), class) != 0)
			continue;
		if (len < cap)
			len += (size_t)snprintf(
				list + len, cap - len, "%s%s",
				n > 0 ? catalogue_text(t->c, t->lang, "list.comma")
				      : "",
				telling_kind(t, telling_text(kind, "kind")));
		n++;
	}
	return n;
}

static bool
is_told(const char *const *told, size_t n, const char *class)
{
	while (n-- > 0) {
		if (strcmp(told[n], class) == 0)
			return true;
	}
	return false;
}

/* Low kinds that share their point with others of their class. */
static void
tell_pooled(const struct telling *t)
{
	const json_t *kinds = json_object_get(t->about, "kinds"), *kind;
	const char *told[SHARED_CLASSES] = { NULL };
	size_t i, n = 0;

	json_array_foreach (kinds, i, kind) {
		struct figure p = figure(telling_number(kind, "class_p"));
		const char *class = class_of(t, kind);
		char list[LIST_BYTES];

		if (!(telling_number(kind, "p") <= POINT_P) ||
		    is_told(told, n, class) ||
		    list_class(t, kinds, class, list, sizeof(list)) < 2)
			continue;
		if (n < SHARED_CLASSES)
			told[n++] = class;
		telling_add(t, "why.pooled",
			    (const char *[]){ "kinds", list, "p", p.text, NULL });
	}
}

static void
tell_group(const struct telling *t)
{
	const json_t *group = json_object_get(t->about, "group"), *code;
	struct figure score = figure(telling_number(t->about, "score"));
	char list[LIST_BYTES] = "";
	struct figure days = figure(telling_number(t->about, "score_days"));
	const char *args[] = { "areas", list,	   "score", score.text,
			       "days",	days.text, NULL };
	size_t i, len = 0;

	json_array_foreach (group, i, code) {
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						" %s", json_string_value(code));
	}
	if (json_array_size(group) > 0)
		telling_add(t,
			    isnan(telling_number(t->about, "score"))
				    ? "why.group"
				    : "why.group_score",
			    args);
}

static void
tell_statistics(const struct telling *t)
{
	const json_t *next = json_object_get(t->about, "next");
	struct figure p = figure(telling_number(t->about, "p"));
	struct figure points = figure(telling_number(t->about, "points"));
	struct figure next_p = figure(telling_number(next, "p"));
	struct figure next_points = figure(telling_number(next, "points"));
	char own[64], needed[64];
	const char *args[] = { "p",
			       p.text,
			       "span",
			       span(t, telling_number(t->about, "recurrence_years"),
				    own, sizeof(own)),
			       "points",
			       points.text,
			       NULL };
	const char *wants[] = {
		"signal",
		signal_name(t, telling_text(next, "colour")),
		"p",
		next_p.text,
		"span",
		span(t, telling_number(next, "years"), needed, sizeof(needed)),
		"points",
		next_points.text,
		NULL
	};

	tell_group(t);
	if (isnan(telling_number(t->about, "p"))) {
		if (telling_number(t->about, "streams") > 0 &&
		    strcmp(telling_text(t->about, "unknown"),
			   "too-few-reports") != 0)
			telling_add(t, "why.unknown", args);
		return;
	}
	tell_pooled(t);
	telling_add(t, "why.together", args);
	if (json_is_null(next))
		telling_add(t, "why.highest", args);
	else if (strcmp(telling_text(next, "lacks"), "points") == 0)
		telling_add(t, "why.lacks_points", wants);
	else
		telling_add(t, "why.lacks_rarity", wants);
}

static void
tell_sites(const struct telling *t, const json_t *sites)
{
	const json_t *row;
	const char *none[] = { NULL };
	size_t i;

	if (json_array_size(sites) == 0)
		telling_add(t, "why.no_site", none);
	json_array_foreach (sites, i, row) {
		struct figure cases = figure(telling_number(row, "cases"));
		char name[256];
		const char *args[] = { "site",
				       site_name(t, telling_text(row, "site"),
						 name, sizeof(name)),
				       "cases", cases.text, NULL };

		if (i == SITES_SHOWN)
			break;
		telling_add(t, "why.site", args);
	}
}

/* From how many cases the rule rings, colour by colour. */
static void
tell_steps(const struct telling *t, const char *days)
{
	const json_t *steps = json_object_get(t->about, "steps"), *step;
	bool of_sites = json_object_get(t->about, "sites") != NULL;
	char list[LIST_BYTES] = "";
	const char *args[] = { "steps", list, "days", days, NULL };
	size_t i, len = 0;

	json_array_foreach (steps, i, step) {
		struct figure cases = figure(telling_number(step, "cases"));

		if (len < sizeof(list))
			len += (size_t)snprintf(
				list + len, sizeof(list) - len, "%s%s (%s)",
				i > 0 ? catalogue_text(t->c, t->lang, "list.comma")
				      : "",
				cases.text,
				signal_name(t, telling_text(step, "colour")));
	}
	if (json_array_size(steps) > 0)
		telling_add(t, of_sites ? "why.steps_site" : "why.steps", args);
}

static void
tell_cases(const struct telling *t)
{
	const json_t *next = json_object_get(t->about, "next");
	const json_t *sites = json_object_get(t->about, "sites");
	struct figure cases = figure(telling_number(t->about, "cases"));
	struct figure limit = figure(telling_number(t->about, "limit"));
	struct figure days = figure(telling_number(t->about, "window_days"));
	struct figure from = figure(telling_number(next, "cases"));
	struct figure more = figure(telling_number(next, "cases") -
				    telling_number(t->about, "cases"));
	const char *args[] = {
		"cases",  cases.text,
		"days",	  days.text,
		"limit",  limit.text,
		"from",	  from.text,
		"more",	  more.text,
		"signal", signal_name(t, telling_text(next, "colour")),
		NULL
	};

	if (isnan(telling_number(t->about, "cases")))
		telling_add(t, "why.no_cases_known", args);
	else if (sites != NULL)
		tell_sites(t, sites);
	else
		telling_add(t, "why.cases", args);
	if (strcmp(telling_text(t->about, "rule"), "percentile") == 0)
		telling_add(t,
			    isnan(telling_number(t->about, "limit"))
				    ? "why.no_past"
				    : "why.percentile",
			    args);
	tell_steps(t, days.text);
	if (json_array_size(json_object_get(t->about, "steps")) > 0 &&
	    !isnan(telling_number(t->about, "cases")) &&
	    !isnan(telling_number(next, "cases")))
		telling_add(t, "why.lacks_cases", args);
	if (telling_text(t->about, "basis")[0] != '\0')
		telling_add(
			t, "why.basis",
			(const char *[]){ "basis",
					  telling_in(t->lang, t->about, "basis"),
					  NULL });
}

/* Why nobody was told of what would have rung. */
static void
tell_too_late(const struct telling *t)
{
	struct figure days = figure(telling_number(t->about, "too_late"));
	const char *args[] = { "days", days.text, NULL };

	if (json_is_integer(json_object_get(t->about, "too_late")))
		telling_add(t, "why.too_late", args);
}

/* The alert that covers the day, and why nobody was told of it by itself. */
static void
tell_alert(const struct telling *t)
{
	const json_t *alert = json_object_get(t->about, "alert");
	char key[64];
	const char *state;
	const char *args[] = { "id",	telling_text(alert, "id"),
			       "state", "",
			       "whole", telling_text(alert, "part_of"),
			       "above", telling_text(alert, "parent"),
			       NULL };

	if (!json_is_object(alert)) {
		tell_too_late(t);
		return;
	}
	snprintf(key, sizeof(key), "state.%s", telling_text(alert, "state"));
	state = catalogue_text(t->c, t->lang, key);
	args[3] = state;
	telling_add(t, "why.alert", args);
	if (telling_text(alert, "part_of")[0] != '\0')
		telling_add(t, "why.part_of", args);
	if (telling_text(alert, "parent")[0] != '\0')
		telling_add(t, "why.parent", args);
	if (strcmp(telling_text(t->about, "colour"), "none") == 0)
		telling_add(t, "why.quiet", args);
}

json_t *
why_words(const struct catalogue *c, enum catalogue_language lang,
	  const struct registry *r, const json_t *account)
{
	struct telling t = { c, lang, r, account, json_array() };

	if (t.lines == NULL)
		return NULL;
	tell_signal(&t);
	tell_coverage(&t);
	tell_kinds(&t);
	if (json_is_true(json_object_get(account, "statutory")) &&
	    telling_number(account, "streams") > 0)
		tell_cases(&t);
	else if (!json_is_true(json_object_get(account, "statutory")))
		tell_statistics(&t);
	telling_marks(&t);
	tell_alert(&t);
	return t.lines;
}
