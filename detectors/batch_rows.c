/*
 * See batch_rows.h.  Sums of whole numbers are exact in doubles up to
 * DET_BATCH_LARGE, so that mean and deviation come from sum and sum of squares
 * without loss, and in floats, twice as many at a time, while counts are
 * small.
 */
#include "detectors/batch_rows.h"

#include <string.h>

#define SMALL 511 /* a mask of bits; SMALL_ROWS squares are below 2^24 */
#define SMALL_ROWS 32

/* The sign bit is set for a missing and for a large count. */
static inline uint32_t
oddness(int32_t x)
{
	return (uint32_t)x | ((uint32_t)DET_BATCH_LARGE - (uint32_t)x);
}

void
batch_flag_row(const struct batch_tile *t, size_t r, struct batch_sums *s)
{
	const int32_t *restrict x = batch_row_of(t, r);

	for (size_t j = 0; j < t->n; j++)
		s->odd[j] |= oddness(x[j]);
}

static void
add_row(const struct batch_tile *t, size_t r, struct batch_sums *s)
{
	const int32_t *restrict x = batch_row_of(t, r);

	for (size_t j = 0; j < t->n; j++) {
		double v = (double)x[j];

		s->sum[j] += v;
		s->square[j] += v * v;
	}
	batch_flag_row(t, r, s);
}

/* Four rows at once save three quarters of the traffic of the sums. */
static void
add_four(const struct batch_tile *t, size_t r, struct batch_sums *s)
{
	const int32_t *restrict x0 = batch_row_of(t, r);
	const int32_t *restrict x1 = batch_row_of(t, r + 1);
	const int32_t *restrict x2 = batch_row_of(t, r + 2);
	const int32_t *restrict x3 = batch_row_of(t, r + 3);

	for (size_t j = 0; j < t->n; j++) {
		double a = (double)x0[j];
		double b = (double)x1[j];
		double c = (double)x2[j];
		double d = (double)x3[j];

		s->sum[j] += (a + b) + (c + d);
		s->square[j] += (a * a + b * b) + (c * c + d * d);
	}
	for (size_t j = 0; j < t->n; j++)
		s->odd[j] |= (oddness(x0[j]) | oddness(x1[j])) |
			     (oddness(x2[j]) | oddness(x3[j]));
}

/* The same in half the width; `bits` collects those of every count. */
struct small {
	float sum[BATCH_TILE];
	float square[BATCH_TILE];
	uint32_t bits[BATCH_TILE];
};

static void
add_small_row(const struct batch_tile *t, size_t r, struct small *s)
{
	const int32_t *restrict x = batch_row_of(t, r);

	for (size_t j = 0; j < t->n; j++) {
		float a = (float)x[j];

		s->sum[j] += a;
		s->square[j] += a * a;
		s->bits[j] |= (uint32_t)x[j];
	}
}

static void
add_four_small(const struct batch_tile *t, size_t r, struct small *s)
{
	const int32_t *restrict x0 = batch_row_of(t, r);
	const int32_t *restrict x1 = batch_row_of(t, r + 1);
	const int32_t *restrict x2 = batch_row_of(t, r + 2);
	const int32_t *restrict x3 = batch_row_of(t, r + 3);

	for (size_t j = 0; j < t->n; j++) {
		float a = (float)x0[j];
		float b = (float)x1[j];
		float c = (float)x2[j];
		float d = (float)x3[j];

		s->sum[j] += (a + b) + (c + d);
		s->square[j] += (a * a + b * b) + (c * c + d * d);
		s->bits[j] |= (uint32_t)((x0[j] | x1[j]) | (x2[j] | x3[j]));
	}
}

/* Whether no series has a count above SMALL; those with a hole are odd. */
static bool
all_small(const struct batch_tile *t, const struct small *s)
{
	uint32_t all = 0;

	for (size_t j = 0; j < t->n; j++)
		all |= s->bits[j] & ((s->bits[j] >> 31) - 1);
	return all <= SMALL;
}

/*
 * Adds up rows of counts up to SMALL, whose sums and squares are whole numbers
 * that a float holds.  Returns false, with nothing done, where one is larger.
 */
static bool
add_small_rows(const struct batch_tile *t, size_t from, size_t want,
	       struct batch_sums *sums)
{
	struct small s;
	size_t r = from;

	if (want > SMALL_ROWS)
		return false;
	memset(&s, 0, sizeof(s));
	for (; r + 4 <= from + want; r += 4) {
		add_four_small(t, r, &s);
		if (r == from && !all_small(t, &s))
			return false;
	}
	for (; r < from + want; r++)
		add_small_row(t, r, &s);
	if (!all_small(t, &s))
		return false;
	for (size_t j = 0; j < t->n; j++) {
		sums->sum[j] = (double)s.sum[j];
		sums->square[j] = (double)s.square[j];
		sums->odd[j] |= s.bits[j];
	}
	return true;
}

void
batch_add_rows(const struct batch_tile *t, size_t from, size_t want,
	       struct batch_sums *s)
{
	size_t r = from;

	if (add_small_rows(t, from, want, s))
		return;
	memset(s->sum, 0, sizeof(s->sum));
	memset(s->square, 0, sizeof(s->square));
	for (; r + 4 <= from + want; r += 4)
		add_four(t, r, s);
	for (; r < from + want; r++)
		add_row(t, r, s);
}
