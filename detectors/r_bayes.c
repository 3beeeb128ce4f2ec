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

static const struct rexact_past past1 = { .near = 6 };
static const struct rexact_past past2 = { .near = 6, .years = 1, .wide = 6 };
static const struct rexact_past past3 = { .years = 2, .wide = 4 };

static struct det_verdict
verdict(double alpha, const struct rexact_sums *s, double x)
{
	struct det_verdict v;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (s->n == 0)
		return cells_unknown(DET_BASELINE_MISSING);
	v.expected = (s->sum + 0.5) / s->n;
	v.upper = qnbinom(1 - alpha, s->sum + 0.5, s->n / (s->n + 1), 1, 0);
	v.statistic = x;
	v.p = rexact_predictive_p(x, s->sum, s->n);
	v.level = x > v.upper ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static int
judge(const struct rexact_past *past, const double *p,
      const struct det_window *w, size_t from, struct det_verdict *out)
{
	size_t need = rexact_past_reach(past, rexact_year(w));
	size_t first = rexact_first(w, p[START], need);

	for (size_t i = from; i < w->n; i++) {
		struct rexact_sums s;

		if (i < first || i < need) {
			out[i - from] = cells_unknown(DET_LEARNING);
			continue;
		}
		s = rexact_past_sums(past, w, i);
		out[i - from] = verdict(p[ALPHA], &s, cells_count(w, i));
	}
	return DET_OK;
}

static int
judge_bayes1(const double *p, const struct det_window *w, size_t from,
	     void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past1, p, w, from, out);
}

static int
judge_bayes2(const double *p, const struct det_window *w, size_t from,
	     void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past2, p, w, from, out);
}

static int
judge_bayes3(const double *p, const struct det_window *w, size_t from,
	     void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past3, p, w, from, out);
}

/* The longer of the two years: a method is not told its period here. */
static size_t
reach_bayes1(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&past1, 365);
}

static size_t
reach_bayes2(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&past2, 365);
}

static size_t
reach_bayes3(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&past3, 365);
}

static size_t
scratch_none(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

const struct det_method det_r_bayes1 = {
	.name = "r-bayes1",
	.summary = "the last 6 periods' prediction as R computes it",
	.reference = "R surveillance 1.20.3, algo.bayes1; Riebler 2004",
	.param = params,
	.reach = reach_bayes1,
	.scratch = scratch_none,
	.judge = judge_bayes1,
};

const struct det_method det_r_bayes2 = {
	.name = "r-bayes2",
	.summary = "as r-bayes1, with 13 periods around last year's",
	.reference = "R surveillance 1.20.3, algo.bayes2; Riebler 2004",
	.param = params,
	.reach = reach_bayes2,
	.scratch = scratch_none,
	.judge = judge_bayes2,
};

const struct det_method det_r_bayes3 = {
	.name = "r-bayes3",
	.summary = "the prediction from 9 periods in each of two past years",
	.reference = "R surveillance 1.20.3, algo.bayes3; Riebler 2004",
	.param = params,
	.reach = reach_bayes3,
	.scratch = scratch_none,
	.judge = judge_bayes3,
};
