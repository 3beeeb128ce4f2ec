#include "daemon/desk/evidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/desk/desk.h"
#include "tests/unit/trigger_text.h"

#define DAY0 18001 /* 2019-04-15, a Monday */
#define LAST (DAY0 + 60)
#define SITES 4

static char err[256];

/* Three emergency departments and one laboratory, the only one of its kind. */
struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct desk *desk;
	struct scale *scale;
	uint32_t site[SITES], series[SITES + 1];
	size_t events;
};

static int
hear(void *arg, const struct desk_event *event)
{
	(void)event;
	((struct world *)arg)->events++;
	return 0;
}

static void
add_sites(struct world *w)
{
	static const char *const kind[SITES] = { "ed", "ed", "ed", "lab" };

	for (uint32_t i = 0; i < SITES; i++) {
		char code[8];
		const struct reg_kind k = { .code = kind[i],
					    .class_code = kind[i],
					    .period = 1 };
		const struct reg_site site = { .code = code };

		snprintf(code, sizeof(code), "s%u", i);
		registry_add_kind(w->registry, &k, err, sizeof(err));
		w->site[i] = registry_add_site(w->registry, &site, kind[i], "K",
					       err, sizeof(err));
		w->series[i] =
			registry_add_series(w->registry, w->site[i], 0, "", 0);
	}
}

static int
make(void **state)
{
	static struct world w;
	const struct judge_conf conf = { .history_days = 400,
					 .day_method = "rnssp-switch",
					 .week_method = "ears-c2" };
	const struct reg_indicator ili = { .code = "ili", .group = "resp" };
	const struct reg_area area = { .code = "K",
				       .name = "K",
				       .level = REG_COUNTY };

	w = (struct world){ .registry = registry_new() };
	registry_add_indicator(w.registry, &ili, err, sizeof(err));
	registry_add_area(w.registry, &area, NULL, err, sizeof(err));
	add_sites(&w);
	w.judge = judge_new(&conf, w.registry);
	w.set = trigger_right(w.registry,
			      "trigger \"resp\" { indicators = { ili }\n"
			      "where = { county }\nwindow = 7d\n"
			      "lag = { \"lab:2\" }\nquiet_days = 7\n"
			      "tell = { duty } }\n");
	assert_non_null(w.set);
	w.desk = desk_new(w.registry, w.judge, w.set, hear, &w);
	w.scale = weigh_new(w.registry, w.judge);
	*state = &w;
	return 0;
}

static int
drop(void **state)
{
	struct world *w = *state;

	weigh_free(&w->scale);
	desk_free(&w->desk);
	trigger_free(&w->set);
	judge_free(&w->judge);
	registry_free(&w->registry);
	return 0;
}

static void
put(struct world *w, uint32_t i, int32_t day, double value)
{
	const struct judge_cell cell = { .value = value, .denominator = NAN };

	judge_set(w->judge, w->series[i], day, &cell);
}

/* All report 20 or so a day up to and including the day. */
static void
fill(struct world *w, int32_t to)
{
	for (uint32_t i = 0; i < SITES; i++) {
		for (int32_t d = DAY0; d <= to; d++)
			put(w, i, d, 20 + (d * 7 + (int32_t)i) % 5);
	}
}

static double
coverage(struct world *w)
{
	const struct weigh_place at = { 0, REG_NONE, REG_NONE, LAST, NULL };
	struct weighing g;

	while (judge_dirty(w->judge, 100) > 0)
		;
	weigh(w->scale, &w->set->at[0], &at, &g);
	return evidence_coverage(w->judge, w->registry, &w->set->at[0], &g);
}

static void
assert_share(struct world *w, int in, int of)
{
	assert_true(fabs(coverage(w) - (double)in / of) < 1e-9);
}

static void
test_all_reports_are_in(void **state)
{
	struct world *w = *state;

	fill(w, LAST);
	/* 3 x 7 days, and of the laboratory 7 that are due. */
	assert_share(w, 28, 28);
}

static void
test_missing_reports_lower_it(void **state)
{
	struct world *w = *state;

	fill(w, LAST);
	put(w, 0, LAST, NAN);
	put(w, 0, LAST - 1, NAN);
	assert_share(w, 26, 28);
	/* Within its lag the laboratory is not waited for. */
	put(w, 3, LAST, NAN);
	put(w, 3, LAST - 1, NAN);
	assert_share(w, 26, 28);
	put(w, 3, LAST - 2, NAN);
	assert_share(w, 25, 28);
	put(w, 0, LAST - 1, 0); /* a zero is a report */
	assert_share(w, 26, 28);
}

static void
test_a_closed_day_lacks_nothing(void **state)
{
	struct world *w = *state;

	fill(w, LAST);
	put(w, 0, LAST, NAN);
	put(w, 3, LAST - 2, NAN);
	assert_share(w, 26, 28);
	judge_close(w->judge, w->site[0], LAST);
	assert_share(w, 27, 28);
	judge_close(w->judge, w->site[3], LAST - 2);
	assert_share(w, 28, 28);
	/* A closed day within the lag is one more that is in. */
	judge_close(w->judge, w->site[3], LAST - 1);
	assert_share(w, 29, 29);
}

/* No site of the county reports any more, nor did the only laboratory long. */
static void
test_nothing_but_missing_reports(void **state)
{
	struct world *w = *state;

	assert_true(isnan(coverage(w))); /* nothing was ever expected */
	fill(w, LAST - 20);
	assert_share(w, 0, 28);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_int_equal(w->events, 0);
	for (int32_t d = DAY0; d <= LAST - 20; d++) {
		for (uint32_t i = 0; i < SITES; i++)
			put(w, i, d, NAN); /* withdrawn, all of them */
	}
	(void)coverage(w);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_int_equal(w->events, 0);
}

/* Silence neither rings nor hides what those who report see. */
static void
test_an_outbreak_while_most_are_silent(void **state)
{
	struct world *w = *state;

	fill(w, LAST - 7);
	for (int32_t d = LAST - 6; d <= LAST; d++)
		put(w, 0, d, 21);
	(void)coverage(w);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_int_equal(w->events, 0);
	for (int32_t d = LAST - 2; d <= LAST; d++)
		put(w, 0, d, 90);
	assert_share(w, 9, 28); /* two of the laboratory, which may lag */
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_int_equal(w->events, 1);
}

/* The first to the last of so many days, and two that are high. */
static void
begin_late(struct world *w, int32_t days)
{
	for (int32_t d = LAST - days + 1; d <= LAST; d++) {
		for (uint32_t i = 0; i < SITES; i++)
			put(w, i, d,
			    d >= LAST - 1 ? 90 : 20 + (d * 7 + (int32_t)i) % 5);
	}
	(void)coverage(w);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
}

static void
test_the_first_four_weeks_ring_for_nothing(void **state)
{
	begin_late(*state, 28);
	assert_int_equal(((struct world *)*state)->events, 0);
}

static void
test_after_four_weeks_it_rings(void **state)
{
	begin_late(*state, 30);
	assert_int_equal(((struct world *)*state)->events, 1);
}

/* What nobody reports takes no share of the desk's budget. */
static void
test_the_budget_is_for_what_is_reported(void **state)
{
	static const struct reg_indicator deer = { .code = "deer",
						   .group = "animal" };
	struct world *w = *state;
	const double *share;

	registry_add_indicator(w->registry, &deer, err, sizeof(err));
	trigger_free(&w->set);
	w->set = trigger_right(w->registry,
			       "trigger \"resp\" { indicators = { ili }\n"
			       "where = { county }\nwindow = 7d\nbudget = 2\n"
			       "quiet_days = 7\ntell = { duty } }\n"
			       "trigger \"deer\" { indicators = { deer }\n"
			       "where = { county }\nwindow = 7d\nbudget = 2\n"
			       "quiet_days = 7\ntell = { duty } }\n"
			       "desk { budget = 3 }\n");
	desk_set_triggers(w->desk, w->set);
	share = &w->set->at[trigger_find(w->set, "resp")].share[REG_COUNTY];
	assert_true(*share == 1.5);
	fill(w, LAST);
	(void)coverage(w);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_true(*share == 2);
	w->series[SITES] = registry_add_series(w->registry, w->site[0], 1, "", 0);
	put(w, SITES, LAST, 0);
	(void)coverage(w);
	assert_int_equal(desk_weigh(w->desk, LAST, true), 0);
	assert_true(*share == 1.5);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_all_reports_are_in),
		TEST(test_missing_reports_lower_it),
		TEST(test_a_closed_day_lacks_nothing),
		TEST(test_nothing_but_missing_reports),
		TEST(test_an_outbreak_while_most_are_silent),
		TEST(test_the_first_four_weeks_ring_for_nothing),
		TEST(test_after_four_weeks_it_rings),
		TEST(test_the_budget_is_for_what_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
