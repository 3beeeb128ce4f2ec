/*
 * The weeks of a window: which cells tell about ordinary days, their sums and
 * what they are exposed to.  See tocsin_fit.h.
 */
#include "detectors/tocsin_fit.h"

#include "detectors/cells.h"

size_t
fit_grid_bytes(size_t n)
{
	return (n + 2) * sizeof(struct fit_week);
}

/* Cell of weekday d in week k, or -1 outside the window. */
ptrdiff_t
fit_cell_at(const struct fit_grid *g, size_t k, size_t d)
{
	ptrdiff_t i = g->first + (ptrdiff_t)(k * g->cells + d);

	return i < (ptrdiff_t)g->w->n ? i : -1;
}

/* The count of cell i if it tells about ordinary days, else NaN. */
double
fit_ordinary(const struct fit_grid *g, ptrdiff_t i)
{
	if (i < 0)
		return NAN;
	if (g->w->mark != NULL &&
	    (g->w->mark[i] & (DET_MARK_HOLIDAY | DET_MARK_PARTIAL)) != 0)
		return NAN;
	return cells_count(g->w, (size_t)i);
}

static void
init_week(struct fit_grid *g, size_t k)
{
	struct fit_week *week = &g->week[k];
	double first = (double)(g->first + (ptrdiff_t)(k * g->cells));
	double days = g->cells == 7 ? 1.0 : 7.0;

	*week = (struct fit_week){ .weight = 1.0 };
	week->mid = (double)g->w->first_day + first * days + 3.0;
	for (size_t d = 0; d < g->cells; d++)
		week->sum += fit_ordinary(g, fit_cell_at(g, k, d));
	week->whole = !isnan(week->sum);
	week->x[0] = 1.0;
	sincos(2.0 * M_PI * week->mid / g->year, &week->x[2], &week->x[3]);
	week->x[4] = 2.0 * week->x[2] * week->x[3];
	week->x[5] = 1.0 - 2.0 * week->x[2] * week->x[2];
}

void
fit_grid_init(struct fit_grid *g, const struct det_window *w, void *room)
{
	size_t before = w->period == DET_DAY ? (size_t)cells_weekday(w, 0) : 0;

	g->w = w;
	g->week = room;
	g->cells = w->period == DET_DAY ? 7 : 1;
	g->year = w->dated ? 365.25 : 364.0;
	g->first = -(ptrdiff_t)before;
	g->begin = g->end = 0;
}

void
fit_grid_sum(struct fit_grid *g, size_t lo, size_t hi)
{
	if (g->begin == g->end)
		g->begin = g->end = lo;
	while (g->begin > lo)
		init_week(g, --g->begin);
	while (g->end < hi)
		init_week(g, g->end++);
}

int64_t
fit_grid_day(const struct fit_grid *g, size_t k)
{
	int64_t i = (int64_t)g->first + (int64_t)(k * g->cells);

	return g->w->first_day + i * (int64_t)g->w->period;
}

size_t
fit_grid_week(const struct fit_grid *g, size_t i)
{
	return (size_t)((ptrdiff_t)i - g->first) / g->cells;
}

/* A cell's exposure: 1, or its denominator over the mean one; NaN if none. */
double
fit_exposure(const struct fit *f, const struct fit_grid *g, size_t i)
{
	return f->denom ? g->w->denom[i] / f->scale : 1.0;
}

/* Denominators are used where nine reports of ten have one. */
void
fit_find_denominators(struct fit *f, const struct fit_grid *g, size_t lo,
		      size_t hi)
{
	size_t reports = 0, with = 0;

	f->denom = false;
	f->scale = 0.0;
	for (size_t j = lo * g->cells; g->w->denom && j < hi * g->cells; j++) {
		ptrdiff_t i = fit_cell_at(g, 0, j);

		if (isnan(fit_ordinary(g, i)))
			continue;
		reports++;
		if (isnan(g->w->denom[i]))
			continue;
		with++;
		f->scale += g->w->denom[i];
	}
	if (with > 0)
		f->scale /= (double)with;
	f->denom = with > 0 && with * 10 >= reports * 9;
}

/* Change of the log mean a day, in the middle of a week. */
static double
slope(const struct fit *f, const struct fit_grid *g, const struct fit_week *week)
{
	const double *b = f->beta, *x = week->x;

	return (b[1] + 2.0 * M_PI *
			       (b[2] * x[3] - b[3] * x[2] +
				2.0 * (b[4] * x[5] - b[5] * x[4]))) /
	       g->year;
}

/* A week's counts and the expected cells they amount to. */
static void
expose_week(struct fit *f, struct fit_grid *g, size_t k)
{
	struct fit_week *week = &g->week[k];

	week->e = week->y = 0.0;
	for (size_t d = 0; d < g->cells; d++) {
		ptrdiff_t i = fit_cell_at(g, k, d);
		double y = fit_ordinary(g, i), e;

		if (isnan(y) || isnan(e = fit_exposure(f, g, (size_t)i)))
			continue;
		week->e += f->share[d] * e * fit_rise(week->rise, d);
		week->y += y;
		f->reports++;
	}
}

void
fit_expose(struct fit *f, struct fit_grid *g, size_t lo, size_t hi)
{
	double moment[3] = { 0, 0, 0 };

	for (size_t d = 0; d < g->cells; d++) {
		double off = (double)d - 3.0;

		moment[0] += f->share[d];
		moment[1] += f->share[d] * off;
		moment[2] += f->share[d] * off * off * 0.5;
	}
	f->reports = 0;
	for (size_t k = lo; k < hi; k++) {
		struct fit_week *week = &g->week[k];
		double r = g->cells == 7 ? slope(f, g, week) : 0.0;

		week->rise = r;
		if (!week->whole || f->denom) {
			expose_week(f, g, k);
			continue;
		}
		week->e = moment[0] + r * (moment[1] + r * moment[2]);
		week->y = week->sum;
		f->reports += g->cells;
	}
}
