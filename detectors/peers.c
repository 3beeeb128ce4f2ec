/* See peers.h. */
#include "detectors/peers.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#include "detectors/counts.h"
#include "detectors/fuse.h"

#define HALF 0.5 /* counts at f = 1, and of the mean level's prior */
#define ROUNDS 2 /* levels from effects, effects from levels */
#define ALERT_P 0.01
#define WARNING_P 0.05

/* What a peer's row expects of a level of 1; 0: no report. */
static double
exposure(const struct peers_cells *c, size_t at)
{
	if (isnan(c->count[at]))
		return 0;
	if (c->denom == NULL)
		return 1;
	return c->denom[at] > 0 ? c->denom[at] : 0;
}

static size_t
past(const struct peers_cells *c)
{
	return c->n - 1 - c->guard;
}

static bool
is_peer(const struct peers_cells *c, size_t row)
{
	size_t begin = row * c->n, reports = 0;

	for (size_t d = 0; d < past(c); d++)
		reports += exposure(c, begin + d) > 0;
	return exposure(c, begin + c->n - 1) > 0 && reports > 0 &&
	       (double)reports >= PEERS_SHARE * (double)past(c);
}

/* Level and exposure of each row, NaN and 0 of one that is no peer. */
static void
find_levels(const struct peers_cells *c, size_t rows, double *level,
	    double *weight, const double *effect)
{
	for (size_t i = 0; i < rows; i++) {
		double sum = 0;

		if (isnan(level[i]))
			continue;
		weight[i] = 0;
		for (size_t d = 0; d < past(c); d++) {
			double e = exposure(c, i * c->n + d);

			weight[i] += e * effect[d];
			sum += e > 0 ? c->count[i * c->n + d] : 0;
		}
		level[i] = sum / weight[i];
	}
}

static void
find_effects(const struct peers_cells *c, size_t rows, const double *level,
	     double *effect)
{
	double seen[PEERS_CELLS], expected[PEERS_CELLS];

	for (size_t d = 0; d < c->n; d++) {
		seen[d] = HALF;
		expected[d] = HALF;
	}
	for (size_t i = 0; i < rows; i++) {
		for (size_t d = 0; d < c->n && !isnan(level[i]); d++) {
			double e = exposure(c, i * c->n + d);

			seen[d] += e > 0 ? c->count[i * c->n + d] : 0;
			expected[d] += level[i] * e;
		}
	}
	for (size_t d = 0; d < c->n; d++)
		effect[d] = seen[d] / expected[d];
}

/* Scatter of the peers' counts about what level and effect expect. */
static void
find_scatter(const struct peers_cells *c, size_t rows, const double *level,
	     struct peers *out)
{
	double cells = 0, pearson = 0, excess = 0, squares = 0, free;

	for (size_t i = 0; i < rows; i++) {
		for (size_t d = 0; d < past(c) && level[i] > 0; d++) {
			size_t at = i * c->n + d;
			double mean = level[i] * exposure(c, at) * out->effect[d];
			double off;

			if (!(mean > 0))
				continue;
			off = (c->count[at] - mean) * (c->count[at] - mean);
			cells++;
			pearson += off / mean;
			excess += off;
			squares += mean * mean;
			excess -= mean;
		}
	}
	free = cells - (double)(out->m + past(c));
	out->scatter = 1;
	out->alpha = 0;
	if (free < 1)
		return;
	out->scatter = fmax(1, pearson / free);
	out->alpha = fmax(0, excess / squares * cells / free);
}

/* Mean and variance of a new level, from those of the peers. */
static void
find_prior(const double *level, const double *weight, size_t rows,
	   struct peers *out)
{
	double m = (double)out->m, sum = HALF, all = 0, between = 0, chance;

	for (size_t i = 0; i < rows; i++) {
		if (isnan(level[i]))
			continue;
		sum += level[i] * weight[i];
		all += weight[i];
	}
	out->mean = sum / all;
	for (size_t i = 0; i < rows; i++) {
		if (!isnan(level[i]))
			between += weight[i] * (level[i] - out->mean) *
				   (level[i] - out->mean);
	}
	chance = out->scatter * out->mean / all;
	between = fmax(0, between / all * m / (m - 1) - chance * m);
	out->variance = between * (1 + 1 / m) + chance;
}

/* How far the last effect may be off, relative to it, squared. */
static double
last_doubt(const struct peers_cells *c, size_t rows, const double *level,
	   const struct peers *p)
{
	double expected = 0, squares = 0, effect = p->effect[c->n - 1];

	for (size_t i = 0; i < rows; i++) {
		double mean = isnan(level[i])
				      ? 0
				      : level[i] * effect *
						exposure(c, i * c->n + c->n - 1);

		expected += mean;
		squares += mean * mean;
	}
	return p->scatter / (expected + HALF * effect) +
	       (expected > 0 ? p->alpha * squares / (expected * expected) : 0);
}

void
peers_learn(const struct peers_cells *of, size_t rows, double *work,
	    struct peers *out)
{
	double *level = work, *weight = work + rows;

	*out = (struct peers){ .n = of->n, .guard = of->guard };
	for (size_t i = 0; i < rows; i++) {
		bool is = is_peer(of, i);

		level[i] = is ? 1 : NAN;
		out->m += is;
	}
	if (out->m < PEERS_LEAST) {
		out->m = 0;
		return;
	}
	for (size_t d = 0; d < of->n; d++)
		out->effect[d] = 1;
	for (int k = 0; k < ROUNDS; k++) {
		find_levels(of, rows, level, weight, out->effect);
		find_effects(of, rows, level, out->effect);
	}
	find_levels(of, rows, level, weight, out->effect);
	find_scatter(of, rows, level, out);
	find_prior(level, weight, rows, out);
	out->doubt = last_doubt(of, rows, level, out);
}

/* Sum and exposure of the own reports that are past; their number. */
static size_t
own_past(const struct peers *p, const struct peers_cells *own, double *sum,
	 double *weight)
{
	size_t reports = 0;

	*sum = 0;
	*weight = 0;
	for (size_t d = 0; d + 1 < own->n; d++) {
		double e = exposure(own, d);

		if (!(e > 0))
			continue;
		if (d >= past(own) && reports >= PEERS_OWN)
			break;
		*sum += own->count[d];
		*weight += e * p->effect[d];
		reports++;
	}
	return reports;
}

/* The next count: mean, variance, and what its p is read with. */
struct forecast {
	double mean, variance, df, least_p;
};

static void
foretell(const struct peers *p, double sum, double weight, double reach,
	 struct forecast *out)
{
	double a = p->mean * p->mean / p->variance, b = p->mean / p->variance;
	double phi = p->scatter, shape = a;

	for (int k = 0; k < ROUNDS; k++) {
		shape = a + sum / phi;
		out->mean = shape / (b + weight / phi) * reach;
		phi = fmax(p->scatter, 1 + p->alpha * out->mean);
	}
	out->variance =
		phi * out->mean + out->mean * out->mean * (1 / shape + p->doubt);
}

static double
upper_p(const struct forecast *f, double count)
{
	double z = fuse_score(counts_upper(count, f->mean, f->variance));
	double p = pt(z, f->df, 0, 0);

	return fmin(fmax(p, f->least_p), 1 - f->least_p);
}

/* What is foretold of the row's last period; its own reports. */
static size_t
foretell_last(const struct peers *p, const struct peers_cells *own,
	      struct forecast *out)
{
	double sum, weight, reach = exposure(own, own->n - 1);
	size_t reports = own_past(p, own, &sum, &weight);

	foretell(p, sum, weight, reach * p->effect[own->n - 1], out);
	out->df = (double)(p->m - 1 + reports);
	out->least_p = reports == 0 ? 1 / ((double)p->m + 1) : 0;
	return reports;
}

static bool
is_known(const struct peers *p, const struct peers_cells *own)
{
	return p->m > 0 && p->n == own->n && exposure(own, own->n - 1) > 0;
}

size_t
peers_judge(const struct peers *peers, const struct peers_cells *own,
	    struct det_verdict *out)
{
	struct forecast f;
	size_t reports;

	*out = (struct det_verdict){ NAN, NAN,	       NAN,
				     NAN, DET_UNKNOWN, DET_LEARNING };
	if (!(exposure(own, own->n - 1) > 0))
		out->reason = DET_REPORT_MISSING;
	if (!is_known(peers, own))
		return 0;
	reports = foretell_last(peers, own, &f);
	out->expected = f.mean;
	out->p = upper_p(&f, own->count[own->n - 1]);
	out->statistic = fuse_score(out->p);
	out->level = out->p < ALERT_P	  ? DET_ALERT
		     : out->p < WARNING_P ? DET_WARNING
					  : DET_NORMAL;
	out->reason = DET_JUDGED;
	return reports;
}

double
peers_upper(const struct peers *peers, const struct peers_cells *own)
{
	double low = 0, high;
	struct forecast f;

	if (!is_known(peers, own))
		return NAN;
	foretell_last(peers, own, &f);
	if (f.least_p >= ALERT_P)
		return NAN;
	high = ceil(f.mean) + 1;
	while (upper_p(&f, high) >= ALERT_P) {
		if (high >= DET_MAX_COUNT)
			return NAN;
		low = high;
		high *= 2;
	}
	while (high - low > 1) {
		double mid = floor((low + high) / 2);

		if (upper_p(&f, mid) >= ALERT_P)
			low = mid;
		else
			high = mid;
	}
	return low;
}
