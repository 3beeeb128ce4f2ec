/*
 * See tocsin_score.h.
 */
#include "detectors/tocsin_score.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#define EXACT_MEAN 8.0
#define EXACT_COUNT 400.0
#define NO_LIMIT 9007199254740992.0 /* 2^53 */

/*
 * Mid-p by summing from 0: P(X > x) + P(X = x) / 2.  A size of 0 stands for
 * the Poisson distribution.
 */
static double
mid_p(double x, double mean, double size)
{
	double q = size > 0.0 ? mean / (size + mean) : mean;
	double term = size > 0.0 ? pow(size / (size + mean), size) : exp(-mean);
	double sum = 0.0, tail = 0.0, k = 0.0;

	for (; k < x; k += 1.0) {
		sum += term;
		term *= size > 0.0 ? q * (k + size) / (k + 1.0) : q / (k + 1.0);
	}
	if (sum < 0.9)
		return 1.0 - sum - 0.5 * term;
	tail = 0.5 * term;
	for (double end = k + 2000.0; k < end && term > 1e-18 * tail; k += 1.0) {
		term *= size > 0.0 ? q * (k + size) / (k + 1.0) : q / (k + 1.0);
		tail += term;
	}
	return tail;
}

/*
 * The same by the cube root of F: a negative binomial's upper tail is an
 * incomplete beta function, so an F distribution's lower one.
 */
static double
paulson(double x, double mean, double size)
{
	double k = x + 0.5, r = cbrt(mean / k);
	double a = 1.0 - 1.0 / (9.0 * k);
	double b = size > 0.0 ? 1.0 / (9.0 * size) : 0.0;

	return (a - (1.0 - b) * r) / sqrt(b * r * r + 1.0 / (9.0 * k));
}

double
score_of(double x, double mean, double variance, double df)
{
	double size = 0.0, z, p;

	if (variance < mean) {
		x *= mean / variance;
		mean *= mean / variance;
	} else if (variance > mean * (1.0 + 1e-9)) {
		size = mean * mean / (variance - mean);
	}
	if (mean < EXACT_MEAN && x < EXACT_COUNT) {
		p = mid_p(x, mean, size);
		z = p > 1e-300 ? qnorm(p, 0.0, 1.0, 0, 0) : SCORE_MAX;
	} else {
		z = paulson(x, mean, size);
	}
	z = copysign((8.0 * df + 1.0) / (8.0 * df + 3.0) *
			     sqrt(df * log1p(z * z / df)),
		     z);
	return fmin(fmax(z, -SCORE_MAX), SCORE_MAX);
}

double
score_count(double z, double mean, double variance, double df)
{
	double guess = floor(mean + fmax(z, -1.0) * sqrt(variance));
	double low = fmin(fmax(guess, 0.0), NO_LIMIT), step = 1.0, high;

	while (low >= 0.0 && score_of(low, mean, variance, df) > z) {
		low -= step;
		step *= 2.0;
	}
	low = fmax(low, -1.0);
	high = fmin(low + step, NO_LIMIT);
	while (score_of(high, mean, variance, df) <= z) {
		if (high >= NO_LIMIT)
			return NO_LIMIT;
		low = high;
		high = fmin(high + step, NO_LIMIT);
		step *= 2.0;
	}
	while (high - low > 1.0) {
		double mid = floor(0.5 * (low + high));

		if (score_of(mid, mean, variance, df) <= z)
			low = mid;
		else
			high = mid;
	}
	return low;
}
