/*
 * What the original and the improved Farrington method share.
 */
#include "detectors/farrington.h"

#include <math.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* R's limit54: fewer cases in so many periods are never an alarm. */
#define ENOUGH_CASES 5
#define ENOUGH_PERIODS 4

/* Counts below this have what they start from remembered within a call. */
#define MEMO 256

const char *const farrington_powers[] = { "2/3", "1/2", "none", NULL };

double
farrington_exponent(double choice)
{
	static const double exponent[] = { 2.0 / 3, 1.0 / 2, 1 };

	return exponent[(size_t)choice];
}

size_t
farrington_bytes(size_t n, size_t runs)
{
	return 8 * n * sizeof(double) + runs * sizeof(struct quasi_run);
}

/* What small counts start from, filled in as they come up. */
struct memo {
	struct quasi_start of[MEMO];
	bool known[MEMO];
};

static struct quasi_start
remember(struct memo *memo, double y)
{
	size_t m;

	if (y >= MEMO || y != floor(y))
		return quasi_start(y);
	m = (size_t)y;
	if (!memo->known[m])
		memo->of[m] = quasi_start(y);
	memo->known[m] = true;
	return memo->of[m];
}

static void
read_cell(struct farrington *k, size_t i, double y, struct memo *memo)
{
	bool report = !isnan(y);
	struct quasi_start start;

	k->report[i] = report ? 1 : 0;
	k->y[i] = report ? y : 0;
	start = remember(memo, k->y[i]);
	k->y_log_y[i] = start.y_log_y;
	k->start_z[i] = start.z;
	k->start_dev[i] = start.dev;
}

void
farrington_init(struct farrington *k, const struct det_window *w, size_t lo,
		void *scratch)
{
	double *cells = scratch;
	struct memo memo;

	memset(memo.known, 0, sizeof(memo.known));
	k->y = cells;
	k->y_log_y = k->y + w->n;
	k->start_z = k->y_log_y + w->n;
	k->start_dev = k->start_z + w->n;
	k->weight = k->start_dev + w->n;
	k->fit.rise = k->weight + w->n;
	k->fit.old_rise = k->fit.rise + w->n;
	k->report = k->fit.old_rise + w->n;
	k->run = (struct quasi_run *)(k->report + w->n);
	k->data = (struct quasi_data){
		.y = k->y,
		.y_log_y = k->y_log_y,
		.start_z = k->start_z,
		.start_dev = k->start_dev,
		.weight = k->weight,
		.run = k->run,
	};
	for (size_t i = lo; i < w->n; i++)
		read_cell(k, i, cells_count(w, i), &memo);
}

static void
reset_weights(struct farrington *k)
{
	double n = 0;
	double largest = 0;

	for (size_t r = 0; r < k->data.runs; r++) {
		size_t end = k->run[r].first + k->run[r].n;

		for (size_t j = k->run[r].first; j < end; j++) {
			k->weight[j] = k->report[j];
			n += k->report[j];
			largest = k->y[j] > largest ? k->y[j] : largest;
		}
	}
	k->data.n = n;
	k->data.largest = largest;
}

bool
farrington_fit(struct farrington *k, bool trend, double threshold, bool lenient)
{
	reset_weights(k);
	quasi_fit(&k->data, trend, &k->fit);
	if (!k->fit.converged && trend) {
		trend = false;
		quasi_fit(&k->data, trend, &k->fit);
	}
	if (!k->fit.finite || !(k->fit.converged || lenient))
		return false;
	k->phi = fmax(1, k->fit.phi);
	if (!quasi_reweight(&k->data, &k->fit, k->phi, threshold))
		return true;
	quasi_fit(&k->data, trend, &k->fit);
	k->phi = fmax(1, k->fit.phi);
	return k->fit.finite;
}

bool
farrington_trend_stays(const struct farrington *k, double dispersion,
		       double p_trend, size_t group)
{
	if (exp(k->fit.level[group]) > k->data.largest)
		return false;
	return p_trend >= 1 || quasi_trend_p(&k->fit, dispersion) < p_trend;
}

bool
farrington_enough_cases(const struct det_window *w, size_t i)
{
	size_t lo = i + 1 > ENOUGH_PERIODS ? i + 1 - ENOUGH_PERIODS : 0;
	double sum = 0;

	for (size_t j = lo; j <= i; j++) {
		double x = cells_count(w, j);

		if (!isnan(x))
			sum += x;
	}
	return sum >= ENOUGH_CASES;
}

struct farrington_limit
farrington_power_limit(double y, double mu, double tau, double z, double exponent)
{
	struct farrington_limit limit;
	double mean = pow(mu, exponent);
	double se = exponent * pow(mu, exponent - 0.5) * sqrt(tau);

	limit.upper = pow(mean + z * se, 1 / exponent);
	limit.p = pnorm(pow(y, exponent), mean, se, 0, 0);
	return limit;
}
