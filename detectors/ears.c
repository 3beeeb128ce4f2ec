/*
 * EARS C1, C2 and C3 as CDC and JHU/APL run them: today's excess over mean
 * and standard deviation of the last reports, for C3 summed with the excess
 * of the two days before where those did not signal themselves.  Not R's
 * earsC(), whose C3 never looks at today: see r-ears-*.
 */
#include "detectors/cells.h"
#include "detectors/ears.h"
#include "detectors/methods.h"

#define EARS_PARAMS(guard_default)                                                                              \
	{                                                                                                       \
		{ "baseline",                                                                                   \
		  "periods",                                                                                    \
		  7,                                                                                            \
		  2,                                                                                            \
		  365,                                                                                          \
		  NULL,                                                                                         \
		  "reports the mean and standard deviation come from" },                                        \
			{ "guard",                                                                              \
			  "periods",                                                                            \
			  guard_default,                                                                        \
			  0,                                                                                    \
			  56,                                                                                   \
			  NULL,                                                                                 \
			  "periods left out between them and the judged "                                       \
			  "one" },                                                                              \
			{ "min_sigma",                                                                          \
			  "sd",                                                                                 \
			  0.5,                                                                                  \
			  0,                                                                                    \
			  1e6,                                                                                  \
			  NULL,                                                                                 \
			  "least standard deviation, in counts" },                                              \
			{ "k", "sd", 1, 0, 10, NULL, "excess that does not count; an alert is 2 sd above it" }, \
			{ NULL, NULL, 0, 0, 0, NULL, NULL },                                                    \
	}

static const struct det_param params_c1[] = EARS_PARAMS(0);
static const struct det_param params_c2[] = EARS_PARAMS(2);

/* One cell against its baseline; statistic NaN where there is none. */
struct excess {
	double mean;
	double sigma;
	double z;
	double partial; /* max(0, z - k) */
	enum det_reason reason;
};

/* A week says little about a holiday: so many times its deviation is usual. */
#define HOLIDAY_SIGMA 2

/* Others farther from their mean than both are of another kind of day. */
#define UNLIKE_SIGMA 3
#define UNLIKE_SHARE 0.25

/* What else was seen than the cases; NaN where that is not known. */
static double
others_of(double count, double denom)
{
	return denom > count ? denom - count : NAN;
}

/*
 * Is the period one of another size, so that counts do not compare: not over,
 * or with so many others as a count would have to be to alarm?  Only where
 * they are known of it and of all n reports of the baseline.
 */
static bool
is_unlike(const struct det_window *w, size_t i, size_t n, const double *others)
{
	struct cells_moments m = cells_moments(others, n);
	double far = fabs(others_of(w->count[i], w->denom[i]) - m.mean);

	if (isnan(far))
		return false;
	return (w->mark != NULL && (w->mark[i] & DET_MARK_PARTIAL) != 0) ||
	       far > fmax(UNLIKE_SIGMA * m.sd, UNLIKE_SHARE * m.mean);
}

/*
 * Mean and deviation of the count that is usual beside so many others: an
 * outbreak raises the denominator too, and shall not hide in it.  Of the
 * variance of the residuals what a Poisson count has goes with the others,
 * what is beyond it with their square.
 */
static struct cells_moments
moments_beside(const double *count, const double *others, size_t n, double now)
{
	double counts = 0, all = 0, square = 0, ratio, variance;
	struct cells_moments m;

	for (size_t k = 0; k < n; k++) {
		counts += count[k];
		all += others[k];
	}
	ratio = now * (double)n / all;
	for (size_t k = 0; k < n; k++) {
		double d = count[k] - others[k] * counts / all;

		square += d * d;
	}
	variance = square / (double)(n - 1);
	m.mean = now * counts / all;
	counts /= (double)n;
	m.sd = sqrt(ratio * fmin(variance, counts) +
		    ratio * ratio * fmax(0, variance - counts));
	return m;
}

/* Of the n reports whose counts lie in scratch; room for as many behind them. */
static struct cells_moments
moments_before(const double *p, const struct det_window *w, size_t i,
	       double *scratch)
{
	size_t n = (size_t)p[EARS_BASELINE];
	double *others = scratch + n;

	if (w->denom == NULL)
		return cells_moments(scratch, n);
	cells_denoms_before(w, i, (size_t)p[EARS_GUARD], n, others);
	for (size_t k = 0; k < n; k++)
		others[k] = others_of(scratch[k], others[k]);
	if (!is_unlike(w, i, n, others))
		return cells_moments(scratch, n);
	return moments_beside(scratch, others, n,
			      others_of(w->count[i], w->denom[i]));
}

static struct excess
weigh(const double *p, const struct det_window *w, size_t i, double *scratch)
{
	size_t guard = (size_t)p[EARS_GUARD];
	size_t want = (size_t)p[EARS_BASELINE];
	struct excess e = { NAN, NAN, NAN, 0, DET_REPORT_MISSING };
	struct cells_moments m;
	double x = cells_count(w, i);

	if (isnan(x))
		return e;
	if (cells_before(w, i, guard, want, scratch) < want) {
		e.reason = cells_why_short(w, i, guard, want);
		return e;
	}
	m = moments_before(p, w, i, scratch);
	e.mean = m.mean;
	e.sigma = fmax(m.sd, p[EARS_MIN_SIGMA]);
	if (w->mark != NULL && (w->mark[i] & DET_MARK_HOLIDAY) != 0)
		e.sigma *= HOLIDAY_SIGMA;
	e.reason = e.sigma > 0 ? DET_JUDGED : DET_DEGENERATE;
	if (e.reason != DET_JUDGED)
		return e;
	e.z = (x - e.mean) / e.sigma;
	e.partial = fmax(0, e.z - p[EARS_K]);
	return e;
}

/* What a day hands on to C3: nothing once it signals C2 itself. */
static double
carried(const struct excess *e)
{
	return e->partial < EARS_RED - CELLS_TIE ? e->partial : 0;
}

static struct det_verdict
verdict(const double *p, const struct excess *e, double carry, double x)
{
	struct det_verdict v;
	double need = fmax(0, EARS_RED - carry);

	if (e->reason != DET_JUDGED)
		return cells_unknown(e->reason);
	v.expected = e->mean;
	v.statistic = e->partial + carry;
	v.upper = need > 0 ? fmax(0, e->mean + (p[EARS_K] + need) * e->sigma) : 0;
	v.p = cells_normal_tail(v.statistic > 0 ? p[EARS_K] + v.statistic
						: fmin(e->z, p[EARS_K]));
	v.level = DET_NORMAL;
	v.reason = DET_JUDGED;
	if (x > 0 && v.statistic >= EARS_RED - CELLS_TIE)
		v.level = DET_ALERT;
	else if (x > 0 && v.statistic >= EARS_YELLOW - CELLS_TIE)
		v.level = DET_WARNING;
	return v;
}

static int
judge_single(const double *p, const struct det_window *w, size_t from,
	     void *scratch, struct det_verdict *out)
{
	for (size_t i = from; i < w->n; i++) {
		struct excess e = weigh(p, w, i, scratch);

		out[i - from] = verdict(p, &e, 0, w->count[i]);
	}
	return DET_OK;
}

static int
judge_summed(const double *p, const struct det_window *w, size_t from,
	     void *scratch, struct det_verdict *out)
{
	double before[2] = { 0, 0 }; /* carried from one and two cells ago */

	for (size_t i = from > 2 ? from - 2 : 0; i < w->n; i++) {
		struct excess e = weigh(p, w, i, scratch);

		if (i >= from)
			out[i - from] = verdict(p, &e, before[0] + before[1],
						w->count[i]);
		before[1] = before[0];
		before[0] = cells_special(w, i) ? 0 : carried(&e);
	}
	return DET_OK;
}

static size_t
reach_single(const double *p)
{
	return cells_reach((size_t)p[EARS_GUARD], (size_t)p[EARS_BASELINE]);
}

static size_t
reach_summed(const double *p)
{
	return reach_single(p) + 2;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return 2 * (size_t)p[EARS_BASELINE] * sizeof(double);
}

#define REFERENCE                                                              \
	"Hutwagner 2003, J Urban Health 80 suppl 1; JHU/APL openessence Ears"

const struct det_method det_ears_c1 = {
	.name = "ears-c1",
	.summary = "today against the last 7 reports",
	.reference = REFERENCE,
	.param = params_c1,
	.reach = reach_single,
	.scratch = scratch_bytes,
	.judge = judge_single,
};

const struct det_method det_ears_c2 = {
	.name = "ears-c2",
	.summary = "as C1, with two days kept out of the baseline",
	.reference = REFERENCE,
	.param = params_c2,
	.reach = reach_single,
	.scratch = scratch_bytes,
	.judge = judge_single,
};

const struct det_method det_ears_c3 = {
	.name = "ears-c3",
	.summary = "as C2, summed over three days",
	.reference = REFERENCE,
	.param = params_c2,
	.reach = reach_summed,
	.scratch = scratch_bytes,
	.judge = judge_summed,
};
