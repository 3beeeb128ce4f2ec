/*
 * rnssp-switch for one new day of many series: the averages are carried from
 * day to day, so that a verdict costs one regression and no replay.
 */
#include "detectors/batch.h"

#include "detectors/cells.h"
#include "detectors/rnssp.h"

#define TILE 16 /* series turned from rows into columns at a time */
#define CELLS (RNSSP_MAX_BASELINE + 32)

/* The last n rows of some series, a column each; NaN where missing. */
static void
turn(const struct det_batch *b, size_t n, size_t first, size_t series,
     double (*column)[CELLS])
{
	for (size_t r = 0; r < n; r++) {
		const int32_t *x = b->row[b->rows - n + r] + first;

		for (size_t j = 0; j < series; j++)
			column[j][r] = x[j] < 0 ? NAN : (double)x[j];
	}
}

static struct det_verdict
judge_last(const double *p, const struct det_window *w, struct rnssp_ewma *a)
{
	struct rnssp_cells cells = { *w, w->count };
	struct det_verdict v, regression;
	double r2;

	rnssp_ewma_step(a, p, &cells, w->n - 1, &v);
	rnssp_regression_cell(p, &cells, w->n - 1, &regression, &r2);
	return r2 >= RNSSP_SWITCH_R2 ? regression : v;
}

int
det_batch_rnssp_switch(const double *p, const struct det_batch *b, int32_t day,
		       double *average, const struct det_batch_out *out)
{
	double column[TILE][CELLS];
	size_t reach = rnssp_regression_reach(p);
	struct det_window w = { .n = b->rows < reach ? b->rows : reach,
				.first_t = 1,
				.period = DET_DAY };
	struct rnssp_ewma a = { .z = { NAN, NAN } };

	if (b->rows == 0)
		return DET_ERR_WINDOW;
	w.first_day = day - (int32_t)w.n + 1;
	for (size_t s = 0; s < b->series; s++) {
		size_t left = b->series - s;
		struct det_verdict v;

		if (s % TILE == 0)
			turn(b, w.n, s, left < TILE ? left : TILE, column);
		w.count = column[s % TILE];
		a.z[0] = average[2 * s];
		a.z[1] = average[2 * s + 1];
		v = judge_last(p, &w, &a);
		average[2 * s] = a.z[0];
		average[2 * s + 1] = a.z[1];
		out->statistic[s] = v.statistic;
		out->level[s] = (uint8_t)v.level;
		if (out->p != NULL)
			out->p[s] = v.p;
	}
	return DET_OK;
}
