#ifndef TOCSIN_QUASI_H
#define TOCSIN_QUASI_H

/*
 * Quasi-Poisson regression with log link of counts on groups of cells and,
 * if wanted, one linear trend through all of them:
 *
 *	log mu_j = level[group of j] + slope * t_j
 *
 * fitted by iteratively reweighted least squares exactly as R's glm.fit()
 * goes about it (start at mu = y + 0.1, stop when the deviance changes by
 * less than 1e-8 of itself, 25 steps at most), since a fully converged fit
 * differs from R's in the seventh digit.  The groups make the normal
 * equations an arrow, solved in a handful of operations per group.  Inside
 * the library only; nothing here allocates.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUASI_MAX_GROUPS 64

/* Neighbouring cells of one group. */
struct quasi_run {
	uint32_t first;
	uint32_t n;
	uint32_t group;
};

/* The cells; t_j = j - now.  Borrowed by every call below. */
struct quasi_data {
	const double *y;       /* 0 where there is no report */
	const double *y_log_y; /* 0 where y is 0 */
	const double *start_z; /* as quasi_start() has them */
	const double *start_dev;
	double *weight; /* 0 where there is no report */
	const struct quasi_run *run;
	size_t runs;
	size_t groups;
	double now;
	double n;	/* reports */
	double largest; /* of them */
};

/* What the first step knows of a count: R starts from mu = y + 0.1. */
struct quasi_start {
	double y_log_y;
	double z;   /* working weight times working response */
	double dev; /* half its part of the deviance */
};

struct quasi_start quasi_start(double y);

/* A fit, and what the last step's working weights leave behind. */
struct quasi_fit {
	double level[QUASI_MAX_GROUPS];
	double slope; /* 0 without a trend */
	bool trend;
	bool finite;	/* false: nothing else here holds */
	bool converged; /* as R judges it */
	double df;	/* reports less the coefficients */
	double phi;	/* Pearson dispersion with the working weights */
	double sigma2;	/* the same with the prior weights */
	/* the working weights: mu of the step before times prior weight */
	double w[QUASI_MAX_GROUPS];  /* sum; 0: the group has no report */
	double wt[QUASI_MAX_GROUPS]; /* sum of w t */
	double spread; /* sum of w (t - its group's mean)^2; 0: no trend */
	double old_level[QUASI_MAX_GROUPS];
	double *rise;	  /* exp(slope t_j), lent by the caller */
	double *old_rise; /* the same, of the working weights */
	bool from_start;  /* the working weights are y + 0.1 */
};

/*
 * Fits with the prior weights d->weight into *fit, whose rise and old_rise
 * hold as many cells as d.
 */
void quasi_fit(const struct quasi_data *d, bool trend, struct quasi_fit *fit);

/*
 * Lowers the weights of what lies far above the fit: those of a standardised
 * Anscombe residual s > threshold to s^-2, all scaled to the mean 1, with
 * dispersion phi.  d->weight must be those of the fit and all equal.  Returns
 * true if any changed.
 */
bool quasi_reweight(const struct quasi_data *d, const struct quasi_fit *fit,
		    double phi, double threshold);

/*
 * Variance of level[group], the linear predictor of that group at t = 0, for
 * a dispersion of 1.
 */
double quasi_variance(const struct quasi_fit *fit, size_t group);

/* Two-sided p-value of the slope's t statistic with that dispersion. */
double quasi_trend_p(const struct quasi_fit *fit, double dispersion);

#endif
