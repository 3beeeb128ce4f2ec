/*
 * poisson-cusum and nb-cusum: the CUSUM of counts of Lucas 1985 and its
 * negative binomial form, with the limit that gives a wanted in-control run
 * length exactly.  Mean and dispersion are learnt anew every 14 periods.
 */
#include "detectors/cells.h"
#include "detectors/chain.h"
#include "detectors/methods.h"

#define BLOCK 14 /* periods of the calendar that share a mean */
#define BLOCKS 4 /* a sum starts at 0 this many blocks back, now included */
#define MIN_REPORTS 14
#define WARNING 5.0 /* times the alert's p */

enum { BASELINE, GUARD, SHIFT, ARL0 };

/* The chart of one block. */
struct block {
	int64_t index;
	struct chain chart;
	enum det_reason reason; /* DET_JUDGED where there is a chart */
};

struct work {
	struct block ring[BLOCKS];
	struct chain_work chain;
	double value[];
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Periods since the Monday before 1970-01-01. */
static int64_t
calendar(const struct det_window *w, size_t i)
{
	return floor_div((int64_t)w->first_day + 3, (int64_t)w->period) +
	       (int64_t)i;
}

static int64_t
block_of(const struct det_window *w, size_t i)
{
	return floor_div(calendar(w, i), BLOCK);
}

/* First cell of a block; 0 where it began before the window. */
static size_t
block_start(const struct det_window *w, int64_t index)
{
	int64_t i = index * BLOCK - calendar(w, 0);

	return i > 0 ? (size_t)i : 0;
}

/*
 * The count per period at which staying and shifting by that many standard
 * deviations are equally likely: Lucas's reference value, and for the
 * negative binomial that of Hawkins and Olwell 1998.
 */
static double
reference_value(double mean, double variance, double shift)
{
	double other = mean + shift * sqrt(variance);
	double excess = variance - mean, r;

	if (excess <= 1e-9 * mean)
		return (other - mean) / log(other / mean);
	r = mean * mean / excess;
	return r * log((r + other) / (r + mean)) /
	       log(other * (r + mean) / (mean * (r + other)));
}

static void
set_block(struct block *b, const double *p, const struct det_window *w,
	  struct work *work, bool poisson)
{
	size_t start = block_start(w, b->index), want = (size_t)p[BASELINE];
	size_t guard = (size_t)p[GUARD];
	size_t n = cells_before(w, start, guard, want, work->value);
	struct cells_moments m;
	double mean, variance;

	b->reason = cells_why_short(w, start, guard, want);
	if (n < MIN_REPORTS)
		return;
	m = cells_moments(work->value, n);
	mean = m.mean + 0.5 / (double)n;
	variance = poisson ? mean : fmax(mean, m.sd * m.sd);
	b->reason = DET_JUDGED;
	if (chain_init(&b->chart, mean, variance,
		       reference_value(mean, variance, p[SHIFT]), p[ARL0],
		       &work->chain) < 0)
		b->reason = DET_DEGENERATE;
}

/* The chart of that block, from the ring or made. */
static const struct block *
find_block(int64_t index, const double *p, const struct det_window *w,
	   struct work *work, bool poisson)
{
	struct block *b = &work->ring[index - floor_div(index, BLOCKS) * BLOCKS];

	if (b->index != index) {
		b->index = index;
		set_block(b, p, w, work, poisson);
	}
	return b;
}

/* The sum after a count; an alarm leaves half the limit. */
static double
advance(const struct chain *c, double s, double x)
{
	if (isnan(x))
		return s;
	s = fmax(0.0, s + x - c->k);
	return s > c->h - CELLS_TIE ? 0.5 * c->h : s;
}

/* The sum before the first cell of a block: what the ones before it left. */
static double
carried(int64_t index, const double *p, const struct det_window *w,
	struct work *work, bool poisson)
{
	double share = 0.0; /* of the limit */

	for (int64_t k = index - BLOCKS + 1; k < index; k++) {
		const struct block *b = find_block(k, p, w, work, poisson);
		double s;

		if (b->reason != DET_JUDGED)
			continue;
		s = share * b->chart.h;
		for (size_t i = block_start(w, k); i < block_start(w, k + 1); i++)
			s = advance(&b->chart, s, cells_count(w, i));
		share = s / b->chart.h;
	}
	return share;
}

static struct det_verdict
verdict(const double *p, const struct block *b, double before, double x)
{
	const struct chain *c = &b->chart;
	struct det_verdict v;

	if (isnan(x))
		return cells_unknown(DET_REPORT_MISSING);
	if (b->reason != DET_JUDGED)
		return cells_unknown(b->reason);
	v.expected = c->mean;
	v.statistic = fmax(0.0, before + x - c->k);
	v.upper = fmax(0.0, ceil(c->h + c->k - before - CELLS_TIE) - 1.0);
	v.p = chain_p(c, v.statistic);
	v.reason = DET_JUDGED;
	v.level = v.p <= WARNING / p[ARL0] ? DET_WARNING : DET_NORMAL;
	if (v.statistic > c->h - CELLS_TIE)
		v.level = DET_ALERT;
	return v;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out, bool poisson)
{
	struct work *work = scratch;
	const struct block *b = NULL;
	double s = 0.0;

	for (int k = 0; k < BLOCKS; k++)
		work->ring[k].index = INT64_MIN;
	for (size_t i = block_start(w, block_of(w, from)); i < w->n; i++) {
		double x = cells_count(w, i);

		if (b == NULL || b->index != block_of(w, i)) {
			int64_t index = block_of(w, i);

			s = carried(index, p, w, work, poisson);
			b = find_block(index, p, w, work, poisson);
			s *= b->reason == DET_JUDGED ? b->chart.h : 0.0;
		}
		if (i >= from)
			out[i - from] = verdict(p, b, s, x);
		if (b->reason == DET_JUDGED)
			s = advance(&b->chart, s, x);
	}
	return DET_OK;
}

static int
judge_poisson(const double *p, const struct det_window *w, size_t from,
	      void *scratch, struct det_verdict *out)
{
	return judge(p, w, from, scratch, out, true);
}

static int
judge_nb(const double *p, const struct det_window *w, size_t from,
	 void *scratch, struct det_verdict *out)
{
	return judge(p, w, from, scratch, out, false);
}

static size_t
reach(const double *p)
{
	return BLOCK * BLOCKS +
	       cells_reach((size_t)p[GUARD], (size_t)p[BASELINE]);
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)n;
	return sizeof(struct work) + (size_t)p[BASELINE] * sizeof(double);
}

#define CUSUM_PARAMS(shift)                                                    \
	{                                                                      \
		{ "baseline",                                                  \
		  "periods",                                                   \
		  56,                                                          \
		  MIN_REPORTS,                                                 \
		  365,                                                         \
		  NULL,                                                        \
		  "reports the mean comes from, anew every 14 periods" },      \
			{ "guard",                                             \
			  "periods",                                           \
			  7,                                                   \
			  0,                                                   \
			  56,                                                  \
			  NULL,                                                \
			  "periods left out between them and those 14" },      \
			{ "shift",                                             \
			  "sd",                                                \
			  shift,                                               \
			  0.25,                                                \
			  5,                                                   \
			  NULL,                                                \
			  "rise of the mean that is to be found soonest" },    \
			{ "arl0",                                              \
			  "periods",                                           \
			  500,                                                 \
			  10,                                                  \
			  1e6,                                                 \
			  NULL,                                                \
			  "average periods to a false alarm" },                \
		{                                                              \
			NULL, NULL, 0, 0, 0, NULL, NULL                        \
		}                                                              \
	}

static const struct det_param params_poisson[] = CUSUM_PARAMS(1);
static const struct det_param params_nb[] = CUSUM_PARAMS(2);

const struct det_method det_poisson_cusum = {
	.name = "poisson-cusum",
	.summary = "CUSUM of Poisson counts, exact limit for a run length",
	.reference = "Lucas 1985, Technometrics 27:129; Brook and Evans 1972, "
		     "Biometrika 59:539",
	.param = params_poisson,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge_poisson,
};

const struct det_method det_nb_cusum = {
	.name = "nb-cusum",
	.summary = "CUSUM of over-dispersed counts, exact limit for a run "
		   "length",
	.reference = "Hawkins and Olwell 1998; Watkins and others 2008, BMC "
		     "Med Inform Decis Mak 8:37; Brook and Evans 1972",
	.param = params_nb,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge_nb,
};
