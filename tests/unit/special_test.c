/*
 * What the golden rows do not show: Holt-Winters' season, holidays and a
 * signal it must not learn; rates and holidays of W2; dates of percentile;
 * the zero filter against its definition.
 */
#include "detectors/detect.h"
#include "detectors/zeros.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 400

static double count[N];
static double denom[N];
static uint8_t mark[N];
static struct det_verdict v[N];

static struct det_window
window(size_t n, int32_t first_day)
{
	return (struct det_window){ .count = count,
				    .n = n,
				    .first_t = 1,
				    .first_day = first_day,
				    .period = DET_DAY };
}

static void
judge(const char *name, const struct det_window *w, const char *key,
      const char *value)
{
	const struct det_method *m = det_find(name);
	double p[DET_MAX_PARAMS];
	void *scratch;

	det_params_default(m, p);
	if (key != NULL)
		assert_int_equal(det_params_set(m, p, key, value), DET_OK);
	scratch = malloc(m->scratch(p, w->n) + 1);
	assert_non_null(scratch);
	assert_int_equal(det_judge(m, p, w, 0, scratch, v), DET_OK);
	free(scratch);
}

static bool
is(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

/* A strict week: 20 on Mondays, 4 at weekends, 10 otherwise. */
static double
week(size_t i)
{
	if (i % 7 == 0)
		return 20;
	return i % 7 >= 5 ? 4 : 10;
}

static void
test_holt_winters_knows_the_week(void **state)
{
	struct det_window w = window(120, 4);

	(void)state;
	for (size_t i = 0; i < 120; i++)
		count[i] = week(i);
	judge("holt-winters", &w, NULL, NULL);
	for (size_t i = 0; i < 56; i++)
		assert_int_equal(v[i].reason, DET_LEARNING);
	for (size_t i = 56; i < 120; i++) {
		assert_true(fabs(v[i].expected - week(i)) < 1e-6);
		assert_int_equal(v[i].level, DET_NORMAL);
	}
}

static void
test_holt_winters_does_not_learn_a_signal(void **state)
{
	struct det_window w = window(120, 4);

	(void)state;
	for (size_t i = 0; i < 120; i++)
		count[i] = week(i) + (i >= 100 && i < 103 ? 40 : 0);
	judge("holt-winters", &w, NULL, NULL);
	for (size_t i = 100; i < 103; i++) {
		assert_int_equal(v[i].level, DET_ALERT);
		assert_true(fabs(v[i].expected - week(i)) < 1e-6);
	}
	assert_true(fabs(v[103].expected - week(103)) < 1e-6);
}

static void
test_holt_winters_expects_little_on_a_holiday(void **state)
{
	struct det_window w = window(120, 4);

	(void)state;
	memset(mark, 0, sizeof(mark));
	w.mark = mark;
	for (size_t i = 0; i < 120; i++)
		count[i] = week(i);
	count[98] = 3; /* a Monday */
	mark[98] = DET_MARK_HOLIDAY;
	judge("holt-winters", &w, NULL, NULL);
	assert_true(v[98].expected < 3);
	assert_true(fabs(v[105].expected - 20) < 1e-6);
}

static void
test_holt_winters_of_a_sparse_series(void **state)
{
	struct det_window w = window(200, 4);

	(void)state;
	for (size_t i = 0; i < 200; i++)
		count[i] = i % 9 == 0;
	count[150] = 6;
	judge("holt-winters", &w, NULL, NULL);
	assert_int_equal(v[144].level, DET_NORMAL);
	assert_int_equal(v[150].level, DET_ALERT);
}

static void
test_w2_expects_a_share_of_the_denominator(void **state)
{
	struct det_window w = window(60, 4);

	(void)state;
	w.denom = denom;
	for (size_t i = 0; i < 60; i++) {
		denom[i] = 100 + (double)(i % 3) * 50;
		count[i] = denom[i] * 0.04;
	}
	denom[59] = 400; /* a Thursday */
	count[59] = 16;
	denom[50] = NAN;
	judge("w2", &w, "rate", "on");
	assert_true(is(v[59].expected, 16));
	assert_true(is(v[59].statistic, 0));
	assert_int_equal(v[50].reason, DET_REPORT_MISSING);
	w.denom = NULL;
	judge("w2", &w, "rate", "on");
	assert_int_equal(v[59].reason, DET_REPORT_MISSING);
}

static void
test_w2_compares_a_holiday_with_days_off(void **state)
{
	struct det_window w = window(60, 4);

	(void)state;
	memset(mark, 0, sizeof(mark));
	w.mark = mark;
	for (size_t i = 0; i < 60; i++)
		count[i] = week(i);
	mark[56] = DET_MARK_HOLIDAY; /* a Monday */
	judge("w2", &w, NULL, NULL);
	assert_true(is(v[56].expected, 4));
	assert_true(is(v[57].expected, (20 + 6 * 10) / 7.0));
}

static void
test_a_closed_zero_is_no_report(void **state)
{
	struct det_window w = window(60, 4);

	(void)state;
	memset(mark, 0, sizeof(mark));
	w.mark = mark;
	for (size_t i = 0; i < 60; i++) {
		bool off = i % 7 >= 5;

		count[i] = off ? 0 : 10;
		mark[i] = off ? DET_MARK_CLOSED : 0;
	}
	judge("ears-c2", &w, NULL, NULL);
	assert_int_equal(v[54].reason, DET_REPORT_MISSING);
	assert_true(is(v[56].expected, 10));
}

/* Six ISO years of weeks; week 10 of each has 50 cases, others 5. */
static void
test_percentile_takes_the_same_iso_week(void **state)
{
	/* week 1 of 2015 is that of Monday 2014-12-29; 2015 and 2020 have 53 */
	static const int weeks[] = { 53, 52, 52, 52, 52, 53 };
	struct det_window w = window(0, 16433);
	size_t year_first[6];

	(void)state;
	for (size_t y = 0; y < 6; y++) {
		year_first[y] = w.n;
		for (int k = 1; k <= weeks[y]; k++)
			count[w.n++] = k == 10 ? 50 : 5;
	}
	w.period = DET_WEEK;
	w.dated = true;
	judge("percentile", &w, "windows", "0");
	assert_true(is(v[year_first[5] + 9].expected, 50));
	assert_true(is(v[year_first[5] + 8].expected, 5));
	assert_true(is(v[year_first[5] + 52].expected, 5));
}

/* Runs of zeros, the longest first, one at a time, as the definition says. */
static size_t
excess_by_definition(const double *value, size_t n)
{
	bool gone[64] = { false };
	size_t out = 0;

	for (size_t run = n; run > 0; run--) {
		for (size_t i = 0; i + run <= n; i++) {
			size_t zeros = 0;
			bool whole = (i == 0 || value[i - 1] != 0) &&
				     (i + run == n || value[i + run] != 0);

			for (size_t k = i; k < i + run; k++)
				whole = whole && value[k] == 0 && !gone[k];
			if (!whole)
				continue;
			for (size_t k = 0; k < n; k++)
				zeros += value[k] == 0 && !gone[k];
			if (n - out == run || pow(fmax(1, (double)(zeros - run)) /
							  (double)(n - out - run),
						  (double)run) > 0.01)
				return out;
			for (size_t k = i; k < i + run; k++)
				gone[k] = true;
			out += run;
		}
	}
	return out;
}

static void
test_the_zero_filter_is_its_definition(void **state)
{
	(void)state;
	srand(20240301);
	for (int times = 0; times < 20000; times++) {
		double value[64];
		size_t n = (size_t)rand() % 65;
		int often = 1 + rand() % 12;
		bool zero = false;

		for (size_t i = 0; i < n; i++) {
			if (rand() % 4 == 0)
				zero = rand() % often == 0;
			value[i] = zero ? 0 : 1 + rand() % 5;
		}
		assert_int_equal(zeros_excess(value, n),
				 excess_by_definition(value, n));
	}
}

static void
test_the_zero_filter_of_few_values(void **state)
{
	(void)state;
	srand(20240302);
	for (int times = 0; times < 100000; times++) {
		double value[ZEROS_WORD];
		size_t n = (size_t)rand() % (ZEROS_WORD + 1);
		int often = 1 + rand() % 16;

		for (size_t i = 0; i < n; i++)
			value[i] = rand() % often == 0;
		assert_int_equal(zeros_excess(value, n),
				 excess_by_definition(value, n));
	}
	/* a longer run may be the likelier one */
	assert_int_equal(zeros_excess((double[]){ 1, 0, 0, 0, 0, 0, 0, 1 }, 8),
			 0);
	assert_int_equal(zeros_excess((double[]){ 0, 1, 0, 0, 0, 0, 0, 1 }, 8),
			 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holt_winters_knows_the_week),
		cmocka_unit_test(test_holt_winters_does_not_learn_a_signal),
		cmocka_unit_test(test_holt_winters_expects_little_on_a_holiday),
		cmocka_unit_test(test_holt_winters_of_a_sparse_series),
		cmocka_unit_test(test_w2_expects_a_share_of_the_denominator),
		cmocka_unit_test(test_w2_compares_a_holiday_with_days_off),
		cmocka_unit_test(test_a_closed_zero_is_no_report),
		cmocka_unit_test(test_percentile_takes_the_same_iso_week),
		cmocka_unit_test(test_the_zero_filter_is_its_definition),
		cmocka_unit_test(test_the_zero_filter_of_few_values),
	};

	return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
