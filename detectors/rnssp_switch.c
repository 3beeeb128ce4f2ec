/*
 * rnssp-switch: rnssp-regression where it explains the baseline (adjusted R
 * squared of .60 or more), rnssp-ewma elsewhere.  NSSP-ESSENCE's default.
 */
#include "detectors/rnssp.h"

#include "detectors/cells.h"
#include "detectors/methods.h"

static size_t
reach(const double *p)
{
	(void)p;
	return DET_REACH_ALL;
}

static size_t
behind(const double *p, const void *state, size_t i)
{
	size_t n = rnssp_regression_reach(p) - 1;

	(void)state;
	return n < i ? n : i;
}

static void
walk(const double *p, const struct det_window *w, const struct det_walk *k)
{
	size_t lo = k->begin - behind(p, k->state, k->begin);
	struct rnssp_cells cells = rnssp_reports(w, lo, k->end, k->scratch);

	rnssp_ewma_walk(p, &cells, k);
	for (size_t i = k->begin; i < k->end && k->out != NULL; i++) {
		struct det_verdict v;
		double r2;

		rnssp_regression_cell(p, &cells, i, &v, &r2);
		if (r2 >= RNSSP_SWITCH_R2)
			k->out[i - k->begin] = v;
	}
}

static size_t
memory(const double *p)
{
	size_t ewma = rnssp_ewma_memory(p);
	size_t regression = rnssp_regression_reach(p);

	return ewma > regression ? ewma : regression;
}

static const struct det_carry carry = { RNSSP_CARRIED, behind, walk, memory };

static int
judge(const double *p, const struct det_window *w, size_t from, void *scratch,
      struct det_verdict *out)
{
	double z[2];
	struct det_walk k = { .state = z, .scratch = scratch, .out = out };

	return cells_walk(&carry, p, w, from, &k);
}

static const struct det_param params[] = {
	{ "baseline", "periods", 28, 14, RNSSP_MAX_BASELINE, NULL,
	  "longest baseline of either part" },
	{ "guard", "periods", 2, 0, 28, NULL,
	  "periods between the baseline and the judged one" },
	{ "w1", "", 0.4, 0.05, 1, NULL, "weight of today, gradual events" },
	{ "w2", "", 0.9, 0.05, 1, NULL, "weight of today, sudden events" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL },
};

const struct det_method det_rnssp_switch = {
	.name = "rnssp-switch",
	.summary = "regression where it fits, else EWMA, as Rnssp's "
		   "alert_switch",
	.reference = "CDCgov/Rnssp 0.3.1, alert_switch",
	.param = params,
	.reach = reach,
	.scratch = rnssp_scratch,
	.judge = judge,
	.carry = &carry,
};
