/*
 * See designs.h.  Counts are negative binomial with variance phi * mean and
 * independent given the mean, as the authors' code draws them.
 */
#include "tests/bench/designs.h"

#include <math.h>

#include "tests/bench/rng.h"

#define WEEKS 624
#define WEEKS_TEST 575	   /* weeks 576..624, counted from 1 */
#define WEEKS_BASELINE 312 /* past outbreaks begin after it */
#define PAST_OUTBREAKS 4
#define DAYS (7 * 52 * 7)
#define DAYS_TESTED (49 * 7)
#define MONDAY 11323 /* 2001-01-01 */

const struct design design_weekly = { "weekly", DET_WEEK, 42, 10 };
const struct design design_daily = { "daily", DET_DAY, 16, 4 };

/* Noufaily 2013, table of baseline parameters; rows of m = 2 follow. */
static const struct {
	double theta, phi, beta, g1, g2;
} weekly[7] = {
	{ 0.1, 1.5, 0.0025, 0.6, 0.6 }, { -2, 2, 0.005, 0.1, 0.3 },
	{ 1.5, 1, 0.003, 0.2, -0.4 },	{ 0.5, 5, 0.002, 0.5, 0.5 },
	{ 2.5, 3, 0.001, 1, 0.1 },	{ 3.75, 1.1, 0.001, 0.1, -0.1 },
	{ 5, 1.2, 0.0001, 0.05, 0.01 },
};

/* Noufaily 2019, the authors' simulation script, signals 1 and 3 to 17. */
static const struct {
	int days, k, k2;
	double alpha, beta, g1, g2, g3, g4, phi, shift, div;
} daily[16] = {
	{ 7, 1, 2, 6, 0, .2, .2, .5, .4, 2, 29, 1 },
	{ 7, 1, 2, .5, 0, 1.5, 1.4, .5, .4, 1, -167, 1 },
	{ 7, 0, 2, 5.5, 0, 0, 0, .3, .25, 1, 1, 1 },
	{ 7, 0, 2, 2, 0, 0, 0, .3, .25, 1, 1, 1 },
	{ 5, 1, 1, 6, 0, .3, 2, .3, .5, 1.5, -50, 10 },
	{ 5, 1, 1, 1, 0, .1, 2, .05, .05, 1, -50, 1 },
	{ 5, 0, 1, 6, .0001, 0, 0, .6, .9, 1.5, 0, 10 },
	{ 5, 1, 1, 3, 0, 1.5, .1, .2, .3, 1, -150, 1 },
	{ 5, 1, 1, 3, 0, .2, .1, .05, .15, 1, -200, 1 },
	{ 5, 1, 1, 5, 0, .2, .1, .05, .1, 1, 0, 1 },
	{ 5, 2, 1, .5, 0, .4, 0, .05, .15, 1, 0, 1 },
	{ 5, 1, 1, 9, 0, .5, .2, .2, .5, 1, 0, 100 },
	{ 7, 1, 2, 2, .0005, .8, .8, .8, .4, 4, 57, 1 },
	{ 7, 4, 1, .05, 0, .01, .01, 1.8, .1, 1, -85, 1 },
	{ 7, 1, 2, 3, 0, .8, .6, .8, .4, 4, 29, 1 },
	{ 7, 0, 2, 6, 0, 0, 0, .8, .4, 4, 1, 1 },
};

/* Sum of the first n harmonics, all with the same two coefficients. */
static double
harmonics(int n, double t, double period, double cosine, double sine)
{
	double sum = 0.0;

	for (int j = 1; j <= n; j++) {
		double a = 2.0 * M_PI * j * t / period;

		sum += cosine * cos(a) + sine * sin(a);
	}
	return sum;
}

static double
outbreak_size(struct rng *r, double sd, double k)
{
	double size;

	do
		size = rng_poisson(r, k * sd);
	while (size < 2.0);
	return size;
}

/* One weekly outbreak of k standard deviations; label: is it the scored one */
static void
add_weekly(struct rng *r, struct design_series *s, size_t start, double k,
	   int label)
{
	double size;

	if (k <= 0.0)
		return;
	size = outbreak_size(r, sqrt(s->phi * s->mean[start]), k);
	for (double c = 0.0; c < size; c += 1.0) {
		size_t i = start + (size_t)exp(0.5 * rng_normal(r));

		if (i >= s->n)
			continue;
		s->count[i] += 1.0;
		if (label)
			s->outbreak[i] = 1;
	}
}

static void
make_weekly(struct rng *r, struct design_series *s, double size)
{
	static const double past[] = { 0, 2, 3, 5, 10 };
	int row = s->scenario / 6, m = s->scenario % 3;
	double trend = s->scenario / 3 % 2 ? weekly[row].beta : 0.0;
	double k1 = past[rng_below(r, 5)];

	s->n = WEEKS;
	s->test = WEEKS_TEST;
	s->phi = weekly[row].phi;
	s->div = 1.0;
	s->k = size;
	for (size_t i = 0; i < s->n; i++) {
		double t = (double)(i + 1);

		s->mean[i] = exp(
			weekly[row].theta + trend * t +
			harmonics(m, t, 52.0, weekly[row].g1, weekly[row].g2));
		s->count[i] = rng_negbin(r, s->mean[i], s->phi);
		s->outbreak[i] = 0;
	}
	for (int j = 0; j < PAST_OUTBREAKS; j++)
		add_weekly(r, s,
			   WEEKS_BASELINE +
				   rng_below(r, WEEKS_TEST - WEEKS_BASELINE),
			   k1, 0);
	add_weekly(r, s, WEEKS_TEST + rng_below(r, WEEKS - WEEKS_TEST), size, 1);
}

/* Cell of working day b (from 0) in a series of all days. */
static size_t
cell_of(int days, size_t b)
{
	return days == 7 ? b : b / 5 * 7 + b % 5;
}

/*
 * Lognormal cases in bins of a quarter, one bin a day, weighted by weekday;
 * cases of a half are rounded as R rounds.
 */
static void
add_daily(struct rng *r, struct design_series *s, int days, double size)
{
	static const double weight5[5] = { 1.1, 1.5, 1.1, 1, 1 };
	static const double weight7[7] = { 2, 1, 1, 1, 1, 1, 2 };
	const double *weight = days == 7 ? weight7 : weight5;
	size_t working = (size_t)(DAYS / 7 * days);
	size_t tested = (size_t)(DAYS_TESTED / 7 * days);
	size_t start = working - tested + rng_below(r, tested);
	double sd = sqrt(s->mean[cell_of(days, start)] * s->phi);
	double cases[128] = { 0 };
	double left = outbreak_size(r, sd, size * days);

	for (; left > 0.0; left -= 1.0) {
		size_t bin = (size_t)(exp(0.5 * rng_normal(r)) / 0.25);

		if (bin < 128)
			cases[bin] += 1.0;
	}
	for (size_t bin = 0; bin < 128 && start + bin < working; bin++) {
		size_t b = start + bin, i = cell_of(days, b);
		double x = cases[bin] * weight[(b + 1) % (size_t)days];

		s->count[i] += x;
		s->outbreak[i] = rint(x) > 0.0;
	}
}

static void
make_daily(struct rng *r, struct design_series *s, double size)
{
	int g = s->scenario, days = daily[g].days;
	size_t working = (size_t)(DAYS / 7 * days);

	s->n = DAYS;
	s->test = DAYS - DAYS_TESTED;
	s->phi = daily[g].phi;
	s->div = daily[g].div;
	s->k = size;
	for (size_t i = 0; i < s->n; i++) {
		s->mean[i] = s->count[i] = 0.0;
		s->outbreak[i] = 0;
	}
	for (size_t b = 0; b < working; b++) {
		double t = (double)(b + 1) + daily[g].shift;
		size_t i = cell_of(days, b);

		s->mean[i] = exp(daily[g].alpha + daily[g].beta * t +
				 harmonics(daily[g].k, t, 52.0 * days,
					   daily[g].g1, daily[g].g2) +
				 harmonics(daily[g].k2, t, days, daily[g].g3,
					   daily[g].g4));
		s->count[i] = rng_negbin(r, s->mean[i], s->phi) / s->div;
	}
	add_daily(r, s, days, size);
	for (size_t i = 0; i < s->n; i++)
		s->count[i] = rint(s->count[i]);
}

void
design_make(const struct design *d, uint64_t seed, size_t i,
	    struct design_series *out)
{
	static const double k_daily[4] = { 2, 3, 5, 10 };
	size_t scenario = i % (size_t)d->scenarios;
	size_t k = i / (size_t)d->scenarios % (size_t)d->sizes;
	struct rng r;

	rng_seed(&r, seed ^ ((uint64_t)i + 1) * 0xd1342543de82ef95u ^
			     (uint64_t)d->period << 56);
	out->scenario = (int)scenario;
	if (d->period == DET_WEEK)
		make_weekly(&r, out, (double)(k + 1));
	else
		make_daily(&r, out, k_daily[k]);
}

struct det_window
design_window(const struct design *d, const struct design_series *s)
{
	return (struct det_window){ .count = s->count,
				    .n = s->n,
				    .first_t = 1,
				    .first_day = MONDAY,
				    .period = d->period };
}
