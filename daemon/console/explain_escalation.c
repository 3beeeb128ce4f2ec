/* Missed clocks in plain words, see explain_escalation.h. */
#include "daemon/console/explain_escalation.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/console/telling.h"

#define TEXT_BYTES 384

/* Adds a word to a list as the language writes it. */
static void
add_word(const struct catalogue *c, enum catalogue_language lang, size_t i,
	 const char *word, char buf[TEXT_BYTES])
{
	size_t len = strlen(buf);

	snprintf(buf + len, TEXT_BYTES - len, "%s%s",
		 i == 0 ? "" : catalogue_text(c, lang, "list.comma"), word);
}

/* "acknowledge, verify" */
static const char *
clocks_of(const struct catalogue *c, enum catalogue_language lang,
	  const json_t *event, char buf[TEXT_BYTES])
{
	const json_t *row;
	size_t i;

	buf[0] = '\0';
	json_array_foreach (json_object_get(event, "clocks"), i, row) {
		char key[64];

		snprintf(key, sizeof(key), "deadline.%.40s",
			 telling_text(row, "step"));
		add_word(c, lang, i, catalogue_text(c, lang, key), buf);
	}
	return buf;
}

static const char *
told_of(const struct catalogue *c, enum catalogue_language lang,
	const json_t *event, char buf[TEXT_BYTES])
{
	const json_t *name;
	size_t i;

	buf[0] = '\0';
	json_array_foreach (json_object_get(event, "told"), i, name)
		add_word(c, lang, i,
			 json_string_value(name) == NULL
				 ? ""
				 : json_string_value(name),
			 buf);
	return buf;
}

static const char *
area_of(enum catalogue_language lang, const json_t *event)
{
	const json_t *to = json_object_get(event, "to");
	const char *zh = telling_text(to, "area_name_zh");

	return lang == CATALOGUE_ZH && zh[0] != '\0'
		       ? zh
		       : telling_text(to, "area_name");
}

/* When the last of the clocks ran out, by the time zone of the process. */
static const char *
due_of(const json_t *event, char buf[TEXT_BYTES])
{
	const json_t *row;
	int64_t last = 0;
	time_t seconds;
	struct tm tm;
	size_t i;

	json_array_foreach (json_object_get(event, "clocks"), i, row) {
		int64_t due =
			json_integer_value(json_object_get(row, "due_ms"));

		last = due > last ? due : last;
	}
	seconds = (time_t)(last / 1000);
	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, TEXT_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

/* Was nobody on duty where the alert is? */
static bool
is_vacant(const json_t *event)
{
	return json_is_true(json_object_get(event, "vacant"));
}

const char *
explain_escalated(const struct catalogue *c, enum catalogue_language lang,
		  const json_t *event, char *buf, size_t cap)
{
	char clocks[TEXT_BYTES], told[TEXT_BYTES];
	const char *args[] = { "clocks", clocks_of(c, lang, event, clocks),
			       "told",	 told_of(c, lang, event, told),
			       "area",	 area_of(lang, event),
			       NULL };

	return catalogue_format(c, lang,
				told[0] == '\0'	   ? "escalated.nobody"
				: is_vacant(event) ? "escalated.told_vacant"
						   : "escalated.told",
				buf, cap, args);
}

void
explain_escalation(const struct catalogue *c, enum catalogue_language lang,
		   const json_t *body, char *title, size_t cap, json_t *lines)
{
	const json_t *e = json_object_get(body, "escalation");
	char clocks[TEXT_BYTES], due[TEXT_BYTES], line[2 * TEXT_BYTES];
	char before[TEXT_BYTES];
	const char *args[] = { "clocks",	 clocks,  "due",  due, "area",
			       area_of(lang, e), "title", before, NULL };

	if (e == NULL)
		return;
	clocks_of(c, lang, e, clocks);
	due_of(e, due);
	snprintf(before, sizeof(before), "%s", title);
	catalogue_format(c, lang,
			 is_vacant(e) ? "escalated.title_vacant"
				      : "escalated.title",
			 title, cap, args);
	catalogue_format(c, lang,
			 is_vacant(e) ? "escalated.notice_vacant"
				      : "escalated.notice",
			 line, sizeof(line), args);
	json_array_insert_new(lines, 0, json_string(line));
}
