#ifndef TOCSIN_REXACT_H
#define TOCSIN_REXACT_H

/*
 * What the methods that follow R's surveillance package share: how long a
 * year is, which cell is the first to judge.  Inside the library only.
 */

#include "detectors/cells.h"

/* The help of `start` in a parameter table. */
#define REXACT_START_HELP                                                      \
	"first period judged, 1-based; 0: as soon as the method can"

/* Periods a year: R's freq. */
static inline size_t
rexact_year(const struct det_window *w)
{
	return w->period == DET_WEEK ? 52 : 365;
}

/*
 * Index of the first cell to judge: that of period `start`, or the cell
 * `soonest` where start is 0.  At most w->n.
 */
size_t rexact_first(const struct det_window *w, double start, size_t soonest);

/* Reference periods where `start` is left open. */
#define REXACT_REFERENCE 14

/*
 * The frozen reference of a chart: the reports before the first cell judged,
 * or that cell itself where it is the series' first.
 */
struct rexact_reference {
	double sum;
	double reports;
};

/*
 * What a walk does before the first cell it judges: adds the reports there to
 * the reference, begun anew at cell 0, and says learning.  Returns the first
 * cell to judge, k->end where there is none.
 */
size_t rexact_learn(struct rexact_reference *r, const struct det_window *w,
		    double start, const struct det_walk *k);

/* Its mean; NaN where there is none, or where it is older than the window. */
double rexact_mean(const struct rexact_reference *r, const struct det_window *w,
		   double start);

/* Of a chart whose state holds all it knows of the past: 0. */
size_t rexact_behind(const double *p, const void *state, size_t i);

/*
 * Baseline of bayes and rki: `near` cells before the judged one, and around
 * the same period of each of `years` past years the `wide` cells on either
 * side and the one between.
 */
struct rexact_past {
	size_t near;
	size_t years;
	size_t wide;
};

/* The systems 1, 2 and 3, and what they read; the longer of the two years,
   since a method is not told its period there. */
extern const struct rexact_past rexact_past[3];
size_t rexact_reach1(const double *p);
size_t rexact_reach2(const double *p);
size_t rexact_reach3(const double *p);

/* Cells back from the judged one that R asks for, and so do we. */
size_t rexact_past_reach(const struct rexact_past *past, size_t year);

struct rexact_sums {
	double n; /* reports */
	double sum;
	double mean;
	double sd; /* n - 1; NaN with fewer than two */
};

/* Their reports; i >= rexact_past_reach(). */
struct rexact_sums rexact_past_sums(const struct rexact_past *past,
				    const struct det_window *w, size_t i);

/* A method on such a baseline; x is NaN where the report is missing. */
struct rexact_chart {
	const struct rexact_past *past;
	size_t start; /* its row of the parameters */
	struct det_verdict (*verdict)(const double *p,
				      const struct rexact_sums *s, double x);
};

/* Its judge(). */
int rexact_judge(const struct rexact_chart *c, const double *p,
		 const struct det_window *w, size_t from,
		 struct det_verdict *out);

/*
 * Mid-p of x or more cases where sum cases were seen in n periods, n > 0: the
 * negative binomial that Jeffreys' prior predicts.  x may be fractional.
 */
double rexact_predictive_p(double x, double sum, double n);

/* Number of reports, and their sum, in the cells lo..hi. */
size_t rexact_sum(const struct det_window *w, size_t lo, size_t hi, double *sum);

#endif
