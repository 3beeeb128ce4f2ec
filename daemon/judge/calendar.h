#ifndef TOCSIN_JUDGE_CALENDAR_H
#define TOCSIN_JUDGE_CALENDAR_H

/*
 * Calendars: holidays, the weekend days that are worked instead, and when
 * schools are closed, by country, read from etc/calendars.  They say when a
 * report is expected from a site, and which days a detector must not take for
 * ordinary ones.  Outside the years that a calendar lists, only weekends are
 * known.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/judge/registry.h"

struct calendar;

/* The titled block "calendar", for the manual and for tests. */
extern const struct conf_block calendar_blocks[];

/*
 * Reads the calendar of that name, or with NULL the first one, from files or
 * folders.  All errors are reported, then NULL; a name that is not there is
 * one, with the nearest.
 */
struct calendar *calendar_load(const char *const *paths, size_t n,
			       const char *name, conf_report *report, void *arg);
void calendar_free(struct calendar **c);

/*
 * Calendars by name, for sites that name one: all of a file or folder, with
 * "" the shipped ones.  All errors are reported, then NULL.
 */
struct calendars;
struct calendars *calendars_load(const char *path, conf_report *report,
				 void *arg);
void calendars_free(struct calendars **all);
/* NULL: there is none of that name.  all may be NULL. */
const struct calendar *calendars_find(const struct calendars *all,
				      const char *name);
/* The nearest name, or NULL. */
const char *calendars_near(const struct calendars *all, const char *name);

/* Do they mark the same days?  Either may be NULL. */
bool calendar_is_same(const struct calendar *a, const struct calendar *b);
bool calendars_are_same(const struct calendars *a, const struct calendars *b);

/* With NULL: no holidays are known. */
bool calendar_is_holiday(const struct calendar *c, int32_t day);
bool calendar_is_workday(const struct calendar *c, int32_t day);
bool calendar_is_schoolday(const struct calendar *c, int32_t day);

/*
 * Is a report expected when that day is over?  Of a weekly site on Sundays,
 * about the week.
 */
bool calendar_expects(const struct calendar *c, enum reg_expect expect,
		      int32_t day);

/*
 * Marks (DET_MARK_*) of the n periods of 1 or 7 days from the day `from` on,
 * for a detector's window; a week's days are Mondays.  A week is a holiday
 * where three of its days are.
 */
void calendar_marks(const struct calendar *c, enum reg_expect expect,
		    int32_t from, int period, size_t n, uint8_t *out);

#endif
