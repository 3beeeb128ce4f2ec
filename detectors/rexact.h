#ifndef TOCSIN_REXACT_H
#define TOCSIN_REXACT_H

/*
 * What the methods that follow R's surveillance package share: how long a
 * year is, which cell is the first to judge.  Inside the library only.
 */

#include "detectors/cells.h"

/* The row of `start` in a parameter table. */
#define REXACT_START                                                                       \
	{                                                                                  \
		"start", "periods", 0, 0, 1e9,                                             \
			NULL, "first period judged, 1-based; 0: as soon as the method can" \
	}

#define REXACT_END                                                             \
	{                                                                      \
		NULL, NULL, 0, 0, 0, NULL, NULL                                \
	}

/* Periods a year: R's freq. */
static inline size_t
rexact_year(const struct det_window *w)
{
	return w->period == DET_WEEK ? 52 : 365;
}

/*
 * Index of the first cell to judge: that of period `start`, or the cell
 * `soonest` where start is 0.  At most w->n.
 */
size_t rexact_first(const struct det_window *w, double start, size_t soonest);

/*
 * Mean of the reports before cell `first`, or in cell 0 where that is the
 * first: the frozen reference of a chart.  NaN where there is none.
 */
double rexact_reference(const struct det_window *w, size_t first);

/* Number of reports, and their sum, in the cells lo..hi. */
size_t rexact_sum(const struct det_window *w, size_t lo, size_t hi, double *sum);

#endif
