/*
 * See chain.h.  State i stands for a sum of i units.  The matrix of a lower
 * limit is the leading part of that of a higher one, so one factorisation
 * without pivoting (the matrix is diagonally dominant) serves all limits.
 */
#include "detectors/chain.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#define TRIES 12
#define ROOM (CHAIN_STATES * 3 / 4) /* for sums beyond the limit */

static double
cdf(const struct chain *c, double x)
{
	double excess = c->variance - c->mean;

	x = floor(x + 1e-7);
	if (x < 0.0)
		return 0.0;
	if (excess <= 1e-9 * c->mean)
		return ppois(x, c->mean, 1, 0);
	return pnbinom(x, c->mean * c->mean / excess, c->mean / c->variance, 1,
		       0);
}

/* step[j] = P(a count moves the sum by j - CHAIN_STATES units). */
static void
set_steps(const struct chain *c, struct chain_work *w)
{
	double below = cdf(c, c->k - (CHAIN_STATES + 0.5) * c->unit);

	for (int j = 0; j <= 2 * CHAIN_STATES; j++) {
		double at = c->k + (j - CHAIN_STATES + 0.5) * c->unit;
		double here = cdf(c, at);

		w->step[j] = here - below;
		below = here;
	}
	for (int i = 0; i < CHAIN_STATES; i++)
		w->below[i] = cdf(c, c->k + (0.5 - i) * c->unit);
}

/* a = I - Q in its factors: unit lower triangle and upper triangle. */
static void
factor(struct chain_work *w)
{
	for (int i = 0; i < CHAIN_STATES; i++) {
		w->a[i][0] = (i == 0) - w->below[i];
		for (int j = 1; j < CHAIN_STATES; j++)
			w->a[i][j] = (i == j) - w->step[j - i + CHAIN_STATES];
	}
	for (int k = 0; k < CHAIN_STATES; k++) {
		for (int i = k + 1; i < CHAIN_STATES; i++) {
			double m = w->a[i][k] /= w->a[k][k];

			for (int j = k + 1; j < CHAIN_STATES && m != 0.0; j++)
				w->a[i][j] -= m * w->a[k][j];
		}
	}
}

/* Run lengths from state 0 for 1..CHAIN_STATES states below the limit. */
static void
run_lengths(struct chain *c, const struct chain_work *w)
{
	double y[CHAIN_STATES], x[CHAIN_STATES];

	for (int i = 0; i < CHAIN_STATES; i++) {
		y[i] = 1.0;
		for (int j = 0; j < i; j++)
			y[i] -= w->a[i][j] * y[j];
	}
	for (int m = 1; m <= CHAIN_STATES; m++) {
		for (int i = m - 1; i >= 0; i--) {
			x[i] = y[i];
			for (int j = i + 1; j < m; j++)
				x[i] -= w->a[i][j] * x[j];
			x[i] /= w->a[i][i];
		}
		c->log_arl[m - 1] = log(fmax(x[0], 1.0));
	}
}

/* A lattice of 1, 2 or 5 times a power of ten, no finer than 1/20. */
static double
nice_unit(int try)
{
	static const double mantissa[3] = { 0.05, 0.1, 0.2 };
	double unit = mantissa[try % 3];

	for (int i = 0; i < try / 3; i++)
		unit *= 10.0;
	return unit;
}

/* The first lattice that a limit of some four standard deviations fits. */
static int
first_try(double variance)
{
	int try = 0;

	while (try < 60 && nice_unit(try) * CHAIN_STATES < 3.0 * sqrt(variance))
		try++;
	return try;
}

int
chain_init(struct chain *c, double mean, double variance, double k0,
	   double arl0, struct chain_work *work)
{
	int first = first_try(fmax(variance, mean));

	if (!isfinite(k0) || !isfinite(variance))
		return -1;
	c->mean = mean;
	c->variance = variance;
	for (int try = first; try < first + TRIES; try++) {
		int m = 0;

		c->unit = nice_unit(try);
		c->k = fmax(rint(k0 / c->unit), 1.0) * c->unit;
		set_steps(c, work);
		factor(work);
		run_lengths(c, work);
		while (m < CHAIN_STATES && c->log_arl[m] < log(arl0))
			m++;
		if (m >= ROOM)
			continue;
		c->h = (m + 1) * c->unit;
		return 0;
	}
	return -1;
}

double
chain_p(const struct chain *c, double s)
{
	double at = s / c->unit - 1.0, last = c->log_arl[CHAIN_STATES - 1];
	int count = (int)fmax(1.0, fmin(rint(2.0 / c->unit), 40.0)), i;

	if (s <= 0.0)
		return 1.0;
	if (at < 0.0)
		return exp(-c->log_arl[0] * (at + 1.0));
	if (at >= CHAIN_STATES - 1) {
		double before = c->log_arl[CHAIN_STATES - 1 - count];

		last += (at - CHAIN_STATES + 1.0) * fmax(last - before, 1e-9) /
			count;
		return exp(-fmin(last, 690.0));
	}
	i = (int)at;
	return exp(-fmin(c->log_arl[i] +
				 (at - i) * (c->log_arl[i + 1] - c->log_arl[i]),
			 690.0));
}
