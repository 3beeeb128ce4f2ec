#ifndef TOCSIN_BATCH_ROWS_H
#define TOCSIN_BATCH_ROWS_H

/*
 * Sums and sums of squares along the rows of a batch, tile by tile: as many
 * series as keep a tile's sums in the first cache, and a row's part of it long
 * enough to be fetched ahead.  Inside the library only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detectors/batch.h"

#define BATCH_TILE 512

struct batch_tile {
	const struct det_batch *b;
	size_t first; /* series */
	size_t n;     /* at most BATCH_TILE */
};

struct batch_sums {
	double sum[BATCH_TILE];
	double square[BATCH_TILE];
	uint32_t odd[BATCH_TILE]; /* sign bit set: to be judged the plain way */
};

static inline const int32_t *
batch_row_of(const struct batch_tile *t, size_t r)
{
	return t->b->row[r] + t->first;
}

/* Marks the series that cannot be judged with row r by sums. */
void batch_flag_row(const struct batch_tile *t, size_t r, struct batch_sums *s);

/* Adds up `want` rows from row `from` on, and marks. */
void batch_add_rows(const struct batch_tile *t, size_t from, size_t want,
		    struct batch_sums *s);

#endif
