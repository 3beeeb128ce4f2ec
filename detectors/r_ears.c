/*
 * EARS as earsC() of R's surveillance 1.20.3 computes it, faults included:
 * a least standard deviation of 0 by default, a C3 that sums the two days
 * before today and never looks at today's excess, one missing cell that
 * silences every day whose baseline it is in.  For use, see ears-*.
 */
#include "detectors/methods.h"
#include "detectors/rexact.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum { BASELINE, MIN_SIGMA, ALPHA };

#define BASELINE_HELP "periods the mean and standard deviation come from"
#define MIN_SIGMA_HELP "least standard deviation, in counts"
#define ALPHA_HELP "one-sided level of the limit, mean + z sd"

static const struct det_param params[] = {
	{ "baseline", "periods", 7, 3, 366, NULL, BASELINE_HELP },
	{ "min_sigma", "sd", 0, 0, 1e9, NULL, MIN_SIGMA_HELP },
	{ "alpha", "probability", 0.001, 1e-12, 0.5, NULL, ALPHA_HELP },
	{ .name = NULL },
};

static const struct det_param params_c3[] = {
	{ "baseline", "periods", 7, 3, 366, NULL, BASELINE_HELP },
	{ "min_sigma", "sd", 0, 0, 1e9, NULL, MIN_SIGMA_HELP },
	{ "alpha", "probability", 0.025, 1e-12, 0.5, NULL, ALPHA_HELP },
	{ .name = NULL },
};

/* One cell against its baseline, NaN where a cell of it is missing. */
struct excess {
	double mean;
	double sigma;
	double z; /* NaN too where sigma is 0 and so is the excess */
};

static double
sum4(const double *x, size_t n)
{
	double s[4] = { 0, 0, 0, 0 };
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		s[0] += x[i];
		s[1] += x[i + 1];
		s[2] += x[i + 2];
		s[3] += x[i + 3];
	}
	for (; i < n; i++)
		s[0] += x[i];
	return (s[0] + s[1]) + (s[2] + s[3]);
}

static double
square4(const double *x, size_t n, double mean)
{
	double s[4] = { 0, 0, 0, 0 };
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		s[0] += (x[i] - mean) * (x[i] - mean);
		s[1] += (x[i + 1] - mean) * (x[i + 1] - mean);
		s[2] += (x[i + 2] - mean) * (x[i + 2] - mean);
		s[3] += (x[i + 3] - mean) * (x[i + 3] - mean);
	}
	for (; i < n; i++)
		s[0] += (x[i] - mean) * (x[i] - mean);
	return (s[0] + s[1]) + (s[2] + s[3]);
}

/* The cells lo..lo+n-1 are all reports; a sum tells the rest. */
static bool
open_cells(const struct det_window *w, size_t lo, size_t n)
{
	for (size_t i = lo; w->mark != NULL && i < lo + n; i++) {
		if (isnan(cells_count(w, i)))
			return false;
	}
	return true;
}

/* i >= baseline + guard. */
static struct excess
weigh(const double *p, const struct det_window *w, size_t i, size_t guard)
{
	size_t n = (size_t)p[BASELINE];
	size_t lo = i - guard - n;
	struct excess e;

	e.mean = sum4(w->count + lo, n) / (double)n;
	if (isnan(e.mean) || !open_cells(w, lo, n))
		return (struct excess){ NAN, NAN, NAN };
	e.sigma = sqrt(square4(w->count + lo, n, e.mean) / (double)(n - 1));
	if (e.sigma < p[MIN_SIGMA])
		e.sigma = p[MIN_SIGMA];
	e.z = (cells_count(w, i) - e.mean) / e.sigma;
	return e;
}

/* C1 and C2: a count above mean + z sd alarms, one on it does not. */
static struct det_verdict
single(const struct excess *e, double x, double z_alpha)
{
	struct det_verdict v;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (isnan(e->mean))
		return cells_unknown(DET_BASELINE_MISSING);
	v.expected = e->mean;
	v.upper = e->mean + z_alpha * e->sigma;
	v.statistic = e->sigma > 0 ? e->z : NAN;
	v.p = cells_normal_tail(isnan(e->z) ? 0 : e->z);
	v.level = x > v.upper ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static int
judge_single(const double *p, const struct det_window *w, size_t from,
	     size_t guard, struct det_verdict *out)
{
	double z_alpha = qnorm(p[ALPHA], 0, 1, 0, 0);
	size_t first = (size_t)p[BASELINE] + guard;

	for (size_t i = from; i < w->n; i++) {
		struct excess e;

		if (i < first) {
			out[i - from] = cells_unknown(DET_LEARNING);
			continue;
		}
		e = weigh(p, w, i, guard);
		out[i - from] = single(&e, cells_count(w, i), z_alpha);
	}
	return DET_OK;
}

static int
judge_c1(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge_single(p, w, from, 0, out);
}

static int
judge_c2(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	(void)scratch;
	return judge_single(p, w, from, 2, out);
}

/* As R's pmax(): NaN stays NaN. */
static double
positive(double x)
{
	return x < 0 ? 0 : x;
}

/*
 * R's limit is x + sd (z_alpha - sum), so that the alarm is sum > z_alpha
 * wherever x is above 0.
 */
static struct det_verdict
summed(const struct excess *e, double x, double sum, double z_alpha)
{
	struct det_verdict v;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (isnan(e->mean))
		return cells_unknown(DET_BASELINE_MISSING);
	v.upper = positive(x + e->sigma * (z_alpha - sum));
	if (isnan(v.upper))
		return cells_unknown(DET_DEGENERATE);
	v.expected = e->mean;
	v.statistic = isfinite(sum) ? sum : NAN;
	v.p = x > 0 ? cells_normal_tail(sum) : 1;
	v.level = x > v.upper ? DET_ALERT : DET_NORMAL;
	v.reason = DET_JUDGED;
	return v;
}

static int
judge_c3(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	double z_alpha = qnorm(p[ALPHA], 0, 1, 0, 0);
	size_t guard = 2;
	size_t first = (size_t)p[BASELINE] + guard;
	struct excess e[3]; /* of the judged cell i at i % 3, and before it */
	bool missing;

	(void)scratch;
	for (size_t i = from > 2 ? from - 2 : 0; i < w->n; i++) {
		struct det_verdict v = cells_unknown(DET_LEARNING);
		const struct excess *now = &e[i % 3];
		const struct excess *one = &e[(i + 2) % 3];
		const struct excess *two = &e[(i + 1) % 3];

		if (i >= first)
			e[i % 3] = weigh(p, w, i, guard);
		if (i < from)
			continue;
		if (i >= first + 2) {
			v = summed(now, cells_count(w, i),
				   positive(two->z - 1) + positive(one->z - 1),
				   z_alpha);
			missing = isnan(cells_count(w, i - 1)) ||
				  isnan(cells_count(w, i - 2)) ||
				  isnan(one->mean) || isnan(two->mean);
			if (v.reason == DET_DEGENERATE && missing)
				v.reason = DET_BASELINE_MISSING;
		}
		out[i - from] = v;
	}
	return DET_OK;
}

static size_t
reach_c1(const double *p)
{
	return (size_t)p[BASELINE] + 1;
}

static size_t
reach_c2(const double *p)
{
	return (size_t)p[BASELINE] + 3;
}

static size_t
reach_c3(const double *p)
{
	return (size_t)p[BASELINE] + 5;
}

const struct det_method det_r_ears_c1 = {
	.name = "r-ears-c1",
	.summary = "EARS C1 as R computes it",
	.reference = "R surveillance 1.20.3, earsC, method C1",
	.param = params,
	.reach = reach_c1,
	.scratch = cells_no_scratch,
	.judge = judge_c1,
};

const struct det_method det_r_ears_c2 = {
	.name = "r-ears-c2",
	.summary = "EARS C2 as R computes it",
	.reference = "R surveillance 1.20.3, earsC, method C2",
	.param = params,
	.reach = reach_c2,
	.scratch = cells_no_scratch,
	.judge = judge_c2,
};

const struct det_method det_r_ears_c3 = {
	.name = "r-ears-c3",
	.summary = "EARS C3 as R computes it, which ignores today's count",
	.reference = "R surveillance 1.20.3, earsC, method C3",
	.param = params_c3,
	.reach = reach_c3,
	.scratch = cells_no_scratch,
	.judge = judge_c3,
};
