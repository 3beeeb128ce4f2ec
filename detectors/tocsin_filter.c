/*
 * See tocsin_filter.h.  The null distributions are simulated: the table below
 * is what bench-tocsin-null prints.
 */
#include "detectors/tocsin_filter.h"

#include <math.h>

#define MAX_ODDS 690.0

/* How outbreaks come and go, a period. */
struct chain {
	double begin; /* probability that one begins */
	double end;   /* that it ends */
	double move;  /* that it changes its size, if it goes on */
};

static const struct chain daily = { 0.01, 0.2, 0.5 };
static const struct chain weekly = { 0.02, 0.5, 0.6 };

static const struct chain *
chain_of(enum det_period period)
{
	return period == DET_DAY ? &daily : &weekly;
}

struct filter
filter_start(enum det_period period)
{
	const struct chain *c = chain_of(period);
	double on = c->begin / (c->begin + c->end);
	struct filter f;

	f.p[0] = 1.0 - on;
	for (int j = 1; j <= FILTER_SIZES; j++)
		f.p[j] = on / FILTER_SIZES;
	return f;
}

void
filter_advance(struct filter *f, enum det_period period)
{
	const struct chain *c = chain_of(period);
	double on = 0.0, enter;

	for (int j = 1; j <= FILTER_SIZES; j++)
		on += f->p[j];
	enter = (f->p[0] * c->begin + (1.0 - c->end) * c->move * on) /
		FILTER_SIZES;
	f->p[0] = f->p[0] * (1.0 - c->begin) + on * c->end;
	for (int j = 1; j <= FILTER_SIZES; j++)
		f->p[j] = f->p[j] * (1.0 - c->end) * (1.0 - c->move) + enter;
}

/*
 * Weights of no outbreak and of each size after a score, and the sum of the
 * latter: size j, of 2^(j-1) standard deviations, multiplies its by
 * exp(2^(j-1) z - 2^(2j-3)).
 */
static double
weigh(const struct filter *f, double z, double weight[FILTER_SIZES + 1])
{
	static const double half[FILTER_SIZES + 1] = {
		1,			/* exp(-0) */
		0.60653065971263342,	/* exp(-1/2) */
		0.1353352832366127,	/* exp(-2) */
		3.3546262790251185e-4,	/* exp(-8) */
		1.2664165549094176e-14, /* exp(-32) */
		2.5722093726424148e-56, /* exp(-128) */
	};
	double power = exp(z), on = 0.0;

	weight[0] = f->p[0];
	for (int j = 1; j <= FILTER_SIZES; j++, power *= power) {
		weight[j] = f->p[j] * power * half[j];
		on += weight[j];
	}
	return on;
}

void
filter_see(struct filter *f, double z)
{
	double weight[FILTER_SIZES + 1];
	double sum = weigh(f, z, weight) + f->p[0];

	for (int j = 0; j <= FILTER_SIZES; j++)
		f->p[j] = weight[j] / sum;
}

static double
bounded_log(double on, double off)
{
	if (off * exp(MAX_ODDS) <= on)
		return MAX_ODDS;
	return fmax(log(on / off), -MAX_ODDS);
}

double
filter_odds(const struct filter *f)
{
	double on = 0.0;

	for (int j = 1; j <= FILTER_SIZES; j++)
		on += f->p[j];
	return bounded_log(on, f->p[0]);
}

double
filter_score_for(const struct filter *f, double odds)
{
	double low = -30.0, high = 30.0, weight[FILTER_SIZES + 1];
	double wanted = f->p[0] * exp(odds);

	for (int i = 0; i < 40; i++) {
		double mid = 0.5 * (low + high);

		if (weigh(f, mid, weight) < wanted)
			low = mid;
		else
			high = mid;
	}
	return low;
}

#define KNOTS 26

/* Made by bench-tocsin-null 100000000: log odds reached with these
   probabilities by days and by weeks. */
static const double level[KNOTS] = { 0.999, 0.99, 0.95, 0.9,  0.8,  0.7,  0.6,
				     0.5,   0.4,  0.3,	0.2,  0.1,  0.05, 0.03,
				     0.02,  0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4,
				     1e-4,  3e-5, 1e-5, 3e-6, 1e-6 };
static const double odds_daily[KNOTS] = {
	-9.415, -8.611, -7.879, -7.478, -6.981, -6.612, -6.286, -5.972, -5.784,
	-5.360, -4.883, -4.196, -3.580, -3.146, -2.808, -2.234, -1.663, -0.909,
	-0.335, 0.236,	1.000,	1.587,	2.612,	3.552,	4.515,	5.437
};
static const double odds_weekly[KNOTS] = {
	-8.865, -8.077, -7.361, -6.972, -6.490, -6.132, -5.818, -5.515, -5.257,
	-4.880, -4.440, -3.793, -3.211, -2.803, -2.485, -1.946, -1.404, -0.672,
	-0.102, 0.486,	1.279,	1.905,	2.960,	3.909,	4.946,	5.854
};

static double
logit(double p)
{
	return log(p / (1.0 - p));
}

/* Through two neighbouring knots; the outermost reach on without end. */
static double
interpolate(double x, double x0, double x1, double y0, double y1)
{
	return y0 + (x - x0) * (y1 - y0) / (x1 - x0);
}

double
filter_p(enum det_period period, double odds)
{
	const double *at = period == DET_DAY ? odds_daily : odds_weekly;
	int k = 1;
	double y;

	while (k < KNOTS - 1 && odds > at[k])
		k++;
	y = interpolate(odds, at[k - 1], at[k], logit(level[k - 1]),
			logit(level[k]));
	return y < -650.0 ? exp(-650.0) : 1.0 / (1.0 + exp(-y));
}

double
filter_odds_at(enum det_period period, double p)
{
	const double *at = period == DET_DAY ? odds_daily : odds_weekly;
	int k = 1;

	while (k < KNOTS - 1 && p < level[k])
		k++;
	return interpolate(logit(p), logit(level[k - 1]), logit(level[k]),
			   at[k - 1], at[k]);
}
