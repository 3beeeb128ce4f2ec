/*
 * The catalogue of texts.
 */
#include "daemon/console/catalogue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "daemon/console/assets.h"

struct catalogue {
	json_t *text[CATALOGUE_LANGUAGES];
};

static const char *const language_name[] = { "en", "zh-CN" };

struct catalogue *
catalogue_new(void)
{
	struct catalogue *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	for (size_t i = 0; i < CATALOGUE_LANGUAGES; i++) {
		const struct asset *a =
			asset_find(catalogue_assets, language_name[i]);

		if (a != NULL)
			c->text[i] = json_loadb((const char *)a->data, a->len,
						0, NULL);
		if (c->text[i] == NULL) {
			catalogue_free(&c);
			return NULL;
		}
	}
	return c;
}

void
catalogue_free(struct catalogue **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < CATALOGUE_LANGUAGES; i++)
		json_decref((*c)->text[i]);
	free(*c);
	*c = NULL;
}

enum catalogue_language
catalogue_language(const char *text)
{
	return text != NULL && strncasecmp(text, "zh", 2) == 0 ? CATALOGUE_ZH
							       : CATALOGUE_EN;
}

const char *
catalogue_language_str(enum catalogue_language lang)
{
	return language_name[lang];
}

const char *
catalogue_text(const struct catalogue *c, enum catalogue_language lang,
	       const char *key)
{
	const char *text = json_string_value(json_object_get(c->text[lang], key));

	return text == NULL ? key : text;
}

/* The value of "{name}" whose name begins at at and has len bytes. */
static const char *
value_of(const char *const *args, const char *at, size_t len)
{
	for (; args[0] != NULL && args[1] != NULL; args += 2) {
		if (strlen(args[0]) == len && memcmp(args[0], at, len) == 0)
			return args[1];
	}
	return NULL;
}

/* Appends what fits without cutting a UTF-8 character. */
static size_t
append(char *buf, size_t cap, size_t n, const char *text, size_t len)
{
	if (len > cap - 1 - n) {
		len = cap - 1 - n;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(buf + n, text, len);
	return n + len;
}

const char *
catalogue_format(const struct catalogue *c, enum catalogue_language lang,
		 const char *key, char *buf, size_t cap, const char *const *args)
{
	const char *at = catalogue_text(c, lang, key), *end, *value;
	size_t n = 0, len;

	while (*at != '\0') {
		len = strcspn(at, "{");
		n = append(buf, cap, n, at, len);
		at += len;
		if (*at == '\0')
			break;
		end = strchr(at, '}');
		len = end == NULL ? 0 : (size_t)(end - at) - 1;
		value = end == NULL ? NULL : value_of(args, at + 1, len);
		if (value == NULL) {
			n = append(buf, cap, n, at++, 1);
			continue;
		}
		n = append(buf, cap, n, value, strlen(value));
		at = end + 1;
	}
	buf[n] = '\0';
	return buf;
}
