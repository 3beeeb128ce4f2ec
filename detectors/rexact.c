/*
 * What the methods that follow R's surveillance package share.
 */
#include "detectors/rexact.h"

size_t
rexact_first(const struct det_window *w, double start, size_t soonest)
{
	double i = start - (double)w->first_t;

	if (start == 0)
		return soonest < w->n ? soonest : w->n;
	if (i < 0)
		return 0;
	return i < (double)w->n ? (size_t)i : w->n;
}

size_t
rexact_sum(const struct det_window *w, size_t lo, size_t hi, double *sum)
{
	size_t n = 0;

	*sum = 0;
	for (size_t i = lo; i <= hi; i++) {
		double x = cells_count(w, i);

		if (isnan(x))
			continue;
		*sum += x;
		n++;
	}
	return n;
}

double
rexact_reference(const struct det_window *w, size_t first)
{
	double sum;
	size_t n;

	if (w->n == 0)
		return NAN;
	n = rexact_sum(w, 0, first > 0 ? first - 1 : 0, &sum);
	return n > 0 ? sum / (double)n : NAN;
}
