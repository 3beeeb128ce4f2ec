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
