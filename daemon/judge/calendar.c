/*
 * Calendars as a byte of marks a day.
 */
#include "daemon/judge/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"
#include "base/nearest.h"
#include "daemon/judge/vocabulary.h"
#include "detectors/detect.h"

enum { MESSAGE_BYTES = 512 };

struct calendar_conf {
	char *title;
	struct conf_list holidays, workdays, no_school;
};

/* One byte a day from the first to the last that the calendar names. */
enum { HOLIDAY = 1, WORKED = 2, NO_SCHOOL = 4 };

struct calendar {
	char *name;
	int32_t first;
	size_t days;
	uint8_t *mark;
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

/* Makes room for the days first..last; 0 or -1 (reported). */
static int
stretch(struct reader *r, struct calendar *c, int32_t first, int32_t last)
{
	int32_t lo = c->days == 0 || first < c->first ? first : c->first;
	int32_t hi = c->first + (int32_t)c->days - 1;
	size_t days;
	uint8_t *mark;

	if (c->days == 0 || last > hi)
		hi = last;
	days = (size_t)(hi - lo) + 1;
	mark = calloc(days, 1);
	if (mark == NULL) {
		complain(r, "calendar", "held: out of memory");
		return -1;
	}
	if (c->days > 0)
		memcpy(mark + (c->first - lo), c->mark, c->days);
	free(c->mark);
	c->mark = mark;
	c->first = lo;
	c->days = days;
	return 0;
}

static void
read_span(struct reader *r, const char *word, uint8_t bit, struct calendar *c)
{
	const char *dots = strstr(word, "..");
	size_t len = dots != NULL ? (size_t)(dots - word) : strlen(word);
	int32_t first = day_parse(word, len);
	int32_t last =
		dots != NULL ? day_parse(dots + 2, strlen(dots + 2)) : first;

	if (first == DAY_NONE || last == DAY_NONE || last < first) {
		complain(r, word,
			 "a day or a span such as 2024-10-01..2024-10-07");
		return;
	}
	if (stretch(r, c, first, last) < 0)
		return;
	for (int32_t d = first; d <= last; d++)
		c->mark[d - c->first] |= bit;
}

static void
read_spans(struct reader *r, const struct conf_list *list, uint8_t bit,
	   struct calendar *c)
{
	for (size_t i = 0; i < list->n; i++)
		read_span(r, list->at[i], bit, c);
}

static bool
is_marked(const struct calendar *c, int32_t day, uint8_t bit)
{
	return c != NULL && c->days > 0 && day >= c->first &&
	       day - c->first < (int32_t)c->days &&
	       (c->mark[day - c->first] & bit) != 0;
}

static void
not_there(const struct conf *conf, const char *name, struct reader *r)
{
	char message[MESSAGE_BYTES];
	struct nearest near;

	nearest_begin(&near, name);
	for (size_t i = 0; i < conf_count(conf, "calendar"); i++)
		nearest_offer(&near, conf_title(conf, "calendar", i));
	snprintf(message, sizeof(message),
		 near.best != NULL
			 ? "there is no calendar \"%.60s\"; did you mean "
			   "\"%.60s\"?"
			 : "there is no calendar \"%.60s\"%.0s",
		 name, near.best != NULL ? near.best : "");
	r->report(r->arg, message);
}

/* The i-th calendar of conf; its errors make r bad. */
static struct calendar *
read_calendar(struct reader *r, const struct conf *conf, size_t i)
{
	const struct calendar_conf *block = conf_at(conf, "calendar", i);
	struct calendar *c = calloc(1, sizeof(*c));

	r->where = conf_where(conf, "calendar", i);
	if (c != NULL)
		c->name = strdup(conf_title(conf, "calendar", i));
	if (c == NULL || c->name == NULL) {
		complain(r, "calendar", "held: out of memory");
		return c;
	}
	read_spans(r, &block->holidays, HOLIDAY, c);
	read_spans(r, &block->workdays, WORKED, c);
	read_spans(r, &block->no_school, NO_SCHOOL, c);
	return c;
}

struct calendar *
calendar_load(const char *const *paths, size_t n, const char *name,
	      conf_report *report, void *arg)
{
	struct reader r = { .report = report, .arg = arg };
	struct conf *conf = conf_load(paths, n, calendar_blocks, report, arg);
	struct calendar *c = NULL;
	size_t i = 0;

	if (conf == NULL)
		return NULL;
	while (name != NULL && i < conf_count(conf, "calendar") &&
	       strcmp(conf_title(conf, "calendar", i), name) != 0)
		i++;
	if (i < conf_count(conf, "calendar"))
		c = read_calendar(&r, conf, i);
	else
		not_there(conf, name != NULL ? name : "", &r);
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
	free(c->name);
	free(c->mark);
	free(c);
}

struct calendars {
	size_t n;
	struct calendar **at;
};

static struct calendars *
read_all(struct reader *r, const struct conf *conf)
{
	struct calendars *all = calloc(1, sizeof(*all));
	size_t n = conf_count(conf, "calendar");

	if (all != NULL)
		all->at = calloc(n + 1, sizeof(*all->at));
	if (all == NULL || all->at == NULL) {
		r->report(r->arg, "no memory for calendars");
		r->bad = true;
		return all;
	}
	while (all->n < n && !r->bad) {
		all->at[all->n] = read_calendar(r, conf, all->n);
		all->n++;
	}
	return all;
}

struct calendars *
calendars_load(const char *path, conf_report *report, void *arg)
{
	struct reader r = { .report = report, .arg = arg };
	struct calendars *all = NULL;
	const char *const *paths = &path;
	char shipped[64];
	struct conf *conf;
	int fd = -1;

	if (path[0] == '\0') {
		fd = vocabulary_shipped_calendars(shipped, sizeof(shipped));
		path = shipped;
		if (fd < 0) {
			report(arg, "no memory for the shipped calendars");
			return NULL;
		}
	}
	conf = conf_load(paths, 1, calendar_blocks, report, arg);
	if (conf != NULL)
		all = read_all(&r, conf);
	conf_free(&conf);
	if (fd >= 0)
		close(fd);
	if (r.bad)
		calendars_free(&all);
	return all;
}

void
calendars_free(struct calendars **pc)
{
	struct calendars *all = *pc;

	*pc = NULL;
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++)
		calendar_free(&all->at[i]);
	free(all->at);
	free(all);
}

const struct calendar *
calendars_find(const struct calendars *all, const char *name)
{
	for (size_t i = 0; all != NULL && i < all->n; i++) {
		if (strcmp(all->at[i]->name, name) == 0)
			return all->at[i];
	}
	return NULL;
}

const char *
calendars_near(const struct calendars *all, const char *name)
{
	struct nearest near;

	nearest_begin(&near, name);
	for (size_t i = 0; all != NULL && i < all->n; i++)
		nearest_offer(&near, all->at[i]->name);
	return near.best;
}

bool
calendar_is_same(const struct calendar *a, const struct calendar *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->first == b->first && a->days == b->days &&
	       (a->days == 0 || memcmp(a->mark, b->mark, a->days) == 0);
}

bool
calendars_are_same(const struct calendars *a, const struct calendars *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!calendar_is_same(a->at[i], calendars_find(b, a->at[i]->name)))
			return false;
	}
	return true;
}

bool
calendar_is_holiday(const struct calendar *c, int32_t day)
{
	return is_marked(c, day, HOLIDAY);
}

bool
calendar_is_workday(const struct calendar *c, int32_t day)
{
	if (is_marked(c, day, WORKED))
		return true;
	return day_weekday(day) < 5 && !calendar_is_holiday(c, day);
}

bool
calendar_is_schoolday(const struct calendar *c, int32_t day)
{
	return calendar_is_workday(c, day) && !is_marked(c, day, NO_SCHOOL);
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
	case REG_UNSCHEDULED:
		return false;
	}
	return true;
}

/* Holidays that make a week another one than its neighbours. */
#define WEEK_HOLIDAYS 3

static uint8_t
week_mark(const struct calendar *c, int32_t monday)
{
	int n = 0;

	for (int32_t d = monday; d < monday + 7; d++)
		n += calendar_is_holiday(c, d);
	return n >= WEEK_HOLIDAYS ? DET_MARK_HOLIDAY : 0;
}

static uint8_t
day_mark(const struct calendar *c, enum reg_expect expect, int32_t day)
{
	uint8_t mark = 0;

	if (is_marked(c, day, HOLIDAY))
		mark |= DET_MARK_HOLIDAY;
	if (is_marked(c, day, WORKED))
		mark |= DET_MARK_WORKED;
	if (expect != REG_UNSCHEDULED && !calendar_expects(c, expect, day))
		mark |= DET_MARK_CLOSED;
	return mark;
}

void
calendar_marks(const struct calendar *c, enum reg_expect expect, int32_t from,
	       int period, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		int32_t day = from + (int32_t)i * period;

		out[i] = period == 7 ? week_mark(c, day)
				     : day_mark(c, expect, day);
	}
}
