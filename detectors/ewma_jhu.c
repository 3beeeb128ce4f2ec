/*
 * EWMA as JHU/APL's ESSENCE runs it: the smoothed series against a growing
 * baseline, tested with Student's t and pulled back after an extreme value.
 * Against Rnssp's (rnssp-ewma): one weight, a floor on the standard deviation
 * some 40 times higher, excess zeros left out, and no word about a baseline
 * of zeros alone, so that a first case after a quiet month is no alert.
 */
#include "detectors/cells.h"
#include "detectors/methods.h"
#include "detectors/zeros.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define RED_P 0.01
#define YELLOW_P 0.05
#define LEAST_DF 2
#define HIGH_MEDIAN 4

enum { BASELINE, GUARD, WEIGHT, HORIZON };

static const struct det_param params[] = {
	{ "baseline", "periods", 28, 4, 364, NULL,
	  "longest baseline, in reports; it grows to it from 3" },
	{ "guard", "periods", 2, 0, 56, NULL,
	  "periods left out between them and the judged one" },
	{ "weight", "", 0.4, 0.05, 1, NULL, "weight of the newest report" },
	{ "horizon", "periods", 182, 28, 3650, NULL,
	  "smoothing starts at least this many periods back" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

/* The median of n values, zeros left out on demand; sorts value. */
static double
median(double *value, size_t n)
{
	if (n == 0)
		return NAN;
	for (size_t i = 1; i < n; i++) {
		double x = value[i];
		size_t j = i;

		for (; j > 0 && value[j - 1] > x; j--)
			value[j] = value[j - 1];
		value[j] = x;
	}
	return n % 2 == 1 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

/* Whether zeros are rare enough in the baseline to be filtered. */
static bool
busy(const double *value, size_t n, double *work)
{
	size_t positive = 0;

	for (size_t i = 0; i < n; i++)
		work[i] = value[i];
	if (median(work, n) > 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (value[i] > 0)
			work[positive++] = value[i];
	}
	return positive > 0 && median(work, positive) > HIGH_MEDIAN;
}

/* The baseline's mean and deviation; n is 0 where it says nothing. */
static struct zeros_base
base_of(const double *value, size_t n, double *work)
{
	struct zeros_base b = { NAN, NAN, 0 };
	struct cells_moments m;

	if (n < LEAST_DF + 1)
		return b;
	if (busy(value, n, work)) {
		b = zeros_base(value, n, zeros_excess(value, n));
		if (b.n < LEAST_DF + 1)
			b.n = 0;
		return b;
	}
	m = cells_moments(value, n);
	b.mean = m.mean;
	b.sd = m.sd;
	b.n = m.mean > 0 ? n : 0;
	return b;
}

/* Work space: quantiles are found once for each number of values. */
struct work {
	double *value;	/* the baseline */
	double *sorted; /* again, for medians */
	double *red;	/* Student's quantiles by number of values, or NaN */
	double *yellow;
};

static double
quantile(double *known, double p, size_t n)
{
	if (isnan(known[n]))
		known[n] = qt(p, (double)(n - 1), 0, 0);
	return known[n];
}

/*
 * Standard error of the smoothed value less the baseline's mean.  The number
 * of values counts one too low in it, as in the original.
 */
static double
sigma_of(const double *p, const struct zeros_base *b, const struct work *work)
{
	double weight = p[WEIGHT];
	double rest = 1 - weight;
	double df = (double)(b->n - 1);
	double yellow = quantile(work->yellow, YELLOW_P, b->n);
	double share =
		sqrt(weight / (2 - weight) + 1 / df -
		     2 * pow(rest, p[GUARD] + 1) * (1 - pow(rest, df)) / df);
	double add =
		weight / yellow *
		(0.1289 - (0.2414 - 0.1826 * pow(rest, 4)) * log(10 * YELLOW_P));
	double least = weight / yellow * (1 + 0.5 * rest * rest);

	return fmax(share * b->sd + add, least);
}

static enum det_level
level_of(double p, double x)
{
	if (!(x > 0) || p > YELLOW_P)
		return DET_NORMAL;
	return p <= RED_P ? DET_ALERT : DET_WARNING;
}

static enum det_reason
why_no_base(const struct det_window *w, size_t i, const double *p, size_t n)
{
	if (n >= LEAST_DF + 1)
		return DET_DEGENERATE;
	return cells_why_short(w, i, (size_t)p[GUARD], LEAST_DF + 1);
}

/* Judges cell i; *z is the smoothed series before it, then after it. */
static struct det_verdict
step(const double *p, const struct det_window *w, size_t i, double *z,
     const struct work *work)
{
	size_t want = (size_t)p[BASELINE];
	double x = cells_count(w, i);
	struct det_verdict v = { .reason = DET_JUDGED };
	struct zeros_base b;
	double sigma;
	double red;
	size_t n;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	*z = p[WEIGHT] * x + (1 - p[WEIGHT]) * *z;
	n = cells_before(w, i, (size_t)p[GUARD], want, work->value);
	b = base_of(work->value, n, work->sorted);
	if (b.n == 0)
		return cells_unknown(why_no_base(w, i, p, n));
	sigma = sigma_of(p, &b, work);
	red = quantile(work->red, RED_P, b.n);
	v.expected = b.mean;
	v.statistic = (*z - b.mean) / sigma;
	v.upper = fmax(0, x + (b.mean + red * sigma - *z) / p[WEIGHT]);
	v.p = pt(v.statistic, (double)(b.n - 1), 0, 0);
	v.level = level_of(v.p, x);
	if (fabs(v.statistic) > red)
		*z = b.mean + copysign(red, v.statistic) * sigma;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	size_t want = (size_t)p[BASELINE];
	struct work work = { .value = scratch };
	size_t i = from;

	work.sorted = work.value + want;
	work.red = work.sorted + want;
	work.yellow = work.red + want + 1;
	for (size_t n = 0; n <= want; n++) {
		work.red[n] = NAN;
		work.yellow[n] = NAN;
	}
	while (i < w->n) {
		struct cells_chain c = cells_chain(w, i, (size_t)p[HORIZON]);
		double z = 0;

		/* the original leaves out the series' first value */
		for (size_t j = c.start; j < c.end; j++) {
			struct det_verdict v = step(p, w, j, &z, &work);

			if (j == c.start)
				z = 0;
			if (j >= i)
				out[j - from] = v;
		}
		i = c.end;
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return cells_chain_reach((size_t)p[HORIZON]) +
	       cells_reach((size_t)p[GUARD], (size_t)p[BASELINE]) - 1;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return (4 * (size_t)p[BASELINE] + 2) * sizeof(double);
}

const struct det_method det_ewma_jhu = {
	.name = "ewma-jhu",
	.summary = "smoothed series against 28 reports, cautious when sparse",
	.reference = "JHU/APL openessence EWMASagesDetector; Elbert and "
		     "Burkom 2009, Stat Med 28:3226",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
