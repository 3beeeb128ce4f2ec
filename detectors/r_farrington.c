/*
 * The Farrington method as algo.farrington() of R's surveillance 1.20.3
 * computes it: a trend through the same weeks of b past years, w weeks to
 * either side, and a two-sided alpha.
 */
#include "detectors/farrington.h"
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define THRESHOLD 1
#define P_TREND 0.05
#define TREND_YEARS 3

enum { B, W, ALPHA, POWER, START };

static const struct det_param params[] = {
	{ "b", "years", 5, 1, FARRINGTON_MAX_YEARS, NULL,
	  "past years the baseline comes from" },
	{ "w", "periods", 3, 0, 25, NULL,
	  "periods to either side of the same one in a past year" },
	{ "alpha", "probability", 0.05, 1e-12, 0.999999, NULL,
	  "two-sided level: the limit is the 1 - alpha/2 quantile" },
	{ "power", "", 0, 0, 2, farrington_powers,
	  "scale on which counts are taken as normal" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* R leaves out what lies before the series; one group. */
static void
set_runs(struct farrington *k, const double *p, size_t year, size_t i)
{
	size_t half = (size_t)p[W];

	k->data.runs = 0;
	k->data.groups = 1;
	k->data.now = (double)i;
	for (size_t back = (size_t)p[B]; back > 0; back--) {
		size_t end = i + half + 1; /* of the run, plus back years */
		size_t lo = back * year + half;

		if (end <= back * year)
			continue;
		lo = i > lo ? i - lo : 0;
		end -= back * year;
		k->run[k->data.runs++] = (struct quasi_run){
			.first = (uint32_t)lo,
			.n = (uint32_t)(end - lo),
		};
	}
}

static struct det_verdict
limit(const struct farrington *k, const double *p, double z, double y, bool enough)
{
	double mu = exp(k->fit.level[0]);
	double tau = k->phi + quasi_variance(&k->fit, 0) * k->phi * mu;
	struct farrington_limit l = farrington_power_limit(
		y, mu, tau, z, farrington_exponent(p[POWER]));
	struct det_verdict v;

	if (isnan(l.upper) || isnan(l.p))
		return cells_unknown(DET_DEGENERATE);
	v.expected = mu;
	v.upper = enough ? l.upper : 0;
	v.statistic = enough ? (y - mu) / (l.upper - mu) : 0;
	v.p = l.p;
	v.level = v.statistic > 1 ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static struct det_verdict
verdict(struct farrington *k, const double *p, double z,
	const struct det_window *w, size_t i)
{
	double y = cells_count(w, i);

	if (isnan(y))
		return cells_unknown(DET_REPORT_MISSING);
	set_runs(k, p, rexact_year(w), i);
	if (k->data.runs == 0)
		return cells_unknown(DET_LEARNING);
	if (!farrington_fit(k, true, THRESHOLD, true))
		return cells_unknown(k->fit.df > 0 ? DET_DEGENERATE
						   : DET_BASELINE_MISSING);
	if (k->fit.trend &&
	    !(p[B] >= TREND_YEARS &&
	      farrington_trend_stays(k, k->fit.phi, P_TREND, 0)) &&
	    !farrington_fit(k, false, THRESHOLD, true))
		return cells_unknown(DET_DEGENERATE);
	return limit(k, p, z, y, farrington_enough_cases(w, i));
}

/* Cells before the first one that R judges of itself. */
static size_t
soonest(const double *p, size_t year)
{
	return (size_t)p[B] * year - (size_t)p[W] - 1;
}

static size_t
reach(const double *p)
{
	return (size_t)p[B] * 365 + (size_t)p[W] + 1;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	double z = qnorm(p[ALPHA] / 2, 0, 1, 0, 0);
	size_t first = rexact_first(w, p[START], soonest(p, rexact_year(w)));
	size_t back = (size_t)p[B] * rexact_year(w) + (size_t)p[W];
	struct farrington k;

	farrington_init(&k, w, from > back ? from - back : 0, scratch);
	for (size_t i = from; i < w->n; i++) {
		if (i < first)
			out[i - from] = cells_unknown(DET_LEARNING);
		else
			out[i - from] = verdict(&k, p, z, w, i);
	}
	return DET_OK;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	return farrington_bytes(n, (size_t)p[B]);
}

const struct det_method det_r_farrington = {
	.name = "r-farrington",
	.summary = "the Farrington method as R computes it",
	.reference = "R surveillance 1.20.3, algo.farrington; Farrington et "
		     "al. 1996, JRSS A 159",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
