/*
 * Student's t as the Rnssp methods need it, and the grading they share.
 */
#include "detectors/rnssp.h"

#include "detectors/cells.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#define TABLE 60

/* Made in R 4.2.2: round(qt(0.95, df = 1:60), 5). */
static const double t05[TABLE] = {
	6.31375, 2.91999, 2.35336, 2.13185, 2.01505, 1.94318, 1.89458, 1.85955,
	1.83311, 1.81246, 1.79588, 1.78229, 1.77093, 1.76131, 1.75305, 1.74588,
	1.73961, 1.73406, 1.72913, 1.72472, 1.72074, 1.71714, 1.71387, 1.71088,
	1.70814, 1.70562, 1.70329, 1.70113, 1.69913, 1.69726, 1.69552, 1.69389,
	1.69236, 1.69092, 1.68957, 1.68830, 1.68709, 1.68595, 1.68488, 1.68385,
	1.68288, 1.68195, 1.68107, 1.68023, 1.67943, 1.67866, 1.67793, 1.67722,
	1.67655, 1.67591, 1.67528, 1.67469, 1.67412, 1.67356, 1.67303, 1.67252,
	1.67203, 1.67155, 1.67109, 1.67065
};

/* Made in R 4.2.2: round(qt(0.99, df = 1:60), 5). */
static const double t01[TABLE] = {
	31.82052, 6.96456, 4.54070, 3.74695, 3.36493, 3.14267, 2.99795, 2.89646,
	2.82144,  2.76377, 2.71808, 2.68100, 2.65031, 2.62449, 2.60248, 2.58349,
	2.56693,  2.55238, 2.53948, 2.52798, 2.51765, 2.50832, 2.49987, 2.49216,
	2.48511,  2.47863, 2.47266, 2.46714, 2.46202, 2.45726, 2.45282, 2.44868,
	2.44479,  2.44115, 2.43772, 2.43449, 2.43145, 2.42857, 2.42584, 2.42326,
	2.42080,  2.41847, 2.41625, 2.41413, 2.41212, 2.41019, 2.40835, 2.40658,
	2.40489,  2.40327, 2.40172, 2.40022, 2.39879, 2.39741, 2.39608, 2.39480,
	2.39357,  2.39238, 2.39123, 2.39012
};

static double
rounded_qt(double upper, size_t df)
{
	return rint(qt(upper, (double)df, 0, 0) * 1e5) / 1e5;
}

double
rnssp_t01(size_t df)
{
	return df <= TABLE ? t01[df - 1] : rounded_qt(RNSSP_P_ALERT, df);
}

double
rnssp_t05(size_t df)
{
	return df <= TABLE ? t05[df - 1] : rounded_qt(RNSSP_P_WARNING, df);
}

/*
 * P(|T| <= t), t >= 0: the finite sums of Abramowitz and Stegun 26.7.3 and
 * 26.7.4, several times as fast as the incomplete beta function.
 */
static double
t_inside(double t, size_t df)
{
	double nu = (double)df;
	double cos2 = nu / (nu + t * t);
	double sine = t / sqrt(nu + t * t);
	double term = df % 2 ? sqrt(cos2) : 1.0;
	double sum = 0.0;

	for (size_t j = 2 + df % 2; j <= df; j += 2) {
		sum += term;
		term *= cos2 * (double)(j - 1) / (double)j;
	}
	if (df % 2 == 0)
		return sine * sum;
	return M_2_PI * (atan(t / sqrt(nu)) + sine * sum);
}

double
rnssp_t_upper(double t, size_t df)
{
	double inside, tail;

	if (fabs(t) > 1e6)
		return pt(t, (double)df, 0, 0);
	inside = t_inside(fabs(t), df);
	tail = 0.5 * (1.0 - inside);
	if (t < 0.0)
		return 1.0 - tail;
	return tail < 1e-7 ? pt(t, (double)df, 0, 0) : tail;
}

void
rnssp_grade(struct det_verdict *v, double t, size_t df)
{
	v->statistic = t;
	v->p = rnssp_t_upper(t, df);
	v->reason = DET_JUDGED;
	v->level = DET_NORMAL;
	if (v->p < RNSSP_P_WARNING)
		v->level = DET_WARNING;
	if (v->p < RNSSP_P_ALERT)
		v->level = DET_ALERT;
}

struct rnssp_cells
rnssp_reports(const struct det_window *w, size_t lo, size_t hi, double *room)
{
	struct rnssp_cells c = { *w, w->count };
	double *ordinary;

	if (w->mark == NULL)
		return c;
	ordinary = room + w->n;
	for (size_t i = lo; i < hi; i++) {
		room[i] = cells_count(w, i);
		ordinary[i] = cells_special(w, i) ? NAN : room[i];
	}
	c.w.count = room;
	c.ordinary = ordinary;
	return c;
}

size_t
rnssp_scratch(const double *p, size_t n)
{
	(void)p;
	return 2 * n * sizeof(double);
}
