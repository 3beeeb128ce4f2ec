#ifndef TOCSIN_STORE_RETENTION_H
#define TOCSIN_STORE_RETENTION_H

/*
 * What is old enough is deleted, a slice at a time, so that no transaction is
 * long.  Alerts, their events and the registry stay for ever.
 */

#include <stdint.h>

#include "daemon/store/store.h"

/* Ages in days; 0 = for ever. */
struct retention_ages {
	int64_t ledger;	 /* frames as received */
	int64_t counts;	 /* by the day they are of */
	int64_t old;	 /* superseded counts, by when they were replaced */
	int64_t notes;	 /* refusals, conflicts, answered requests, marks */
	int64_t notices; /* sent or given up */
};

/*
 * Hands one slice over to the store; done gets how many rows went, 0 when
 * nothing is old any more, -1 after a failure.  now_us as counts are
 * received, wall_us as notices are made.  -1 when memory is short.
 */
typedef void retention_done(void *arg, long rows);
int retention_slice(struct store *store, const struct retention_ages *ages,
		    const int64_t now_us[2], retention_done *done, void *arg)
	__attribute__((warn_unused_result));

#endif
