#ifndef TOCSIN_FUSE_H
#define TOCSIN_FUSE_H

/*
 * Fusion of evidence: one p-value from many.  All p-values are one-sided,
 * small = worrying.  Unknown ones (NaN) take no part: they neither add nor
 * take away.  A function that finds no known p returns NaN.  Nothing here
 * allocates.
 *
 * Which one: streams of surveillance share weekdays, holidays and seasons and
 * so are correlated.  Cauchy and Simes keep their level then; Fisher's method
 * does not (at correlation .3 it is eight times too often below .01) and is
 * not offered.  Stouffer sees many small shifts that the two do not; it
 * keeps its level only with the correlation taken out.
 */

#include <stddef.h>

/* p is held within these, so that one count of 0 cannot outvote the rest. */
#define FUSE_P_MIN 1e-15
#define FUSE_P_MAX 0.99

/* Most kinds that fuse_stouffer() takes. */
#define FUSE_MAX_KINDS 32

/*
 * Simes (1986): the smallest of n p_(i) / i over the sorted p.  Valid under
 * independence and under positive dependence.  Sorts p.
 */
double fuse_simes(double *p, size_t n);

/*
 * Cauchy combination (Liu and Xie 2020, doi 10.1080/01621459.2018.1554485):
 * T = sum w tan((1/2 - p) pi) / sum w, P = 1/2 - atan(T) / pi, almost
 * independent of the correlation in the far tail.  w: NULL = all alike; a
 * weight of 0 leaves its p out.
 */
double fuse_cauchy(const double *p, const double *w, size_t n);

/*
 * At least k of n: Rueger's bound min(1, n / k * p_(k)), valid under any
 * dependence.  Sorts p.  NaN where fewer than k are known.
 */
double fuse_k_of_n(double *p, size_t n, size_t k);

/*
 * The same with weights > 0: the p at which those at or below it weigh `need`
 * or more, times sum w / need (Markov's inequality, so valid under any
 * dependence too).  *level gets that p.  NaN where the known ones weigh less.
 */
double fuse_votes(const double *p, const double *w, size_t n, double need,
		  double *level);

/*
 * Stouffer with the correlation taken out: the generalised least squares mean
 * of the normal scores, Z = 1'R^-1 z / sqrt(1'R^-1 1), with negative weights
 * set to 0.  r is the n x n correlation of the scores (row by row, unit
 * diagonal); n <= FUSE_MAX_KINDS.  NaN where R is no correlation matrix.
 */
double fuse_stouffer(const double *p, const double *r, size_t n);

/*
 * Correlation of n scores from m days of them (z[day * n + i], NaN unknown),
 * shrunk towards the constant `common` as if that had been seen on `worth`
 * days.  Writes n x n to r.
 */
void fuse_correlation(const double *z, size_t n, size_t m, double common,
		      double worth, double *r);

/* The normal score of p, held within FUSE_P_MIN..FUSE_P_MAX; NaN of NaN. */
double fuse_score(double p);
/* P(Z > z). */
double fuse_upper(double z);

/*
 * Mid-p of a count of x, given a total of sum over n earlier periods and
 * nothing else: Poisson with a Jeffreys prior on its mean, so that the next
 * count is negative binomial of size sum + 1/2 and probability n / (n + 1).
 * Few events in a short past cannot make a p of 1e-13, whatever a normal
 * model of them says.  NaN without a past.
 */
double fuse_count_p(double x, double sum, double n);

/*
 * Expectation-based Poisson scan (Neill 2009): log likelihood ratio of a
 * raised rate where observed exceeds expected, else 0.  expected > 0.
 */
double fuse_ebp(double observed, double expected);

/*
 * The best subset of n places by fuse_ebp(): linear-time subset scan, exact
 * over all 2^n subsets because only prefixes in the order of observed /
 * expected can be best.  order (n places) gets that order; *best_n the length
 * of the best prefix.  Returns its score.  Places without expectation
 * (NaN or <= 0) are left out.
 */
double fuse_scan(const double *observed, const double *expected, size_t n,
		 size_t *order, size_t *best_n);

/*
 * p of the score of a best subset of n places, divided by the dispersion: no
 * subset's score exceeds the sum of its places' own, which by chance is
 * chi-bar-square, half of the places being above expectation.  A bound, close
 * for few places and prudent for many.
 */
double fuse_scan_p(double score, size_t n);

#endif
