/*
 * The systems 1 to 3 that the Robert Koch Institute ran, as R's surveillance
 * 1.20.3 has them: the count against mean + 2 sd of the baseline, or, for a
 * mean up to 20, against the upper confidence limit of a Poisson count that
 * large.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define LARGE_MEAN 20

enum { START };

static const struct det_param params[] = {
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* Upper 95 % limits of a Poisson mean for 0..20 cases: Crow, Gardner 1959. */
static const double poisson_limit[LARGE_MEAN + 1] = {
	3.285,	5.323,	6.686,	8.102,	9.598,	11.177, 12.817,
	13.765, 14.921, 16.768, 17.633, 19.05,	20.335, 21.364,
	22.945, 23.762, 25.4,	26.306, 27.735, 28.966, 30.017,
};

static struct det_verdict
verdict(const double *p, const struct rexact_sums *s, double x)
{
	struct det_verdict v;

	(void)p;
	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (s->n == 0 || (s->mean > LARGE_MEAN && s->n < 2))
		return cells_unknown(DET_BASELINE_MISSING);
	v.expected = s->mean;
	v.statistic = x;
	if (s->mean > LARGE_MEAN) {
		double d = x - s->mean;

		v.upper = s->mean + 2 * s->sd;
		v.p = cells_normal_tail(d == 0 ? 0 : d / s->sd);
	} else {
		v.upper = poisson_limit[(size_t)s->mean];
		v.p = rexact_predictive_p(x, s->sum, s->n);
	}
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

const struct det_method det_r_rki1 = {
	.name = "r-rki1",
	.summary = "limit from the last 6 periods as R computes it",
	.reference = "R surveillance 1.20.3, algo.rki1; Altmann 2003",
	.param = params,
	.reach = rexact_reach1,
	.scratch = cells_no_scratch,
	.judge = judge1,
};

const struct det_method det_r_rki2 = {
	.name = "r-rki2",
	.summary = "as r-rki1, with 13 periods around last year's",
	.reference = "R surveillance 1.20.3, algo.rki2; Altmann 2003",
	.param = params,
	.reach = rexact_reach2,
	.scratch = cells_no_scratch,
	.judge = judge2,
};

const struct det_method det_r_rki3 = {
	.name = "r-rki3",
	.summary = "limit from 9 periods in each of two past years",
	.reference = "R surveillance 1.20.3, algo.rki3; Altmann 2003",
	.param = params,
	.reach = rexact_reach3,
	.scratch = cells_no_scratch,
	.judge = judge3,
};
