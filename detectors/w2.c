/*
 * W2, BioSense's modified C2: weekdays are compared with weekdays, days off
 * with days off, for counts or for rates.
 */
#include "detectors/cells.h"
#include "detectors/methods.h"

#define YELLOW_BELOW 0.5

enum { BASELINE, GUARD, MIN_SIGMA, THRESHOLD, RATE };

static const char *const off_on[] = { "off", "on", NULL };

static const struct det_param params[] = {
	{ "baseline", "periods", 7, 2, 365, NULL,
	  "reports of the same kind of day that are compared with" },
	{ "guard", "periods", 2, 0, 56, NULL,
	  "periods left out between them and the judged one" },
	{ "min_sigma", "sd", 0.5, 0, 1e6, NULL,
	  "least standard deviation, in counts" },
	{ "threshold", "sd", 3, 1, 20, NULL,
	  "excess that alerts; a warning is half a deviation lower" },
	{ "rate", "", 0, 0, 1, off_on,
	  "expect the baseline's share of the denominator" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

/* A public holiday, or a Saturday or Sunday that is not worked. */
static bool
day_off(const struct det_window *w, size_t i)
{
	if (w->mark != NULL && (w->mark[i] & DET_MARK_HOLIDAY) != 0)
		return true;
	if (w->mark != NULL && (w->mark[i] & DET_MARK_WORKED) != 0)
		return false;
	return cells_weekday(w, i) >= 5;
}

/* Cells before the guard that may be read: days off are 2 in 7. */
static size_t
oldest(size_t want)
{
	return (CELLS_MAX_AGE * want * 7 + 1) / 2;
}

struct stratum {
	double *count;
	double *denom;
	size_t n;
	size_t cells; /* of this kind there were, reported or not */
};

static bool
not_over(const struct det_window *w, size_t i)
{
	return w->mark != NULL && (w->mark[i] & DET_MARK_PARTIAL) != 0;
}

static double
denom_of(const double *p, const struct det_window *w, size_t i)
{
	if (p[RATE] == 0)
		return 1;
	return w->denom != NULL ? w->denom[i] : NAN;
}

/* The last reports of cell i's kind of day. */
static void
gather(const double *p, const struct det_window *w, size_t i, struct stratum *s)
{
	size_t guard = (size_t)p[GUARD];
	size_t want = (size_t)p[BASELINE];
	size_t age = oldest(want);
	bool off = day_off(w, i);

	s->n = 0;
	s->cells = 0;
	if (i <= guard)
		return;
	for (size_t j = i - guard; j > 0 && age > 0 && s->n < want; j--, age--) {
		double x = cells_count(w, j - 1);
		double d = denom_of(p, w, j - 1);

		if (day_off(w, j - 1) != off)
			continue;
		s->cells++;
		if (isnan(x) || isnan(d) || not_over(w, j - 1))
			continue;
		s->count[s->n] = x;
		s->denom[s->n++] = d;
	}
}

/* Expected share of a denominator and deviation of the residuals. */
static struct cells_moments
fit(const struct stratum *s)
{
	struct cells_moments m;
	double counts = 0;
	double denoms = 0;
	double square = 0;

	for (size_t i = 0; i < s->n; i++) {
		counts += s->count[i];
		denoms += s->denom[i];
	}
	m.mean = counts / denoms;
	for (size_t i = 0; i < s->n; i++) {
		double r = s->count[i] - s->denom[i] * m.mean;

		square += r * r;
	}
	m.sd = sqrt(square / (double)(s->n - 1));
	return m;
}

static struct det_verdict
judge_cell(const double *p, const struct det_window *w, size_t i,
	   struct stratum *s)
{
	struct det_verdict v = { .reason = DET_JUDGED, .level = DET_NORMAL };
	double x = cells_count(w, i);
	double denom = denom_of(p, w, i);
	struct cells_moments m;
	double sigma;

	if (isnan(x) || isnan(denom))
		return cells_unknown(DET_REPORT_MISSING);
	gather(p, w, i, s);
	if (s->n < (size_t)p[BASELINE])
		return cells_unknown(s->cells < (size_t)p[BASELINE]
					     ? DET_LEARNING
					     : DET_BASELINE_MISSING);
	m = fit(s);
	sigma = fmax(m.sd, p[MIN_SIGMA]);
	if (!(sigma > 0))
		return cells_unknown(DET_DEGENERATE);
	v.expected = denom * m.mean;
	v.upper = v.expected + p[THRESHOLD] * sigma;
	v.statistic = (x - v.expected) / sigma;
	v.p = cells_normal_tail(v.statistic);
	if (x > 0 && v.statistic >= p[THRESHOLD] - CELLS_TIE)
		v.level = DET_ALERT;
	else if (x > 0 && v.statistic >= p[THRESHOLD] - YELLOW_BELOW - CELLS_TIE)
		v.level = DET_WARNING;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct stratum s = { .count = scratch };

	s.denom = s.count + (size_t)p[BASELINE];
	for (size_t i = from; i < w->n; i++)
		out[i - from] = judge_cell(p, w, i, &s);
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return 1 + (size_t)p[GUARD] + oldest((size_t)p[BASELINE]);
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return 2 * (size_t)p[BASELINE] * sizeof(double);
}

const struct det_method det_w2 = {
	.name = "w2",
	.summary = "as C2, weekdays and days off apart, also for rates",
	.reference = "BioSense W2; Tokars 2009, Emerg Infect Dis 15:533",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
