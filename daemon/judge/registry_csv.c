/*
 * The registry's tables as CSV, see registry_csv.h.
 */
#include "daemon/judge/registry_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/judge/names.h"

static const char *const expect_name[] = { "daily", "workdays", "schooldays",
					   "weekly", "unscheduled" };

int
registry_expect_parse(const char *text)
{
	for (int i = 0; i <= REG_UNSCHEDULED; i++) {
		if (strcmp(expect_name[i], text) == 0)
			return i;
	}
	return -1;
}

const char *
registry_expect_str(enum reg_expect expect)
{
	return expect_name[expect];
}

/* "day" = 1 and "week" = 7, or the number itself; else -1 with a reason. */
static int
parse_period(const char *text, char *err, size_t cap)
{
	if (strcmp(text, "day") == 0 || strcmp(text, "1") == 0)
		return 1;
	if (strcmp(text, "week") == 0 || strcmp(text, "7") == 0)
		return 7;
	snprintf(err, cap, "period \"%.20s\" is neither \"day\" nor \"week\"",
		 text);
	return -1;
}

static int
parse_expect(const char *text, char *err, size_t cap)
{
	int expect = registry_expect_parse(text);

	if (expect < 0)
		snprintf(err, cap,
			 "reports_on \"%.20s\" is none of daily, workdays,"
			 " schooldays, weekly, unscheduled",
			 text);
	return expect;
}

static int
kind_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	struct reg_kind kind = {
		.code = f[0], .en = f[1], .zh = f[2], .class_code = f[5]
	};
	int period = parse_period(f[3], err, cap);
	int expect = period < 0 ? -1 : parse_expect(f[4], err, cap);

	(void)line;
	if (period < 0 || expect < 0)
		return -1;
	kind.period = period;
	kind.expect = (enum reg_expect)expect;
	return registry_add_kind(arg, &kind, err, cap) == REG_NONE ? -1 : 0;
}

int
registry_read_kinds(struct registry *r, const char *path, table_report *report,
		    void *arg)
{
	static const struct table_column column[] = {
		{ "kind", true },	 { "en", true },
		{ "zh", false },	 { "period", true },
		{ "reports_on", true },	 { "class", true },
		{ NULL, TABLE_OPTIONAL }
	};
	const struct table_spec spec = { column, kind_row, r, report, arg };

	return table_read(path, &spec);
}

static int
indicator_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	struct reg_indicator ind = { .code = f[0],
				     .group = f[1],
				     .unit = f[3],
				     .denominator = f[4],
				     .en = f[5],
				     .zh = f[6] };

	(void)line;
	if (strcmp(f[2], "high") == 0) {
		ind.direction = REG_HIGH;
	} else if (strcmp(f[2], "low") == 0) {
		ind.direction = REG_LOW;
	} else if (strcmp(f[2], "both") == 0) {
		ind.direction = REG_BOTH;
	} else {
		snprintf(err, cap,
			 "direction \"%.20s\" is none of high, low, both", f[2]);
		return -1;
	}
	return registry_add_indicator(arg, &ind, err, cap) == REG_NONE ? -1 : 0;
}

int
registry_read_indicators(struct registry *r, const char *path,
			 table_report *report, void *arg)
{
	static const struct table_column column[] = {
		{ "indicator", true },	  { "group", true },
		{ "direction", true },	  { "unit", false },
		{ "denominator", false }, { "en", true },
		{ "zh", false },	  { NULL, TABLE_OPTIONAL }
	};
	const struct table_spec spec = { column, indicator_row, r, report, arg };

	return table_read(path, &spec);
}

enum { A_CODE, A_PARENT, A_LEVEL, A_NAME, A_POP, A_LAT, A_LON, A_ZH, A_N };

/* A row that waits for its parent. */
struct pending {
	char *field[A_N];
	size_t line;
	bool done;
};

struct area_reader {
	struct registry *r;
	const char *path;
	table_report *report;
	void *arg;
	struct names waiting; /* number = index of row */
	struct pending *row;
	size_t n, cap;
};

static int
keep_area_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	struct area_reader *a = arg;
	struct pending *p;

	if (names_find(&a->waiting, f[A_CODE], strlen(f[A_CODE])) != NAMES_NONE) {
		snprintf(err, cap, "area \"%.64s\" stands there twice",
			 f[A_CODE]);
		return -1;
	}
	if (names_add(&a->waiting, f[A_CODE], strlen(f[A_CODE])) == NAMES_NONE) {
		snprintf(err, cap, "no memory");
		return -1;
	}
	if (a->n == a->cap) {
		size_t more = a->cap == 0 ? 64 : a->cap * 2;
		struct pending *row = realloc(a->row, more * sizeof(*row));

		if (row == NULL) {
			snprintf(err, cap, "no memory");
			return -1;
		}
		a->row = row;
		a->cap = more;
	}
	p = &a->row[a->n++];
	*p = (struct pending){ .line = line };
	for (size_t i = 0; i < A_N; i++) {
		p->field[i] = strdup(f[i]);
		if (p->field[i] == NULL) {
			snprintf(err, cap, "no memory");
			return -1;
		}
	}
	return 0;
}

static int
add_area(struct registry *r, char *const *f, char *err, size_t cap)
{
	struct reg_area area = { .code = f[A_CODE],
				 .name = f[A_NAME],
				 .name_zh = f[A_ZH] };
	int level = registry_level_parse(f[A_LEVEL]);

	if (level < 0) {
		snprintf(err, cap,
			 "level \"%.20s\" is none of nation, province, city,"
			 " county, township",
			 f[A_LEVEL]);
		return -1;
	}
	area.level = (enum reg_level)level;
	if (table_number(f[A_POP], &area.population) < 0 || area.population < 0) {
		snprintf(err, cap, "population \"%.30s\" is no number >= 0",
			 f[A_POP]);
		return -1;
	}
	if (table_number(f[A_LAT], &area.lat) < 0 || fabs(area.lat) > 90 ||
	    table_number(f[A_LON], &area.lon) < 0 || fabs(area.lon) > 180) {
		snprintf(err, cap,
			 "lat and lon \"%.30s\", \"%.30s\" are no"
			 " place on earth",
			 f[A_LAT], f[A_LON]);
		return -1;
	}
	if (registry_add_area(r, &area, f[A_PARENT], err, cap) == REG_NONE)
		return -1;
	return 0;
}

/* Is the parent of the row still to come in this file? */
static bool
parent_waits(const struct area_reader *a, const struct pending *p)
{
	uint32_t i = names_find(&a->waiting, p->field[A_PARENT],
				strlen(p->field[A_PARENT]));

	return i != NAMES_NONE && !a->row[i].done;
}

static int
report_area(struct area_reader *a, const struct pending *p, const char *why)
{
	char message[768];

	snprintf(message, sizeof(message), "%.200s:%zu: %s", a->path, p->line,
		 why);
	a->report(a->arg, true, message);
	return 1;
}

/* Adds the rows whose parents are settled; returns how many it settled. */
static size_t
settle_areas(struct area_reader *a, int *bad)
{
	size_t settled = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct pending *p = &a->row[i];
		char err[512];

		if (p->done || parent_waits(a, p))
			continue;
		p->done = true;
		settled++;
		if (add_area(a->r, p->field, err, sizeof(err)) < 0)
			*bad += report_area(a, p, err);
	}
	return settled;
}

int
registry_read_areas(struct registry *r, const char *path, table_report *report,
		    void *arg)
{
	static const struct table_column column[] = {
		{ "area", true },	 { "parent", false },
		{ "level", true },	 { "name", true },
		{ "population", false }, { "lat", false },
		{ "lon", false },	 { "name_zh", false },
		{ NULL, TABLE_OPTIONAL }
	};
	struct area_reader a = {
		.r = r, .path = path, .report = report, .arg = arg
	};
	const struct table_spec spec = { column, keep_area_row, &a, report, arg };
	int bad = table_read(path, &spec);

	if (bad >= 0) {
		while (settle_areas(&a, &bad) > 0)
			;
		for (size_t i = 0; i < a.n; i++) {
			if (!a.row[i].done)
				bad += report_area(&a, &a.row[i],
						   "a cycle: its parents lead"
						   " back to themselves");
		}
	}
	for (size_t i = 0; i < a.n; i++) {
		for (size_t k = 0; k < A_N; k++)
			free(a.row[i].field[k]);
	}
	free(a.row);
	names_fini(&a.waiting);
	return bad;
}

/* 1 = "yes" or "true", 0 = "no", "false" or "", -1 with a reason. */
static int
parse_withdrawn(const char *text, char *err, size_t cap)
{
	if (strcmp(text, "yes") == 0 || strcasecmp(text, "true") == 0)
		return 1;
	if (text[0] == '\0' || strcmp(text, "no") == 0 ||
	    strcasecmp(text, "false") == 0)
		return 0;
	snprintf(err, cap, "withdrawn \"%.20s\" is neither \"yes\" nor \"no\"",
		 text);
	return -1;
}

static bool
is_known_place(struct registry *r, const struct reg_site *s, char *err, size_t cap)
{
	return (s->zone[0] == '\0' ||
		registry_zone(r, s->zone, err, cap) != REG_NONE) &&
	       (s->calendar[0] == '\0' ||
		registry_knows_calendar(r, s->calendar, err, cap));
}

struct site_reader {
	struct registry *r;
	struct names seen; /* codes of rows that were taken */
};

static int
add_site_row(struct registry *r, const char *const *f, char *err, size_t cap)
{
	struct reg_site site = { .code = f[0],
				 .name = f[3],
				 .phone = f[6],
				 .gateway = f[7],
				 .zone = f[8],
				 .calendar = f[10] };
	uint32_t kind = registry_kind(r, f[1], strlen(f[1]));
	int withdrawn = parse_withdrawn(f[9], err, cap);

	if (withdrawn < 0)
		return -1;
	if (!is_known_place(r, &site, err, cap))
		return -1;
	site.withdrawn = withdrawn == 1;
	if (kind != REG_NONE) {
		site.period = registry_kind_at(r, kind)->period;
		site.expect = registry_kind_at(r, kind)->expect;
	}
	if (f[4][0] != '\0') {
		site.period = parse_period(f[4], err, cap);
		if (site.period < 0)
			return -1;
		if (site.period == 7)
			site.expect = REG_WEEKLY;
		else if (site.expect == REG_WEEKLY)
			site.expect = REG_DAILY;
	}
	if (f[5][0] != '\0') {
		int expect = parse_expect(f[5], err, cap);

		if (expect < 0)
			return -1;
		site.expect = (enum reg_expect)expect;
	}
	return registry_add_site(r, &site, f[1], f[2], err, cap) == REG_NONE ? -1
									     : 0;
}

static int
site_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	struct site_reader *s = arg;

	(void)line;
	if (names_find(&s->seen, f[0], strlen(f[0])) != NAMES_NONE) {
		snprintf(err, cap, "site \"%.64s\" stands there twice", f[0]);
		return -1;
	}
	if (add_site_row(s->r, f, err, cap) < 0)
		return -1;
	if (names_add(&s->seen, f[0], strlen(f[0])) == NAMES_NONE) {
		snprintf(err, cap, "no memory");
		return -1;
	}
	return 0;
}

int
registry_read_sites(struct registry *r, const char *path, table_report *report,
		    void *arg)
{
	static const struct table_column column[] = {
		{ "site", true },      { "kind", true },
		{ "area", true },      { "name", false },
		{ "period", false },   { "reports_on", false },
		{ "phone", false },    { "gateway", false },
		{ "zone", false },     { "withdrawn", false },
		{ "calendar", false }, { NULL, TABLE_OPTIONAL }
	};
	struct site_reader s = { .r = r };
	const struct table_spec spec = { column, site_row, &s, report, arg };
	int bad = table_read(path, &spec);

	names_fini(&s.seen);
	return bad;
}
