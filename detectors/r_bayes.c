/*
 * The Bayes systems 1 to 3 of R's surveillance 1.20.3: the count against the
 * quantile that a Poisson mean with Jeffreys' prior predicts from the last
 * weeks, last year's, or those of two years.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum { ALPHA, START };

static const struct det_param params[] = {
	{ "alpha", "probability", 0.05, 1e-12, 0.5, NULL,
	  "one-sided level of the limit" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

static struct det_verdict
verdict(const double *p, const struct rexact_sums *s, double x)
{
	struct det_verdict v;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (s->n == 0)
		return cells_unknown(DET_BASELINE_MISSING);
	v.expected = (s->sum + 0.5) / s->n;
	v.upper = qnbinom(1 - p[ALPHA], s->sum + 0.5, s->n / (s->n + 1), 1, 0);
	v.statistic = x;
	v.p = rexact_predictive_p(x, s->sum, s->n);
	v.level = x > v.upper ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static int
judge1(const double *p, const struct det_window *w, size_t from, void *scratch,
       struct det_verdict *out)
{
	static const struct rexact_chart chart = { &rexact_past[0], START,
						   verdict };

	(void)scratch;
	return rexact_judge(&chart, p, w, from, out);
}

static int
judge2(const double *p, const struct det_window *w, size_t from, void *scratch,
       struct det_verdict *out)
{
	static const struct rexact_chart chart = { &rexact_past[1], START,
						   verdict };

	(void)scratch;
	return rexact_judge(&chart, p, w, from, out);
}

static int
judge3(const double *p, const struct det_window *w, size_t from, void *scratch,
       struct det_verdict *out)
{
	static const struct rexact_chart chart = { &rexact_past[2], START,
						   verdict };

	(void)scratch;
	return rexact_judge(&chart, p, w, from, out);
}

const struct det_method det_r_bayes1 = {
	.name = "r-bayes1",
	.summary = "the last 6 periods' prediction as R computes it",
	.reference = "R surveillance 1.20.3, algo.bayes1; Riebler 2004",
	.param = params,
	.reach = rexact_reach1,
	.scratch = cells_no_scratch,
	.judge = judge1,
};

const struct det_method det_r_bayes2 = {
	.name = "r-bayes2",
	.summary = "as r-bayes1, with 13 periods around last year's",
	.reference = "R surveillance 1.20.3, algo.bayes2; Riebler 2004",
	.param = params,
	.reach = rexact_reach2,
	.scratch = cells_no_scratch,
	.judge = judge2,
};

const struct det_method det_r_bayes3 = {
	.name = "r-bayes3",
	.summary = "the prediction from 9 periods in each of two past years",
	.reference = "R surveillance 1.20.3, algo.bayes3; Riebler 2004",
	.param = params,
	.reach = rexact_reach3,
	.scratch = cells_no_scratch,
	.judge = judge3,
};
