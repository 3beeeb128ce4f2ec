/*
 * rnssp-regression: ordinary least squares on a few weeks, a trend and the
 * weekdays, forecast over a guard band; and its filter, which drops an alert
 * below the mean of the last seven counts.
 */
#include "detectors/rnssp.h"

#include "detectors/cells.h"
#include "detectors/methods.h"

#include <math.h>

#define MIN_BASELINE 11
#define TERMS 8 /* the mean of each weekday and a trend */

enum { P_BASELINE, P_GUARD };

/*
 * The fit is split as Frisch, Waugh and Lovell do: within each weekday the
 * trend is what is left after that weekday's means, so no matrix is needed
 * and any cells may be missing while each weekday has one.
 */
struct fit {
	size_t n;
	double count[7];
	double x[7]; /* mean position, by weekday */
	double y[7]; /* mean count */
	double slope;
	double rss;
	double mss;
};

static int
weekday_means(struct fit *f, const struct rnssp_cells *c, size_t begin, size_t end)
{
	int day = cells_weekday(&c->w, begin);

	for (size_t i = begin; i < end; i++, day = day == 6 ? 0 : day + 1) {
		if (isnan(c->ordinary[i]))
			continue;
		f->count[day] += 1.0;
		f->x[day] += (double)(i - begin + 1);
		f->y[day] += c->ordinary[i];
		f->n++;
	}
	for (day = 0; day < 7; day++) {
		if (f->count[day] == 0.0)
			return -1;
		f->x[day] /= f->count[day];
		f->y[day] /= f->count[day];
	}
	return f->n < MIN_BASELINE ? -1 : 0;
}

static void
residuals(struct fit *f, const struct rnssp_cells *c, size_t begin, size_t end)
{
	double sxx = 0.0, sxy = 0.0, mean = 0.0;
	int first = cells_weekday(&c->w, begin), day = first;

	for (size_t i = begin; i < end; i++, day = day == 6 ? 0 : day + 1) {
		double dx = (double)(i - begin + 1) - f->x[day];

		if (isnan(c->ordinary[i]))
			continue;
		sxx += dx * dx;
		sxy += dx * (c->ordinary[i] - f->y[day]);
	}
	f->slope = sxx > 0.0 ? sxy / sxx : 0.0;
	for (day = 0; day < 7; day++)
		mean += f->y[day] * f->count[day] / (double)f->n;
	day = first;
	for (size_t i = begin; i < end; i++, day = day == 6 ? 0 : day + 1) {
		double dx = (double)(i - begin + 1) - f->x[day];
		double fitted = f->y[day] + f->slope * dx;
		double r = c->ordinary[i] - fitted;

		if (isnan(r))
			continue;
		f->rss += r * r;
		f->mss += (fitted - mean) * (fitted - mean);
	}
}

/* 0, or -1 where the baseline has too few reports. */
static int
fit_baseline(struct fit *f, const struct rnssp_cells *c, size_t begin, size_t end)
{
	*f = (struct fit){ 0 };
	if (end - begin < MIN_BASELINE || weekday_means(f, c, begin, end) < 0)
		return -1;
	residuals(f, c, begin, end);
	return 0;
}

/* The original's, with 0 where nothing varies at all. */
static double
adjusted_r2(const struct fit *f)
{
	double total = f->rss + f->mss, n = (double)f->n;

	if (total <= 0.0)
		return 0.0;
	return 1.0 - f->rss / total * (n - 1.0) / (n - TERMS);
}

/* Mean of the last seven cells of the given step, NaN if not all reported. */
static double
mean_of_7(const struct det_window *w, size_t i, size_t step)
{
	double sum = 0.0;

	if (i < 6 * step)
		return NAN;
	for (size_t k = 0; k < 7; k++)
		sum += w->count[i - k * step];
	return sum / 7.0;
}

/* Whether the original takes a warning or an alert on cell i back. */
static int
filtered(const struct det_window *w, size_t i)
{
	if (!(w->count[i] < mean_of_7(w, i, 1)))
		return 0;
	return cells_weekday(w, i) < 5 || w->count[i] < mean_of_7(w, i, 7);
}

static double
weekday_at(const struct fit *f, int day, double ahead)
{
	return f->y[day] + f->slope * (ahead - f->x[day]);
}

/* What cell i is expected to be, by its position in the baseline. */
static double
expect(const struct fit *f, const struct rnssp_cells *c, size_t i, double ahead)
{
	double most = 0.0;

	if (!isnan(c->ordinary[i]))
		return fmax(0.0, weekday_at(f, cells_weekday(&c->w, i), ahead));
	/* Of special days the method knows nothing: the busiest weekday
	   bounds them. */
	for (int day = 0; day < 7; day++)
		most = fmax(most, weekday_at(f, day, ahead));
	return most;
}

static void
test_cell(const struct fit *f, const struct rnssp_cells *c, size_t i,
	  double ahead, struct det_verdict *v)
{
	const struct det_window *w = &c->w;
	double n = (double)f->n;
	size_t df = f->n - TERMS;
	double sigma = sqrt(f->rss / (double)df) *
		       sqrt((n + 7.0) * (n - 4.0) / (n * (n - 7.0)));
	double t;

	sigma = fmax(sigma, 0.01 / rnssp_t05(df));
	v->expected = expect(f, c, i, ahead);
	t = (w->count[i] - v->expected) / sigma;
	if (!isfinite(t)) {
		*v = cells_unknown(DET_DEGENERATE);
		return;
	}
	v->upper = v->expected + sigma * rnssp_t01(df);
	rnssp_grade(v, t, df);
	if (v->level > DET_NORMAL && filtered(w, i))
		v->level = DET_NORMAL;
}

void
rnssp_regression_cell(const double *p, const struct rnssp_cells *c, size_t i,
		      struct det_verdict *out, double *r2)
{
	size_t length = (size_t)p[P_BASELINE], guard = (size_t)p[P_GUARD];
	size_t end = i > guard ? i - guard : 0;
	size_t begin = end > length ? end - length : 0;
	struct fit f;

	*r2 = NAN;
	if (isnan(c->w.count[i])) {
		*out = cells_unknown(DET_REPORT_MISSING);
		return;
	}
	if (fit_baseline(&f, c, begin, end) < 0) {
		*out = cells_unknown(end < MIN_BASELINE ? DET_LEARNING
							: DET_BASELINE_MISSING);
		return;
	}
	*r2 = adjusted_r2(&f);
	test_cell(&f, c, i, (double)(i - begin + 1), out);
}

/* The baseline and the guard, or the same weekday six weeks back. */
size_t
rnssp_regression_reach(const double *p)
{
	size_t n = (size_t)p[P_BASELINE] + (size_t)p[P_GUARD] + 1;

	return n > 43 ? n : 43;
}

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	struct rnssp_cells cells = rnssp_reports(w, 0, w->n, scratch);
	double r2;

	for (size_t i = from; i < w->n; i++)
		rnssp_regression_cell(p, &cells, i, &out[i - from], &r2);
	return DET_OK;
}

static const struct det_param params[] = {
	{ "baseline", "periods", 28, 14, RNSSP_MAX_BASELINE, NULL,
	  "longest baseline; it grows to it from 11" },
	{ "guard", "periods", 2, 0, 28, NULL,
	  "periods between the baseline and the judged one" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

const struct det_method det_rnssp_regression = {
	.name = "rnssp-regression",
	.summary = "28-day regression on trend and weekday, as Rnssp's "
		   "alert_regression",
	.reference = "CDCgov/Rnssp 0.3.1, alert_regression",
	.param = params,
	.reach = rnssp_regression_reach,
	.scratch = rnssp_scratch,
	.judge = judge,
};
