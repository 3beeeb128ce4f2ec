/*
 * China's moving percentile: the cases of the last week against the same week
 * and its neighbours in past years.
 */
#include "detectors/calendar.h"
#include "detectors/cells.h"
#include "detectors/counts.h"
#include "detectors/methods.h"

#define DAYS 7		/* a period of a daily series adds up so many */
#define DAYS_REPORTED 4 /* and says nothing with fewer reports */
#define WEEKS_A_YEAR 52
#define DAYS_A_YEAR 365

enum { PERCENTILE, YEARS, WINDOWS };

static const struct det_param params[] = {
	{ "percentile", "percent", 80, 1, 99.9, NULL,
	  "of the past values; more cases alert" },
	{ "years", "years", 5, 1, 20, NULL, "past years compared with" },
	{ "windows", "periods", 2, 0, 8, NULL,
	  "weeks before and after the same week of each year" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

/* Cases of the week that ends with cell i, counted up to a full one. */
static double
week_sum(const struct det_window *w, int64_t i)
{
	size_t cells = w->period == DET_DAY ? DAYS : 1;
	size_t least = w->period == DET_DAY ? DAYS_REPORTED : 1;
	size_t reports = 0;
	double sum = 0;

	if (i + 1 < (int64_t)cells || i >= (int64_t)w->n)
		return NAN;
	for (size_t k = 0; k < cells; k++) {
		double x = cells_count(w, (size_t)i - k);

		if (isnan(x))
			continue;
		sum += x;
		reports++;
	}
	return reports < least ? NAN : sum * (double)cells / (double)reports;
}

/* The cell `years` before cell i, which may lie before the window. */
static int64_t
same_period(const struct det_window *w, size_t i, int years)
{
	int step = (int)w->period;
	int32_t day = w->first_day + (int32_t)i * step;
	int32_t then;

	if (!w->dated && w->period == DET_WEEK)
		return (int64_t)i - (int64_t)years * WEEKS_A_YEAR;
	if (!w->dated)
		return (int64_t)i - (int64_t)years * DAYS_A_YEAR;
	if (w->period == DET_WEEK)
		then = calendar_iso_years_back(day, years);
	else
		then = calendar_years_back(day, years);
	return (int64_t)i - (day - then) / step;
}

/* The past values in ascending order; returns how many are known. */
static size_t
gather(const double *p, const struct det_window *w, size_t i, double *value)
{
	int64_t step = w->period == DET_DAY ? DAYS : 1;
	int64_t around = (int64_t)p[WINDOWS];
	size_t n = 0;

	for (int year = 1; year <= (int)p[YEARS]; year++) {
		int64_t at = same_period(w, i, year);

		for (int64_t k = -around; k <= around; k++) {
			double x = week_sum(w, at + k * step);
			size_t j = n;

			if (isnan(x))
				continue;
			for (; j > 0 && value[j - 1] > x; j--)
				value[j] = value[j - 1];
			value[j] = x;
			n++;
		}
	}
	return n;
}

/* R's quantile, type 7, of ascending values. */
static double
quantile(const double *value, size_t n, double share)
{
	double at = (double)(n - 1) * share;
	size_t low = (size_t)at;

	if (low + 1 >= n)
		return value[n - 1];
	return value[low] + (at - (double)low) * (value[low + 1] - value[low]);
}

/*
 * Mid-p of a negative binomial with the moments of the past values, widened
 * for their being so few.
 */
static double
p_of(double x, const double *value, size_t n)
{
	struct cells_moments m = { value[0], 0 };
	double wider = 1 + 1 / (double)n;

	if (n > 1)
		m = cells_moments(value, n);
	m.mean = fmax(m.mean, 0.5 / (double)n);
	return counts_upper(x, m.mean, fmax(m.mean, m.sd * m.sd) * wider);
}

static struct det_verdict
judge_cell(const double *p, const struct det_window *w, size_t i, double *value)
{
	struct det_verdict v = { .reason = DET_JUDGED };
	size_t wanted = (size_t)p[YEARS] * (2 * (size_t)p[WINDOWS] + 1);
	int64_t oldest = same_period(w, i, ((int)p[YEARS] + 1) / 2);
	size_t n;

	v.statistic = week_sum(w, (int64_t)i);
	if (isnan(cells_count(w, i)) || isnan(v.statistic))
		return cells_unknown(DET_REPORT_MISSING);
	n = gather(p, w, i, value);
	if (2 * n < wanted)
		return cells_unknown(oldest < 0 ? DET_LEARNING
						: DET_BASELINE_MISSING);
	v.expected = quantile(value, n, 0.5);
	v.upper = quantile(value, n, p[PERCENTILE] / 100);
	v.p = p_of(v.statistic, value, n);
	v.level = v.statistic > v.upper ? DET_ALERT : DET_NORMAL;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	for (size_t i = from; i < w->n; i++)
		out[i - from] = judge_cell(p, w, i, scratch);
	return DET_OK;
}

/* In days, which are more than weeks; a year back is at most 53 weeks. */
static size_t
reach(const double *p)
{
	return (size_t)p[YEARS] * (DAYS_A_YEAR + 6) +
	       ((size_t)p[WINDOWS] + 1) * DAYS;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return (size_t)p[YEARS] * (2 * (size_t)p[WINDOWS] + 1) * sizeof(double);
}

const struct det_method det_percentile = {
	.name = "percentile",
	.summary = "last week above a percentile of the same weeks of past "
		   "years",
	.reference = "CIDARS moving percentile; Yang 2011, J Public Health "
		     "Policy 32:72",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
