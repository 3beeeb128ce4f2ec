#ifndef TOCSIN_CUSUM_TABLE_H
#define TOCSIN_CUSUM_TABLE_H

/*
 * The p of JHU/APL's CUSUM (reference k 0.5, baseline 28, guard 2) from its
 * simulated null distribution.  Inside the library only.
 */

#include <stddef.h>

#define CUSUM_POINTS 2005

extern const double cusum_table[CUSUM_POINTS]; /* ascending statistics */

/* p of point i of the table. */
static inline double
cusum_point_p(size_t i)
{
	if (i >= 4)
		return i == CUSUM_POINTS - 1 ? 1e-5 : (double)(2004 - i) / 10000;
	return i == 0 ? 1 : (double)(6 - i) / 10;
}

/* Linear between the points, clamped at the ends: 1 at 0, 1e-5 from 9.01. */
double cusum_p(double statistic);

/* The least statistic whose p is at most that, 1e-5 <= p <= 1. */
double cusum_limit(double p);

#endif
