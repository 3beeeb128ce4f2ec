#ifndef TOCSIN_DAEMON_PAST_H
#define TOCSIN_DAEMON_PAST_H

/* Why a trigger rang or did not, on any day that is still in memory. */

#include <jansson.h>

#include "daemon/centre.h"

/*
 * account_day() of the area and day.  The verdicts of days long past are no
 * longer kept; for them the area's series are judged again by a judge of
 * their own, with what is known of them now.  NULL: *why says why not.
 */
json_t *past_account(struct centre *c, uint32_t area, int32_t day,
		     const char **why);

#endif
