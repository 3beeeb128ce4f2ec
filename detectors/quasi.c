/*
 * Quasi-Poisson regression on groups of cells and a trend, step by step as
 * R's glm.fit() does it.
 */
#include "detectors/quasi.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define START_SHIFT 0.1
#define MAX_STEPS 25
#define TOLERANCE 1e-8

/* Sums over the cells of one group with working weights w. */
struct sums {
	double w[QUASI_MAX_GROUPS];
	double wt[QUASI_MAX_GROUPS];
	double wtt[QUASI_MAX_GROUPS];
};

/* What stays the same from step to step: sums with the prior weights. */
struct fixed {
	double weight[QUASI_MAX_GROUPS];
	double y[QUASI_MAX_GROUPS];
	double yt;	/* over all groups */
	double y_sum;	/* over all groups */
	double y_log_y; /* over all groups */
	double wz[QUASI_MAX_GROUPS];
	double wtz; /* over all groups; working response of step 1 */
	double start_deviance;
};

struct quasi_start
quasi_start(double y)
{
	double log_mu = log(y + START_SHIFT);
	double y_log_y = y > 0 ? y * log(y) : 0;

	return (struct quasi_start){
		.y_log_y = y_log_y,
		.z = (y + START_SHIFT) * log_mu - START_SHIFT,
		.dev = y_log_y - y * log_mu + START_SHIFT,
	};
}

/* The sums of step 1 over one run. */
static void
start_run(const struct quasi_data *d, const struct quasi_run *run,
	  struct fixed *f, struct sums *s)
{
	double weight = 0, y = 0, wz = 0, w0 = 0, w1 = 0, w2 = 0;
	double t = (double)run->first - d->now;

	for (size_t j = run->first; j < run->first + run->n; j++, t++) {
		double v = d->weight[j];
		double vy = v * d->y[j];
		double z = v * d->start_z[j];
		double w = vy + v * START_SHIFT;

		weight += v;
		y += vy;
		wz += z;
		w0 += w;
		w1 += w * t;
		w2 += w * t * t;
		f->yt += vy * t;
		f->wtz += z * t;
		f->y_log_y += v * d->y_log_y[j];
		f->start_deviance += 2 * v * d->start_dev[j];
	}
	f->weight[run->group] += weight;
	f->y[run->group] += y;
	f->wz[run->group] += wz;
	s->w[run->group] += w0;
	s->wt[run->group] += w1;
	s->wtt[run->group] += w2;
}

/*
 * The sums of step 1, whose working weights are y + 0.1 and working response
 * log(y + 0.1) - 0.1 / (y + 0.1).
 */
static void
sum_start(const struct quasi_data *d, struct fixed *f, struct sums *s)
{
	*f = (struct fixed){ .yt = 0 };
	*s = (struct sums){ .w = { 0 } };
	for (size_t r = 0; r < d->runs; r++)
		start_run(d, &d->run[r], f, s);
	for (size_t g = 0; g < d->groups; g++)
		f->y_sum += f->y[g];
}

/* rise[j] = exp(slope t_j) for all cells, in four interleaved chains. */
static void
raise(const struct quasi_data *d, double slope, double *rise)
{
	const struct quasi_run *last = &d->run[d->runs - 1];
	size_t end = last->first + last->n;
	size_t j = d->run[0].first;
	double step = exp(slope);
	double step4 = step * step * step * step;
	double x[4];

	x[0] = exp(slope * ((double)j - d->now));
	x[1] = x[0] * step;
	x[2] = x[1] * step;
	x[3] = x[2] * step;
	for (; j + 4 <= end; j += 4) {
		for (size_t i = 0; i < 4; i++) {
			rise[j + i] = x[i];
			x[i] *= step4;
		}
	}
	for (size_t i = 0; j < end; j++, i++)
		rise[j] = x[i];
}

/* The working weights' sums at the coefficients of *fit. */
static void
sum_weights(const struct quasi_data *d, const struct fixed *f,
	    struct quasi_fit *fit, struct sums *s)
{
	*s = (struct sums){ .w = { 0 } };
	if (!fit->trend) {
		for (size_t g = 0; g < d->groups; g++)
			s->w[g] = f->weight[g] * exp(fit->level[g]);
		return;
	}
	raise(d, fit->slope, fit->rise);
	for (size_t r = 0; r < d->runs; r++) {
		double s0 = 0, s1 = 0, s2 = 0;
		double t = (double)d->run[r].first - d->now;
		size_t end = d->run[r].first + d->run[r].n;

		for (size_t j = d->run[r].first; j < end; j++, t++) {
			double w = d->weight[j] * fit->rise[j];

			s0 += w;
			s1 += w * t;
			s2 += w * t * t;
		}
		s->w[d->run[r].group] += s0;
		s->wt[d->run[r].group] += s1;
		s->wtt[d->run[r].group] += s2;
	}
	for (size_t g = 0; g < d->groups; g++) {
		double scale = exp(fit->level[g]);

		s->w[g] *= scale;
		s->wt[g] *= scale;
		s->wtt[g] *= scale;
	}
}

/* Sum of w (t - its group's mean)^2. */
static double
spread(const struct sums *s, size_t groups)
{
	double sum = 0;

	for (size_t g = 0; g < groups; g++) {
		if (s->w[g] > 0)
			sum += s->wtt[g] - s->wt[g] * s->wt[g] / s->w[g];
	}
	return sum;
}

/* Step 1: least squares of the working response. */
static void
solve_start(const struct quasi_data *d, const struct fixed *f,
	    const struct sums *s, struct quasi_fit *fit)
{
	double cross = f->wtz;

	fit->slope = 0;
	fit->spread = spread(s, d->groups);
	if (fit->trend) {
		for (size_t g = 0; g < d->groups; g++) {
			if (s->w[g] > 0)
				cross -= s->wt[g] * f->wz[g] / s->w[g];
		}
		fit->slope = cross / fit->spread;
	}
	for (size_t g = 0; g < d->groups; g++) {
		fit->level[g] = 0;
		if (s->w[g] > 0)
			fit->level[g] =
				(f->wz[g] - fit->slope * s->wt[g]) / s->w[g];
	}
}

/*
 * Every further step: the same least squares, for the change of the
 * coefficients, whose right-hand side is the score.
 */
static void
solve(const struct quasi_data *d, const struct fixed *f, const struct sums *s,
      struct quasi_fit *fit)
{
	double change = 0;

	if (fit->trend) {
		fit->spread = spread(s, d->groups);
		change = f->yt;
		for (size_t g = 0; g < d->groups; g++) {
			if (s->w[g] > 0)
				change -= s->wt[g] * (f->y[g] / s->w[g]);
		}
		change /= fit->spread;
	}
	fit->slope += change;
	for (size_t g = 0; g < d->groups; g++) {
		if (s->w[g] > 0)
			fit->level[g] +=
				(f->y[g] - s->w[g] - change * s->wt[g]) / s->w[g];
	}
}

static double
mu_at(const struct quasi_fit *fit, double scale, size_t j)
{
	return fit->trend ? scale * fit->rise[j] : scale;
}

/* The deviance term by term: slow, and right where the fit is close. */
static double
close_deviance(const struct quasi_data *d, const struct quasi_fit *fit)
{
	double sum = 0;

	for (size_t r = 0; r < d->runs; r++) {
		double scale = exp(fit->level[d->run[r].group]);
		size_t end = d->run[r].first + d->run[r].n;

		for (size_t j = d->run[r].first; j < end; j++) {
			double mu = mu_at(fit, scale, j);
			double y = d->y[j];

			sum += d->weight[j] *
			       (y > 0 ? y * log(y / mu) - (y - mu) : mu);
		}
	}
	return 2 * sum;
}

/*
 * The deviance from sums.  Their difference cancels; where that leaves too
 * few digits to tell 1e-8 of it, it is computed term by term.
 */
static double
deviance(const struct quasi_data *d, const struct fixed *f,
	 const struct sums *s, const struct quasi_fit *fit)
{
	double sum = f->y_log_y - fit->slope * f->yt - f->y_sum;

	for (size_t g = 0; g < d->groups; g++)
		sum += s->w[g] - fit->level[g] * f->y[g];
	if (1e-15 * f->y_log_y > 1e-10 * (2 * sum + 0.1))
		return close_deviance(d, fit);
	return 2 * sum;
}

/* Keeps the step's coefficients and weights, for they are R's last. */
static void
keep(const struct quasi_data *d, const struct sums *s, struct quasi_fit *fit)
{
	double *rise = fit->old_rise;

	for (size_t g = 0; g < d->groups; g++) {
		fit->w[g] = s->w[g];
		fit->wt[g] = s->wt[g];
		fit->old_level[g] = fit->level[g];
	}
	fit->old_rise = fit->rise;
	fit->rise = rise;
}

/* The prior weight times mu of the step before. */
static double
working_weight(const struct quasi_data *d, const struct quasi_fit *fit,
	       double old_scale, size_t j)
{
	if (fit->from_start)
		return d->weight[j] * (d->y[j] + START_SHIFT);
	return d->weight[j] * old_scale * (fit->trend ? fit->old_rise[j] : 1);
}

/* Both dispersions: sums of weight ((y - mu) / mu)^2 over df. */
static void
disperse(const struct quasi_data *d, struct quasi_fit *fit)
{
	fit->phi = 0;
	fit->sigma2 = 0;
	for (size_t r = 0; r < d->runs; r++) {
		size_t g = d->run[r].group;
		double scale = exp(fit->level[g]);
		double old_scale = exp(fit->old_level[g]);
		size_t end = d->run[r].first + d->run[r].n;

		for (size_t j = d->run[r].first; j < end; j++) {
			double mu = mu_at(fit, scale, j);
			double e = (d->y[j] - mu) / mu;

			fit->sigma2 += d->weight[j] * e * e;
			fit->phi += working_weight(d, fit, old_scale, j) * e * e;
		}
	}
	fit->phi /= fit->df;
	fit->sigma2 /= fit->df;
}

void
quasi_fit(const struct quasi_data *d, bool trend, struct quasi_fit *fit)
{
	struct fixed f;
	struct sums s;
	double dev = NAN;
	double old_dev;

	fit->trend = trend;
	fit->converged = false;
	sum_start(d, &f, &s);
	fit->df = d->n - (trend ? 1 : 0);
	for (size_t g = 0; g < d->groups; g++)
		fit->df -= s.w[g] > 0 ? 1 : 0;
	old_dev = f.start_deviance;
	for (int step = 1; step <= MAX_STEPS; step++) {
		keep(d, &s, fit);
		fit->from_start = step == 1;
		if (step == 1)
			solve_start(d, &f, &s, fit);
		else
			solve(d, &f, &s, fit);
		sum_weights(d, &f, fit, &s);
		dev = deviance(d, &f, &s, fit);
		if (!isfinite(dev))
			break;
		if (fabs(dev - old_dev) / (fabs(dev) + 0.1) < TOLERANCE) {
			fit->converged = true;
			break;
		}
		old_dev = dev;
	}
	disperse(d, fit);
	fit->finite = fit->df > 0 && isfinite(dev) && isfinite(fit->phi) &&
		      isfinite(fit->sigma2);
}

/*
 * The standardised Anscombe residual of a count y above its mu, whose
 * dispersion is phi times 1 less the leverage; 0 where it cannot be above the
 * threshold: it is at most (y - mu) / sqrt(mu).
 */
static double
residual(double y, double mu, double dispersion, double threshold)
{
	double d = y - mu;
	double a;

	if (d * d <= threshold * threshold * mu * dispersion)
		return 0;
	a = 1.5 * (cbrt(y * y) / sqrt(cbrt(mu)) - sqrt(mu));
	return a / sqrt(dispersion);
}

/*
 * Lowers the weights of one run's high counts to s^-2 and returns by how much
 * in all.  A cell alone in its group has no residual: R divides rounding
 * errors there.
 */
static double
lower_run(const struct quasi_data *d, const struct quasi_fit *fit,
	  const struct quasi_run *run, double phi, double threshold)
{
	size_t g = run->group;
	double scale = exp(fit->level[g]);
	double old_scale = exp(fit->old_level[g]);
	double level_h = 1 / fit->w[g];
	double mean_t = fit->wt[g] / fit->w[g] + d->now;
	double slope_h = fit->trend ? 1 / fit->spread : 0;
	double lowered = 0;

	for (size_t j = run->first; j < run->first + run->n; j++) {
		double mu = mu_at(fit, scale, j);
		double t = (double)j - mean_t;
		double slack, s;

		if (d->y[j] <= mu || d->weight[j] == 0)
			continue;
		slack = 1 - working_weight(d, fit, old_scale, j) *
				    (level_h + t * t * slope_h);
		if (slack < 1e-13)
			continue;
		s = residual(d->y[j], mu, phi * slack, threshold);
		if (s <= threshold)
			continue;
		d->weight[j] = 1 / (s * s);
		lowered += 1 - d->weight[j];
	}
	return lowered;
}

bool
quasi_reweight(const struct quasi_data *d, const struct quasi_fit *fit,
	       double phi, double threshold)
{
	double lowered = 0;

	for (size_t r = 0; r < d->runs; r++)
		lowered += lower_run(d, fit, &d->run[r], phi, threshold);
	if (lowered == 0)
		return false;
	for (size_t r = 0; r < d->runs; r++) {
		size_t end = d->run[r].first + d->run[r].n;

		for (size_t j = d->run[r].first; j < end; j++)
			d->weight[j] *= d->n / (d->n - lowered);
	}
	return true;
}

double
quasi_variance(const struct quasi_fit *fit, size_t group)
{
	double mean = fit->wt[group] / fit->w[group];

	if (!fit->trend)
		return 1 / fit->w[group];
	return 1 / fit->w[group] + mean * mean / fit->spread;
}

double
quasi_trend_p(const struct quasi_fit *fit, double dispersion)
{
	double t = fit->slope / sqrt(dispersion / fit->spread);

	return 2 * pt(-fabs(t), fit->df, 1, 0);
}
