/*
 * What the golden files cannot show of R's methods: holes, short and hostile
 * windows, one cell judged or many, and the p-values that R does not have.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 300
#define SCRATCH 65536

static uint32_t rng;

static double
chance(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return (double)rng / 4294967296.0;
}

/* A weekly series with a season, a trend and a late rise. */
static void
season(double *x, size_t n)
{
	rng = 2463534242u;
	for (size_t i = 0; i < n; i++) {
		double mu = 6 + 0.02 * (double)i + 3 * sin((double)i / 8.3);

		x[i] = floor(mu + 5 * (chance() - 0.4) * sqrt(mu));
		x[i] = x[i] > 0 ? x[i] : 0;
	}
}

static size_t
judge(const char *name, const char *key, const char *value, const double *x,
      size_t n, size_t from, struct det_verdict *out)
{
	static double scratch[SCRATCH];
	const struct det_method *m = det_find(name);
	struct det_window w = {
		.count = x, .n = n, .first_t = 1, .first_day = 4, .period = DET_WEEK
	};
	double p[DET_MAX_PARAMS];

	assert_non_null(m);
	det_params_default(m, p);
	if (key != NULL)
		assert_int_equal(det_params_set(m, p, key, value), DET_OK);
	assert_true(m->scratch(p, n) <= sizeof(scratch));
	assert_int_equal(det_judge(m, p, &w, from, scratch, out), DET_OK);
	return n - from;
}

static bool
is_r(const struct det_method *m)
{
	return strncmp(m->name, "r-", 2) == 0;
}

static void
check_sound(const char *name, const struct det_verdict *v)
{
	if (v->level == DET_UNKNOWN) {
		assert_int_not_equal(v->reason, DET_JUDGED);
		return;
	}
	if (!(v->p >= 0 && v->p <= 1) || v->reason != DET_JUDGED)
		fail_msg("%s: level %d, p %g, reason %d", name, v->level, v->p,
			 v->reason);
}

static bool
same_number(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

static void
test_one_cell_or_many(void **state)
{
	double x[N];
	struct det_verdict all[N], one[N];

	(void)state;
	season(x, N);
	x[250] = NAN;
	for (size_t i = 0; det_at(i) != NULL; i++) {
		const char *name = det_at(i)->name;

		if (!is_r(det_at(i)))
			continue;
		judge(name, NULL, NULL, x, N, 0, all);
		for (size_t from = 240; from <= N; from += 7) {
			size_t n = judge(name, NULL, NULL, x, N, from, one);

			for (size_t j = 0; j < n; j++) {
				assert_int_equal(one[j].level,
						 all[from + j].level);
				assert_true(
					same_number(one[j].p, all[from + j].p));
				assert_true(same_number(one[j].upper,
							all[from + j].upper));
			}
		}
	}
}

static void
test_windows_of_any_length(void **state)
{
	double x[N];
	struct det_verdict v[N];

	(void)state;
	season(x, N);
	for (size_t i = 0; det_at(i) != NULL; i++) {
		if (!is_r(det_at(i)))
			continue;
		for (size_t n = 0; n <= N; n += n < 20 ? 1 : 23) {
			judge(det_at(i)->name, NULL, NULL, x, n, 0, v);
			for (size_t j = 0; j < n; j++)
				check_sound(det_at(i)->name, &v[j]);
		}
	}
}

/* Zeros, one value, the largest counts, spikes, holes of every size. */
static void
hostile(double *x, int kind)
{
	for (size_t i = 0; i < N; i++) {
		double u = chance();

		x[i] = 0;
		if (kind == 1)
			x[i] = 7;
		if (kind == 2)
			x[i] = floor(u * DET_MAX_COUNT);
		if (kind == 3 && u < 0.02)
			x[i] = 2147483647;
		if (kind == 4)
			x[i] = u < 0.5 ? NAN : floor(u * 9);
		if (kind == 5)
			x[i] = NAN;
		if (kind == 6)
			x[i] = i < 280 ? 0 : DET_MAX_COUNT;
		if (kind == 7)
			x[i] = i == 200 ? 1 : NAN;
		if (kind == 8)
			x[i] = floor(exp((double)i / 9));
	}
}

static void
test_hostile_windows(void **state)
{
	double x[N];
	struct det_verdict v[N];

	(void)state;
	rng = 1;
	for (int kind = 0; kind <= 8; kind++) {
		hostile(x, kind);
		for (size_t i = 0; det_at(i) != NULL; i++) {
			if (!is_r(det_at(i)))
				continue;
			judge(det_at(i)->name, NULL, NULL, x, N, 0, v);
			for (size_t j = 0; j < N; j++) {
				check_sound(det_at(i)->name, &v[j]);
				if (isnan(x[j]))
					assert_int_equal(v[j].level, DET_UNKNOWN);
			}
		}
	}
}

static void
test_farrington_with_hostile_parameters(void **state)
{
	static const char *const sets[][2] = { { "periods", "46" },
					       { "periods", "64" },
					       { "b", "1" },
					       { "past", "104" },
					       { "past", "0" },
					       { "weights", "0.01" },
					       { "threshold", "muan" },
					       { "threshold", "nbPlugin" },
					       { "w", "25" },
					       { "w", "0" },
					       { "power", "none" },
					       { "start", "1" },
					       { "start", "1000000000" } };
	double x[N];
	struct det_verdict v[N];

	(void)state;
	rng = 5;
	for (int kind = 0; kind <= 8; kind++) {
		hostile(x, kind);
		for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
			judge("r-farrington-flexible", sets[s][0], sets[s][1],
			      x, N, 0, v);
			for (size_t j = 0; j < N; j++)
				check_sound(sets[s][0], &v[j]);
		}
	}
}

static void
test_a_hole_silences_ears_as_in_r(void **state)
{
	double x[N];
	struct det_verdict v[N];

	(void)state;
	season(x, N);
	x[100] = NAN;
	judge("r-ears-c2", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[100].reason, DET_REPORT_MISSING);
	assert_int_equal(v[101].reason, DET_JUDGED);
	for (size_t i = 103; i <= 109; i++)
		assert_int_equal(v[i].reason, DET_BASELINE_MISSING);
	assert_int_equal(v[110].reason, DET_JUDGED);
}

static void
test_a_chart_stands_still_over_a_hole(void **state)
{
	static const char *const charts[] = { "r-cusum", "r-lr", "r-glr" };
	double x[60], y[60];
	struct det_verdict with[60], without[60];

	(void)state;
	season(x, 60);
	memcpy(y, x, 40 * sizeof(double));
	memcpy(y + 41, x + 40, 19 * sizeof(double));
	y[40] = NAN;
	for (size_t c = 0; c < 3; c++) {
		judge(charts[c], "start", "20", x, 60, 0, without);
		judge(charts[c], "start", "20", y, 60, 0, with);
		assert_int_equal(with[40].reason, DET_REPORT_MISSING);
		for (size_t i = 41; i < 60; i++)
			assert_true(with[i].statistic == without[i - 1].statistic);
	}
}

static void
test_a_chart_whose_reference_is_older_than_the_window_is_unknown(void **state)
{
	static const char *const charts[] = { "r-cusum", "r-lr", "r-glr" };
	double x[60];
	double room[60];
	struct det_verdict v[60];

	(void)state;
	season(x, 60);
	for (size_t c = 0; c < 3; c++) {
		const struct det_method *m = det_find(charts[c]);
		struct det_window w = { .count = x,
					.n = 60,
					.first_t = 500,
					.first_day = 4,
					.period = DET_WEEK };
		double p[DET_MAX_PARAMS];

		det_params_default(m, p);
		assert_int_equal(det_params_set(m, p, "start", "500"), DET_OK);
		assert_int_equal(det_judge(m, p, &w, 0, room, v), DET_OK);
		for (size_t i = 0; i < 60; i++)
			assert_int_equal(v[i].reason, DET_BASELINE_MISSING);
		assert_int_equal(det_params_set(m, p, "start", "501"), DET_OK);
		assert_int_equal(det_judge(m, p, &w, 0, room, v), DET_OK);
		assert_int_equal(v[0].reason, DET_LEARNING);
		assert_int_equal(v[59].reason, DET_JUDGED);
	}
}

static void
test_baselines_leave_holes_out(void **state)
{
	double x[N];
	struct det_verdict v[N];

	(void)state;
	season(x, N);
	x[290] = NAN;
	x[238] = NAN;
	judge("r-bayes2", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[292].reason, DET_JUDGED);
	judge("r-rki2", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[292].reason, DET_JUDGED);
	judge("r-farrington", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[292].reason, DET_JUDGED);
	judge("r-farrington-flexible", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[292].reason, DET_JUDGED);
	judge("r-cdc", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[292].reason, DET_BASELINE_MISSING);
	assert_int_equal(v[298].reason, DET_JUDGED);
}

/* Few cases never alarm, and their limit is empty, as in R. */
static void
test_few_cases_are_normal(void **state)
{
	double x[N] = { 0 };
	struct det_verdict v[N];

	(void)state;
	x[295] = 4;
	x[299] = 1;
	judge("r-farrington-flexible", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[295].level, DET_NORMAL);
	assert_true(isnan(v[295].upper));
	x[294] = 1;
	judge("r-farrington-flexible", NULL, NULL, x, N, 0, v);
	assert_int_equal(v[295].level, DET_ALERT);
}

/*
 * The stationary chart of standard normal values, from its integral equation
 * solved with 300 Gauss-Legendre nodes.
 */
static void
test_cusum_tail(void **state)
{
	static const struct {
		double k, s, log_tail;
	} known[] = {
		{ 0.1, 1, -0.1176 - 0.2 },	{ 0.25, 0.5, -0.3140 - 0.25 },
		{ 0.5, 1, -0.5894 - 1 },	{ 0.5, 4, -0.5791 - 4 },
		{ 1.04, 0.1, -1.6154 - 0.208 }, { 1.04, 2, -1.1686 - 4.16 },
		{ 1.5, 1, -1.8059 - 3 },	{ 1.5, 3, -1.6610 - 9 },
	};
	struct det_verdict v[2];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct det_method *m = det_find("r-cusum");
		double x[2] = { 1, 1 + known[i].k + known[i].s };
		struct det_window w = { .count = x,
					.n = 2,
					.first_t = 1,
					.first_day = 4,
					.period = DET_WEEK };
		double p[DET_MAX_PARAMS];
		char k[32];

		snprintf(k, sizeof(k), "%g", known[i].k);
		det_params_default(m, p);
		assert_int_equal(det_params_set(m, p, "k", k), DET_OK);
		assert_int_equal(det_params_set(m, p, "start", "2"), DET_OK);
		assert_int_equal(det_judge(m, p, &w, 0, NULL, v), DET_OK);
		assert_float_equal(v[1].statistic, known[i].s, 1e-9);
		assert_float_equal(log(v[1].p), known[i].log_tail, 0.06);
	}
}

/* Alarm limits move with a threshold on p: alarms are p <= p at the limit. */
static void
test_p_orders_counts(void **state)
{
	static const char *const methods[] = {
		"r-ears-c1", "r-ears-c2",    "r-bayes1",
		"r-rki1",    "r-cusum",	     "r-lr",
		"r-glr",     "r-farrington", "r-farrington-flexible"
	};
	double x[N];
	struct det_verdict v[N];

	(void)state;
	season(x, N);
	for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
		double before = 1;

		for (double count = 0; count < 60; count += 3) {
			x[N - 1] = count;
			judge(methods[m], NULL, NULL, x, N, N - 1, v);
			assert_true(v[0].p <= before);
			before = v[0].p;
		}
		assert_int_equal(v[0].level, DET_ALERT);
		assert_true(v[0].p < 0.01);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cell_or_many),
		cmocka_unit_test(test_windows_of_any_length),
		cmocka_unit_test(test_hostile_windows),
		cmocka_unit_test(test_farrington_with_hostile_parameters),
		cmocka_unit_test(test_a_hole_silences_ears_as_in_r),
		cmocka_unit_test(test_a_chart_stands_still_over_a_hole),
		cmocka_unit_test(
			test_a_chart_whose_reference_is_older_than_the_window_is_unknown),
		cmocka_unit_test(test_baselines_leave_holes_out),
		cmocka_unit_test(test_few_cases_are_normal),
		cmocka_unit_test(test_cusum_tail),
		cmocka_unit_test(test_p_orders_counts),
	};

	return cmocka_run_group_tests_name("r_methods", tests, NULL, NULL);
}
