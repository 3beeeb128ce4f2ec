#ifndef TOCSIN_BASE_ZONE_RULE_H
#define TOCSIN_BASE_ZONE_RULE_H

/*
 * The rule with which a file of a time zone ends, for all later years, as
 * "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX TZ with the hours of RFC 9636).  Of
 * zone.c only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When within a year the clocks are changed. */
struct zone_change {
	char form;	      /* 'M': month.week.weekday, 'J', '0': day */
	int month, week, day; /* week 5 = the last; Sunday = 0 */
	int32_t at;	      /* seconds of the day, on the clock before */
};

struct zone_rule {
	int32_t standard, summer; /* seconds ahead of UTC */
	bool changes;
	struct zone_change begin, end; /* of the summer time */
};

/* Reads len bytes; 0, or -1 where they are no rule. */
int zone_rule_parse(const char *text, size_t len, struct zone_rule *out);

/* Seconds ahead of UTC, in years 2..9998. */
int32_t zone_rule_offset(const struct zone_rule *r, int64_t s);

#endif
