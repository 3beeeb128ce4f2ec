/*
 * The outbox's other half: lending frames to an output, and keeping what the
 * centres answered.
 */
#include "collectors/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "collectors/outbox_int.h"

#define HOUR_MS 3600000

static void
put_le64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t
get_le32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

void
outbox_stamp(uint8_t *frame, size_t len, uint64_t epoch, uint64_t seq)
{
	uint32_t crc;

	put_le64(frame + 8, epoch);
	put_le64(frame + 16, seq);
	crc = wire_crc32(0, frame, 28);
	crc = wire_crc32(crc, frame + WIRE_HEADER_BYTES, len - WIRE_HEADER_BYTES);
	for (int i = 0; i < 4; i++)
		frame[28 + i] = (uint8_t)(crc >> (8 * i));
}

/* Makes room for len bytes in the lent frame's buffer. */
static int
hold(struct outbox *o, const void *frame, size_t len)
{
	if (len > o->hold_cap) {
		uint8_t *p = realloc(o->hold, len);

		if (p == NULL) {
			log_error("outbox: out of memory");
			return -1;
		}
		o->hold = p;
		o->hold_cap = len;
	}
	if (len > 0)
		memcpy(o->hold, frame, len);
	return 0;
}

/* Puts an empty frame where the damaged frame seq was. */
static int
replace(struct outbox *o, uint64_t seq, size_t *len)
{
	struct wire_batch *none = calloc(1, sizeof(*none));
	uint8_t buf[256];
	struct db_stmt *s = o->sql[SQL_FRAME_SWAP];
	long n;

	if (none == NULL)
		return -1;
	none->sender.at = "damaged";
	none->sender.len = 7;
	n = wire_batch_encode(o->epoch, seq, none, buf, sizeof(buf));
	free(none);
	if (n < 0)
		return -1;
	log_error("outbox: frame %" PRIu64 " was damaged on disk and its "
		  "counts are lost; please push their file again",
		  seq);
	db_bind_int(s, 1, (int64_t)seq);
	db_bind_blob(s, 2, buf, (size_t)n);
	db_bind_int(s, 3, n);
	db_bind_int(s, 4, get_le32(buf + 28));
	if (db_run(s) < 0)
		return -1;
	if (outbox_reject(o, "", seq, -1, 0,
			  "damaged on this machine's disk; push the file again",
			  0) < 0)
		return -1;
	*len = (size_t)n;
	return hold(o, buf, (size_t)n);
}

int
outbox_frame(struct outbox *o, uint64_t seq, const uint8_t **frame, size_t *len,
	     const char **county)
{
	struct db_stmt *s = o->sql[SQL_FRAME_GET];
	struct wire_header h;
	const uint8_t *body;
	const void *blob;
	int rc;

	db_bind_int(s, 1, (int64_t)seq);
	rc = db_step(s);
	if (rc > 0) {
		blob = db_blob(s, 0, len);
		snprintf(o->county, sizeof(o->county), "%s", db_text(s, 1));
		rc = hold(o, blob, *len) < 0 ? -1 : 1;
	}
	db_reset(s);
	if (rc <= 0)
		return rc;
	if (wire_open(o->hold, *len, &h, &body) != WIRE_OK || h.seq != seq ||
	    h.epoch != o->epoch) {
		if (replace(o, seq, len) < 0)
			return -1;
	}
	*frame = o->hold;
	*county = o->county;
	return 1;
}

static int
read_centre(struct db_stmt *s, const char *key, struct outbox_centre *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	db_bind_text(s, 1, key);
	rc = db_step(s);
	if (rc > 0) {
		snprintf(out->id, sizeof(out->id), "%s", db_text(s, 0));
		out->seq = (uint64_t)db_int(s, 1);
		out->crc = (uint32_t)db_int(s, 2);
		out->acked_ms = db_int(s, 3);
	}
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

int
outbox_centre(struct outbox *o, const char *id, struct outbox_centre *out)
{
	return read_centre(o->sql[SQL_CENTRE_GET], id, out);
}

int
outbox_centre_at(struct outbox *o, const char *address, struct outbox_centre *out)
{
	return read_centre(o->sql[SQL_CENTRE_AT], address, out);
}

static int
sum_bytes(struct outbox *o, uint64_t after, uint64_t to, int64_t *bytes)
{
	struct db_stmt *s = o->sql[SQL_FRAME_BYTES];
	int rc;

	db_bind_int(s, 1, (int64_t)after);
	db_bind_int(s, 2, (int64_t)to);
	rc = db_step(s);
	*bytes = rc > 0 ? db_int(s, 0) : 0;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

/*
 * Deletes frames acknowledged long enough ago, and the oldest acknowledged
 * ones above the size kept.
 */
static int
prune(struct outbox *o, const char *id, int64_t now_ms)
{
	struct db_stmt *s = o->sql[SQL_ACK_UNTIL];
	uint64_t upto;
	int64_t gone;

	db_bind_text(s, 1, id);
	db_bind_int(s, 2, (now_ms - o->limits.keep_ms) / HOUR_MS - 1);
	if (db_step(s) < 0) {
		db_reset(s);
		return -1;
	}
	upto = (uint64_t)db_int(s, 0);
	db_reset(s);
	if (o->kept_bytes > o->limits.keep_bytes && o->limits.keep_bytes > 0 &&
	    upto < o->first + (o->durable - o->first) / 8)
		upto = o->first + (o->durable - o->first) / 8;
	if (upto > o->durable)
		upto = o->durable;
	if (upto < o->first)
		return 0;
	if (sum_bytes(o, 0, upto, &gone) < 0)
		return -1;
	db_bind_int(o->sql[SQL_FRAME_PRUNE], 1, (int64_t)upto);
	if (db_run(o->sql[SQL_FRAME_PRUNE]) < 0)
		return -1;
	o->kept_bytes -= gone;
	o->first = upto + 1;
	return 0;
}

static int
write_position(struct outbox *o, const char *id, const char *address,
	       uint64_t seq, int64_t acked_ms, int64_t now_ms)
{
	struct db_stmt *s = o->sql[SQL_CENTRE_SET];

	db_bind_text(s, 1, id);
	db_bind_text(s, 2, address);
	db_bind_int(s, 3, (int64_t)seq);
	db_bind_int(s, 4, acked_ms);
	db_bind_int(s, 5, now_ms);
	if (db_run(s) < 0 || outbox_note(o, "centre", id) < 0)
		return -1;
	s = o->sql[SQL_ACK_BACK];
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, (int64_t)seq);
	if (db_run(s) < 0)
		return -1;
	s = o->sql[SQL_ACK_PUT];
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, now_ms / HOUR_MS);
	db_bind_int(s, 3, (int64_t)seq);
	return db_run(s);
}

int
outbox_durable(struct outbox *o, const char *id, const char *address,
	       uint64_t seq, bool acked, int64_t now_ms)
{
	int64_t moved = 0;

	if (db_begin(o->db) < 0)
		return -1;
	if (write_position(o, id, address, seq, acked ? now_ms : 0, now_ms) < 0)
		goto bad;
	if (seq >= o->durable) {
		if (sum_bytes(o, o->durable, seq, &moved) < 0)
			goto bad;
		o->waiting_bytes -= moved;
		o->kept_bytes += moved;
		o->durable = seq;
	} else if (outbox_recount(o) < 0) {
		goto bad;
	}
	if (o->durable >= o->first && prune(o, id, now_ms) < 0)
		goto bad;
	if (db_commit(o->db) < 0)
		goto bad;
	return 0;
bad:
	outbox_check_fsync(o);
	db_rollback(o->db);
	if (outbox_recount(o) < 0)
		log_error("outbox: cannot read its own state back");
	return -1;
}

int
outbox_reject(struct outbox *o, const char *id, uint64_t seq, int64_t place,
	      uint32_t code, const char *reason, int64_t now_ms)
{
	struct db_stmt *s = o->sql[SQL_REJECT_PUT];

	db_bind_text(s, 1, id);
	db_bind_int(s, 2, (int64_t)seq);
	db_bind_int(s, 3, place);
	db_bind_int(s, 4, code);
	db_bind_text(s, 5, reason);
	db_bind_int(s, 6, now_ms);
	if (db_run(s) < 0)
		return -1;
	return db_run(o->sql[SQL_REJECT_PRUNE]);
}

int
outbox_each_rejected(struct outbox *o, int n, outbox_rejected *each, void *arg)
{
	struct db_stmt *s = o->sql[SQL_REJECT_LIST];
	int rc;

	db_bind_int(s, 1, n);
	while ((rc = db_step(s)) > 0)
		each(arg, (uint64_t)db_int(s, 0), db_int(s, 1), db_text(s, 2),
		     db_int(s, 3));
	db_reset(s);
	return rc;
}

int
outbox_depth(struct outbox *o, struct outbox_depth *out)
{
	struct db_stmt *s = o->sql[SQL_DEPTH];
	int64_t last = 0;

	memset(out, 0, sizeof(*out));
	if (outbox_meta_get(o, "last", &last) < 0)
		return -1;
	o->last = o->committed = (uint64_t)last; /* a reader's may be old */
	if (outbox_recount(o) < 0)
		return -1;
	out->first = o->first;
	out->last = o->last;
	out->durable = o->durable;
	out->bytes = o->waiting_bytes;
	out->kept_bytes = o->kept_bytes;
	db_bind_int(s, 1, (int64_t)o->durable);
	if (db_step(s) < 0)
		goto bad;
	out->frames = db_int(s, 0);
	out->counts = db_int(s, 1);
	out->oldest_ms = db_int(s, 2);
	db_reset(s);
	s = o->sql[SQL_CENTRE_ACK];
	if (db_step(s) < 0)
		goto bad;
	out->acked_ms = db_int(s, 0);
	db_reset(s);
	s = o->sql[SQL_REJECT_COUNT];
	if (db_step(s) < 0)
		goto bad;
	out->rejected = db_int(s, 0);
	db_reset(s);
	return 0;
bad:
	db_reset(s);
	return -1;
}

int
outbox_note(struct outbox *o, const char *key, const char *text)
{
	db_bind_text(o->sql[SQL_META_SET], 1, key);
	db_bind_text(o->sql[SQL_META_SET], 2, text);
	return db_run(o->sql[SQL_META_SET]);
}

int
outbox_noted(struct outbox *o, const char *key, char *buf, size_t cap)
{
	struct db_stmt *s = o->sql[SQL_META_GET];
	int rc;

	buf[0] = '\0';
	db_bind_text(s, 1, key);
	rc = db_step(s);
	if (rc > 0)
		snprintf(buf, cap, "%s", db_text(s, 0));
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

/* Moves the frame from one seq to another, under the new epoch. */
static int
renumber(struct outbox *o, uint64_t from, uint64_t to, uint64_t epoch)
{
	struct db_stmt *s = o->sql[SQL_FRAME_MOVE];
	const uint8_t *frame;
	const char *county;
	size_t len;
	int rc = outbox_frame(o, from, &frame, &len, &county);

	if (rc <= 0)
		return -1;
	outbox_stamp(o->hold, len, epoch, to);
	db_bind_int(s, 1, (int64_t)from);
	db_bind_int(s, 2, (int64_t)to);
	db_bind_int(s, 3, get_le32(o->hold + 28));
	db_bind_blob(s, 4, o->hold, len);
	return db_run(s);
}

int64_t
outbox_renew(struct outbox *o)
{
	uint64_t epoch, seq, n = 0, old = o->epoch;

	if (getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch))
		return -1;
	if (db_begin(o->db) < 0)
		return -1;
	for (seq = o->first; seq <= o->last; seq++) {
		if (renumber(o, seq, ++n, epoch) < 0)
			goto bad;
	}
	if (outbox_meta_set(o, "epoch", (int64_t)epoch) < 0 ||
	    outbox_meta_set(o, "last", (int64_t)n) < 0 ||
	    outbox_note(o, "centre", "") < 0 ||
	    db_exec(o->db, "DELETE FROM centres; DELETE FROM acks;"
			   " DELETE FROM rejected;") < 0 ||
	    db_commit(o->db) < 0)
		goto bad;
	o->epoch = epoch;
	o->last = o->committed = n;
	return outbox_recount(o) < 0 ? -1 : (int64_t)n;
bad:
	outbox_check_fsync(o);
	db_rollback(o->db);
	o->epoch = old;
	return -1;
}
