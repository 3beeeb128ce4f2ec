/*
 * Counts.  A count that is the first of its cell, which most are, costs an
 * insertion and no look-up; the rule of cell.h decides the others, which are
 * looked up at once where those before them were known as well.  Many rows a
 * statement take half the time of one each.
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

/* Rows of one statement; SIZES of them, the largest first. */
#define TOGETHER 32
#define SIZES 5
static const int size_of[SIZES] = { TOGETHER, 16, 8, 4, 1 };

/* The rows behind the first: a bare ? goes on from the highest number. */
#define TAIL_4(row) "," row "," row "," row
#define TAIL_8(row) TAIL_4(row) "," row TAIL_4(row)
#define TAIL_16(row) TAIL_8(row) "," row TAIL_8(row)
#define TAIL_32(row) TAIL_16(row) "," row TAIL_16(row)
#define ALL_SIZES(first, row)                                                  \
	{                                                                      \
		first TAIL_32(row), first TAIL_16(row), first TAIL_8(row),     \
			first TAIL_4(row), first                               \
	}

#define CELLS "counts(" COLUMNS ") VALUES (?3,?4,?5,?6,?7,?8,?1,?2)"
#define CELL "(?,?,?,?,?,?,?1,?2)"
#define OLD                                                                    \
	"INSERT INTO counts_old(" COLUMNS                                      \
	", replaced) VALUES (?2,?3,?4,?5,?6,?7,?8,?9,?1)"

/*
 * OR IGNORE, for it needs no journal of the statement: whatever else fails
 * undoes the whole transaction.
 */
static const char *const insert_sql[SIZES] =
	ALL_SIZES("INSERT OR IGNORE INTO " CELLS, CELL);
static const char *const replace_sql[SIZES] =
	ALL_SIZES("INSERT OR REPLACE INTO " CELLS, CELL);
static const char *const old_sql[SIZES] =
	ALL_SIZES(OLD, "(?,?,?,?,?,?,?,?,?1)");

/* Binds the i-th row of a statement on cells. */
static void
bind_row(struct db_stmt *s, int i, const struct counts_row *row)
{
	int at = 3 + i * 6;

	db_bind_int(s, at, row->day);
	db_bind_int(s, at + 1, row->series);
	bind_cell(s, at + 2, &row->held);
}

/* The row as the first of its cell. */
static void
hold_first(struct counts_row *row, const struct stamp *stamp)
{
	row->held = row->came;
	if (row->held.revision == 0)
		row->held.revision = cell_next_revision(0, stamp->recv_s);
	row->outcome = CELL_NEW;
}

/* How many of so many rows are the first of their cell, and kept; or -1. */
static int
put_first(struct db *db, struct counts_row *row, int size,
	  const struct stamp *stamp)
{
	struct db_stmt *s = db_cached(db, insert_sql[size]);

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, stamp->recv_s);
	db_bind_int(s, 2, stamp->ledger);
	for (int i = 0; i < size_of[size]; i++) {
		hold_first(&row[i], stamp);
		bind_row(s, i, &row[i]);
	}
	if (db_run_on(s) < 0)
		return -1;
	return (int)db_changes(db);
}

/* A row whose cell changes, and what was there before. */
struct change {
	const struct counts_row *row;
	struct cell before;
	int64_t recv_s, ledger;
};

/* What the row's cell holds: 1, 0 = nothing, -1. */
static int
read_before(struct db *db, const struct counts_row *row, struct change *c)
{
	struct db_stmt *s = db_cached(
		db, "SELECT value, denominator, revision, flags, recv, ledger"
		    " FROM counts WHERE day=? AND series=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, row->day);
	db_bind_int(s, 2, row->series);
	rc = db_step(s);
	if (rc == 1) {
		read_cell(s, 0, &c->before);
		c->recv_s = db_int(s, 4);
		c->ledger = db_int(s, 5);
		c->row = row;
	}
	db_reset(s);
	return rc;
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

/* Settles the row with what was there: 1 = the cell changes, 0, -1. */
static int
settle_again(struct db *db, struct counts_row *row, const struct cell *before,
	     const struct stamp *stamp)
{
	struct cell came = row->came;

	row->held = *before;
	row->outcome = CELL_SAME;
	if (came.revision == 0 && cell_equal(before, &came))
		return 0;
	if (came.revision == 0)
		came.revision =
			cell_next_revision(before->revision, stamp->recv_s);
	row->outcome = cell_settle(&row->held, &came);
	if (row->outcome == CELL_SAME || row->outcome == CELL_OLDER)
		return 0;
	if (row->outcome == CELL_CONFLICTED &&
	    put_conflict(db, row, before, stamp->recv_s) < 0)
		return -1;
	return 1;
}

static int
put_old(struct db *db, const struct change *change, int size, int64_t now_s)
{
	struct db_stmt *s = db_cached(db, old_sql[size]);

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now_s);
	for (int i = 0; i < size_of[size]; i++) {
		const struct change *c = &change[i];
		int at = 2 + i * 8;

		db_bind_int(s, at, c->row->day);
		db_bind_int(s, at + 1, c->row->series);
		bind_cell(s, at + 2, &c->before);
		db_bind_int(s, at + 6, c->recv_s);
		db_bind_int(s, at + 7, c->ledger);
	}
	return db_run_on(s);
}

static int
put_held(struct db *db, const struct change *change, int size,
	 const struct stamp *stamp)
{
	struct db_stmt *s = db_cached(db, replace_sql[size]);

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, stamp->recv_s);
	db_bind_int(s, 2, stamp->ledger);
	for (int i = 0; i < size_of[size]; i++)
		bind_row(s, i, change[i].row);
	return db_run_on(s);
}

static int
put_changes(struct db *db, const struct change *change, int n,
	    const struct stamp *stamp)
{
	int size = 0;

	while (n > 0) {
		while (size_of[size] > n)
			size++;
		if (put_old(db, change, size, stamp->recv_s) < 0 ||
		    put_held(db, change, size, stamp) < 0)
			return -1;
		change += size_of[size];
		n -= size_of[size];
	}
	return 0;
}

/*
 * n rows, most of which are not the first of their cell.  fresh: a cell that
 * came with this frame is not one of them, but a row put just now.
 */
static int
put_again(struct db *db, struct counts_row *row, int n,
	  const struct stamp *stamp, bool fresh)
{
	struct change change[TOGETHER];
	int changes = 0, rc;

	for (int i = 0; i < n; i++) {
		struct change *c = &change[changes];

		rc = read_before(db, &row[i], c);
		if (rc == 0)
			rc = put_first(db, &row[i], SIZES - 1, stamp) == 1 ? 0
									   : -1;
		else if (rc == 1 && fresh && c->ledger == stamp->ledger)
			rc = 0;
		else if (rc == 1)
			rc = settle_again(db, &row[i], &c->before, stamp);
		if (rc < 0)
			return -1;
		changes += rc;
	}
	return put_changes(db, change, changes, stamp);
}

static int
put_one(struct db *db, struct counts_row *row, const struct stamp *stamp)
{
	int first = put_first(db, row, SIZES - 1, stamp);

	if (first != 0)
		return first < 0 ? -1 : 0;
	return put_again(db, row, 1, stamp, false);
}

/*
 * Rows of a size, each of another cell.  *known: those before were not the
 * first of their cell, so these will not be either.
 */
static int
put_together(struct db *db, struct counts_row *row, int size,
	     const struct stamp *stamp, bool *known)
{
	int n = size_of[size], first = 0;

	if (!*known) {
		first = put_first(db, row, size, stamp);
		*known = first == 0;
		if (first < 0 || first == n)
			return first < 0 ? -1 : 0;
	}
	return put_again(db, row, n, stamp, first > 0);
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
	bool sorted = true, known = false;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		sorted = sorted && ascends(row, k);
	for (int size = 0; sorted && size < SIZES - 1; size++) {
		size_t k = (size_t)size_of[size];

		for (; i + k <= n; i += k) {
			if (put_together(db, &row[i], size, &stamp, &known) < 0)
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
