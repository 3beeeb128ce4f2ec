#ifndef TOCSIN_STORE_CELL_H
#define TOCSIN_STORE_CELL_H

/*
 * One count as it is kept, and the rule which of two counts of the same
 * series and day holds.  Pure, and the same for the daemon, a replay and a
 * back-test: whatever the order and repetition in which counts of given
 * revisions arrive, the same one holds at the end.
 */

#include <stdbool.h>
#include <stdint.h>

/* The flags of a kept count: the wire's WIRE_COUNT_* and our own. */
#define CELL_DENOMINATOR 1u
#define CELL_WITHDRAWN 2u
#define CELL_PARTIAL 4u
#define CELL_CONFLICT 8u /* its revision came with another value as well */

struct cell {
	uint32_t value;
	uint32_t denominator; /* meant with CELL_DENOMINATOR, else 0 */
	uint32_t revision;    /* larger wins */
	uint32_t flags;
};

enum cell_outcome {
	CELL_NEW,	/* there was none (the caller's to say) */
	CELL_SAME,	/* a duplicate; nothing changes */
	CELL_OLDER,	/* what is kept has a larger revision */
	CELL_REPLACED,	/* the new one holds from now on */
	CELL_CONFLICTED /* same revision, other value: *kept is the larger of
			   the two, flagged; it may be the old one */
};

/*
 * Decides between what is kept and what came; *kept becomes what holds.  The
 * order of full tuples is by value, denominator, flags; CELL_CONFLICT stays
 * with its revision.
 */
enum cell_outcome cell_settle(struct cell *kept, const struct cell *came);

/*
 * The revision for a count without one: the time in seconds, but larger than
 * the kept count's (0 = none kept).
 */
uint32_t cell_next_revision(uint32_t kept, int64_t now_s);

/* Do they say the same (revision and conflict aside)? */
bool cell_equal(const struct cell *a, const struct cell *b);

#endif
