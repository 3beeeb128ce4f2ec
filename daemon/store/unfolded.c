/* Rows on their way into the table `counts`, see unfolded.h. */
#include "daemon/store/unfolded.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FRAMES 100 /* of one transaction at start */

/* A row as it lies in the blob: numbers of the machine, which also reads it. */
struct packed {
	int32_t day;
	uint32_t series, value, denominator, revision, flags;
};

int
unfolded_put(struct db *db, int64_t ledger, int64_t recv_s,
	     const struct counts_row *row, size_t n)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO unfolded(ledger, recv, rows)"
			      " VALUES(?, ?, ?)");
	struct packed *p = malloc((n + 1) * sizeof(*p));
	int rc = -1;

	if (p == NULL)
		log_error("store: out of memory");
	if (s == NULL || p == NULL)
		goto out;
	for (size_t i = 0; i < n; i++)
		p[i] = (struct packed){
			.day = row[i].day,
			.series = row[i].series,
			.value = row[i].came.value,
			.denominator = row[i].came.denominator,
			.revision = row[i].came.revision,
			.flags = row[i].came.flags,
		};
	db_bind_int(s, 1, ledger);
	db_bind_int(s, 2, recv_s);
	db_bind_blob(s, 3, p, n * sizeof(*p));
	rc = db_run(s);
out:
	free(p);
	return rc;
}

int
unfolded_drop(struct db *db, int64_t ledger)
{
	struct db_stmt *s =
		db_cached(db, "DELETE FROM unfolded WHERE ledger=?");

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

static int
unpack(struct left *left, const void *blob, size_t len)
{
	struct packed p;

	left->n = len / sizeof(p);
	left->row = calloc(left->n + 1, sizeof(*left->row));
	if (left->row == NULL) {
		log_error("store: out of memory");
		return -1;
	}
	for (size_t i = 0; i < left->n; i++) {
		memcpy(&p, (const char *)blob + i * sizeof(p), sizeof(p));
		left->row[i] = (struct counts_row){
			.day = p.day,
			.series = p.series,
			.came = { .value = p.value,
				  .denominator = p.denominator,
				  .revision = p.revision,
				  .flags = p.flags },
		};
	}
	return 0;
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
