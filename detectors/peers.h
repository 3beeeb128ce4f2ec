#ifndef TOCSIN_PEERS_H
#define TOCSIN_PEERS_H

/*
 * A new series judged against its peers: what others of its kind count says
 * where its level may lie, its own first reports say where it does lie, and
 * how the peers did on the very day says what weekday, weather and season do.
 *
 * Count y of series i in period d has the mean theta_i n_id f_d: level theta,
 * denominator n (1 where counts are judged), effect of the period f.  The
 * levels are Gamma(a, b); with Poisson counts own reports of sum y and
 * exposure e = sum n f make it Gamma(a + y, b + e), and the next count is
 * negative binomial: Gelman et al., Bayesian Data Analysis (3rd ed.), sections
 * 2.6 and 2.7.  a and b are those with the mean and the variance of the peers'
 * levels by the method of moments of Marshall (1991, Applied Statistics 40,
 * 283-294): what Poisson scatter explains is taken out of the variance.
 *
 * Deviations, all of them towards less evidence:
 * - Counts scatter more than Poisson.  The factor phi (Pearson's statistic
 *   over the peers, at least 1; or 1 + alpha mean, where that is more) takes
 *   as much weight from own reports, and stands before the mean in the
 *   variance of the next count.
 * - Few peers do not know the mean and variance of levels.  The variance is
 *   taken 1 + 1/m times, as for the next of m values, the mean's own scatter
 *   comes on top, and the normal score of the tail is read as Student's t
 *   with m - 1 degrees of freedom and one more for each own report.
 * - f of the judged period is an estimate: half a count at f = 1 is added to
 *   it, and its variance to that of the next count.  The negative binomial
 *   has the mean and variance that come of all this.
 * - Before its first own report a series cannot be told from a large one:
 *   p is then at least 1 / (m + 1), the chance of being the largest of all,
 *   and at most one less that.
 */

#include <stddef.h>

#include "detectors/detect.h"

#define PEERS_LEAST 5  /* fewer say nothing */
#define PEERS_CELLS 35 /* periods looked at, at most, the judged one last */
#define PEERS_OWN 3    /* own reports that need not keep the guard */
/* Of the past before the guard, what a peer must have reported. */
#define PEERS_SHARE 0.25

/* Rows of n cells each, one a series, NaN without a report; oldest first. */
struct peers_cells {
	const double *count;
	const double *denom; /* > 0 or NaN, where there is none: no report.
				NULL: counts are judged, not rates */
	size_t n;	     /* guard + 2 .. PEERS_CELLS */
	size_t guard; /* periods before the judged one that are no past */
};

/* What m peers say of the last of n periods. */
struct peers {
	size_t m; /* 0: fewer than PEERS_LEAST, and nothing else is set */
	size_t n, guard;
	double mean, variance; /* of a new series' level */
	double scatter, alpha; /* phi, and its growth with the mean */
	double doubt;	       /* squared relative error of the last effect */
	double effect[PEERS_CELLS];
};

/*
 * Learns from the rows that report the last period and enough of the past; m
 * of the result is their number.  work has room for 2 * rows numbers.
 */
void peers_learn(const struct peers_cells *of, size_t rows, double *work,
		 struct peers *out);

/*
 * Judges the last period of one row.  Own reports are those before the guard;
 * while they are fewer than PEERS_OWN, the oldest of those within it too.
 * p is the upper mid-p, levels are by p < .01 and < .05, statistic is p's
 * normal score; upper stays NaN, see peers_upper().  Unknown (learning) without peers, (report missing) without a report.
 * Returns the number of own reports it rests on.
 */
size_t peers_judge(const struct peers *peers, const struct peers_cells *own,
		   struct det_verdict *out);

/*
 * The largest count of the last period that is no alert; NaN where nothing is
 * known, or none would be one.
 */
double peers_upper(const struct peers *peers, const struct peers_cells *own);

#endif
