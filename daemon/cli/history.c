/*
 * A data set in memory, see history.h.
 */
#include "daemon/cli/history.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/registry_csv.h"

#define MAX_VALUE 2147483647.0

enum { C_DATE, C_SITE, C_IND, C_COUNT, C_DENOM, C_STRATUM, C_RECEIVED, C_REV };

static int
refuse_word(char *err, size_t cap, const char *what, const char *word,
	    const char *near)
{
	if (near == NULL)
		snprintf(err, cap, "unknown %s \"%.64s\"", what, word);
	else
		snprintf(err, cap, "unknown %s \"%.64s\", did you mean \"%s\"?",
			 what, word, near);
	return -1;
}

static int
read_whole(const char *what, const char *text, double *out, char *err, size_t cap)
{
	if (table_number(text, out) == 0 &&
	    (isnan(*out) ||
	     (*out >= 0 && *out <= MAX_VALUE && floor(*out) == *out)))
		return 0;
	snprintf(err, cap, "%s \"%.30s\" is no whole number from 0 to 2^31-1",
		 what, text);
	return -1;
}

static int
read_day(const char *what, const char *text, int32_t *out, char *err, size_t cap)
{
	*out = day_parse(text, strlen(text));
	if (*out != DAY_NONE)
		return 0;
	snprintf(err, cap, "%s \"%.30s\" is no date like 2020-02-29", what, text);
	return -1;
}

static int
read_series(struct history *h, const char *const *f, uint32_t *out, char *err,
	    size_t cap)
{
	struct registry *r = h->registry;
	size_t site_len = strlen(f[C_SITE]), ind_len = strlen(f[C_IND]);
	uint32_t site = registry_site(r, f[C_SITE], site_len);
	uint32_t ind = registry_indicator(r, f[C_IND], ind_len);

	if (site == REG_NONE)
		return refuse_word(err, cap, "site", f[C_SITE],
				   registry_near_site(r, f[C_SITE], site_len));
	if (ind == REG_NONE)
		return refuse_word(err, cap, "indicator", f[C_IND],
				   registry_near_indicator(r, f[C_IND], ind_len));
	if (strlen(f[C_STRATUM]) >= REG_CODE_BYTES) {
		snprintf(err, cap, "a stratum has at most %d bytes",
			 REG_CODE_BYTES - 1);
		return -1;
	}
	*out = registry_add_series(r, site, ind, f[C_STRATUM],
				   strlen(f[C_STRATUM]));
	if (*out == REG_NONE) {
		snprintf(err, cap, "no memory for a series");
		return -1;
	}
	return 0;
}

static int
site_period(const struct history *h, uint32_t series)
{
	return registry_site_at(h->registry,
				registry_series_at(h->registry, series)->site)
		->period;
}

static int
count_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	struct history *h = arg;
	struct history_count c = { 0 };
	double revision = NAN;
	int32_t end;

	(void)line;
	if (read_day("date", f[C_DATE], &c.day, err, cap) < 0 ||
	    read_series(h, f, &c.series, err, cap) < 0 ||
	    read_whole("count", f[C_COUNT], &c.value, err, cap) < 0 ||
	    read_whole("denominator", f[C_DENOM], &c.denominator, err, cap) < 0 ||
	    read_whole("revision", f[C_REV], &revision, err, cap) < 0)
		return -1;
	if (site_period(h, c.series) == 7 && day_weekday(c.day) != 0) {
		snprintf(err, cap,
			 "the site reports by week: its dates are Mondays, and"
			 " %.20s is none",
			 f[C_DATE]);
		return -1;
	}
	end = c.day + site_period(h, c.series) - 1;
	c.received = end;
	if (f[C_RECEIVED][0] != '\0' &&
	    read_day("received", f[C_RECEIVED], &c.received, err, cap) < 0)
		return -1;
	if (c.received < c.day) {
		snprintf(err, cap, "it was received before its own date");
		return -1;
	}
	/* Without a revision what is received later is the later word. */
	c.revision = isnan(revision) ? (uint32_t)(c.received - c.day)
				     : (uint32_t)revision;
	if (history_put(h, &c) < 0) {
		snprintf(err, cap, "no memory");
		return -1;
	}
	return 0;
}

int
history_put(struct history *h, const struct history_count *c)
{
	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 4096 : h->cap * 2;
		struct history_count *count =
			realloc(h->count, cap * sizeof(*count));

		if (count == NULL)
			return -1;
		h->count = count;
		h->cap = cap;
	}
	h->count[h->n++] = *c;
	return 0;
}

/* -1, 0, 1; NaN before every number. */
static int
order(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

/* Cell by cell, in order of receipt. */
static int
by_cell(const void *a, const void *b)
{
	const struct history_count *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->received > y->received) - (x->received < y->received);
}

static int
by_receipt(const void *a, const void *b)
{
	const struct history_count *x = a, *y = b;

	if (x->received != y->received)
		return x->received < y->received ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* Does b, received no earlier, replace a? */
static bool
replaces(const struct history_count *a, const struct history_count *b)
{
	if (a->revision != b->revision)
		return b->revision > a->revision;
	if (order(a->value, b->value) != 0)
		return order(b->value, a->value) > 0;
	return order(b->denominator, a->denominator) > 0;
}

void
history_settle(struct history *h)
{
	size_t kept = 0;

	h->first_received = DAY_NONE;
	h->last_received = DAY_NONE;
	if (h->n == 0)
		return;
	qsort(h->count, h->n, sizeof(*h->count), by_cell);
	for (size_t i = 0; i < h->n; i++) {
		struct history_count *last =
			kept > 0 ? &h->count[kept - 1] : NULL;
		const struct history_count *c = &h->count[i];
		bool same = last != NULL && last->series == c->series &&
			    last->day == c->day;

		if (same && !replaces(last, c))
			continue;
		if (same && last->received == c->received)
			kept--;
		h->count[kept++] = *c;
	}
	h->n = kept;
	qsort(h->count, h->n, sizeof(*h->count), by_receipt);
	h->first_received = h->count[0].received;
	h->last_received = h->count[h->n - 1].received;
}

static const char *
file_of(const char *dir, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

int
history_vocabulary(struct history *h, const char *etc_dir, table_report *report,
		   void *arg)
{
	char path[PATH_MAX];
	int kinds, indicators;

	*h = (struct history){ .first_received = DAY_NONE,
			       .last_received = DAY_NONE };
	h->registry = registry_new();
	if (h->registry == NULL)
		return -1;
	kinds = registry_read_kinds(
		h->registry, file_of(etc_dir, "kinds.csv", path), report, arg);
	indicators = registry_read_indicators(
		h->registry, file_of(etc_dir, "indicators.csv", path), report,
		arg);
	return kinds < 0 || indicators < 0 ? -1 : kinds + indicators;
}

static int
read_counts(struct history *h, const char *path, table_report *report, void *arg)
{
	static const struct table_column column[] = {
		[C_DATE] = { "date", TABLE_FILLED },
		[C_SITE] = { "site", TABLE_FILLED },
		[C_IND] = { "indicator", TABLE_FILLED },
		[C_COUNT] = { "count", TABLE_PRESENT },
		[C_DENOM] = { "denominator", TABLE_OPTIONAL },
		[C_STRATUM] = { "stratum", TABLE_OPTIONAL },
		[C_RECEIVED] = { "received", TABLE_OPTIONAL },
		[C_REV] = { "revision", TABLE_OPTIONAL },
		{ NULL, TABLE_OPTIONAL }
	};
	const struct table_spec spec = { column, count_row, h, report, arg };

	return table_read(path, &spec);
}

static int
read_calendars(struct history *h, const char *etc_dir)
{
	char path[PATH_MAX];

	file_of(etc_dir, "calendars", path);
	h->calendars = calendars_load(access(path, R_OK) == 0 ? path : "",
				      history_say_conf, NULL);
	registry_set_calendars(h->registry, h->calendars);
	return h->calendars == NULL ? -1 : 0;
}

int
history_read(struct history *h, const char *etc_dir, const char *dir,
	     table_report *report, void *arg)
{
	char path[PATH_MAX];
	int bad = history_vocabulary(h, etc_dir, report, arg), n;

	if (bad < 0 || read_calendars(h, etc_dir) < 0)
		return -1;
	n = registry_read_areas(h->registry, file_of(dir, "areas.csv", path),
				report, arg);
	if (n < 0)
		return -1;
	bad += n;
	n = registry_read_sites(h->registry, file_of(dir, "sites.csv", path),
				report, arg);
	if (n < 0)
		return -1;
	bad += n;
	n = read_counts(h, file_of(dir, "counts.csv", path), report, arg);
	if (n < 0)
		return -1;
	history_settle(h);
	return bad + n;
}

void
history_free(struct history *h)
{
	registry_free(&h->registry);
	calendars_free(&h->calendars);
	free(h->count);
	*h = (struct history){ 0 };
}

const char *
history_etc(char *buf, size_t cap)
{
	static const char *const beside[] = { "../../../etc", "../../etc",
					      "../etc", "../etc/tocsin" };
	const char *env = getenv("TOCSIN_ETC");
	char self[PATH_MAX], probe[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (env != NULL) {
		snprintf(buf, cap, "%s", env);
		return buf;
	}
	self[n < 0 ? 0 : n] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	/* The build tree before the installed one: it is newer. */
	for (size_t i = 0; slash != NULL && i < 4; i++) {
		snprintf(buf, cap, "%s/%s", self, beside[i]);
		snprintf(probe, sizeof(probe), "%s/kinds.csv", buf);
		if (access(probe, R_OK) == 0)
			return buf;
	}
	snprintf(buf, cap, "/etc/tocsin");
	if (access("/etc/tocsin/kinds.csv", R_OK) == 0)
		return buf;
	history_say_conf(NULL, "kinds.csv and triggers.d are neither beside the"
			       " program nor in /etc/tocsin; set TOCSIN_ETC");
	return NULL;
}

void
history_say(void *arg, bool error, const char *message)
{
	(void)arg;
	fprintf(stderr, "tocsin: %s%s\n", error ? "" : "warning: ", message);
}

void
history_say_conf(void *arg, const char *message)
{
	history_say(arg, true, message);
}
