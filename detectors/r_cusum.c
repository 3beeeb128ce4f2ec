/*
 * The CUSUM of transformed counts as algo.cusum() of R's surveillance 1.20.3
 * computes it: one reference mean from the cells before `start`, frozen, and
 * a sum that is not reset by an alarm.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum { K, H, TRANSFORM, NB_ALPHA, START };

enum transform {
	STANDARD,
	ROSSI,
	ANSCOMBE,
	ANSCOMBE_2ND,
	PEARSON_NB,
	ANSCOMBE_NB,
	NONE
};

static const char *const transforms[] = {
	[STANDARD] = "standard",
	[ROSSI] = "rossi",
	[ANSCOMBE] = "anscombe",
	[ANSCOMBE_2ND] = "anscombe2nd",
	[PEARSON_NB] = "pearsonNegBin",
	[ANSCOMBE_NB] = "anscombeNegBin",
	[NONE] = "none",
	NULL,
};

static const struct det_param params[] = {
	{ "k", "sd", 1.04, 0, 1e6, NULL,
	  "reference value: drift that does not count" },
	{ "h", "sd", 2.26, 1e-6, 1e9, NULL, "decision limit" },
	{ "transform", "", STANDARD, 0, NONE, transforms,
	  "how a count becomes a standard normal value" },
	{ "nb_alpha", "", 0.1, 1e-6, 1e6, NULL,
	  "dispersion of the NegBin transforms: variance m + nb_alpha m^2" },
	{ "start", "periods", 0, 0, 1e9, NULL, REXACT_START_HELP },
	{ .name = NULL },
};

/* A chart between two cells. */
struct chart {
	double sum;
	double mean; /* the reference */
	double k;
	double h;
	double nb_alpha;
	double nb_mean; /* the reference, transformed */
	enum transform transform;
};

/*
 * 2F1(1/3, 2/3; 5/3; -t) by way of the incomplete beta function.  R looks it
 * up in a table right to nine decimals: steps of 0.01 up to 10 and no
 * interpolation, then of 1 and linear, up to 100, and ends there; this goes
 * on.
 */
static double
hypergeometric(double t)
{
	const double complete = 2.0533902179391772; /* B(2/3, 2/3) */
	double v = t / (1 + t);
	double beta;

	if (t == 0)
		return 1;
	beta = pbeta(v, 2.0 / 3, 2.0 / 3, 1, 0) * complete;
	beta = 3 * pow(v, 2.0 / 3) * cbrt(1 + t) - beta;
	return beta / (1.5 * pow(t, 2.0 / 3));
}

static double
from_table(double t)
{
	double lo = t <= 10 ? floor(t * 100) / 100 : floor(t);
	double hi = t <= 10 ? (floor(t * 100) + 1) / 100 : lo + 1;

	if (t > 100)
		return hypergeometric(t);
	if (t <= 10)
		return hypergeometric(t - lo <= hi - t ? lo : hi);
	return hypergeometric(lo) +
	       (hypergeometric(hi) - hypergeometric(lo)) * (t - lo);
}

static double
anscombe_nb(double x, double alpha)
{
	return 1.5 * pow(x, 2.0 / 3) * from_table(alpha * x);
}

/* R's name for each: see algo.cusum, argument trans. */
static double
standardise(const struct chart *c, double x)
{
	double m = c->mean;

	switch (c->transform) {
	case STANDARD:
		return (x - m) / sqrt(m);
	case ROSSI:
		return (x - 3 * m + 2 * sqrt(x * m)) / (2 * sqrt(m));
	case ANSCOMBE:
		return 1.5 * (pow(x, 2.0 / 3) - pow(m, 2.0 / 3)) /
		       pow(m, 1.0 / 6);
	case ANSCOMBE_2ND:
		return (pow(x, 2.0 / 3) - (pow(m, 2.0 / 3) - 1 / (9 * cbrt(m)))) /
		       (2.0 / 3 * pow(m, 1.0 / 6));
	case PEARSON_NB:
		return (x - m) / sqrt(m + c->nb_alpha * m * m);
	case ANSCOMBE_NB:
		return (anscombe_nb(x, c->nb_alpha) - c->nb_mean) /
		       pow(m + c->nb_alpha * m * m, 1.0 / 6);
	case NONE:
		break;
	}
	return x;
}

static double
power_1_5(double x)
{
	return x < 0 ? 0 : x * sqrt(x);
}

/*
 * R's upper bound, before the count is added.  With anscombe2nd it is not
 * the inverse of the transform, which has m^(-1/3) where this has m^(1/3);
 * with anscombeNegBin and none it is room left on the chart, not a count.
 */
static double
upper_bound(const struct chart *c, double sum_after)
{
	double m = c->mean;
	double q = c->h + c->k - c->sum;
	double u = c->h - sum_after;

	switch (c->transform) {
	case STANDARD:
		u = ceil(sqrt(m) * q + m);
		break;
	case ROSSI:
		u = 2 * sqrt(m) * q + 5 * m -
		    2 * sqrt(4 * m * m + 2 * m * sqrt(m) * q);
		break;
	case ANSCOMBE:
		u = power_1_5(2.0 / 3 * pow(m, 1.0 / 6) * q + pow(m, 2.0 / 3));
		break;
	case ANSCOMBE_2ND:
		u = power_1_5(2.0 / 3 * pow(m, 1.0 / 6) * q + pow(m, 2.0 / 3) -
			      cbrt(m) / 9);
		break;
	case PEARSON_NB:
		u = sqrt(m + c->nb_alpha * m * m) * q + m;
		break;
	case ANSCOMBE_NB:
	case NONE:
		break;
	}
	return u > 0 ? u : 0;
}

/*
 * P(C >= s) of the stationary chart of standard normal values: Lundberg's
 * exponent 2k, with constants fitted to the solved integral equation, whose
 * values it meets within 6 % for k from 0.1 to 1.5.
 */
static double
tail_normal(double s, double k)
{
	double level = 1.165 * k - 0.026 * k * k;
	double near_zero = k * (0.24 + 0.23 * k);

	return exp(-2 * k * s - level - near_zero * exp(-1.45 * s - 0.8 * s * s));
}

/*
 * Untransformed, the values are Poisson counts: the exponent r solves
 * mean (exp(r) - 1) = r k, and exp(-r s) bounds the tail.  It is 0, and the
 * bound 1, where k is not above the mean.
 */
static double
tail_poisson(double s, double k, double mean)
{
	double r;

	if (k <= mean)
		return 1;
	if (mean == 0)
		return 0;
	r = 2 * log(k / mean); /* right of the root, Newton stays there */
	for (int i = 0; i < 50; i++) {
		double step = (mean * expm1(r) - r * k) / (mean * exp(r) - k);

		r -= step;
		if (fabs(step) < 1e-12 * r)
			break;
	}
	return exp(-r * s);
}

/* Takes a count in; NaN, and no change, where it has no transform. */
static double
add_count(struct chart *c, double x)
{
	double z = standardise(c, x);

	if (!isfinite(z))
		return NAN;
	c->sum = fmax(0, c->sum + (z - c->k));
	return c->sum;
}

static struct det_verdict
step(struct chart *c, double x)
{
	struct chart before = *c;
	double after = add_count(c, x);
	struct det_verdict v;

	if (isnan(after))
		return cells_unknown(DET_DEGENERATE);
	v.expected = c->mean;
	v.upper = upper_bound(&before, after);
	v.statistic = after;
	v.level = after >= c->h ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	v.p = 1;
	if (after > 0 && c->transform == NONE)
		v.p = tail_poisson(after, c->k, c->mean);
	else if (after > 0)
		v.p = tail_normal(after, c->k);
	return v;
}

/* What one cell leaves to the next. */
struct carried {
	struct rexact_reference reference;
	double sum;
};

static void
walk(const double *p, const struct det_window *w, const struct det_walk *k)
{
	struct carried *s = k->state;
	size_t i = rexact_learn(&s->reference, w, p[START], k);
	struct chart c = {
		.sum = k->begin > 0 ? s->sum : 0,
		.mean = rexact_mean(&s->reference, w, p[START]),
		.k = p[K],
		.h = p[H],
		.nb_alpha = p[NB_ALPHA],
		.transform = (enum transform)p[TRANSFORM],
	};

	if (c.transform == ANSCOMBE_NB)
		c.nb_mean = anscombe_nb(c.mean, c.nb_alpha);
	for (; i < k->end; i++) {
		double x = cells_count(w, i);
		struct det_verdict v = cells_unknown(DET_REPORT_MISSING);

		if (isnan(c.mean))
			v = cells_unknown(DET_BASELINE_MISSING);
		else if (!isnan(x) && k->out == NULL)
			add_count(&c, x);
		else if (!isnan(x))
			v = step(&c, x);
		if (k->out != NULL)
			k->out[i - k->begin] = v;
	}
	s->sum = c.sum;
}

static const struct det_carry carry = { sizeof(struct carried), rexact_behind,
					walk, NULL };

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct carried s;
	struct det_walk k = { .state = &s, .scratch = scratch, .out = out };

	return cells_walk(&carry, p, w, from, &k);
}

static size_t
reach(const double *p)
{
	(void)p;
	return DET_REACH_ALL;
}

const struct det_method det_r_cusum = {
	.name = "r-cusum",
	.summary = "CUSUM of transformed counts as R computes it",
	.reference = "R surveillance 1.20.3, algo.cusum; Rossi 1999, "
		     "Stat Med 18",
	.param = params,
	.reach = reach,
	.scratch = cells_no_scratch,
	.judge = judge,
	.carry = &carry,
};
