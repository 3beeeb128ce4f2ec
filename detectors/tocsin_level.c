/*
 * A local level over the weeks, for series that a trend and two harmonics do
 * not describe: see tocsin_fit.h.
 */
#include "detectors/tocsin_fit.h"

#include <math.h>

#define MIN_WEEKS 10
#define FAR 4	    /* weeks apart that are compared with neighbours */
#define FADE 0.9868 /* weight of a week a week later: half in a year */
#define OUTLIER 2.5 /* standard deviations a week moves the level at most */
#define UNSURE 2.0  /* standard errors beyond which a drift is followed */
#define SURE 3.0    /* and beyond which a fit is given up */
#define START_WEEKS 26.0

/*
 * A week's departure from its fit, close to the log of their ratio; that of
 * an outlier is cut to what is believed of it.
 */
static double
departure(const struct fit_week *week)
{
	double off = sqrt((week->y + 0.375) / (week->mu + 0.375)) - 1.0;

	return 2.0 * sqrt(week->weight) * off;
}

/* Squared differences of weeks `lag` apart, standardised. */
struct variogram {
	double mean;   /* noise + drift * lag * weight */
	double weight; /* mean information of a pair */
	double n;      /* pairs that this rests on */
};

static struct variogram
compare(const struct fit_grid *g, size_t lo, size_t hi, size_t lag)
{
	struct variogram v = { 0 };
	double fade = 1.0, sum = 0.0, squares = 0.0;

	for (size_t k = hi; k > lo + lag; k--, fade *= FADE) {
		const struct fit_week *a = &g->week[k - 1];
		const struct fit_week *b = &g->week[k - 1 - lag];
		double d, w;

		if (a->e <= 0.0 || b->e <= 0.0)
			continue;
		d = departure(a) - departure(b);
		w = 1.0 / (1.0 / (a->mu + 0.375) + 1.0 / (b->mu + 0.375));
		v.mean += fade * w * d * d;
		v.weight += fade * w;
		sum += fade;
		squares += fade * fade;
	}
	if (sum <= 0.0)
		return v;
	v.mean /= sum;
	v.weight /= sum;
	v.n = sum * sum / squares;
	return v;
}

/*
 * Whether departures from the fit vary clearly more than neighbours differ,
 * von Neumann's ratio (1941): a spike adds to both alike.
 */
static bool
drifts(const struct fit_grid *g, size_t lo, size_t hi,
       const struct variogram *near)
{
	double fade = 1.0, sum = 0.0, squares = 0.0;

	for (size_t k = hi; k > lo; k--, fade *= FADE) {
		const struct fit_week *week = &g->week[k - 1];
		double d = departure(week);

		if (week->e <= 0.0)
			continue;
		squares += fade * (week->mu + 0.375) * d * d;
		sum += fade;
	}
	return near->n >= MIN_WEEKS &&
	       squares > sum * near->mean * (1.0 + SURE * sqrt(3.0 / near->n));
}

/* Variance that the log level gains a week; 0 unless beyond chance. */
static double
find_drift(struct fit *f, const struct fit_grid *g, size_t lo, size_t hi)
{
	struct variogram near = compare(g, lo, hi, 1);
	struct variogram far = compare(g, lo, hi, FAR);
	double gain, drift;

	if (far.n < MIN_WEEKS - FAR)
		return 0.0;
	f->noise = near.mean;
	f->drifts = drifts(g, lo, hi, &near);
	gain = far.mean - near.mean - UNSURE * near.mean * sqrt(3.0 / far.n);
	if (gain <= 0.0)
		return 0.0;
	drift = gain / (FAR * far.weight - near.weight);
	f->noise = fmax(near.mean - drift * near.weight, 0.25 * near.mean);
	return drift;
}

/* One week of the dynamic model of West and Harrison 1997, chapter 14. */
static void
follow(struct fit *f, const struct fit_week *week, double drift)
{
	double mean, noise, off, room;

	f->level_var += drift;
	if (week->e <= 0.0)
		return;
	mean = week->mu * exp(f->level);
	noise = f->noise / fmax(mean, 0.1);
	off = (week->y - mean) / fmax(mean, 0.1);
	room = OUTLIER * sqrt(noise + f->level_var);
	off = fmin(fmax(off, -room), room);
	f->level += f->level_var / (f->level_var + noise) * off;
	f->level_var *= noise / (f->level_var + noise);
}

void
fit_set_level(struct fit *f, const struct fit_grid *g, size_t lo, size_t hi)
{
	double drift, limit = fit_least_phi(0.0, 0.0);

	f->level = f->level_var = 0.0;
	f->noise = f->phi_week;
	drift = find_drift(f, g, lo, hi);
	if (f->phi_week < limit)
		limit = f->phi_week;
	f->noise = fmax(f->noise, limit);
	if (drift <= 0.0)
		return;
	f->level_var = START_WEEKS * drift;
	for (size_t k = hi - lo > 104 ? hi - 104 : lo; k < hi; k++)
		follow(f, &g->week[k], drift);
	f->level_var += drift;
}
