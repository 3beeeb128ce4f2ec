#ifndef TOCSIN_INTAKE_CHECK_H
#define TOCSIN_INTAKE_CHECK_H

/*
 * Is one count of a frame acceptable?  The dictionary is looked at once per
 * entry, the reasons are written only where something is refused.
 */

#include "daemon/intake/batch.h"

/* A dictionary entry as far as it was looked up. */
struct check_entry {
	bool looked;
	uint32_t code; /* enum wire_nack; 0 = good so far */
	uint32_t site, indicator;
	int32_t today; /* at the site */
	uint32_t id;   /* 0 = no series yet */
};

/*
 * Returns 0 and sets *id, or an enum wire_nack with its reason.  entry
 * belongs to the count's dictionary entry and starts as zeros.
 */
uint32_t check_count(const struct batch_rules *rules, const char *sender,
		     const struct wire_series *series,
		     const struct wire_count *count, struct check_entry *entry,
		     uint32_t *id, char reason[BATCH_REASON_BYTES]);

/* May the sender speak for the site?  Its own, or one that names it. */
bool check_may_report(const struct registry *registry, const char *sender,
		      uint32_t site);

#endif
