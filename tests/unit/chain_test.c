/*
 * Run lengths of count CUSUMs against R: surveillance 1.20.3's
 * arlCusum(h, k, theta, distr = "poisson", digits = 1)$ARL, and for the
 * negative binomial solve(diag(h) - Q, rep(1, h))[1] with the same chain
 * written out in R 4.2.2 (size mean^2 / (variance - mean)).
 */
#include "detectors/chain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	double h, k, mean, variance, arl;
} known[] = {
	{ 10, 3, 2.4, 2.4, 548.3622655 },  { 5, 2, 1, 1, 1903.543495 },
	{ 4, 1, 0.5, 0.5, 632.6692851 },   { 20, 12, 10, 10, 5881.281724 },
	{ 2, 0.5, 0.1, 0.1, 888.1623805 }, { 20, 5, 3, 9, 1089.552315 },
	{ 9, 2, 1, 1.5, 3035.10276 },	   { 60, 30, 22, 44, 41260207.96 },
};

static void
test_run_lengths_are_r_s(void **state)
{
	struct chain_work *work = malloc(sizeof(*work));

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct chain c;
		double arl = known[i].arl;

		assert_int_equal(chain_init(&c, known[i].mean, known[i].variance,
					    known[i].k, arl * (1 - 1e-6), work),
				 0);
		assert_true(fabs(c.k - known[i].k) < 1e-9);
		assert_true(c.h <= known[i].h + 1e-9);
		assert_true(fabs(1 / chain_p(&c, c.h) / arl - 1) < 1e-6);
	}
	free(work);
}

static void
test_p_falls_with_the_sum(void **state)
{
	struct chain_work *work = malloc(sizeof(*work));
	struct chain c;
	double before = 1.0;

	(void)state;
	assert_int_equal(chain_init(&c, 30, 60, 36, 1000, work), 0);
	assert_true(chain_p(&c, c.h) <= 1e-3);
	assert_true(chain_p(&c, c.h - c.unit) > 1e-3);
	for (double s = 0.0; s < 400.0; s += 0.7) {
		double p = chain_p(&c, s);

		assert_true(p > 0.0 && p <= before);
		before = p;
	}
	free(work);
}

static void
test_p_never_rises_however_long_the_runs(void **state)
{
	struct chain_work *work = malloc(sizeof(*work));
	struct chain c;

	(void)state;
	for (double mean = 0.002; mean < 1e8; mean *= 5) {
		for (double over = 1; over < 20; over *= 3) {
			double sd = sqrt(mean * over);
			double before = 1.0;

			assert_int_equal(chain_init(&c, mean, mean * over,
						    mean + 2 * sd, 10, work),
					 0);
			for (double i = 0; i < 120; i += 0.5) {
				double p = chain_p(&c, i * c.unit);

				assert_true(p > 0.0 && p <= before);
				before = p;
			}
		}
	}
	free(work);
}

static void
test_any_mean_finds_a_limit(void **state)
{
	struct chain_work *work = malloc(sizeof(*work));
	struct chain c;

	(void)state;
	for (double mean = 0.002; mean < 1e8; mean *= 7) {
		for (double over = 1; over < 100; over *= 4) {
			double sd = sqrt(mean * over);

			assert_int_equal(chain_init(&c, mean, mean * over,
						    mean + 0.5 * sd, 500, work),
					 0);
			assert_true(c.h > 0 && c.h < 60 * sd + 20);
		}
	}
	free(work);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_lengths_are_r_s),
		cmocka_unit_test(test_p_falls_with_the_sum),
		cmocka_unit_test(test_p_never_rises_however_long_the_runs),
		cmocka_unit_test(test_any_mean_finds_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
