/*
 * See chain.h.  State i stands for a sum of i units.  But for state 0 the
 * matrix is constant along its diagonals, and that of a lower limit is the
 * leading part of that of a higher one: Levinson's recursion solves it for all
 * limits.  All its terms have one sign, so that nothing cancels.
 */
#include "detectors/chain.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#define TRIES 12
#define LEAST_LEAVE 1e-16	    /* what a double can tell from 0 beside 1 */
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

/*
 * step[j] = P(a count moves the sum by j - CHAIN_STATES units), below[i] =
 * P(it takes a sum of i units to 0).
 */
static void
set_steps(const struct chain *c, struct chain_work *w)
{
	double below = cdf(c, c->k - (CHAIN_STATES + 0.5) * c->unit);

	for (int j = 0; j <= 2 * CHAIN_STATES; j++) {
		double at = c->k + (j - CHAIN_STATES + 0.5) * c->unit;
		double here = cdf(c, at);

		w->step[j] = here - below;
		below = here;
		if (j > 0 && j <= CHAIN_STATES)
			w->below[CHAIN_STATES - j] = here;
	}
}

/* a[row][column] of I - Q without state 0. */
static double
entry(const struct chain_work *w, int row, int column)
{
	return (row == column) - w->step[column - row + CHAIN_STATES];
}

/*
 * From the solutions for n states beside state 0 to those for n + 1: of
 * A first = (1, 0 ..), A last = (.. 0, 1), A up = 1 and A down = below.
 */
static void
grow(struct chain_work *w, int n)
{
	double first[CHAIN_STATES], last[CHAIN_STATES];
	double ahead = 0.0, behind = 0.0, scale;
	double up = 1.0, down = w->below[n + 1];

	for (int i = 0; i < n; i++) {
		ahead += entry(w, n, i) * w->first[i];
		behind += entry(w, 0, i + 1) * w->last[i];
		up -= entry(w, n, i) * w->up[i];
		down -= entry(w, n, i) * w->down[i];
	}
	scale = n > 0 ? 1.0 - ahead * behind : entry(w, 0, 0);
	for (int i = 0; i <= n; i++) {
		double f = i < n ? w->first[i] : 0.0;
		double l = i > 0 ? w->last[i - 1] : 0.0;

		first[i] = n > 0 ? (f - ahead * l) / scale : 1.0 / scale;
		last[i] = n > 0 ? (l - behind * f) / scale : 1.0 / scale;
	}
	w->up[n] = w->down[n] = 0.0;
	for (int i = 0; i <= n; i++) {
		w->first[i] = first[i];
		w->last[i] = last[i];
		w->up[i] += up * last[i];
		w->down[i] += down * last[i];
	}
}

/* Run lengths from state 0 for 1..CHAIN_STATES states below the limit. */
static void
run_lengths(struct chain *c, struct chain_work *w)
{
	double longest = 1.0;

	for (int m = 1; m <= CHAIN_STATES; m++) {
		double steps = 1.0, leave = 1.0 - w->below[0];

		for (int j = 0; j < m - 1; j++) {
			steps += w->step[j + 1 + CHAIN_STATES] * w->up[j];
			leave -= w->step[j + 1 + CHAIN_STATES] * w->down[j];
		}
		longest = fmax(longest, steps / fmax(leave, LEAST_LEAVE));
		c->log_arl[m - 1] = log(longest);
		if (m < CHAIN_STATES)
			grow(w, m - 1);
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
