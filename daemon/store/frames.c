/* The ledger and what stands beside it. */
#include "daemon/store/frames.h"

#include <stdio.h>
#include <string.h>

static void
bind_key(struct db_stmt *s, const struct frames_key *key)
{
	db_bind_text(s, 1, key->sender);
	db_bind_int(s, 2, (int64_t)key->epoch);
	db_bind_int(s, 3, key->partition);
}

int
frames_put(struct db *db, const struct frames_row *row, int64_t *id)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO ledger(sender, epoch, partition,"
			      " seq, recv_us, crc, frame)"
			      " VALUES(?, ?, ?, ?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	bind_key(s, &row->key);
	db_bind_int(s, 4, (int64_t)row->seq);
	db_bind_int(s, 5, row->recv_us);
	db_bind_int(s, 6, row->crc);
	db_bind_blob(s, 7, row->frame, row->len);
	if (db_run(s) < 0)
		return -1;
	*id = db_last_rowid(db);
	return 0;
}

int
frames_high_water(struct db *db, const struct frames_key *key, uint64_t *seq,
		  uint32_t *crc)
{
	struct db_stmt *s =
		db_cached(db, "SELECT seq, crc FROM site_high_water"
			      " WHERE sender=? AND epoch=? AND partition=?");
	int rc;

	if (s == NULL)
		return -1;
	bind_key(s, key);
	rc = db_step(s);
	*seq = rc == 1 ? (uint64_t)db_int(s, 0) : 0;
	*crc = rc == 1 ? (uint32_t)db_int(s, 1) : 0;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

static void
bind_mark(struct db_stmt *s, const struct frames_key *key, uint64_t seq,
	  uint32_t crc, int64_t now_us)
{
	bind_key(s, key);
	db_bind_int(s, 4, (int64_t)seq);
	db_bind_int(s, 5, crc);
	db_bind_int(s, 6, now_us);
}

int
frames_advance(struct db *db, const struct frames_key *key, uint64_t seq,
	       uint32_t crc, int64_t now_us)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO site_high_water(sender, epoch, partition, seq,"
		    " crc, at_us) VALUES(?, ?, ?, ?, ?, ?)"
		    " ON CONFLICT DO UPDATE SET seq=excluded.seq,"
		    " crc=excluded.crc, at_us=excluded.at_us");

	if (s == NULL)
		return -1;
	bind_mark(s, key, seq, crc, now_us);
	return db_run(s);
}

int
frames_follow(struct db *db, const struct frames_key *key, uint64_t seq,
	      uint32_t crc, int64_t now_us)
{
	struct db_stmt *s =
		db_cached(db, "UPDATE site_high_water SET seq=?4, crc=?5,"
			      " at_us=?6 WHERE sender=?1 AND epoch=?2"
			      " AND partition=?3 AND seq=?4-1");

	if (s == NULL)
		return -1;
	bind_mark(s, key, seq, crc, now_us);
	if (db_run(s) < 0)
		return -1;
	return db_changes(db) > 0;
}

int
frames_crc(struct db *db, const struct frames_key *key, uint64_t seq,
	   uint32_t *crc)
{
	struct db_stmt *s = db_cached(
		db, "SELECT crc FROM ledger WHERE sender=? AND epoch=?"
		    " AND partition=? AND seq=? ORDER BY id DESC LIMIT 1");
	int rc;

	if (s == NULL)
		return -1;
	bind_key(s, key);
	db_bind_int(s, 4, (int64_t)seq);
	rc = db_step(s);
	if (rc == 1)
		*crc = (uint32_t)db_int(s, 0);
	db_reset(s);
	return rc;
}

int
frames_gap(struct db *db, const struct frames_key *key, uint64_t first,
	   uint64_t last, int64_t now_us)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO gap(sender, epoch, first_seq, last_seq, at_us)"
		    " VALUES(?1, ?2, ?4, ?5, ?6)");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, key->sender);
	db_bind_int(s, 2, (int64_t)key->epoch);
	db_bind_int(s, 4, (int64_t)first);
	db_bind_int(s, 5, (int64_t)last);
	db_bind_int(s, 6, now_us);
	return db_run(s);
}

int
frames_reject(struct db *db, const struct frames_key *key, uint64_t seq,
	      const struct frames_refusal *refusal, int64_t now_us)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO rejected(sender, epoch, seq, count_index,"
		    " code, reason, at_us) VALUES(?, ?, ?, ?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, key->sender);
	db_bind_int(s, 2, (int64_t)key->epoch);
	db_bind_int(s, 3, (int64_t)seq);
	db_bind_int(s, 4, refusal->index);
	db_bind_text(s, 5, refusal->code);
	db_bind_text(s, 6, refusal->reason);
	db_bind_int(s, 7, now_us);
	return db_run(s);
}

int
frames_closed(struct db *db, int32_t day, const char *site, int64_t recv_s)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO closed(day, site, recv)"
			      " VALUES(?, ?, ?) ON CONFLICT DO NOTHING");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, day);
	db_bind_text(s, 2, site);
	db_bind_int(s, 3, recv_s);
	return db_run(s);
}

int
frames_load_closed(struct db *db, int32_t from_day, frames_each_closed *each,
		   void *arg)
{
	struct db_stmt *s = db_cached(db, "SELECT day, site FROM closed"
					  " WHERE day >= ? ORDER BY day, site");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, from_day);
	while ((rc = db_step(s)) == 1)
		each(arg, (int32_t)db_int(s, 0), db_text(s, 1));
	db_reset(s);
	return rc;
}

int
frames_offset(struct db *db, const char *topic, int32_t partition, int64_t *next)
{
	struct db_stmt *s = db_cached(db, "SELECT next FROM kafka_offset"
					  " WHERE topic=? AND partition=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, topic);
	db_bind_int(s, 2, partition);
	rc = db_step(s);
	*next = rc == 1 ? db_int(s, 0) : -1;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

int
frames_set_offset(struct db *db, const char *topic, int32_t partition,
		  int64_t next)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO kafka_offset(topic, partition, next)"
			      " VALUES(?, ?, ?)"
			      " ON CONFLICT DO UPDATE SET next=excluded.next");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, topic);
	db_bind_int(s, 2, partition);
	db_bind_int(s, 3, next);
	return db_run(s);
}

int
frames_posted(struct db *db, const char *sender,
	      const uint8_t key[FRAMES_HASH_BYTES],
	      const uint8_t body[FRAMES_HASH_BYTES], char *answer, size_t cap,
	      int *same)
{
	struct db_stmt *s = db_cached(db, "SELECT body, answer FROM posted"
					  " WHERE sender=? AND key=?");
	const void *was;
	size_t len;
	int rc;

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, sender);
	db_bind_blob(s, 2, key, FRAMES_HASH_BYTES);
	rc = db_step(s);
	if (rc == 1) {
		was = db_blob(s, 0, &len);
		*same = len == FRAMES_HASH_BYTES && memcmp(was, body, len) == 0;
		snprintf(answer, cap, "%s", db_text(s, 1));
	}
	db_reset(s);
	return rc;
}

int
frames_put_posted(struct db *db, const char *sender,
		  const uint8_t key[FRAMES_HASH_BYTES],
		  const uint8_t body[FRAMES_HASH_BYTES], const char *answer,
		  int64_t now_us)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO posted(sender, key, body, answer,"
			      " at_us) VALUES(?, ?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, sender);
	db_bind_blob(s, 2, key, FRAMES_HASH_BYTES);
	db_bind_blob(s, 3, body, FRAMES_HASH_BYTES);
	db_bind_text(s, 4, answer);
	db_bind_int(s, 5, now_us);
	return db_run(s);
}

int
frames_last(struct db *db, int64_t *id)
{
	struct db_stmt *s = db_cached(db, "SELECT max(id) FROM ledger");
	int rc;

	if (s == NULL)
		return -1;
	rc = db_step(s);
	*id = rc == 1 ? db_int(s, 0) : 0;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}
