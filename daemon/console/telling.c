/*
 * Reading what is told, and its lines.
 */
#include "daemon/console/telling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 768

const char *
telling_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

const char *
telling_in(enum catalogue_language lang, const json_t *object, const char *key)
{
	char zh[64];
	const char *text;

	snprintf(zh, sizeof(zh), "%s_zh", key);
	text = lang == CATALOGUE_ZH ? telling_text(object, zh) : "";
	return text[0] != '\0' ? text : telling_text(object, key);
}

double
telling_number(const json_t *object, const char *key)
{
	const json_t *n = json_object_get(object, key);

	return json_is_number(n) ? json_number_value(n) : NAN;
}

const char *
telling_kind(const struct telling *t, const char *code)
{
	uint32_t i = registry_kind(t->r, code, strlen(code));

	if (i == REG_NONE)
		return code;
	return t->lang == CATALOGUE_ZH ? registry_kind_at(t->r, i)->zh
				       : registry_kind_at(t->r, i)->en;
}

void
telling_add(const struct telling *t, const char *key, const char *const *args)
{
	char line[LINE_BYTES];

	json_array_append_new(
		t->lines, json_string(catalogue_format(t->c, t->lang, key, line,
						       sizeof(line), args)));
}

const char *
telling_area(const struct telling *t, const json_t *object)
{
	const char *code = telling_text(object, "area");
	uint32_t i = registry_area(t->r, code, strlen(code));
	const struct reg_area *a;

	if (i == REG_NONE)
		return code;
	a = registry_area_at(t->r, i);
	return t->lang == CATALOGUE_ZH && a->name_zh[0] != '\0' ? a->name_zh
								: a->name;
}

static const char *
site_name(const struct telling *t, const char *code)
{
	uint32_t i = registry_site(t->r, code, strlen(code));

	if (i == REG_NONE || registry_site_at(t->r, i)->name[0] == '\0')
		return code;
	return registry_site_at(t->r, i)->name;
}

static void
tell_mark(const struct telling *t, const json_t *mark)
{
	const char *site = telling_text(mark, "site");
	char number[24], why[48];

	snprintf(
		number, sizeof(number), "%lld",
		(long long)json_integer_value(json_object_get(mark, "number")));
	snprintf(why, sizeof(why), "mark.%s", telling_text(mark, "why"));
	telling_add(t, "mark.line",
		    (const char *[]){ "number", number, "why",
				      catalogue_text(t->c, t->lang, why), "text",
				      telling_text(mark, "text"), "place",
				      site[0] != '\0' ? site_name(t, site)
						      : telling_area(t, mark),
				      "from", telling_text(mark, "from"), "to",
				      telling_text(mark, "to"), NULL });
}

void
telling_marks(const struct telling *t)
{
	const json_t *mark;
	size_t i;

	json_array_foreach (json_object_get(t->about, "marks"), i, mark)
		tell_mark(t, mark);
}
