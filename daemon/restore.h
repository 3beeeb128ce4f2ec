#ifndef TOCSIN_DAEMON_RESTORE_H
#define TOCSIN_DAEMON_RESTORE_H

/*
 * Memory from the store at start: areas, sites, series, windows, alerts.
 */

#include <stdint.h>

#include "daemon/desk/desk.h"
#include "daemon/intake/series_ids.h"
#include "daemon/judge/judge.h"
#include "daemon/judge/quality.h"
#include "daemon/judge/registry.h"
#include "daemon/store/store.h"

/* Areas, sites and series.  0, or -1 when already logged. */
int restore_registry(struct store *store, struct registry *registry,
		     struct series_ids *ids) __attribute__((warn_unused_result));

/*
 * All counts from the day on into the windows, the marks of closed days, and
 * what came late within the last days; counts gets how many.  0, or -1 when already logged.
 */
struct restore_windows {
	const struct series_ids *ids;
	const struct registry *registry;
	struct judge *judge;
	struct quality *quality;
	int32_t from_day;
	struct zone_now now;
	int64_t today_s; /* first second of now.day, as receipts are dated */
	uint64_t counts;
};
int restore_windows(struct store *store, struct restore_windows *w)
	__attribute__((warn_unused_result));

#endif
