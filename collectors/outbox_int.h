#ifndef TOCSIN_COLLECTORS_OUTBOX_INT_H
#define TOCSIN_COLLECTORS_OUTBOX_INT_H

/* What the files outbox*.c share; nobody else includes it. */

#include "base/db.h"
#include "collectors/outbox.h"
#include "proto/wire.h"

/* Prepared statements, in the order of their text in outbox.c. */
enum outbox_sql {
	SQL_META_GET,
	SQL_META_SET,
	SQL_FRAME_ADD,
	SQL_FRAME_GET,
	SQL_FRAME_SWAP,
	SQL_FRAME_MOVE,
	SQL_FRAME_BYTES,
	SQL_FRAME_FROM,
	SQL_FRAME_PRUNE,
	SQL_INPUT_PUT,
	SQL_INPUT_GET,
	SQL_CENTRE_GET,
	SQL_CENTRE_AT,
	SQL_CENTRE_SET,
	SQL_CENTRE_ACK,
	SQL_ACK_PUT,
	SQL_ACK_BACK,
	SQL_ACK_UNTIL,
	SQL_REJECT_PUT,
	SQL_REJECT_PRUNE,
	SQL_REJECT_LIST,
	SQL_REJECT_COUNT,
	SQL_DEPTH,
	SQL_MAX
};

struct outbox {
	struct db *db;
	struct db_stmt *sql[SQL_MAX];
	struct outbox_limits limits;
	uint64_t epoch;
	uint64_t first, last;	/* last + 1 == first when empty */
	uint64_t committed;	/* last before the open transaction */
	uint64_t durable;	/* at the present centre */
	uint32_t revision;	/* last one given */
	uint32_t revision_kept; /* the same, before the transaction */
	int64_t waiting_bytes, kept_bytes;
	int64_t added_bytes; /* in the open transaction */
	int64_t now_ms;	     /* of the open transaction */
	uint8_t *hold;	     /* the frame lent by outbox_frame() */
	size_t hold_cap;
	char county[WIRE_MAX_CODE + 1];
	char why[OUTBOX_WHY_BYTES];
};

/* Settings: integers; the text ones are in outbox_note(). */
int outbox_meta_get(struct outbox *o, const char *key, int64_t *value)
	__attribute__((warn_unused_result));
int outbox_meta_set(struct outbox *o, const char *key, int64_t value)
	__attribute__((warn_unused_result));

/* Reads durable and the byte sums anew.  0 or -1. */
int outbox_recount(struct outbox *o) __attribute__((warn_unused_result));

/* Writes epoch and seq into a frame's envelope and makes its crc anew. */
void outbox_stamp(uint8_t *frame, size_t len, uint64_t epoch, uint64_t seq);

#endif
