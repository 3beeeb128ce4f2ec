/*
 * glm-nb: a negative binomial regression on trend and season over the whole
 * past, refitted when a week closes, and the quantile it predicts.  The fit is
 * that of MASS::glm.nb(y ~ t + cos + sin ..., link = log): the coefficients
 * by Fisher scoring and the size by Newton's method, in turn.
 */
#include "detectors/cells.h"
#include "detectors/counts.h"
#include "detectors/methods.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define MAX_HARMONICS 4
#define MAX_TERMS (2 + 2 * MAX_HARMONICS)
#define MIN_REPORTS 26
#define STEPS 50
#define CONVERGED 1e-8
#define MAX_TAILS 1024
#define MAX_SIZE 1e7 /* of a series that varies no more than Poisson's */

enum { HISTORY, HARMONICS, GUARD, ALPHA };

/* A regression and where it was fitted. */
struct model {
	size_t terms;
	size_t n;
	double beta[MAX_TERMS];
	double size;
	double year;   /* days: 52 weeks where there are no dates */
	double origin; /* day where the trend is 0 */
	bool ok;
	size_t tails;		 /* used of above; 0: digamma is needed */
	double above[MAX_TAILS]; /* reports with a count above the index */
};

/* One report in a row of the work space. */
struct row {
	double y;
	double mu;
	double x[MAX_TERMS];
};

static double
day_of(const struct det_window *w, size_t i)
{
	return (double)w->first_day + (double)w->period * (double)i;
}

static void
set_terms(const struct model *m, double day, double x[MAX_TERMS])
{
	double s, c, sj, cj;

	x[0] = 1.0;
	x[1] = (day - m->origin) / m->year;
	sincos(2.0 * M_PI * day / m->year, &s, &c);
	sj = s;
	cj = c;
	for (size_t j = 2; j < m->terms; j += 2) {
		double next = sj * c + cj * s;

		x[j] = cj;
		x[j + 1] = sj;
		cj = cj * c - sj * s;
		sj = next;
	}
}

static double
predictor(const struct model *m, const double *x)
{
	double eta = 0.0;

	for (size_t j = 0; j < m->terms; j++)
		eta += m->beta[j] * x[j];
	return fmin(fmax(eta, -50.0), 50.0);
}

/* Solves a b = b in place; false where a is not positive definite. */
static bool
solve(size_t n, double a[MAX_TERMS][MAX_TERMS], double b[MAX_TERMS])
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j <= i; j++) {
			double s = a[i][j];

			for (size_t k = 0; k < j; k++)
				s -= a[i][k] * a[j][k];
			if (i == j && !(s > 1e-12 * a[i][i]))
				return false;
			a[i][j] = i == j ? sqrt(s) : s / a[j][j];
		}
		for (size_t k = 0; k < i; k++)
			b[i] -= a[i][k] * b[k];
		b[i] /= a[i][i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			b[i] -= a[k][i] * b[k];
		b[i] /= a[i][i];
	}
	return true;
}

/* One step of Fisher scoring; its largest change, or -1. */
static double
score_step(struct model *m, struct row *row)
{
	double a[MAX_TERMS][MAX_TERMS] = { { 0 } }, b[MAX_TERMS] = { 0 };
	double change = 0.0;

	for (size_t i = 0; i < m->n; i++) {
		double mu = row[i].mu, v = 1.0 + mu / m->size;

		for (size_t j = 0; j < m->terms; j++) {
			double wx = mu / v * row[i].x[j];

			b[j] += (row[i].y - mu) / v * row[i].x[j];
			for (size_t k = 0; k <= j; k++)
				a[j][k] += wx * row[i].x[k];
		}
	}
	if (!solve(m->terms, a, b))
		return -1.0;
	for (size_t j = 0; j < m->terms; j++) {
		m->beta[j] += fmin(fmax(b[j], -5.0), 5.0);
		change = fmax(change, fabs(b[j]));
	}
	for (size_t i = 0; i < m->n; i++)
		row[i].mu = exp(predictor(m, row[i].x));
	return change;
}

/*
 * Sums over the reports of digamma(k + y) - digamma(k) and of trigamma(k) -
 * trigamma(k + y): for whole counts 1 / (k + j) and its square, as often as a
 * count is above j.
 */
static void
gamma_sums(const struct model *m, const struct row *row, double *first,
	   double *second)
{
	double k = m->size;

	*first = *second = 0.0;
	for (size_t j = 0; j < m->tails; j++) {
		double inverse = 1.0 / (k + (double)j);

		*first += m->above[j] * inverse;
		*second += m->above[j] * inverse * inverse;
	}
	for (size_t i = 0; i < m->n && m->tails == 0; i++) {
		*first += digamma(k + row[i].y) - digamma(k);
		*second += trigamma(k) - trigamma(k + row[i].y);
	}
}

/* One Newton step for the size on its likelihood (Lawless 1987). */
static double
size_step(const struct model *m, const struct row *row)
{
	double k = m->size, score, info;

	gamma_sums(m, row, &score, &info);
	for (size_t i = 0; i < m->n; i++) {
		double y = row[i].y, inverse = 1.0 / (row[i].mu + k);

		score += log(k * inverse) + 1.0 - (y + k) * inverse;
		info += 2.0 * inverse - 1.0 / k - (y + k) * inverse * inverse;
	}
	if (!(info > 0.0))
		return score > 0.0 ? k : -0.5 * k;
	return fmin(fmax(score / info, -0.5 * k), 4.0 * k);
}

/* The size where the Poisson residuals' spread puts it. */
static double
first_size(const struct model *m, const struct row *row)
{
	double sum = 0.0;

	for (size_t i = 0; i < m->n; i++) {
		double r = row[i].y / row[i].mu - 1.0;

		sum += r * r - 1.0 / row[i].mu;
	}
	return sum > 0.0 ? fmin((double)m->n / sum, MAX_SIZE) : MAX_SIZE;
}

/* Counts above 0, 1, 2, ..; none where counts are not whole or too large. */
static void
set_tails(struct model *m, const struct row *row)
{
	m->tails = 0;
	for (size_t j = 0; j < MAX_TAILS; j++)
		m->above[j] = 0.0;
	for (size_t i = 0; i < m->n; i++) {
		if (row[i].y >= MAX_TAILS || row[i].y != floor(row[i].y))
			return;
	}
	m->tails = 1;
	for (size_t i = 0; i < m->n; i++) {
		size_t y = (size_t)row[i].y;

		for (size_t j = 0; j < y; j++)
			m->above[j] += 1.0;
		m->tails = y > m->tails ? y : m->tails;
	}
}

/*
 * Coefficients and size step by step in turn: their information is block
 * diagonal, so neither waits for the other.
 */
static void
fit(struct model *m, struct row *row)
{
	double total = 0.0, change = 0.0;

	for (size_t i = 0; i < m->n; i++)
		total += row[i].y;
	if (m->n < MIN_REPORTS || total <= 0.0)
		return;
	m->beta[0] = log(total / (double)m->n);
	for (size_t i = 0; i < m->n; i++)
		row[i].mu = total / (double)m->n;
	m->size = MAX_SIZE;
	for (int step = 0; step < 4 && change >= 0.0; step++)
		change = score_step(m, row);
	m->size = first_size(m, row);
	set_tails(m, row);
	for (int step = 0; step < STEPS && change >= 0.0; step++) {
		double grow = 0.0;

		change = score_step(m, row);
		if (m->size < MAX_SIZE)
			grow = size_step(m, row);
		m->size = fmin(m->size + grow, MAX_SIZE);
		m->ok = change >= 0.0;
		if (change < CONVERGED && fabs(grow) < CONVERGED * m->size)
			break;
	}
}

/* Fits the reports of cells lo..hi-1. */
static void
model_of(struct model *m, const double *p, const struct det_window *w,
	 size_t lo, size_t hi, struct row *row)
{
	*m = (struct model){ .terms = 2 + 2 * (size_t)p[HARMONICS],
			     .year = w->dated ? 365.25 : 364.0,
			     .origin = day_of(w, hi) };
	for (size_t i = lo; i < hi; i++) {
		double y = cells_count(w, i);

		if (isnan(y))
			continue;
		row[m->n].y = y;
		set_terms(m, day_of(w, i), row[m->n].x);
		m->n++;
	}
	fit(m, row);
}

static struct det_verdict
verdict(const double *p, const struct model *m, const struct det_window *w,
	size_t i)
{
	double y = cells_count(w, i), x[MAX_TERMS], mean, variance;
	struct det_verdict v;

	if (isnan(y))
		return cells_unknown(DET_REPORT_MISSING);
	if (m->n < MIN_REPORTS)
		return cells_unknown(i < MIN_REPORTS ? DET_LEARNING
						     : DET_BASELINE_MISSING);
	if (!m->ok)
		return cells_unknown(DET_DEGENERATE);
	set_terms(m, day_of(w, i), x);
	mean = exp(predictor(m, x));
	variance = mean + (m->size < MAX_SIZE ? mean * mean / m->size : 0.0);
	v.expected = mean;
	v.upper = m->size < MAX_SIZE ? qnbinom(p[ALPHA], m->size,
					       m->size / (m->size + mean), 0, 0)
				     : qpois(p[ALPHA], mean, 0, 0);
	v.p = fmin(fmax(counts_upper(y, mean, variance), 1e-300), 1 - 1e-15);
	v.statistic = qnorm(v.p, 0.0, 1.0, 0, 0);
	if (!isfinite(v.upper) || !isfinite(v.statistic))
		return cells_unknown(DET_DEGENERATE);
	v.reason = DET_JUDGED;
	v.level = y > v.upper ? DET_ALERT : DET_NORMAL;
	if (v.level == DET_NORMAL && v.p < 5.0 * p[ALPHA])
		v.level = DET_WARNING;
	return v;
}

/* Where the fit for cell i ends: guard cells back, at the end of a week. */
static size_t
fit_end(const double *p, const struct det_window *w, size_t i)
{
	size_t guard = (size_t)p[GUARD];
	size_t end = i > guard ? i - guard : 0;
	size_t into = (size_t)cells_weekday(w, end);

	return end > into ? end - into : 0;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct model m;
	size_t history = (size_t)p[HISTORY], last = SIZE_MAX;

	for (size_t i = from; i < w->n; i++) {
		size_t end = fit_end(p, w, i);

		if (end != last)
			model_of(&m, p, w, end > history ? end - history : 0,
				 end, scratch);
		last = end;
		out[i - from] = verdict(p, &m, w, i);
	}
	return DET_OK;
}

static size_t
reach(const double *p)
{
	return (size_t)p[HISTORY] + (size_t)p[GUARD] + 7;
}

static size_t
scratch_bytes(const double *p, size_t n)
{
	(void)p;
	return n * sizeof(struct row);
}

static const struct det_param params[] = {
	{ "history", "periods", 520, MIN_REPORTS, 3660, NULL,
	  "periods of the past that are fitted" },
	{ "harmonics", "", 1, 0, MAX_HARMONICS, NULL,
	  "pairs of cosine and sine a year; whole" },
	{ "guard", "periods", 0, 0, 56, NULL,
	  "periods left out before the judged one" },
	{ "alpha", "probability", 0.01, 1e-9, 0.5, NULL,
	  "one-sided level of the limit" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

const struct det_method det_glm_nb = {
	.name = "glm-nb",
	.summary = "negative binomial regression on trend and season",
	.reference = "MASS::glm.nb; Rnssp 0.3.1, alert_nbinom; Bedubourg and "
		     "Le Strat 2017, PLoS ONE 12:e0181227",
	.param = params,
	.reach = reach,
	.scratch = scratch_bytes,
	.judge = judge,
};
