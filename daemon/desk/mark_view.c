/* Marks as rows of the store and as JSON, see mark_view.h. */
#include "daemon/desk/mark_view.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"

typedef const char *code_at(const struct registry *r, uint32_t i);

static const char *
kind_code(const struct registry *r, uint32_t i)
{
	return registry_kind_at(r, i)->code;
}

static const char *
indicator_code(const struct registry *r, uint32_t i)
{
	return registry_indicator_at(r, i)->code;
}

/* The codes with a blank between them. */
static void
write_list(const struct registry *r, code_at *code, const uint32_t *list,
	   size_t n, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		out += sprintf(out, "%s%s", i > 0 ? " " : "", code(r, list[i]));
}

void
mark_view_row(const struct registry *r, const struct mark *m,
	      struct mark_lists *lists, struct marks_row *row)
{
	bool of_site = m->site != REG_NONE;

	write_list(r, kind_code, m->kind, m->kinds, lists->kinds);
	write_list(r, indicator_code, m->indicator, m->indicators,
		   lists->indicators);
	*row = (struct marks_row){
		.number = m->number,
		.area = of_site ? "" : registry_area_at(r, m->area)->code,
		.site = of_site ? registry_site_at(r, m->site)->code : "",
		.kinds = lists->kinds,
		.indicators = lists->indicators,
		.first = m->first,
		.last = m->last,
		.why = mark_why_str(m->why),
		.text = m->text,
		.alert = m->alert,
		.actor = m->actor,
		.at_us = m->at_us,
		.withdrawn_by = "",
	};
}

static json_t *
read_list(const char *list)
{
	json_t *out = json_array();

	for (; *list != '\0'; list += strspn(list, " ")) {
		size_t len = strcspn(list, " ");

		json_array_append_new(out, json_stringn(list, len));
		list += len;
	}
	return out;
}

/* Null where there is none. */
static const char *
some(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

json_t *
mark_view(const struct marks_row *row)
{
	char from[DAY_TEXT_BYTES], to[DAY_TEXT_BYTES];
	json_t *out = json_pack(
		"{s:I, s:s?, s:s?, s:o, s:o, s:s, s:s, s:s, s:s, s:s?, s:s,"
		" s:I}",
		"number", (json_int_t)row->number, "area", some(row->area),
		"site", some(row->site), "kinds", read_list(row->kinds),
		"indicators", read_list(row->indicators), "from",
		day_format(row->first, from), "to", day_format(row->last, to),
		"why", row->why, "text", row->text, "alert", some(row->alert),
		"actor", row->actor, "at_ms", (json_int_t)(row->at_us / 1000));

	if (out == NULL || row->withdrawn_by[0] == '\0')
		return out;
	json_object_set_new(out, "withdrawn_by", json_string(row->withdrawn_by));
	json_object_set_new(out, "withdrawn_ms",
			    json_integer(row->withdrawn_us / 1000));
	return out;
}

json_t *
mark_view_of(const struct registry *r, const struct mark *m)
{
	struct mark_lists lists;
	struct marks_row row;

	mark_view_row(r, m, &lists, &row);
	return mark_view(&row);
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static int32_t
day_of(const json_t *object, const char *key)
{
	const char *text = text_of(object, key);

	return day_parse(text, strlen(text));
}

static bool
shares_kind(const struct registry *r, const struct mark *m, const json_t *kinds)
{
	const json_t *kind;
	size_t i;

	json_array_foreach (kinds, i, kind) {
		const char *code = json_string_value(kind);

		if (code != NULL &&
		    mark_has_kind(m, registry_kind(r, code, strlen(code))))
			return true;
	}
	return json_array_size(kinds) == 0;
}

json_t *
mark_view_alert(const struct registry *r, const struct marks *marks,
		const json_t *alert)
{
	const char *area = text_of(alert, "area"),
		   *site = text_of(alert, "site");
	uint32_t a = registry_area(r, area, strlen(area));
	uint32_t s = registry_site(r, site, strlen(site));
	int32_t from = day_of(alert, "first_day"),
		to = day_of(alert, "last_day");
	json_t *list = json_array();

	for (size_t i = 0; a != REG_NONE && i < marks->n; i++) {
		const struct mark *m = &marks->at[i];

		if (m->first <= to && m->last >= from && mark_meets(m, r, a, s) &&
		    shares_kind(r, m, json_object_get(alert, "kinds")))
			json_array_append_new(list, mark_view_of(r, m));
	}
	return list;
}
