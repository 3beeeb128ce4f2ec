/*
 * What rnssp-ewma, rnssp-regression and rnssp-switch do where the R functions
 * they follow give nothing to compare with; golden.rnssp.* does the rest.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = { "rnssp-ewma", "rnssp-regression",
				     "rnssp-switch" };

static void
test_holes_give_verdicts_or_unknown(void **state)
{
	double count[200], scratch[200], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 200,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict out[200];
	size_t judged = 0;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		count[i] = i * 7919 % 13 < 4 ? NAN : (double)(i * 31 % 17);
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		det_params_default(m, p);
		assert_int_equal(det_judge(m, p, &w, 0, scratch, out), DET_OK);
		for (size_t i = 0; i < 200; i++) {
			int known = out[i].level != DET_UNKNOWN;

			assert_int_equal(known, out[i].reason == DET_JUDGED);
			assert_int_equal(known, isfinite(out[i].p));
			assert_int_equal(known, isfinite(out[i].upper));
			assert_true(!isnan(count[i]) ||
				    out[i].reason == DET_REPORT_MISSING);
			judged += (size_t)known;
		}
	}
	assert_true(judged > 300);
}

static void
test_one_cell_or_many_is_the_same(void **state)
{
	double count[90], scratch[90], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 90,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict all[90], one;

	(void)state;
	for (size_t i = 0; i < 90; i++)
		count[i] = i == 50 ? NAN : (double)(i * i * 31 % 23);
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		det_params_default(m, p);
		w.n = 90;
		assert_int_equal(det_judge(m, p, &w, 0, scratch, all), DET_OK);
		for (size_t i = 0; i < 90; i++) {
			w.n = i + 1;
			assert_int_equal(det_judge(m, p, &w, i, scratch, &one),
					 DET_OK);
			assert_memory_equal(&one, &all[i], sizeof(one));
		}
	}
}

/* The upper limit is where the level changes. */
static void
test_upper_is_the_limit(void **state)
{
	double count[60], scratch[60], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 60,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict v;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		for (size_t i = 0; i < 60; i++)
			count[i] = (double)(10 + i * 7 % 5);
		det_params_default(m, p);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		count[59] = v.upper * (1 + 1e-4);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		assert_int_equal(v.level, DET_ALERT);
		count[59] = v.upper * (1 - 1e-4);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		assert_int_equal(v.level, DET_WARNING);
	}
}

static const double week[7] = { 120, 106, 100, 98, 98, 70, 55 };

/* Eight weeks of a clinic from a Monday on, on a scale of `scale`. */
static void
clinic(double *count, size_t n, double scale)
{
	for (size_t i = 0; i < n; i++)
		count[i] = rint(scale * (week[i % 7] + (double)(i * 5 % 9)));
}

static struct det_verdict
last(const char *name, double *count, const uint8_t *mark, size_t n)
{
	const struct det_method *m = det_find(name);
	struct det_window w = { .count = count,
				.mark = mark,
				.n = n,
				.first_t = 1,
				.first_day = 18994, /* a Monday */
				.period = DET_DAY };
	double scratch[200], p[DET_MAX_PARAMS];
	struct det_verdict v;

	det_params_default(m, p);
	assert_true(m->scratch(p, n) <= sizeof(scratch));
	assert_int_equal(det_judge(m, p, &w, n - 1, scratch, &v), DET_OK);
	return v;
}

/* A week's holiday halves the counts; what comes after it is ordinary. */
static void
test_holidays_are_no_baseline(void **state)
{
	double plain[56], dip[56];
	uint8_t mark[56] = { 0 };

	(void)state;
	clinic(plain, 56, 1);
	clinic(dip, 56, 1);
	for (size_t i = 42; i < 49; i++) {
		dip[i] = 40;
		mark[i] = DET_MARK_HOLIDAY;
	}
	for (size_t k = 0; k < 3; k++) {
		struct det_verdict with = last(names[k], dip, mark, 54);
		struct det_verdict never = last(names[k], plain, mark, 54);
		struct det_verdict blind = last(names[k], dip, NULL, 54);

		/* What it was on holidays does not matter at all ... */
		assert_memory_equal(&with, &never, sizeof(with));
		assert_int_equal(with.level, DET_NORMAL);
		/* ... and blind to them it would. */
		assert_true(fabs(blind.expected - with.expected) > 5);
	}
}

/* A Saturday that is worked counts as much as a Monday. */
static void
test_special_days_do_not_alarm_as_ordinary_ones_would(void **state)
{
	double count[56];
	uint8_t mark[56] = { 0 };
	struct det_verdict v;

	(void)state;
	clinic(count, 56, 1);
	count[54] = 121;
	v = last("rnssp-switch", count, NULL, 55);
	assert_int_equal(v.level, DET_ALERT);
	mark[54] = DET_MARK_WORKED;
	v = last("rnssp-switch", count, mark, 55);
	assert_int_equal(v.level, DET_NORMAL);
	mark[54] = DET_MARK_HOLIDAY;
	v = last("rnssp-switch", count, mark, 55);
	assert_int_equal(v.level, DET_NORMAL);
	/* They are judged all the same. */
	count[54] = 240;
	v = last("rnssp-switch", count, mark, 55);
	assert_int_equal(v.level, DET_ALERT);
}

/* What lies beyond the method's memory changes nothing that is seen. */
static void
test_what_is_forgotten_does_not_matter(void **state)
{
	double count[400], scratch[800], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 400,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict all, last_part;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		count[i] = i < 250 ? 900.0 : (double)(i * i * 31 % 23);
	for (size_t k = 0; k < 3; k += 2) {
		const struct det_method *m = det_find(names[k]);
		struct det_window part = w;
		size_t n;

		det_params_default(m, p);
		n = m->carry->memory(p);
		assert_true(n > 60 && n < 130);
		part.count += w.n - n;
		part.first_day += (int32_t)(w.n - n);
		part.n = n;
		assert_int_equal(det_judge(m, p, &w, w.n - 1, scratch, &all),
				 DET_OK);
		assert_int_equal(
			det_judge(m, p, &part, n - 1, scratch, &last_part),
			DET_OK);
		assert_true(fabs(all.p - last_part.p) < 1e-12);
		assert_true(fabs(all.upper - last_part.upper) < 1e-9);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holes_give_verdicts_or_unknown),
		cmocka_unit_test(test_one_cell_or_many_is_the_same),
		cmocka_unit_test(test_upper_is_the_limit),
		cmocka_unit_test(test_what_is_forgotten_does_not_matter),
		cmocka_unit_test(test_holidays_are_no_baseline),
		cmocka_unit_test(
			test_special_days_do_not_alarm_as_ordinary_ones_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
