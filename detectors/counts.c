/*
 * Mid-p of Poisson and negative binomial counts.
 */
#include "detectors/counts.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* A variance this little above the mean is Poisson. */
#define POISSON_LIKE 1e-9

static double
mass(double x, double mean, double variance)
{
	double excess = variance - mean;

	if (!(excess > mean * POISSON_LIKE))
		return dpois(x, mean, 0);
	return dnbinom(x, mean * mean / excess, mean / variance, 0);
}

static double
tail(double x, double mean, double variance, int lower)
{
	double excess = variance - mean;

	if (!(excess > mean * POISSON_LIKE))
		return ppois(x, mean, lower, 0);
	return pnbinom(x, mean * mean / excess, mean / variance, lower, 0);
}

double
counts_upper(double x, double mean, double variance)
{
	double count = floor(x);

	return tail(count, mean, variance, 0) + mass(count, mean, variance) / 2;
}

double
counts_lower(double x, double mean, double variance)
{
	double count = floor(x);
	double below = count > 0 ? tail(count - 1, mean, variance, 1) : 0;

	return below + mass(count, mean, variance) / 2;
}
