/* New series borrow from their peers, see judge.h. */
#include "daemon/judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detectors/peers.h"

#define DAYS 90
#define LAST (DAY0 + DAYS - 1)
#define DAY0 18000
#define SITES 16

static char err[256];

/*
 * A nation of two provinces; in the first a city of two counties: sites 0-5 in
 * county c1, 6-7 in c2; sites 8-15 in county d1 of the other province.
 */
struct world {
	struct registry *registry;
	struct judge *judge;
	uint32_t site[SITES], series[SITES];
};

static void
add_area(struct registry *r, const char *code, const char *parent,
	 enum reg_level level)
{
	struct reg_area a = { .code = code, .name = code, .level = level };

	assert_int_not_equal(registry_add_area(r, &a, parent, err, sizeof(err)),
			     REG_NONE);
}

static void
make(struct world *w, int period)
{
	const struct judge_conf conf = { .history_days = 700,
					 .day_method = JUDGE_DAY_METHOD,
					 .week_method = JUDGE_WEEK_METHOD };
	struct reg_kind kind = { .code = "school",
				 .class_code = "institution",
				 .period = period,
				 .expect = period == 7 ? REG_WEEKLY : REG_DAILY };
	struct reg_indicator ind = { .code = "absent" };

	w->registry = registry_new();
	registry_add_kind(w->registry, &kind, err, sizeof(err));
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	add_area(w->registry, "n", NULL, REG_NATION);
	add_area(w->registry, "p", "n", REG_PROVINCE);
	add_area(w->registry, "q", "n", REG_PROVINCE);
	add_area(w->registry, "city", "p", REG_CITY);
	add_area(w->registry, "c1", "city", REG_COUNTY);
	add_area(w->registry, "c2", "city", REG_COUNTY);
	add_area(w->registry, "d1", "q", REG_COUNTY);
	for (uint32_t i = 0; i < SITES; i++) {
		char code[8];
		struct reg_site site = { .code = code };

		snprintf(code, sizeof(code), "s%u", i);
		w->site[i] = registry_add_site(w->registry, &site, "school",
					       i < 6   ? "c1"
					       : i < 8 ? "c2"
						       : "d1",
					       err, sizeof(err));
		w->series[i] =
			registry_add_series(w->registry, w->site[i], 0, "", 0);
	}
	w->judge = judge_new(&conf, w->registry);
	assert_non_null(w->judge);
}

static void
drop(struct world *w)
{
	judge_free(&w->judge);
	registry_free(&w->registry);
}

static void
put(struct world *w, uint32_t series, int32_t day, double value, double denom)
{
	struct judge_cell cell = { .value = value, .denominator = denom };

	judge_set(w->judge, series, day, &cell);
}

static double
count(uint32_t i, int32_t d)
{
	return 8 + i % 3 + (double)((d * 7 + (int32_t)i * 5) % 5) +
	       (d % 7 == 0 ? 9 : 0);
}

/* Sites from..to-1 report on all days from `first` on, in steps. */
static void
fill(struct world *w, uint32_t from, uint32_t to, int32_t first, int step)
{
	for (int32_t d = first; d < DAYS; d++) {
		for (uint32_t i = from; i < to; i++)
			put(w, w->series[i], DAY0 + d * step, count(i, d), NAN);
	}
}

static void
judge_now(struct world *w)
{
	while (judge_dirty(w->judge, 50) > 0)
		;
}

static uint32_t
area(const struct world *w, const char *code)
{
	return registry_area(w->registry, code, strlen(code));
}

/* The p of the site's last day, and from whom. */
static double
last_p(struct world *w, uint32_t site, struct judge_borrowed *from)
{
	enum det_level level;

	judge_now(w);
	judge_borrows(w->judge, w->series[site], LAST, from);
	return judge_series_p(w->judge, w->series[site], LAST, &level);
}

static void
a_new_site_is_judged_by_its_county(void **state)
{
	struct judge_borrowed from;
	struct judge_point at[2];
	enum det_level level;
	struct world w;
	double p;

	(void)state;
	make(&w, 1);
	fill(&w, 0, 5, 0, 1);
	fill(&w, 5, 6, DAYS - 4, 1);
	p = last_p(&w, 5, &from);
	assert_true(p > .05 && p < .95);
	assert_int_equal(from.peers, 5);
	assert_int_equal(from.own, 3);
	assert_int_equal(from.area, area(&w, "c1"));
	put(&w, w.series[5], LAST, 60, NAN);
	assert_true(last_p(&w, 5, &from) < .01);
	judge_series_p(w.judge, w.series[5], LAST, &level);
	assert_int_equal(level, DET_ALERT);
	assert_int_equal(judge_points(w.judge, w.series[5], LAST - 1, 2, at), 0);
	assert_int_equal(at[1].borrowed.peers, 5);
	assert_true(at[1].verdict.expected > 5 && at[1].verdict.expected < 20);
	assert_true(at[1].verdict.upper > at[1].verdict.expected &&
		    at[1].verdict.upper < 60);
	/* Its first day: no more than to be the largest of six. */
	assert_int_equal(judge_points(w.judge, w.series[5], LAST - 3, 1, at), 0);
	assert_int_equal(at[0].borrowed.own, 0);
	assert_true(at[0].verdict.p >= 1. / 6 - 1e-9);
	/* The sum goes on without it, and settled ones borrow nothing. */
	judge_area_points(w.judge, area(&w, "c1"), 0, 0, LAST, 1, at);
	assert_true(at[0].cell.value < 80);
	last_p(&w, 0, &from);
	assert_int_equal(from.peers, 0);
	drop(&w);
}

static void
the_nearest_area_with_enough_peers_lends(void **state)
{
	struct judge_borrowed from;
	struct world w;

	(void)state;
	make(&w, 1);
	fill(&w, 0, 4, 0, 1);
	fill(&w, 8, 16, 0, 1);
	fill(&w, 7, 8, DAYS - 6, 1);
	/* Four in the city, eight more in another province: nobody. */
	assert_true(isnan(last_p(&w, 7, &from)));
	assert_int_equal(from.peers, 0);
	fill(&w, 4, 6, 0, 1);
	assert_true(last_p(&w, 7, &from) > 0);
	assert_int_equal(from.peers, 6);
	assert_int_equal(from.area, area(&w, "city"));
	/* Who does not report that day says nothing of it. */
	put(&w, w.series[0], LAST, NAN, NAN);
	last_p(&w, 7, &from);
	assert_int_equal(from.peers, 5);
	put(&w, w.series[1], LAST, NAN, NAN);
	assert_true(isnan(last_p(&w, 7, &from)));
	drop(&w);
}

static void
only_the_new_borrow(void **state)
{
	struct judge_borrowed from;
	struct reg_site site;
	struct world w;

	(void)state;
	make(&w, 1);
	fill(&w, 0, 5, 0, 1);
	fill(&w, 5, 6, DAYS - 14, 1);
	fill(&w, 6, 7, DAYS - 15, 1);
	last_p(&w, 5, &from);
	assert_int_equal(from.peers, 5);
	last_p(&w, 6, &from); /* fourteen days before: settled */
	assert_int_equal(from.peers, 0);
	/* Back after a long silence it is not new. */
	put(&w, w.series[7], DAY0 + 40, 9, NAN);
	put(&w, w.series[7], LAST, 9, NAN);
	assert_true(isnan(last_p(&w, 7, &from)));
	/* Who reports when it likes reports when there is something. */
	site = *registry_site_at(w.registry, w.site[5]);
	site.expect = REG_UNSCHEDULED;
	registry_add_site(w.registry, &site, "school", "c1", err, sizeof(err));
	assert_true(isnan(last_p(&w, 5, &from)));
	drop(&w);
}

static void
peers_are_of_the_stratum(void **state)
{
	struct judge_borrowed from;
	struct world w;
	uint32_t young[6];

	(void)state;
	make(&w, 1);
	for (uint32_t i = 0; i < 6; i++) {
		young[i] =
			registry_add_series(w.registry, w.site[i], 0, "0-4", 3);
		for (int32_t d = i < 5 ? 0 : DAYS - 9; d < DAYS; d++)
			put(&w, young[i], DAY0 + d, count(i, d), NAN);
	}
	w.series[5] = young[5];
	last_p(&w, 5, &from);
	assert_int_equal(from.peers, 5);
	/* A whole one takes a peer's strata out of all sums. */
	put(&w, w.series[0], LAST, 50, NAN);
	assert_true(isnan(last_p(&w, 5, &from)));
	drop(&w);
}

static void
rates_are_judged_where_all_have_them(void **state)
{
	struct judge_borrowed from;
	struct judge_point at;
	struct world w;

	(void)state;
	make(&w, 1);
	for (int32_t d = 0; d < DAYS; d++) {
		for (uint32_t i = 0; i < 5; i++)
			put(&w, w.series[i], DAY0 + d, count(i, d), 100);
		if (d >= DAYS - 5)
			put(&w, w.series[5], DAY0 + d, 10 * count(5, d), 1000);
	}
	last_p(&w, 5, &from);
	judge_points(w.judge, w.series[5], LAST - 4, 1, &at);
	assert_true(at.verdict.expected > 80 && at.verdict.expected < 220);
	assert_true(at.verdict.p > .1);
	put(&w, w.series[5], LAST - 4, 10 * count(5, 0), NAN);
	last_p(&w, 5, &from);
	judge_points(w.judge, w.series[5], LAST - 4, 1, &at);
	assert_true(at.verdict.expected < 25);
	drop(&w);
}

static void
weeks_are_judged_too(void **state)
{
	struct judge_borrowed from;
	enum det_level level;
	struct world w;
	int32_t last = DAY0 + (DAYS - 1) * 7;

	(void)state;
	make(&w, 7);
	fill(&w, 0, 5, 0, 7);
	fill(&w, 5, 6, DAYS - 3, 7);
	put(&w, w.series[5], last, 90, NAN);
	judge_now(&w);
	judge_borrows(w.judge, w.series[5], last, &from);
	assert_int_equal(from.peers, 5);
	assert_int_equal(from.own, 2);
	assert_true(judge_series_p(w.judge, w.series[5], last, &level) < .01);
	drop(&w);
}

/* Asked on the way or not, in whatever order: the same p on all days. */
static void
the_order_of_arrival_does_not_matter(void **state)
{
	struct world at_once, by_turns;
	enum det_level x, y;

	(void)state;
	make(&at_once, 1);
	make(&by_turns, 1);
	fill(&at_once, 0, 5, 0, 1);
	fill(&at_once, 5, 8, DAYS - 13, 1);
	judge_now(&at_once);
	for (int32_t d = 0; d < DAYS; d++) {
		for (uint32_t i = 8; i-- > 0;) {
			uint32_t s = by_turns.series[i];

			if (i < 5 || d >= DAYS - 13)
				put(&by_turns, s, DAY0 + d, 2 * count(i, d), NAN);
		}
		judge_now(&by_turns);
		for (int32_t k = d - 20; k <= d; k++)
			judge_series_p(by_turns.judge, by_turns.series[6],
				       DAY0 + k, &x);
		for (uint32_t i = 0; i < 8 && d > 3; i++) {
			if (i < 5 || d - 3 >= DAYS - 13)
				put(&by_turns, by_turns.series[i], DAY0 + d - 3,
				    count(i, d - 3), NAN);
		}
	}
	for (int32_t d = DAYS - 4; d < DAYS; d++) {
		for (uint32_t i = 0; i < 8; i++)
			put(&by_turns, by_turns.series[i], DAY0 + d,
			    count(i, d), NAN);
	}
	for (uint32_t i = 0; i < 5; i++)
		put(&by_turns, by_turns.series[i], DAY0, count(i, 0), NAN);
	judge_now(&by_turns);
	for (uint32_t i = 5; i < 8; i++) {
		for (int32_t d = DAYS - 13; d < DAYS; d++) {
			double p = judge_series_p(
				at_once.judge, at_once.series[i], DAY0 + d, &x);
			double q = judge_series_p(by_turns.judge,
						  by_turns.series[i], DAY0 + d,
						  &y);

			assert_true(p > 0);
			assert_true(p == q && x == y);
		}
	}
	drop(&at_once);
	drop(&by_turns);
}

static bool
is_touched(const struct world *w, const char *code)
{
	const uint32_t *touched;
	size_t n = judge_touched(w->judge, &touched);

	for (size_t i = 0; i < n; i++) {
		if (touched[i] == area(w, code))
			return true;
	}
	return false;
}

/* Peers elsewhere that report later have the new site weighed again. */
static void
peers_that_come_later_touch_its_area(void **state)
{
	struct world w;

	(void)state;
	make(&w, 1);
	fill(&w, 0, 6, 0, 1);
	fill(&w, 7, 8, DAYS - 6, 1);
	judge_now(&w);
	judge_touched_clear(w.judge);
	put(&w, w.series[0], LAST, 30, NAN);
	judge_now(&w);
	assert_true(is_touched(&w, "c1"));
	assert_true(is_touched(&w, "c2"));
	judge_touched_clear(w.judge);
	/* Another new one's peers are those of its own county. */
	fill(&w, 8, 15, 0, 1);
	fill(&w, 15, 16, DAYS - 6, 1);
	judge_now(&w);
	assert_false(is_touched(&w, "c2"));
	assert_true(is_touched(&w, "d1"));
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_site_is_judged_by_its_county),
		cmocka_unit_test(the_nearest_area_with_enough_peers_lends),
		cmocka_unit_test(only_the_new_borrow),
		cmocka_unit_test(peers_are_of_the_stratum),
		cmocka_unit_test(rates_are_judged_where_all_have_them),
		cmocka_unit_test(weeks_are_judged_too),
		cmocka_unit_test(the_order_of_arrival_does_not_matter),
		cmocka_unit_test(peers_that_come_later_touch_its_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
