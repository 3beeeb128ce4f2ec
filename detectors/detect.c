/*
 * The table of methods and what all of them share: finding one by name and
 * reading its parameters from text.
 */
#include "detectors/detect.h"

#include "detectors/cells.h"
#include "detectors/methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the manual. */
static const struct det_method *const methods[] = {
	/* CDC and JHU/APL */
	&det_ears_c1,
	&det_ears_c2,
	&det_ears_c3,
	&det_w2,
	&det_cusum,
	&det_ewma_jhu,
	&det_holt_winters,

	/* R surveillance */
	&det_r_ears_c1,
	&det_r_ears_c2,
	&det_r_ears_c3,
	&det_r_cusum,
	&det_r_lr,
	&det_r_glr,
	&det_r_farrington,
	&det_r_farrington_flexible,
	&det_r_bayes1,
	&det_r_bayes2,
	&det_r_bayes3,
	&det_r_rki1,
	&det_r_rki2,
	&det_r_rki3,
	&det_r_cdc,

	/* Rnssp */
	&det_rnssp_ewma,
	&det_rnssp_regression,
	&det_rnssp_switch,

	/* weekly, sparse and special series */
	&det_glm_nb,
	&det_nb_cusum,
	&det_poisson_cusum,
	&det_fixed,
	&det_percentile,
	&det_drop,

	/* ours */
	&det_tocsin,

	NULL,
};

const struct det_method *
det_at(size_t i)
{
	return i < sizeof(methods) / sizeof(methods[0]) ? methods[i] : NULL;
}

const struct det_method *
det_find(const char *name)
{
	for (size_t i = 0; methods[i] != NULL; i++) {
		if (strcmp(methods[i]->name, name) == 0)
			return methods[i];
	}
	return NULL;
}

size_t
det_params_default(const struct det_method *m, double p[DET_MAX_PARAMS])
{
	size_t n = 0;

	for (; m->param[n].name != NULL; n++)
		p[n] = m->param[n].def;
	return n;
}

bool
det_param_whole(const struct det_param *param)
{
	return strcmp(param->unit, "periods") == 0 ||
	       strcmp(param->unit, "years") == 0 ||
	       strcmp(param->unit, "cases") == 0;
}

static int
parse_choice(const struct det_param *param, const char *value, double *out)
{
	for (size_t i = 0; param->choices[i] != NULL; i++) {
		if (strcmp(param->choices[i], value) == 0) {
			*out = (double)i;
			return DET_OK;
		}
	}
	return DET_ERR_CHOICE;
}

static int
parse_number(const struct det_param *param, const char *value, double *out)
{
	char *end;
	double x = strtod(value, &end);

	if (end == value || *end != '\0' || !isfinite(x))
		return DET_ERR_RANGE;
	if (x < param->min || x > param->max)
		return DET_ERR_RANGE;
	if (det_param_whole(param) && x != floor(x))
		return DET_ERR_RANGE;
	*out = x;
	return DET_OK;
}

int
det_params_set(const struct det_method *m, double p[DET_MAX_PARAMS],
	       const char *name, const char *value)
{
	for (size_t i = 0; m->param[i].name != NULL; i++) {
		const struct det_param *param = &m->param[i];

		if (strcmp(param->name, name) != 0)
			continue;
		if (param->choices != NULL)
			return parse_choice(param, value, &p[i]);
		return parse_number(param, value, &p[i]);
	}
	return DET_ERR_PARAM;
}

int
det_judge(const struct det_method *m, const double *p, const struct det_window *w,
	  size_t from, void *scratch, struct det_verdict *out)
{
	if (from > w->n || !cells_ok(w, 0, w->n))
		return DET_ERR_WINDOW;
	if (from == w->n)
		return DET_OK;
	if (m->judge(p, w, from, scratch, out) != DET_OK)
		return DET_ERR_WINDOW;
	cells_clamp(out, w->n - from);
	return DET_OK;
}

const char *
det_strerror(int err)
{
	switch ((enum det_error)err) {
	case DET_OK:
		return "no error";
	case DET_ERR_PARAM:
		return "the method has no such parameter";
	case DET_ERR_RANGE:
		return "not a number in the parameter's range";
	case DET_ERR_CHOICE:
		return "not one of the parameter's choices";
	case DET_ERR_METHOD:
		return "no such method";
	case DET_ERR_WINDOW:
		return "the window breaks its contract";
	}
	return "unknown error";
}

const char *
det_level_str(enum det_level level)
{
	static const char *const name[] = {
		[DET_UNKNOWN] = "unknown",
		[DET_NORMAL] = "normal",
		[DET_WARNING] = "warning",
		[DET_ALERT] = "alert",
	};

	return name[level];
}

const char *
det_reason_str(enum det_reason reason)
{
	static const char *const name[] = {
		[DET_JUDGED] = "judged",
		[DET_LEARNING] = "learning",
		[DET_BASELINE_MISSING] = "baseline missing",
		[DET_REPORT_MISSING] = "report missing",
		[DET_DEGENERATE] = "degenerate",
	};

	return name[reason];
}
