/*
 * Likelihood ratio charts for a sustained rise of a Poisson or negative
 * binomial mean as glrnb() of R's surveillance 1.20.3 computes them: r-lr for
 * a known factor exp(theta), r-glr for the most likely one.  Both start again
 * from nothing after an alarm.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* Reference periods where `start` is left open. */
#define REFERENCE 14

enum { C, NB_ALPHA, THETA, START_LR };
enum { START_GLR = 2 };

#define C_HELP "decision limit, R's c.ARL"
#define NB_ALPHA_HELP "dispersion: variance m + nb_alpha m^2; 0: Poisson"

static const struct det_param params_lr[] = {
	{ "c", "", 5, 1e-6, 1e9, NULL, C_HELP },
	{ "nb_alpha", "", 0, 0, 1e6, NULL, NB_ALPHA_HELP },
	{ "theta", "", 0.693147180559945, 1e-3, 20, NULL,
	  "logarithm of the factor the mean rises by" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

static const struct det_param params_glr[] = {
	{ "c", "", 5, 1e-6, 1e9, NULL, C_HELP },
	{ "nb_alpha", "", 0, 0, 1e6, NULL, NB_ALPHA_HELP },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* The log likelihood ratio of n periods with `sum` cases in all. */
static double
log_ratio(double kappa, double sum, double n, double mean, double alpha)
{
	double rise = exp(kappa) * mean;

	if (alpha == 0)
		return kappa * sum + n * (mean - rise);
	return kappa * sum +
	       (sum + n / alpha) * log((1 + alpha * mean) / (1 + alpha * rise));
}

/* Fills in what both charts say of a statistic. */
static struct det_verdict
verdict(double statistic, double mean, bool alarm, double p)
{
	return (struct det_verdict){
		.expected = mean,
		.upper = NAN,
		.statistic = statistic,
		.p = p,
		.level = alarm ? DET_ALERT : DET_NORMAL,
		.reason = DET_JUDGED,
	};
}

/* Unknown for what no chart can take in: a mean of 0 or none, no report. */
static bool
refused(double x, double mean, struct det_verdict *v)
{
	if (isnan(mean))
		*v = cells_unknown(DET_BASELINE_MISSING);
	else if (isnan(x))
		*v = cells_unknown(DET_REPORT_MISSING);
	else if (mean == 0)
		*v = cells_unknown(DET_DEGENERATE);
	else
		return false;
	return true;
}

/*
 * The p-value is Lundberg's bound: exp of a log likelihood ratio has mean 1,
 * so that the stationary chart is >= s with probability exp(-s) at most.
 */
static int
judge_lr(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	size_t first = rexact_first(w, p[START_LR], REFERENCE);
	double mean = rexact_reference(w, p[START_LR], first);
	double sum = 0;

	(void)scratch;
	for (size_t i = from; i < w->n && i < first; i++)
		out[i - from] = cells_unknown(DET_LEARNING);
	for (size_t i = first; i < w->n; i++) {
		double x = cells_count(w, i);
		struct det_verdict v;

		if (!refused(x, mean, &v)) {
			sum = fmax(0, sum + log_ratio(p[THETA], x, 1, mean,
						      p[NB_ALPHA]));
			if (i >= from)
				v = verdict(sum, mean, sum > p[C], exp(-sum));
			if (sum > p[C])
				sum = 0;
		}
		if (i >= from)
			out[i - from] = v;
	}
	return DET_OK;
}

/*
 * Newton's steps for kappa as R takes them, from `kappa` on: a start near 0.4
 * takes none, a step to where the mean vanishes or overflows ends them.
 */
static double
nb_kappa(double kappa, double sum, double n, double mean, double alpha)
{
	double before = 0.4;

	for (int i = 0; i < 1000; i++) {
		double rise, score, information;

		if (!(kappa > -18) || !(fabs(kappa - before) > 1e-6))
			break;
		before = kappa;
		rise = exp(kappa) * mean;
		score = (sum - n * rise) / (1 + alpha * rise);
		information = rise * (alpha * sum + n) /
			      ((1 + alpha * rise) * (1 + alpha * rise));
		kappa = before + score / information;
	}
	return fmax(0, kappa);
}

/*
 * The largest log likelihood ratio over all change points in x[0..n-1], from
 * the oldest to the newest, each with the kappa of its rise.
 */
static double
largest_ratio(const double *x, size_t n, double mean, double alpha)
{
	double best = -INFINITY;
	double sum = 0;
	double kappa = 0.5;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	for (size_t i = 0; i < n; i++) {
		double cells = (double)(n - i);
		double ratio;

		if (alpha == 0)
			kappa = fmax(0, log(sum / (cells * mean)));
		else
			kappa = nb_kappa(kappa, sum, cells, mean, alpha);
		ratio = log_ratio(kappa, sum, cells, mean, alpha);
		if (ratio > best)
			best = ratio;
		sum -= x[i];
	}
	/* R sets what is below 0 or not a number to 0 in the end. */
	return best > 0 ? best : 0;
}

/*
 * P(statistic >= s) after n periods of normal values: the tail of one change
 * point, as often as there are change points that count for themselves.
 * Their number is fitted to 200,000 simulated charts of 1 to 365 periods:
 * within 10 % for s up to 4.
 */
static double
glr_tail(double s, size_t n)
{
	double age = log((double)n);
	double points = 1 + 0.72 * age + 0.2 * age * sqrt(age) * s;

	if (s <= 0)
		return 1;
	return -expm1(points * log1p(-cells_normal_tail(sqrt(2 * s))));
}

/* scratch: the reports since the chart last began. */
static int
judge_glr(const double *p, const struct det_window *w, size_t from,
	  void *scratch, struct det_verdict *out)
{
	size_t first = rexact_first(w, p[START_GLR], REFERENCE);
	double mean = rexact_reference(w, p[START_GLR], first);
	double *x = scratch;
	size_t n = 0;

	for (size_t i = from; i < w->n && i < first; i++)
		out[i - from] = cells_unknown(DET_LEARNING);
	for (size_t i = first; i < w->n; i++) {
		double count = cells_count(w, i);
		struct det_verdict v;

		if (!refused(count, mean, &v)) {
			double s;

			x[n++] = count;
			s = largest_ratio(x, n, mean, p[NB_ALPHA]);
			if (i >= from)
				v = verdict(s, mean, s >= p[C], glr_tail(s, n));
			if (s >= p[C])
				n = 0;
		}
		if (i >= from)
			out[i - from] = v;
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	(void)p;
	return DET_REACH_ALL;
}

static size_t
scratch_none(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

static size_t
scratch_reports(const double *p, size_t n)
{
	(void)p;
	return n * sizeof(double);
}

const struct det_method det_r_lr = {
	.name = "r-lr",
	.summary = "likelihood ratio chart for a given rise as R computes it",
	.reference = "R surveillance 1.20.3, glrnb with theta; Hoehle and "
		     "Paul 2008, CSDA 52, eq. 4",
	.param = params_lr,
	.reach = reach,
	.scratch = scratch_none,
	.judge = judge_lr,
};

const struct det_method det_r_glr = {
	.name = "r-glr",
	.summary = "likelihood ratio chart for any rise as R computes it",
	.reference = "R surveillance 1.20.3, glrnb, intercept change; Hoehle "
		     "and Paul 2008, CSDA 52, section 2",
	.param = params_glr,
	.reach = reach,
	.scratch = scratch_reports,
	.judge = judge_glr,
};
