/*
 * tocsin: the default method.  A regression says what a period should count
 * (tocsin_fit.c), each count becomes a normal score (tocsin_score.c), and a
 * hidden Markov filter over the last weeks weighs "an outbreak is on today"
 * against "none is".  p is how often that odds ratio is reached without one.
 */
#include "detectors/cells.h"
#include "detectors/methods.h"
#include "detectors/tocsin_filter.h"
#include "detectors/tocsin_fit.h"
#include "detectors/tocsin_score.h"

#include <string.h>

#define LEAST_WEEKS 13 /* of days that a fit is cut down to */
#define MAX_WEEKS 523  /* ten years, by days or weeks */
#define WARNING 5.0    /* times alpha */

enum { HISTORY, GUARD, ALPHA };

#define HORIZON_DAYS 28
#define HORIZON_WEEKS 12

/* Periods the filter looks back: it has forgotten what came before. */
static size_t
horizon(const struct fit_grid *g)
{
	return g->w->period == DET_DAY ? HORIZON_DAYS : HORIZON_WEEKS;
}

/*
 * What the verdicts share that rest on the same weeks, and what a walk carries
 * on: days of one week need no fit of their own.
 */
struct basis {
	struct fit f;
	bool known; /* there is one; false in a state of zeros */
	bool fitted;
	enum det_reason reason; /* why not */
	int64_t anchor;		/* first day behind the weeks of the fit */
	int64_t scored;		/* first day behind those scores */
	double score[HORIZON_DAYS];
};

/*
 * Fits the longest past that one regression describes: the whole of it, or
 * the later half, and so on.
 */
static void
fit_before(struct basis *k, const double *p, struct fit_grid *g, size_t anchor)
{
	size_t weeks = ((size_t)p[HISTORY] + g->cells - 1) / g->cells;
	size_t least = g->cells == 7 ? LEAST_WEEKS : 2 * LEAST_WEEKS;
	struct fit f;

	weeks = weeks < MAX_WEEKS ? weeks : MAX_WEEKS;
	weeks = weeks < anchor ? weeks : anchor;
	k->known = true;
	k->scored = INT64_MIN;
	k->anchor = fit_grid_day(g, anchor);
	k->fitted = fit_weeks(&k->f, g, anchor - weeks, anchor) == 0;
	k->reason = anchor * g->cells < 14 ? DET_LEARNING : DET_BASELINE_MISSING;
	while (k->fitted && k->f.drifts && weeks / 2 >= least) {
		weeks /= 2;
		if (fit_weeks(&f, g, anchor - weeks, anchor) < 0)
			break;
		k->f = f;
	}
}

/* Mean and variance of cell i; false where it is not to be judged. */
static bool
expect(const struct basis *k, const struct fit_grid *g, size_t i, double *mean,
       double *variance)
{
	if (isnan(cells_count(g->w, i)))
		return false;
	fit_predict(&k->f, g, i, mean, variance);
	return !isnan(*mean);
}

static void
score_cells(const struct basis *k, const struct fit_grid *g, size_t begin,
	    size_t end, double *score)
{
	for (size_t i = begin; i < end; i++) {
		double mean, variance;

		score[i] = NAN;
		if (expect(k, g, i, &mean, &variance))
			score[i] = score_of(g->w->count[i], mean, variance,
					    k->f.df);
	}
}

/* What is believed of cell i before its count is seen. */
static struct filter
belief_before(const struct fit_grid *g, size_t i, const double *score)
{
	enum det_period period = g->w->period;
	struct filter f = filter_start(period);

	for (size_t j = i > horizon(g) ? i - horizon(g) : 0; j < i; j++) {
		filter_advance(&f, period);
		if (!isnan(score[j]))
			filter_see(&f, score[j]);
	}
	filter_advance(&f, period);
	return f;
}

/* The largest count that does not alarm. */
static double
limit(const struct basis *k, const struct fit_grid *g, const struct filter *f,
      double alpha, double mean, double variance)
{
	double odds = filter_odds_at(g->w->period, alpha);
	double z = filter_score_for(f, odds);

	return fmax(floor(mean), score_count(z, mean, variance, k->f.df));
}

static struct det_verdict
judge_cell(const double *p, const struct basis *k, const struct fit_grid *g,
	   size_t i, const double *score)
{
	enum det_period period = g->w->period;
	struct det_verdict v;
	struct filter f;
	double mean, variance;

	if (isnan(cells_count(g->w, i)))
		return cells_unknown(DET_REPORT_MISSING);
	if (!k->fitted)
		return cells_unknown(k->reason);
	if (!expect(k, g, i, &mean, &variance))
		return cells_unknown(DET_REPORT_MISSING);
	f = belief_before(g, i, score);
	v.expected = mean;
	v.upper = limit(k, g, &f, p[ALPHA], mean, variance);
	filter_see(&f, score[i]);
	v.statistic = filter_odds(&f);
	if (g->w->count[i] <= mean)
		v.statistic = fmin(v.statistic, filter_odds_at(period, 0.5));
	v.p = filter_p(period, v.statistic);
	v.reason = DET_JUDGED;
	v.level = v.p < p[ALPHA] * WARNING ? DET_WARNING : DET_NORMAL;
	if (v.p < p[ALPHA])
		v.level = DET_ALERT;
	return v;
}

static size_t
reach(const double *p)
{
	size_t weeks = ((size_t)p[HISTORY] + 6) / 7;

	return weeks * 7 + 7 + (size_t)p[GUARD] + 1;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)p;
	return fit_grid_bytes(n + 6) + n * sizeof(double);
}

/* The week before which a fit for cell i ends. */
static size_t
anchor_of(const double *p, const struct fit_grid *g, size_t i)
{
	size_t guard = (size_t)p[GUARD];

	return fit_grid_week(g, i > guard ? i - guard : 0);
}

static int64_t
day_of(const struct det_window *w, size_t i)
{
	return w->first_day + (int64_t)i * (int64_t)w->period;
}

/* Hands the scores before cell `end` on. */
static void
keep_scores(struct basis *k, const struct fit_grid *g, size_t end,
	    const double *score)
{
	size_t n = end < horizon(g) ? end : horizon(g);

	if (!k->fitted)
		return;
	k->scored = day_of(g->w, end);
	memcpy(k->score, score + end - n, n * sizeof(*score));
}

/* The first cell to score for a verdict of cell `begin`: itself, where the
   scores before it were handed on. */
static size_t
take_scores(const struct basis *k, const struct fit_grid *g, size_t begin,
	    double *score)
{
	size_t n = begin < horizon(g) ? begin : horizon(g);

	if (k->scored != day_of(g->w, begin))
		return begin - n;
	memcpy(score + begin - n, k->score, n * sizeof(*score));
	return begin;
}

static void
walk(const double *p, const struct det_window *w, const struct det_walk *walk)
{
	struct fit_grid g;
	struct basis *k = walk->state;
	double *score = walk->scratch;

	if (walk->begin == 0)
		memset(k, 0, sizeof(*k));
	if (walk->out == NULL)
		return;
	fit_grid_init(&g, w, score + w->n);
	for (size_t i = walk->begin, end = i; i < walk->end; i++) {
		if (i == end) {
			size_t anchor = anchor_of(p, &g, i), begin;

			if (!k->known || k->anchor != fit_grid_day(&g, anchor))
				fit_before(k, p, &g, anchor);
			begin = take_scores(k, &g, i, score);
			while (end < walk->end && anchor_of(p, &g, end) == anchor)
				end++;
			if (k->fitted)
				score_cells(k, &g, begin, end, score);
		}
		walk->out[i - walk->begin] = judge_cell(p, k, &g, i, score);
	}
	keep_scores(k, &g, walk->end, score);
}

static size_t
behind(const double *p, const void *state, size_t i)
{
	size_t n = reach(p) - 1;

	(void)state;
	return n < i ? n : i;
}

static const struct det_carry carry = { sizeof(struct basis), behind, walk, NULL };

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct basis k;
	struct det_walk all = { .state = &k, .scratch = scratch, .out = out };

	return cells_walk(&carry, p, w, from, &all);
}

static const struct det_param params[] = {
	{ "history", "periods", 1826, 28, 3660, NULL,
	  "periods of the past that are used, ten years at most" },
	{ "guard", "periods", 2, 0, 28, NULL,
	  "periods kept out of the fit before the judged one" },
	{ "alpha", "probability", 0.01, 1e-9, 0.5, NULL,
	  "p below which a verdict is an alert; a warning below 5 times it" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

const struct det_method det_tocsin = {
	.name = "tocsin",
	.summary = "regression on the past years, then a filter for outbreaks "
		   "that last",
	.reference = "docs/tocsin-method.md",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
	.carry = &carry,
};
