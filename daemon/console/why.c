/* Accounts in words, see why.h. */
#include "daemon/console/why.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512
#define SITES_SHOWN 5

struct telling {
	const struct catalogue *c;
	enum catalogue_language lang;
	const struct registry *r;
	const json_t *account;
	json_t *lines;
};

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

static double
number_of(const json_t *o, const char *key)
{
	const json_t *x = json_object_get(o, key);

	return json_is_number(x) ? json_number_value(x) : NAN;
}

static void
add(const struct telling *t, const char *key, const char *const *args)
{
	char line[LINE_BYTES];

	json_array_append_new(
		t->lines, json_string(catalogue_format(t->c, t->lang, key, line,
						       sizeof(line), args)));
}

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

static const char *
signal_name(const struct telling *t, const char *colour)
{
	char key[32];

	snprintf(key, sizeof(key), "signal.%s", colour);
	return catalogue_text(t->c, t->lang, key);
}

static const char *
kind_name(const struct telling *t, const char *code)
{
	uint32_t i = registry_kind(t->r, code, strlen(code));

	if (i == REG_NONE)
		return code;
	return t->lang == CATALOGUE_ZH ? registry_kind_at(t->r, i)->zh
				       : registry_kind_at(t->r, i)->en;
}

static void
tell_signal(const struct telling *t)
{
	const char *zh = text_of(t->account, "title_zh");
	const char *colour = text_of(t->account, "colour");
	const char *args[] = { "trigger",
			       t->lang == CATALOGUE_ZH && zh[0] != '\0'
				       ? zh
				       : text_of(t->account, "title"),
			       "signal", signal_name(t, colour), NULL };

	add(t, strcmp(colour, "none") == 0 ? "why.none" : "why.signal", args);
}

static void
tell_coverage(const struct telling *t)
{
	double coverage = number_of(t->account, "coverage");
	struct figure percent = figure(round(coverage * 100));
	const char *args[] = { "percent", percent.text, NULL };

	if (!isnan(coverage))
		add(t, "why.coverage", args);
}

static void
tell_kind(const struct telling *t, const json_t *kind)
{
	struct figure p = figure(number_of(kind, "p"));
	struct figure n = figure(number_of(kind, "streams"));
	struct figure learning = figure(number_of(kind, "learning"));
	struct figure silent = figure(number_of(kind, "silent"));
	const char *args[] = { "kind",	   kind_name(t, text_of(kind, "kind")),
			       "p",	   p.text,
			       "n",	   n.text,
			       "learning", learning.text,
			       "silent",   silent.text,
			       NULL };
	bool statutory = json_is_true(json_object_get(t->account, "statutory"));
	const char *key = "why.kind";

	if (statutory)
		key = "why.kind_rule";
	else if (isnan(number_of(kind, "p")))
		key = "why.kind_unknown";
	add(t, key, args);
	if (number_of(kind, "learning") > 0 && !statutory)
		add(t, "why.learning", args);
	if (number_of(kind, "silent") > 0)
		add(t, "why.silent", args);
}

static void
tell_kinds(const struct telling *t)
{
	const json_t *kinds = json_object_get(t->account, "kinds"), *kind;
	const char *none[] = { NULL };
	size_t i;

	if (json_array_size(kinds) == 0)
		add(t, "why.nobody", none);
	json_array_foreach (kinds, i, kind)
		tell_kind(t, kind);
}

static void
tell_group(const struct telling *t)
{
	const json_t *group = json_object_get(t->account, "group"), *code;
	struct figure score = figure(number_of(t->account, "score"));
	char list[LINE_BYTES / 2] = "";
	const char *args[] = { "areas", list, "score", score.text, NULL };
	size_t i, len = 0;

	json_array_foreach (group, i, code) {
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						" %s", json_string_value(code));
	}
	if (json_array_size(group) > 0)
		add(t,
		    isnan(number_of(t->account, "score")) ? "why.group"
							  : "why.group_score",
		    args);
}

static void
tell_statistics(const struct telling *t)
{
	const json_t *next = json_object_get(t->account, "next");
	struct figure p = figure(number_of(t->account, "p"));
	struct figure years = figure(number_of(t->account, "recurrence_years"));
	struct figure points = figure(number_of(t->account, "points"));
	struct figure next_p = figure(number_of(next, "p"));
	struct figure next_years = figure(number_of(next, "years"));
	struct figure next_points = figure(number_of(next, "points"));
	const char *args[] = { "p",	 p.text,      "years", years.text,
			       "points", points.text, NULL };
	const char *wants[] = {
		"signal", signal_name(t, text_of(next, "colour")),
		"p",	  next_p.text,
		"years",  next_years.text,
		"points", next_points.text,
		NULL
	};

	tell_group(t);
	if (isnan(number_of(t->account, "p"))) {
		if (number_of(t->account, "streams") > 0)
			add(t, "why.unknown", args);
		return;
	}
	add(t, "why.together", args);
	if (json_is_null(next))
		add(t, "why.highest", args);
	else if (strcmp(text_of(next, "lacks"), "points") == 0)
		add(t, "why.lacks_points", wants);
	else
		add(t, "why.lacks_rarity", wants);
}

static void
tell_sites(const struct telling *t, const json_t *sites)
{
	const json_t *row;
	const char *none[] = { NULL };
	size_t i;

	if (json_array_size(sites) == 0)
		add(t, "why.no_site", none);
	json_array_foreach (sites, i, row) {
		struct figure cases = figure(number_of(row, "cases"));
		const char *args[] = { "site", text_of(row, "site"), "cases",
				       cases.text, NULL };

		if (i == SITES_SHOWN)
			break;
		add(t, "why.site", args);
	}
}

static void
tell_cases(const struct telling *t)
{
	const json_t *next = json_object_get(t->account, "next");
	const json_t *sites = json_object_get(t->account, "sites");
	struct figure cases = figure(number_of(t->account, "cases"));
	struct figure limit = figure(number_of(t->account, "limit"));
	struct figure days = figure(number_of(t->account, "window_days"));
	struct figure from = figure(number_of(next, "cases"));
	const char *args[] = {
		"cases",  cases.text,
		"days",	  days.text,
		"limit",  limit.text,
		"from",	  from.text,
		"signal", signal_name(t, text_of(next, "colour")),
		NULL
	};

	if (sites != NULL)
		tell_sites(t, sites);
	else
		add(t, "why.cases", args);
	if (strcmp(text_of(t->account, "rule"), "percentile") == 0)
		add(t,
		    isnan(number_of(t->account, "limit")) ? "why.no_past"
							  : "why.percentile",
		    args);
	if (sites == NULL && !json_is_null(next) &&
	    !isnan(number_of(next, "cases")))
		add(t, "why.lacks_cases", args);
}

/* The alert that covers the day, and why nobody was told of it by itself. */
static void
tell_alert(const struct telling *t)
{
	const json_t *alert = json_object_get(t->account, "alert");
	char key[64];
	const char *state;
	const char *args[] = { "id",	text_of(alert, "id"),
			       "state", "",
			       "whole", text_of(alert, "part_of"),
			       "above", text_of(alert, "parent"),
			       NULL };

	if (!json_is_object(alert))
		return;
	snprintf(key, sizeof(key), "state.%s", text_of(alert, "state"));
	state = catalogue_text(t->c, t->lang, key);
	args[3] = state;
	add(t, "why.alert", args);
	if (text_of(alert, "part_of")[0] != '\0')
		add(t, "why.part_of", args);
	if (text_of(alert, "parent")[0] != '\0')
		add(t, "why.parent", args);
	if (strcmp(text_of(t->account, "colour"), "none") == 0)
		add(t, "why.quiet", args);
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
	    number_of(account, "streams") > 0)
		tell_cases(&t);
	else if (!json_is_true(json_object_get(account, "statutory")))
		tell_statistics(&t);
	tell_alert(&t);
	return t.lines;
}
