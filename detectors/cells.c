/*
 * What the methods with a sliding baseline share: reports found behind holes,
 * and their moments.
 */
#include "detectors/cells.h"

/* So that the day of every cell is an int32_t. */
#define MAX_CELLS 100000000
#define MAX_DAY 1000000000

/* Reports a baseline is made of, and the cells between it and the judged. */
struct cells_baseline {
	size_t guard;
	size_t want;
};

int
cells_weekday(const struct det_window *w, size_t i)
{
	int64_t day = (int64_t)w->first_day + (int64_t)i + 3;

	return w->period == DET_DAY ? (int)((day % 7 + 7) % 7) : 0;
}

/* What `from` has at the last `want` reports before cell i, newest first. */
static size_t
before(const struct det_window *w, size_t i, const double *from,
       const struct cells_baseline *b, double *value)
{
	size_t n = 0;
	size_t age = CELLS_MAX_AGE * b->want;

	if (i <= b->guard)
		return 0;
	for (size_t j = i - b->guard; j > 0 && age > 0 && n < b->want;
	     j--, age--) {
		if (!isnan(cells_count(w, j - 1)) && !cells_special(w, j - 1))
			value[n++] = from[j - 1];
	}
	return n;
}

size_t
cells_before(const struct det_window *w, size_t i, size_t guard, size_t want,
	     double *value)
{
	return before(w, i, w->count, &(struct cells_baseline){ guard, want },
		      value);
}

size_t
cells_denoms_before(const struct det_window *w, size_t i, size_t guard,
		    size_t want, double *denom)
{
	return before(w, i, w->denom, &(struct cells_baseline){ guard, want },
		      denom);
}

enum det_reason
cells_why_short(const struct det_window *w, size_t i, size_t guard, size_t want)
{
	size_t cells = i > guard ? i - guard : 0;

	(void)w;
	return cells < want ? DET_LEARNING : DET_BASELINE_MISSING;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct cells_chain
cells_chain(const struct det_window *w, size_t i, size_t horizon)
{
	int64_t h = (int64_t)horizon;
	int64_t first = floor_div((int64_t)w->first_day + 3, (int)w->period);
	int64_t block = floor_div(first + (int64_t)i, h);
	int64_t start = (block - 1) * h - first;
	int64_t end = (block + 1) * h - first;
	struct cells_chain c;

	c.start = start > 0 ? (size_t)start : 0;
	c.end = end < (int64_t)w->n ? (size_t)end : w->n;
	return c;
}

struct cells_moments
cells_moments(const double *value, size_t n)
{
	struct cells_moments m;
	double sum = 0;
	double square = 0;

	for (size_t i = 0; i < n; i++)
		sum += value[i];
	m.mean = sum / (double)n;
	for (size_t i = 0; i < n; i++) {
		double d = value[i] - m.mean;

		square += d * d;
	}
	m.sd = sqrt(square / (double)(n - 1));
	return m;
}

int
cells_walk(const struct det_carry *carry, const double *p,
	   const struct det_window *w, size_t from, struct det_walk *k)
{
	struct det_walk before = *k;

	before.begin = 0;
	before.end = from;
	before.out = NULL;
	if (from > 0)
		carry->walk(p, w, &before);
	k->begin = from;
	k->end = w->n;
	carry->walk(p, w, k);
	return DET_OK;
}

size_t
cells_no_scratch(const double *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

bool
cells_ok(const struct det_window *w, size_t lo, size_t hi)
{
	if (w->n > MAX_CELLS || w->first_day > MAX_DAY || w->first_day < -MAX_DAY)
		return false;
	for (size_t i = lo; i < hi; i++) {
		if (w->count[i] < 0 || w->count[i] > DET_MAX_COUNT)
			return false;
		if (w->denom != NULL &&
		    (w->denom[i] <= 0 || w->denom[i] > DET_MAX_COUNT))
			return false;
	}
	return true;
}

struct det_verdict
cells_unknown(enum det_reason reason)
{
	return (struct det_verdict){
		.expected = NAN,
		.upper = NAN,
		.statistic = NAN,
		.p = NAN,
		.level = DET_UNKNOWN,
		.reason = reason,
	};
}

double
cells_normal_tail(double z)
{
	return 0.5 * erfc(z / 1.4142135623730951);
}
