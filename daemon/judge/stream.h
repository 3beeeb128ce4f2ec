#ifndef TOCSIN_JUDGE_STREAM_H
#define TOCSIN_JUDGE_STREAM_H

/*
 * One series' recent past, compact: a ring of counts, one cell a period, and
 * a shorter ring of what was judged.  Periods are numbered: days since
 * 1970-01-01, or weeks since the one of 1969-12-29.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

#define STREAM_NONE INT32_MIN

/* Verdicts of the last periods; rings of `cap` places. */
struct judged {
	float *p; /* NaN = unknown */
	uint8_t *level;
};

/*
 * What a recursive method carries up to period next, of a window that began
 * with period begin; STREAM_NONE: nothing that is good any more.
 */
struct saved {
	void *state;
	int32_t begin, next;
};

/* Counts; stream_init() makes an empty one. */
struct stream {
	uint32_t *cell;	 /* CELL_MISSING, or value and a partial bit */
	uint32_t *denom; /* NULL until there is one; CELL_MISSING = none */
	uint32_t cap;	 /* places of the rings */
	int32_t first;	 /* first period in memory with a report */
	int32_t last;
	int32_t dirty_from; /* STREAM_NONE = clean */
	struct judged judged;
	struct saved saved;
};

#define CELL_MISSING UINT32_MAX
#define CELL_PARTIAL 0x80000000u
#define CELL_MAX 0x7ffffffeu

/* The number of the period that holds the day, and its first day. */
int32_t stream_period(int32_t day, int period);
int32_t stream_day(int32_t t, int period);

void stream_init(struct stream *s);
void stream_fini(struct stream *s);

/*
 * Sets the cell of period t, after which nothing saved behind it is good; the ring holds at most limit periods, older
 * ones fall out, and a period before them is ignored.  denom: CELL_MISSING =
 * none.  Returns 1 when something changed, 0 when not, -1 without memory.
 */
int stream_set(struct stream *s, int32_t t, uint32_t cell, uint32_t denom,
	       uint32_t limit);

/* Where period t lies in a ring; periods before 1970 are negative. */
static inline uint32_t
stream_place(int32_t t, uint32_t cap)
{
	return ((uint32_t)t + 0x40000000u) % cap;
}

/* The cell, CELL_MISSING outside first..last. */
static inline uint32_t
stream_cell(const struct stream *s, int32_t t)
{
	if (s->last == STREAM_NONE || t < s->first || t > s->last)
		return CELL_MISSING;
	return s->cell[stream_place(t, s->cap)];
}

static inline uint32_t
stream_denom(const struct stream *s, int32_t t)
{
	if (s->denom == NULL || t < s->first || t > s->last)
		return CELL_MISSING;
	return s->denom[stream_place(t, s->cap)];
}

/*
 * Copies the cells, or the denominators, of periods from..to; CELL_MISSING
 * outside first..last.  Whole windows are read in this way: a place of the
 * ring is a division.
 */
void stream_cells(const struct stream *s, int32_t from, int32_t to,
		  uint32_t *out);
void stream_denoms(const struct stream *s, int32_t from, int32_t to,
		   uint32_t *out);

/* How many of the periods from..to have a report. */
uint32_t stream_reports(const struct stream *s, int32_t from, int32_t to);

/* Bytes on the heap; places = of the judged rings. */
size_t stream_bytes(const struct stream *s, uint32_t places);

/* Ring of verdicts: made at need, all unknown; 0 or -1 without memory. */
int judged_init(struct judged *g, uint32_t places);
void judged_fini(struct judged *g);
/* Keeps the verdict of period t. */
void judged_set(struct judged *g, uint32_t places, int32_t t, double p,
		enum det_level level);
/* p and level of period t, which must lie in the last `places` periods. */
double judged_p(const struct judged *g, uint32_t places, int32_t t,
		enum det_level *level);

#endif
