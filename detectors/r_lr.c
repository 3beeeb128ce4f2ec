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

/* What one cell leaves to the next in r-lr. */
struct carried_lr {
	struct rexact_reference reference;
	double sum;
};

/*
 * The p-value is Lundberg's bound: exp of a log likelihood ratio has mean 1,
 * so that the stationary chart is >= s with probability exp(-s) at most.
 */
static void
walk_lr(const double *p, const struct det_window *w, const struct det_walk *k)
{
	struct carried_lr *s = k->state;
	size_t i = rexact_learn(&s->reference, w, p[START_LR], k);
	double mean = rexact_mean(&s->reference, w, p[START_LR]);
	double sum = k->begin > 0 ? s->sum : 0;

	for (; i < k->end; i++) {
		double x = cells_count(w, i);
		struct det_verdict v;

		if (!refused(x, mean, &v)) {
			sum = fmax(0, sum + log_ratio(p[THETA], x, 1, mean,
						      p[NB_ALPHA]));
			v = verdict(sum, mean, sum > p[C], exp(-sum));
			if (sum > p[C])
				sum = 0;
		}
		if (k->out != NULL)
			k->out[i - k->begin] = v;
	}
	s->sum = sum;
}

static const struct det_carry carry_lr = { sizeof(struct carried_lr),
					   rexact_behind, walk_lr, NULL };

static int
judge_lr(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	struct carried_lr s;
	struct det_walk k = { .state = &s, .scratch = scratch, .out = out };

	return cells_walk(&carry_lr, p, w, from, &k);
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

/* The reports since a chart began, and what their mean should be. */
struct glr {
	double *x;
	size_t n;
	double sum;
	double mean;
	double alpha;
};

/*
 * Twice the largest log likelihood ratio of n periods is at most excess^2 /
 * (n v), v being the variance at `mean`: it is the integral of 2 n (r - s) /
 * variance(s) from the mean to the periods' own rate r, and the variance
 * rises with s.
 */
static bool
bounded(const struct glr *g, double sum, double n, double best)
{
	double excess = sum - n * g->mean;
	double variance = g->mean * (1 + g->alpha * g->mean);

	return excess <= 0 || excess * excess <= 2 * best * n * variance;
}

static double
largest_poisson(const struct glr *g)
{
	double best = 0;
	double sum = g->sum;

	for (size_t i = 0; i < g->n; i++) {
		double n = (double)(g->n - i);

		if (!bounded(g, sum, n, best)) {
			double kappa = fmax(0, log(sum / (n * g->mean)));

			best = fmax(best, log_ratio(kappa, sum, n, g->mean, 0));
		}
		sum -= g->x[i];
	}
	return best;
}

/*
 * Whether nb_kappa() from the rate mean exp(kappa) finds `rate`, which a step
 * from 0.5 to 2 times it does, but for where R takes none.
 */
static bool
finds(const struct glr *g, double from, double rate)
{
	double stays = 1.4918246976412703 * g->mean; /* exp(0.4) */

	return from <= 2 * rate && rate <= 2 * from &&
	       fabs(from - stays) > 3e-6 * stays;
}

/*
 * As R does, each search for kappa begins where the last one ended.  Most
 * need not be made: they find the periods' rate, or 0 below the mean.
 */
static double
largest_nb(const struct glr *g)
{
	double best = 0;
	double sum = g->sum;
	double kappa = 0.5; /* NaN: that of `from` */
	double from = g->mean * exp(kappa);

	for (size_t i = 0; i < g->n; i++) {
		double n = (double)(g->n - i);
		double rate = sum / n;

		if (rate == 0 || finds(g, from, rate)) {
			kappa = NAN;
			from = fmax(g->mean, rate);
		} else {
			if (isnan(kappa))
				kappa = log(from / g->mean);
			kappa = nb_kappa(kappa, sum, n, g->mean, g->alpha);
			from = g->mean * exp(kappa);
		}
		if (!bounded(g, sum, n, best)) {
			double at = isnan(kappa) ? log(from / g->mean) : kappa;

			best = fmax(best,
				    log_ratio(at, sum, n, g->mean, g->alpha));
		}
		sum -= g->x[i];
	}
	return best;
}

/*
 * The largest log likelihood ratio over all change points, from the oldest to
 * the newest, each with the kappa of its rise; R sets what is below 0 or not a
 * number to 0.
 */
static double
largest_ratio(const struct glr *g)
{
	return g->alpha == 0 ? largest_poisson(g) : largest_nb(g);
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

/* What one cell leaves to the next in r-glr. */
struct carried_glr {
	struct rexact_reference reference;
	double since; /* cell in which the chart began */
};

/* Takes in the chart's reports among the cells lo..hi-1. */
static void
take_in(struct glr *g, const struct det_window *w, size_t lo, size_t hi)
{
	for (size_t i = lo; i < hi; i++) {
		double x = cells_count(w, i);

		if (isnan(x))
			continue;
		g->x[g->n++] = x;
		g->sum += x;
	}
}

/* scratch: the reports since the chart last began. */
static void
walk_glr(const double *p, const struct det_window *w, const struct det_walk *k)
{
	struct carried_glr *s = k->state;
	size_t i = rexact_learn(&s->reference, w, p[START_GLR], k);
	struct glr g = { .x = k->scratch,
			 .mean = rexact_mean(&s->reference, w, p[START_GLR]),
			 .alpha = p[NB_ALPHA] };

	if (k->begin == 0 || i > k->begin)
		s->since = (double)i;
	take_in(&g, w, (size_t)s->since, i);
	for (; i < k->end; i++) {
		struct det_verdict v;

		if (!refused(cells_count(w, i), g.mean, &v)) {
			double ratio;

			take_in(&g, w, i, i + 1);
			ratio = largest_ratio(&g);
			if (k->out != NULL)
				v = verdict(ratio, g.mean, ratio >= p[C],
					    glr_tail(ratio, g.n));
			if (ratio >= p[C]) {
				g.n = 0;
				g.sum = 0;
				s->since = (double)i + 1;
			}
		}
		if (k->out != NULL)
			k->out[i - k->begin] = v;
	}
}

static size_t
behind_glr(const double *p, const void *state, size_t i)
{
	const struct carried_glr *s = state;

	(void)p;
	return i - (size_t)s->since;
}

static const struct det_carry carry_glr = { sizeof(struct carried_glr),
					    behind_glr, walk_glr, NULL };

static int
judge_glr(const double *p, const struct det_window *w, size_t from,
	  void *scratch, struct det_verdict *out)
{
	struct carried_glr s;
	struct det_walk k = { .state = &s, .scratch = scratch, .out = out };

	return cells_walk(&carry_glr, p, w, from, &k);
}

static size_t
reach(const double *p)
{
	(void)p;
	return DET_REACH_ALL;
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
	.scratch = cells_no_scratch,
	.judge = judge_lr,
	.carry = &carry_lr,
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
	.carry = &carry_glr,
};
