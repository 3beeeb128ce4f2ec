/*
 * A fixed number of cases in the last periods: the rule for diseases of which
 * one case is too many, and for thresholds that are written down.
 */
#include "detectors/cells.h"
#include "detectors/counts.h"
#include "detectors/methods.h"

enum { CASES, WINDOW, HISTORY };

static const struct det_param params[] = {
	{ "n", "cases", 1, 1, 1e9, NULL, "cases that alert" },
	{ "window", "periods", 1, 1, 3650, NULL,
	  "last periods, the judged one included, whose cases add up" },
	{ "history", "periods", 364, 0, 3650, NULL,
	  "periods before those, for the p alone" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

struct sum {
	double cases;
	double reports;
};

static struct sum
add_up(const struct det_window *w, size_t from, size_t to)
{
	struct sum s = { 0, 0 };

	for (size_t i = from; i < to; i++) {
		double x = cells_count(w, i);

		if (isnan(x))
			continue;
		s.cases += x;
		s.reports++;
	}
	return s;
}

/*
 * Mid-p of the sum under the rate of the history: the predictive negative
 * binomial of a Poisson rate whose prior is worth half a case in as many
 * periods as the window has.
 */
static double
p_of(const double *p, struct sum now, struct sum before)
{
	double weight = before.reports + p[WINDOW];
	double size = before.cases + 0.5;
	double mean = size * now.reports / weight;

	return counts_upper(now.cases, mean,
			    mean * (weight + now.reports) / weight);
}

static struct det_verdict
judge_cell(const double *p, const struct det_window *w, size_t i)
{
	size_t window = (size_t)p[WINDOW];
	size_t history = (size_t)p[HISTORY];
	size_t first = i + 1 > window ? i + 1 - window : 0;
	size_t oldest = first > history ? first - history : 0;
	struct det_verdict v = { .reason = DET_JUDGED };
	double x = cells_count(w, i);
	struct sum now;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	now = add_up(w, first, i + 1);
	v.expected = NAN;
	v.upper = fmax(0, p[CASES] - 1 - (now.cases - x));
	v.statistic = now.cases;
	v.p = p_of(p, now, add_up(w, oldest, first));
	v.level = now.cases >= p[CASES] ? DET_ALERT : DET_NORMAL;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	(void)scratch;
	for (size_t i = from; i < w->n; i++)
		out[i - from] = judge_cell(p, w, i);
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return (size_t)p[WINDOW] + (size_t)p[HISTORY];
}

static size_t
no_scratch(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

const struct det_method det_fixed = {
	.name = "fixed",
	.summary = "n cases in the last periods; one case by default",
	.reference = "statutory rules; p: predictive negative binomial",
	.param = params,
	.reach = reach,
	.scratch = no_scratch,
	.judge = judge,
};
