#ifndef TOCSIN_COUNTS_H
#define TOCSIN_COUNTS_H

/*
 * Mid-p of counts: half the probability of what was seen is taken to belong
 * to the tail, so that a p of counts is .5 on average.  Inside the library
 * only.
 */

/*
 * Upper mid-p P(X > x) + P(X = x) / 2 of a count with that mean and variance:
 * negative binomial, Poisson where the variance is not above the mean.  x is
 * rounded down; mean 0 gives .5 at 0 and 0 above.
 */
double counts_upper(double x, double mean, double variance);

/* Lower mid-p P(X < x) + P(X = x) / 2, likewise. */
double counts_lower(double x, double mean, double variance);

#endif
