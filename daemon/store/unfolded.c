/* Rows on their way into the table `counts`, see unfolded.h. */
#include "daemon/store/unfolded.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"

#define FRAMES 100 /* of one transaction at start */

/*
 * A row in the blob: day and series as differences from the row before,
 * value, flags, revision as a difference, denominator where there is one; each
 * a number of seven bits a byte, lowest first, differences with the sign in
 * the lowest bit.
 */
#define ROW_BYTES 40 /* more than a row takes */
#define ROW_LEAST 5  /* what it takes at least */

static uint8_t *
put_number(uint8_t *at, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		*at++ = (uint8_t)(x | 0x80);
	*at++ = (uint8_t)x;
	return at;
}

static uint8_t *
put_difference(uint8_t *at, int64_t x)
{
	return put_number(at, x < 0 ? ((uint64_t)-x << 1) - 1 : (uint64_t)x << 1);
}

static uint8_t *
pack(uint8_t *at, const struct counts_row *row, const struct counts_row *last)
{
	const struct cell *c = &row->came;

	at = put_difference(at, (int64_t)row->day - last->day);
	at = put_difference(at, (int64_t)row->series - last->series);
	at = put_number(at, c->value);
	at = put_number(at, c->flags);
	at = put_difference(at, (int64_t)c->revision - last->came.revision);
	if ((c->flags & CELL_DENOMINATOR) != 0)
		at = put_number(at, c->denominator);
	return at;
}

int
unfolded_put(struct db *db, int64_t ledger, int64_t recv_s,
	     const struct counts_row *row, size_t n)
{
	const struct counts_row none = { 0 };
	struct db_stmt *s =
		db_cached(db, "INSERT INTO unfolded(ledger, recv, rows)"
			      " VALUES(?, ?, ?)");
	uint8_t *packed = malloc(n * ROW_BYTES + 1), *at = packed;
	int rc = -1;

	if (packed == NULL)
		log_error("store: out of memory");
	if (s == NULL || packed == NULL)
		goto out;
	for (size_t i = 0; i < n; i++)
		at = pack(at, &row[i], i == 0 ? &none : &row[i - 1]);
	db_bind_int(s, 1, ledger);
	db_bind_int(s, 2, recv_s);
	db_bind_blob(s, 3, packed, (size_t)(at - packed));
	rc = db_run(s);
out:
	free(packed);
	return rc;
}

int
unfolded_drop(struct db *db, int64_t ledger)
{
	struct db_stmt *s =
		db_cached(db, "DELETE FROM unfolded WHERE ledger<=?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, ledger);
	return db_run(s);
}

/* What one frame left. */
struct left {
	int64_t ledger, recv_s;
	struct counts_row *row;
	size_t n;
};

/* What is left of a blob; bad where it ends too early. */
struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t
get_number(struct reader *r)
{
	uint64_t x = 0;

	for (int shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;

		x |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return x;
	}
	r->bad = true;
	return 0;
}

/* The number that differs from last by what is read, as 32 bits. */
static uint32_t
get_difference(struct reader *r, uint32_t last)
{
	uint64_t x = get_number(r);

	return last + (uint32_t)((x & 1) != 0 ? 0 - ((x >> 1) + 1) : x >> 1);
}

static void
get_row(struct reader *r, const struct counts_row *last, struct counts_row *row)
{
	struct cell *c = &row->came;

	row->day = (int32_t)get_difference(r, (uint32_t)last->day);
	row->series = get_difference(r, last->series);
	c->value = (uint32_t)get_number(r);
	c->flags = (uint32_t)get_number(r);
	c->revision = get_difference(r, last->came.revision);
	if ((c->flags & CELL_DENOMINATOR) != 0)
		c->denominator = (uint32_t)get_number(r);
}

static int
unpack(struct left *left, const uint8_t *blob, size_t len)
{
	const struct counts_row none = { 0 };
	struct reader r = { .at = blob, .end = blob + len };

	left->row = calloc(len / ROW_LEAST + 1, sizeof(*left->row));
	if (left->row == NULL) {
		log_error("store: out of memory");
		return -1;
	}
	for (; r.at < r.end && !r.bad; left->n++)
		get_row(&r, left->n == 0 ? &none : &left->row[left->n - 1],
			&left->row[left->n]);
	if (!r.bad)
		return 0;
	log_error("store: the counts of ledger frame %lld are damaged",
		  (long long)left->ledger);
	return -1;
}

/* 1 = the oldest is in *left, 0 = there is none, -1. */
static int
read_first(struct db *db, struct left *left)
{
	struct db_stmt *s = db_cached(db, "SELECT ledger, recv, rows"
					  " FROM unfolded ORDER BY ledger"
					  " LIMIT 1");
	const void *blob;
	size_t len;
	int rc;

	if (s == NULL)
		return -1;
	rc = db_step(s);
	if (rc == 1) {
		left->ledger = db_int(s, 0);
		left->recv_s = db_int(s, 1);
		blob = db_blob(s, 2, &len);
		if (unpack(left, blob, len) < 0)
			rc = -1;
	}
	db_reset(s);
	return rc;
}

/* The oldest frame: 1 = put in place, 0 = there is none, -1. */
static int
fold_first(struct db *db)
{
	struct left left = { 0 };
	int rc = read_first(db, &left);

	if (rc == 1 &&
	    (counts_put(db, left.row, left.n, left.ledger, left.recv_s) < 0 ||
	     unfolded_drop(db, left.ledger) < 0))
		rc = -1;
	free(left.row);
	return rc;
}

/* As fold_first(), of so many frames in one transaction. */
static int
fold_some(struct db *db, size_t most, size_t *frames)
{
	int rc = 1;

	if (db_begin(db) < 0)
		return -1;
	for (size_t i = 0; i < most && rc == 1; i++) {
		rc = fold_first(db);
		*frames += rc == 1;
	}
	if (rc >= 0 && db_commit(db) == 0)
		return rc;
	db_rollback(db);
	return -1;
}

int
unfolded_fold(struct db *db)
{
	size_t frames = 0;
	int rc;

	do
		rc = fold_some(db, FRAMES, &frames);
	while (rc == 1);
	if (rc < 0)
		log_error("store: cannot put counts in place that were "
			  "acknowledged by the last run");
	else if (frames > 0)
		log_info("store: acknowledged counts are put in place "
			 "frames=%zu",
			 frames);
	return rc;
}
