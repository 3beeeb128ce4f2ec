#include "daemon/desk/upkeep.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/desk/trigger.h"

#define DAY0 18001 /* 2019-04-15, a Monday */
#define LAST (DAY0 + 70)
#define AT(d) (&(struct zone_now){ d, ZONE_NO_TIME })
#define SITES 12

static const struct quality_conf conf = { .due_days = 1,
					  .week_due_days = 3,
					  .silent_after = 3,
					  .back_fill_days = 7,
					  .refused_percent = 20,
					  .wal_bytes = 1 << 20 };

struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct quality *quality;
	struct desk *desk;
	struct upkeep *upkeep;
	uint32_t series[SITES];
	char heard[8192]; /* "raised silence s1;mended silence s1;" */
	json_t *last;	  /* alert after the last event */
	json_t *kept;	  /* every alert by id, as the store would */
	bool refuse;
};

static char err[256];

static void
note(void *arg, const char *message)
{
	(void)arg;
	fail_msg("%s", message);
}

static const char *
text(const json_t *object, const char *key)
{
	const char *t = json_string_value(json_object_get(object, key));

	return t == NULL ? "" : t;
}

static int
hear(void *arg, const struct desk_event *event)
{
	struct world *w = arg;
	size_t n = strlen(w->heard);

	if (w->refuse)
		return -1;
	snprintf(w->heard + n, sizeof(w->heard) - n, "%s %s %s;", event->name,
		 text(event->alert, "cause"), text(event->alert, "sender"));
	assert_true(event->announce);
	assert_string_equal(text(event->alert, "route"), "operator");
	assert_string_equal(text(event->body, "route"), "operator");
	assert_string_equal(text(event->body, "event"), event->name);
	json_decref(w->last);
	w->last = json_deep_copy(event->alert);
	json_object_set_new(w->kept, event->id, json_deep_copy(event->alert));
	return 0;
}

static struct trigger_set *
load(const struct registry *r)
{
	char path[] = "/tmp/upkeep-XXXXXX";
	const char *const paths[] = { path };
	FILE *f = fdopen(mkstemp(path), "w");
	struct trigger_set *set;

	assert_non_null(f);
	fputs("trigger \"resp\" { indicators = { ili }\nwhere = { county }\n"
	      "tell = { duty } }\n",
	      f);
	fclose(f);
	set = trigger_load(paths, 1, r, note, NULL);
	unlink(path);
	return set;
}

/* The first four report through one gateway. */
static void
add_sites(struct world *w)
{
	const struct reg_kind k = { .code = "ed",
				    .class_code = "clinical",
				    .period = 1 };

	registry_add_kind(w->registry, &k, err, sizeof(err));
	for (uint32_t i = 0; i < SITES; i++) {
		char code[8];
		const struct reg_site site = { .code = code,
					       .gateway = i < 4 ? "gate" : "" };
		uint32_t s;

		snprintf(code, sizeof(code), "s%u", i);
		s = registry_add_site(w->registry, &site, "ed", "K", err,
				      sizeof(err));
		w->series[i] = registry_add_series(w->registry, s, 0, "", 0);
	}
}

static int
make(void **state)
{
	static struct world w;
	const struct judge_conf judge = { .history_days = 400,
					  .day_method = "ears-c2",
					  .week_method = "ears-c2" };
	const struct reg_indicator ili = { .code = "ili", .group = "resp" };
	const struct reg_area area = { .code = "K",
				       .name = "K",
				       .level = REG_COUNTY };

	w = (struct world){ .registry = registry_new(), .kept = json_object() };
	registry_add_indicator(w.registry, &ili, err, sizeof(err));
	registry_add_area(w.registry, &area, NULL, err, sizeof(err));
	add_sites(&w);
	w.judge = judge_new(&judge, w.registry);
	w.set = load(w.registry);
	assert_non_null(w.set);
	w.quality = quality_new(&conf, w.registry, w.judge);
	w.desk = desk_new(w.registry, w.judge, w.set, hear, &w);
	w.upkeep = upkeep_new(w.registry, w.judge, w.quality, w.desk);
	assert_non_null(w.upkeep);
	*state = &w;
	return 0;
}

static int
drop(void **state)
{
	struct world *w = *state;

	json_decref(w->last);
	json_decref(w->kept);
	upkeep_free(&w->upkeep);
	desk_free(&w->desk);
	quality_free(&w->quality);
	trigger_free(&w->set);
	judge_free(&w->judge);
	registry_free(&w->registry);
	return 0;
}

static void
fill(struct world *w, uint32_t site, int32_t from, int32_t to)
{
	for (int32_t d = from; d <= to; d++) {
		const struct judge_cell cell = { .value = 20 + d * 7 % 5,
						 .denominator = NAN };

		judge_set(w->judge, w->series[site], d, &cell);
	}
}

/* What is heard of one look on that day. */
static const char *
look(struct world *w, int32_t today)
{
	w->heard[0] = '\0';
	assert_int_equal(upkeep_look_all(w->upkeep, AT(today)), 0);
	return w->heard;
}

/* As after a restart: desk and upkeep anew, with what was kept. */
static void
restart(struct world *w)
{
	const char *id;
	json_t *alert;

	upkeep_free(&w->upkeep);
	desk_free(&w->desk);
	quality_free(&w->quality);
	w->quality = quality_new(&conf, w->registry, w->judge);
	w->desk = desk_new(w->registry, w->judge, w->set, hear, w);
	json_object_foreach (w->kept, id, alert)
		assert_int_equal(desk_restore(w->desk, alert), 0);
	w->upkeep = upkeep_new(w->registry, w->judge, w->quality, w->desk);
	assert_non_null(w->upkeep);
}

static void
test_silence_is_told_once_and_mends(void **state)
{
	struct world *w = *state;
	char first[DESK_ID_BYTES];

	assert_string_equal(look(w, LAST), ""); /* nobody ever reported */
	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, DAY0, i == 5 ? LAST - 5 : LAST);
	assert_string_equal(look(w, LAST - 1), "");
	assert_string_equal(look(w, LAST), "raised silence s5;");
	snprintf(first, sizeof(first), "%s", text(w->last, "id"));
	assert_string_equal(text(w->last, "site"), "s5");
	assert_string_equal(text(w->last, "state"), "open");
	assert_true(json_is_null(json_object_get(w->last, "grade")));
	assert_true(json_is_null(json_object_get(w->last, "p")));
	assert_string_equal(look(w, LAST), "");
	restart(w);
	assert_string_equal(look(w, LAST), "");
	fill(w, 5, LAST, LAST);
	assert_string_equal(look(w, LAST), "mended silence s5;");
	assert_string_equal(text(w->last, "signal"), "ended");
	assert_string_equal(text(w->last, "state"), "open");
	/* Another time it is another alert, which names the one before. */
	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, LAST, i == 5 ? LAST : LAST + 9);
	assert_string_equal(look(w, LAST + 9), "raised silence s5;");
	assert_string_equal(text(w->last, "previous"), first);
	assert_int_equal(desk_alerts(w->desk), 2);
}

static void
test_people_close_and_statistics_do_not(void **state)
{
	struct world *w = *state;
	const struct desk_act close = { .verb = DESK_CLOSE,
					.actor = "op",
					.note = "known",
					.outcome = "other",
					.version = -1 };

	fill(w, 5, DAY0, LAST - 5);
	for (uint32_t i = 6; i < SITES; i++)
		fill(w, i, DAY0, LAST);
	assert_string_equal(look(w, LAST), "raised silence s5;");
	w->heard[0] = '\0';
	w->refuse = true;
	assert_int_equal(desk_act(w->desk, text(w->last, "id"), &close, err,
				  sizeof(err)),
			 DESK_FAILED);
	w->refuse = false;
	assert_string_equal(text(desk_alert_at(w->desk, 0), "state"), "open");
	fill(w, 5, LAST, LAST);
	w->refuse = true;
	assert_int_equal(upkeep_look_all(w->upkeep, AT(LAST)), -1);
	w->refuse = false;
	assert_string_equal(look(w, LAST), "mended silence s5;");
}

static void
test_a_gateway_s_sites_are_one_alert(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, DAY0, i < 4 ? LAST - 5 : LAST);
	assert_string_equal(look(w, LAST), "raised silence-gateway gate;");
	assert_string_equal(text(json_object_get(w->last, "facts"), "n"), "4");
	assert_true(json_is_null(json_object_get(w->last, "site")));
	assert_string_equal(look(w, LAST), "");
	/* One of them is back: the others are silent by themselves. */
	fill(w, 2, LAST, LAST);
	assert_string_equal(look(w, LAST),
			    "mended silence-gateway gate;raised silence s0;"
			    "raised silence s1;raised silence s3;");
}

static void
test_most_sites_are_one_alert(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, DAY0, i < 7 ? LAST - 5 : LAST);
	assert_string_equal(look(w, LAST), "raised silence-many ;");
	assert_string_equal(text(json_object_get(w->last, "facts"), "of"),
			    "12");
	for (uint32_t i = 1; i < 7; i++)
		fill(w, i, LAST, LAST);
	assert_string_equal(look(w, LAST),
			    "mended silence-many ;raised silence s0;");
}

static void
test_a_back_filling_site_is_left_in_peace(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, DAY0, i == 5 ? LAST - 20 : LAST);
	quality_received(w->quality, w->series[5], LAST - 20, AT(LAST));
	assert_string_equal(look(w, LAST), "");
	assert_string_equal(look(w, LAST + 1), "raised silence s5;");
}

static void
test_a_feed_withers_and_recovers(void **state)
{
	struct world *w = *state;

	fill(w, 5, DAY0, LAST - 7);
	for (int32_t d = LAST - 6; d <= LAST; d++) {
		const struct judge_cell cell = { .value = 4, .denominator = NAN };

		judge_set(w->judge, w->series[5], d, &cell);
	}
	assert_string_equal(look(w, LAST), "raised drop s5;");
	assert_string_equal(text(json_object_get(w->last, "facts"), "seen"),
			    "28");
	assert_string_equal(look(w, LAST + 1), "");
	fill(w, 5, LAST - 6, LAST + 1);
	assert_string_equal(look(w, LAST + 1), "mended drop s5;");
}

static void
frame(struct world *w, int32_t day, size_t kept, size_t refused)
{
	const struct quality_frame f = { "gate", day, kept, refused,
					 "no such indicator" };

	quality_frame(w->quality, &f);
}

static void
test_refusals(void **state)
{
	struct world *w = *state;

	frame(w, LAST, 80, 9); /* fewer than 10 */
	assert_string_equal(look(w, LAST), "");
	frame(w, LAST, 0, 12);
	assert_string_equal(look(w, LAST), "raised refused gate;");
	assert_string_equal(text(json_object_get(w->last, "facts"), "detail"),
			    "no such indicator");
	assert_string_equal(look(w, LAST + 1), "");
	restart(w);
	assert_string_equal(look(w, LAST + 1), "");
	frame(w, LAST + 2, 80, 5);
	assert_string_equal(look(w, LAST + 2), "mended refused gate;");
}

static void
test_forks_and_gaps(void **state)
{
	struct world *w = *state;

	quality_fork(w->quality, "s1", LAST);
	quality_gap(w->quality, "gate", LAST, 7);
	w->heard[0] = '\0';
	assert_int_equal(upkeep_look_senders(w->upkeep, LAST), 0);
	assert_string_equal(w->heard, "raised fork s1;raised gap gate;");
	assert_int_equal(upkeep_look_senders(w->upkeep, LAST), 0);
	assert_string_equal(look(w, LAST), "");
	assert_string_equal(look(w, LAST + 1), "mended gap gate;");
	restart(w);
	assert_string_equal(look(w, LAST + 2), "");
	/* Counts of the sender came after it. */
	quality_frame(w->quality,
		      &(struct quality_frame){ "s1", LAST + 2, 5, 0, NULL });
	assert_string_equal(look(w, LAST + 2), "mended fork s1;");
	/* Again on the same day as it mended. */
	quality_fork(w->quality, "s1", LAST + 2);
	w->heard[0] = '\0';
	assert_int_equal(upkeep_look_senders(w->upkeep, LAST + 2), 0);
	assert_string_equal(w->heard, "raised fork s1;");
	assert_string_equal(look(w, LAST + 3), ""); /* nothing came since */
}

static void
test_the_centre_itself(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(upkeep_centre(w->upkeep, UPKEEP_DISK, true,
					       "9 MiB", LAST),
				 0);
	assert_string_equal(w->heard, "raised disk ;");
	/* It flutters: not over before a minute of looks. */
	for (int i = 0; i < 59; i++)
		assert_int_equal(
			upkeep_centre(w->upkeep, UPKEEP_DISK, false, "", LAST),
			0);
	assert_int_equal(
		upkeep_centre(w->upkeep, UPKEEP_DISK, true, "8 MiB", LAST), 0);
	assert_string_equal(w->heard, "raised disk ;");
	for (int i = 0; i < 61; i++)
		assert_int_equal(
			upkeep_centre(w->upkeep, UPKEEP_DISK, false, "", LAST),
			0);
	assert_string_equal(w->heard, "raised disk ;mended disk ;");
}

static void
test_no_trigger_hears_of_it(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < SITES; i++)
		fill(w, i, DAY0, i < 7 ? LAST - 5 : LAST);
	assert_string_equal(look(w, LAST), "raised silence-many ;");
	while (judge_dirty(w->judge, 100) > 0)
		;
	w->heard[0] = '\0';
	for (int32_t d = LAST; d < LAST + 20; d++)
		assert_int_equal(desk_weigh(w->desk, d, true), 0);
	assert_string_equal(w->heard, "");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_silence_is_told_once_and_mends),
		TEST(test_people_close_and_statistics_do_not),
		TEST(test_a_gateway_s_sites_are_one_alert),
		TEST(test_most_sites_are_one_alert),
		TEST(test_a_back_filling_site_is_left_in_peace),
		TEST(test_a_feed_withers_and_recovers),
		TEST(test_refusals),
		TEST(test_forks_and_gaps),
		TEST(test_the_centre_itself),
		TEST(test_no_trigger_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
