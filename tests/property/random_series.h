#ifndef TOCSIN_RANDOM_SERIES_H
#define TOCSIN_RANDOM_SERIES_H

/* Random series and parameters for the property tests of the detectors. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

#define COUNT_MAX 2147483647.0

struct rng {
	uint64_t s;
};

/* A stream of its own for each seed, name and round. */
struct rng rng_of(uint64_t seed, const char *name, uint64_t round);
uint64_t draw(struct rng *r);
size_t below(struct rng *r, size_t n); /* 0..n-1 */
double unit(struct rng *r);	       /* in [0, 1) */

/* A window that owns its cells, each array exactly as long as it must be. */
struct series {
	struct det_window w;
	double *count;
	double *denom;
	uint8_t *mark;
};

/* Room for n of that size, never NULL. */
void *array(size_t n, size_t size);

enum { PLAIN, SPARSE, HUGE_COUNTS, FLAT, ZERO, KINDS };

double random_count(struct rng *r, int kind, size_t i);

/* n cells of a random kind, that share of them missing. */
struct series random_series(struct rng *r, size_t n, double holes);
void drop_series(struct series *s);

/* Defaults, or for some parameters an end of the range or what lies near. */
void random_params(struct rng *r, const struct det_method *m, double *p);

#endif
