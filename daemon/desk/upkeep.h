#ifndef TOCSIN_DESK_UPKEEP_H
#define TOCSIN_DESK_UPKEEP_H

/*
 * Operators' alerts: what is wrong with the reports or with the centre, as
 * alerts of the desk on a route of their own.  One for each cause and site
 * (or sender, or the centre) at a time.  "raised" opens it, "mended" ends it
 * by itself; only people close it, with the verbs of every alert.  It has no
 * trigger, grade, p or budget, and no trigger hears of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/desk/desk.h"
#include "daemon/judge/quality.h"

struct upkeep;

enum upkeep_cause {
	UPKEEP_SILENCE, /* of a site */
	UPKEEP_GATEWAY, /* all sites of a gateway are silent */
	UPKEEP_MANY,	/* more than half of 10 sites or more are silent */
	UPKEEP_DROP,	/* of a site, see quality_withered() */
	UPKEEP_STOPPED, /* quality_stopped() */
	UPKEEP_JUMP,	/* quality_jumped() */
	UPKEEP_REFUSED, /* of a sender: many of its counts are refused */
	UPKEEP_FORK,	/* its outbox was copied */
	UPKEEP_GAP,	/* acknowledged frames are nowhere any more */
	UPKEEP_DISK,	/* of the centre: little space is left */
	UPKEEP_WAL,	/* the write-ahead log grows */
	UPKEEP_CAUSES
};

/* "silence" ... */
const char *upkeep_cause_str(enum upkeep_cause cause);

/*
 * After the desk's alerts are restored.  All borrowed for its life.  NULL:
 * logged.
 */
struct upkeep *upkeep_new(const struct registry *registry, struct judge *judge,
			  const struct quality *quality, struct desk *desk);
void upkeep_free(struct upkeep **u);

/*
 * Looks at the next sites, at most so many, and after the last one at all
 * senders' refusals; then it begins again.  Events go to the desk's sink.
 * 0, or -1 (already logged).
 */
int upkeep_look(struct upkeep *u, const struct zone_now *now, size_t most)
	__attribute__((warn_unused_result));
/* All sites and senders. */
int upkeep_look_all(struct upkeep *u, const struct zone_now *now)
	__attribute__((warn_unused_result));

/* Forks and gaps: what must be told at once. */
int upkeep_look_senders(struct upkeep *u, int32_t today)
	__attribute__((warn_unused_result));

/* UPKEEP_DISK, UPKEEP_WAL: is it so now?  detail as in "512 MiB". */
int upkeep_centre(struct upkeep *u, enum upkeep_cause cause, bool wrong,
		  const char *detail, int32_t today)
	__attribute__((warn_unused_result));

#endif
