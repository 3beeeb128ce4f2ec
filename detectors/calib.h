#ifndef TOCSIN_CALIB_H
#define TOCSIN_CALIB_H

/*
 * From a fused p-value to a recurrence interval: how many area-years pass, by
 * chance alone, between openings of an episode at least this extreme.  The
 * table behind it comes from simulation or quiet history: openings per
 * area-year at several scores, the score being -log10 p.  Between its points
 * the logarithm of the rate is linear in the score (an exponential tail);
 * beyond its ends the fitted tail goes on.  Pure; nothing allocates.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALIB_MAX_POINTS 16

struct calib_point {
	double score; /* -log10 p */
	double rate;  /* openings per area-year at or above it, > 0 */
};

struct calib {
	struct calib_point at[CALIB_MAX_POINTS]; /* rising score, falling rate */
	size_t n;
	double tail; /* decades of rate per unit of score beyond the last */
};

/*
 * What holds where nothing was calibrated: p-values are uniform and every
 * day below p opens an episode of its own, so that rate = 365 p per year.
 * This is never too few openings where the p-values are honest.
 */
extern const struct calib calib_uniform;

/* Scores rise, rates fall and are > 0, tail > 0, n >= 1? */
bool calib_check(const struct calib *c);

/* Openings per area-year at least as extreme as p; NaN of NaN. */
double calib_rate(const struct calib *c, double p);

/* Recurrence interval in area-years, 1 / calib_rate(). */
double calib_interval(const struct calib *c, double p);

/* The p at which the rate is as given; the inverse of calib_rate(). */
double calib_p(const struct calib *c, double rate);

/*
 * How far p-values of one source go astray under the null: the scores that
 * they reach by chance on one day in 10, in 100 and in 1000.  All 0: not
 * known.
 */
#define CALIB_TAIL_POINTS 3
struct calib_tail {
	double score[CALIB_TAIL_POINTS];
};

/* Scores are above 0 and rise? */
bool calib_tail_check(const struct calib_tail *t);

/*
 * p with that taken out: the share of days on which it is as small by chance.
 * Its logarithm is linear between the points and goes on beyond the last.
 * Without a known tail p stays what it is; NaN of NaN.
 */
double calib_tail_p(const struct calib_tail *t, double p);

/* Scores by how often they were seen; the last holds all above it. */
#define CALIB_BINS 1500
#define CALIB_BIN_WIDTH 0.01
struct calib_counts {
	uint32_t n[CALIB_BINS];
};
void calib_count(struct calib_counts *c, double p); /* NaN: not counted */

/* Fits the tail; -1 where there are too few days, or hardly any score. */
int calib_fit_tail(struct calib_tail *out, const struct calib_counts *c)
	__attribute__((warn_unused_result));

/* The score of p, held above FUSE_P_MIN. */
double calib_score(double p);

/*
 * Openings in a series of daily scores (NaN = not weighed) of one area: an
 * episode opens on a day at or above the threshold and has ended when `quiet`
 * days in a row lie below it, as on the desk.
 */
size_t calib_openings(const double *score, size_t n, double threshold,
		      size_t quiet);

/*
 * Fits a table: rates[0..n-1] are wanted openings per area-year, falling.
 * scores holds areas x days daily scores, area by area.  The threshold of a
 * rate is found by bisection on the openings counted, as far as 40 openings
 * stand behind it; rarer ones follow from the exponential tail fitted to the
 * last points.  Returns 0, or -1 where the data hold too few openings.
 */
int calib_fit(struct calib *out, const double *scores, size_t areas,
	      size_t days, size_t quiet, const double *rates, size_t n)
	__attribute__((warn_unused_result));

#endif
