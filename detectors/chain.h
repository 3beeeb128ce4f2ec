#ifndef TOCSIN_CHAIN_H
#define TOCSIN_CHAIN_H

/*
 * Run lengths of an upper CUSUM of counts, exact on its lattice, by the Markov
 * chain of Brook and Evans (Biometrika 1972).  Inside the library only.
 */

#include <stddef.h>

#define CHAIN_STATES 96

/* A chart for counts with that mean; variance <= mean stands for Poisson. */
struct chain {
	double mean;
	double variance;
	double unit; /* the lattice's step, in counts */
	double k;    /* reference value, a multiple of unit */
	double h;    /* decision limit, a multiple of unit; ties alarm */
	/* log of the in-control run length with limit (i + 1) * unit */
	double log_arl[CHAIN_STATES];
};

/* Work space of chain_init(). */
struct chain_work {
	double step[2 * CHAIN_STATES + 1];
	double below[CHAIN_STATES];
	double first[CHAIN_STATES];
	double last[CHAIN_STATES];
	double up[CHAIN_STATES];
	double down[CHAIN_STATES];
};

/*
 * Designs the chart whose in-control average run length, from a start at 0,
 * is at least arl0 > 1 and with a limit one unit lower would not be.  k0 is
 * rounded to the lattice.  Returns 0, or -1 where no limit was found.
 */
int chain_init(struct chain *c, double mean, double variance, double k0,
	       double arl0, struct chain_work *work);

/*
 * One over the average run length of a chart with limit s: the p of a sum s.
 * 1 at s <= 0; between lattice points and beyond them log-linear.
 */
double chain_p(const struct chain *c, double s);

#endif
