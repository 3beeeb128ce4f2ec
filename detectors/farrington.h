#ifndef TOCSIN_FARRINGTON_H
#define TOCSIN_FARRINGTON_H

/*
 * What the original and the improved Farrington method share: the work space
 * over a window, the fit in two rounds, the limit on a power scale.  Inside
 * the library only.
 */

#include "detectors/cells.h"
#include "detectors/quasi.h"

/* Years a Farrington method may look back. */
#define FARRINGTON_MAX_YEARS 20

/* The choices of `power`, and the exponents they stand for. */
extern const char *const farrington_powers[];
double farrington_exponent(double choice);

struct farrington {
	struct quasi_data data;
	struct quasi_fit fit;
	struct quasi_run *run;
	double *weight;
	double *y;
	double *y_log_y;
	double *start_z;
	double *start_dev;
	double *report; /* 1: the cell has a count, 0: it has none */
	double phi;	/* dispersion, at least 1 */
};

/* Bytes of work space for a window of n cells and that many runs. */
size_t farrington_bytes(size_t n, size_t runs);

/*
 * Lays *k out in that work space and reads the cells from lo on; fits may
 * use those only.
 */
void farrington_init(struct farrington *k, const struct det_window *w,
		     size_t lo, void *scratch);

/*
 * Fits the runs set up in k->run and k->data, then once more with what lies
 * above the threshold weighed down.  Where R's fit with a trend does not
 * converge, one without is taken.  Returns false where there is no fit; one
 * that did not converge is none unless `lenient`.
 */
bool farrington_fit(struct farrington *k, bool trend, double threshold,
		    bool lenient);

/*
 * True if the trend of the last fit may stay: p below p_trend with that
 * dispersion, or p_trend 1, and no mean above all baseline counts in the
 * group now.
 */
bool farrington_trend_stays(const struct farrington *k, double dispersion,
			    double p_trend, size_t group);

/* R's 5 cases in 4 periods: true if that many were reported up to cell i. */
bool farrington_enough_cases(const struct det_window *w, size_t i);

struct farrington_limit {
	double upper;
	double p; /* upper tail */
};

/*
 * Limit and tail of count y around mu, normal on the scale of the power:
 * z standard deviations up.  tau is the variance of y - mu over mu, that of
 * the estimated mu included.
 */
struct farrington_limit farrington_power_limit(double y, double mu, double tau,
					       double z, double exponent);

#endif
