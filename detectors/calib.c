/*
 * From a fused p-value to a recurrence interval, see calib.h.
 */
#include "detectors/calib.h"

#include <math.h>

#include "detectors/fuse.h"

#define DAYS_A_YEAR 365.25
#define LEAST_OPENINGS 40 /* that must stand behind a threshold */
#define LEAST_DAYS 2000	  /* that must stand behind a source's tail */
#define BISECTIONS 30
#define STEP 0.05

/* rate = 365.25 * 10^-score, written down at one point. */
const struct calib calib_uniform = { .at = { { 0, DAYS_A_YEAR } },
				     .n = 1,
				     .tail = 1 };

bool
calib_check(const struct calib *c)
{
	if (c->n == 0 || c->n > CALIB_MAX_POINTS || !(c->tail > 0))
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (!(c->at[i].rate > 0) || !isfinite(c->at[i].rate) ||
		    !isfinite(c->at[i].score))
			return false;
		if (i > 0 && (c->at[i].score <= c->at[i - 1].score ||
			      c->at[i].rate >= c->at[i - 1].rate))
			return false;
	}
	return true;
}

double
calib_score(double p)
{
	return -log10(p < FUSE_P_MIN ? FUSE_P_MIN : p);
}

bool
calib_tail_check(const struct calib_tail *t)
{
	double last = 0;

	for (size_t i = 0; i < CALIB_TAIL_POINTS; i++) {
		if (!(t->score[i] > last) || !isfinite(t->score[i]))
			return false;
		last = t->score[i];
	}
	return true;
}

double
calib_tail_p(const struct calib_tail *t, double p)
{
	double score = calib_score(p), from = 0;
	size_t i = 0;

	if (isnan(p) || !(t->score[0] > 0))
		return p;
	for (; i + 1 < CALIB_TAIL_POINTS && score > t->score[i]; i++)
		from = t->score[i];
	return pow(10, -((double)i + (score - from) / (t->score[i] - from)));
}

void
calib_count(struct calib_counts *c, double p)
{
	double bin = calib_score(p) / CALIB_BIN_WIDTH;

	if (isnan(p))
		return;
	c->n[bin < CALIB_BINS - 1 ? (size_t)bin : CALIB_BINS - 1]++;
}

int
calib_fit_tail(struct calib_tail *out, const struct calib_counts *c)
{
	double days = 0, above = 0, want = 1;
	size_t point = CALIB_TAIL_POINTS;

	for (size_t b = 0; b < CALIB_BINS; b++)
		days += c->n[b];
	*out = (struct calib_tail){ 0 };
	if (days < LEAST_DAYS)
		return -1;
	for (size_t i = 0; i < CALIB_TAIL_POINTS; i++)
		want /= 10;
	for (size_t b = CALIB_BINS; b-- > 0 && point > 0;) {
		above += c->n[b];
		while (point > 0 && above > want * days) {
			out->score[--point] = (double)b * CALIB_BIN_WIDTH;
			want *= 10;
		}
	}
	if (calib_tail_check(out))
		return 0;
	*out = (struct calib_tail){ 0 };
	return -1;
}

/* Decades of rate a unit of score between points i and i + 1. */
static double
slope(const struct calib *c, size_t i)
{
	return log10(c->at[i].rate / c->at[i + 1].rate) /
	       (c->at[i + 1].score - c->at[i].score);
}

double
calib_rate(const struct calib *c, double p)
{
	double score = calib_score(p);
	double fall = c->tail;
	size_t i = c->n - 1;

	if (isnan(p))
		return NAN;
	if (score < c->at[i].score) {
		while (i > 0 && score < c->at[i].score)
			i--;
		fall = c->n > 1 ? slope(c, i) : c->tail;
	}
	return c->at[i].rate * pow(10, -fall * (score - c->at[i].score));
}

double
calib_interval(const struct calib *c, double p)
{
	return 1 / calib_rate(c, p);
}

double
calib_p(const struct calib *c, double rate)
{
	double fall = c->tail;
	size_t i = c->n - 1;

	if (rate > c->at[i].rate) {
		while (i > 0 && rate > c->at[i].rate)
			i--;
		fall = c->n > 1 ? slope(c, i) : c->tail;
	}
	return pow(10, -(c->at[i].score + log10(c->at[i].rate / rate) / fall));
}

size_t
calib_openings(const double *score, size_t n, double threshold, size_t quiet)
{
	size_t openings = 0, last = 0;
	bool open = false;

	for (size_t i = 0; i < n; i++) {
		if (open && i - last > quiet)
			open = false;
		if (!(score[i] >= threshold))
			continue;
		if (!open)
			openings++;
		open = true;
		last = i;
	}
	return openings;
}

static double
highest(const double *scores, size_t n)
{
	double top = 0;

	for (size_t i = 0; i < n; i++) {
		if (scores[i] > top)
			top = scores[i];
	}
	return top;
}

/* A set of daily scores, area by area. */
struct null {
	const double *scores;
	size_t areas, days, quiet;
};

static double
openings(const struct null *null, double threshold)
{
	size_t n = 0;

	for (size_t a = 0; a < null->areas; a++)
		n += calib_openings(null->scores + a * null->days, null->days,
				    threshold, null->quiet);
	return (double)n;
}

/*
 * The highest threshold with at least that many openings; NaN if none.  Very
 * low thresholds merge all days into one episode, so that the count rises and
 * falls again: the search comes from above.
 */
static double
threshold(const struct null *null, double want, double top)
{
	double hi = top + STEP, lo = top;

	while (lo > 0 && openings(null, lo) < want) {
		hi = lo;
		lo -= STEP;
	}
	if (lo <= 0)
		return NAN;
	for (int k = 0; k < BISECTIONS; k++) {
		double mid = (lo + hi) / 2;

		if (openings(null, mid) >= want)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The slope of the last points, which stands for what is rarer. */
static double
tail_of(const struct calib *c)
{
	size_t to = c->n - 1, from = to > 3 ? to - 3 : 0;

	if (to == from)
		return 1;
	return log10(c->at[from].rate / c->at[to].rate) /
	       (c->at[to].score - c->at[from].score);
}

int
calib_fit(struct calib *out, const double *scores, size_t areas, size_t days,
	  size_t quiet, const double *rates, size_t n)
{
	const struct null null = { scores, areas, days, quiet };
	double years = (double)areas * (double)days / DAYS_A_YEAR;
	double top = highest(scores, areas * days);

	*out = (struct calib){ .tail = 1 };
	for (size_t i = 0; i < n && out->n < CALIB_MAX_POINTS; i++) {
		double at, want = rates[i] * years;

		if (want < LEAST_OPENINGS)
			break;
		at = threshold(&null, want, top);
		if (isnan(at) || (out->n > 0 && at <= out->at[out->n - 1].score))
			continue;
		out->at[out->n++] =
			(struct calib_point){ .score = at, .rate = rates[i] };
	}
	if (out->n == 0)
		return -1;
	out->tail = tail_of(out);
	return calib_check(out) ? 0 : -1;
}
