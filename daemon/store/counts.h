#ifndef TOCSIN_STORE_COUNTS_H
#define TOCSIN_STORE_COUNTS_H

/*
 * The counts that hold, those they superseded, and the series they belong to.
 * A function that takes the writer's connection runs on the store thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/db.h"
#include "daemon/store/cell.h"

/* One count to be kept; outcome and held are filled by counts_put(). */
struct counts_row {
	int32_t day;
	uint32_t series;  /* id in the table series */
	struct cell came; /* revision 0: one is given */
	struct cell held; /* what holds afterwards */
	enum cell_outcome outcome;
};

/* A series' names. */
struct counts_series {
	uint32_t id;
	const char *site, *indicator, *stratum;
};

/* Writer: keeps the series, if it is not there.  0 or -1. */
int counts_put_series(struct db *db, const struct counts_series *series)
	__attribute__((warn_unused_result));

/*
 * Writer: applies n rows that came with the ledger's frame at recv_s, none of
 * which was applied before.  Fast where rows are in order of (day, series), and
 * each of another cell.  0 or -1.
 */
int counts_put(struct db *db, struct counts_row *row, size_t n, int64_t ledger,
	       int64_t recv_s) __attribute__((warn_unused_result));

typedef void counts_each_series(void *arg, const struct counts_series *series);
typedef void counts_each(void *arg, int32_t day, uint32_t series,
			 const struct cell *cell, int64_t recv_s);

/* Reader: all series in order of id. */
int counts_load_series(struct db *db, counts_each_series *each, void *arg)
	__attribute__((warn_unused_result));
/* Reader: all counts from the day on, in order of (day, series). */
int counts_load(struct db *db, int32_t from_day, counts_each *each, void *arg)
	__attribute__((warn_unused_result));

/* A count with the time it came and, if superseded, was replaced. */
struct counts_vintage {
	struct cell cell;
	int64_t recv_s;
	int64_t replaced_s; /* 0 = it holds */
};

/* Reader: did the cell replace another?  1, 0, or -1 already logged. */
int counts_is_revised(struct db *db, int32_t day, uint32_t series)
	__attribute__((warn_unused_result));

/*
 * Reader: what was held for (day, series) at as_of_s (INT64_MAX: now).
 * 1 = found, 0 = nothing was known then, -1 already logged.
 */
int counts_at(struct db *db, int32_t day, uint32_t series, int64_t as_of_s,
	      struct counts_vintage *out) __attribute__((warn_unused_result));

/* Reader: the last day with a count, or DAY_NONE. */
int counts_last_day(struct db *db, int32_t *out)
	__attribute__((warn_unused_result));

#endif
