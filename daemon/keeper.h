#ifndef TOCSIN_DAEMON_KEEPER_H
#define TOCSIN_DAEMON_KEEPER_H

/*
 * Deletes what is old, an hour after the start and every hour, slice after
 * slice with a pause between them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/retention.h"

struct keeper {
	struct store *store;
	struct retention_ages ages;
	bool under_way;
	int64_t next_us;  /* of the wall clock */
	uint64_t deleted; /* rows since the start */
};

void keeper_init(struct keeper *k, struct store *store,
		 const struct retention_ages *ages);

/* Once a second.  received_us: the clock by which counts are received. */
void keeper_tick(struct keeper *k, int64_t received_us, int64_t wall_us);

#endif
