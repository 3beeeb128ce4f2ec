/*
 * rnssp-ewma: two exponentially weighted averages of the counts, a slow one
 * for gradual and a fast one for sudden events, each against the mean of a
 * baseline that ends a guard band ago.
 */
#include "detectors/rnssp.h"

#include "detectors/cells.h"
#include "detectors/methods.h"

#include <math.h>
#include <string.h>

#define MIN_BASELINE 7

enum { P_BASELINE, P_GUARD, P_W1, P_W2 };

struct baseline {
	size_t n;
	double mean;
	double sd;
};

/* x^n by squaring: several times as fast as pow(). */
static double
power(double x, size_t n)
{
	double y = 1.0;

	for (; n > 0; n /= 2, x *= x) {
		if (n % 2 == 1)
			y *= x;
	}
	return y;
}

static void
set_scale(struct rnssp_scale *s, const double *p, size_t n)
{
	double t = rnssp_t05(n - 1);
	size_t guard = (size_t)p[P_GUARD];

	if (s->n == n)
		return;
	s->n = n;
	s->cap = rnssp_t01(n - 1);
	for (int k = 0; k < 2; k++) {
		double w = p[P_W1 + k], v = 1.0 - w, m = (double)n;

		s->factor[k] =
			sqrt(w / (2.0 - w) + 1.0 / m -
			     2.0 * power(v, guard + 1) * (1.0 - power(v, n)) / m);
		s->add[k] = w / t *
			    (0.1289 - (0.2414 - 0.1826 * v * v * v * v) *
					      log(10.0 * 0.05));
		s->floor[k] = w / t * (0.01 + 0.05 * v * v);
	}
}

/* Reports among n cells, their mean and the sum of their squared deviations. */
static void
with_holes(struct baseline *b, const double *x, size_t n, double *ss)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			continue;
		sum += x[i];
		b->n++;
	}
	b->mean = sum / (double)b->n;
	for (size_t i = 0; i < n; i++) {
		double d = x[i] - b->mean;

		if (!isnan(d))
			*ss += d * d;
	}
}

/* A baseline without holes, by four sums that do not wait for each other. */
static struct baseline
baseline_of(const double *x, size_t n)
{
	struct baseline b = { n, 0.0, 0.0 };
	double s[4] = { 0, 0, 0, 0 }, ss = 0.0;
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		for (size_t k = 0; k < 4; k++)
			s[k] += x[i + k];
	}
	for (; i < n; i++)
		s[0] += x[i];
	b.mean = (s[0] + s[1] + (s[2] + s[3])) / (double)n;
	if (isnan(b.mean)) {
		b.n = 0;
		with_holes(&b, x, n, &ss);
	} else {
		memset(s, 0, sizeof(s));
		for (i = 0; i + 4 <= n; i += 4) {
			for (size_t k = 0; k < 4; k++)
				s[k] += (x[i + k] - b.mean) * (x[i + k] - b.mean);
		}
		for (; i < n; i++)
			s[0] += (x[i] - b.mean) * (x[i] - b.mean);
		ss = s[0] + s[1] + (s[2] + s[3]);
	}
	if (b.n >= MIN_BASELINE)
		b.sd = sqrt(ss / (double)(b.n - 1));
	return b;
}

/*
 * The original takes the weight with the smaller 1 - pt(T), the second at a
 * tie; in the far tail both are 0 there, which is a tie.
 */
static int
smaller_p(const double t[2], size_t df)
{
	double p0, p1;

	if (!(t[0] > t[1]))
		return 1;
	p1 = rnssp_t_upper(t[1], df);
	if (p1 > 1e-13)
		return 0;
	p0 = rnssp_t_upper(t[0], df);
	return 1.0 - (1.0 - p0) < 1.0 - (1.0 - p1) ? 0 : 1;
}

/* Adds one reported count; the averages begin with the first. */
static void
smooth(struct rnssp_ewma *a, const double *p, double x)
{
	for (int k = 0; k < 2; k++) {
		double w = p[P_W1 + k];

		a->before[k] = a->z[k];
		a->z[k] = isnan(a->z[k]) ? x : w * x + (1.0 - w) * a->z[k];
	}
}

/* The count at which the larger of the two statistics reaches the limit. */
static double
upper_count(const struct rnssp_ewma *a, const double *p, double mean,
	    const double limit[2])
{
	double upper = INFINITY;

	for (int k = 0; k < 2; k++) {
		double w = p[P_W1 + k];

		upper = fmin(upper,
			     (mean + limit[k] - (1.0 - w) * a->before[k]) / w);
	}
	return fmax(upper, 0.0);
}

/*
 * Tests a reported cell against its baseline and winds the averages back
 * where they went beyond the limit.  v NULL: only the latter.
 */
static void
test_cell(struct rnssp_ewma *a, const double *p, const struct baseline *b,
	  struct det_verdict *v)
{
	const struct rnssp_scale *s = &a->scale;
	double limit[2], t[2];

	for (int k = 0; k < 2; k++) {
		double sigma =
			fmax(s->floor[k], b->sd * s->factor[k] + s->add[k]);

		limit[k] = s->cap * sigma;
		t[k] = (a->z[k] - b->mean) / sigma;
		if (fabs(t[k]) > s->cap)
			a->z[k] = b->mean + copysign(limit[k], t[k]);
	}
	if (v == NULL)
		return;
	if (!isfinite(t[0]) || !isfinite(t[1])) {
		*v = cells_unknown(DET_DEGENERATE);
		return;
	}
	v->expected = b->mean;
	v->upper = upper_count(a, p, b->mean, limit);
	rnssp_grade(v, t[smaller_p(t, b->n - 1)], b->n - 1);
}

void
rnssp_ewma_step(struct rnssp_ewma *a, const double *p,
		const struct rnssp_cells *c, size_t i, struct det_verdict *v)
{
	size_t length = (size_t)p[P_BASELINE], guard = (size_t)p[P_GUARD];
	size_t end = i > guard ? i - guard : 0;
	size_t begin = end > length ? end - length : 0;
	double x = c->w.count[i], z[2] = { a->z[0], a->z[1] };
	enum det_reason why =
		end < MIN_BASELINE ? DET_LEARNING : DET_BASELINE_MISSING;
	struct baseline b;

	if (v != NULL)
		*v = cells_unknown(isnan(x) ? DET_REPORT_MISSING : why);
	if (isnan(x))
		return;
	smooth(a, p, x);
	b = baseline_of(c->ordinary + begin, end - begin);
	if (b.n >= MIN_BASELINE) {
		set_scale(&a->scale, p, b.n);
		test_cell(a, p, &b, v);
	}
	if (isnan(c->ordinary[i])) {
		a->z[0] = z[0];
		a->z[1] = z[1];
	}
}

void
rnssp_ewma_walk(const double *p, const struct rnssp_cells *c,
		const struct det_walk *k)
{
	struct rnssp_ewma a = { .z = { NAN, NAN } };
	double *z = k->state;

	for (int j = 0; j < 2 && k->begin > 0; j++)
		a.z[j] = z[j];
	for (size_t i = k->begin; i < k->end; i++)
		rnssp_ewma_step(&a, p, c, i,
				k->out == NULL ? NULL : &k->out[i - k->begin]);
	for (int j = 0; j < 2; j++)
		z[j] = a.z[j];
}

static size_t
reach(const double *p)
{
	(void)p;
	return DET_REACH_ALL;
}

static size_t
behind(const double *p, const void *state, size_t i)
{
	size_t n = (size_t)p[P_BASELINE] + (size_t)p[P_GUARD];

	(void)state;
	return n < i ? n : i;
}

static void
walk(const double *p, const struct det_window *w, const struct det_walk *k)
{
	size_t lo = k->begin - behind(p, k->state, k->begin);
	struct rnssp_cells cells = rnssp_reports(w, lo, k->end, k->scratch);

	rnssp_ewma_walk(p, &cells, k);
}

size_t
rnssp_ewma_memory(const double *p)
{
	double slow = 1.0 - fmin(p[P_W1], p[P_W2]);
	double n = slow > 0.0 ? ceil(log(0x1p-53) / log(slow)) : 1.0;

	return (size_t)(p[P_BASELINE] + p[P_GUARD] + n);
}

static const struct det_carry carry = { RNSSP_CARRIED, behind, walk,
					rnssp_ewma_memory };

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	double z[2];
	struct det_walk k = { .state = z, .scratch = scratch, .out = out };

	return cells_walk(&carry, p, w, from, &k);
}

static const struct det_param params[] = {
	{ "baseline", "periods", 28, 7, RNSSP_MAX_BASELINE, NULL,
	  "longest baseline; it grows to it from 7" },
	{ "guard", "periods", 2, 0, 28, NULL,
	  "periods between the baseline and the judged one" },
	{ "w1", "", 0.4, 0.05, 1, NULL, "weight of today, gradual events" },
	{ "w2", "", 0.9, 0.05, 1, NULL, "weight of today, sudden events" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

const struct det_method det_rnssp_ewma = {
	.name = "rnssp-ewma",
	.summary = "two EWMAs against a 28-day baseline, as Rnssp's alert_ewma",
	.reference = "CDCgov/Rnssp 0.3.1, alert_ewma",
	.param = params,
	.reach = reach,
	.scratch = rnssp_scratch,
	.judge = judge,
	.carry = &carry,
};
