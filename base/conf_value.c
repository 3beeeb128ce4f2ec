/*
 * Values of a configuration: numbers with units, choices, lists.
 */
#include "base/conf_value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit plain[] = { { "", 1 }, { NULL, 0 } };
static const struct unit durations[] = {
	{ "", 1000 },	  { "ms", 1 },	     { "s", 1000 }, { "m", 60000 },
	{ "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
};
static const struct unit sizes[] = {
	{ "", 1 },   { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 },
	{ NULL, 0 },
};

static int
number(const char *text, const struct unit *units, double *out)
{
	char *end;
	double x;

	errno = 0;
	x = strtod(text, &end);
	if (end == text || errno != 0 || !isfinite(x))
		return -1;
	for (; units->name != NULL; units++) {
		if (strcmp(end, units->name) == 0) {
			*out = x * units->factor;
			return 0;
		}
	}
	return -1;
}

static const char *
wanted(enum conf_type type)
{
	switch (type) {
	case CONF_INT:
		return "a whole number";
	case CONF_FLOAT:
		return "a number";
	case CONF_DURATION:
		return "a duration such as 500ms, 90s, 15m, 2h or 7d";
	case CONF_SIZE:
		return "a size such as 64KiB, 4MiB or 1GiB";
	case CONF_BOOL:
		return "yes or no";
	case CONF_STRING:
	case CONF_ZONE:
	case CONF_CHOICE:
	case CONF_LIST:
		break;
	}
	return "a text";
}

/* A limit as it would be written: 7d rather than 604800000. */
static const char *
in_units(double x, const struct unit *units, char *buf, size_t cap)
{
	const struct unit *best = units;

	for (const struct unit *u = units; u->name != NULL; u++) {
		double n = x / u->factor;

		if (n == floor(n) && n >= 1 && u->factor >= best->factor)
			best = u;
	}
	snprintf(buf, cap, "%g%s", x / best->factor, best->name);
	return buf;
}

static int
set_number(const struct conf_key *key, void *field, const char *text,
	   char reason[CONF_REASON_BYTES])
{
	const struct unit *units = key->type == CONF_DURATION ? durations
				   : key->type == CONF_SIZE   ? sizes
							      : plain;
	char least[32], most[32];
	double x;

	if (number(text, units, &x) < 0 || fabs(x) > 9e15 ||
	    (key->type != CONF_FLOAT && x != floor(x))) {
		snprintf(reason, CONF_REASON_BYTES, "%s = \"%.60s\" is not %s",
			 key->name, text, wanted(key->type));
		return -1;
	}
	if ((key->min != 0 || key->max != 0) && (x < key->min || x > key->max)) {
		snprintf(reason, CONF_REASON_BYTES,
			 "%s = %.60s is out of its range, %s to %s", key->name,
			 text, in_units(key->min, units, least, sizeof(least)),
			 in_units(key->max, units, most, sizeof(most)));
		return -1;
	}
	if (key->type == CONF_FLOAT)
		*(double *)field = x;
	else
		*(int64_t *)field = (int64_t)x;
	return 0;
}

static int
set_bool(const struct conf_key *key, void *field, const char *text,
	 char reason[CONF_REASON_BYTES])
{
	static const char *const words[] = { "no",   "yes", "false",
					     "true", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*(bool *)field = i % 2 == 1;
			return 0;
		}
	}
	snprintf(reason, CONF_REASON_BYTES, "%s = \"%.60s\" is not %s",
		 key->name, text, wanted(CONF_BOOL));
	return -1;
}

static int
set_choice(const struct conf_key *key, void *field, const char *text,
	   char reason[CONF_REASON_BYTES])
{
	int n = snprintf(reason, CONF_REASON_BYTES, "%s = \"%.60s\" is none of",
			 key->name, text);

	for (int i = 0; key->choices[i] != NULL; i++) {
		if (strcmp(text, key->choices[i]) == 0) {
			*(int *)field = i;
			return 0;
		}
		if (n < CONF_REASON_BYTES)
			n += snprintf(reason + n, (size_t)(CONF_REASON_BYTES - n),
				      " %s", key->choices[i]);
	}
	return -1;
}

static int
set_string(void *field, const char *text)
{
	char **slot = field;
	char *copy = strdup(text);

	if (copy == NULL)
		return -1;
	free(*slot);
	*slot = copy;
	return 0;
}

static int
set_zone(const struct conf_key *key, void *field, const char *text,
	 char reason[CONF_REASON_BYTES])
{
	char why[CONF_REASON_BYTES - 24];
	struct zone *z = NULL;

	if (text[0] != '\0') {
		z = zone_open(text, why, sizeof(why));
		if (z == NULL) {
			snprintf(reason, CONF_REASON_BYTES, "%.20s: %s",
				 key->name, why);
			return -1;
		}
		zone_free(&z);
	}
	return set_string(field, text);
}

static int
list_append(struct conf_list *list, const char *text, size_t len)
{
	char **grown = realloc(list->at, (list->n + 1) * sizeof(*grown));
	int *lines;
	char *copy;

	if (grown == NULL)
		return -1;
	list->at = grown;
	lines = realloc(list->line, (list->n + 1) * sizeof(*lines));
	if (lines == NULL)
		return -1;
	list->line = lines;
	list->line[list->n] = 0;
	copy = strndup(text, len);
	if (copy == NULL)
		return -1;
	list->at[list->n++] = copy;
	return 0;
}

int
conf_value_set(const struct conf_key *key, void *field, const char *text,
	       char reason[CONF_REASON_BYTES])
{
	int rc = -1;

	snprintf(reason, CONF_REASON_BYTES, "out of memory");
	switch (key->type) {
	case CONF_STRING:
		return set_string(field, text);
	case CONF_ZONE:
		return set_zone(key, field, text, reason);
	case CONF_LIST:
		return list_append(field, text, strlen(text));
	case CONF_CHOICE:
		return set_choice(key, field, text, reason);
	case CONF_BOOL:
		return set_bool(key, field, text, reason);
	case CONF_INT:
	case CONF_FLOAT:
	case CONF_DURATION:
	case CONF_SIZE:
		rc = set_number(key, field, text, reason);
	}
	return rc;
}

void
conf_value_clear(const struct conf_key *key, void *field)
{
	struct conf_list *list = field;

	if (key->type == CONF_STRING || key->type == CONF_ZONE) {
		free(*(char **)field);
		*(char **)field = NULL;
	}
	if (key->type == CONF_LIST) {
		for (size_t i = 0; i < list->n; i++)
			free(list->at[i]);
		free(list->at);
		free(list->line);
		*list = (struct conf_list){ 0 };
	}
}

int
conf_value_default(const struct conf_key *key, void *field,
		   char reason[CONF_REASON_BYTES])
{
	const char *text = key->def;

	if (key->type == CONF_STRING || key->type == CONF_ZONE)
		return set_string(field, text != NULL ? text : "");
	if (text == NULL)
		return 0;
	if (key->type != CONF_LIST)
		return conf_value_set(key, field, text, reason);
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (list_append(field, text, len) < 0)
			return -1;
		text += len + (text[len] == ',' ? 1 : 0);
	}
	return 0;
}
