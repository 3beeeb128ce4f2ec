/* What findings say of budgets, on alerts that people have closed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/console/advice.h"
#include "daemon/desk/advise.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"
#include "tests/unit/trigger_text.h"

enum { PROVINCE, CITY, ONE, TWO, AREAS };

static const char *const area_code[AREAS] = { "p", "c", "k1", "k2" };
static const char conf[] = "trigger \"resp\" { indicators = { ili }\n"
			   "where = { county, city }\nbudget = 2\n"
			   "tell = { duty } }\n"
			   "trigger \"law\" { indicators = { ili }\n"
			   "where = { county }\nrule = cases\nbasis = norm\n"
			   "cases = { \"10 red\" }\ntell = { duty } }\n"
			   "trigger \"else\" { indicators = { rash }\n"
			   "where = { county }\ntell = { duty } }\n";
static char err[256];

struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct desk *desk;
	unsigned alerts;
	json_t *list;
};

static int
ignore(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return 0;
}

static void
add_places(struct registry *r)
{
	static const char *const above[AREAS] = { NULL, "p", "c", "c" };
	const struct reg_kind kind = { .code = "ed",
				       .class_code = "ed",
				       .period = 1 };

	registry_add_indicator(
		r, &(struct reg_indicator){ .code = "ili", .group = "g" }, err,
		sizeof(err));
	registry_add_indicator(
		r, &(struct reg_indicator){ .code = "rash", .group = "h" }, err,
		sizeof(err));
	registry_add_kind(r, &kind, err, sizeof(err));
	for (int i = 0; i < AREAS; i++) {
		const struct reg_area a = { .code = area_code[i],
					    .name = area_code[i],
					    .name_zh = "某县",
					    .level = i == PROVINCE ? REG_PROVINCE
						     : i == CITY   ? REG_CITY
								 : REG_COUNTY };

		assert_int_equal(
			registry_add_area(r, &a, above[i], err, sizeof(err)), i);
	}
}

/* Sites report in k1 only. */
static void
make(struct world *w)
{
	const struct judge_conf judge = { .history_days = 30,
					  .day_method = "rnssp-ewma",
					  .week_method = "ears-c2" };
	const struct judge_cell cell = { .value = 3, .denominator = NAN };
	uint32_t s;

	*w = (struct world){ .registry = registry_new() };
	add_places(w->registry);
	s = registry_add_site(w->registry, &(struct reg_site){ .code = "s" },
			      "ed", "k1", err, sizeof(err));
	s = registry_add_series(w->registry, s, 0, "", 0);
	w->judge = judge_new(&judge, w->registry);
	judge_set(w->judge, s, 18000, &cell);
	w->set = trigger_right(w->registry, conf);
	w->desk = desk_new(w->registry, w->judge, w->set, ignore, NULL);
	assert_non_null(w->desk);
}

static void
drop(struct world *w)
{
	json_decref(w->list);
	desk_free(&w->desk);
	trigger_free(&w->set);
	judge_free(&w->judge);
	registry_free(&w->registry);
}

/* An alert that was closed with an outcome, once so rare as said. */
static void
closed(struct world *w, const char *trigger, const char *area, const char *day,
       const char *outcome, double peak)
{
	char id[DESK_ID_BYTES];
	json_t *alert;

	snprintf(id, sizeof(id), "%016x", ++w->alerts);
	alert = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i,"
			  " s:[], s:[]}",
			  "id", id, "trigger", trigger, "area", area, "state",
			  "closed", "outcome", outcome, "opened", day,
			  "first_day", day, "last_day", day, "last_signal", day,
			  "version", 3, "evidence", "kinds");
	assert_non_null(alert);
	if (peak > 0)
		json_object_set_new(alert, "peak_years", json_real(peak));
	assert_int_equal(desk_restore(w->desk, alert), 0);
	json_decref(alert);
}

/* So many days apart from the first of 2024, the rest as in closed(). */
static void
closed_often(struct world *w, int n, const char *outcome, double peak)
{
	char day[DAY_TEXT_BYTES];

	for (int i = 0; i < n; i++) {
		day_format(day_from_civil(2024, 1, 1) + 7 * i, day);
		closed(w, "resp", "k1", day, outcome, peak);
	}
}

static const json_t *
advise(struct world *w, const char *trigger, uint32_t area)
{
	const struct advise_ask ask = { .trigger = trigger,
					.area = area,
					.from = day_from_civil(2023, 1, 1),
					.to = day_from_civil(2024, 12, 31) };

	json_decref(w->list);
	w->list = advise_triggers(w->desk, w->registry, w->judge, &ask);
	assert_non_null(w->list);
	return json_array_get(w->list, 0);
}

static int
whole(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static double
number(const json_t *o, const char *key)
{
	return json_is_number(json_object_get(o, key))
		       ? json_number_value(json_object_get(o, key))
		       : NAN;
}

static void
advised(const json_t *one, const char *advice)
{
	assert_string_equal(json_string_value(json_object_get(one, "advice")),
			    advice);
}

/* Alerts with and without an outbreak that budget k would have kept. */
static void
kept(const json_t *one, size_t k, double budget, int others, int outbreaks)
{
	const json_t *row = json_array_get(json_object_get(one, "budgets"), k);

	assert_true(number(row, "budget") == budget);
	assert_int_equal(whole(row, "others"), others);
	assert_int_equal(whole(row, "outbreaks"), outbreaks);
}

static const char *
line(const json_t *words, size_t i)
{
	const char *text = json_string_value(json_array_get(words, i));

	return text == NULL ? "" : text;
}

/* Blue begins at half an area-year, at budget 1 at one, at .5 at two. */
static void
test_a_smaller_budget_spares_and_keeps(void **state)
{
	struct catalogue *c = catalogue_new();
	struct world w;
	const json_t *one;
	json_t *words;

	(void)state;
	make(&w);
	closed_often(&w, 9, "artefact", .6);
	closed_often(&w, 5, "holiday", 1.5);
	closed_often(&w, 3, "outbreak", 1.2);
	closed_often(&w, 4, "duplicate", 50); /* says nothing */
	one = advise(&w, "resp", REG_NONE);
	assert_int_equal(whole(one, "closed"), 17);
	assert_int_equal(whole(one, "outbreaks"), 3);
	kept(one, 0, 2, 14, 3);
	kept(one, 1, 1, 5, 3);
	kept(one, 2, .5, 0, 0);
	advised(one, "lower");
	assert_true(number(one, "new_budget") == 1);
	/* Wilson's interval of 3 in 17. */
	assert_true(fabs(number(one, "low") - .0619113) < 1e-6);
	assert_true(fabs(number(one, "high") - .4102946) < 1e-6);
	words = advice_words(c, CATALOGUE_EN, one);
	assert_non_null(strstr(line(words, 1),
			       "With budget 1 instead of 2, 9 of 14 alerts"
			       " without an outbreak would not have rung, and"
			       " all with one (3) would have."));
	assert_non_null(strstr(line(words, 2), "budget = 1 in trigger"));
	json_decref(words);
	words = advice_words(c, CATALOGUE_ZH, one);
	assert_non_null(strstr(line(words, 1), "由2改为1"));
	json_decref(words);
	drop(&w);
	catalogue_free(&c);
}

static void
test_too_few_say_nothing(void **state)
{
	struct world w;
	const json_t *one;

	(void)state;
	make(&w);
	closed_often(&w, ADVISE_LEAST - 1, "artefact", .6);
	advised(advise(&w, "resp", REG_NONE), "too-few");
	closed(&w, "resp", "k2", "2022-06-01", "artefact", .6); /* too early */
	closed(&w, "resp", "k2", "2024-06-01", "artefact", -1); /* not known */
	advised(advise(&w, "resp", REG_NONE), "too-few");
	closed(&w, "resp", "k2", "2024-06-01", "artefact", .6);
	one = advise(&w, "resp", REG_NONE);
	advised(one, "lower");
	/* Nothing shows what a quarter would miss. */
	assert_true(number(one, "new_budget") == 1);
	/* Of k2 alone they are too few again. */
	one = advise(&w, "resp", TWO);
	assert_int_equal(whole(one, "closed"), 1);
	advised(one, "too-few");
	assert_int_equal(whole(advise(&w, "resp", CITY), "closed"), 10);
	drop(&w);
}

static void
test_outbreaks_forbid_a_smaller_budget(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	closed_often(&w, 12, "artefact", .6);
	closed_often(&w, 1, "outbreak", .7);
	advised(advise(&w, "resp", REG_NONE), "keep");
	drop(&w);
}

/* What rang at a larger budget than today's is no reason to go lower. */
static void
test_what_is_below_the_budget_already_counts_for_nothing(void **state)
{
	struct world w;
	const json_t *one;

	(void)state;
	make(&w);
	closed_often(&w, 12, "artefact", .3);
	one = advise(&w, "resp", REG_NONE);
	kept(one, 0, 2, 0, 0);
	advised(one, "keep");
	drop(&w);
}

/* By level, by area and by quarter, where there are ten. */
static void
test_groups_have_figures_of_their_own(void **state)
{
	struct world w;
	const json_t *one, *groups, *row;
	bool quarter = false, area = false, level = false;
	size_t i;

	(void)state;
	make(&w);
	for (i = 0; i < 10; i++) {
		closed(&w, "resp", "k1", "2024-02-01", "artefact", .6);
		closed(&w, "resp", "c", "2024-08-01", "outbreak", 9);
	}
	one = advise(&w, NULL, REG_NONE);
	assert_int_equal(json_array_size(w.list), 1);
	groups = json_object_get(one, "groups");
	assert_int_equal(json_array_size(groups), 6);
	json_array_foreach (groups, i, row) {
		const json_t *l = json_object_get(row, "level");
		const json_t *a = json_object_get(row, "area");

		assert_int_equal(whole(row, "closed"), 10);
		if (json_is_string(l) && strcmp(json_string_value(l), "city") == 0)
			level = whole(row, "outbreaks") == 10;
		if (json_is_string(a) && strcmp(json_string_value(a), "k1") == 0)
			area = whole(row, "outbreaks") == 0;
		if (whole(row, "quarter") == 3)
			quarter = whole(row, "outbreaks") == 10;
	}
	assert_true(quarter && area && level);
	drop(&w);
}

/* Outbreaks that a norm found, and the statistics did not. */
static void
test_missed_outbreaks_ask_for_more(void **state)
{
	struct world w;
	const json_t *one;

	(void)state;
	make(&w);
	closed_often(&w, 12, "artefact", .6);
	closed(&w, "law", "k1", "2024-01-20", "outbreak", -1); /* rang too */
	closed(&w, "law", "k1", "2024-09-01", "artefact", -1); /* none */
	closed(&w, "else", "k1", "2024-09-01", "outbreak", 9); /* others' */
	one = advise(&w, "resp", REG_NONE);
	assert_int_equal(json_array_size(json_object_get(one, "missed")), 0);
	advised(one, "lower");
	closed(&w, "law", "k1", "2024-09-01", "outbreak", -1);
	one = advise(&w, "resp", REG_NONE);
	assert_int_equal(json_array_size(json_object_get(one, "missed")), 1);
	advised(one, "keep");
	closed(&w, "law", "k1", "2024-10-01", "outbreak", -1);
	closed(&w, "law", "k1", "2024-11-01", "outbreak", -1);
	one = advise(&w, "resp", REG_NONE);
	advised(one, "raise");
	assert_true(number(one, "new_budget") == 4);
	advised(advise(&w, "law", REG_NONE), "norm");
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_smaller_budget_spares_and_keeps),
		cmocka_unit_test(test_too_few_say_nothing),
		cmocka_unit_test(test_outbreaks_forbid_a_smaller_budget),
		cmocka_unit_test(
			test_what_is_below_the_budget_already_counts_for_nothing),
		cmocka_unit_test(test_groups_have_figures_of_their_own),
		cmocka_unit_test(test_missed_outbreaks_ask_for_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
