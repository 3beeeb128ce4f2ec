/*
 * Judging one new period of many series gives what judging each alone gives,
 * and the vectorised normal tail is libRmath's.
 */
#include "detectors/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#define SERIES 1100 /* three tiles */
#define TILE 512
#define ROWS 130

static int32_t counts[ROWS][SERIES];
static const int32_t *rows[ROWS];

/*
 * Series of every kind: busy, sparse, zero, huge, flat, with holes; the first
 * tile without huge ones, the last with counts about what a tile holds in
 * half the width.
 */
static int32_t
draw_one(size_t s)
{
	bool first = s < TILE, last = s >= 2 * TILE;

	switch (s % 6) {
	case 1:
		return rand() % 12 == 0 ? rand() % 3 : 0;
	case 2:
		return 0;
	case 3:
		if (first)
			return rand() % 512;
		if (last)
			return 505 + rand() % 8;
		return DET_BATCH_LARGE - 10 + rand() % 12;
	case 4:
		return rand() % 40 == 0 ? 9 : 4;
	default:
		return rand() % 20;
	}
}

static void
draw(unsigned seed)
{
	srand(seed);
	for (size_t r = 0; r < ROWS; r++) {
		rows[r] = counts[r];
		for (size_t s = 0; s < SERIES; s++) {
			int32_t x = draw_one(s);

			if (s % 5 == 0 && rand() % 15 == 0)
				x = DET_BATCH_MISSING;
			counts[r][s] = x;
		}
	}
}

static struct det_verdict
alone(const struct det_method *m, const double *p, size_t s, size_t n)
{
	double count[ROWS];
	struct det_window w = { .count = count,
				.n = n,
				.first_t = 1,
				.first_day = 4,
				.period = DET_DAY };
	void *scratch = malloc(m->scratch(p, n));
	struct det_verdict v;

	assert_non_null(scratch);
	for (size_t r = 0; r < n; r++)
		count[r] = counts[r][s] < 0 ? NAN : (double)counts[r][s];
	assert_int_equal(det_judge(m, p, &w, n - 1, scratch, &v), DET_OK);
	free(scratch);
	return v;
}

static void
compare(const struct det_verdict *want, double statistic, double p, int level)
{
	assert_int_equal(level, want->level);
	if (want->level == DET_UNKNOWN) {
		assert_true(isnan(statistic) && isnan(p));
		return;
	}
	assert_true(fabs(statistic - want->statistic) <=
		    1e-9 * fmax(1, want->statistic));
	assert_true(fabs(p - want->p) <= 1e-12 + 1e-9 * want->p);
}

static double statistic[SERIES];
static double tails[SERIES];
static uint8_t level[SERIES];

static void
check_ears(const char *name, const char *min_sigma, size_t n)
{
	const struct det_method *m = det_find(name);
	struct det_batch b = { .row = rows, .rows = n, .series = SERIES };
	struct det_batch_out out = { statistic, tails, level };
	double p[DET_MAX_PARAMS];

	det_params_default(m, p);
	assert_int_equal(det_params_set(m, p, "min_sigma", min_sigma), DET_OK);
	assert_int_equal(det_batch_ears(m, p, &b, &out), DET_OK);
	for (size_t s = n % 5; s < SERIES; s += 5) {
		struct det_verdict v = alone(m, p, s, n);

		compare(&v, statistic[s], tails[s], level[s]);
	}
}

static void
test_ears(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 4; seed++) {
		draw(seed);
		for (size_t n = 1; n <= ROWS; n += n < 16 ? 1 : 13) {
			check_ears("ears-c1", "0.5", n);
			check_ears("ears-c2", "0", n);
			check_ears("ears-c3", "0.5", n);
		}
	}
}

static void
test_cusum_from_its_first_day_on(void **state)
{
	const struct det_method *m = det_find("cusum");
	struct det_batch_out out = { statistic, tails, level };
	double p[DET_MAX_PARAMS];

	(void)state;
	det_params_default(m, p);
	assert_int_equal(det_params_set(m, p, "horizon", "3650"), DET_OK);
	for (unsigned seed = 1; seed < 4; seed++) {
		double sum[SERIES] = { 0 };

		draw(seed);
		for (size_t n = 1; n <= ROWS; n++) {
			struct det_batch b = { rows, n, SERIES };

			assert_int_equal(det_batch_cusum(p, &b, sum, &out),
					 DET_OK);
			for (size_t s = n % 7; s < SERIES; s += 7) {
				struct det_verdict v = alone(m, p, s, n);

				compare(&v, statistic[s], tails[s], level[s]);
			}
		}
	}
}

static void
test_rnssp_switch_from_its_first_day_on(void **state)
{
	const struct det_method *m = det_find("rnssp-switch");
	struct det_batch_out out = { statistic, tails, level };
	double p[DET_MAX_PARAMS];

	(void)state;
	det_params_default(m, p);
	for (unsigned seed = 1; seed < 4; seed++) {
		double average[2 * SERIES];

		draw(seed);
		for (size_t r = 0; r < ROWS; r++) {
			for (size_t s = 0; s < SERIES; s += 2)
				counts[r][s] *= r % 7 < 5 ? 3 : 1;
		}
		for (size_t i = 0; i < 2 * SERIES; i++)
			average[i] = NAN;
		for (size_t n = 1; n <= ROWS; n++) {
			struct det_batch b = { rows, n, SERIES };

			assert_int_equal(det_batch_rnssp_switch(p, &b,
								3 + (int32_t)n,
								average, &out),
					 DET_OK);
			for (size_t s = n % 7; s < SERIES; s += 7) {
				struct det_verdict v = alone(m, p, s, n);

				compare(&v, statistic[s], tails[s], level[s]);
			}
		}
	}
}

static void
test_no_p_and_no_other_method(void **state)
{
	const struct det_method *m = det_find("ears-c1");
	struct det_batch b = { rows, ROWS, SERIES };
	struct det_batch_out out = { statistic, NULL, level };
	double p[DET_MAX_PARAMS];

	(void)state;
	draw(1);
	det_params_default(m, p);
	assert_int_equal(det_batch_ears(m, p, &b, &out), DET_OK);
	assert_int_equal(det_batch_ears(det_find("w2"), p, &b, &out),
			 DET_ERR_METHOD);
	b.series = 0;
	assert_int_equal(det_batch_ears(m, p, &b, &out), DET_OK);
}

static void
test_the_normal_tail_is_that_of_libRmath(void **state)
{
	(void)state;
	for (int i = -37000; i <= 37000; i += 7) {
		double z = i / 1000.0;
		double want = pnorm(z, 0, 1, 0, 0);
		double got;

		det_batch_normal_tail(&z, &got, 1);
		assert_true(fabs(got - want) <= 1e-11 * want);
	}
}

static void
test_the_normal_tail_far_out(void **state)
{
	double z[] = { 40, 1e300, INFINITY, -40, -INFINITY };
	double p[5];

	(void)state;
	det_batch_normal_tail(z, p, 5);
	for (size_t i = 0; i < 3; i++)
		assert_true(p[i] >= 0 && p[i] < 1e-300);
	assert_true(p[3] == 1 && p[4] == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ears),
		cmocka_unit_test(test_cusum_from_its_first_day_on),
		cmocka_unit_test(test_rnssp_switch_from_its_first_day_on),
		cmocka_unit_test(test_no_p_and_no_other_method),
		cmocka_unit_test(test_the_normal_tail_is_that_of_libRmath),
		cmocka_unit_test(test_the_normal_tail_far_out),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
