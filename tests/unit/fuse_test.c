#include "detectors/fuse.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detectors/calib.h"

static void
near(double got, double want)
{
	assert_true(fabs(got - want) <= 1e-9 * fabs(want));
}

static const double p6[] = { .003, .2, .04, .6, .0008, .51 };

/* The expected numbers were computed with R 4.2.2 from the formulas in the
   header: qnorm, pnorm, tan, solve() and, for the scan, all subsets. */
static void
test_values_of_r(void **state)
{
	const double w[] = { 2, 1, 1, 0, 3, 1 }, tiny[] = { 1e-14, 1e-12 };
	const double r[] = { 1, .5, .3, .5, 1, .3, .3, .3, 1 };
	const double p3[] = { .02, .1, .3 };
	double p[6];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		p[i] = p6[i];
	near(fuse_cauchy(p, NULL, 6), 0.00372331515909646);
	near(fuse_cauchy(p, w, 6), 0.00179945927829467);
	near(fuse_cauchy(tiny, NULL, 2), 1.98019801980198e-14);
	near(fuse_simes(p, 6), 0.0048);
	near(fuse_k_of_n(p, 6, 3), 0.08);
	near(fuse_stouffer(p3, r, 3), 0.0536120766177007);
	near(fuse_ebp(30, 18), 3.32476871297972);
	assert_true(fuse_ebp(18, 30) == 0);
	near(fuse_count_p(2, 0, 28), 0.000232053556015913);
	near(fuse_count_p(45, 560, 28), 1.32595431998604e-06);
	assert_true(isnan(fuse_count_p(2, 0, 0)));
}

static void
test_scan_finds_the_best_subset(void **state)
{
	const double c[] = { 12, 5, 30, 8, NAN, 7 };
	const double b[] = { 10, 6, 18, 4, 3, 0 };
	size_t order[6], n;

	(void)state;
	near(fuse_scan(c, b, 6, order, &n), 4.76866084198666);
	assert_int_equal(n, 2);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 2);
}

/* As R's sum(dbinom(1:4, 4, .5) * pchisq(2 * score, 1:4, lower = FALSE)). */
static void
test_a_scan_s_p_knows_how_much_was_looked_at(void **state)
{
	(void)state;
	near(fuse_scan_p(4.76866084198666, 4), 0.0124837712918794);
	near(fuse_scan_p(4.76866084198666, 1),
	     fuse_upper(sqrt(9.53732168397332)));
	assert_true(fuse_scan_p(5, 30) > fuse_scan_p(5, 4));
	assert_true(isnan(fuse_scan_p(0, 0)));
}

static void
test_votes_have_weights(void **state)
{
	const double p[] = { 0.2, 0.001, NAN, 0.01 };
	const double alike[] = { 1, 1, 1, 1 }, half[] = { 1, 1, 1, 0.5 };
	double sorted[] = { 0.2, 0.001, NAN, 0.01 }, level;

	(void)state;
	assert_true(fuse_votes(p, alike, 4, 2, &level) ==
		    fuse_k_of_n(sorted, 4, 2));
	assert_true(level == 0.01);
	near(fuse_votes(p, half, 4, 2, &level), 0.2 * 2.5 / 2);
	assert_true(level == 0.2);
	near(fuse_votes(p, half, 4, 1.5, &level), 0.01 * 2.5 / 1.5);
	assert_true(isnan(fuse_votes(p, half, 4, 3, &level)) && isnan(level));
}

static void
test_correlation_shrinks(void **state)
{
	const double z[] = { .1, .2, .5,  .1,  -.3, -.5, 1.2,
			     .9, .7, 1.1, -.9, .3,  NAN, 5 };
	double r[4];

	(void)state;
	fuse_correlation(z, 2, 7, .2, 10, r);
	near(r[1], 0.357552931760153);
	assert_true(r[0] == 1 && r[3] == 1 && r[1] == r[2]);
}

static void
test_unknown_takes_no_part(void **state)
{
	double with[] = { .003, NAN, .2, NAN }, without[] = { .003, .2 };
	double none[] = { NAN, NAN };
	const double r[] = { 1, 0, 0, 1 };

	(void)state;
	assert_true(fuse_cauchy(with, NULL, 4) == fuse_cauchy(without, NULL, 2));
	assert_true(fuse_simes(with, 4) == fuse_simes(without, 2));
	assert_true(isnan(fuse_cauchy(none, NULL, 2)));
	assert_true(isnan(fuse_simes(none, 2)));
	assert_true(isnan(fuse_k_of_n(none, 2, 1)));
	assert_true(isnan(fuse_stouffer(none, r, 2)));
}

static void
test_a_zero_count_outvotes_nobody(void **state)
{
	const double p[] = { 1e-6, 1, 1, 1 };

	(void)state;
	assert_true(fuse_cauchy(p, NULL, 4) < 5e-6);
	assert_true(fuse_cauchy(p, NULL, 4) > 1e-6);
}

static double
uniform(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return ((double)(*s >> 11) + 0.5) / 9007199254740992.0;
}

/* Correlation .3 between ten streams: the level holds. */
static void
test_level_under_correlation(void **state)
{
	uint64_t s = 88172645463325252u;
	int simes = 0, cauchy = 0, stouffer = 0, n = 40000;
	double r[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		r[i] = i % 11 == 0 ? 1 : .3;
	for (int k = 0; k < n; k++) {
		double p[10], common = fuse_score(uniform(&s));

		for (size_t i = 0; i < 10; i++)
			p[i] = fuse_upper(sqrt(.3) * common +
					  sqrt(.7) * fuse_score(uniform(&s)));
		cauchy += fuse_cauchy(p, NULL, 10) <= .01;
		stouffer += fuse_stouffer(p, r, 10) <= .01;
		simes += fuse_simes(p, 10) <= .01;
	}
	assert_in_range(cauchy, n * 9 / 1000, n * 14 / 1000);
	assert_in_range(simes, n * 7 / 1000, n * 12 / 1000);
	assert_in_range(stouffer, n * 8 / 1000, n * 12 / 1000);
}

static void
test_calibration_goes_there_and_back(void **state)
{
	const struct calib c = { .at = { { 1.5, 12 }, { 3, 2 }, { 4, .4 } },
				 .n = 3,
				 .tail = .8 };
	struct calib bad = c;

	(void)state;
	assert_true(calib_check(&c));
	assert_true(calib_check(&calib_uniform));
	near(calib_rate(&c, 1e-3), 2);
	near(calib_rate(&c, 1e-5), .4 * pow(10, -.8));
	near(calib_interval(&calib_uniform, .01), 1 / 3.6525);
	for (double p = 1e-12; p < .5; p *= 3)
		near(calib_p(&c, calib_rate(&c, p)), p);
	bad.at[1].rate = 20;
	assert_false(calib_check(&bad));
	assert_true(isnan(calib_rate(&c, NAN)));
}

static void
test_openings_are_episodes(void **state)
{
	const double s[] = { 0, 5, 5, 0, 0, 5, 0, 0, 0, NAN, 5, 1 };

	(void)state;
	assert_int_equal(calib_openings(s, 12, 4, 4), 2);
	assert_int_equal(calib_openings(s, 12, 4, 1), 3);
	assert_int_equal(calib_openings(s, 12, 4, 2), 3);
	assert_int_equal(calib_openings(s, 12, 4, 0), 4);
	assert_int_equal(calib_openings(s, 12, 6, 3), 0);
}

static void
test_fit_gives_the_rates_it_was_asked_for(void **state)
{
	static const double rates[] = { 24, 12, 4, 2, 1, .5, .1 };
	enum { AREAS = 60, DAYS = 1000 };
	double *scores = malloc(sizeof(*scores) * AREAS * DAYS);
	uint64_t s = 42;
	struct calib c;

	(void)state;
	for (size_t i = 0; i < AREAS * DAYS; i++)
		scores[i] = -log10(uniform(&s));
	assert_int_equal(calib_fit(&c, scores, AREAS, DAYS, 7, rates, 7), 0);
	/* Independent days, rare episodes: one opening a day below p. */
	assert_true(calib_rate(&c, 1e-4) > .5 * 365 * 1e-4);
	assert_true(calib_rate(&c, 1e-4) < 1.6 * 365 * 1e-4);
	assert_true(calib_rate(&c, 1e-6) > .3 * 365 * 1e-6);
	assert_true(calib_rate(&c, 1e-6) < 3 * 365 * 1e-6);
	free(scores);
}

/* A kind whose p is the square of what it should be; those of a kind nobody
   knows stay as they are. */
static void
test_a_tail_is_taken_out(void **state)
{
	struct calib_counts *seen = calloc(1, sizeof(*seen));
	const struct calib_tail unknown = { { 0 } };
	struct calib_tail tail, bad = { { 2, 2, 3 } };
	uint64_t s = 7;

	(void)state;
	assert_non_null(seen);
	for (int i = 0; i < 100000; i++)
		calib_count(seen, pow(uniform(&s), 2));
	calib_count(seen, NAN);
	assert_int_equal(calib_fit_tail(&tail, seen), 0);
	for (int i = 0; i < CALIB_TAIL_POINTS; i++)
		assert_true(fabs(tail.score[i] - 2 * (i + 1)) < .15);
	assert_true(calib_tail_check(&tail));
	tail = (struct calib_tail){ { 2, 4, 6 } };
	near(calib_tail_p(&tail, 1e-2), .1);
	near(calib_tail_p(&tail, 1e-3), pow(10, -1.5));
	near(calib_tail_p(&tail, 1e-1), pow(10, -.5));
	near(calib_tail_p(&tail, 1e-10), 1e-5);
	near(calib_tail_p(&tail, 1), 1);
	near(calib_tail_p(&unknown, 1e-3), 1e-3);
	assert_true(isnan(calib_tail_p(&tail, NAN)));
	assert_false(calib_tail_check(&bad));
	assert_false(calib_tail_check(&unknown));
	memset(seen, 0, sizeof(*seen));
	for (int i = 0; i < 1000; i++)
		calib_count(seen, uniform(&s));
	assert_int_equal(calib_fit_tail(&tail, seen), -1);
	free(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_of_r),
		cmocka_unit_test(test_scan_finds_the_best_subset),
		cmocka_unit_test(test_a_scan_s_p_knows_how_much_was_looked_at),
		cmocka_unit_test(test_votes_have_weights),
		cmocka_unit_test(test_correlation_shrinks),
		cmocka_unit_test(test_unknown_takes_no_part),
		cmocka_unit_test(test_a_zero_count_outvotes_nobody),
		cmocka_unit_test(test_level_under_correlation),
		cmocka_unit_test(test_calibration_goes_there_and_back),
		cmocka_unit_test(test_openings_are_episodes),
		cmocka_unit_test(test_fit_gives_the_rates_it_was_asked_for),
		cmocka_unit_test(test_a_tail_is_taken_out),
	};

	return cmocka_run_group_tests_name("fuse", tests, NULL, NULL);
}
