/*
 * Calendars as lists of spans of days.
 */
#include "daemon/judge/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"

enum { MESSAGE_BYTES = 512 };

struct calendar_conf {
	char *title;
	struct conf_list holidays, workdays, no_school;
};

struct span {
	int32_t first, last;
};

struct spans {
	struct span *at;
	size_t n;
};

struct calendar {
	struct spans holidays, workdays, no_school;
};

#define AT(field) offsetof(struct calendar_conf, field)

static const struct conf_key keys[] = {
	{ "title", CONF_STRING, AT(title), "", 0, 0, NULL, true,
	  "whose calendar it is" },
	{ "holidays", CONF_LIST, AT(holidays), "", 0, 0, NULL, true,
	  "public holidays, each DATE or DATE..DATE" },
	{ "workdays", CONF_LIST, AT(workdays), "", 0, 0, NULL, true,
	  "Saturdays and Sundays that are worked" },
	{ "no_school", CONF_LIST, AT(no_school), "", 0, 0, NULL, true,
	  "days besides those on which schools are closed" },
	{ 0 },
};

const struct conf_block calendar_blocks[] = {
	{ "calendar", true, keys, sizeof(struct calendar_conf) },
	{ 0 },
};

struct reader {
	const char *where;
	conf_report *report;
	void *arg;
	bool bad;
};

static void
complain(struct reader *r, const char *word, const char *wanted)
{
	char message[MESSAGE_BYTES];

	snprintf(message, sizeof(message), "%s: \"%.60s\" is not %s", r->where,
		 word, wanted);
	r->report(r->arg, message);
	r->bad = true;
}

static int
by_first(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void
read_spans(struct reader *r, const struct conf_list *list, struct spans *out)
{
	out->at = calloc(list->n + 1, sizeof(*out->at));
	if (out->at == NULL) {
		complain(r, "calendar", "held: out of memory");
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const char *word = list->at[i], *dots = strstr(word, "..");
		size_t len = dots != NULL ? (size_t)(dots - word) : strlen(word);
		struct span s;

		s.first = day_parse(word, len);
		s.last = dots != NULL ? day_parse(dots + 2, strlen(dots + 2))
				      : s.first;
		if (s.first == DAY_NONE || s.last == DAY_NONE || s.last < s.first)
			complain(r, word,
				 "a day or a span such as "
				 "2024-10-01..2024-10-07");
		else
			out->at[out->n++] = s;
	}
	qsort(out->at, out->n, sizeof(*out->at), by_first);
}

static bool
covers(const struct spans *s, int32_t day)
{
	size_t lo = 0, hi = s->n;

	/* the last span that begins on or before the day */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->at[mid].first <= day)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && day <= s->at[lo - 1].last;
}

static void
not_there(const struct conf *conf, const char *name, struct reader *r)
{
	size_t n = conf_count(conf, "calendar");
	const char **names = calloc(n + 1, sizeof(*names));
	char message[MESSAGE_BYTES];
	const char *near = NULL;

	for (size_t i = 0; names != NULL && i < n; i++)
		names[i] = conf_title(conf, "calendar", i);
	if (names != NULL)
		near = conf_nearest(name, names);
	snprintf(message, sizeof(message),
		 near != NULL ? "there is no calendar \"%.60s\"; did you mean "
				"\"%.60s\"?"
			      : "there is no calendar \"%.60s\"%.0s",
		 name, near != NULL ? near : "");
	r->report(r->arg, message);
	free(names);
}

struct calendar *
calendar_load(const char *const *paths, size_t n, const char *name,
	      conf_report *report, void *arg)
{
	struct reader r = { .report = report, .arg = arg };
	struct conf *conf = conf_load(paths, n, calendar_blocks, report, arg);
	const struct calendar_conf *block = NULL;
	struct calendar *c = NULL;
	size_t i = 0;

	if (conf == NULL)
		return NULL;
	while (name != NULL && i < conf_count(conf, "calendar") &&
	       strcmp(conf_title(conf, "calendar", i), name) != 0)
		i++;
	block = conf_at(conf, "calendar", i);
	r.where = conf_where(conf, "calendar", i);
	if (block == NULL) {
		not_there(conf, name != NULL ? name : "", &r);
	} else if ((c = calloc(1, sizeof(*c))) == NULL) {
		complain(&r, "calendar", "held: out of memory");
	} else {
		read_spans(&r, &block->holidays, &c->holidays);
		read_spans(&r, &block->workdays, &c->workdays);
		read_spans(&r, &block->no_school, &c->no_school);
	}
	conf_free(&conf);
	if (r.bad)
		calendar_free(&c);
	return c;
}

void
calendar_free(struct calendar **pc)
{
	struct calendar *c = *pc;

	*pc = NULL;
	if (c == NULL)
		return;
	free(c->holidays.at);
	free(c->workdays.at);
	free(c->no_school.at);
	free(c);
}

bool
calendar_is_holiday(const struct calendar *c, int32_t day)
{
	return c != NULL && covers(&c->holidays, day);
}

bool
calendar_is_workday(const struct calendar *c, int32_t day)
{
	if (c != NULL && covers(&c->workdays, day))
		return true;
	return day_weekday(day) < 5 && !calendar_is_holiday(c, day);
}

bool
calendar_is_schoolday(const struct calendar *c, int32_t day)
{
	return calendar_is_workday(c, day) &&
	       (c == NULL || !covers(&c->no_school, day));
}

bool
calendar_expects(const struct calendar *c, enum reg_expect expect, int32_t day)
{
	switch (expect) {
	case REG_DAILY:
		return true;
	case REG_WORKDAYS:
		return calendar_is_workday(c, day);
	case REG_SCHOOLDAYS:
		return calendar_is_schoolday(c, day);
	case REG_WEEKLY:
		return day_weekday(day) == 6;
	}
	return true;
}
