/*
 * bench-tocsin-null: prints the table of detectors/tocsin_filter.c, the log
 * odds that are reached with given probabilities where every score is
 * standard normal.  Periods with a score of 0 or less count as the median at
 * most, as the method counts them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "detectors/tocsin_filter.h"
#include "tests/bench/rng.h"

#define BINS 60000
#define LOW -20.0
#define WIDTH 0.001

static const double level[] = { 0.999, 0.99, 0.95, 0.9,	 0.8,  0.7,  0.6,
				0.5,   0.4,  0.3,  0.2,	 0.1,  0.05, 0.03,
				0.02,  0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4,
				1e-4,  3e-5, 1e-5, 3e-6, 1e-6 };

static size_t
bin_of(double odds)
{
	double b = (odds - LOW) / WIDTH;

	return b < 0.0 ? 0 : b >= BINS ? BINS - 1 : (size_t)b;
}

/* Counts odds by bin; those of scores <= 0 at half, once it is known. */
static void
simulate(enum det_period period, size_t steps, double half, uint64_t *count)
{
	struct filter f = filter_start(period);
	struct rng r;

	rng_seed(&r, (uint64_t)period);
	for (size_t i = 0; i < steps; i++) {
		double z = rng_normal(&r), odds;

		filter_advance(&f, period);
		filter_see(&f, z);
		odds = filter_odds(&f);
		count[bin_of(z > 0.0 ? odds : fmin(odds, half))]++;
	}
}

static double
quantile(const uint64_t *count, size_t steps, double p)
{
	double above = 0.0;

	for (size_t b = BINS; b-- > 0;) {
		above += (double)count[b];
		if (above >= p * (double)steps)
			return LOW + WIDTH * (double)b;
	}
	return LOW;
}

int
main(int argc, char **argv)
{
	const enum det_period period[2] = { DET_DAY, DET_WEEK };
	size_t steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000000;
	uint64_t *count = calloc(BINS, sizeof(*count));

	for (int k = 0; k < 2 && count != NULL; k++) {
		double half;

		for (size_t b = 0; b < BINS; b++)
			count[b] = 0;
		simulate(period[k], steps / 10, INFINITY, count);
		half = quantile(count, steps / 10, 0.5);
		for (size_t b = 0; b < BINS; b++)
			count[b] = 0;
		simulate(period[k], steps, half, count);
		for (size_t i = 0; i < sizeof(level) / sizeof(level[0]); i++)
			printf("%d %g %.3f\n", (int)period[k], level[i],
			       quantile(count, steps, level[i]));
	}
	free(count);
	return 0;
}
