/*
 * Too few: a feed that withers, a school that no longer reports absences.
 * The last periods' sum against what the same weekdays had before.
 */
#include "detectors/cells.h"
#include "detectors/counts.h"
#include "detectors/methods.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define WEEKDAYS 7
#define LEAST_REPORTS 3 /* of a weekday in the baseline */
#define LEAST_SUMS 3	/* that tell how much they vary */

enum { WINDOW, BASELINE, ALPHA };

static const struct det_param params[] = {
	{ "window", "periods", 7, 1, 364, NULL,
	  "last periods, the judged one included, whose cases add up" },
	{ "baseline", "periods", 56, 7, 3650, NULL,
	  "periods before those that tell what to expect" },
	{ "alpha", "probability", 0.01, 1e-9, 0.2, NULL,
	  "p that alerts; five times as much warns" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

struct weekday {
	double reports;
	double mean;
	double judged; /* reports of the window that are this weekday's */
};

static void
learn(const struct det_window *w, size_t from, size_t to,
      struct weekday day[WEEKDAYS])
{
	for (size_t i = from; i < to; i++) {
		double x = cells_count(w, i);
		struct weekday *d = &day[cells_weekday(w, i)];

		if (isnan(x))
			continue;
		d->reports++;
		d->mean += (x - d->mean) / d->reports;
	}
}

/* Pearson's dispersion of the baseline around its weekday means, >= 1. */
static double
dispersion(const struct det_window *w, size_t from, size_t to,
	   const struct weekday day[WEEKDAYS])
{
	double chi2 = 0;
	double df = 0;

	for (size_t i = from; i < to; i++) {
		const struct weekday *d = &day[cells_weekday(w, i)];
		double x = cells_count(w, i);

		if (isnan(x) || !(d->mean > 0))
			continue;
		chi2 += (x - d->mean) * (x - d->mean) / d->mean;
		df++;
	}
	for (size_t k = 0; k < WEEKDAYS; k++)
		df -= day[k].mean > 0;
	return df > 0 ? fmax(1, chi2 / df) : 1;
}

/*
 * The same of the sums of as many periods as the window has, in the baseline:
 * where a season or a trend moves them, they say so, and days do not.
 */
static double
sums_dispersion(const struct det_window *w, size_t from, size_t to,
		size_t window, const struct weekday day[WEEKDAYS])
{
	double chi2 = 0;
	double sums = 0;

	for (size_t end = to; end >= from + window; end -= window) {
		double cases = 0;
		double expected = 0;

		for (size_t i = end - window; i < end; i++) {
			double x = cells_count(w, i);

			cases += isnan(x) ? 0 : x;
			expected += isnan(x) ? 0 : day[cells_weekday(w, i)].mean;
		}
		if (!(expected > 0))
			continue;
		chi2 += (cases - expected) * (cases - expected) / expected;
		sums++;
	}
	return sums >= LEAST_SUMS ? chi2 / (sums - 1) : 1;
}

static enum det_level
level_of(const double *p, double tail)
{
	if (tail <= p[ALPHA])
		return DET_ALERT;
	return tail <= 5 * p[ALPHA] ? DET_WARNING : DET_NORMAL;
}

/* Judges the sum of the cells first..i against the baseline before them. */
static struct det_verdict
judge_sum(const double *p, const struct det_window *w, size_t first, size_t i)
{
	size_t length = (size_t)p[BASELINE];
	size_t oldest = first > length ? first - length : 0;
	struct weekday day[WEEKDAYS] = { 0 };
	struct det_verdict v = { .expected = 0,
				 .upper = NAN,
				 .reason = DET_JUDGED };
	double variance = 0;
	double sum = 0;
	double phi;

	learn(w, oldest, first, day);
	for (size_t j = first; j <= i; j++) {
		double x = cells_count(w, j);

		if (isnan(x))
			continue;
		sum += x;
		day[cells_weekday(w, j)].judged++;
	}
	phi = fmax(dispersion(w, oldest, first, day),
		   sums_dispersion(w, oldest, first, (size_t)p[WINDOW], day));
	for (size_t k = 0; k < WEEKDAYS; k++) {
		if (day[k].judged == 0)
			continue;
		if (day[k].reports < LEAST_REPORTS)
			return cells_unknown(first < length
						     ? DET_LEARNING
						     : DET_BASELINE_MISSING);
		v.expected += day[k].judged * day[k].mean;
		variance += phi * day[k].mean * day[k].judged *
			    (1 + day[k].judged / day[k].reports);
	}
	if (!(v.expected > 0))
		return cells_unknown(DET_DEGENERATE);
	v.p = counts_lower(sum, v.expected, variance);
	v.statistic = qnorm(v.p, 0, 1, 0, 0);
	v.level = level_of(p, v.p);
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	size_t window = (size_t)p[WINDOW];

	(void)scratch;
	for (size_t i = from; i < w->n; i++) {
		size_t first = i + 1 > window ? i + 1 - window : 0;

		if (isnan(cells_count(w, i)))
			out[i - from] = cells_unknown(DET_REPORT_MISSING);
		else
			out[i - from] = judge_sum(p, w, first, i);
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return (size_t)p[WINDOW] + (size_t)p[BASELINE];
}

static size_t
no_scratch(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

const struct det_method det_drop = {
	.name = "drop",
	.summary = "too few cases in the last week for its weekdays",
	.reference = "quasi-Poisson mean and dispersion by weekday; lower "
		     "mid-p of a negative binomial",
	.param = params,
	.reach = reach,
	.scratch = no_scratch,
	.judge = judge,
};
