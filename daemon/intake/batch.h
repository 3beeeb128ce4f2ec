#ifndef TOCSIN_INTAKE_BATCH_H
#define TOCSIN_INTAKE_BATCH_H

/*
 * One frame on its way: checked on the loop, stored on the store thread,
 * applied to the windows on the loop again.  A value of its own, so that the
 * thread shares nothing with the loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"
#include "daemon/intake/series_ids.h"
#include "daemon/judge/judge.h"
#include "daemon/judge/quality.h"
#include "daemon/judge/registry.h"
#include "daemon/store/counts.h"
#include "proto/wire.h"

#define BATCH_CODES 16 /* above every enum wire_nack */
#define BATCH_REASON_BYTES 200

/* What a frame is checked against; borrowed for the call. */
struct batch_rules {
	struct registry *registry; /* series come into being in it */
	struct series_ids *ids;
	struct zone_now now;
	int64_t horizon_days;	 /* older days are refused */
	int64_t series_per_site; /* most series a site may have */
	bool any_site;		 /* the sender may report for every site */
};

/* Where a frame comes from; texts and bytes are copied. */
struct batch_source {
	const char *sender;
	uint64_t epoch, seq;
	int32_t partition; /* Kafka's, or -1 */
	uint32_t crc;
	int64_t recv_us;
	const uint8_t *frame;
	size_t len;
};

struct batch_refused {
	uint32_t index; /* of the count in its frame */
	uint32_t code;	/* enum wire_nack */
	char reason[BATCH_REASON_BYTES];
};

/* A series that the store may not know yet. */
struct batch_series {
	uint32_t id;
	char site[REG_CODE_BYTES], indicator[REG_CODE_BYTES],
		stratum[REG_CODE_BYTES];
};

struct batch_closed {
	int32_t day;
	uint32_t index; /* of the site */
	char site[REG_CODE_BYTES];
};

enum batch_fate {
	BATCH_KEPT,	 /* stored now */
	BATCH_DUPLICATE, /* seq at or below the high water (Kafka) */
	BATCH_EARLY	 /* the frame before it is missing */
};

struct batch {
	char sender[REG_CODE_BYTES];
	uint64_t epoch, seq;
	int32_t partition;
	uint32_t crc;
	int64_t recv_us;
	struct zone_now received;
	uint8_t *frame;
	size_t len;
	struct counts_row *row; /* in order of (day, series) */
	size_t rows_n;
	struct batch_series *fresh;
	size_t fresh_n;
	struct batch_closed *closed;
	size_t closed_n;
	size_t closed_refused;	       /* marks that the sender may not make */
	struct batch_refused *refused; /* the first WIRE_MAX_REFUSED */
	size_t refused_n;
	uint64_t refused_total;
	uint64_t refused_by[BATCH_CODES]; /* by enum wire_nack */
	char poison[BATCH_REASON_BYTES];  /* not "": the whole frame is refused
					    for this reason, for ever */
	/* Filled on the store thread, by batch_log(). */
	enum batch_fate fate;
	int64_t ledger;
};

/*
 * Checks every count of the decoded frame and stages the good ones.  NULL
 * when memory is short.
 */
struct batch *batch_new(const struct batch_rules *rules,
			const struct batch_source *source,
			const struct wire_batch *decoded);
/* A frame that cannot be used, kept with its reason so that it may pass. */
struct batch *batch_poison(const struct batch_source *source, const char *reason);
void batch_free(struct batch **b);

/*
 * Store thread: the frame, its high-water mark, its refusals, and fate, which
 * says whether it is kept.  split: its counts follow in another transaction,
 * and are kept until then.  ordered: seq must follow the high water; otherwise
 * gaps are allowed.  0 or -1; may be called again.
 */
int batch_log(struct batch *b, struct db *db, bool ordered, bool split)
	__attribute__((warn_unused_result));
/* Store thread, then: the counts of a frame that is kept.  0 or -1. */
int batch_fold(struct batch *b, struct db *db)
	__attribute__((warn_unused_result));
/* Store thread, then: the frames up to this one need not be kept for that. */
int batch_folded(const struct batch *b, struct db *db)
	__attribute__((warn_unused_result));
/* Both at once. */
int batch_store(struct batch *b, struct db *db, bool ordered)
	__attribute__((warn_unused_result));

/* What became of the counts of stored batches. */
struct batch_tally {
	uint64_t fresh, same, older, replaced, conflicts;
	uint64_t by_hand; /* of older */
};

/*
 * Counts of a stored batch that were left aside for their revision.  by_hand:
 * it is a number counted by hand (1, 2, ...) and the one kept has the time in
 * seconds.  The sender gave none before, so the centre did; by its own count
 * the sender is right.
 */
struct batch_older {
	uint64_t all, by_hand;
};
struct batch_older batch_older(const struct batch *b);

/* What the sender of such is told. */
#define BATCH_HINT                                                             \
	"a revision is a small number where the count kept has the time in "   \
	"seconds as its revision, and so is left aside; give the time in "     \
	"seconds always, or no revision"

/*
 * Loop, after COMMIT: sets the changed cells and the marks, tells quality
 * (NULL = nobody) what came late or was refused; false where nothing changed.
 */
struct batch_to {
	struct series_ids *ids;
	struct judge *judge;
	struct quality *quality;
	struct batch_tally *tally;
};
bool batch_apply(const struct batch *b, const struct batch_to *to);

#endif
