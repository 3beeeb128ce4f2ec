/*
 * The historical limits CDC prints in MMWR's figure 1, as algo.cdc() of R's
 * surveillance 1.20.3 has them: the last four weeks' cases against the mean
 * and spread of the same four weeks, and the blocks of four beside them, of
 * the past years.  Weekly series only.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define BLOCK 4

enum { B, M, ALPHA, START };

static const struct det_param params[] = {
	{ "b", "years", 5, 1, 20, NULL, "past years compared with" },
	{ "m", "periods", 1, 1, 5, NULL,
	  "blocks of 4 weeks on either side of the same 4 in a past year" },
	{ "alpha", "probability", 0.025, 1e-12, 0.999999, NULL,
	  "two-sided level: the limit is the 1 - alpha/2 quantile" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* Cells before the judged one that its limit reads. */
static size_t
need(const double *p, size_t year)
{
	return (size_t)p[B] * year + (size_t)p[M] * BLOCK + BLOCK - 1;
}

/* Cases in the four cells that end with cell i; NaN if one is missing. */
static double
block(const struct det_window *w, size_t i)
{
	double sum = 0;

	for (size_t j = i + 1 - BLOCK; j <= i; j++)
		sum += cells_count(w, j);
	return sum;
}

/* scratch: the sums of all blocks. */
static struct det_verdict
verdict(const double *p, double z, const struct det_window *w, size_t i,
	double *scratch)
{
	size_t half = (size_t)p[M];
	size_t n = 0;
	double now = block(w, i);
	struct cells_moments m;
	struct det_verdict v;
	double sd, d;

	if (isnan(cells_count(w, i)))
		return cells_unknown(DET_REPORT_MISSING);
	for (size_t year = (size_t)p[B]; year > 0; year--) {
		size_t last = i - year * rexact_year(w) - half * BLOCK;

		for (size_t j = 0; j <= 2 * half; j++)
			scratch[n++] = block(w, last + j * BLOCK);
	}
	m = cells_moments(scratch, n);
	if (isnan(m.mean) || isnan(now))
		return cells_unknown(DET_BASELINE_MISSING);
	sd = m.sd * sqrt(1 + 1 / (double)n);
	d = now - m.mean;
	v.expected = m.mean;
	v.upper = m.mean + z * sd;
	v.statistic = now;
	v.p = cells_normal_tail(d == 0 ? 0 : d / sd);
	v.level = now > v.upper ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	double z = qnorm(p[ALPHA] / 2, 0, 1, 0, 0);
	size_t back = need(p, rexact_year(w));
	size_t first = rexact_first(w, p[START], back);

	for (size_t i = from; i < w->n; i++) {
		if (w->period != DET_WEEK)
			out[i - from] = cells_unknown(DET_DEGENERATE);
		else if (i < first || i < back)
			out[i - from] = cells_unknown(DET_LEARNING);
		else
			out[i - from] = verdict(p, z, w, i, scratch);
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return need(p, 52) + 1;
}

static size_t
scratch_blocks(const double *p, size_t n)
{
	(void)n;
	return (size_t)p[B] * (2 * (size_t)p[M] + 1) * sizeof(double);
}

const struct det_method det_r_cdc = {
	.name = "r-cdc",
	.summary = "historical limits of four weeks as R computes them",
	.reference = "R surveillance 1.20.3, algo.cdc; Stroup et al. 1989, "
		     "Stat Med 8",
	.param = params,
	.reach = reach,
	.scratch = scratch_blocks,
	.judge = judge,
};
