/*
 * The default method: what it must do on series made for it.  How well it
 * finds outbreaks is measured by bench-quality.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX 1200
#define MONDAY 11323 /* 2001-01-01 */

/* One series and what it takes to judge it. */
struct fixture {
	const struct det_method *m;
	double p[DET_MAX_PARAMS];
	double count[MAX];
	double denom[MAX];
	uint8_t mark[MAX];
	struct det_window w;
	struct det_verdict out[MAX];
	void *scratch;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->m = det_find("tocsin");
	assert_non_null(f->m);
	det_params_default(f->m, f->p);
	f->scratch = malloc(f->m->scratch(f->p, MAX));
	assert_non_null(f->scratch);
	f->w = (struct det_window){ .count = f->count,
				    .n = 400,
				    .first_t = 1,
				    .first_day = MONDAY,
				    .period = DET_DAY };
	srand(1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	free(f->scratch);
	free(f);
	return 0;
}

/* A Poisson count by Knuth's method; mean below 100. */
static double
poisson(double mean)
{
	double limit = exp(-mean), product = 1.0, k = -1.0;

	do {
		product *= (rand() + 1.0) / (RAND_MAX + 2.0);
		k += 1.0;
	} while (product > limit);
	return k;
}

/* Weekdays of 1.2, weekends of half the mean, closed ones of none. */
static void
fill(struct fixture *f, double mean, double weekend)
{
	for (size_t i = 0; i < MAX; i++)
		f->count[i] = poisson(mean * (i % 7 < 5 ? 1.2 : weekend) + 1e-9);
}

static void
judge(struct fixture *f, size_t from)
{
	assert_int_equal(det_judge(f->m, f->p, &f->w, from, f->scratch, f->out),
			 DET_OK);
}

static size_t
count_level(const struct fixture *f, size_t n, enum det_level level)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += f->out[i].level == level;
	return sum;
}

static void
test_quiet_series_rarely_alarms(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0.5);
	judge(f, 100);
	assert_int_equal(count_level(f, 300, DET_UNKNOWN), 0);
	assert_in_range(count_level(f, 300, DET_ALERT), 0, 9);
	for (size_t i = 0; i < 300; i++) {
		double share = i % 7 == 4 || i % 7 == 3 ? 0.5 : 1.2;

		assert_true(fabs(f->out[i].expected / (20 * share) - 1) < 0.35);
	}
}

static void
test_outbreak_alarms_while_it_lasts(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0.5);
	for (size_t i = 390; i < 397; i++)
		f->count[i] += 12;
	judge(f, 390);
	assert_in_range(count_level(f, 7, DET_ALERT), 4, 7);
	assert_int_not_equal(f->out[9].level, DET_ALERT);
}

static void
test_small_rise_adds_up(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MAX; i++)
		f->count[i] = 20 + (double)(i * 7 % 5) * 3 - 6;
	for (size_t i = 390; i < 400; i++)
		f->count[i] += 7;
	judge(f, 390);
	assert_true(f->out[0].p > 0.01);
	assert_true(f->out[9].p < 0.001);
}

static void
test_learns_within_two_weeks(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0.5);
	f->w.n = 60;
	judge(f, 0);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(f->out[i].reason, DET_LEARNING);
	for (size_t i = 16; i < 60; i++)
		assert_int_equal(f->out[i].reason, DET_JUDGED);
	assert_in_range(count_level(f, 60, DET_ALERT), 0, 3);
}

static void
test_short_history_sees_a_spike(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0.5);
	f->w.n = 29;
	f->count[28] = 70;
	judge(f, 28);
	assert_int_equal(f->out[0].level, DET_ALERT);
}

static void
test_closed_weekends_are_no_surprise(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0);
	for (size_t i = 0; i < MAX; i++)
		f->count[i] = i % 7 < 5 ? f->count[i] : 0;
	judge(f, 100);
	for (size_t i = 0; i < 300; i++) {
		if ((i + 100) % 7 < 5)
			continue;
		assert_true(f->out[i].expected < 1.0);
		assert_int_not_equal(f->out[i].level, DET_ALERT);
	}
	assert_in_range(count_level(f, 300, DET_ALERT), 0, 9);
}

static void
test_zeros_are_judged(void **state)
{
	struct fixture *f = *state;

	judge(f, 30);
	assert_int_equal(count_level(f, 370, DET_NORMAL), 370);
	f->count[399] = 5;
	judge(f, 399);
	assert_int_equal(f->out[0].level, DET_ALERT);
}

static void
test_holiday_has_its_own_mean(void **state)
{
	struct fixture *f = *state;

	fill(f, 30, 1);
	f->w.mark = f->mark;
	for (size_t i = 20; i < 400; i += 20) {
		f->mark[i] = DET_MARK_HOLIDAY;
		f->count[i] = 3;
	}
	judge(f, 380);
	assert_true(f->out[0].expected < 12);
	assert_true(f->out[1].expected > 20);
}

static void
test_rates_follow_the_denominator(void **state)
{
	struct fixture *f = *state;

	f->w.denom = f->denom;
	for (size_t i = 0; i < MAX; i++) {
		f->denom[i] = 100 + (double)(i % 50) * 4;
		f->count[i] = poisson(f->denom[i] * 0.1);
	}
	f->denom[398] = 600;
	f->count[398] = 60;
	f->denom[399] = NAN;
	judge(f, 398);
	assert_int_equal(f->out[0].level, DET_NORMAL);
	assert_true(fabs(f->out[0].expected - 60) < 6);
	assert_int_equal(f->out[1].reason, DET_REPORT_MISSING);
}

/* A step up alarms at first and is the new level after three months. */
static void
test_new_level_is_learnt(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 1);
	f->w.n = 800;
	for (size_t i = 600; i < 800; i++)
		f->count[i] = poisson(40);
	judge(f, 600);
	assert_in_range(count_level(f, 14, DET_ALERT), 7, 14);
	for (size_t i = 90; i < 200; i++)
		assert_true(fabs(f->out[i].expected / 40 - 1) < 0.25);
}

static void
test_one_cell_or_many_within_reach(void **state)
{
	struct fixture *f = *state;
	struct det_verdict one, all[40];
	size_t reach;

	assert_int_equal(det_params_set(f->m, f->p, "history", "112"), DET_OK);
	reach = f->m->reach(f->p);
	fill(f, 8, 0.3);
	f->count[300] = f->count[333] = f->count[341] = NAN;
	judge(f, 360);
	memcpy(all, f->out, sizeof(all));
	for (size_t i = 0; i < 40; i++) {
		struct det_window w = f->w;

		w.n = reach;
		w.count = f->count + 361 + i - reach;
		w.first_day = MONDAY + 361 + (int32_t)i - (int32_t)reach;
		w.first_t = 362 + (int64_t)i - (int64_t)reach;
		assert_int_equal(
			det_judge(f->m, f->p, &w, reach - 1, f->scratch, &one),
			DET_OK);
		assert_memory_equal(&one, &all[i], sizeof(one));
	}
}

static void
test_upper_is_the_last_count_without_alarm(void **state)
{
	struct fixture *f = *state;

	fill(f, 3, 0.5);
	for (size_t i = 300; i < 399; i += 9) {
		double upper;

		f->w.n = i + 1;
		judge(f, i);
		upper = f->out[0].upper;
		f->count[i] = upper;
		judge(f, i);
		assert_int_not_equal(f->out[0].level, DET_ALERT);
		f->count[i] = upper + 1;
		judge(f, i);
		assert_int_equal(f->out[0].level, DET_ALERT);
		f->count[i] = 3;
	}
}

static void
test_weeks_are_judged(void **state)
{
	struct fixture *f = *state;

	f->w.period = DET_WEEK;
	for (size_t i = 0; i < MAX; i++)
		f->count[i] = poisson(
			10 * exp(0.8 * sin(2 * M_PI * (double)i / 52.18)));
	f->count[399] += 25;
	judge(f, 100);
	assert_int_equal(f->out[299].level, DET_ALERT);
	assert_in_range(count_level(f, 300, DET_ALERT), 1, 12);
}

static void
test_any_window_is_safe(void **state)
{
	struct fixture *f = *state;

	f->w.mark = f->mark;
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < 80; i++) {
			double x[] = { 0,   1,	 2147483647, DET_MAX_COUNT,
				       NAN, NAN, 3 };

			f->count[i] = x[rand() % 7];
			f->mark[i] = (uint8_t)(rand() % 4);
		}
		f->w.n = (size_t)(rand() % 81);
		f->w.period = rand() % 2 ? DET_DAY : DET_WEEK;
		f->w.first_day = rand() % 100000 - 50000;
		judge(f, 0);
		for (size_t i = 0; i < f->w.n; i++) {
			const struct det_verdict *v = &f->out[i];
			int known = v->level != DET_UNKNOWN;

			assert_int_equal(known, v->reason == DET_JUDGED);
			assert_int_equal(known, v->p > 0 && v->p < 1);
			assert_int_equal(known, !isnan(v->upper));
			assert_int_equal(known, isfinite(v->statistic));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_quiet_series_rarely_alarms),
		TEST(test_outbreak_alarms_while_it_lasts),
		TEST(test_small_rise_adds_up),
		TEST(test_learns_within_two_weeks),
		TEST(test_short_history_sees_a_spike),
		TEST(test_closed_weekends_are_no_surprise),
		TEST(test_zeros_are_judged),
		TEST(test_holiday_has_its_own_mean),
		TEST(test_rates_follow_the_denominator),
		TEST(test_new_level_is_learnt),
		TEST(test_one_cell_or_many_within_reach),
		TEST(test_upper_is_the_last_count_without_alarm),
		TEST(test_weeks_are_judged),
		TEST(test_any_window_is_safe),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
