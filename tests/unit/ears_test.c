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
judge_marked(const char *name, const char *min_sigma, const double *count,
	     const uint8_t *mark, size_t n, struct det_verdict *out)
{
	const struct det_method *m = det_find(name);
	struct det_window w = { .count = count,
				.mark = mark,
				.n = n,
				.first_t = 1,
				.first_day = 4,
				.period = DET_DAY };
	double p[DET_MAX_PARAMS];
	double scratch[64];

	assert_non_null(m);
	det_params_default(m, p);
	assert_int_equal(det_params_set(m, p, "min_sigma", min_sigma), DET_OK);
	assert_true(m->scratch(p, n) <= sizeof(scratch));
	assert_int_equal(det_judge(m, p, &w, 0, scratch, out), DET_OK);
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
	};

	return cmocka_run_group_tests_name("ears", tests, NULL, NULL);
}
