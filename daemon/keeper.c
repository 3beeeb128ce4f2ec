/* When old rows are deleted. */
#include "daemon/keeper.h"

#include <string.h>

#include "base/log.h"

#define HOUR_US INT64_C(3600000000)
#define FIRST_US INT64_C(60000000) /* after the start, when all is quiet */

void
keeper_init(struct keeper *k, struct store *store,
	    const struct retention_ages *ages)
{
	memset(k, 0, sizeof(*k));
	k->store = store;
	k->ages = *ages;
}

static void
done(void *arg, long rows)
{
	struct keeper *k = arg;

	k->under_way = false;
	if (rows <= 0)
		return;
	k->deleted += (uint64_t)rows;
	log_debug("keeper: deleted rows=%ld", rows);
	k->next_us = 0; /* there may be more: with the next tick */
}

void
keeper_tick(struct keeper *k, int64_t received_us, int64_t wall_us)
{
	const int64_t now_us[2] = { received_us, wall_us };
	bool first = k->next_us == 0 && k->deleted == 0;

	if (k->under_way || wall_us < k->next_us)
		return;
	k->next_us = wall_us + (first ? FIRST_US : HOUR_US);
	if (first)
		return;
	k->under_way = retention_slice(k->store, &k->ages, now_us, done, k) == 0;
}
