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

static const struct rexact_past past1 = { .near = 6 };
static const struct rexact_past past2 = { .near = 6, .years = 1, .wide = 6 };
static const struct rexact_past past3 = { .years = 2, .wide = 4 };

/* Upper 95 % limits of a Poisson mean for 0..20 cases: Crow, Gardner 1959. */
static const double poisson_limit[LARGE_MEAN + 1] = {
	3.285,	5.323,	6.686,	8.102,	9.598,	11.177, 12.817,
	13.765, 14.921, 16.768, 17.633, 19.05,	20.335, 21.364,
	22.945, 23.762, 25.4,	26.306, 27.735, 28.966, 30.017,
};

static struct det_verdict
verdict(const struct rexact_sums *s, double x)
{
	struct det_verdict v;

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
		out[i - from] = verdict(&s, cells_count(w, i));
	}
	return DET_OK;
}

static int
judge_rki1(const double *p, const struct det_window *w, size_t from,
	   void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past1, p, w, from, out);
}

static int
judge_rki2(const double *p, const struct det_window *w, size_t from,
	   void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past2, p, w, from, out);
}

static int
judge_rki3(const double *p, const struct det_window *w, size_t from,
	   void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge(&past3, p, w, from, out);
}

/* The longer of the two years: a method is not told its period here. */
static size_t
reach_rki1(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&past1, 365);
}

static size_t
reach_rki2(const double *p)
{
	(void)p;
	return 1 + rexact_past_reach(&past2, 365);
}

static size_t
reach_rki3(const double *p)
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

const struct det_method det_r_rki1 = {
	.name = "r-rki1",
	.summary = "limit from the last 6 periods as R computes it",
	.reference = "R surveillance 1.20.3, algo.rki1; Altmann 2003",
	.param = params,
	.reach = reach_rki1,
	.scratch = scratch_none,
	.judge = judge_rki1,
};

const struct det_method det_r_rki2 = {
	.name = "r-rki2",
	.summary = "as r-rki1, with 13 periods around last year's",
	.reference = "R surveillance 1.20.3, algo.rki2; Altmann 2003",
	.param = params,
	.reach = reach_rki2,
	.scratch = scratch_none,
	.judge = judge_rki2,
};

const struct det_method det_r_rki3 = {
	.name = "r-rki3",
	.summary = "limit from 9 periods in each of two past years",
	.reference = "R surveillance 1.20.3, algo.rki3; Altmann 2003",
	.param = params,
	.reach = reach_rki3,
	.scratch = scratch_none,
	.judge = judge_rki3,
};
