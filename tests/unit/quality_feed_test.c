#include "daemon/judge/quality_feed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/judge/calendar.h"

#define DAYS 80

struct world {
	struct registry *registry;
	struct judge *judge;
	uint32_t site, ili, all;
	int32_t day0;
	struct quality_feed found;
};

static char err[256];

static int
make(void **state)
{
	static const struct judge_conf conf = { .history_days = 400,
						.day_method = "ears-c2",
						.week_method = "ears-c2" };
	static struct world w;
	const struct reg_kind kind = { .code = "ed",
				       .class_code = "clinical",
				       .period = 1 };
	const struct reg_indicator ili = { .code = "ili-visit" };
	const struct reg_indicator all = { .code = "all-visit" };
	const struct reg_area area = { .code = "K",
				       .name = "K",
				       .level = REG_COUNTY };
	const struct reg_site site = { .code = "ed-1" };

	w.registry = registry_new();
	registry_add_kind(w.registry, &kind, err, sizeof(err));
	registry_add_indicator(w.registry, &ili, err, sizeof(err));
	registry_add_indicator(w.registry, &all, err, sizeof(err));
	registry_add_area(w.registry, &area, NULL, err, sizeof(err));
	w.site = registry_add_site(w.registry, &site, "ed", "K", err,
				   sizeof(err));
	w.ili = registry_add_series(w.registry, w.site, 0, "", 0);
	w.all = registry_add_series(w.registry, w.site, 1, "", 0);
	w.judge = judge_new(&conf, w.registry);
	w.day0 = day_parse("2024-03-04", 10);
	assert_non_null(w.judge);
	*state = &w;
	return 0;
}

static int
drop(void **state)
{
	struct world *w = *state;

	judge_free(&w->judge);
	registry_free(&w->registry);
	return 0;
}

static void
put(struct world *w, uint32_t series, int i, double value)
{
	const struct judge_cell cell = { .value = value, .denominator = NAN };

	judge_set(w->judge, series, w->day0 + i, &cell);
}

/* Around 20 and 100 a day, with a weekday. */
static double
usual(const struct world *w, uint32_t series, int i)
{
	int weekend = day_weekday(w->day0 + i) >= 5;

	return (series == w->ili ? 20 : 100) / (1 + weekend) + i * 7 % 5;
}

static void
fill(struct world *w, int days)
{
	for (int i = 0; i < days; i++) {
		put(w, w->ili, i, usual(w, w->ili, i));
		put(w, w->all, i, usual(w, w->all, i));
	}
}

static void
assert_nothing(struct world *w)
{
	struct quality_feed f;

	assert_false(quality_withered(w->registry, w->judge, w->site, &f));
	assert_false(quality_stopped(w->registry, w->judge, w->site, &f));
	assert_false(quality_jumped(w->registry, w->judge, w->site, &f));
}

static void
test_nothing_is_odd_about_usual_reports(void **state)
{
	struct world *w = *state;

	assert_nothing(w); /* nor about none at all */
	fill(w, DAYS);
	assert_nothing(w);
}

static void
test_a_feed_withers(void **state)
{
	struct world *w = *state;

	fill(w, DAYS);
	for (int i = DAYS - 7; i < DAYS; i++) {
		put(w, w->ili, i, floor(usual(w, w->ili, i) / 4));
		put(w, w->all, i, floor(usual(w, w->all, i) / 4));
	}
	assert_true(quality_withered(w->registry, w->judge, w->site, &w->found));
	assert_int_equal(w->found.since, w->day0 + DAYS - 7);
	assert_true(w->found.seen < w->found.usual / 3);
	/* An indicator alone may go down: a season ends. */
	for (int i = DAYS - 7; i < DAYS; i++)
		put(w, w->all, i, usual(w, w->all, i));
	assert_false(quality_withered(w->registry, w->judge, w->site, &w->found));
}

static void
test_a_holiday_is_no_withering(void **state)
{
	struct world *w = *state;
	const char *path = "etc/calendars";
	struct calendar *c = calendar_load(&path, 1, "cn", NULL, NULL);

	assert_non_null(c);
	/* The last day is the first after the national day's week. */
	w->day0 = day_parse("2024-10-08", 10) - DAYS + 1;
	fill(w, DAYS);
	for (int i = DAYS - 7; i < DAYS; i++) {
		put(w, w->ili, i, 1);
		put(w, w->all, i, 5);
	}
	assert_true(quality_withered(w->registry, w->judge, w->site, &w->found));
	registry_set_calendar(w->registry, c);
	assert_false(quality_withered(w->registry, w->judge, w->site, &w->found));
	registry_set_calendar(w->registry, NULL);
	calendar_free(&c);
}

static void
test_a_missing_day_is_not_a_zero(void **state)
{
	struct world *w = *state;

	fill(w, DAYS - 7);
	put(w, w->ili, DAYS - 1, usual(w, w->ili, DAYS - 1));
	put(w, w->all, DAYS - 1, usual(w, w->all, DAYS - 1));
	assert_nothing(w);
}

static void
test_one_series_stops(void **state)
{
	struct world *w = *state;

	fill(w, DAYS);
	put(w, w->ili, DAYS - 1, NAN);
	put(w, w->ili, DAYS - 2, NAN);
	assert_false(quality_stopped(w->registry, w->judge, w->site, &w->found));
	put(w, w->ili, DAYS - 3, NAN);
	assert_true(quality_stopped(w->registry, w->judge, w->site, &w->found));
	assert_int_equal(w->found.series, w->ili);
	assert_int_equal(w->found.since, w->day0 + DAYS - 3);
	/* It comes again. */
	put(w, w->ili, DAYS - 1, 0);
	assert_false(quality_stopped(w->registry, w->judge, w->site, &w->found));
}

static void
test_a_series_that_comes_now_and_then_has_not_stopped(void **state)
{
	struct world *w = *state;

	fill(w, DAYS);
	for (int i = 0; i < DAYS; i++) {
		if (i % 4 == 0 || i >= DAYS - 3)
			put(w, w->ili, i, NAN);
	}
	assert_false(quality_stopped(w->registry, w->judge, w->site, &w->found));
}

static void
test_a_silent_site_s_series_have_not_stopped(void **state)
{
	struct world *w = *state;

	fill(w, DAYS);
	for (int i = DAYS - 10; i < DAYS; i++) {
		put(w, w->ili, i, NAN);
		put(w, w->all, i, NAN);
	}
	assert_nothing(w);
}

static void
test_a_unit_jumps(void **state)
{
	struct world *w = *state;

	fill(w, DAYS);
	for (int i = DAYS - 2; i < DAYS; i++)
		put(w, w->all, i, 100 * usual(w, w->all, i));
	assert_false(quality_jumped(w->registry, w->judge, w->site, &w->found));
	put(w, w->all, DAYS - 3, 100 * usual(w, w->all, DAYS - 3));
	assert_true(quality_jumped(w->registry, w->judge, w->site, &w->found));
	assert_int_equal(w->found.series, w->all);
	assert_int_equal(w->found.since, w->day0 + DAYS - 3);
	assert_true(w->found.seen >= 5000 && w->found.usual <= 104);
	/* Five times as much is an outbreak's business. */
	for (int i = DAYS - 3; i < DAYS; i++)
		put(w, w->all, i, 5 * usual(w, w->all, i));
	assert_false(quality_jumped(w->registry, w->judge, w->site, &w->found));
}

static void
test_a_rare_thing_does_not_jump(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < DAYS; i++)
		put(w, w->ili, i, i % 9 == 0);
	for (int i = DAYS - 3; i < DAYS; i++)
		put(w, w->ili, i, 30);
	assert_false(quality_jumped(w->registry, w->judge, w->site, &w->found));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_odd_about_usual_reports),
		TEST(test_a_feed_withers),
		TEST(test_a_holiday_is_no_withering),
		TEST(test_a_missing_day_is_not_a_zero),
		TEST(test_one_series_stops),
		TEST(test_a_series_that_comes_now_and_then_has_not_stopped),
		TEST(test_a_silent_site_s_series_have_not_stopped),
		TEST(test_a_unit_jumps),
		TEST(test_a_rare_thing_does_not_jump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
