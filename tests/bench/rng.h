#ifndef TOCSIN_RNG_H
#define TOCSIN_RNG_H

/*
 * Seeded random numbers for generated series: the same seed gives the same
 * series on every machine with IEEE doubles.
 */

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Any seed will do; different seeds give unrelated streams. */
void rng_seed(struct rng *r, uint64_t seed);

uint64_t rng_next(struct rng *r);
double rng_uniform(struct rng *r); /* in (0, 1) */
double rng_normal(struct rng *r);
double rng_gamma(struct rng *r, double shape);	/* scale 1, shape > 0 */
double rng_poisson(struct rng *r, double mean); /* mean >= 0 */

/* Integer in 0..n-1, n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* Negative binomial with variance phi * mean; Poisson where phi <= 1. */
double rng_negbin(struct rng *r, double mean, double phi);

#endif
