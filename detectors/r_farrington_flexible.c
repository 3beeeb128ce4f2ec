/*
 * The improved Farrington method as farringtonFlexible() of R's surveillance
 * 1.20.3 computes it: all weeks of b past years but the last ones, a level
 * for each part of the year, a trend, outlying weeks weighed down, and a
 * normal or a negative binomial limit with a one-sided alpha.
 */
#include "detectors/farrington.h"
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define TREND_YEARS 3

enum { B, W, PERIODS, PAST, WEIGHTS, P_TREND, THRESHOLD, POWER, ALPHA, START };

enum { DELTA, NB_PLUGIN, MUAN };

static const char *const thresholds[] = { "delta", "nbPlugin", "muan", NULL };

static const struct det_param params[] = {
	{ "b", "years", 5, 1, FARRINGTON_MAX_YEARS, NULL,
	  "past years the baseline comes from" },
	{ "w", "periods", 3, 0, 25, NULL,
	  "periods to either side of the same one in a past year" },
	{ "periods", "periods", 1, 1, QUASI_MAX_GROUPS, NULL,
	  "parts of a year with a level of their own; 1: the window only" },
	{ "past", "periods", -1, -1, 104, NULL,
	  "periods before the judged one kept out; -1: as many as w" },
	{ "weights", "", 2.58, 0.01, 100, NULL,
	  "standardised residual from which a past count is weighed down" },
	{ "p_trend", "probability", 0.05, 0, 1, NULL,
	  "p-value below which the trend is kept; 1: always" },
	{ "threshold", "", DELTA, DELTA, MUAN, thresholds,
	  "how the limit comes from the fit" },
	{ "power", "", 0, 0, 2, farrington_powers,
	  "scale on which delta takes counts as normal" },
	{ "alpha", "probability", 0.05, 1e-12, 0.5, NULL,
	  "one-sided level of the limit" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* A limit before it is put into words. */
struct limit {
	double upper;
	double expected;
	double score; /* above 1 alarms */
	double p;
};

static size_t
past_left_out(const double *p)
{
	return p[PAST] < 0 ? (size_t)p[W] : (size_t)p[PAST];
}

/* Adds the cells first..first+n-1, as far as they lie before `end`. */
static void
add_run(struct farrington *k, size_t first, size_t n, size_t group, size_t end)
{
	if (first >= end)
		return;
	if (n > end - first)
		n = end - first;
	k->run[k->data.runs++] = (struct quasi_run){
		.first = (uint32_t)first,
		.n = (uint32_t)n,
		.group = (uint32_t)group,
	};
}

/*
 * The window around the judged week, in it and in every past year, is the
 * last group; the rest of each year is cut into the other ones, the first of
 * them longer by a week where it does not come out even.
 */
static void
set_runs(struct farrington *k, const double *p, size_t year, size_t i)
{
	size_t half = (size_t)p[W];
	size_t past = past_left_out(p);
	size_t end = i > past ? i - past : 0;
	size_t parts = (size_t)p[PERIODS] - 1;
	size_t rest = year - 2 * half - 1;

	k->data.runs = 0;
	k->data.groups = parts + 1;
	k->data.now = (double)i;
	for (size_t back = (size_t)p[B]; back > 0; back--) {
		size_t at = i - back * year - half;

		add_run(k, at, 2 * half + 1, parts, end);
		at += 2 * half + 1;
		for (size_t g = 0; g < parts; g++) {
			size_t n = rest / parts + (g < rest % parts ? 1 : 0);

			add_run(k, at, n, g, end);
			at += n;
		}
	}
	add_run(k, i - half, half, parts, end);
}

static double
score(double y, double expected, double upper)
{
	return (y - expected) / (upper - expected);
}

/* variance: of the linear predictor. */
static struct limit
delta_limit(const double *p, const struct farrington *k, double y, double eta,
	    double variance, double z)
{
	double mu = exp(eta);
	struct farrington_limit f = farrington_power_limit(
		y, mu, k->phi + variance * mu, z, farrington_exponent(p[POWER]));

	return (struct limit){ f.upper, mu, score(y, mu, f.upper), f.p };
}

/* R scores with the linear predictor, not the mean: so here. */
static struct limit
count_limit(const double *p, const struct farrington *k, double y, double eta,
	    double mu)
{
	struct limit l = { .expected = exp(eta) };

	if (k->phi > 1) {
		double size = mu / (k->phi - 1);

		l.upper = qnbinom(1 - p[ALPHA], size, 1 / k->phi, 1, 0);
		l.p = pnbinom(y - 1, size, 1 / k->phi, 0, 0);
	} else {
		l.upper = qpois(1 - p[ALPHA], mu, 1, 0);
		l.p = ppois(y - 1, mu, 0, 0);
	}
	l.score = score(y, eta, l.upper);
	return l;
}

/*
 * Too few cases are never an alarm, whatever the limit; nor, in R, is what
 * has no limit since its mean overflowed.  Both are normal, without one.
 */
static struct det_verdict
conclude(const struct limit *l, double y, bool enough)
{
	bool limited = enough && !isnan(l->upper) && !isnan(l->score);

	return (struct det_verdict){
		.expected = limited ? l->expected : NAN,
		.upper = limited ? l->upper : NAN,
		.statistic = l->p,
		.p = isnan(l->p) ? 1 : l->p,
		.level = limited && l->score > 1 && y != 0 ? DET_ALERT
							   : DET_NORMAL,
		.reason = DET_JUDGED,
	};
}

static bool
fit(struct farrington *k, const double *p)
{
	size_t now = k->data.groups - 1;

	if (!farrington_fit(k, true, p[WEIGHTS], false))
		return false;
	if (k->fit.w[now] <= 0 || !k->fit.trend)
		return true;
	if (p[B] >= TREND_YEARS &&
	    farrington_trend_stays(k, k->fit.sigma2, p[P_TREND], now))
		return true;
	return farrington_fit(k, false, p[WEIGHTS], false);
}

static struct det_verdict
verdict(struct farrington *k, const double *p, double z,
	const struct det_window *w, size_t i)
{
	double y = cells_count(w, i);
	size_t now = (size_t)p[PERIODS] - 1;
	double eta, variance;
	struct limit l;

	if (isnan(y))
		return cells_unknown(DET_REPORT_MISSING);
	set_runs(k, p, rexact_year(w), i);
	if (k->data.runs == 0)
		return cells_unknown(DET_DEGENERATE);
	if (!fit(k, p))
		return cells_unknown(k->fit.df > 0 ? DET_DEGENERATE
						   : DET_BASELINE_MISSING);
	if (k->fit.w[now] <= 0)
		return cells_unknown(DET_BASELINE_MISSING);
	eta = k->fit.level[now];
	variance = quasi_variance(&k->fit, now) * k->fit.sigma2;
	if ((int)p[THRESHOLD] == DELTA)
		l = delta_limit(p, k, y, eta, variance, z);
	else if ((int)p[THRESHOLD] == NB_PLUGIN)
		l = count_limit(p, k, y, eta, exp(eta));
	else
		l = count_limit(p, k, y, eta, exp(eta + z * sqrt(variance)));
	return conclude(&l, y, farrington_enough_cases(w, i));
}

/* Cells before the judged one that its limit reads. */
static size_t
need(const double *p, size_t year)
{
	return (size_t)p[B] * year + (size_t)p[W];
}

/* R's "Number of factors too big!" and a little more. */
static bool
parts_fit(const double *p, size_t year)
{
	return p[PERIODS] - 1 <= (double)year - 2 * p[W] - 1;
}

static size_t
runs(const double *p)
{
	return (size_t)p[B] * (size_t)p[PERIODS] + 1;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	double z = qnorm(p[ALPHA], 0, 1, 0, 0);
	size_t back = need(p, rexact_year(w));
	size_t first = rexact_first(w, p[START], back);
	bool possible = parts_fit(p, rexact_year(w));
	struct farrington k;

	farrington_init(&k, w, from > back ? from - back : 0, scratch);
	for (size_t i = from; i < w->n; i++) {
		if (!possible)
			out[i - from] = cells_unknown(DET_DEGENERATE);
		else if (i < first || i < back)
			out[i - from] = cells_unknown(DET_LEARNING);
		else
			out[i - from] = verdict(&k, p, z, w, i);
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return need(p, 365) + 1;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	return farrington_bytes(n, runs(p));
}

const struct det_method det_r_farrington_flexible = {
	.name = "r-farrington-flexible",
	.summary = "the improved Farrington method as R computes it",
	.reference = "R surveillance 1.20.3, farringtonFlexible; Noufaily et "
		     "al. 2013, Stat Med 32",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
