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

size_t
rexact_learn(struct rexact_reference *r, const struct det_window *w,
	     double start, const struct det_walk *k)
{
	size_t first = rexact_first(w, start, REXACT_REFERENCE);
	size_t last = first > 0 ? first : 1;

	if (k->begin == 0)
		*r = (struct rexact_reference){ 0, 0 };
	for (size_t i = k->begin; i < k->end && i < last; i++) {
		double x = cells_count(w, i);

		if (!isnan(x)) {
			r->sum += x;
			r->reports++;
		}
		if (k->out != NULL && i < first)
			k->out[i - k->begin] = cells_unknown(DET_LEARNING);
	}
	if (first < k->begin)
		return k->begin;
	return first < k->end ? first : k->end;
}

double
rexact_mean(const struct rexact_reference *r, const struct det_window *w,
	    double start)
{
	bool older = start > 0 && w->first_t > 1 && (double)w->first_t >= start;

	return older || r->reports == 0 ? NAN : r->sum / r->reports;
}

size_t
rexact_behind(const double *p, const void *state, size_t i)
{
	(void)p;
	(void)state;
	(void)i;
	return 0;
}

const struct rexact_past rexact_past[3] = {
	{ .near = 6 },
	{ .near = 6, .years = 1, .wide = 6 },
	{ .years = 2, .wide = 4 },
};

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

int
rexact_judge(const struct rexact_chart *c, const double *p,
	     const struct det_window *w, size_t from, struct det_verdict *out)
{
	size_t need = rexact_past_reach(c->past, rexact_year(w));
	size_t first = rexact_first(w, p[c->start], need);

	for (size_t i = from; i < w->n; i++) {
		struct rexact_sums s;

		if (i < first || i < need) {
			out[i - from] = cells_unknown(DET_LEARNING);
			continue;
		}
		s = rexact_past_sums(c->past, w, i);
		out[i - from] = c->verdict(p, &s, cells_count(w, i));
	}
	return DET_OK;
}

size_t
rexact_reach1(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&rexact_past[0], 365);
}

size_t
rexact_reach2(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&rexact_past[1], 365);
}

size_t
rexact_reach3(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&rexact_past[2], 365);
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
