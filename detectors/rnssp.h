#ifndef TOCSIN_RNSSP_H
#define TOCSIN_RNSSP_H

/*
 * What the three Rnssp methods share.  They follow CDCgov/Rnssp 0.3.1 (R
 * functions alert_ewma, alert_regression and alert_switch), which are CDC's
 * open form of NSSP-ESSENCE's detectors.
 */

#include "detectors/detect.h"

/* The longest baseline --set accepts, in periods. */
#define RNSSP_MAX_BASELINE 364

/* p below which a verdict is an alert (red) or a warning (yellow). */
#define RNSSP_P_ALERT 0.01
#define RNSSP_P_WARNING 0.05

/* Student's t quantiles, upper tail 1% and 5%, rounded to 5 decimals as the
   original rounds them; df >= 1. */
double rnssp_t01(size_t df);
double rnssp_t05(size_t df);

/* P(T > t) for Student's t with df degrees of freedom; within 1e-14 of R's
   1 - pt(t, df), and exact in the far tail where that difference is 0. */
double rnssp_t_upper(double t, size_t df);

/* The verdict of a statistic t with df degrees of freedom: p and level. */
void rnssp_grade(struct det_verdict *v, double t, size_t df);

/*
 * A window as the three read it.  The original knows no holidays; ours judges
 * them and worked weekend days, but they are neither baseline nor remembered
 * by the averages, and the regression expects the busiest weekday's count.
 */
struct rnssp_cells {
	struct det_window w;	/* its count NaN where there is no report */
	const double *ordinary; /* also NaN on holidays and worked weekends */
};

/*
 * The cells lo..hi-1 of a window.  room holds rnssp_scratch() bytes and is
 * used only where there are marks.
 */
struct rnssp_cells rnssp_reports(const struct det_window *w, size_t lo,
				 size_t hi, double *room);

/* Bytes of that room: the scratch of the three methods. */
size_t rnssp_scratch(const double *p, size_t n);

/* What depends on the number of baseline cells only. */
struct rnssp_scale {
	size_t n;
	double factor[2]; /* of the baseline's standard deviation */
	double add[2];
	double floor[2];
	double cap; /* |T| beyond which the average is wound back */
};

/* The two averages after a cell, and before it; z is NaN before a report. */
struct rnssp_ewma {
	double z[2];
	double before[2];
	struct rnssp_scale scale; /* kept between cells; n 0 at first */
};

/*
 * Adds cell i to the averages, which are those after the cell before it, and
 * judges it into *v, which may be NULL.
 */
void rnssp_ewma_step(struct rnssp_ewma *a, const double *p,
		     const struct rnssp_cells *c, size_t i,
		     struct det_verdict *v);

/* What rnssp-ewma and rnssp-switch carry from cell to cell: the averages. */
#define RNSSP_CARRIED (2 * sizeof(double))

/*
 * rnssp-ewma's walk, for methods whose first parameters are its own
 * (baseline, guard, w1, w2).
 */
void rnssp_ewma_walk(const double *p, const struct rnssp_cells *c,
		     const struct det_walk *k);

/*
 * The regression verdict of cell i after its own filter; p as for
 * rnssp-regression (baseline, guard).  *r2 gets the adjusted R squared, NaN
 * where there is no fit.
 */
void rnssp_regression_cell(const double *p, const struct rnssp_cells *c,
			   size_t i, struct det_verdict *out, double *r2);

/*
 * Reports that the averages remember: their baseline, which they are held to,
 * and then until (1 - w)^n is less than a double can tell.
 */
size_t rnssp_ewma_memory(const double *p);

/* Periods that regression verdict reads, the judged one included. */
size_t rnssp_regression_reach(const double *p);

#define RNSSP_SWITCH_R2 0.60 /* from here on rnssp-switch takes it */

#endif
