#ifndef TOCSIN_FIT_H
#define TOCSIN_FIT_H

/*
 * What a series is expected to count: level, trend and two harmonics of the
 * year on week totals, shares of the weekdays, a holiday factor and a local
 * level, each with what is known of its error.  Inside the library only; see
 * docs/tocsin-method.md.
 */

#include "detectors/detect.h"

#define FIT_TERMS 6

/* One calendar week of a daily window, or one cell of a weekly one. */
struct fit_week {
	double x[FIT_TERMS]; /* the terms at its middle; x[1] is set by fit */
	double mid;	     /* day of its middle */
	double y;	     /* sum of the cells a fit uses */
	double e;	     /* what they amount to in expected cells */
	double weight;	     /* 1, less where the week is an outlier */
	double mu;	     /* fitted sum */
	double rise;	     /* of the log mean, a day */
	double sum;	     /* of its cells, where whole */
	bool whole;	     /* every cell is a report of an ordinary day */
};

/* The weeks of one window; they live in the caller's scratch. */
struct fit_grid {
	const struct det_window *w;
	struct fit_week *week;
	size_t begin; /* weeks begin..end-1 are summed */
	size_t end;
	double year;	 /* days: 52 weeks where there are no dates */
	size_t cells;	 /* in a week: 7 or 1 */
	ptrdiff_t first; /* index of week 0's first cell; <= 0 */
};

struct fit {
	double beta[FIT_TERMS];
	double factor[FIT_TERMS][FIT_TERMS]; /* of the information, Cholesky */
	double phi_week;     /* variance over mean of a week's sum */
	double noise;	     /* the same without slow changes of level */
	bool drifts;	     /* one regression does not describe these weeks */
	double share[7];     /* of a weekday: 1 on average */
	double share_var[7]; /* relative variance of that estimate */
	double holiday; /* factor of a holiday, and its relative variance */
	double holiday_var;
	double level; /* added to the log mean, and its variance */
	double level_var;
	double phi;	/* variance over mean of one cell */
	double df;	/* degrees of freedom behind phi */
	double origin;	/* day where the trend is 0: end of the data */
	size_t reports; /* cells used */
	bool denom;	/* counts are compared as rates */
	double scale;	/* mean denominator: exposure 1 */
};

/* Bytes for the weeks of a window of n cells. */
size_t fit_grid_bytes(size_t n);

/* Lays the weeks of w over room; a fit sums those it needs. */
void fit_grid_init(struct fit_grid *g, const struct det_window *w, void *room);

/* The week that cell i is in. */
size_t fit_grid_week(const struct fit_grid *g, size_t i);

/*
 * Fits weeks lo..hi-1.  Returns 0, or -1 where they hold fewer than 7
 * usable reports.
 */
int fit_weeks(struct fit *f, struct fit_grid *g, size_t lo, size_t hi);

/*
 * The predicted mean of cell i and the variance of its count around it.
 * *mean is NaN where the cell's denominator is missing and needed.
 */
void fit_predict(const struct fit *f, const struct fit_grid *g, size_t i,
		 double *mean, double *variance);

/* tocsin_grid.c */

/* Sums weeks lo..hi-1 where they are not yet. */
void fit_grid_sum(struct fit_grid *g, size_t lo, size_t hi);

/* First day of week k. */
int64_t fit_grid_day(const struct fit_grid *g, size_t k);

/* Cell of weekday d in week k, or -1 outside the window. */
ptrdiff_t fit_cell_at(const struct fit_grid *g, size_t k, size_t d);

/* The count of cell i (or -1) if it tells about ordinary days, else NaN. */
double fit_ordinary(const struct fit_grid *g, ptrdiff_t i);

/* A cell's exposure: 1, or its denominator over the mean one; NaN if none. */
double fit_exposure(const struct fit *f, const struct fit_grid *g, size_t i);

/* Weekday d's mean over its week's middle, given the rise a day. */
static inline double
fit_rise(double rise, size_t d)
{
	double u = rise * ((double)d - 3.0);

	return 1.0 + u + 0.5 * u * u;
}

/* Decides whether f compares counts or rates. */
void fit_find_denominators(struct fit *f, const struct fit_grid *g, size_t lo,
			   size_t hi);

/* Sets y and e of the weeks, and f->reports, given the weekdays' shares. */
void fit_expose(struct fit *f, struct fit_grid *g, size_t lo, size_t hi);

/* tocsin_days.c */

/* Over the cells a fit uses, weighted: counts and means at a share of 1. */
struct fit_days {
	double y[7];
	double mean[7];
	double chi2;   /* of cells, given their means */
	double n;      /* of cells */
	double within; /* chi2 of cells, given their weeks' sums */
	double within_df;
};

void fit_sum_days(const struct fit *f, const struct fit_grid *g, size_t lo,
		  size_t hi, struct fit_days *s);

/* The weekdays' shares as they come, or 1 where there is too little. */
void fit_set_shares(struct fit *f, const struct fit_grid *g,
		    const struct fit_days *s);

/*
 * Pulls the shares towards 1 by how much they vary beyond chance, after
 * James and Stein, and says how sure they are.
 */
void fit_shrink_shares(struct fit *f, const struct fit_grid *g,
		       const struct fit_days *s);

/*
 * One cell's dispersion: the days', and the weeks' where sums of days vary
 * more than independent days can.
 */
void fit_set_phi(struct fit *f, const struct fit_grid *g,
		 const struct fit_days *s, double weeks);

/* The factor by which counts on holidays differ. */
void fit_set_holiday(struct fit *f, const struct fit_grid *g, size_t lo,
		     size_t hi);

/* tocsin_level.c */

/*
 * Finds whether the weeks' level drifts in ways that trend and season do not
 * explain, and follows it: sets noise, drifts, level and level_var.
 */
void fit_set_level(struct fit *f, const struct fit_grid *g, size_t lo, size_t hi);

/* tocsin_fit.c */

/*
 * Least dispersion believed: counts are no steadier than Poisson unless they
 * are large and many.
 */
double fit_least_phi(double mean, double df);

#endif
