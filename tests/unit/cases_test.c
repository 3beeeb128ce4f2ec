/* Episodes of rules of cases: what is told of them, and how often. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/judge/quality.h"
#include "tests/unit/desk_world.h"
#include "tests/unit/trigger_text.h"

/* Cases of a school by day; 0 on all other days.  Plays the days from..to. */
struct cases {
	int32_t day, received;
	double n;
};

static void
play_cases(struct world *w, const struct cases *c, int32_t from, int32_t to)
{
	for (int32_t d = from; d < to; d++) {
		world_set(w, 1, DAY0 + d, 0);
		for (size_t i = 0; c[i].n > 0; i++) {
			if (c[i].received == d)
				world_set(w, 1, DAY0 + c[i].day, c[i].n);
		}
		while (judge_dirty(w->judge, 100) > 0)
			;
		world_weigh(w, d);
	}
}

#define ONE_CASE                                                               \
	"trigger \"one\" { indicators = { ili }\nwhere = { county }\n"         \
	"rule = cases\nbasis = norm\ncases = { \"1 red\" }\n"                  \
	"quiet_days = 10\ntell = { duty } }\n"
#define FIVE_CASES                                                             \
	"trigger \"five\" { indicators = { ili }\nwhere = { county }\n"        \
	"rule = cases\nbasis = norm\ncases = { \"6 orange\" }\n"               \
	"quiet_days = 10\ntell = { duty } }\n"

static double
cases_of(const struct world *w)
{
	return json_number_value(json_object_get(w->last, "cases"));
}

/* The episode is counted, not the window that slides on. */
static void
test_every_further_case_is_told(void **state)
{
	static const struct cases cases[] = { { 3, 3, 1 },   { 7, 7, 3 },
					      { 14, 14, 1 }, { 15, 15, 1 },
					      { 23, 23, 1 }, { 0 } };
	struct world w;

	(void)state;
	world_make(&w, ONE_CASE);
	play_cases(&w, cases, 0, 24);
	assert_string_equal(w.heard, "opened grew grew grew grew ");
	assert_true(cases_of(&w) == 7);
	assert_string_equal(world_text(&w, "first_day"), "2019-04-17");
	play_cases(&w, cases, 24, 60);
	assert_string_equal(w.heard, "opened grew grew grew grew ended ");
	world_drop(&w);
}

static void
test_many_cases_are_told_by_halves(void **state)
{
	static const struct cases cases[] = { { 3, 3, 6 },   { 6, 6, 2 },
					      { 9, 9, 1 },   { 12, 12, 4 },
					      { 16, 16, 1 }, { 0 } };
	struct world w;

	(void)state;
	world_make(&w, FIVE_CASES);
	play_cases(&w, cases, 0, 9);
	assert_string_equal(w.heard, "opened ");
	play_cases(&w, cases, 9, 10);
	assert_string_equal(w.heard, "opened grew ");
	play_cases(&w, cases, 10, 16);
	assert_string_equal(w.heard, "opened grew ");
	/* No window rings by then, but the episode goes on. */
	play_cases(&w, cases, 16, 17);
	assert_string_equal(w.heard, "opened grew grew ");
	assert_true(cases_of(&w) == 14);
	play_cases(&w, cases, 17, 60);
	assert_string_equal(w.heard, "opened grew grew ended ");
	world_drop(&w);
}

/* A case of day 10 that comes on day 21 rings, and only once. */
static void
test_a_case_reported_late_rings(void **state)
{
	static const struct cases cases[] = { { 10, 21, 1 }, { 0 } };
	struct world w, b;

	(void)state;
	world_make(&w, ONE_CASE);
	world_make(&b, ONE_CASE);
	play_cases(&w, cases, 0, 21);
	assert_string_equal(w.heard, "");
	play_cases(&w, cases, 21, 22);
	assert_string_equal(w.heard, "opened ");
	assert_string_equal(world_text(&w, "first_day"), "2019-04-24");
	assert_string_equal(world_text(&w, "opened"), "2019-05-05");
	/* A restart in between. */
	for (int32_t d = 0; d < 22; d++)
		world_set(&b, 1, DAY0 + d, d == 10 ? 1 : 0);
	assert_int_equal(desk_restore(b.desk, w.last), 0);
	desk_resume(b.desk, DAY0, DAY0 + 21);
	play_cases(&b, cases + 1, 22, 60);
	assert_string_equal(b.heard, "ended ");
	play_cases(&w, cases, 22, 60);
	assert_string_equal(w.heard, "opened ended ");
	assert_true(json_equal(w.last, b.last));
	world_drop(&w);
	world_drop(&b);
}

/* 15 days late, 8 days where one case does not ring, or before the desk. */
static void
test_a_case_reported_too_late_does_not_ring(void **state)
{
	static const struct cases later[] = { { 10, 25, 1 }, { 0 } };
	static const struct cases many[] = { { 10, 18, 6 }, { 0 } };
	static const struct cases in_time[] = { { 10, 17, 6 }, { 0 } };
	struct world w;

	(void)state;
	world_make(&w, ONE_CASE);
	play_cases(&w, later, 0, 60);
	assert_string_equal(w.heard, "");
	world_drop(&w);
	world_make(&w, FIVE_CASES);
	play_cases(&w, many, 0, 60);
	assert_string_equal(w.heard, "");
	world_drop(&w);
	world_make(&w, FIVE_CASES);
	play_cases(&w, in_time, 0, 18);
	assert_string_equal(w.heard, "opened ");
	world_drop(&w);
	/* The first day that is weighed at all. */
	world_make(&w, ONE_CASE);
	for (int32_t d = 0; d < 30; d++)
		world_set(&w, 1, DAY0 + d, d == 20 ? 1 : 0);
	play_cases(&w, later + 1, 30, 60);
	assert_string_equal(w.heard, "");
	world_drop(&w);
}

/* What a site hands in together with days long past has passed. */
static void
test_a_past_handed_in_does_not_ring(void **state)
{
	static const struct quality_conf conf = { .back_fill_days = 7 };
	static const struct cases cases[] = { { 30, 40, 1 }, { 0 } };
	const struct zone_now at = { DAY0 + 40, ZONE_NO_TIME };
	struct quality *q;
	struct world w;

	(void)state;
	world_make(&w, ONE_CASE);
	q = quality_new(&conf, w.registry, w.judge);
	desk_set_quality(w.desk, q);
	play_cases(&w, cases, 0, 40);
	quality_received(q, w.series[1], DAY0 + 18, &at);
	play_cases(&w, cases, 40, 60);
	assert_string_equal(w.heard, "");
	world_drop(&w);
	quality_free(&q);
	/* A few days after an outage are not that. */
	world_make(&w, ONE_CASE);
	q = quality_new(&conf, w.registry, w.judge);
	desk_set_quality(w.desk, q);
	play_cases(&w, cases, 0, 40);
	quality_received(q, w.series[1], DAY0 + 28, &at);
	play_cases(&w, cases, 40, 41);
	assert_string_equal(w.heard, "opened ");
	world_drop(&w);
	quality_free(&q);
}

/* A late case joins the episode that goes on; what ended is not told again. */
static void
test_late_cases_and_other_episodes(void **state)
{
	static const struct cases joins[] = { { 20, 20, 1 }, { 12, 22, 1 }, { 0 } };
	static const struct cases told[] = {
		{ 20, 20, 1 }, { 21, 22, 1 }, { 20, 41, 2 }, { 0 }
	};
	struct world w;

	(void)state;
	world_make(&w, ONE_CASE);
	play_cases(&w, joins, 0, 23);
	assert_string_equal(w.heard, "opened grew ");
	assert_string_equal(world_text(&w, "first_day"), "2019-04-26");
	assert_true(cases_of(&w) == 2);
	world_drop(&w);
	world_make(
		&w,
		"trigger \"one\" { indicators = { ili }\nwhere = { county }\n"
		"rule = cases\nbasis = norm\ncases = { \"1 red\" }\n"
		"late = 21\nquiet_days = 7\ntell = { duty } }\n");
	play_cases(&w, told, 0, 60);
	assert_string_equal(w.heard, "opened grew ended ");
	world_drop(&w);
}

/* People are done with it: a further case opens the next one. */
static void
test_a_case_after_closing_rings_anew(void **state)
{
	static const struct cases cases[] = {
		{ 5, 5, 3 }, { 7, 7, 1 }, { 9, 9, 1 }, { 0 }
	};
	struct world w;

	(void)state;
	world_make(&w, ONE_CASE);
	play_cases(&w, cases, 0, 6);
	assert_int_equal(world_act(&w, DESK_CLOSE, "known", "outbreak"),
			 DESK_DONE);
	play_cases(&w, cases, 6, 9);
	assert_string_equal(w.heard, "opened closed ended opened ");
	play_cases(&w, cases, 9, 10);
	assert_string_equal(w.heard, "opened closed ended opened grew ");
	world_drop(&w);
}

/* Two diseases on one trigger: one alert that names both, or one each. */
static void
two_diseases(bool each, const char *heard)
{
	struct reg_indicator ind = { .code = "flu",
				     .group = "resp",
				     .en = "flu cases",
				     .zh = "流感病例" };
	struct world w;
	char conf[512];
	uint32_t flu;

	world_make(&w, ONE_CASE);
	registry_add_indicator(w.registry, &ind, world_err, sizeof(world_err));
	trigger_free(&w.set);
	snprintf(conf, sizeof(conf),
		 "trigger \"resp\" { title = Cases\ntitle_zh = \"病例\"\n"
		 "indicators = { resp }\nwhere = { county }\nrule = cases\n"
		 "basis = norm\ncases = { \"6 red\" }\n%squiet_days = 7\n"
		 "tell = { duty } }\n",
		 each ? "each = indicator\n" : "");
	w.set = trigger_right(w.registry, conf);
	desk_set_triggers(w.desk, w.set);
	flu = registry_add_series(w.registry, 2, 1, "", 0);
	for (int32_t d = 0; d < 30; d++) {
		const struct judge_cell cell = { .value = d == 4 ? 6 : 0,
						 .denominator = NAN };

		world_set(&w, 1, DAY0 + d, d == 2 ? 20 : 0);
		judge_set(w.judge, flu, DAY0 + d, &cell);
		while (judge_dirty(w.judge, 100) > 0)
			;
		world_weigh(&w, d);
	}
	assert_string_equal(w.heard, heard);
	assert_string_equal(world_text(&w, "title"),
			    each ? "Cases: flu cases" : "Cases");
	assert_string_equal(world_text(&w, "title_zh"),
			    each ? "病例：流感病例" : "病例");
	assert_int_equal(json_array_size(json_object_get(w.last, "evidence")),
			 each ? 1 : 2);
	world_drop(&w);
}

static void
test_another_disease_is_always_told(void **state)
{
	(void)state;
	two_diseases(false, "opened grew ended ");
	two_diseases(true, "opened opened ended ended ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_further_case_is_told),
		cmocka_unit_test(test_many_cases_are_told_by_halves),
		cmocka_unit_test(test_a_case_reported_late_rings),
		cmocka_unit_test(test_a_case_reported_too_late_does_not_ring),
		cmocka_unit_test(test_a_past_handed_in_does_not_ring),
		cmocka_unit_test(test_late_cases_and_other_episodes),
		cmocka_unit_test(test_a_case_after_closing_rings_anew),
		cmocka_unit_test(test_another_disease_is_always_told),
	};

	return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
