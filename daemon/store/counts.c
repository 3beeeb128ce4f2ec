/*
 * Counts.  A count that is the first of its cell, which most are, costs an
 * insertion and no look-up; the rule of cell.h decides the others.  Many rows
 * a statement take half the time of one each.
 */
#include "daemon/store/counts.h"

#include <stdbool.h>

#include "base/day.h"

#define COLUMNS "day, series, value, denominator, revision, flags, recv, ledger"

int
counts_put_series(struct db *db, const struct counts_series *series)
{
	struct db_stmt *s = db_cached(
		db, "INSERT OR IGNORE INTO series(id, site, indicator, stratum)"
		    " VALUES(?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, series->id);
	db_bind_text(s, 2, series->site);
	db_bind_text(s, 3, series->indicator);
	db_bind_text(s, 4, series->stratum);
	return db_run(s);
}

static void
bind_cell(struct db_stmt *s, int i, const struct cell *c)
{
	db_bind_int(s, i, c->value);
	if ((c->flags & CELL_DENOMINATOR) != 0)
		db_bind_int(s, i + 1, c->denominator);
	else
		db_bind_null(s, i + 1);
	db_bind_int(s, i + 2, c->revision);
	db_bind_int(s, i + 3, c->flags);
}

static void
read_cell(struct db_stmt *s, int i, struct cell *c)
{
	c->value = (uint32_t)db_int(s, i);
	c->denominator = (uint32_t)db_int(s, i + 1); /* NULL reads as 0 */
	c->revision = (uint32_t)db_int(s, i + 2);
	c->flags = (uint32_t)db_int(s, i + 3);
}

struct stamp {
	int64_t ledger, recv_s;
};

/*
 * OR IGNORE, for it needs no journal of the statement: whatever else fails
 * undoes the whole transaction.
 */
#define INSERT "INSERT OR IGNORE INTO counts(" COLUMNS ") VALUES "
#define STAMPED "?1,?2)"
#define ROW_1 "(?3,?4,?5,?6,?7,?8," STAMPED /* ? goes on from the highest */
#define ROW "(?,?,?,?,?,?," STAMPED
#define ROWS_4 ROW "," ROW "," ROW "," ROW
#define ROWS_8 ROWS_4 "," ROWS_4
#define INSERT_1 INSERT ROW_1
#define INSERT_4 INSERT_1 "," ROW "," ROW "," ROW
#define INSERT_8 INSERT_4 "," ROWS_4
#define INSERT_16 INSERT_8 "," ROWS_8
#define INSERT_32 INSERT_16 "," ROWS_8 "," ROWS_8
#define FIRST_OWN 3 /* the first parameter of a row's own */
#define OWN_N 6	    /* parameters of a row */
#define TOGETHER 32 /* rows of one statement, or a half, a quarter ... */
#define LEAST 4	    /* of them; fewer go one by one */

/* Binds the row as the first of its cell, as the i-th of its statement. */
static void
bind_first(struct db_stmt *s, int i, struct counts_row *row,
	   const struct stamp *stamp)
{
	int at = FIRST_OWN + i * OWN_N;

	row->held = row->came;
	if (row->held.revision == 0)
		row->held.revision = cell_next_revision(0, stamp->recv_s);
	row->outcome = CELL_NEW;
	db_bind_int(s, at, row->day);
	db_bind_int(s, at + 1, row->series);
	bind_cell(s, at + 2, &row->held);
}

/* The statement that inserts n rows. */
static struct db_stmt *
inserting(struct db *db, int n)
{
	switch (n) {
	case 1:
		return db_cached(db, INSERT_1);
	case 4:
		return db_cached(db, INSERT_4);
	case 8:
		return db_cached(db, INSERT_8);
	case 16:
		return db_cached(db, INSERT_16);
	default:
		return db_cached(db, INSERT_32);
	}
}

/* How many of the n rows are the first of their cell, and are kept; or -1. */
static int
put_first(struct db *db, struct counts_row *row, int n, const struct stamp *stamp)
{
	struct db_stmt *s = inserting(db, n);

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, stamp->recv_s);
	db_bind_int(s, 2, stamp->ledger);
	for (int i = 0; i < n; i++)
		bind_first(s, i, &row[i], stamp);
	if (db_run_on(s) < 0)
		return -1;
	return (int)db_changes(db);
}

/* The cell's count into row->held, and the frame it came with; 0 or -1. */
static int
read_held(struct db *db, struct counts_row *row, int64_t *ledger)
{
	struct db_stmt *s = db_cached(
		db, "SELECT value, denominator, revision, flags, ledger"
		    " FROM counts WHERE day=? AND series=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, row->day);
	db_bind_int(s, 2, row->series);
	rc = db_step(s);
	if (rc == 1) {
		read_cell(s, 0, &row->held);
		*ledger = db_int(s, 4);
	}
	db_reset(s);
	return rc == 1 ? 0 : -1;
}

static int
keep_old(struct db *db, const struct counts_row *row, int64_t now_s)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO counts_old(" COLUMNS ", replaced) "
			      "SELECT " COLUMNS ", ? FROM counts"
			      " WHERE day=? AND series=?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now_s);
	db_bind_int(s, 2, row->day);
	db_bind_int(s, 3, row->series);
	return db_run(s);
}

static int
put_held(struct db *db, const struct counts_row *row, const struct stamp *stamp)
{
	struct db_stmt *s = db_cached(
		db, "UPDATE counts SET value=?, denominator=?, revision=?,"
		    " flags=?, recv=?, ledger=? WHERE day=? AND series=?");

	if (s == NULL)
		return -1;
	bind_cell(s, 1, &row->held);
	db_bind_int(s, 5, stamp->recv_s);
	db_bind_int(s, 6, stamp->ledger);
	db_bind_int(s, 7, row->day);
	db_bind_int(s, 8, row->series);
	return db_run(s);
}

static int
put_conflict(struct db *db, const struct counts_row *row,
	     const struct cell *before, int64_t now_s)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO conflict(day, series, revision, kept, other,"
		    " at_us) VALUES(?, ?, ?, ?, ?, ?)");
	const struct cell *other =
		cell_equal(&row->held, before) ? &row->came : before;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, row->day);
	db_bind_int(s, 2, row->series);
	db_bind_int(s, 3, row->held.revision);
	db_bind_int(s, 4, row->held.value);
	db_bind_int(s, 5, other->value);
	db_bind_int(s, 6, now_s * 1000000);
	return db_run(s);
}

/* The cell has a count already, which is in row->held. */
static int
settle_again(struct db *db, struct counts_row *row, const struct stamp *stamp)
{
	struct cell before = row->held, came = row->came;

	if (came.revision == 0 && cell_equal(&before, &came)) {
		row->outcome = CELL_SAME;
		return 0;
	}
	if (came.revision == 0)
		came.revision =
			cell_next_revision(before.revision, stamp->recv_s);
	row->outcome = cell_settle(&row->held, &came);
	if (row->outcome == CELL_SAME || row->outcome == CELL_OLDER)
		return 0;
	if (row->outcome == CELL_CONFLICTED &&
	    put_conflict(db, row, &before, stamp->recv_s) < 0)
		return -1;
	if (keep_old(db, row, stamp->recv_s) < 0)
		return -1;
	return put_held(db, row, stamp);
}

static int
put_one(struct db *db, struct counts_row *row, const struct stamp *stamp)
{
	int first = put_first(db, row, 1, stamp);
	int64_t ledger;

	if (first != 0)
		return first < 0 ? -1 : 0;
	if (read_held(db, row, &ledger) < 0)
		return -1;
	return settle_again(db, row, stamp);
}

/*
 * n rows, each of another cell.  Where not all are the first of theirs, the
 * new ones are known by the frame that they came with just now.
 */
static int
put_together(struct db *db, struct counts_row *row, int n,
	     const struct stamp *stamp)
{
	int first = put_first(db, row, n, stamp);

	if (first < 0 || first == n)
		return first < 0 ? -1 : 0;
	for (int i = 0; i < n; i++) {
		int64_t ledger;

		if (read_held(db, &row[i], &ledger) < 0)
			return -1;
		if (ledger != stamp->ledger &&
		    settle_again(db, &row[i], stamp) < 0)
			return -1;
	}
	return 0;
}

/* Is row[i] the first of the frame that belongs to its cell, surely? */
static bool
ascends(const struct counts_row *row, size_t i)
{
	if (i == 0 || row[i - 1].day < row[i].day)
		return true;
	return row[i - 1].day == row[i].day && row[i - 1].series < row[i].series;
}

int
counts_put(struct db *db, struct counts_row *row, size_t n, int64_t ledger,
	   int64_t recv_s)
{
	const struct stamp stamp = { .ledger = ledger, .recv_s = recv_s };
	bool sorted = true;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		sorted = sorted && ascends(row, k);
	for (size_t k = TOGETHER; sorted && k >= LEAST; k /= 2) {
		for (; i + k <= n; i += k) {
			if (put_together(db, &row[i], (int)k, &stamp) < 0)
				return -1;
		}
	}
	for (; i < n; i++) {
		if (put_one(db, &row[i], &stamp) < 0)
			return -1;
	}
	return 0;
}

int
counts_load_series(struct db *db, counts_each_series *each, void *arg)
{
	struct db_stmt *s =
		db_cached(db, "SELECT id, site, indicator, stratum FROM series"
			      " ORDER BY id");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1) {
		struct counts_series series = {
			.id = (uint32_t)db_int(s, 0),
			.site = db_text(s, 1),
			.indicator = db_text(s, 2),
			.stratum = db_text(s, 3),
		};

		each(arg, &series);
	}
	db_reset(s);
	return rc;
}

int
counts_load(struct db *db, int32_t from_day, counts_each *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT day, series, value, denominator, revision, flags,"
		    " recv FROM counts WHERE day >= ? ORDER BY day, series");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, from_day);
	while ((rc = db_step(s)) == 1) {
		struct cell cell;

		read_cell(s, 2, &cell);
		each(arg, (int32_t)db_int(s, 0), (uint32_t)db_int(s, 1), &cell,
		     db_int(s, 6));
	}
	db_reset(s);
	return rc;
}

int
counts_is_revised(struct db *db, int32_t day, uint32_t series)
{
	struct db_stmt *s = db_cached(db, "SELECT 1 FROM counts_old"
					  " WHERE day=? AND series=? LIMIT 1");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, day);
	db_bind_int(s, 2, series);
	rc = db_step(s);
	db_reset(s);
	return rc;
}

static int
read_vintage(struct db_stmt *s, struct counts_vintage *out)
{
	int rc = db_step(s);

	if (rc == 1) {
		read_cell(s, 0, &out->cell);
		out->recv_s = db_int(s, 4);
		out->replaced_s = db_int(s, 5);
	}
	db_reset(s);
	return rc;
}

int
counts_at(struct db *db, int32_t day, uint32_t series, int64_t as_of_s,
	  struct counts_vintage *out)
{
	struct db_stmt *s = db_cached(
		db, "SELECT value, denominator, revision, flags, recv, 0"
		    " FROM counts WHERE day=? AND series=? AND recv<=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, day);
	db_bind_int(s, 2, series);
	db_bind_int(s, 3, as_of_s);
	rc = read_vintage(s, out);
	if (rc != 0)
		return rc;
	s = db_cached(db, "SELECT value, denominator, revision, flags, recv,"
			  " replaced FROM counts_old WHERE day=? AND series=?"
			  " AND recv<=? AND replaced>? ORDER BY rowid DESC");
	if (s == NULL)
		return -1;
	db_bind_int(s, 1, day);
	db_bind_int(s, 2, series);
	db_bind_int(s, 3, as_of_s);
	db_bind_int(s, 4, as_of_s);
	return read_vintage(s, out);
}

int
counts_last_day(struct db *db, int32_t *out)
{
	struct db_stmt *s = db_cached(db, "SELECT max(day) FROM counts");
	int rc;

	if (s == NULL)
		return -1;
	rc = db_step(s);
	*out = rc == 1 && !db_is_null(s, 0) ? (int32_t)db_int(s, 0) : DAY_NONE;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}
