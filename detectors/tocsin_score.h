#ifndef TOCSIN_SCORE_H
#define TOCSIN_SCORE_H

/*
 * How surprising one count is: its mid-p under a negative binomial (Poisson
 * where the variance is no larger than the mean), as a normal score.  Inside
 * the library only.
 */

#define SCORE_MAX 30.0

/*
 * Normal score of count x >= 0, given its mean > 0, variance > 0 and the
 * degrees of freedom behind the variance; within +-SCORE_MAX and increasing
 * in x.  Means below 8 by summing the distribution, others by Paulson's
 * approximation of the F distribution (1942); the few degrees of freedom by
 * Wallace's of Student's t (1959).
 */
double score_of(double x, double mean, double variance, double df);

/*
 * The largest whole count whose score is at most z: -1 if that of 0 is not,
 * 2^53 at most.
 */
double score_count(double z, double mean, double variance, double df);

#endif
