/* Missed clocks: who above is told, when, and how often. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"
#include "tests/unit/trigger_text.h"

#define DAY0 18000
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define OPENED INT64_C(1000000000)
#define AREAS 3

static const char *const area_code[AREAS] = { "p", "c", "k" };
static char err[256];

/* A province, a city and a county with a school. */
struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct desk *desk;
	int64_t now;
	bool there[AREAS]; /* can somebody be told? */
	bool empty;	   /* nobody is on duty in the county */
	size_t asked;	   /* times the desk asked for names */
	char heard[1024];  /* "AREA:CLOCK,CLOCK " of each escalation */
	json_t *last;	   /* body of the last one */
	bool announced;	   /* was it? */
};

static const char *
text(const json_t *o, const char *key)
{
	const char *t = json_string_value(json_object_get(o, key));

	return t == NULL ? "" : t;
}

static int
hear(void *arg, const struct desk_event *e)
{
	const json_t *to = json_object_get(e->body, "to"), *clock;
	struct world *w = arg;
	size_t i;

	if (strcmp(e->name, "escalated") != 0)
		return 0;
	assert_non_null(e->called);
	assert_int_equal(e->at_ms, w->now);
	assert_false(e->state_only);
	strcat(w->heard, json_is_null(to) ? "-" : text(to, "area"));
	json_array_foreach (json_object_get(e->body, "clocks"), i, clock) {
		strcat(w->heard, i == 0 ? ":" : ",");
		strcat(w->heard, text(clock, "step"));
	}
	strcat(w->heard, " ");
	w->announced = e->announce;
	json_decref(w->last);
	w->last = json_deep_copy(e->body);
	return 0;
}

static size_t
reach(void *arg, const struct desk_event *event, const char **out, size_t cap)
{
	struct world *w = arg;

	assert_true(cap > 0);
	w->asked++;
	if (!w->there[*event->called])
		return 0;
	out[0] = area_code[*event->called];
	return 1;
}

static bool
vacant(void *arg, uint32_t area, int64_t at_ms)
{
	const struct world *w = arg;

	assert_int_equal(at_ms, w->now);
	assert_string_equal(registry_area_at(w->registry, area)->code, "k");
	return w->empty;
}

static int64_t
clock_now(void *arg)
{
	return ((struct world *)arg)->now;
}

static void
start(struct world *w)
{
	const struct judge_conf conf = { .history_days = 100,
					 .day_method = "rnssp-switch",
					 .week_method = "ears-c2" };

	w->judge = judge_new(&conf, w->registry);
	w->desk = desk_new(w->registry, w->judge, w->set, hear, w);
	desk_set_clock(w->desk, clock_now, w);
	desk_set_reach(w->desk, reach, vacant, w);
}

static void
make(struct world *w, const char *deadlines)
{
	struct reg_indicator ind = { .code = "ili" };
	struct reg_kind kind = { .code = "school",
				 .class_code = "institution",
				 .period = 1 };
	struct reg_site site = { .code = "s" };
	char conf[1024];

	*w = (struct world){ .now = OPENED, .there = { true, true, true } };
	w->registry = registry_new();
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	registry_add_kind(w->registry, &kind, err, sizeof(err));
	for (uint32_t i = 0; i < AREAS; i++) {
		struct reg_area a = { .code = area_code[i],
				      .name = area_code[i],
				      .level = i == 0	? REG_PROVINCE
					       : i == 1 ? REG_CITY
							: REG_COUNTY };

		assert_int_equal(
			registry_add_area(w->registry, &a,
					  i == 0 ? NULL : area_code[i - 1], err,
					  sizeof(err)),
			i);
	}
	registry_add_site(w->registry, &site, "school", "k", err, sizeof(err));
	registry_add_series(w->registry, 0, 0, "", 0);
	snprintf(conf, sizeof(conf),
		 "deadlines \"quick\" { %s }\n"
		 "trigger \"law\" { indicators = { ili }\nrule = cases\n"
		 "basis = norm\ncases = { \"10 red\" }\nwindow = 3d\n"
		 "where = { county }\nquiet_days = 7\ndeadlines = quick\n"
		 "tell = { duty } }\n",
		 deadlines);
	w->set = trigger_right(w->registry, conf);
	start(w);
}

static void
stop(struct world *w)
{
	desk_free(&w->desk);
	judge_free(&w->judge);
}

static void
drop(struct world *w)
{
	stop(w);
	json_decref(w->last);
	trigger_free(&w->set);
	registry_free(&w->registry);
}

static void
count(struct world *w)
{
	const struct judge_cell cell = { .value = 12, .denominator = NAN };

	judge_set(w->judge, 0, DAY0, &cell);
	while (judge_dirty(w->judge, 100) > 0)
		;
}

static void
ring(struct world *w, bool announce)
{
	count(w);
	assert_int_equal(desk_weigh(w->desk, DAY0, announce), 0);
	assert_int_equal(desk_alerts(w->desk), 1);
}

/* What is heard at that time after the opening. */
static const char *
at(struct world *w, int64_t after)
{
	w->heard[0] = '\0';
	w->now = OPENED + after;
	assert_int_equal(desk_escalate(w->desk, w->now, 1), 0);
	return w->heard;
}

/* The process ends and starts again. */
static void
restart(struct world *w)
{
	json_t *view = json_deep_copy(desk_alert_at(w->desk, 0));

	stop(w);
	start(w);
	assert_int_equal(desk_restore(w->desk, view), 0);
	desk_resume(w->desk, DAY0, DAY0);
	json_decref(view);
}

static void
act(struct world *w, enum desk_verb verb)
{
	const struct desk_act a = { .verb = verb,
				    .actor = "li",
				    .note = "seen",
				    .outcome = "known-event",
				    .version = -1,
				    .at_ms = w->now };
	char id[DESK_ID_BYTES];

	snprintf(id, sizeof(id), "%s", text(desk_alert_at(w->desk, 0), "id"));
	assert_int_equal(desk_act(w->desk, id, &a, err, sizeof(err)), DESK_DONE);
}

static const json_t *
step(const struct world *w, size_t i)
{
	return json_array_get(
		json_object_get(
			json_object_get(desk_alert_at(w->desk, 0), "deadlines"),
			"steps"),
		i);
}

static const char ack_and_verify[] =
	"acknowledge = 1h\nverify = 24h\nnext_level = 2h";

static void
test_level_by_level_once_each(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 1h\nnext_level = 2h");
	ring(&w, true);
	assert_string_equal(at(&w, HOUR - MINUTE), "");
	assert_string_equal(at(&w, HOUR + MINUTE), "c:acknowledge ");
	assert_true(w.announced);
	assert_string_equal(at(&w, HOUR + 2 * MINUTE), "");
	/* Two hours after the city was told, not after the clock. */
	assert_string_equal(at(&w, 3 * HOUR), "");
	assert_string_equal(at(&w, 3 * HOUR + 2 * MINUTE), "p:acknowledge ");
	assert_string_equal(at(&w, 900 * HOUR), "");
	assert_int_equal(desk_escalations(w.desk, REG_CITY), 1);
	assert_int_equal(desk_escalations(w.desk, REG_PROVINCE), 1);
	assert_int_equal(desk_escalations(w.desk, REG_COUNTY), 0);
	assert_int_equal(
		json_array_size(json_object_get(step(&w, 0), "escalated")), 2);
	drop(&w);
}

static void
test_the_event_says_who_was_told_of_what(void **state)
{
	const json_t *clock, *entry;
	struct world w;

	(void)state;
	make(&w, ack_and_verify);
	ring(&w, true);
	at(&w, HOUR + MINUTE);
	clock = json_array_get(json_object_get(w.last, "clocks"), 0);
	assert_string_equal(text(clock, "step"), "acknowledge");
	assert_int_equal(json_integer_value(json_object_get(clock, "due_ms")),
			 OPENED + HOUR);
	assert_string_equal(text(w.last, "area"), "k");
	assert_string_equal(text(w.last, "trigger"), "law");
	assert_string_equal(text(w.last, "grade"), "red");
	assert_string_equal(text(json_object_get(w.last, "to"), "level"),
			    "city");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(w.last, "told"), 0)),
			    "c");
	assert_int_equal(json_integer_value(json_object_get(w.last, "at_ms")),
			 w.now);
	entry = json_array_get(json_object_get(step(&w, 0), "escalated"), 0);
	assert_string_equal(text(entry, "area"), "c");
	assert_int_equal(json_integer_value(json_object_get(entry, "at_ms")),
			 w.now);
	drop(&w);
}

static void
test_a_restart_repeats_nothing_and_misses_nothing(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 1h\nnext_level = 2h");
	ring(&w, true);
	at(&w, HOUR - MINUTE);
	restart(&w);
	/* It ran out while nobody looked: told once. */
	assert_string_equal(at(&w, HOUR + 30 * MINUTE), "c:acknowledge ");
	restart(&w);
	assert_string_equal(at(&w, HOUR + 31 * MINUTE), "");
	restart(&w);
	assert_string_equal(at(&w, 4 * HOUR), "p:acknowledge ");
	restart(&w);
	assert_string_equal(at(&w, 900 * HOUR), "");
	drop(&w);
}

static void
test_an_acknowledgement_stops_its_own_clock(void **state)
{
	struct world w;

	(void)state;
	make(&w, ack_and_verify);
	ring(&w, true);
	at(&w, HOUR - MINUTE);
	act(&w, DESK_ACK);
	assert_string_equal(at(&w, HOUR + MINUTE), "");
	/* It says nothing of the verification. */
	assert_string_equal(at(&w, 24 * HOUR), "");
	assert_string_equal(at(&w, 24 * HOUR + MINUTE), "c:verify ");
	act(&w, DESK_ASSESS);
	assert_string_equal(at(&w, 900 * HOUR), "");
	drop(&w);
	make(&w, ack_and_verify);
	ring(&w, true);
	assert_string_equal(at(&w, HOUR + MINUTE), "c:acknowledge ");
	act(&w, DESK_ACK);
	assert_string_equal(at(&w, 23 * HOUR), "");
	drop(&w);
}

static void
test_clocks_missed_together_are_told_together(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 15m\nverify = 2h\nreport = 2h\n"
		 "next_level = 3h");
	ring(&w, true);
	assert_string_equal(at(&w, HOUR), "c:acknowledge ");
	assert_string_equal(at(&w, 2 * HOUR + MINUTE), "c:verify,report ");
	assert_string_equal(at(&w, 4 * HOUR + MINUTE), "p:acknowledge ");
	assert_string_equal(at(&w, 5 * HOUR + 2 * MINUTE), "p:verify,report ");
	drop(&w);
}

static void
test_where_nobody_is_the_next_level_is_told_at_once(void **state)
{
	struct world w;

	(void)state;
	make(&w, ack_and_verify);
	ring(&w, true);
	w.there[1] = false;
	assert_string_equal(at(&w, HOUR + MINUTE), "p:acknowledge ");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(w.last, "passed"), 0)),
			    "c");
	assert_string_equal(at(&w, 23 * HOUR), "");
	drop(&w);
}

static void
test_nobody_at_all_is_written_down_once(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 1h\nnext_level = 2h");
	ring(&w, true);
	w.there[0] = w.there[1] = false;
	assert_string_equal(at(&w, HOUR + MINUTE), "-:acknowledge ");
	assert_false(w.announced);
	assert_int_equal(json_array_size(json_object_get(w.last, "told")), 0);
	assert_string_equal(at(&w, HOUR + 2 * MINUTE), "");
	/* Whoever comes later is told. */
	w.there[0] = true;
	assert_string_equal(at(&w, 9 * HOUR), "p:acknowledge ");
	assert_string_equal(at(&w, 900 * HOUR), "");
	assert_int_equal(desk_escalations(w.desk, REG_PROVINCE), 1);
	drop(&w);
}

static void
test_a_closed_alert_stands_still(void **state)
{
	struct world w;

	(void)state;
	make(&w, "verify = 24h");
	ring(&w, true);
	at(&w, 20 * HOUR);
	act(&w, DESK_CLOSE);
	assert_string_equal(at(&w, 900 * HOUR), "");
	drop(&w);
	/* Once merged nobody works on it; reopened, it has the time left. */
	make(&w, "assess = 24h");
	ring(&w, true);
	at(&w, 20 * HOUR);
	act(&w, DESK_CLOSE);
	at(&w, 100 * HOUR);
	act(&w, DESK_REOPEN);
	assert_string_equal(at(&w, 104 * HOUR - MINUTE), "");
	assert_string_equal(at(&w, 104 * HOUR + MINUTE), "c:assess ");
	drop(&w);
}

static void
test_what_is_asked_for_is_told(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 1h\nverify = 2h\nescalate = { verify }\n"
		 "next_level = 0");
	ring(&w, true);
	assert_string_equal(at(&w, HOUR + MINUTE), "");
	assert_string_equal(at(&w, 2 * HOUR + MINUTE), "c:verify ");
	assert_string_equal(at(&w, 900 * HOUR), "");
	drop(&w);
	make(&w, "acknowledge = 1h\nescalate = { none }");
	ring(&w, true);
	assert_string_equal(at(&w, 900 * HOUR), "");
	assert_int_equal(w.asked, 0);
	drop(&w);
}

static void
test_where_nobody_is_on_duty_the_city_is_told_at_once(void **state)
{
	struct world w;

	(void)state;
	make(&w, ack_and_verify);
	ring(&w, true);
	assert_string_equal(at(&w, MINUTE), "");
	w.empty = true;
	assert_string_equal(at(&w, 2 * MINUTE), "c:acknowledge ");
	assert_true(json_is_true(json_object_get(w.last, "vacant")));
	restart(&w);
	assert_string_equal(at(&w, 3 * MINUTE), "");
	/* The province waits for the clock, and two hours. */
	assert_string_equal(at(&w, 2 * HOUR), "");
	assert_string_equal(at(&w, 2 * HOUR + 3 * MINUTE), "p:acknowledge ");
	assert_false(json_is_true(json_object_get(w.last, "vacant")));
	drop(&w);
	make(&w, ack_and_verify);
	w.empty = true;
	ring(&w, true);
	act(&w, DESK_ACK);
	assert_string_equal(at(&w, MINUTE), "");
	drop(&w);
}

static void
test_many_alerts_are_looked_at_in_turn(void **state)
{
	struct world w;

	(void)state;
	make(&w, "acknowledge = 1h }\n"
		 "trigger \"more\" { indicators = { ili }\nrule = cases\n"
		 "basis = norm\ncases = { \"10 blue\" }\nwindow = 3d\n"
		 "where = { county }\nquiet_days = 7\ndeadlines = quick\n"
		 "tell = { duty } }\n"
		 "deadlines \"other\" { verify = 1h");
	count(&w);
	assert_int_equal(desk_weigh(w.desk, DAY0, true), 0);
	assert_int_equal(desk_alerts(w.desk), 2);
	assert_string_equal(at(&w, HOUR + MINUTE), "c:acknowledge ");
	assert_string_equal(at(&w, HOUR + MINUTE), "c:acknowledge ");
	assert_string_equal(at(&w, HOUR + MINUTE), "");
	assert_string_equal(at(&w, HOUR + MINUTE), "");
	drop(&w);
}

static void
test_low_colours_may_be_left_alone(void **state)
{
	const struct deadlines orange = {
		.basis = (char[]){ "" },
		.basis_zh = (char[]){ "" },
		.ms = { [DEADLINE_ACKNOWLEDGE] = HOUR },
		.escalate = { .at = (char *[]){ (char[]){ "acknowledge" } },
			      .n = 1 },
		.escalate_from = 2,
	};
	json_t *alert = json_pack("{s:s,s:b}", "grade", "yellow", "statutory", 0);
	struct deadline_miss miss;

	(void)state;
	assert_int_equal(deadline_start(alert, "quick", &orange, 0), 0);
	assert_false(deadline_missed(alert, 2 * HOUR, 0, &miss));
	/* Where nobody is on duty somebody must hear of it. */
	assert_true(deadline_unheard(alert, &miss));
	json_object_set_new(alert, "statutory", json_true());
	assert_true(deadline_missed(alert, 2 * HOUR, 0, &miss));
	json_object_set_new(alert, "statutory", json_false());
	json_object_set_new(alert, "grade", json_string("orange"));
	assert_true(deadline_missed(alert, 2 * HOUR, 0, &miss));
	json_decref(alert);
}

static void
test_history_calls_nobody(void **state)
{
	struct world w;

	(void)state;
	make(&w, ack_and_verify);
	ring(&w, false);
	assert_string_equal(at(&w, 900 * HOUR), "");
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level_by_level_once_each),
		cmocka_unit_test(test_the_event_says_who_was_told_of_what),
		cmocka_unit_test(test_a_restart_repeats_nothing_and_misses_nothing),
		cmocka_unit_test(test_an_acknowledgement_stops_its_own_clock),
		cmocka_unit_test(test_clocks_missed_together_are_told_together),
		cmocka_unit_test(
			test_where_nobody_is_the_next_level_is_told_at_once),
		cmocka_unit_test(test_nobody_at_all_is_written_down_once),
		cmocka_unit_test(test_a_closed_alert_stands_still),
		cmocka_unit_test(test_what_is_asked_for_is_told),
		cmocka_unit_test(
			test_where_nobody_is_on_duty_the_city_is_told_at_once),
		cmocka_unit_test(test_many_alerts_are_looked_at_in_turn),
		cmocka_unit_test(test_low_colours_may_be_left_alone),
		cmocka_unit_test(test_history_calls_nobody),
	};

	return cmocka_run_group_tests_name("escalate", tests, NULL, NULL);
}
