/*
 * What the methods that follow R's surveillance package share.
 */
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

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
rexact_reference(const struct det_window *w, double start, size_t first)
{
	double sum;
	size_t n;

	if (w->n == 0 ||
	    (start > 0 && w->first_t > 1 && (double)w->first_t >= start))
		return NAN;
	n = rexact_sum(w, 0, first > 0 ? first - 1 : 0, &sum);
	return n > 0 ? sum / (double)n : NAN;
}

size_t
rexact_past_reach(const struct rexact_past *past, size_t year)
{
	size_t side = past->near > past->wide ? past->near : past->wide;

	return past->years * year + side;
}

/* Sum of the squared distances from the mean in the cells lo..hi. */
static double
squares(const struct det_window *w, size_t lo, size_t hi, double mean)
{
	double sum = 0;

	for (size_t i = lo; i <= hi; i++) {
		double d = cells_count(w, i) - mean;

		if (!isnan(d))
			sum += d * d;
	}
	return sum;
}

struct rexact_sums
rexact_past_sums(const struct rexact_past *past, const struct det_window *w,
		 size_t i)
{
	struct rexact_sums s = { 0, 0, NAN, NAN };
	size_t year = rexact_year(w);
	double square = 0;
	double sum;

	if (past->near > 0) {
		s.n = (double)rexact_sum(w, i - past->near, i - 1, &sum);
		s.sum = sum;
	}
	for (size_t j = 1; j <= past->years; j++) {
		size_t mid = i - j * year;

		s.n += (double)rexact_sum(w, mid - past->wide, mid + past->wide,
					  &sum);
		s.sum += sum;
	}
	s.mean = s.n > 0 ? s.sum / s.n : NAN;
	if (past->near > 0)
		square = squares(w, i - past->near, i - 1, s.mean);
	for (size_t j = 1; j <= past->years; j++) {
		size_t mid = i - j * year;

		square += squares(w, mid - past->wide, mid + past->wide, s.mean);
	}
	if (s.n > 1)
		s.sd = sqrt(square / (s.n - 1));
	return s;
}

double
rexact_predictive_p(double x, double sum, double n)
{
	double size = sum + 0.5;
	double prob = n / (n + 1);
	double whole = floor(x);
	/* dnbinom() prints a warning for a part of a count */
	double mass = x == whole ? dnbinom(x, size, prob, 0) : 0;

	return pnbinom(whole, size, prob, 0, 0) + 0.5 * mass;
}
