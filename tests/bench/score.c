/*
 * See score.h.  Rates are pooled: sums over all series, then divided.
 */
#include "tests/bench/score.h"

#include <stdlib.h>

#include "tests/bench/rng.h"

struct score_row
score_series(const uint8_t *flag, const uint8_t *sick, size_t n)
{
	struct score_row r = { .timeliness = 1.0 };
	size_t first = 0, last = 0, alarm = 0;

	for (size_t i = 0; i < n; i++) {
		if (sick[i] && r.sick++ == 0)
			first = i;
		if (sick[i])
			last = i;
		if (sick[i] && flag[i] && r.hits++ == 0)
			alarm = i;
		r.well += !sick[i];
		r.false_on += !sick[i] && flag[i];
	}
	r.outbreak = r.sick > 0;
	r.found = r.hits > 0;
	if (r.found) {
		r.delay = (double)(alarm - first);
		r.timeliness = r.delay / (double)(last - first + 1);
	}
	return r;
}

static double
percent(double part, double whole)
{
	return whole > 0.0 ? 100.0 * part / whole : 0.0;
}

struct score
score_sum(const struct score_row *row, const uint32_t *pick, size_t n)
{
	double hits = 0, sick = 0, off = 0, well = 0, outbreaks = 0, found = 0;
	struct score s = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct score_row *r = &row[pick != NULL ? pick[i] : i];

		hits += r->hits;
		sick += r->sick;
		off += r->false_on;
		well += r->well;
		outbreaks += r->outbreak;
		found += r->found;
		s.delay += r->delay;
		s.timeliness += r->outbreak ? r->timeliness : 0.0;
	}
	s.fpr = percent(off, well);
	s.se = percent(hits, sick);
	s.pod = percent(found, outbreaks);
	s.ppv = percent(hits, hits + off);
	s.f1 = s.ppv + s.se > 0 ? 2 * s.ppv * s.se / (s.ppv + s.se) : 0;
	s.delay = found > 0 ? s.delay / found : 0;
	s.timeliness = outbreaks > 0 ? s.timeliness / outbreaks : 0;
	return s;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
score_threshold(double *p, size_t n, double fpr)
{
	size_t allowed = (size_t)(fpr * (double)n);

	qsort(p, n, sizeof(*p), by_value);
	while (allowed > 0 && allowed < n && p[allowed] == p[allowed - 1])
		allowed--;
	return allowed > 0 ? p[allowed - 1] : -1.0;
}

static struct score_interval
interval(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), by_value);
	return (struct score_interval){ x[(size_t)(0.025 * (double)(n - 1))],
					x[(size_t)(0.975 * (double)(n - 1))] };
}

struct score_gain
score_compare(const struct score_row *ours, const struct score_row *theirs,
	      size_t n, size_t draws)
{
	double *gain = calloc(3 * draws, sizeof(*gain));
	uint32_t *pick = calloc(n, sizeof(*pick));
	struct score_gain g = { 0 };
	struct rng r;

	if (gain == NULL || pick == NULL)
		abort();
	rng_seed(&r, 7);
	for (size_t d = 0; d < draws; d++) {
		struct score a, b;

		for (size_t i = 0; i < n; i++)
			pick[i] = (uint32_t)rng_below(&r, n);
		a = score_sum(ours, pick, n);
		b = score_sum(theirs, pick, n);
		gain[d] = a.pod - b.pod;
		gain[draws + d] = a.se - b.se;
		gain[2 * draws + d] = a.f1 - b.f1;
	}
	g.pod = interval(gain, draws);
	g.se = interval(gain + draws, draws);
	g.f1 = interval(gain + 2 * draws, draws);
	free(gain);
	free(pick);
	return g;
}
