/* Digests, see digest.h. */
#include "daemon/notify/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/console/explain.h"
#include "daemon/console/telling.h"
#include "daemon/notify/receiver.h"

#define TITLE_BYTES 256
#define LINE_BYTES 1024
#define CLEAREST 2 /* of the lines of explain_alert() */

int64_t
digest_next_ms(int minutes, int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000), then;
	struct tm today, tm;

	localtime_r(&now, &today);
	for (int ahead = 0;; ahead++) {
		tm = (struct tm){ .tm_year = today.tm_year,
				  .tm_mon = today.tm_mon,
				  .tm_mday = today.tm_mday + ahead,
				  .tm_hour = minutes / 60,
				  .tm_min = minutes % 60,
				  .tm_isdst = -1 };
		then = mktime(&tm);
		/* Tomorrow's is after now whatever the zone does. */
		if (then > now || ahead > 1)
			return (int64_t)then * 1000;
	}
}

static bool
is_ended(const json_t *alert)
{
	return strcmp(telling_text(alert, "signal"), "ended") == 0;
}

static int
by_weight(const void *a, const void *b)
{
	const json_t *one = *(const json_t *const *)a;
	const json_t *other = *(const json_t *const *)b;
	int by = receiver_grade(other) - receiver_grade(one);

	if (by == 0)
		by = is_ended(one) - is_ended(other);
	if (by == 0)
		by = strcmp(telling_text(other, "first_day"),
			    telling_text(one, "first_day"));
	return by != 0 ? by
		       : strcmp(telling_text(one, "id"),
				telling_text(other, "id"));
}

/* The alerts in their order, ended by NULL, the caller's to free. */
static const json_t **
sorted(json_t *alerts)
{
	const json_t **all = calloc(json_object_size(alerts) + 1, sizeof(*all));
	const char *id;
	json_t *alert;
	size_t n = 0;

	if (all == NULL)
		return NULL;
	json_object_foreach (alerts, id, alert)
		all[n++] = alert;
	qsort(all, n, sizeof(*all), by_weight);
	return all;
}

/* The alert in a line; n: which of them, from 1. */
static json_t *
line_of(const struct digest_for *f, const json_t *alert, size_t n,
	const char *title, const char *url)
{
	json_t *said = explain_alert(f->c, f->lang, f->registry, alert);
	char number[32], state[64], line[LINE_BYTES];
	const char *clearest = json_string_value(json_array_get(said, CLEAREST));
	size_t len;

	snprintf(number, sizeof(number), "%zu", n);
	snprintf(state, sizeof(state), "state.%.40s",
		 telling_text(alert, "state"));
	catalogue_format(
		f->c, f->lang,
		is_ended(alert) ? "digest.line_ended" : "digest.line", line,
		sizeof(line),
		(const char *[]){ "n", number, "title", title, "clearest",
				  clearest == NULL ? "" : clearest, "since",
				  telling_text(alert, "first_day"), "state",
				  catalogue_text(f->c, f->lang, state), "url",
				  url, NULL });
	json_decref(said);
	for (len = strlen(line); len > 0 && line[len - 1] == ' '; len--)
		line[len - 1] = '\0';
	return json_string(line);
}

/* What a program gets of the alert, few fields, for there may be many. */
static json_t *
short_of(const json_t *alert, const char *title, const char *url)
{
	static const char *const keys[] = { "id",    "trigger",	 "area",
					    "level", "grade",	 "signal",
					    "state", "first_day" };
	json_t *out = json_pack("{s:s,s:s}", "title", title, "url", url);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(out, keys[i], json_object_get(alert, keys[i]));
	return out;
}

static void
add_more(const struct digest_for *f, size_t more, json_t *lines)
{
	char number[32], line[LINE_BYTES];
	const char *args[] = { "n", number, NULL };

	snprintf(number, sizeof(number), "%zu", more);
	if (more > 0)
		json_array_append_new(lines, json_string(catalogue_format(
						     f->c, f->lang, "digest.more",
						     line, sizeof(line), args)));
}

json_t *
digest_body(const struct digest_for *f, json_t *alerts, json_t **lines)
{
	const json_t **all = sorted(alerts);
	json_t *rows = json_array();
	size_t n = 0, total = json_object_size(alerts);
	char title[TITLE_BYTES], url[LINE_BYTES / 2] = "";

	if (all == NULL) {
		json_decref(rows);
		return NULL;
	}
	*lines = json_array();
	for (; all[n] != NULL && n < DIGEST_LINES; n++) {
		explain_title(f->c, f->lang, f->registry, all[n], title,
			      sizeof(title));
		if (f->console_url[0] != '\0')
			snprintf(url, sizeof(url), "%s/#/alerts/%s",
				 f->console_url, telling_text(all[n], "id"));
		json_array_append_new(*lines,
				      line_of(f, all[n], n + 1, title, url));
		json_array_append_new(rows, short_of(all[n], title, url));
	}
	free(all);
	add_more(f, total - n, *lines);
	return json_pack("{s:s,s:o,s:I,s:I}", "event", "digest", "alerts", rows,
			 "more", (json_int_t)(total - n), "n", (json_int_t)total);
}

const char *
digest_title(const struct digest_for *f, json_int_t n, char *buf, size_t cap)
{
	char number[32], colour[32];
	const char *args[] = { "n", number, "colour", NULL, NULL };

	snprintf(number, sizeof(number), "%lld", (long long)n);
	snprintf(colour, sizeof(colour), "colour.%.20s", f->below);
	args[3] = catalogue_text(f->c, f->lang, colour);
	return catalogue_format(f->c, f->lang, "digest.title", buf, cap, args);
}
