#ifndef TOCSIN_DAEMON_DAYCLOCK_H
#define TOCSIN_DAEMON_DAYCLOCK_H

/*
 * What day it is.  The system's, in the centre's time zone, or one that
 * stands still until it is told to go on.  It never goes back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/zone.h"

struct dayclock {
	bool manual;
	int32_t day;	  /* the last day begun; DAY_NONE: never set */
	int64_t now_s;	  /* system: the last second seen */
	int64_t received; /* manual: counts the moments of the day */
};

/* manual: stands at day, or, with DAY_NONE, at 1970-01-01 until it is set. */
void dayclock_init(struct dayclock *c, bool manual, int32_t day);

/* The last day begun; and the second, but by a manual clock. */
int32_t dayclock_today(struct dayclock *c);
struct zone_now dayclock_now(struct dayclock *c);
/* manual: is now this day, which is not before the last. */
void dayclock_set(struct dayclock *c, int32_t day);

/*
 * When something that comes now was received, in microseconds since 1970:
 * under a manual clock a moment of its day, each later than the last.
 */
int64_t dayclock_received_us(struct dayclock *c);

/*
 * Now by this clock, in milliseconds since 1970: the wall clock, or noon of
 * the manual clock's day in the centre's time zone.
 */
int64_t dayclock_now_ms(struct dayclock *c);

/* The last second of the day, as receipts are dated. */
int64_t dayclock_end_s(const struct dayclock *c, int32_t day);

/* The wall clock, for people to read. */
int64_t dayclock_wall_us(void);

#endif
