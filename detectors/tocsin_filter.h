#ifndef TOCSIN_FILTER_H
#define TOCSIN_FILTER_H

/*
 * A hidden Markov filter over normal scores: how likely is it that an
 * outbreak is on, after Le Strat and Carrat 1999 (Statistics in Medicine
 * 18:3463) and its successors, with fixed parameters so that it is a pure
 * function of the last few weeks.  Inside the library only.
 */

#include "detectors/detect.h"

#define FILTER_SIZES 5 /* outbreaks of 1, 2, 4, 8 and 16 sd a period */

/* Probabilities: [0] no outbreak, [1..] one of each size. */
struct filter {
	double p[FILTER_SIZES + 1];
};

/* What is believed before anything was seen. */
struct filter filter_start(enum det_period period);

/* Moves one period on, before its count is seen. */
void filter_advance(struct filter *f, enum det_period period);

/* Bayes' rule with the normal score of a period's count. */
void filter_see(struct filter *f, double z);

/* Log odds of an outbreak, within +-690. */
double filter_odds(const struct filter *f);

/* The score that a period must have for these log odds after it. */
double filter_score_for(const struct filter *f, double odds);

/*
 * How often such log odds, or larger ones, are seen where there is no
 * outbreak, if those after a score of 0 or less are held at the median: in
 * (0, 1), falling.  And the inverse, for p in (0, 1).
 */
double filter_p(enum det_period period, double odds);
double filter_odds_at(enum det_period period, double p);

#endif
