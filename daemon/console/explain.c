/*
 * Plain words for an alert.  Whatever a field lacks is left out; nothing is
 * said that the alert does not hold.
 */
#include "daemon/console/explain.h"
#include "daemon/console/explain_operator.h"
#include "daemon/console/telling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"

#define LIST_BYTES 384
#define LIST_SHOWN 4

static const char *
indicator_name(const struct telling *t, const char *code)
{
	uint32_t i = registry_indicator(t->r, code, strlen(code));

	if (i == REG_NONE)
		return code;
	return t->lang == CATALOGUE_ZH ? registry_indicator_at(t->r, i)->zh
				       : registry_indicator_at(t->r, i)->en;
}

/* The site's name, or "all sites of this kind in Qinghe". */
static const char *
place_name(const struct telling *t, const json_t *row, char *buf, size_t cap)
{
	const char *code = telling_text(row, "site");
	const char *args[] = { "area", telling_area(t, row), NULL };
	uint32_t i = registry_site(t->r, code, strlen(code));

	if (code[0] == '\0')
		return catalogue_format(t->c, t->lang, "explain.area_sum", buf,
					cap, args);
	snprintf(buf, cap, "%s",
		 i == REG_NONE ? code : registry_site_at(t->r, i)->name);
	return buf;
}

/* The catalogue's word for a value, as "level.county"; else the value. */
static const char *
word(const struct telling *t, const char *prefix, const char *value)
{
	const char *text;
	char key[96];

	snprintf(key, sizeof(key), "%s.%s", prefix, value);
	text = catalogue_text(t->c, t->lang, key);
	return text == key ? value : text;
}

/* A short name where the catalogue has one, else the trigger's title. */
static const char *
trigger_name(const struct telling *t)
{
	const char *name = telling_text(t->about, "trigger");
	const char *known = word(t, "trigger", name);
	const char *title = telling_in(t->lang, t->about, "title");

	return known != name || title[0] == '\0' ? known : title;
}

const char *
explain_title(const struct catalogue *c, enum catalogue_language lang,
	      const struct registry *r, const json_t *alert, char *buf,
	      size_t cap)
{
	struct telling t = { c, lang, r, alert, NULL };
	const char *args[] = {
		"signal",  word(&t, "signal", telling_text(alert, "grade")),
		"area",	   telling_area(&t, alert),
		"trigger", trigger_name(&t),
		NULL
	};

	if (explain_is_operator(alert))
		return explain_operator_title(c, lang, r, alert, buf, cap);
	return catalogue_format(c, lang, "explain.title", buf, cap, args);
}

/* Rules of the law ring by themselves and know nothing of the usual. */
static bool
is_rule(const struct telling *t)
{
	return json_is_true(json_object_get(t->about, "statutory"));
}

/* "pharmacies, schools and fever clinics"; name() of each item. */
static void
join(const struct telling *t, const json_t *items,
     const char *name(const struct telling *t, const json_t *item), char *buf,
     size_t cap)
{
	size_t n = json_array_size(items), i, len = 0;
	const json_t *item;

	buf[0] = '\0';
	json_array_foreach (items, i, item) {
		const char *between =
			i == 0 ? ""
			: i + 1 == n
				? catalogue_text(t->c, t->lang, "list.and")
				: catalogue_text(t->c, t->lang, "list.comma");

		if (i == LIST_SHOWN || len >= cap)
			break;
		len += (size_t)snprintf(buf + len, cap - len, "%s%s", between,
					name(t, item));
	}
	if (n > LIST_SHOWN && len < cap)
		snprintf(buf + len, cap - len, "%s",
			 catalogue_text(t->c, t->lang, "list.others"));
}

static const char *
kind_item(const struct telling *t, const json_t *kind)
{
	const char *code = json_string_value(kind);

	return telling_kind(t, code == NULL ? "" : code);
}

/* 1: what rang, and where. */
static void
tell_signal(const struct telling *t)
{
	bool ended = strcmp(telling_text(t->about, "signal"), "ended") == 0;
	char areas[LIST_BYTES];
	const char *args[] = {
		"signal",  word(t, "signal", telling_text(t->about, "grade")),
		"area",	   telling_area(t, t->about),
		"level",   word(t, "level", telling_text(t->about, "level")),
		"trigger", trigger_name(t),
		"areas",   areas,
		NULL
	};
	const char *key = "explain.signal";

	join(t, json_object_get(t->about, "below"), telling_area, areas,
	     sizeof(areas));
	if (json_is_true(json_object_get(t->about, "merged_below")))
		key = "explain.signal_merged";
	if (is_rule(t))
		key = "explain.signal_rule";
	if (ended)
		key = "explain.signal_ended";
	telling_add(t, key, args);
}

/* Is the kind of a class that counts as a point? */
static bool
makes_point(const struct telling *t, const char *code)
{
	const json_t *classes = json_object_get(t->about, "classes"), *one;
	uint32_t k = registry_kind(t->r, code, strlen(code));
	size_t i;

	json_array_foreach (classes, i, one) {
		if (k != REG_NONE && json_is_string(one) &&
		    strcmp(registry_kind_at(t->r, k)->class_code,
			   json_string_value(one)) == 0)
			return true;
	}
	return false;
}

/* Those that make the points, and the others, which stand beside them. */
static void
part_kinds(const struct telling *t, json_t *pointing, json_t *others)
{
	json_t *kind;
	size_t i;

	json_array_foreach (json_object_get(t->about, "kinds"), i, kind)
		json_array_append(
			json_is_string(kind) &&
					makes_point(t, json_string_value(kind))
				? pointing
				: others,
			kind);
}

/* 2: which kinds of source agree. */
static void
tell_kinds(const struct telling *t)
{
	json_t *pointing = json_array(), *others = json_array();
	char list[LIST_BYTES], also[LIST_BYTES] = "", more[LIST_BYTES + 64] = "";
	const char *args[] = { "kinds", list, "also", more, NULL };
	const char *key = "explain.kinds_one";

	part_kinds(t, pointing, others);
	join(t, pointing, kind_item, list, sizeof(list));
	join(t, others, kind_item, also, sizeof(also));
	if (json_array_size(others) > 0)
		catalogue_format(t->c, t->lang, "explain.kinds_also", more,
				 sizeof(more),
				 (const char *[]){ "kinds", also, NULL });
	if (telling_number(t->about, "points") >= 2)
		key = "explain.kinds_agree";
	if (json_array_size(pointing) == 0) {
		join(t, others, kind_item, list, sizeof(list));
		key = json_array_size(others) > 0 ? "explain.kinds_weak"
						  : "explain.kinds_none";
	}
	telling_add(t, key, args);
	json_decref(pointing);
	json_decref(others);
}

/* 2, of a rule of the law: who reported, and the count beside the norm. */
static void
tell_norm(const struct telling *t)
{
	const char *first = telling_text(t->about, "first_day");
	double days = telling_number(t->about, "window_days");
	char list[LIST_BYTES], cases[24], norm[24], within[24];
	const char *args[] = { "kinds", list,	"cases", cases, "norm", norm,
			       "days",	within, "first", first, NULL };
	const char *last = telling_text(t->about, "last_day");
	const char *key = "explain.kinds_rule";
	bool many = day_parse(last, strlen(last)) -
			    day_parse(first, strlen(first)) >=
		    days;

	join(t, json_object_get(t->about, "kinds"), kind_item, list,
	     sizeof(list));
	snprintf(cases, sizeof(cases), "%.0f", telling_number(t->about, "cases"));
	snprintf(norm, sizeof(norm), "%.0f", telling_number(t->about, "norm"));
	snprintf(within, sizeof(within), "%.0f", days);
	if (!isnan(telling_number(t->about, "cases")) &&
	    !isnan(telling_number(t->about, "norm")))
		key = many ? "explain.norm_since" : "explain.norm";
	telling_add(t, key, args);
}

/* The row whose p is least; without p, the one with the most above. */
static const json_t *
clearest_row(const json_t *evidence)
{
	const json_t *row, *best = NULL;
	double best_p = NAN, p;
	size_t i;

	json_array_foreach (evidence, i, row) {
		p = telling_number(row, "p");
		if (best == NULL || (isnan(best_p) && !isnan(p)) || p < best_p) {
			best = row;
			best_p = p;
		}
	}
	return best;
}

const char *
explain_ratio(const struct catalogue *c, enum catalogue_language lang,
	      double observed, double expected)
{
	const char *key = "ratio.many";
	double ratio;

	if (!isfinite(observed) || !isfinite(expected) || expected < 0.05)
		key = "ratio.unusual";
	else if ((ratio = observed / expected) < 0.95)
		key = "ratio.below";
	else if (ratio < 1.35)
		key = "ratio.somewhat";
	else if (ratio < 1.75)
		key = "ratio.half_more";
	else if (ratio < 2.5)
		key = "ratio.twice";
	else if (ratio < 3.5)
		key = "ratio.three";
	else if (ratio < 6)
		key = "ratio.several";
	return catalogue_text(c, lang, key);
}

/* 3: the clearest series. */
static void
tell_clearest(const struct telling *t)
{
	const json_t *row = clearest_row(json_object_get(t->about, "evidence"));
	const char *none[] = { NULL };
	const char *key = "explain.clearest";
	char place[256];

	if (row == NULL) {
		telling_add(t, "explain.clearest_none", none);
		return;
	}
	if (isnan(telling_number(row, "expected")))
		key = "explain.clearest_rule";
	else if (json_is_true(json_object_get(row, "weak")))
		key = "explain.clearest_weak";
	else if (json_is_object(json_object_get(row, "borrowed")))
		key = "explain.clearest_new";
	telling_add(t, key,
		    (const char *[]){
			    "indicator",
			    indicator_name(t, telling_text(row, "indicator")),
			    "place", place_name(t, row, place, sizeof(place)),
			    "kind", telling_kind(t, telling_text(row, "kind")),
			    "ratio",
			    explain_ratio(t->c, t->lang,
					  telling_number(row, "observed"),
					  telling_number(row, "expected")),
			    NULL });
}

/* 4: how complete the data are. */
static void
tell_coverage(const struct telling *t)
{
	double coverage = telling_number(t->about, "coverage");
	const char *key = "explain.coverage_low";
	const char *none[] = { NULL };

	if (isnan(coverage))
		key = "explain.coverage_unknown";
	else if (coverage >= 0.95)
		key = "explain.coverage_full";
	else if (coverage >= 0.8)
		key = "explain.coverage_good";
	else if (coverage >= 0.5)
		key = "explain.coverage_partial";
	if (json_is_true(json_object_get(t->about, "unsupported")) ||
	    strcmp(telling_text(t->about, "signal"), "unsupported") == 0)
		key = "explain.unsupported";
	telling_add(t, key, none);
}

/* 5: who has it, and what comes next. */
static void
tell_next(const struct telling *t)
{
	static const char *const told[] = {
		"open",	     "acknowledged",  "verifying",  "monitoring",
		"assessing", "characterised", "responding", "closed",
		"discarded", "reopened",      "merged"
	};
	const char *state = telling_text(t->about, "state");
	const char *none[] = { NULL };
	char key[64];

	if (telling_text(t->about, "part_of")[0] != '\0' &&
	    strcmp(state, "open") == 0) {
		telling_add(t, "explain.next.part_of", none);
		return;
	}
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		if (strcmp(told[i], state) != 0)
			continue;
		snprintf(key, sizeof(key), "explain.next.%s", state);
		telling_add(t, key, none);
		return;
	}
	telling_add(t, "explain.next.open", none);
}

json_t *
explain_alert(const struct catalogue *c, enum catalogue_language lang,
	      const struct registry *r, const json_t *alert)
{
	struct telling t = { c, lang, r, alert, NULL };

	if (explain_is_operator(alert))
		return explain_operator(c, lang, r, alert);
	t.lines = json_array();
	if (t.lines == NULL)
		return NULL;
	tell_signal(&t);
	if (is_rule(&t))
		tell_norm(&t);
	else
		tell_kinds(&t);
	tell_clearest(&t);
	tell_coverage(&t);
	telling_marks(&t);
	tell_next(&t);
	return t.lines;
}

void
explain_basis(const struct catalogue *c, enum catalogue_language lang,
	      const json_t *alert, json_t *lines)
{
	struct telling t = { c, lang, NULL, alert, lines };
	const char *basis = telling_in(lang, alert, "basis");

	if (basis[0] != '\0')
		telling_add(&t, "explain.basis",
			    (const char *[]){ "basis", basis, NULL });
}
