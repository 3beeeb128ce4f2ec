#ifndef TOCSIN_JUDGE_QUALITY_FEED_H
#define TOCSIN_JUDGE_QUALITY_FEED_H

/*
 * Is what a site sends still what it used to send?  Three questions about
 * its feed and none about health: has it withered, has one of its series
 * stopped while others come, does one count in another unit?  Pure functions
 * of the judge's cells; what a site has not reported for long is another
 * question, see quality.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/judge/judge.h"
#include "daemon/judge/registry.h"

struct quality_feed {
	uint32_t series; /* REG_NONE: all of the site together */
	int32_t since;	 /* first day of what is odd */
	double seen, usual;
};

/*
 * Withered: the counts of all series that came last, added up over the last
 * 7 periods, are less than .4 of what method "drop" expects of them, at
 * p <= .0001.  Never within a week of a public holiday.
 */
bool quality_withered(const struct registry *r, const struct judge *j,
		      uint32_t site, struct quality_feed *out);

/*
 * Stopped: a series that was in 9 of 10 reports of the site or more is
 * missing from the last 3 to 60 in which others came.  The first such series.
 */
bool quality_stopped(const struct registry *r, const struct judge *j,
		     uint32_t site, struct quality_feed *out);

/*
 * Jumped: each of the last 3 reports of a series is 8 times the largest of
 * the 28 periods before them, or more, and that largest is 5 or more.  The
 * first such series.
 */
bool quality_jumped(const struct registry *r, const struct judge *j,
		    uint32_t site, struct quality_feed *out);

#endif
