/*
 * See tocsin_fit.h.  Week totals carry level, trend and season: for Poisson
 * counts in whole weeks they are sufficient for them, so a fit costs a
 * seventh of one on days.  Penalised quasi-likelihood by Newton's method,
 * outlying weeks weighted down.
 */
#include "detectors/tocsin_fit.h"

#include "detectors/cells.h"

#define MIN_REPORTS 7
#define PSEUDO 0.5 /* cases added, so that no series is certain of zero */
#define FRESH 5	   /* steps of a fit from nothing, and of one that goes on */
#define REFINE 2
#define ENOUGH 1e-3 /* change of a coefficient that ends a fit */
#define OUTLIER 2.5 /* standard deviations a week may be off unpunished */

/* Prior standard deviations: trend a year, two harmonics; the level's is 0,
   which stands for none. */
static const double prior_sd[FIT_TERMS] = { 0, 0.3, 0.7, 0.7, 0.4, 0.4 };

/* Cholesky factor of a in place; a is positive definite by its prior. */
static void
factor(double a[FIT_TERMS][FIT_TERMS])
{
	for (int i = 0; i < FIT_TERMS; i++) {
		for (int j = 0; j <= i; j++) {
			double s = a[i][j];

			for (int k = 0; k < j; k++)
				s -= a[i][k] * a[j][k];
			a[i][j] = i == j ? sqrt(fmax(s, 1e-12)) : s / a[j][j];
		}
	}
}

static void
solve(double a[FIT_TERMS][FIT_TERMS], double b[FIT_TERMS])
{
	for (int i = 0; i < FIT_TERMS; i++) {
		for (int k = 0; k < i; k++)
			b[i] -= a[i][k] * b[k];
		b[i] /= a[i][i];
	}
	for (int i = FIT_TERMS - 1; i >= 0; i--) {
		for (int k = i + 1; k < FIT_TERMS; k++)
			b[i] -= a[k][i] * b[k];
		b[i] /= a[i][i];
	}
}

static double
dot(const double *a, const double *b)
{
	double s = 0.0;

	for (int i = 0; i < FIT_TERMS; i++)
		s += a[i] * b[i];
	return s;
}

/* Adds one week to the information a and the score b. */
static void
accumulate(double a[FIT_TERMS][FIT_TERMS], double b[FIT_TERMS],
	   const struct fit_week *week, double w, double r)
{
	for (int i = 0; i < FIT_TERMS; i++) {
		double wx = w * week->x[i];

		b[i] += r * week->x[i];
		for (int j = 0; j <= i; j++)
			a[i][j] += wx * week->x[j];
	}
}

/* The prior's part; a has the dispersion's scale. */
static void
add_prior(const struct fit *f, double phi, double a[FIT_TERMS][FIT_TERMS],
	  double b[FIT_TERMS])
{
	for (int i = 1; i < FIT_TERMS; i++) {
		double precision = phi / (prior_sd[i] * prior_sd[i]);

		a[i][i] += precision;
		b[i] -= precision * f->beta[i];
	}
}

/*
 * One Newton step; the very first starts from the counts themselves, as a
 * generalised linear model does.  Leaves the factor of the information in a.
 * Returns the largest change of a coefficient.
 */
static double
newton(struct fit *f, struct fit_grid *g, size_t lo, size_t hi, double phi,
       double pseudo, int start, double a[FIT_TERMS][FIT_TERMS])
{
	double b[FIT_TERMS] = { 0 }, step = 0.0;

	for (int i = 0; i < FIT_TERMS; i++) {
		for (int j = 0; j < FIT_TERMS; j++)
			a[i][j] = 0.0;
	}
	for (size_t k = lo; k < hi; k++) {
		struct fit_week *week = &g->week[k];
		double y = week->y + pseudo * week->e, eta;

		if (week->e <= 0.0)
			continue;
		eta = fmin(fmax(dot(f->beta, week->x), -40.0), 40.0);
		week->mu = start ? y + 0.5 : week->e * exp(eta);
		accumulate(a, b, week, week->weight * week->mu,
			   start ? week->mu * (log(week->mu / week->e) - eta)
				 : week->weight * (y - week->mu));
	}
	add_prior(f, phi, a, b);
	factor(a);
	solve(a, b);
	for (int i = 0; i < FIT_TERMS; i++) {
		f->beta[i] += fmin(fmax(b[i], -3.0), 3.0);
		step = fmax(step, fabs(b[i]));
	}
	return step;
}

/* Least dispersion believed: counts are no steadier than Poisson unless they
   are large and many. */
double
fit_least_phi(double mean, double df)
{
	return mean >= 5.0 && df >= 28.0 ? 0.01 : 1.0;
}

/* The weeks' dispersion with the weights they have. */
static double
week_dispersion(const struct fit_grid *g, size_t lo, size_t hi)
{
	double chi2 = 0.0, sum = 0.0, total = 0.0, n = 0.0, df;

	for (size_t k = lo; k < hi; k++) {
		const struct fit_week *week = &g->week[k];
		double r = week->y - week->mu;

		if (week->e <= 0.0)
			continue;
		chi2 += week->weight * r * r / week->mu;
		sum += week->weight;
		total += week->mu;
		n += 1.0;
	}
	df = sum - fmin(FIT_TERMS, 0.5 * sum);
	return fmax((1.0 + chi2) / (1.0 + df),
		    fit_least_phi(total / fmax(n, 1.0), df));
}

/* Less weight for a week that is far off, by its Anscombe residual. */
static void
weigh_week(struct fit_week *week, double phi)
{
	double sd = sqrt(week->mu * phi), s;

	week->weight = 1.0;
	if (week->e <= 0.0 || fabs(week->y - week->mu) <= OUTLIER * sd)
		return;
	s = 1.5 * (cbrt(week->y * week->y) - cbrt(week->mu * week->mu)) *
	    cbrt(week->mu) / sd;
	if (fabs(s) > OUTLIER)
		week->weight = OUTLIER * OUTLIER / (s * s);
}

/*
 * Dispersion and weights in turn: an outlier inflates the dispersion that
 * judges it, each round by a small part of what it did before.
 */
static void
weigh_weeks(struct fit *f, struct fit_grid *g, size_t lo, size_t hi)
{
	for (int round = 0; round < 8; round++) {
		double before = f->phi_week;

		f->phi_week = week_dispersion(g, lo, hi);
		for (size_t k = lo; k < hi; k++)
			weigh_week(&g->week[k], f->phi_week);
		if (fabs(f->phi_week - before) < 0.01 * before)
			break;
	}
}

static double
pseudo_cases(const struct fit_grid *g, size_t lo, size_t hi)
{
	double e = 0.0;

	for (size_t k = lo; k < hi; k++)
		e += g->week[k].e;
	return e > 0.0 ? PSEUDO / e : 0.0;
}

/* Starts the weeks' state: no outliers, the trend's zero at their end. */
static void
begin(struct fit *f, struct fit_grid *g, size_t lo, size_t hi)
{
	*f = (struct fit){ .share = { 1, 1, 1, 1, 1, 1, 1 }, .phi_week = 1.0 };
	fit_grid_sum(g, lo, hi);
	f->origin = hi > lo ? g->week[hi - 1].mid + 3.5 : 0.0;
	fit_find_denominators(f, g, lo, hi);
	fit_expose(f, g, lo, hi);
	for (size_t k = lo; k < hi; k++) {
		struct fit_week *week = &g->week[k];

		week->weight = 1.0;
		week->mu = week->e;
		week->x[1] = (week->mid - f->origin) / g->year;
	}
}

/*
 * Begins at the mean rate, so that the steps' bound holds back no level
 * however large.
 */
static void
begin_level(struct fit *f, const struct fit_grid *g, size_t lo, size_t hi)
{
	double y = PSEUDO, e = 0.0;

	for (size_t k = lo; k < hi; k++) {
		y += g->week[k].y;
		e += g->week[k].e;
	}
	if (e > 0.0)
		f->beta[0] = log(y / e);
}

/* Newton's method from where f is, or from the counts. */
static void
climb(struct fit *f, struct fit_grid *g, size_t lo, size_t hi, int steps)
{
	double pseudo = pseudo_cases(g, lo, hi);
	int fresh = steps > REFINE;

	for (int step = 0; step < steps; step++) {
		if (newton(f, g, lo, hi, f->phi_week, pseudo,
			   fresh && step == 0, f->factor) < ENOUGH)
			break;
	}
	weigh_weeks(f, g, lo, hi);
}

int
fit_weeks(struct fit *f, struct fit_grid *g, size_t lo, size_t hi)
{
	struct fit_days days;

	begin(f, g, lo, hi);
	if (f->reports < MIN_REPORTS)
		return -1;
	if (g->cells == 7) {
		fit_sum_days(f, g, lo, hi, &days);
		fit_set_shares(f, g, &days);
		fit_expose(f, g, lo, hi);
	}
	begin_level(f, g, lo, hi);
	climb(f, g, lo, hi, FRESH);
	if (g->cells == 7) {
		fit_sum_days(f, g, lo, hi, &days);
		fit_set_shares(f, g, &days);
		fit_expose(f, g, lo, hi);
	}
	climb(f, g, lo, hi, REFINE);
	climb(f, g, lo, hi, REFINE);
	fit_sum_days(f, g, lo, hi, &days);
	fit_set_shares(f, g, &days);
	fit_sum_days(f, g, lo, hi, &days);
	fit_set_level(f, g, lo, hi);
	fit_set_phi(f, g, &days, (double)(hi - lo));
	fit_shrink_shares(f, g, &days);
	fit_set_holiday(f, g, lo, hi);
	return 0;
}

/* Variance of the log mean at x. */
static double
eta_variance(const struct fit *f, const double x[FIT_TERMS])
{
	double s = 0.0, v[FIT_TERMS];

	for (int i = 0; i < FIT_TERMS; i++) {
		v[i] = x[i];
		for (int k = 0; k < i; k++)
			v[i] -= f->factor[i][k] * v[k];
		v[i] /= f->factor[i][i];
		s += v[i] * v[i];
	}
	return s * f->phi_week;
}

void
fit_predict(const struct fit *f, const struct fit_grid *g, size_t i,
	    double *mean, double *variance)
{
	double days = g->cells == 7 ? 1.0 : 7.0, x[FIT_TERMS], v;
	double day = (double)g->w->first_day + days * (double)i +
		     (g->cells == 7 ? 0.0 : 3.0);
	size_t d = g->cells == 7 ? (size_t)cells_weekday(g->w, i) : 0;

	x[0] = 1.0;
	x[1] = (day - f->origin) / g->year;
	sincos(2.0 * M_PI * day / g->year, &x[2], &x[3]);
	x[4] = 2.0 * x[2] * x[3];
	x[5] = 1.0 - 2.0 * x[2] * x[2];
	v = eta_variance(f, x) + f->level_var + f->share_var[d];
	*mean = exp(fmin(dot(f->beta, x) + f->level, 40.0)) * f->share[d] *
		fit_exposure(f, g, i);
	if (g->w->mark != NULL && (g->w->mark[i] & DET_MARK_HOLIDAY) != 0) {
		*mean *= f->holiday;
		v += f->holiday_var;
	}
	*variance = f->phi * *mean + v * *mean * *mean;
}
