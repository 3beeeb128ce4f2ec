/*
 * Holt-Winters with a weekly season, after JHU/APL's generalised adaptive
 * smoothing.  Differences, all in the direction of not absorbing the signal
 * or not looking ahead: the forecast uses the level of the day before, and
 * nothing is judged before the 56 days it starts from are over.  The trend
 * is left out, since JHU/APL's weight for it is 0.  A sparse series is judged
 * by its smoothed level, as an EWMA.
 */
#include "detectors/cells.h"
#include "detectors/methods.h"
#include "detectors/zeros.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define SEASON 7
#define BASELINE 56
#define WARM_UP 14
#define LEAST_START 28	 /* reports in the first 56 cells */
#define LEAST_BASELINE 7 /* reports that are no excess zeros */
#define LEAST_LEVEL 0.5
#define LEAST_FACTOR 0.01
#define LEAST_SD 0.5
#define SPARSE_WEIGHT 0.4
#define SPARSE_ADDED 0.2
#define HOLIDAY_FACTOR 0.2
#define RED_P 0.01
#define YELLOW_P 0.05

enum { HORIZON };

static const struct det_param params[] = {
	{ "horizon", "periods", 728, 112, 7280, NULL,
	  "smoothing starts at least this many periods back" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

struct smoother {
	bool sparse;
	double added;  /* to every count */
	double weight; /* of the newest report in the level */
	double season_weight;
	double level;
	double factor[SEASON];
	double sd; /* of yesterday's judgement */
};

/* What the last 56 cells say about today. */
struct base {
	size_t reports;
	size_t excess; /* zeros too many */
	double mean;   /* without those */
	double sd;
};

struct work {
	double *value;
	double *sorted;
};

static double
counted(const struct smoother *s, const struct det_window *w, size_t i)
{
	return cells_count(w, i) + s->added;
}

static bool
holiday(const struct det_window *w, size_t i)
{
	return w->mark != NULL && (w->mark[i] & DET_MARK_HOLIDAY) != 0;
}

static void
sort(double *value, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double x = value[i];
		size_t j = i;

		for (; j > 0 && value[j - 1] > x; j--)
			value[j] = value[j - 1];
		value[j] = x;
	}
}

/* Weights by the size of the counts. */
static void
choose_weights(struct smoother *s, double mean, bool sparse)
{
	s->sparse = sparse;
	s->added = sparse ? SPARSE_ADDED : 0;
	s->season_weight = mean < 1 ? 0.1 : 0.05;
	if (sparse) {
		s->weight = SPARSE_WEIGHT;
		s->season_weight = 0;
	} else if (mean < 1) {
		s->weight = 0.05;
	} else if (mean < 10) {
		s->weight = 0.1;
	} else {
		s->weight = mean < 100 ? 0.15 : 0.4;
	}
}

/* Starts from the first 56 cells of a chain; false where they say too little. */
static bool
start(struct smoother *s, const struct det_window *w, size_t first,
      const struct work *work)
{
	double sum[SEASON] = { 0 };
	double reports[SEASON] = { 0 };
	double total = 0;
	size_t n = 0;
	double mean;

	for (size_t i = first; i < first + BASELINE; i++) {
		double x = cells_count(w, i);

		if (isnan(x))
			continue;
		sum[cells_weekday(w, i)] += x;
		reports[cells_weekday(w, i)]++;
		total += x;
		work->sorted[n++] = x;
	}
	if (n < LEAST_START)
		return false;
	sort(work->sorted, n);
	mean = total / (double)n;
	choose_weights(s, mean, work->sorted[n / 2] == 0);
	if (w->period == DET_WEEK)
		s->season_weight = 0;
	s->level = fmax(mean, LEAST_LEVEL);
	s->sd = LEAST_SD;
	for (size_t k = 0; k < SEASON; k++) {
		s->factor[k] = 1;
		if (!s->sparse && reports[k] > 0)
			s->factor[k] =
				fmax(sum[k] / reports[k] / mean, LEAST_FACTOR);
	}
	return true;
}

/*
 * Deviation of the days whose factor is like today's; of all where they are
 * few.
 */
static double
deviation(const struct smoother *s, const struct det_window *w, size_t i,
	  const struct work *work)
{
	double today = s->factor[cells_weekday(w, i)];
	size_t oldest = i > BASELINE ? i - BASELINE : 0;
	size_t all = 0;
	size_t like = 0;

	for (size_t j = oldest; j < i; j++) {
		double y = counted(s, w, j);
		double factor = s->factor[cells_weekday(w, j)];

		if (isnan(y))
			continue;
		work->value[all++] = y;
		if (fabs(factor - today) < 0.1 && !holiday(w, j))
			work->sorted[like++] = y;
	}
	if (like > 4)
		return cells_moments(work->sorted, like).sd;
	return all > 1 ? cells_moments(work->value, all).sd : LEAST_SD;
}

static struct base
look_back(const struct smoother *s, const struct det_window *w, size_t i,
	  const struct work *work)
{
	size_t oldest = i > BASELINE ? i - BASELINE : 0;
	struct base b = { 0, 0, NAN, NAN };
	struct zeros_base kept;

	for (size_t j = oldest; j < i; j++) {
		double x = cells_count(w, j);

		if (!isnan(x))
			work->value[b.reports++] = x;
	}
	b.excess = zeros_excess(work->value, b.reports);
	kept = zeros_base(work->value, b.reports, b.excess);
	b.mean = kept.n > 0 ? kept.mean + s->added : s->added;
	b.sd = kept.n > 1 ? kept.sd : 0;
	return b;
}

/* Whether today is too high to learn from. */
static bool
too_high(const struct smoother *s, const struct base *b, double y,
	 double forecast, double factor, const struct work *work)
{
	double at = 0.95 * (double)(b->reports - 1);
	size_t low = (size_t)at;
	double high;

	if (b->excess > 0 || fabs(y - forecast) / s->sd <= 0.5)
		return false;
	for (size_t k = 0; k < b->reports; k++)
		work->sorted[k] = work->value[k];
	sort(work->sorted, b->reports);
	high = work->sorted[low];
	if (low + 1 < b->reports)
		high += (at - (double)low) *
			(work->sorted[low + 1] - work->sorted[low]);
	return y > factor * high;
}

/* Learns today's value y, unless it is a holiday or out of all proportion. */
static void
learn(struct smoother *s, double y, double *factor)
{
	double level = s->weight * y / *factor + (1 - s->weight) * s->level;
	double season = s->season_weight * y / s->level +
			(1 - s->season_weight) * *factor;

	level = fmax(level, LEAST_LEVEL);
	*factor = fmax(season, LEAST_FACTOR);
	if (*factor >= 0.05 && level <= 10 * s->level)
		s->level = level;
}

/* The EWMA test of a sparse series: see ewma_jhu.c. */
static double
sparse_sigma(const struct base *b)
{
	double n = (double)(b->reports - b->excess);
	double rest = 1 - SPARSE_WEIGHT;
	double scale = SPARSE_WEIGHT / qt(YELLOW_P, n - 1, 0, 0);
	double share = sqrt(SPARSE_WEIGHT / (2 - SPARSE_WEIGHT) + 1 / n -
			    2 * rest * (1 - pow(rest, n)) / n);
	double add = scale * (0.1289 - (0.2414 - 0.1826 * pow(rest, 4)) *
					       log(10 * YELLOW_P));
	double least = scale * (1 + 0.5 * rest * rest);

	return fmax(fmax(share * b->sd + add, least), LEAST_SD);
}

static struct det_verdict
verdict(const struct smoother *s, const struct base *b, double y, double forecast)
{
	double red = qnorm(RED_P, 0, 1, 0, 0);
	struct det_verdict v = { .level = DET_NORMAL, .reason = DET_JUDGED };

	v.expected = fmax(0, forecast - s->added);
	v.upper = v.expected + red * s->sd;
	v.statistic = (y - forecast) / s->sd;
	if (s->sparse) {
		double sigma = sparse_sigma(b);
		double rest = (1 - s->weight) * s->level;
		double level = fmax(s->weight * y + rest, LEAST_LEVEL);

		v.statistic = (level - b->mean) / sigma;
		v.upper = fmax(0, (b->mean + red * sigma - rest) / s->weight -
					  s->added);
	}
	if (!(y > s->added))
		v.statistic = 0;
	v.p = cells_normal_tail(v.statistic);
	if (v.p <= YELLOW_P && y > s->added)
		v.level = v.p <= RED_P ? DET_ALERT : DET_WARNING;
	return v;
}

/* Judges cell i and learns from it. */
static struct det_verdict
step(struct smoother *s, const struct det_window *w, size_t i,
     const struct work *work)
{
	double y = counted(s, w, i);
	double *factor = &s->factor[cells_weekday(w, i)];
	double forecast = *factor * s->level;
	struct det_verdict v;
	struct base b;
	double sd;

	if (isnan(y))
		return cells_unknown(DET_REPORT_MISSING);
	sd = deviation(s, w, i, work);
	b = look_back(s, w, i, work);
	if (b.reports - b.excess < LEAST_BASELINE)
		return cells_unknown(b.excess > 0 ? DET_DEGENERATE
						  : DET_BASELINE_MISSING);
	if (holiday(w, i) && fabs(y - forecast) > s->sd)
		forecast = HOLIDAY_FACTOR * s->level;
	s->sd = fmax(sd, LEAST_SD);
	v = verdict(s, &b, y, forecast);
	if (!holiday(w, i) && !too_high(s, &b, y, forecast, *factor, work))
		learn(s, y, factor);
	return v;
}

static void
judge_chain(const struct det_window *w, struct cells_chain c, size_t from,
	    const struct work *work, struct det_verdict *out)
{
	struct smoother s = { 0 };
	size_t begin = c.start + BASELINE;
	bool started = begin <= c.end && start(&s, w, c.start, work);

	for (size_t i = from; i < c.end && i < begin; i++)
		out[i - from] = cells_unknown(isnan(cells_count(w, i))
						      ? DET_REPORT_MISSING
						      : DET_LEARNING);
	for (size_t i = started ? c.start + WARM_UP : begin; i < c.end; i++) {
		struct det_verdict v = cells_unknown(DET_BASELINE_MISSING);

		if (started)
			v = step(&s, w, i, work);
		if (i >= from && i >= begin)
			out[i - from] = v;
	}
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct work work = { .value = scratch };
	size_t i = from;

	work.sorted = work.value + BASELINE;
	while (i < w->n) {
		struct cells_chain c = cells_chain(w, i, (size_t)p[HORIZON]);

		judge_chain(w, c, i, &work, out + (i - from));
		i = c.end;
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return cells_chain_reach((size_t)p[HORIZON]) + BASELINE;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 2 * BASELINE * sizeof(double);
}

const struct det_method det_holt_winters = {
	.name = "holt-winters",
	.summary = "level and weekly season smoothed, today against forecast",
	.reference = "JHU/APL openessence GSSages; Burkom 2007, Stat Med "
		     "26:4202; Elbert and Burkom 2009",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
