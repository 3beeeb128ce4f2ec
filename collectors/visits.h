#ifndef TOCSIN_COLLECTORS_VISITS_H
#define TOCSIN_COLLECTORS_VISITS_H

/*
 * Visits that were told one by one, kept as far as exact counts need it: a
 * keyed hash of the visit's id, its day, and which indicators it counts for
 * by its complaint and by its diagnoses.  Nothing of it leaves the site but
 * counts a day; the words and the ids themselves are not kept at all.
 *
 * A changed visit changes its days' counts; changed days are counted again by
 * visits_publish().  Visits, and the list of changed days, live in the outbox's
 * file, so that a message that was acknowledged is never forgotten.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h" /* struct wire_text */

struct outbox;
struct pack;
struct syndromes;
struct visits;

/* What one message says of a visit. */
struct visit {
	struct wire_text id;
	int32_t day;	    /* INT32_MIN = the message does not say */
	bool has_complaint; /* or the complaint stands as it was */
	bool has_diagnosis;
	uint64_t by_complaint; /* bits of syndromes.h */
	uint64_t by_diagnosis;
	bool cancelled;
};

/* All are borrowed.  NULL when already logged. */
struct visits *visits_open(struct outbox *o, struct pack *p,
			   const struct syndromes *s, const char *site);
void visits_close(struct visits **v);

/*
 * Keeps what the message says, durable when it returns 0.  today bounds the
 * days that are counted: none later, none before today - window_days.
 * 0; 1 = nothing to keep (too old, or in the future); -1 = already logged.
 */
int visits_put(struct visits *v, const struct visit *visit, int32_t today,
	       int32_t window_days) __attribute__((warn_unused_result));

/*
 * Puts the counts of changed days into the outbox, with all visits as their
 * denominator; today's are marked partial and counted again when it is over.
 * Forgets visits older than the window.  Days put; 0 also where the outbox is
 * full, and then they stay changed; -1 = already logged.
 */
int visits_publish(struct visits *v, int32_t today, int32_t window_days)
	__attribute__((warn_unused_result));

#endif
