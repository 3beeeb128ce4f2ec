#ifndef TOCSIN_CUSUM_H
#define TOCSIN_CUSUM_H

/* What cusum.c and its batch form share.  Inside the library only. */

#include "detectors/detect.h"

#define CUSUM_RED_P 0.01
#define CUSUM_YELLOW_P 0.05

enum {
	CUSUM_BASELINE,
	CUSUM_GUARD,
	CUSUM_K,
	CUSUM_MIN_SIGMA,
	CUSUM_RESET,
	CUSUM_HORIZON
};

/*
 * Judges cell i; *sum is the statistic of the cell before it and becomes
 * that of cell i, unless the level is unknown.  scratch as for det_cusum.
 */
struct det_verdict cusum_step(const double *p, const struct det_window *w,
			      size_t i, double *sum, double *scratch);

#endif
