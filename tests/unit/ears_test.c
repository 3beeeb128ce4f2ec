/*
 * EARS with CDC semantics against the vectors of the JHU/APL port, whose
 * least standard deviation is 0.1, and what holes do to a baseline.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N 24

static const double counts[N] = { 3, 0, 2, 5, 1,  4,  2, 6, 3, 2, 9, 4,
				  0, 0, 1, 7, 12, 15, 5, 3, 2, 0, 1, 4 };

static void
judge_window(const char *name, const char *min_sigma,
	     const struct det_window *given, struct det_verdict *out)
{
	const struct det_method *m = det_find(name);
	struct det_window w = *given;
	double p[DET_MAX_PARAMS];
	double scratch[64];

	assert_non_null(m);
	det_params_default(m, p);
	assert_int_equal(det_params_set(m, p, "min_sigma", min_sigma), DET_OK);
	w.first_t = 1;
	w.first_day = 4;
	w.period = DET_DAY;
	assert_true(m->scratch(p, w.n) <= sizeof(scratch));
	assert_int_equal(det_judge(m, p, &w, 0, scratch, out), DET_OK);
}

static void
judge_marked(const char *name, const char *min_sigma, const double *count,
	     const uint8_t *mark, size_t n, struct det_verdict *out)
{
	const struct det_window w = { .count = count, .mark = mark, .n = n };

	judge_window(name, min_sigma, &w, out);
}

static void
judge(const char *name, const char *min_sigma, const double *count, size_t n,
      struct det_verdict *out)
{
	judge_marked(name, min_sigma, count, NULL, n, out);
}

static void
check(const char *name, size_t first, const double want[N])
{
	struct det_verdict v[N];

	judge(name, "0.1", counts, N, v);
	for (size_t i = 0; i < N; i++) {
		if (i < first) {
			assert_int_equal(v[i].level, DET_UNKNOWN);
			assert_int_equal(v[i].reason, DET_LEARNING);
			continue;
		}
		assert_float_equal(v[i].statistic, want[i], 1e-6);
		assert_int_equal(v[i].level == DET_ALERT,
				 counts[i] > 0 && want[i] >= 2);
		assert_int_equal(v[i].level == DET_WARNING,
				 counts[i] > 0 && want[i] >= 1.5 && want[i] < 2);
	}
}

static void
test_c1(void **state)
{
	(void)state;
	check("ears-c1", 7,
	      (double[N]){
		      [7] = 1.078527, [10] = 2.175537, [15] = .361762, [16] = 1.457760, [17] = 1.164985 });
}

static void
test_c2(void **state)
{
	(void)state;
	check("ears-c2", 9,
	      (double[N]){
		      [10] = 1.801040, [15] = .101079, [16] = 1.630331, [17] = 2.903718 });
}

static void
test_c3(void **state)
{
	(void)state;
	check("ears-c3", 9,
	      (double[N]){ [10] = 1.801040,
			   [11] = 1.801040,
			   [12] = 1.801040,
			   [15] = .101079,
			   [16] = 1.731411,
			   [17] = 4.635128,
			   [18] = 1.630331 });
}

static void
test_a_zero_never_alerts(void **state)
{
	double count[] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 6.2, 6.2, 0 };
	struct det_verdict v[12];

	(void)state;
	judge("ears-c3", "0.5", count, 12, v);
	assert_true(v[11].statistic >= 2);
	assert_int_equal(v[11].level, DET_NORMAL);
}

static void
test_a_tie_alarms(void **state)
{
	double count[] = { 3, 3, 3, 3, 3, 3, 3, 3.3 };
	struct det_verdict v[8];

	(void)state;
	judge("ears-c1", "0.1", count, 8, v);
	assert_int_equal(v[7].level, DET_ALERT);
}

static void
test_holes_are_skipped_until_too_old(void **state)
{
	double count[40];
	struct det_verdict v[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		count[i] = i >= 10 && i < 20 ? NAN : (double)(i % 3);
	judge("ears-c1", "0.5", count, 40, v);
	assert_int_equal(v[15].reason, DET_REPORT_MISSING);
	assert_int_equal(v[20].reason, DET_JUDGED);
	for (size_t i = 10; i < 25; i++)
		count[i] = NAN;
	judge("ears-c1", "0.5", count, 40, v);
	assert_int_equal(v[25].reason, DET_BASELINE_MISSING);
}

static void
test_special_days_stay_out_of_the_baseline(void **state)
{
	static const uint8_t mark[N] = {
		[12] = DET_MARK_HOLIDAY, [13] = DET_MARK_HOLIDAY, [15] = DET_MARK_WORKED
	};
	double count[N], holes[N];
	struct det_verdict v[N], plain[N], with_holes[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		count[i] = mark[i] != 0 ? 60 : 10 + (double)(i % 3);
		holes[i] = mark[i] != 0 ? NAN : count[i];
	}
	judge_marked("ears-c2", "0.5", count, mark, N, v);
	judge("ears-c2", "0.5", count, N, plain);
	judge("ears-c2", "0.5", holes, N, with_holes);
	for (size_t i = 9; i < N; i++) {
		if (mark[i] == 0)
			assert_true(v[i].p == with_holes[i].p);
	}
	/* Before the guard lets the first into the baseline: half as strange. */
	assert_float_equal(v[12].statistic + 1, (plain[12].statistic + 1) / 2,
			   1e-9);
	assert_true(plain[20].upper > 2 * v[20].upper);
}

/* A quarter of the usual visits are in, and of them more than usual ill. */
static void
test_a_day_that_is_not_over_is_judged_by_its_share(void **state)
{
	static const double count[10] = { 38, 44, 36, 40, 42, 41, 39, 0, 0, 20 };
	static const double denom[10] = { 380, 440, 360, 400, 420,
					  410, 390, 1,	 1,   110 };
	static const uint8_t mark[10] = { [9] = DET_MARK_PARTIAL };
	struct det_window w = { .count = count, .denom = denom, .n = 10 };
	struct det_verdict v[10];

	(void)state;
	w.mark = mark;
	judge_window("ears-c2", "0.5", &w, v);
	assert_float_equal(v[9].expected, 10, 1e-9);
	assert_int_equal(v[9].level, DET_ALERT);
	/* So few others are no ordinary day, marked or not. */
	w.mark = NULL;
	judge_window("ears-c2", "0.5", &w, v);
	assert_float_equal(v[9].expected, 10, 1e-9);
	/* Without denominators it is compared with whole days. */
	w.denom = NULL;
	judge_window("ears-c2", "0.5", &w, v);
	assert_float_equal(v[9].expected, 40, 1e-9);
}

/* A quarter of a day scatters half as much as a Poisson day, not a quarter. */
static void
test_chance_goes_with_the_root_of_the_share(void **state)
{
	static const double count[10] = { 33, 47, 36, 40, 42, 44, 38, 0, 0, 10 };
	static const uint8_t mark[10] = { [9] = DET_MARK_PARTIAL };
	double denom[10] = { 393, 407, 396, 400, 402, 404, 398, 1, 1, 100 };
	struct det_window w = {
		.count = count, .denom = denom, .mark = mark, .n = 10
	};
	struct det_verdict part, whole[10], v[10];

	(void)state;
	judge_window("ears-c2", "0.5", &w, v);
	part = v[9];
	denom[9] = 370;
	judge_window("ears-c2", "0.5", &w, whole);
	assert_true(fabs((whole[9].upper - whole[9].expected) / 2 -
			 (part.upper - part.expected)) < 1e-9);
}

/* A department more is no outbreak; an outbreak does not hide in its visits. */
static void
test_a_larger_house_is_no_outbreak(void **state)
{
	double count[10] = { 33, 47, 36, 40, 42, 44, 38, 0, 0, 100 };
	double denom[10] = { 393, 407, 396, 401, 402, 404, 398, 1, 1, 1000 };
	struct det_window w = { .count = count, .denom = denom, .n = 10 };
	struct det_verdict v[10];

	(void)state;
	judge_window("ears-c2", "0.5", &w, v);
	assert_int_equal(v[9].level, DET_NORMAL);
	denom[9] = 460;
	judge_window("ears-c2", "0.5", &w, v);
	assert_float_equal(v[9].expected, 40, 1e-9);
	assert_int_equal(v[9].level, DET_ALERT);
	/* Who counts no others says nothing about them. */
	denom[9] = 100;
	judge_window("ears-c2", "0.5", &w, v);
	assert_float_equal(v[9].expected, 40, 1e-9);
}

static void
test_a_day_never_finished_stays_out_of_the_baseline(void **state)
{
	static const uint8_t mark[N] = { [11] = DET_MARK_PARTIAL };
	double count[N], holes[N];
	struct det_verdict v[N], with_holes[N];

	(void)state;
	for (size_t i = 0; i < N; i++)
		count[i] = i == 11 ? 1 : 10 + (double)(i % 3);
	memcpy(holes, count, sizeof(holes));
	holes[11] = NAN;
	judge_marked("ears-c2", "0.5", count, mark, N, v);
	judge("ears-c2", "0.5", holes, N, with_holes);
	for (size_t i = 12; i < N; i++)
		assert_true(v[i].p == with_holes[i].p);
	assert_int_equal(v[11].reason, DET_JUDGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c1),
		cmocka_unit_test(test_c2),
		cmocka_unit_test(test_c3),
		cmocka_unit_test(test_a_zero_never_alerts),
		cmocka_unit_test(test_a_tie_alarms),
		cmocka_unit_test(test_holes_are_skipped_until_too_old),
		cmocka_unit_test(test_special_days_stay_out_of_the_baseline),
		cmocka_unit_test(
			test_a_day_that_is_not_over_is_judged_by_its_share),
		cmocka_unit_test(test_chance_goes_with_the_root_of_the_share),
		cmocka_unit_test(test_a_larger_house_is_no_outbreak),
		cmocka_unit_test(
			test_a_day_never_finished_stays_out_of_the_baseline),
	};

	return cmocka_run_group_tests_name("ears", tests, NULL, NULL);
}
