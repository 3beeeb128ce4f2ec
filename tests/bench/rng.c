/*
 * xoshiro256++ (Blackman and Vigna) behind the distributions the published
 * simulation designs need.
 */
#include "tests/bench/rng.h"

#include <math.h>

static uint64_t
rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void
rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15u;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		r->s[i] = z ^ (z >> 31);
	}
}

uint64_t
rng_next(struct rng *r)
{
	uint64_t *s = r->s, out = rotate(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return out;
}

double
rng_uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 12) + 0.5) * 0x1p-52;
}

uint64_t
rng_below(struct rng *r, uint64_t n)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;

	do
		x = rng_next(r);
	while (x >= limit);
	return x % n;
}

double
rng_normal(struct rng *r)
{
	double radius = sqrt(-2.0 * log(rng_uniform(r)));

	return radius * cos(2.0 * M_PI * rng_uniform(r));
}

/* Marsaglia and Tsang 2000; a shape below 1 is raised and powered back. */
double
rng_gamma(struct rng *r, double shape)
{
	double raised = shape < 1.0 ? shape + 1.0 : shape;
	double d = raised - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d), v, x;
	double power = 1.0;

	if (shape < 1.0)
		power = pow(rng_uniform(r), 1.0 / shape);
	for (;;) {
		x = rng_normal(r);
		v = 1.0 + c * x;
		v = v * v * v;
		if (v > 0.0 &&
		    log(rng_uniform(r)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v * power;
	}
}

/* Hormann 1993, algorithm PTRS, for means of 10 and more. */
static double
poisson_large(struct rng *r, double mean)
{
	double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
	double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
	double vr = 0.9277 - 3.6224 / (b - 2.0);

	for (;;) {
		double u = rng_uniform(r) - 0.5, v = rng_uniform(r);
		double us = 0.5 - fabs(u);
		double k = floor((2.0 * a / us + b) * u + mean + 0.43);

		if (us >= 0.07 && v <= vr)
			return k;
		if (k < 0.0 || (us < 0.013 && v > us))
			continue;
		if (log(v * inverse_alpha / (a / (us * us) + b)) <=
		    k * log(mean) - mean - lgamma(k + 1.0))
			return k;
	}
}

double
rng_poisson(struct rng *r, double mean)
{
	double limit = exp(-mean), product = 1.0, k = -1.0;

	if (mean >= 10.0)
		return poisson_large(r, mean);
	do {
		product *= rng_uniform(r);
		k += 1.0;
	} while (product > limit);
	return k;
}

double
rng_negbin(struct rng *r, double mean, double phi)
{
	if (phi <= 1.0 || mean <= 0.0)
		return rng_poisson(r, mean);
	return rng_poisson(r, rng_gamma(r, mean / (phi - 1.0)) * (phi - 1.0));
}
