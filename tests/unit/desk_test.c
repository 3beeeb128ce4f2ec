#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/desk/alert.h"
#include "tests/unit/desk_world.h"

static const char fusion[] = "trigger \"resp\" { indicators = { ili }\n"
			     "where = { county }\nquiet_days = 7\n"
			     "tell = { duty } }\n";

/* Usual counts, and what an outbreak adds to the first `hit` sites. */
static void
day(struct world *w, int32_t d, uint32_t hit, double add)
{
	for (uint32_t i = 0; i < 3; i++)
		world_set(w, i, DAY0 + d,
			  30 + (double)((d * 7 + (int32_t)i * 3) % 5) +
				  (i < hit ? add : 0));
	while (judge_dirty(w->judge, 100) > 0)
		;
}

/* 60 quiet days, then days with something on `hit` sites. */
static void
play(struct world *w, int32_t from, int32_t to, uint32_t hit, double add)
{
	for (int32_t d = from; d < to; d++) {
		day(w, d, hit, add);
		world_weigh(w, d);
	}
}

static double
years(const struct world *w, const char *key)
{
	return json_number_value(json_object_get(w->last, key));
}

static void
test_an_episode_from_opening_to_end(void **state)
{
	struct world w;
	double at_red;

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	assert_string_equal(w.heard, "");
	play(&w, 60, 62, 1, 40);
	assert_string_equal(w.heard, "opened ");
	assert_string_equal(world_text(&w, "grade"), "yellow");
	assert_int_equal(json_array_size(json_object_get(w.last, "evidence")), 1);
	play(&w, 62, 63, 3, 60);
	assert_string_equal(w.heard, "opened regraded ");
	assert_string_equal(world_text(&w, "grade"), "red");
	assert_int_equal(json_array_size(json_object_get(w.last, "kinds")), 3);
	at_red = years(&w, "recurrence_years");
	assert_true(years(&w, "peak_years") == at_red);
	play(&w, 63, 100, 0, 0);
	/* What is left at the end is less rare; the peak stays. */
	assert_true(years(&w, "peak_years") >= at_red);
	assert_true(years(&w, "recurrence_years") < at_red);
	assert_string_equal(w.heard, "opened regraded ended ");
	assert_string_equal(world_text(&w, "signal"), "ended");
	assert_string_equal(world_text(&w, "state"), "open");
	world_drop(&w);
}

/* Rings at p <= .3, long before a series by itself is at warning. */
static const char eager[] =
	"trigger \"eager\" { indicators = { ili }\n budget = 2\n"
	"calibration = { \"0.5:2\", \"9:0.001\" }\n tell = { duty } }\n";

static void
test_no_alert_opens_without_a_reason(void **state)
{
	const json_t *evidence, *row;
	struct world w;
	int32_t d = 0;
	size_t i;

	(void)state;
	world_make(&w, eager);
	for (; d < 90 && w.heard[0] == '\0'; d++)
		play(&w, d, d + 1, 0, 0);
	assert_string_equal(w.heard, "opened ");
	evidence = json_object_get(w.last, "evidence");
	assert_in_range(json_array_size(evidence), 1, 5);
	assert_true(json_array_size(json_object_get(w.last, "kinds")) > 0);
	json_array_foreach (evidence, i, row) {
		assert_true(json_is_true(json_object_get(row, "weak")));
		assert_true(json_is_number(json_object_get(row, "p")));
	}
	/* Then one series is at warning, and is the reason alone. */
	play(&w, d, d + 2, 1, 40);
	evidence = json_object_get(w.last, "evidence");
	assert_int_equal(json_array_size(evidence), 1);
	assert_null(json_object_get(json_array_get(evidence, 0), "weak"));
	world_drop(&w);
}

static void
test_later_evidence_opens_a_linked_alert(void **state)
{
	struct world w;
	char first[DESK_ID_BYTES];

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 3, 60);
	snprintf(first, sizeof(first), "%s", world_text(&w, "id"));
	play(&w, 61, 120, 0, 0);
	play(&w, 120, 121, 3, 60);
	assert_string_equal(w.heard, "opened ended opened ");
	assert_string_not_equal(world_text(&w, "id"), first);
	assert_string_equal(world_text(&w, "previous"), first);
	world_drop(&w);
}

static void
test_weighing_again_says_nothing(void **state)
{
	struct world w;
	int64_t version;

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 63, 2, 50);
	version = json_integer_value(json_object_get(w.last, "version"));
	w.heard[0] = '\0';
	for (int i = 0; i < 3; i++)
		world_weigh(&w, 62);
	assert_string_equal(w.heard, "");
	assert_int_equal(version, json_integer_value(
					  json_object_get(w.last, "version")));
	world_drop(&w);
}

static void
test_a_restored_desk_goes_on_alike(void **state)
{
	struct world a, b;

	(void)state;
	world_make(&a, fusion);
	world_make(&b, fusion);
	play(&a, 0, 60, 0, 0);
	play(&a, 60, 63, 2, 50);
	for (int32_t d = 0; d < 63; d++)
		day(&b, d, d < 60 ? 0 : 2, d < 60 ? 0 : 50);
	assert_int_equal(desk_restore(b.desk, a.last), 0);
	world_weigh(&b, 62);
	assert_string_equal(b.heard, "");
	a.heard[0] = '\0';
	play(&a, 63, 64, 3, 60);
	play(&b, 63, 64, 3, 60);
	play(&a, 64, 90, 0, 0);
	play(&b, 64, 90, 0, 0);
	assert_string_equal(a.heard, b.heard);
	assert_true(json_equal(a.last, b.last));
	world_drop(&a);
	world_drop(&b);
}

static void
test_corrected_data_leave_an_unsupported_alert(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 1, 40);
	world_set(&w, 0, DAY0 + 60, 31);
	judge_dirty(w.judge, 100);
	world_weigh(&w, 60);
	assert_string_equal(w.heard, "opened unsupported ");
	assert_true(json_is_true(json_object_get(w.last, "unsupported")));
	world_weigh(&w, 60);
	assert_string_equal(w.heard, "opened unsupported ");
	world_drop(&w);
}

static void
test_what_the_sink_refuses_has_not_happened(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	day(&w, 60, 3, 60);
	w.refuse = true;
	assert_int_equal(desk_weigh(w.desk, DAY0 + 60, true), -1);
	assert_int_equal(desk_alerts(w.desk), 0);
	w.refuse = false;
	world_weigh(&w, 60);
	assert_string_equal(w.heard, "opened ");
	world_drop(&w);
}

static void
test_people_work_an_alert_to_its_end(void **state)
{
	struct world w;
	const struct desk_act stale = { .verb = DESK_ACK,
					.actor = "li",
					.note = "",
					.outcome = "",
					.version = 99 };

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 2, 50);
	assert_int_equal(desk_act(w.desk, world_text(&w, "id"), &stale,
				  world_err, sizeof(world_err)),
			 DESK_STALE);
	assert_int_equal(
		desk_act(w.desk, "0000", &stale, world_err, sizeof(world_err)),
		DESK_NO_ALERT);
	assert_int_equal(world_act(&w, DESK_RESPOND, "", ""), DESK_WRONG_STATE);
	assert_non_null(strstr(world_err, " ack"));
	assert_int_equal(world_act(&w, DESK_ACK, "", ""), DESK_DONE);
	assert_string_equal(world_text(&w, "state"), "acknowledged");
	assert_string_equal(world_text(&w, "owner"), "li");
	assert_int_equal(world_act(&w, DESK_VERIFY, "", ""), DESK_DONE);
	assert_int_equal(world_act(&w, DESK_ASSESS, "", ""), DESK_DONE);
	assert_int_equal(world_act(&w, DESK_CHARACTERISE, "", "hihg"),
			 DESK_NEEDS_OUTCOME);
	assert_non_null(strstr(world_err, "did you mean \"high\""));
	assert_int_equal(world_act(&w, DESK_CHARACTERISE, "", "high"), DESK_DONE);
	assert_int_equal(world_act(&w, DESK_RESPOND, "", ""), DESK_DONE);
	assert_int_equal(world_act(&w, DESK_CLOSE, "", "outbreak"),
			 DESK_NEEDS_NOTE);
	assert_int_equal(world_act(&w, DESK_CLOSE, "over", ""),
			 DESK_NEEDS_OUTCOME);
	assert_int_equal(world_act(&w, DESK_CLOSE, "over", "outbraek"),
			 DESK_NEEDS_OUTCOME);
	assert_string_equal(world_err,
			    "there is no outcome \"outbraek\", did you mean"
			    " \"outbreak\"? The words are outbreak, artefact,"
			    " known-event, holiday, duplicate, other");
	assert_string_equal(world_text(&w, "state"), "responding");
	assert_int_equal(world_act(&w, DESK_CLOSE, "over", "outbreak"),
			 DESK_DONE);
	assert_string_equal(world_text(&w, "state"), "closed");
	assert_int_equal(world_act(&w, DESK_ACK, "", ""), DESK_WRONG_STATE);
	assert_int_equal(world_act(&w, DESK_REOPEN, "", ""), DESK_DONE);
	assert_string_equal(world_text(&w, "state"), "reopened");
	world_drop(&w);
}

/* Statistics never reopen what a person closed; more evidence is new. */
static void
test_after_closing_only_more_rings_again(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, fusion);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 1, 40);
	assert_int_equal(world_act(&w, DESK_CLOSE, "known", "artefact"),
			 DESK_DONE);
	play(&w, 61, 62, 1, 40);
	assert_string_equal(w.heard, "opened closed ");
	play(&w, 62, 63, 3, 70);
	assert_string_equal(w.heard, "opened closed ended opened ");
	assert_string_equal(world_text(&w, "state"), "open");
	assert_int_equal(desk_alerts(w.desk), 2);
	world_drop(&w);
}

static void
test_one_case_and_many_cases(void **state)
{
	struct world w;

	(void)state;
	world_make(
		&w,
		"trigger \"cases\" { indicators = { ili }\nkinds = { school }\n"
		"where = { site }\nrule = cases\nbasis = norm\n"
		"basis_zh = \"规定\"\n"
		"cases = { \"1 blue\", \"10 orange\" }\nwindow = 7d\n"
		"quiet_days = 7\ntell = { duty } }\n");
	for (int32_t d = 0; d < 30; d++) {
		world_set(&w, 0, DAY0 + d, 500);
		world_set(&w, 1, DAY0 + d, d == 3 ? 1 : d == 6 ? 9 : 0);
		judge_dirty(w.judge, 100);
		world_weigh(&w, d);
	}
	assert_string_equal(w.heard, "opened regraded ended ");
	assert_string_equal(world_text(&w, "site"), "school");
	assert_true(json_is_null(json_object_get(w.last, "p")));
	assert_string_equal(world_text(&w, "basis"), "norm");
	assert_string_equal(world_text(&w, "basis_zh"), "规定");
	world_drop(&w);
}

static int64_t
now(void *arg)
{
	return *(int64_t *)arg;
}

static const json_t *
step(const struct world *w, size_t i)
{
	return json_array_get(
		json_object_get(json_object_get(w->last, "deadlines"), "steps"),
		i);
}

static int64_t
number(const json_t *o, const char *key)
{
	return json_is_integer(json_object_get(o, key))
		       ? json_integer_value(json_object_get(o, key))
		       : -1;
}

static const char timed[] = "deadlines \"quick\" { acknowledge = 1m\n"
			    "verify = 1h\nassess = 2h\nreport = 3h\n"
			    "basis = norm }\n"
			    "trigger \"resp\" { indicators = { ili }\n"
			    "where = { county }\ndeadlines = quick\n"
			    "tell = { duty } }\n";

static void
test_clocks_run_from_the_opening(void **state)
{
	int64_t at = 1000000;
	struct world w;

	(void)state;
	world_make(&w, timed);
	desk_set_clock(w.desk, now, &at);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 2, 50);
	assert_int_equal(number(step(&w, 0), "due_ms"), at + 60000);
	assert_int_equal(number(step(&w, 3), "due_ms"), at + 3 * 3600000);
	assert_null(step(&w, 4));
	assert_int_equal(world_act(&w, DESK_ACK, "", ""), DESK_DONE);
	assert_true(number(step(&w, 0), "met_ms") >= 0);
	assert_int_equal(number(step(&w, 1), "met_ms"), -1);
	assert_int_equal(world_act(&w, DESK_REPORT, "", ""), DESK_NEEDS_NOTE);
	assert_int_equal(world_act(&w, DESK_REPORT, "to the city", ""),
			 DESK_DONE);
	assert_true(number(step(&w, 3), "met_ms") >= 0);
	assert_string_equal(world_text(&w, "state"), "acknowledged");
	assert_int_equal(world_act(&w, DESK_DISCARD, "a promotion", "artefact"),
			 DESK_DONE);
	assert_true(number(step(&w, 1), "met_ms") >= 0);
	assert_true(json_is_true(json_object_get(step(&w, 2), "off")));
	assert_int_equal(world_act(&w, DESK_REOPEN, "", ""), DESK_DONE);
	assert_false(json_is_true(json_object_get(step(&w, 2), "off")));
	world_drop(&w);
}

static void
test_sites_are_asked_to_verify(void **state)
{
	int64_t at = 5000;
	const json_t *tasks, *task;
	struct world w;

	(void)state;
	world_make(&w, timed);
	desk_set_clock(w.desk, now, &at);
	play(&w, 0, 60, 0, 0);
	play(&w, 60, 61, 2, 50);
	tasks = json_object_get(w.last, "tasks");
	assert_int_equal(json_array_size(tasks), 2);
	task = json_array_get(tasks, 0);
	assert_int_equal(number(task, "due_ms"), at + 3600000);
	assert_int_equal(world_act(&w, DESK_TASK, "", "1"), DESK_NEEDS_NOTE);
	assert_int_equal(world_act(&w, DESK_TASK, "true", "9"),
			 DESK_NEEDS_OUTCOME);
	assert_int_equal(world_act(&w, DESK_TASK, "it is true", "1"), DESK_DONE);
	task = json_array_get(json_object_get(w.last, "tasks"), 0);
	assert_string_equal(json_string_value(json_object_get(task, "state")),
			    "done");
	assert_string_equal(json_string_value(json_object_get(task, "note")),
			    "it is true");
	assert_string_equal(json_string_value(json_object_get(task, "actor")),
			    "li");
	assert_int_equal(world_act(&w, DESK_TASK, "again", "1"),
			 DESK_WRONG_STATE);
	/* A third site joins: it is asked, the others are not asked again. */
	play(&w, 61, 62, 3, 70);
	tasks = json_object_get(w.last, "tasks");
	assert_int_equal(json_array_size(tasks), 3);
	world_drop(&w);
}

static void
test_charts_stay_as_they_were(void **state)
{
	int64_t at = 0;
	const json_t *charts;
	json_t *before;
	struct world w;

	(void)state;
	world_make(&w, timed);
	play(&w, 0, 60, 0, 0);
	desk_set_clock(w.desk, now, &at);
	play(&w, 60, 61, 2, 50);
	charts = json_object_get(w.last, "charts");
	assert_int_equal(json_array_size(charts), 2);
	before = json_deep_copy(charts);
	/* A correction that takes nothing away from the alert. */
	world_set(&w, 0, DAY0 + 59, 3);
	judge_dirty(w.judge, 100);
	world_weigh(&w, 60);
	play(&w, 61, 63, 2, 50);
	assert_true(json_equal(before, json_object_get(w.last, "charts")));
	assert_int_equal(json_array_size(json_object_get(
				 json_array_get(before, 0), "count")),
			 json_array_size(json_object_get(
				 json_array_get(before, 0), "upper")));
	json_decref(before);
	world_drop(&w);
}

static void
test_states_and_verbs(void **state)
{
	(void)state;
	for (int v = 0; desk_verb_str((enum desk_verb)v) != NULL; v++)
		assert_int_equal(
			desk_verb_parse(desk_verb_str((enum desk_verb)v)), v);
	assert_int_equal(desk_verb_parse("explode"), -1);
	assert_int_equal(alert_next(ALERT_OPEN, DESK_DISCARD), -1);
	assert_int_equal(alert_next(ALERT_MERGED, DESK_REOPEN), ALERT_REOPENED);
	assert_int_equal(alert_next(ALERT_CLOSED, DESK_NOTE), ALERT_CLOSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_episode_from_opening_to_end),
		cmocka_unit_test(test_no_alert_opens_without_a_reason),
		cmocka_unit_test(test_later_evidence_opens_a_linked_alert),
		cmocka_unit_test(test_weighing_again_says_nothing),
		cmocka_unit_test(test_a_restored_desk_goes_on_alike),
		cmocka_unit_test(test_corrected_data_leave_an_unsupported_alert),
		cmocka_unit_test(test_what_the_sink_refuses_has_not_happened),
		cmocka_unit_test(test_people_work_an_alert_to_its_end),
		cmocka_unit_test(test_after_closing_only_more_rings_again),
		cmocka_unit_test(test_one_case_and_many_cases),
		cmocka_unit_test(test_clocks_run_from_the_opening),
		cmocka_unit_test(test_sites_are_asked_to_verify),
		cmocka_unit_test(test_charts_stay_as_they_were),
		cmocka_unit_test(test_states_and_verbs),
	};

	return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
