/*
 * CUSUM as JHU/APL's ESSENCE runs it: standardised by the last 28 reports
 * without over-long runs of zeros, restarted at half the reset level once it
 * passed it, with the p of its simulated null distribution.  Not the CUSUM of
 * surveillance, which never comes down again: see r-cusum.
 */
#include "detectors/cells.h"
#include "detectors/cusum.h"
#include "detectors/cusum_table.h"
#include "detectors/methods.h"
#include "detectors/zeros.h"

static const struct det_param params[] = {
	{ "baseline", "periods", 28, 7, 364, NULL,
	  "reports the mean and standard deviation come from" },
	{ "guard", "periods", 2, 0, 56, NULL,
	  "periods left out between them and the judged one" },
	{ "k", "sd", 0.5, 0, 5, NULL,
	  "excess a period that does not count; p is that of 0.5" },
	{ "min_sigma", "sd", 0.5, 0.001, 1e6, NULL,
	  "least standard deviation, in counts" },
	{ "reset", "sd", 4, 0.1, 1000, NULL,
	  "a sum above it goes on from half of it" },
	{ "horizon", "periods", 182, 28, 3650, NULL,
	  "sums start at least this many periods back" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

double
cusum_p(double statistic)
{
	size_t low = 0; /* the last point that is not above the statistic */
	double share;

	if (statistic <= cusum_table[0])
		return cusum_point_p(0);
	if (statistic >= cusum_table[CUSUM_POINTS - 1])
		return cusum_point_p(CUSUM_POINTS - 1);
	/* halves without a branch that cannot be foreseen */
	for (size_t n = CUSUM_POINTS - 1; n > 1; n -= n / 2) {
		size_t above = cusum_table[low + n / 2] <= statistic;

		low += n / 2 & -above;
	}
	share = (statistic - cusum_table[low]) /
		(cusum_table[low + 1] - cusum_table[low]);
	return cusum_point_p(low) +
	       share * (cusum_point_p(low + 1) - cusum_point_p(low));
}

double
cusum_limit(double p)
{
	size_t low = 0; /* its p is above p, or it is the first */
	size_t high = CUSUM_POINTS - 1;
	double share;

	if (p >= 1)
		return cusum_table[0];
	if (p <= cusum_point_p(high))
		return cusum_table[high];
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (cusum_point_p(middle) > p)
			low = middle;
		else
			high = middle;
	}
	share = (cusum_point_p(low) - p) /
		(cusum_point_p(low) - cusum_point_p(high));
	return cusum_table[low] + share * (cusum_table[high] - cusum_table[low]);
}

static double
carried(const double *p, double sum)
{
	return sum > p[CUSUM_RESET] ? p[CUSUM_RESET] / 2 : sum;
}

static enum det_level
level_of(double p, double x)
{
	if (!(x > 0) || p > CUSUM_YELLOW_P * (1 + CELLS_TIE))
		return DET_NORMAL;
	return p <= CUSUM_RED_P * (1 + CELLS_TIE) ? DET_ALERT : DET_WARNING;
}

struct det_verdict
cusum_step(const double *p, const struct det_window *w, size_t i, double *sum,
	   double *scratch)
{
	size_t guard = (size_t)p[CUSUM_GUARD];
	size_t want = (size_t)p[CUSUM_BASELINE];
	double x = cells_count(w, i);
	struct det_verdict v = { .level = DET_NORMAL, .reason = DET_JUDGED };
	struct zeros_base b;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (cells_before(w, i, guard, want, scratch) < want)
		return cells_unknown(cells_why_short(w, i, guard, want));
	b = zeros_base(scratch, want, zeros_excess(scratch, want));
	if (b.n < 2) {
		v.expected = 0;
		v.upper = cusum_limit(CUSUM_RED_P);
		*sum = x;
	} else {
		double sigma = fmax(b.sd, p[CUSUM_MIN_SIGMA]);
		double carry = carried(p, *sum);

		v.expected = b.mean;
		v.upper = fmax(0, b.mean + (cusum_limit(CUSUM_RED_P) - carry +
					    p[CUSUM_K]) *
						   sigma);
		*sum = fmax(0, carry + (x - b.mean) / sigma - p[CUSUM_K]);
	}
	v.statistic = *sum;
	v.p = cusum_p(*sum);
	v.level = level_of(v.p, x);
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	size_t i = from;

	while (i < w->n) {
		struct cells_chain c =
			cells_chain(w, i, (size_t)p[CUSUM_HORIZON]);
		double sum = 0;

		for (size_t j = c.start; j < c.end; j++) {
			struct det_verdict v = cusum_step(p, w, j, &sum, scratch);

			if (j >= i)
				out[j - from] = v;
		}
		i = c.end;
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return cells_chain_reach((size_t)p[CUSUM_HORIZON]) +
	       cells_reach((size_t)p[CUSUM_GUARD], (size_t)p[CUSUM_BASELINE]) - 1;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return (size_t)p[CUSUM_BASELINE] * sizeof(double);
}

const struct det_method det_cusum = {
	.name = "cusum",
	.summary = "sum of standardised excesses that restarts, for slow rises",
	.reference = "JHU/APL openessence CusumSagesDetector",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
