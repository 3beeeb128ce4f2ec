/*
 * Objects of the interface.
 */
#include "daemon/api/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/desk/borrowed.h"
#include "daemon/judge/registry_csv.h"

#define PATH_DEPTH 8

json_t *
view_number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* A count is shown as the whole number it is. */
static json_t *
view_count(double value)
{
	if (isfinite(value) && value == floor(value) && fabs(value) < 9e15)
		return json_integer((json_int_t)value);
	return view_number(value);
}

json_t *
view_day(int32_t day)
{
	char text[DAY_TEXT_BYTES];

	return day == DAY_NONE ? json_null() : json_string(day_format(day, text));
}

json_t *
view_kind(const struct registry *r, uint32_t i)
{
	const struct reg_kind *k = registry_kind_at(r, i);

	return json_pack("{s:s,s:s,s:s,s:s,s:i}", "kind", k->code, "en", k->en,
			 "zh", k->zh, "class", k->class_code, "period",
			 k->period);
}

json_t *
view_indicator(const struct registry *r, uint32_t i)
{
	const struct reg_indicator *n = registry_indicator_at(r, i);

	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "indicator", n->code, "group",
			 n->group, "unit", n->unit, "en", n->en, "zh", n->zh);
}

static const char *
area_name(const struct reg_area *a, bool zh)
{
	return zh && a->name_zh[0] != '\0' ? a->name_zh : a->name;
}

json_t *
view_area_path(const struct registry *r, uint32_t area, bool zh)
{
	const char *name[PATH_DEPTH];
	char text[512] = "";
	size_t n = 0, len = 0;

	for (uint32_t i = area; i != REG_NONE && n < PATH_DEPTH;
	     i = registry_area_at(r, i)->parent)
		name[n++] = area_name(registry_area_at(r, i), zh);
	if (n > 1)
		n--; /* the root goes without saying */
	while (n > 0 && len < sizeof(text)) {
		n--;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					name[n], n > 0 ? " / " : "");
	}
	return json_string(text);
}

json_t *
view_area(const struct registry *r, uint32_t i)
{
	const struct reg_area *a = registry_area_at(r, i);
	const char *parent = a->parent == REG_NONE
				     ? NULL
				     : registry_area_at(r, a->parent)->code;

	return json_pack("{s:s,s:s?,s:s,s:s,s:s,s:o,s:o,s:o}", "area", a->code,
			 "parent", parent, "level", registry_level_str(a->level),
			 "name", a->name, "name_zh", a->name_zh, "population",
			 view_count(a->population), "lat", view_number(a->lat),
			 "lon", view_number(a->lon));
}

/* Adds who reported to recent and the last such day to *last. */
static void
count_reports(struct judge *j, uint32_t series, int32_t from,
	      int recent[VIEW_RECENT], int32_t *last)
{
	struct judge_point point[VIEW_RECENT];

	if (judge_points(j, series, from, VIEW_RECENT, point) < 0)
		return;
	for (int i = 0; i < VIEW_RECENT; i++) {
		if (isnan(point[i].cell.value))
			continue;
		recent[i]++;
		if (*last == DAY_NONE || point[i].day > *last)
			*last = point[i].day;
	}
}

static json_t *
view_recent(const struct registry *r, struct judge *j, const struct reg_site *s,
	    int32_t today, int32_t *last)
{
	int32_t end = s->period == 7 ? day_monday(today) : today;
	int32_t from = end - (VIEW_RECENT - 1) * s->period;
	int recent[VIEW_RECENT] = { 0 };
	json_t *list = json_array();

	*last = DAY_NONE;
	for (uint32_t i = s->first_series; i != REG_NONE;
	     i = registry_series_at(r, i)->next_of_site)
		count_reports(j, i, from, recent, last);
	for (int i = 0; i < VIEW_RECENT; i++)
		json_array_append_new(list, json_integer(recent[i]));
	return list;
}

void
view_quality(json_t *out, const struct quality_view *v)
{
	json_object_set_new(out, "state",
			    json_string(quality_state_str(v->state)));
	json_object_set_new(out, "missing", json_integer(v->missing));
	json_object_set_new(out, "missing_since", view_day(v->since));
}

json_t *
view_site(const struct registry *r, struct judge *j, const struct quality *q,
	  uint32_t i, const struct zone_now *now)
{
	const struct reg_site *s = registry_site_at(r, i);
	const struct reg_kind *k = registry_kind_at(r, s->kind);
	const struct reg_area *a = registry_area_at(r, s->area);
	struct quality_view v;
	int32_t today = registry_today(r, i, now), last;
	json_t *recent = view_recent(r, j, s, today, &last), *out;

	out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s,"
			"s:o,s:b,s:i,s:o,s:o}",
			"site", s->code, "name", s->name, "kind", k->code,
			"class", k->class_code, "area", a->code, "area_name",
			a->name, "area_name_zh", a->name_zh, "period", s->period,
			"reports_on", registry_expect_str(s->expect), "phone",
			s->phone, "gateway", s->gateway, "zone", s->zone,
			"calendar", s->calendar, "today", view_day(today),
			"withdrawn", s->withdrawn, "series", (int)s->series_n,
			"last_day", view_day(last), "recent", recent);
	if (out == NULL || q == NULL)
		return out;
	quality_site(q, i, now, &v);
	view_quality(out, &v);
	json_object_set_new(out, "last_day", view_day(v.last_day));
	json_object_set_new(out, "closed_day", view_day(judge_closed_last(j, i)));
	return out;
}

json_t *
view_series(const struct registry *r, uint32_t i)
{
	const struct reg_series *s = registry_series_at(r, i);
	const struct reg_site *site = registry_site_at(r, s->site);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "site", site->code,
			 "site_name", site->name, "kind",
			 registry_kind_at(r, site->kind)->code, "area",
			 registry_area_at(r, site->area)->code, "indicator",
			 registry_indicator_at(r, s->indicator)->code,
			 "stratum", s->stratum, "period", site->period);
}

json_t *
view_point(const struct registry *r, const struct judge_point *p)
{
	const struct det_verdict *v = &p->verdict;
	json_t *out = json_pack("{s:o,s:o}", "day", view_day(p->day), "count",
				view_count(p->cell.value));

	if (!isnan(p->cell.denominator))
		json_object_set_new(out, "denominator",
				    view_count(p->cell.denominator));
	if (p->cell.partial)
		json_object_set_new(out, "partial", json_true());
	json_object_set_new(
		out, "level",
		json_string(p->judged ? det_level_str(v->level) : "unknown"));
	if (!p->judged)
		return out;
	if (v->level == DET_UNKNOWN)
		json_object_set_new(
			out, "reason",
			json_string(p->mark != NULL ? p->mark
						    : det_reason_str(v->reason)));
	if (p->mark != NULL)
		json_object_set_new(out, "mark", json_string(p->mark));
	json_object_set_new(out, "expected", view_number(v->expected));
	json_object_set_new(out, "upper", view_number(v->upper));
	json_object_set_new(out, "p", view_number(v->p));
	if (p->borrowed.peers > 0)
		json_object_set_new(out, "borrowed",
				    borrowed_json(r, &p->borrowed));
	return out;
}

const char *
view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static void
add_area_names(const struct registry *r, json_t *row)
{
	const char *code = view_text(row, "area");
	uint32_t area = registry_area(r, code, strlen(code));

	if (area == REG_NONE)
		return;
	json_object_set_new(row, "area_name",
			    json_string(registry_area_at(r, area)->name));
	json_object_set_new(row, "area_name_zh",
			    json_string(registry_area_at(r, area)->name_zh));
	json_object_set_new(row, "area_path", view_area_path(r, area, false));
	json_object_set_new(row, "area_path_zh", view_area_path(r, area, true));
}

/* Adds key_name and key_name_zh of a kind or an indicator. */
static void
add_name(json_t *row, const char *key, const char *en, const char *zh)
{
	char name[48];

	snprintf(name, sizeof(name), "%s_name", key);
	json_object_set_new(row, name, json_string(en));
	snprintf(name, sizeof(name), "%s_name_zh", key);
	json_object_set_new(row, name, json_string(zh));
}

/* The names of the alert's kinds, in their order. */
static void
name_kinds(const struct registry *r, json_t *alert)
{
	json_t *en = json_array(), *zh = json_array(), *kind;
	size_t i;

	json_array_foreach (json_object_get(alert, "kinds"), i, kind) {
		const char *code = json_string_value(kind);
		uint32_t k = code == NULL ? REG_NONE
					  : registry_kind(r, code, strlen(code));

		if (code == NULL)
			continue;
		json_array_append_new(
			en, json_string(k == REG_NONE
						? code
						: registry_kind_at(r, k)->en));
		json_array_append_new(
			zh, json_string(k == REG_NONE
						? code
						: registry_kind_at(r, k)->zh));
	}
	json_object_set_new(alert, "kind_names", en);
	json_object_set_new(alert, "kind_names_zh", zh);
}

json_t *
view_alert_row(const struct registry *r, const json_t *alert)
{
	json_t *row = json_copy((json_t *)alert);
	size_t n = json_array_size(json_object_get(alert, "evidence"));

	if (row == NULL)
		return NULL;
	json_object_del(row, "evidence");
	json_object_del(row, "charts");
	json_object_set_new(row, "evidence_n", json_integer((json_int_t)n));
	add_area_names(r, row);
	name_kinds(r, row);
	return row;
}

json_t *
view_events(json_t *events)
{
	json_t *event, *evidence;
	size_t i;

	json_array_foreach (events, i, event) {
		evidence = json_object_get(event, "evidence");
		if (evidence == NULL)
			continue;
		json_object_set_new(
			event, "evidence_n",
			json_integer((json_int_t)json_array_size(evidence)));
		json_object_del(event, "evidence");
	}
	return events;
}

static void
name_evidence(const struct registry *r, json_t *row)
{
	const char *site = view_text(row, "site"),
		   *kind = view_text(row, "kind");
	const char *indicator = view_text(row, "indicator");
	uint32_t i = registry_site(r, site, strlen(site));
	uint32_t k = registry_kind(r, kind, strlen(kind));
	uint32_t d = registry_indicator(r, indicator, strlen(indicator));

	if (k != REG_NONE)
		add_name(row, "kind", registry_kind_at(r, k)->en,
			 registry_kind_at(r, k)->zh);
	if (d != REG_NONE)
		add_name(row, "indicator", registry_indicator_at(r, d)->en,
			 registry_indicator_at(r, d)->zh);
	if (i != REG_NONE) {
		json_object_set_new(row, "site_name",
				    json_string(registry_site_at(r, i)->name));
		json_object_set_new(row, "phone",
				    json_string(registry_site_at(r, i)->phone));
	}
	add_area_names(r, row);
	if (json_is_object(json_object_get(row, "borrowed")))
		add_area_names(r, json_object_get(row, "borrowed"));
}

json_t *
view_alert(const struct registry *r, const json_t *alert)
{
	json_t *out = json_deep_copy(alert), *row;
	size_t i;

	if (out == NULL)
		return NULL;
	add_area_names(r, out);
	name_kinds(r, out);
	json_array_foreach (json_object_get(out, "evidence"), i, row)
		name_evidence(r, row);
	json_array_foreach (json_object_get(out, "below"), i, row)
		add_area_names(r, row);
	json_array_foreach (json_object_get(out, "tasks"), i, row)
		name_evidence(r, row);
	return out;
}
