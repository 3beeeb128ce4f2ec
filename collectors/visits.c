/*
 * Visits to counts.
 */
#include "collectors/visits.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/db.h"
#include "base/log.h"
#include "collectors/files.h"
#include "collectors/outbox.h"
#include "collectors/pack.h"
#include "collectors/syndromes.h"
#include "proto/text.h"

#define DAYS_A_TURN 32 /* published in one transaction */

enum sql {
	SQL_GET,
	SQL_SET,
	SQL_FORGET,
	SQL_MARK,
	SQL_UNMARK,
	SQL_MOVE,
	SQL_CHANGED,
	SQL_PENDING,
	SQL_SETTLED,
	SQL_PARTIAL,
	SQL_TOTAL,
	SQL_COUNT,
	SQL_OLD_VISITS,
	SQL_OLD_MARKS,
	SQL_OLD_DAYS,
	SQL_MAX
};

struct visits {
	struct outbox *outbox;
	struct pack *pack;
	const struct syndromes *syndromes;
	const char *site;
	struct db *db;
	struct db_stmt *sql[SQL_MAX];
	unsigned char key[crypto_generichash_KEYBYTES];
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS visits("
	" id BLOB PRIMARY KEY, day INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS visit_marks("
	" day INTEGER NOT NULL, indicator TEXT NOT NULL, id BLOB NOT NULL,"
	" source INTEGER NOT NULL, PRIMARY KEY(id, indicator, source))"
	" STRICT, WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS visit_marks_day"
	" ON visit_marks(day, indicator, id);"
	"CREATE INDEX IF NOT EXISTS visits_day ON visits(day);"
	"CREATE TABLE IF NOT EXISTS visit_days("
	" day INTEGER PRIMARY KEY, partial INTEGER NOT NULL) STRICT;";

static const char *const text[SQL_MAX] = {
	[SQL_GET] = "SELECT day FROM visits WHERE id = ?1",
	[SQL_SET] = "INSERT INTO visits VALUES(?1, ?2) ON CONFLICT(id)"
		    " DO UPDATE SET day = excluded.day",
	[SQL_FORGET] = "DELETE FROM visits WHERE id = ?1",
	[SQL_MARK] = "INSERT OR IGNORE INTO visit_marks VALUES(?1, ?2, ?3, ?4)",
	[SQL_UNMARK] = "DELETE FROM visit_marks WHERE id = ?1 AND source = ?2",
	[SQL_MOVE] = "UPDATE visit_marks SET day = ?1 WHERE id = ?2",
	[SQL_CHANGED] = "INSERT INTO visit_days VALUES(?1, 0) ON CONFLICT(day)"
			" DO UPDATE SET partial = 0",
	[SQL_PENDING] = "SELECT day FROM visit_days WHERE partial = 0 OR"
			" day < ?1 ORDER BY day LIMIT ?2",
	[SQL_SETTLED] = "DELETE FROM visit_days WHERE day = ?1",
	[SQL_PARTIAL] = "UPDATE visit_days SET partial = 1 WHERE day = ?1",
	[SQL_TOTAL] = "SELECT count(*) FROM visits WHERE day = ?1",
	[SQL_COUNT] = "SELECT count(DISTINCT id) FROM visit_marks"
		      " WHERE day = ?1 AND indicator = ?2",
	[SQL_OLD_VISITS] = "DELETE FROM visits WHERE day < ?1",
	[SQL_OLD_MARKS] = "DELETE FROM visit_marks WHERE day < ?1",
	[SQL_OLD_DAYS] = "DELETE FROM visit_days WHERE day < ?1",
};

/* The key of the hashes: made once, kept in the outbox's file. */
static int
load_key(struct visits *v)
{
	char hex[2 * sizeof(v->key) + 1];

	if (sodium_init() < 0 ||
	    outbox_noted(v->outbox, "visit_key", hex, sizeof(hex)) < 0)
		return -1;
	if (hex[0] != '\0')
		return sodium_hex2bin(v->key, sizeof(v->key), hex, strlen(hex),
				      NULL, NULL, NULL);
	randombytes_buf(v->key, sizeof(v->key));
	sodium_bin2hex(hex, sizeof(hex), v->key, sizeof(v->key));
	return outbox_note(v->outbox, "visit_key", hex);
}

struct visits *
visits_open(struct outbox *o, struct pack *p, const struct syndromes *s,
	    const char *site)
{
	struct visits *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->outbox = o;
	v->pack = p;
	v->syndromes = s;
	v->site = site;
	v->db = outbox_db(o);
	if (db_exec(v->db, schema) < 0 || load_key(v) < 0)
		goto bad;
	for (int i = 0; i < SQL_MAX; i++) {
		v->sql[i] = db_prepare(v->db, text[i]);
		if (v->sql[i] == NULL)
			goto bad;
	}
	return v;
bad:
	log_error("visits: the outbox cannot keep visits");
	visits_close(&v);
	return NULL;
}

void
visits_close(struct visits **v)
{
	free(*v);
	*v = NULL;
}

/* One statement with whole numbers only. */
static int
run2(struct visits *v, enum sql which, int64_t a, int64_t b)
{
	db_bind_int(v->sql[which], 1, a);
	if (which == SQL_PENDING)
		db_bind_int(v->sql[which], 2, b);
	return db_run(v->sql[which]);
}

static int
mark(struct visits *v, const unsigned char *id, int32_t day, uint64_t mask,
     int source)
{
	struct db_stmt *s = v->sql[SQL_UNMARK];

	db_bind_blob(s, 1, id, crypto_generichash_BYTES);
	db_bind_int(s, 2, source);
	if (db_run(s) < 0)
		return -1;
	s = v->sql[SQL_MARK];
	for (size_t i = 0; i < syndromes_count(v->syndromes); i++) {
		if ((mask >> i & 1) == 0)
			continue;
		db_bind_int(s, 1, day);
		db_bind_text(s, 2, syndromes_name(v->syndromes, i));
		db_bind_blob(s, 3, id, crypto_generichash_BYTES);
		db_bind_int(s, 4, source);
		if (db_run(s) < 0)
			return -1;
	}
	return 0;
}

/* Moves marks that the message does not replace along with the visit. */
static int
move_marks(struct visits *v, const unsigned char *id, int32_t day)
{
	struct db_stmt *s = v->sql[SQL_MOVE];

	db_bind_int(s, 1, day);
	db_bind_blob(s, 2, id, crypto_generichash_BYTES);
	return db_run(s);
}

static int
cancel(struct visits *v, const unsigned char *id)
{
	struct db_stmt *s = v->sql[SQL_FORGET];

	db_bind_blob(s, 1, id, crypto_generichash_BYTES);
	if (db_run(s) < 0)
		return -1;
	return mark(v, id, 0, 0, 0) < 0 ? -1 : mark(v, id, 0, 0, 1);
}

static int
write_visit(struct visits *v, const struct visit *visit,
	    const unsigned char *id, int32_t day, int32_t old)
{
	struct db_stmt *s = v->sql[SQL_SET];

	if (old != INT32_MIN && run2(v, SQL_CHANGED, old, 0) < 0)
		return -1;
	if (visit->cancelled)
		return cancel(v, id);
	db_bind_blob(s, 1, id, crypto_generichash_BYTES);
	db_bind_int(s, 2, day);
	if (db_run(s) < 0)
		return -1;
	if (old != INT32_MIN && old != day && move_marks(v, id, day) < 0)
		return -1;
	if (visit->has_complaint && mark(v, id, day, visit->by_complaint, 0) < 0)
		return -1;
	if (visit->has_diagnosis && mark(v, id, day, visit->by_diagnosis, 1) < 0)
		return -1;
	return run2(v, SQL_CHANGED, day, 0);
}

/* The day the visit is known under, INT32_MIN, or -1 in *rc. */
static int32_t
known_day(struct visits *v, const unsigned char *id, int *rc)
{
	struct db_stmt *s = v->sql[SQL_GET];
	int32_t day = INT32_MIN;

	db_bind_blob(s, 1, id, crypto_generichash_BYTES);
	*rc = db_step(s);
	if (*rc > 0)
		day = (int32_t)db_int(s, 0);
	db_reset(s);
	return day;
}

int
visits_put(struct visits *v, const struct visit *visit, int32_t today,
	   int32_t window_days)
{
	unsigned char id[crypto_generichash_BYTES];
	int32_t day, old;
	int rc;

	crypto_generichash(id, sizeof(id), (const unsigned char *)visit->id.at,
			   visit->id.len, v->key, sizeof(v->key));
	old = known_day(v, id, &rc);
	if (rc < 0)
		return -1;
	day = visit->day != INT32_MIN ? visit->day : old;
	if (day == INT32_MIN)
		day = today;
	if (day > today + 1 || day < today - window_days ||
	    (visit->cancelled && old == INT32_MIN))
		return 1;
	if (db_begin(v->db) < 0)
		return -1;
	if (write_visit(v, visit, id, day, old) < 0 || db_commit(v->db) < 0) {
		outbox_check_fsync(v->outbox);
		db_rollback(v->db);
		return -1;
	}
	return 0;
}

static int64_t
number_of(struct visits *v, enum sql which, int32_t day, const char *indicator)
{
	struct db_stmt *s = v->sql[which];
	int64_t n = -1;

	db_bind_int(s, 1, day);
	if (indicator != NULL)
		db_bind_text(s, 2, indicator);
	if (db_step(s) > 0)
		n = db_int(s, 0);
	db_reset(s);
	return n;
}

/* The rows of one day into the pack. */
static int
pack_day(struct visits *v, int32_t day, bool partial)
{
	int64_t total = number_of(v, SQL_TOTAL, day, NULL);

	for (size_t i = 0; i < syndromes_count(v->syndromes); i++) {
		const char *name = syndromes_name(v->syndromes, i);
		int64_t n = number_of(v, SQL_COUNT, day, name);
		struct text_row row = { .day = day,
					.value = (uint32_t)n,
					.denominator = (uint32_t)total,
					.flags = WIRE_COUNT_DENOMINATOR };
		int rc;

		if (n < 0 || total < 0)
			return -1;
		if (partial)
			row.flags |= WIRE_COUNT_PARTIAL;
		snprintf(row.site, sizeof(row.site), "%s", v->site);
		snprintf(row.indicator, sizeof(row.indicator), "%s", name);
		rc = pack_row(v->pack, &row);
		if (rc != 0)
			return rc;
	}
	return run2(v, partial ? SQL_PARTIAL : SQL_SETTLED, day, 0);
}

static int
pending(struct visits *v, int32_t today, int32_t day[DAYS_A_TURN])
{
	struct db_stmt *s = v->sql[SQL_PENDING];
	int n = 0, rc;

	db_bind_int(s, 1, today);
	db_bind_int(s, 2, DAYS_A_TURN);
	while ((rc = db_step(s)) > 0 && n < DAYS_A_TURN)
		day[n++] = (int32_t)db_int(s, 0);
	db_reset(s);
	return rc < 0 ? -1 : n;
}

/* 0, 1 = the outbox is full, -1; inside the transaction. */
static int
pack_days(struct visits *v, const int32_t *day, int n, int32_t today)
{
	int rc = 0;

	pack_begin(v->pack, files_now_ms());
	for (int i = 0; i < n && rc == 0; i++)
		rc = pack_day(v, day[i], day[i] >= today);
	return rc != 0 ? rc : pack_finish(v->pack);
}

static int
forget_old(struct visits *v, int32_t first)
{
	if (run2(v, SQL_OLD_VISITS, first, 0) < 0 ||
	    run2(v, SQL_OLD_MARKS, first, 0) < 0)
		return -1;
	return run2(v, SQL_OLD_DAYS, first, 0);
}

int
visits_publish(struct visits *v, int32_t today, int32_t window_days)
{
	int32_t day[DAYS_A_TURN];
	int n = pending(v, today, day), rc;

	if (n <= 0)
		return n;
	rc = outbox_begin(v->outbox, files_now_ms());
	if (rc != 0)
		return rc > 0 ? 0 : -1;
	rc = pack_days(v, day, n, today);
	if (rc == 0)
		rc = forget_old(v, today - window_days);
	if (rc != 0) {
		outbox_rollback(v->outbox);
		return rc > 0 ? 0 : -1;
	}
	rc = outbox_commit(v->outbox);
	if (rc != 0)
		return rc > 0 ? 0 : -1;
	return n;
}
