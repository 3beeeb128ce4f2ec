#include "daemon/judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/judge/calendar.h"
#include "daemon/judge/stream.h"

#define DAYS 90
#define DAY0 18000 /* a Monday would be 18001; any day will do */

static char err[256];

struct world {
	struct registry *registry;
	struct judge *judge;
	uint32_t site[4], series[4];
};

static void
add_area(struct registry *r, const char *code, const char *parent,
	 enum reg_level level)
{
	struct reg_area a = { .code = code, .name = code, .level = level };

	assert_int_not_equal(registry_add_area(r, &a, parent, err, sizeof(err)),
			     REG_NONE);
}

/* Two counties of a city with two emergency departments each. */
static void
make_with(struct world *w, const char *day_method)
{
	static const char *const county[] = { "c1", "c1", "c2", "c2" };
	static const char *const rates[] = { "rate=on", NULL };
	const struct judge_conf conf = {
		.history_days = 400,
		.day_method = day_method,
		.day_params = strcmp(day_method, "w2") == 0 ? rates : NULL,
		.week_method = "ears-c2"
	};
	struct reg_kind kind = { .code = "ed",
				 .class_code = "clinical",
				 .period = 1 };
	struct reg_indicator ind = { .code = "ili-visit" };

	w->registry = registry_new();
	registry_add_kind(w->registry, &kind, err, sizeof(err));
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	add_area(w->registry, "city", NULL, REG_CITY);
	add_area(w->registry, "c1", "city", REG_COUNTY);
	add_area(w->registry, "c2", "city", REG_COUNTY);
	for (uint32_t i = 0; i < 4; i++) {
		char code[8];
		struct reg_site site = { .code = code };

		snprintf(code, sizeof(code), "s%u", i);
		w->site[i] = registry_add_site(w->registry, &site, "ed",
					       county[i], err, sizeof(err));
		w->series[i] =
			registry_add_series(w->registry, w->site[i], 0, "", 0);
	}
	w->judge = judge_new(&conf, w->registry);
	assert_non_null(w->judge);
}

static void
make(struct world *w)
{
	make_with(w, "rnssp-switch");
}

static void
drop(struct world *w)
{
	judge_free(&w->judge);
	registry_free(&w->registry);
}

static void
set(struct world *w, uint32_t series, int32_t day, double value)
{
	struct judge_cell cell = { .value = value, .denominator = NAN };

	judge_set(w->judge, series, day, &cell);
}

static double
count(uint32_t i, int32_t day)
{
	return 20 + (double)((day * 7 + (int32_t)i * 5) % 11);
}

static void
fill(struct world *w, int32_t days)
{
	for (int32_t d = 0; d < days; d++) {
		for (uint32_t i = 0; i < 4; i++)
			set(w, w->series[i], DAY0 + d, count(i, d));
	}
	while (judge_dirty(w->judge, 100) > 0)
		;
}

/*
 * The verdict on the last day of the first site, and on its county; and all
 * that is kept of both for fusion.
 */
static void
last_verdicts(struct world *w, int32_t days, double p[4])
{
	struct judge_point at;
	enum det_level level;
	uint32_t c1 = registry_area(w->registry, "c1", 2);

	while (judge_dirty(w->judge, 100) > 0)
		;
	assert_int_equal(
		judge_points(w->judge, w->series[0], DAY0 + days - 1, 1, &at), 0);
	assert_true(at.judged);
	p[0] = at.verdict.p;
	assert_int_equal(judge_area_points(w->judge,
					   registry_area(w->registry, "c1", 2),
					   0, 0, DAY0 + days - 1, 1, &at),
			 0);
	p[1] = at.verdict.p;
	p[2] = p[3] = 0;
	for (int32_t d = DAY0 + days - 40; d < DAY0 + days; d++) {
		p[2] += judge_series_p(w->judge, w->series[0], d, &level);
		p[3] += judge_sum_p(w->judge, judge_sums_of(w->judge, c1), d,
				    &level);
	}
}

/*
 * Holidays marked by a site's own calendar are marked as by the centre's, for
 * the site and for a county all of whose sites have it; and calendars that
 * come later leave what they would have left from the start.
 */
static void
test_calendars_of_sites_and_calendars_that_change(void **state)
{
	static const char text[] = "calendar \"a\" {\n\tholidays = { "
				   "\"2019-06-09..2019-06-12\" }\n}\n";
	char path[] = "/tmp/judge_testXXXXXX";
	const char *paths[] = { path };
	int fd = mkstemp(path);
	struct calendar *all = NULL;
	struct calendars *named = NULL;
	double got[4][4];

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	all = calendar_load(paths, 1, NULL, NULL, NULL);
	named = calendars_load(path, NULL, NULL);
	unlink(path);
	assert_true(all != NULL && named != NULL);
	for (int k = 0; k < 4; k++) {
		struct world w;

		make(&w);
		if (k == 1)
			registry_set_calendar(w.registry, all);
		if (k == 2)
			registry_set_calendars(w.registry, named);
		for (uint32_t i = 0; k == 2 && i < 2; i++) {
			struct reg_site s = *registry_site_at(w.registry, i);

			s.calendar = "a";
			registry_add_site(w.registry, &s, "ed", "c1", err,
					  sizeof(err));
		}
		fill(&w, DAYS);
		if (k == 3) {
			last_verdicts(&w, DAYS, got[3]);
			registry_set_calendar(w.registry, all);
			judge_all_again(w.judge);
		}
		last_verdicts(&w, DAYS, got[k]);
		drop(&w);
	}
	for (int of = 0; of < 4; of++) {
		assert_true(got[0][of] != got[1][of]);
		assert_true(got[2][of] == got[1][of]);
		assert_true(got[3][of] == got[1][of]);
	}
	calendar_free(&all);
	calendars_free(&named);
}

static void
test_a_window_gives_the_method_s_verdict(void **state)
{
	struct world w;
	struct judge_point at[3];
	const struct det_method *m = det_find("rnssp-switch");
	double p[DET_MAX_PARAMS], x[DAYS];
	struct det_verdict want;
	struct det_window win = { .count = x,
				  .n = DAYS,
				  .first_t = 1,
				  .first_day = DAY0,
				  .period = DET_DAY };
	enum det_level level;
	void *scratch;

	(void)state;
	make(&w);
	fill(&w, DAYS);
	det_params_default(m, p);
	scratch = malloc(m->scratch(p, DAYS) + 1);
	for (int32_t d = 0; d < DAYS; d++)
		x[d] = count(2, d);
	assert_int_equal(m->judge(p, &win, DAYS - 1, scratch, &want), 0);
	assert_int_equal(
		judge_points(w.judge, w.series[2], DAY0 + DAYS - 2, 3, at), 0);
	assert_true(at[1].judged);
	assert_true(at[1].verdict.p == want.p);
	assert_true(at[1].cell.value == x[DAYS - 1]);
	assert_false(at[2].judged);
	assert_true(isnan(at[2].cell.value));
	assert_true((float)want.p == (float)judge_series_p(w.judge, w.series[2],
							   DAY0 + DAYS - 1,
							   &level));
	assert_int_equal(level, want.level);
	free(scratch);
	drop(&w);
}

static void
test_sums_go_up_the_tree(void **state)
{
	struct world w;
	struct judge_point at[1];

	(void)state;
	make(&w);
	fill(&w, DAYS);
	assert_int_equal(judge_area_points(w.judge, 0, 0, 0, DAY0 + 60, 1, at),
			 0);
	assert_true(at[0].cell.value ==
		    count(0, 60) + count(1, 60) + count(2, 60) + count(3, 60));
	assert_int_equal(judge_area_points(w.judge, 2, 0, 0, DAY0 + 60, 1, at),
			 0);
	assert_true(at[0].cell.value == count(2, 60) + count(3, 60));
	assert_true(at[0].verdict.level == DET_NORMAL);
	assert_int_equal(judge_sums(w.judge), 3);
	drop(&w);
}

/* A silent site is no fall and its return no rise. */
static void
test_a_missing_site_is_not_zero(void **state)
{
	struct world w;
	struct judge_point whole[1], less[1];

	(void)state;
	make(&w);
	fill(&w, DAYS);
	assert_int_equal(
		judge_area_points(w.judge, 1, 0, 0, DAY0 + 89, 1, whole), 0);
	set(&w, w.series[0], DAY0 + 89, NAN);
	for (int32_t d = 70; d < 80; d++)
		set(&w, w.series[1], DAY0 + d, NAN);
	judge_dirty(w.judge, 100);
	assert_int_equal(judge_area_points(w.judge, 1, 0, 0, DAY0 + 89, 1, less),
			 0);
	assert_true(less[0].cell.value == count(1, 89));
	assert_true(less[0].verdict.expected < 0.6 * whole[0].verdict.expected);
	assert_true(less[0].verdict.level == DET_NORMAL);
	drop(&w);
}

static void
test_a_new_site_waits_for_its_past(void **state)
{
	struct world w;
	struct judge_point at[1];

	(void)state;
	make(&w);
	for (int32_t d = 0; d < DAYS; d++) {
		set(&w, w.series[0], DAY0 + d, count(0, d));
		if (d > 80)
			set(&w, w.series[1], DAY0 + d, 500);
	}
	judge_dirty(w.judge, 100);
	assert_int_equal(judge_area_points(w.judge, 1, 0, 0, DAY0 + 89, 1, at),
			 0);
	assert_true(at[0].cell.value == count(0, 89));
	assert_false(judge_settled(w.judge, w.series[1], DAY0 + 89));
	assert_true(judge_settled(w.judge, w.series[0], DAY0 + 89));
	drop(&w);
}

/* Every p of every series and sum. */
static void
all_p(struct world *w, double *out)
{
	enum det_level level;

	for (int32_t d = 50; d < DAYS; d++) {
		for (uint32_t i = 0; i < 4; i++)
			*out++ = judge_series_p(w->judge, w->series[i],
						DAY0 + d, &level);
		for (uint32_t a = 0; a < 3; a++)
			*out++ = judge_sum_p(w->judge, judge_sums_of(w->judge, a),
					     DAY0 + d, &level);
	}
}

static void
test_order_of_arrival_does_not_matter(void **state)
{
	static double a[40 * 7], b[40 * 7];
	struct world w;
	int32_t n = DAYS * 4;

	(void)state;
	make(&w);
	fill(&w, DAYS);
	all_p(&w, a);
	drop(&w);
	make(&w);
	for (int32_t k = 0; k < n; k++) {
		int32_t i = (int32_t)(((int64_t)k * 101 + 55) % n);

		if (k % 13 == 0)
			set(&w, w.series[i % 4], DAY0 + i / 4, 999);
		if (k % 17 == 0)
			judge_dirty(w.judge, 2);
		set(&w, w.series[i % 4], DAY0 + i / 4,
		    count((uint32_t)i % 4, i / 4));
	}
	while (judge_dirty(w.judge, 3) > 0)
		;
	assert_true(judge_idle(w.judge));
	all_p(&w, b);
	for (size_t i = 0; i < 40 * 7; i++)
		assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
	drop(&w);
}

/* How the sites of the city report. */
struct habit {
	int32_t first;	     /* day, of all but the last site */
	int32_t last_site;   /* its first day */
	int32_t hole;	     /* first of four days without the second site */
	int32_t denominator; /* first day with one */
	int32_t partial;     /* day the first site never finished */
	const char *method;
};

/* Judged by the day or else, but for the last days, in two pieces. */
static void
fill_by(struct world *w, const struct habit *h, bool by_the_day)
{
	for (int32_t d = h->first; d < DAYS; d++) {
		for (uint32_t i = 0; i < 4; i++) {
			struct judge_cell cell = { .value = count(i, d),
						   .denominator = NAN };

			if ((i == 3 && d < h->last_site) ||
			    (i == 1 && d >= h->hole && d < h->hole + 4))
				continue;
			if (d >= h->denominator)
				cell.denominator = 1000 + d * d;
			cell.partial = i == 0 && d == h->partial;
			judge_set(w->judge, w->series[i], DAY0 + d, &cell);
		}
		while ((by_the_day || d == 62 || d == 79) &&
		       judge_dirty(w->judge, 100) > 0)
			;
	}
	while (judge_dirty(w->judge, 100) > 0)
		;
}

/* Sums judged many days at once are what they are day by day. */
static void
test_many_days_at_once_are_judged_alike(void **state)
{
	static const struct habit habit[] = {
		{ 0, 0, DAYS, DAYS, DAYS, "ears-c2" },
		{ 0, 9, DAYS, DAYS, DAYS, "ears-c2" },
		{ 0, 0, DAYS, DAYS, 75, "ears-c2" },
		{ 0, 0, DAYS, 0, DAYS - 1, "ears-c2" },
		{ 0, 0, 41, DAYS, DAYS, "rnssp-regression" },
		{ 0, 52, 70, DAYS, DAYS, "rnssp-regression" },
		{ 46, 46, DAYS, DAYS, DAYS, "ears-c2" },
		{ 0, 0, DAYS, 0, DAYS, "w2" },
		{ 0, 0, DAYS, 60, 70, "w2" },
	};
	static double a[40 * 7], b[40 * 7];

	(void)state;
	for (size_t k = 0; k < sizeof(habit) / sizeof(habit[0]); k++) {
		struct world w;

		make_with(&w, habit[k].method);
		fill_by(&w, &habit[k], true);
		all_p(&w, a);
		drop(&w);
		make_with(&w, habit[k].method);
		fill_by(&w, &habit[k], false);
		all_p(&w, b);
		for (size_t i = 0; i < 40 * 7; i++)
			assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
		drop(&w);
	}
}

/* Half a day is no past to compare with, and half a day's cases are usual. */
static void
test_a_day_that_is_not_over(void **state)
{
	static const struct habit habit = { 0, 0, DAYS, 0, 40, "ears-c2" };
	struct judge_cell cell = { .value = NAN, .denominator = NAN };
	double p[4], without[4];
	struct judge_point at;
	struct world w;

	(void)state;
	make_with(&w, habit.method);
	fill_by(&w, &habit, false);
	last_verdicts(&w, 49, p);
	judge_set(w.judge, w.series[0], DAY0 + 40, &cell);
	last_verdicts(&w, 49, without);
	assert_true(p[0] == without[0] && p[1] == without[1]);
	cell = (struct judge_cell){ 13, 500 + (DAYS - 10) * (DAYS - 10) / 2,
				    true };
	judge_set(w.judge, w.series[0], DAY0 + DAYS - 1, &cell);
	last_verdicts(&w, DAYS, p);
	assert_int_equal(
		judge_points(w.judge, w.series[0], DAY0 + DAYS - 1, 1, &at), 0);
	assert_true(at.verdict.expected > 10 && at.verdict.expected < 15);
	drop(&w);
}

/* 60 days, 70 of silence, 20 more; the last but one before it is revised. */
static void
fall_silent(struct world *w, bool by_the_day)
{
	if (by_the_day)
		set(w, w->series[0], DAY0 + 58, 5000);
	for (int32_t d = 0; d < 60; d++) {
		if (d != 58 || !by_the_day)
			set(w, w->series[0], DAY0 + d, count(0, d));
	}
	while (by_the_day && judge_dirty(w->judge, 100) > 0)
		;
	set(w, w->series[0], DAY0 + 58, count(0, 58));
	for (int32_t d = 130; d < 150; d++) {
		set(w, w->series[0], DAY0 + d, count(0, d));
		while (by_the_day && judge_dirty(w->judge, 100) > 0)
			;
	}
	while (judge_dirty(w->judge, 100) > 0)
		;
}

/*
 * What is saved of a series is not used where a revision changed what was
 * before it, even where the revision is too old to be judged again itself.
 */
static void
test_what_is_saved_changes_no_verdict(void **state)
{
	struct world a, b;

	(void)state;
	make(&a);
	make(&b);
	fall_silent(&a, true);
	fall_silent(&b, false);
	for (int32_t d = 145; d < 150; d++) {
		enum det_level x, y;
		double p = judge_series_p(a.judge, a.series[0], DAY0 + d, &x);
		double q = judge_series_p(b.judge, b.series[0], DAY0 + d, &y);

		assert_true(p == q && x == y);
	}
	drop(&a);
	drop(&b);
}

static void
test_strata_are_not_counted_twice(void **state)
{
	struct world w;
	struct judge_point at[1];
	uint32_t young, old;

	(void)state;
	make(&w);
	young = registry_add_series(w.registry, w.site[0], 0, "0-4", 3);
	old = registry_add_series(w.registry, w.site[0], 0, "5+", 2);
	for (int32_t d = 0; d < DAYS; d++) {
		set(&w, young, DAY0 + d, 5);
		set(&w, old, DAY0 + d, 7);
		set(&w, w.series[1], DAY0 + d, count(1, d));
	}
	judge_dirty(w.judge, 100);
	judge_area_points(w.judge, 1, 0, 0, DAY0 + 70, 1, at);
	assert_true(at[0].cell.value == 12 + count(1, 70));
	for (int32_t d = 0; d < DAYS; d++)
		set(&w, w.series[0], DAY0 + d, 12);
	judge_dirty(w.judge, 100);
	judge_area_points(w.judge, 1, 0, 0, DAY0 + 70, 1, at);
	assert_true(at[0].cell.value == 12 + count(1, 70));
	drop(&w);
}

static void
test_touched_areas_are_listed_once(void **state)
{
	struct world w;
	const uint32_t *areas;

	(void)state;
	make(&w);
	fill(&w, DAYS);
	judge_touched_clear(w.judge);
	set(&w, w.series[3], DAY0 + DAYS, 400);
	judge_dirty(w.judge, 100);
	assert_int_equal(judge_touched(w.judge, &areas), 2);
	assert_int_equal(areas[0] + areas[1], 2);
	judge_touched_clear(w.judge);
	set(&w, w.series[3], DAY0 + DAYS, 400);
	assert_true(judge_idle(w.judge));
	assert_int_equal(judge_touched(w.judge, &areas), 0);
	drop(&w);
}

static void
test_a_ring_forgets_what_is_too_old(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	for (int32_t t = 0; t < 1000; t++)
		assert_int_equal(
			stream_set(&s, t, (uint32_t)t, CELL_MISSING, 100), 1);
	assert_int_equal(stream_cell(&s, 899), CELL_MISSING);
	assert_int_equal(stream_cell(&s, 900), 900);
	assert_int_equal(stream_set(&s, 5, 1, CELL_MISSING, 100), 0);
	assert_int_equal(stream_set(&s, 5000, 1, CELL_MISSING, 100), 1);
	assert_int_equal(stream_cell(&s, 999), CELL_MISSING);
	assert_int_equal(s.first, 4901);
	stream_fini(&s);
	assert_int_equal(stream_period(-4, 7), -1);
	assert_int_equal(stream_period(-3, 7), 0);
	assert_int_equal(stream_period(3, 7), 0);
	assert_int_equal(stream_day(stream_period(18004, 7), 7), 18001);
}

static void
test_an_unknown_method_is_refused(void **state)
{
	const struct judge_conf conf = { .history_days = 60,
					 .day_method = "tea-leaves",
					 .week_method = "ears-c2" };
	struct registry *r = registry_new();

	(void)state;
	assert_null(judge_new(&conf, r));
	registry_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calendars_of_sites_and_calendars_that_change),
		cmocka_unit_test(test_a_window_gives_the_method_s_verdict),
		cmocka_unit_test(test_sums_go_up_the_tree),
		cmocka_unit_test(test_a_missing_site_is_not_zero),
		cmocka_unit_test(test_a_new_site_waits_for_its_past),
		cmocka_unit_test(test_order_of_arrival_does_not_matter),
		cmocka_unit_test(test_many_days_at_once_are_judged_alike),
		cmocka_unit_test(test_what_is_saved_changes_no_verdict),
		cmocka_unit_test(test_strata_are_not_counted_twice),
		cmocka_unit_test(test_touched_areas_are_listed_once),
		cmocka_unit_test(test_a_ring_forgets_what_is_too_old),
		cmocka_unit_test(test_a_day_that_is_not_over),
		cmocka_unit_test(test_an_unknown_method_is_refused),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
