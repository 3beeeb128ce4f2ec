/*
 * The outbox's file: opening it, and putting frames in.  Reading them and
 * what a centre answered are in outbox_out.c.
 */
#include "collectors/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/outbox_int.h"

#define SCHEMA 1
#define INPUTS_KEPT "10000"
#define READY_TRIES 50
#define READY_US 100000

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS meta("
	" key TEXT PRIMARY KEY, value ANY) STRICT;"
	"CREATE TABLE IF NOT EXISTS frames("
	" seq INTEGER PRIMARY KEY, created INTEGER NOT NULL,"
	" counts INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" crc INTEGER NOT NULL, county TEXT NOT NULL,"
	" frame BLOB NOT NULL) STRICT;"
	"CREATE TABLE IF NOT EXISTS centres("
	" id TEXT PRIMARY KEY, address TEXT NOT NULL, seq INTEGER NOT NULL,"
	" crc INTEGER NOT NULL, acked INTEGER NOT NULL, seen INTEGER NOT NULL)"
	" STRICT;"
	"CREATE TABLE IF NOT EXISTS acks("
	" centre TEXT NOT NULL, hour INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" PRIMARY KEY(centre, hour)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS rejected("
	" id INTEGER PRIMARY KEY, centre TEXT NOT NULL, seq INTEGER NOT NULL,"
	" place INTEGER NOT NULL, code INTEGER NOT NULL, reason TEXT NOT NULL,"
	" at INTEGER NOT NULL, UNIQUE(centre, seq, place)) STRICT;"
	"CREATE TABLE IF NOT EXISTS inputs("
	" id INTEGER PRIMARY KEY, token TEXT UNIQUE NOT NULL,"
	" name TEXT NOT NULL, rows INTEGER NOT NULL, bad INTEGER NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, at INTEGER NOT NULL)"
	" STRICT;";

static const char *const text[SQL_MAX] = {
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[SQL_META_SET] = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key)"
			 " DO UPDATE SET value = excluded.value",
	[SQL_FRAME_ADD] = "INSERT INTO frames VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
			  " ?7)",
	[SQL_FRAME_GET] = "SELECT frame, county FROM frames WHERE seq = ?1",
	[SQL_FRAME_SWAP] = "UPDATE frames SET frame = ?2, bytes = ?3, crc = ?4,"
			   " counts = 0 WHERE seq = ?1",
	[SQL_FRAME_MOVE] = "UPDATE frames SET seq = ?2, crc = ?3, frame = ?4"
			   " WHERE seq = ?1",
	[SQL_FRAME_BYTES] = "SELECT sum(bytes), min(seq), max(seq), count(*)"
			    " FROM frames WHERE seq > ?1 AND seq <= ?2",
	[SQL_FRAME_FROM] = "SELECT created FROM frames WHERE seq > ?1"
			   " ORDER BY seq LIMIT 1",
	[SQL_FRAME_PRUNE] = "DELETE FROM frames WHERE seq <= ?1",
	[SQL_INPUT_PUT] = "INSERT OR REPLACE INTO inputs(token, name, rows,"
			  " bad, first, last, at)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_INPUT_GET] = "SELECT rows, bad, first, last FROM inputs"
			  " WHERE token = ?1",
	[SQL_CENTRE_GET] = "SELECT id, seq, crc, acked FROM centres"
			   " WHERE id = ?1",
	[SQL_CENTRE_AT] = "SELECT id, seq, crc, acked FROM centres"
			  " WHERE address = ?1 ORDER BY seen DESC LIMIT 1",
	[SQL_CENTRE_SET] =
		"INSERT INTO centres VALUES(?1, ?2, ?3,"
		" ifnull((SELECT crc FROM frames WHERE seq = ?3), 0),"
		" ?4, ?5) ON CONFLICT(id) DO UPDATE SET"
		" address = excluded.address,"
		" crc = iif(excluded.crc = 0 AND"
		"  seq = excluded.seq, crc, excluded.crc),"
		" seq = excluded.seq,"
		" acked = max(acked, excluded.acked),"
		" seen = excluded.seen",
	[SQL_CENTRE_ACK] = "SELECT max(acked) FROM centres",
	[SQL_ACK_PUT] = "INSERT INTO acks VALUES(?1, ?2, ?3)"
			" ON CONFLICT(centre, hour) DO UPDATE SET"
			" seq = max(seq, excluded.seq)",
	[SQL_ACK_BACK] = "DELETE FROM acks WHERE centre = ?1 AND seq > ?2",
	[SQL_ACK_UNTIL] = "SELECT max(seq) FROM acks WHERE centre = ?1"
			  " AND hour <= ?2",
	[SQL_REJECT_PUT] = "INSERT OR IGNORE INTO rejected(centre, seq, place,"
			   " code, reason, at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_REJECT_PRUNE] = "DELETE FROM rejected WHERE id <="
			     " (SELECT max(id) FROM rejected) - 10000",
	[SQL_REJECT_LIST] = "SELECT seq, place, reason, at FROM rejected"
			    " ORDER BY id DESC LIMIT ?1",
	[SQL_REJECT_COUNT] = "SELECT count(*) FROM rejected",
	[SQL_DEPTH] = "SELECT count(*), ifnull(sum(counts), 0),"
		      " ifnull(min(created), 0) FROM frames WHERE seq > ?1",
};

void
outbox_check_fsync(const struct outbox *o)
{
	if (db_fault(o->db) != DB_FSYNC)
		return;
	log_error("outbox: the disk failed to keep what was written; ending, "
		  "so that a new start reads what it really has");
	_exit(EX_IOERR);
}

int
outbox_meta_get(struct outbox *o, const char *key, int64_t *value)
{
	struct db_stmt *s = o->sql[SQL_META_GET];
	int rc;

	db_bind_text(s, 1, key);
	rc = db_step(s);
	if (rc > 0)
		*value = db_int(s, 0);
	db_reset(s);
	return rc;
}

int
outbox_meta_set(struct outbox *o, const char *key, int64_t value)
{
	db_bind_text(o->sql[SQL_META_SET], 1, key);
	db_bind_int(o->sql[SQL_META_SET], 2, value);
	return db_run(o->sql[SQL_META_SET]);
}

/* Schema and identity of a new file, in one transaction. */
static int
make_new(struct outbox *o)
{
	int64_t epoch = 0;
	int rc;

	if (db_begin(o->db) < 0)
		return -1;
	if (db_exec(o->db, schema) < 0)
		goto bad;
	o->sql[SQL_META_GET] = db_prepare(o->db, text[SQL_META_GET]);
	o->sql[SQL_META_SET] = db_prepare(o->db, text[SQL_META_SET]);
	if (o->sql[SQL_META_GET] == NULL || o->sql[SQL_META_SET] == NULL)
		goto bad;
	rc = outbox_meta_get(o, "epoch", &epoch);
	if (rc < 0)
		goto bad;
	if (rc == 0 && (getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch) ||
			outbox_meta_set(o, "epoch", epoch) < 0 ||
			outbox_meta_set(o, "schema", SCHEMA) < 0))
		goto bad;
	if (db_commit(o->db) == 0)
		return 0;
bad:
	db_rollback(o->db);
	return -1;
}

static int
read_identity(struct outbox *o)
{
	int64_t epoch = 0, version = 0, last = 0, revision = 0;

	if (outbox_meta_get(o, "epoch", &epoch) < 0 ||
	    outbox_meta_get(o, "schema", &version) < 0 ||
	    outbox_meta_get(o, "last", &last) < 0 ||
	    outbox_meta_get(o, "revision", &revision) < 0)
		return -1;
	if (version != SCHEMA) {
		log_error("outbox: made by another version of tocsin-collect "
			  "(layout %" PRId64 ", this one knows %d)",
			  version, SCHEMA);
		return -1;
	}
	o->epoch = (uint64_t)epoch;
	o->last = o->committed = (uint64_t)last;
	o->revision = (uint32_t)revision;
	return 0;
}

/* A reader may come while the file is being made. */
static int
wait_for_schema(struct outbox *o)
{
	struct db_stmt *s = db_prepare(o->db, "SELECT count(*) FROM"
					      " sqlite_master WHERE name ="
					      " 'meta'");
	bool there = false;

	for (int i = 0; s != NULL && !there && i < READY_TRIES; i++) {
		if (i > 0)
			usleep(READY_US);
		if (db_step(s) < 0)
			break;
		there = db_int(s, 0) > 0;
		db_reset(s);
	}
	if (!there)
		log_error("outbox: the file is no outbox");
	return there ? 0 : -1;
}

int
outbox_recount(struct outbox *o)
{
	struct db_stmt *s = o->sql[SQL_FRAME_BYTES];
	char id[OUTBOX_ID_BYTES];
	struct outbox_centre centre = { .seq = 0 };

	if (outbox_noted(o, "centre", id, sizeof(id)) < 0)
		return -1;
	if (id[0] != '\0' && outbox_centre(o, id, &centre) < 0)
		return -1;
	o->durable = centre.seq;
	db_bind_int(s, 1, 0);
	db_bind_int(s, 2, INT64_MAX);
	if (db_step(s) < 0) {
		db_reset(s);
		return -1;
	}
	o->first = db_int(s, 3) > 0 ? (uint64_t)db_int(s, 1) : o->last + 1;
	o->waiting_bytes = db_int(s, 0);
	db_reset(s);
	db_bind_int(s, 1, 0);
	db_bind_int(s, 2, (int64_t)o->durable);
	if (db_step(s) < 0) {
		db_reset(s);
		return -1;
	}
	o->kept_bytes = db_int(s, 0);
	o->waiting_bytes -= o->kept_bytes;
	db_reset(s);
	return 0;
}

struct outbox *
outbox_open(const char *path, bool read_only, const struct outbox_limits *limits)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->limits = *limits;
	o->db = db_open(path, read_only ? DB_READ_ONLY : DB_READ_WRITE, 5000,
			"outbox");
	if (o->db == NULL)
		goto bad;
	if ((read_only ? wait_for_schema(o) : make_new(o)) < 0)
		goto bad;
	for (int i = 0; i < SQL_MAX; i++) {
		if (o->sql[i] == NULL)
			o->sql[i] = db_prepare(o->db, text[i]);
		if (o->sql[i] == NULL)
			goto bad;
	}
	if (read_identity(o) < 0 || outbox_recount(o) < 0)
		goto bad;
	return o;
bad:
	outbox_close(&o);
	return NULL;
}

void
outbox_close(struct outbox **op)
{
	struct outbox *o = *op;

	if (o == NULL)
		return;
	db_close(&o->db);
	free(o->hold);
	free(o);
	*op = NULL;
}

uint64_t
outbox_epoch(const struct outbox *o)
{
	return o->epoch;
}

uint64_t
outbox_first(const struct outbox *o)
{
	return o->first;
}

uint64_t
outbox_last(const struct outbox *o)
{
	return o->last;
}

struct db *
outbox_db(struct outbox *o)
{
	return o->db;
}

const char *
outbox_why(const struct outbox *o)
{
	return o->why;
}

/* Is the oldest frame that no centre has too old?  1, 0 or -1. */
static int
too_old(struct outbox *o, int64_t now_ms)
{
	struct db_stmt *s = o->sql[SQL_FRAME_FROM];
	int64_t created = now_ms;
	int rc;

	if (o->limits.waiting_ms == 0)
		return 0;
	db_bind_int(s, 1, (int64_t)o->durable);
	rc = db_step(s);
	if (rc > 0)
		created = db_int(s, 0);
	db_reset(s);
	if (rc < 0 || now_ms - created <= o->limits.waiting_ms)
		return rc < 0 ? -1 : 0;
	snprintf(o->why, sizeof(o->why),
		 "the outbox takes no new counts: the oldest has been waiting "
		 "for a centre for %" PRId64 " days (limit %" PRId64
		 "); nothing is lost, but please have the connection mended",
		 (now_ms - created) / 86400000, o->limits.waiting_ms / 86400000);
	return 1;
}

int
outbox_begin(struct outbox *o, int64_t now_ms)
{
	int rc = too_old(o, now_ms);

	if (rc != 0)
		return rc;
	if (db_begin(o->db) < 0)
		return -1;
	o->why[0] = '\0';
	o->now_ms = now_ms;
	o->committed = o->last;
	o->revision_kept = o->revision;
	o->added_bytes = 0;
	return 0;
}

/* After a failed write: 1 = the disk is full (why is set), else -1. */
static int
refusal(struct outbox *o)
{
	outbox_check_fsync(o);
	if (db_fault(o->db) != DB_FULL)
		return -1;
	snprintf(o->why, sizeof(o->why),
		 "the outbox takes no new counts: its disk is full; nothing "
		 "is lost, but please make room");
	return 1;
}

int
outbox_add(struct outbox *o, const uint8_t *frame, size_t len, uint32_t counts,
	   const char *county)
{
	struct db_stmt *s = o->sql[SQL_FRAME_ADD];
	int64_t bytes = o->waiting_bytes + o->added_bytes + (int64_t)len;
	uint32_t crc = (uint32_t)frame[28] | (uint32_t)frame[29] << 8 |
		       (uint32_t)frame[30] << 16 | (uint32_t)frame[31] << 24;

	if (o->limits.waiting_bytes != 0 && bytes > o->limits.waiting_bytes) {
		snprintf(o->why, sizeof(o->why),
			 "the outbox takes no new counts: %" PRId64
			 " KiB wait for a centre, and with these it would be "
			 "above its limit of %" PRId64
			 " KiB; nothing is lost, but please %s",
			 o->waiting_bytes / 1024, o->limits.waiting_bytes / 1024,
			 o->waiting_bytes < o->limits.waiting_bytes / 2
				 ? "hand them in in smaller parts, or make "
				   "outbox.max larger"
				 : "have the connection mended");
		return 1;
	}
	db_bind_int(s, 1, (int64_t)o->last + 1);
	db_bind_int(s, 2, o->now_ms);
	db_bind_int(s, 3, counts);
	db_bind_int(s, 4, (int64_t)len);
	db_bind_int(s, 5, crc);
	db_bind_text(s, 6, county);
	db_bind_blob(s, 7, frame, len);
	if (db_run(s) < 0)
		return refusal(o);
	o->last++;
	o->added_bytes += (int64_t)len;
	return 0;
}

int
outbox_commit(struct outbox *o)
{
	int rc;

	if (outbox_meta_set(o, "last", (int64_t)o->last) < 0 ||
	    outbox_meta_set(o, "revision", o->revision) < 0 ||
	    db_commit(o->db) < 0) {
		rc = refusal(o);
		outbox_rollback(o);
		return rc;
	}
	o->committed = o->last;
	o->revision_kept = o->revision;
	o->waiting_bytes += o->added_bytes;
	o->added_bytes = 0;
	return 0;
}

void
outbox_rollback(struct outbox *o)
{
	db_rollback(o->db);
	o->last = o->committed;
	o->revision = o->revision_kept;
	o->added_bytes = 0;
}

uint32_t
outbox_revision(struct outbox *o, int64_t now_s)
{
	if (now_s > (int64_t)o->revision && now_s <= (int64_t)UINT32_MAX)
		o->revision = (uint32_t)now_s;
	else if (o->revision < UINT32_MAX)
		o->revision++;
	return o->revision;
}

int
outbox_input_put(struct outbox *o, const char *token, const char *name,
		 const struct outbox_input *in)
{
	struct db_stmt *s = o->sql[SQL_INPUT_PUT];

	db_bind_text(s, 1, token);
	db_bind_text(s, 2, name);
	db_bind_int(s, 3, in->rows);
	db_bind_int(s, 4, in->bad);
	db_bind_int(s, 5, (int64_t)in->first);
	db_bind_int(s, 6, (int64_t)in->last);
	db_bind_int(s, 7, o->now_ms);
	if (db_run(s) < 0)
		return -1;
	return db_exec(o->db, "DELETE FROM inputs WHERE id <= (SELECT max(id)"
			      " FROM inputs) - " INPUTS_KEPT);
}

int
outbox_input_get(struct outbox *o, const char *token, struct outbox_input *out)
{
	struct db_stmt *s = o->sql[SQL_INPUT_GET];
	int rc;

	db_bind_text(s, 1, token);
	rc = db_step(s);
	if (rc > 0) {
		out->rows = db_int(s, 0);
		out->bad = db_int(s, 1);
		out->first = (uint64_t)db_int(s, 2);
		out->last = (uint64_t)db_int(s, 3);
	}
	db_reset(s);
	return rc;
}
