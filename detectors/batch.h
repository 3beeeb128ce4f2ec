#ifndef TOCSIN_BATCH_H
#define TOCSIN_BATCH_H

/*
 * One new period of many series at once: the same verdicts as det_judge(),
 * over counts laid out period by period, so that the inner loops run along
 * the series and the compiler makes vectors of them.  Series with holes,
 * counts above DET_BATCH_LARGE or marks nobody can vectorise are judged one by
 * one, with the same result.
 */

#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

#define DET_BATCH_MISSING (-1) /* or any other negative count */
#define DET_BATCH_LARGE 131072 /* above it sums are not exact */

/*
 * row[r][s] is the count of series s in period r, oldest first; the last row
 * is judged.  Rows need not lie together, so that they can be a ring.  As
 * many as reach() give the verdict of the whole series; with fewer, holes
 * make more of it unknown.  Nothing is written to.
 */
struct det_batch {
	const int32_t *const *row;
	size_t rows;
	size_t series;
};

/* Arrays of `series` elements; p may be NULL where it is not wanted. */
struct det_batch_out {
	double *statistic; /* NaN where the level is unknown */
	double *p;	   /* likewise */
	uint8_t *level;	   /* enum det_level */
};

/*
 * Judges with ears-c1, ears-c2 or ears-c3.  Returns DET_OK, or DET_ERR_METHOD
 * for another method.
 */
int det_batch_ears(const struct det_method *m, const double *p,
		   const struct det_batch *b, const struct det_batch_out *out)
	__attribute__((warn_unused_result));

/*
 * Judges with cusum.  sum[s] is the statistic of series s after the period
 * before, 0 where its chain starts, and becomes that of the judged one; a
 * series whose level is unknown keeps it.  Starting chains anew, a horizon
 * before each block of as many periods, is the caller's part (detectors.md).
 */
int det_batch_cusum(const double *p, const struct det_batch *b, double *sum,
		    const struct det_batch_out *out)
	__attribute__((warn_unused_result));

/*
 * Judges with rnssp-switch, the last row being that of `day` (days since
 * 1970-01-01).  average[2 s] and [2 s + 1] are the two averages of series s
 * after the day before, NaN before its first report, and become those after
 * the judged one.  Rows: rnssp-regression's reach, or all there are.  Returns
 * DET_OK, or DET_ERR_WINDOW without a row.
 */
int det_batch_rnssp_switch(const double *p, const struct det_batch *b,
			   int32_t day, double *average,
			   const struct det_batch_out *out)
	__attribute__((warn_unused_result));

/* Upper tail of the standard normal of n values, relative error < 1e-11. */
void det_batch_normal_tail(const double *z, double *p, size_t n);

#endif
