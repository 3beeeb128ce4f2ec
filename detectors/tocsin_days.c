/*
 * What days tell beyond their weeks: the weekdays' shares, the dispersion of
 * one cell, the factor of holidays.  See tocsin_fit.h.
 */
#include "detectors/tocsin_fit.h"

#include "detectors/cells.h"

/* Adds one week's cells, given its rate. */
static void
sum_week(const struct fit *f, const struct fit_grid *g, size_t k,
	 struct fit_days *s)
{
	const struct fit_week *week = &g->week[k];
	double w = week->weight, squares = 0.0, cells = 0.0;

	for (size_t d = 0; d < g->cells; d++) {
		ptrdiff_t i = fit_cell_at(g, k, d);
		double y = fit_ordinary(g, i), mean, e;

		if (isnan(y) || isnan(e = fit_exposure(f, g, (size_t)i)))
			continue;
		mean = week->mu / week->e * e;
		if (g->cells == 7)
			mean *= fit_rise(week->rise, d);
		s->y[d] += w * y;
		s->mean[d] += w * mean;
		mean = fmax(mean * f->share[d], 1e-9);
		s->chi2 += w * (y - mean) * (y - mean) / mean;
		s->n += w;
		mean *= week->y / week->mu;
		if (mean > 0.0)
			squares += (y - mean) * (y - mean) / mean;
		cells += 1.0;
	}
	if (week->y <= 0.0 || cells < 2.0)
		return;
	s->within += w * squares;
	s->within_df += w * (cells - 1.0);
}

void
fit_sum_days(const struct fit *f, const struct fit_grid *g, size_t lo,
	     size_t hi, struct fit_days *s)
{
	*s = (struct fit_days){ 0 };
	for (size_t k = lo; k < hi; k++) {
		if (g->week[k].e > 0.0)
			sum_week(f, g, k, s);
	}
}

/* The weekdays' shares as they come, or 1 where there is too little. */
void
fit_set_shares(struct fit *f, const struct fit_grid *g, const struct fit_days *s)
{
	for (size_t d = 0; d < 7; d++) {
		f->share[d] = 1.0;
		if (g->cells == 7 && s->n >= 21.0 && s->mean[d] > 0.0)
			f->share[d] = fmax(s->y[d] / s->mean[d], 1e-6);
	}
}

/*
 * Pulls the shares towards 1 by how much they vary beyond chance, after
 * James and Stein; none where there is a single cell a week.
 */
void
fit_shrink_shares(struct fit *f, const struct fit_grid *g,
		  const struct fit_days *s)
{
	double spread = 0.0, c;

	for (size_t d = 0; d < 7 && g->cells == 7; d++) {
		double off = f->share[d] - 1.0;

		if (s->mean[d] > 0.0)
			spread += (off * off - f->phi * f->share[d] / s->mean[d]) /
				  7.0;
	}
	c = f->phi / fmax(spread, 1e-4);
	for (size_t d = 0; d < 7; d++) {
		f->share_var[d] = 0.0;
		if (g->cells != 7)
			continue;
		f->share[d] = (s->y[d] + c) / (s->mean[d] + c);
		f->share_var[d] = f->phi / (s->y[d] + c);
	}
}

/*
 * One cell's dispersion: the days', and the weeks' where sums of days vary
 * more than independent days can.
 */
void
fit_set_phi(struct fit *f, const struct fit_grid *g, const struct fit_days *s,
	    double weeks)
{
	double total = 0.0, chi2 = s->within, df = s->within_df - 6.0, excess;

	for (size_t d = 0; d < 7; d++)
		total += s->y[d];
	if (g->cells != 7 || df < 7.0) {
		chi2 = s->chi2;
		df = s->n - fmin(FIT_TERMS, 0.5 * s->n);
	}
	f->df = df;
	f->phi = fmax((1.0 + chi2) / (1.0 + df),
		      fit_least_phi(total / fmax(s->n, 1.0), df));
	if (g->cells != 7 && f->level_var > 0.0)
		f->phi = fmin(f->phi, f->noise);
	if (g->cells != 7)
		return;
	excess = f->noise / f->phi /
		 (1.0 + 2.0 * sqrt(3.0 / fmax(weeks - FIT_TERMS, 1.0)));
	f->phi *= fmax(excess, 1.0);
}

/* The factor by which counts on holidays differ. */
void
fit_set_holiday(struct fit *f, const struct fit_grid *g, size_t lo, size_t hi)
{
	double y = 3.0, mean = 3.0;

	for (size_t j = lo * g->cells; g->w->mark && j < hi * g->cells; j++) {
		ptrdiff_t i = fit_cell_at(g, 0, j);
		const struct fit_week *week = &g->week[j / g->cells];
		double e;

		if (i < 0 || (g->w->mark[i] & DET_MARK_HOLIDAY) == 0 ||
		    (g->w->mark[i] & DET_MARK_PARTIAL) != 0 ||
		    isnan(cells_count(g->w, (size_t)i)) || week->e <= 0.0 ||
		    isnan(e = fit_exposure(f, g, (size_t)i)))
			continue;
		y += g->w->count[i];
		mean += week->mu / week->e * e * f->share[j % g->cells];
	}
	f->holiday = y / mean;
	f->holiday_var = 0.05 + f->phi / mean;
}
