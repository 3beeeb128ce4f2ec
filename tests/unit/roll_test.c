/* Alerts that belong together: those of areas below, and parts of others. */
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
#define AREAS 5 /* a province, a city, three counties */
#define FIRST_COUNTY 2
#define COUNTIES 3
#define KINDS 2

static const char *const area_code[AREAS] = { "p", "c", "k1", "k2", "k3" };
static char err[256];

struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct desk *desk;
	uint32_t series[COUNTIES][KINDS];
	char heard[4096]; /* "AREA:TRIGGER:NAME" of what was announced */
	char kept[8192];  /* the same of all that was not */
	char covered[64]; /* area of the last announced one */
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
	struct world *w = arg;
	char *to = e->announce ? w->heard : w->kept;

	sprintf(to + strlen(to), "%s:%s:%s ", text(e->alert, "area"),
		text(e->alert, "trigger"), e->name);
	if (e->announce)
		snprintf(w->covered, sizeof(w->covered), "%s",
			 e->covered == REG_NONE
				 ? ""
				 : registry_area_at(w->registry, e->covered)->code);
	return 0;
}

static void
add_areas(struct registry *r)
{
	for (int i = 0; i < AREAS; i++) {
		struct reg_area a = { .code = area_code[i],
				      .name = area_code[i],
				      .level = i == 0	? REG_PROVINCE
					       : i == 1 ? REG_CITY
							: REG_COUNTY };

		assert_int_equal(registry_add_area(r, &a,
						   i == 0   ? NULL
						   : i == 1 ? "p"
							    : "c",
						   err, sizeof(err)),
				 i);
	}
}

static void
make(struct world *w, const char *conf)
{
	static const char *const kind[KINDS] = { "ed", "school" };
	const struct judge_conf judge = { .history_days = 400,
					  .day_method = "rnssp-switch",
					  .week_method = "ears-c2" };
	struct reg_indicator ind = { .code = "ili", .group = "resp" };

	*w = (struct world){ 0 };
	w->registry = registry_new();
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	add_areas(w->registry);
	for (uint32_t k = 0; k < KINDS; k++) {
		struct reg_kind kd = { .code = kind[k],
				       .class_code = kind[k],
				       .period = 1 };

		registry_add_kind(w->registry, &kd, err, sizeof(err));
	}
	for (uint32_t i = 0; i < COUNTIES * KINDS; i++) {
		const char *area = area_code[FIRST_COUNTY + i / KINDS];
		char code[32];
		struct reg_site site = { .code = code };
		uint32_t s;

		snprintf(code, sizeof(code), "%s-%s", area, kind[i % KINDS]);
		s = registry_add_site(w->registry, &site, kind[i % KINDS], area,
				      err, sizeof(err));
		w->series[i / KINDS][i % KINDS] =
			registry_add_series(w->registry, s, 0, "", 0);
	}
	w->judge = judge_new(&judge, w->registry);
	w->set = trigger_right(w->registry, conf);
	w->desk = desk_new(w->registry, w->judge, w->set, hear, w);
	assert_non_null(w->desk);
}

static void
drop(struct world *w)
{
	desk_free(&w->desk);
	trigger_free(&w->set);
	judge_free(&w->judge);
	registry_free(&w->registry);
}

/* Days from..to-1; add[county][kind] on top of what is usual. */
static void
play(struct world *w, int32_t from, int32_t to, double add[COUNTIES][KINDS])
{
	w->heard[0] = w->kept[0] = '\0';
	for (int32_t d = from; d < to; d++) {
		for (int i = 0; i < COUNTIES * KINDS; i++) {
			const struct judge_cell cell = {
				.value = 30 + (d * 7 + i * 3) % 5 +
					 add[i / KINDS][i % KINDS],
				.denominator = NAN
			};

			judge_set(w->judge, w->series[i / KINDS][i % KINDS],
				  DAY0 + d, &cell);
		}
		while (judge_dirty(w->judge, 100) > 0)
			;
		assert_int_equal(desk_weigh(w->desk, DAY0 + d, true), 0);
	}
}

static double quiet[COUNTIES][KINDS];

/* The newest alert of area and trigger. */
static const json_t *
alert(const struct world *w, const char *area, const char *trigger)
{
	for (size_t i = desk_alerts(w->desk); i-- > 0;) {
		const json_t *a = desk_alert_at(w->desk, i);

		if (strcmp(text(a, "area"), area) == 0 &&
		    strcmp(text(a, "trigger"), trigger) == 0)
			return a;
	}
	return NULL;
}

static size_t
children(const json_t *a)
{
	return (size_t)json_integer_value(json_object_get(a, "children"));
}

static int
act(struct world *w, const char *id, enum desk_verb verb)
{
	const struct desk_act a = { .verb = verb,
				    .actor = "li",
				    .note = "seen",
				    .outcome = "known-event",
				    .version = -1 };
	char copy[DESK_ID_BYTES];

	snprintf(copy, sizeof(copy), "%s", id);
	return desk_act(w->desk, copy, &a, err, sizeof(err));
}

static const char counties[] = "trigger \"resp\" { indicators = { ili }\n"
			       "where = { county }\nquiet_days = 7\n"
			       "tell = { duty } }\n";

static void
test_two_counties_ring_their_city_once(void **state)
{
	double one[COUNTIES][KINDS] = { { 60, 60 } };
	double two[COUNTIES][KINDS] = { { 60, 60 }, { 60, 60 } };
	double three[COUNTIES][KINDS] = { { 60, 60 }, { 60, 60 }, { 60, 60 } };
	const json_t *city;
	struct world w;

	(void)state;
	make(&w, counties);
	play(&w, 0, 60, quiet);
	play(&w, 60, 61, one);
	assert_string_equal(w.heard, "k1:resp:opened ");
	assert_string_equal(w.covered, "");
	assert_null(alert(&w, "c", "resp"));
	play(&w, 61, 62, two);
	assert_string_equal(w.heard, "k2:resp:opened c:resp:opened ");
	city = alert(&w, "c", "resp");
	assert_int_equal(children(city), 2);
	assert_true(json_is_true(json_object_get(city, "merged_below")));
	assert_string_equal(text(city, "grade"),
			    text(alert(&w, "k1", "resp"), "grade"));
	assert_int_equal(json_array_size(json_object_get(city, "below")), 2);
	assert_string_equal(text(alert(&w, "k1", "resp"), "parent"),
			    text(city, "id"));
	assert_string_equal(text(alert(&w, "k2", "resp"), "parent"),
			    text(city, "id"));
	/* A third one is the county's news, and the city's no more. */
	play(&w, 62, 63, three);
	assert_string_equal(w.heard, "k3:resp:opened ");
	assert_string_equal(w.covered, "c");
	assert_int_equal(children(alert(&w, "c", "resp")), 3);
	/* A city alone rings no province. */
	assert_null(alert(&w, "p", "resp"));
	play(&w, 63, 90, quiet);
	assert_non_null(strstr(w.heard, "c:resp:ended "));
	assert_string_equal(text(alert(&w, "c", "resp"), "signal"), "ended");
	drop(&w);
}

static void
test_the_city_s_own_alert_takes_the_merged_one_s_place(void **state)
{
	double some[COUNTIES][KINDS] = { { 24, 24 }, { 24, 24 } };
	double more[COUNTIES][KINDS] = { { 90, 90 }, { 90, 90 }, { 90, 90 } };
	char merged[DESK_ID_BYTES];
	const json_t *city, *before;
	struct world w;

	(void)state;
	/* The city needs far more than a county before it rings by itself. */
	make(&w, "trigger \"resp\" { indicators = { ili }\n"
		 "where = { county, city }\nquiet_days = 7\n"
		 "tell = { duty }\n"
		 "calibration_wide = { \"9.5:2.1\", \"10.5:0.001\" } }\n");
	play(&w, 0, 60, quiet);
	play(&w, 60, 61, some);
	assert_non_null(strstr(w.heard, "c:resp:opened "));
	snprintf(merged, sizeof(merged), "%s",
		 text(alert(&w, "c", "resp"), "id"));
	assert_int_equal(act(&w, merged, DESK_ACK), DESK_DONE);
	play(&w, 61, 62, more);
	assert_non_null(strstr(w.kept, "c:resp:ended "));
	city = alert(&w, "c", "resp");
	assert_string_not_equal(text(city, "id"), merged);
	assert_false(json_is_true(json_object_get(city, "merged_below")));
	assert_int_equal(children(city), 3);
	assert_string_equal(text(alert(&w, "k3", "resp"), "parent"),
			    text(city, "id"));
	before = desk_alert(w.desk, merged);
	assert_string_equal(text(before, "state"), "merged");
	assert_string_equal(text(before, "merged_into"), text(city, "id"));
	drop(&w);
}

static void
test_after_a_start_all_goes_on_alike(void **state)
{
	double two[COUNTIES][KINDS] = { { 60, 60 }, { 60, 60 } };
	struct world a, b;

	(void)state;
	make(&a, counties);
	make(&b, counties);
	play(&a, 0, 60, quiet);
	play(&a, 60, 62, two);
	play(&b, 0, 60, quiet);
	for (size_t i = 0; i < desk_alerts(a.desk); i++) {
		json_t *copy = json_deep_copy(desk_alert_at(a.desk, i));

		assert_int_equal(desk_restore(b.desk, copy), 0);
		json_decref(copy);
	}
	play(&b, 60, 62, two);
	assert_string_equal(b.heard, "");
	play(&a, 62, 90, quiet);
	play(&b, 62, 90, quiet);
	assert_string_equal(a.heard, b.heard);
	assert_true(json_equal(alert(&a, "c", "resp"), alert(&b, "c", "resp")));
	drop(&a);
	drop(&b);
}

static void
test_a_closed_merged_alert_rings_again_for_a_new_county(void **state)
{
	double two[COUNTIES][KINDS] = { { 60, 60 }, { 60, 60 } };
	double three[COUNTIES][KINDS] = { { 60, 60 }, { 60, 60 }, { 60, 60 } };
	char first[DESK_ID_BYTES];
	struct world w;

	(void)state;
	make(&w, counties);
	play(&w, 0, 60, quiet);
	play(&w, 60, 61, two);
	snprintf(first, sizeof(first), "%s", text(alert(&w, "c", "resp"), "id"));
	assert_int_equal(act(&w, first, DESK_CLOSE), DESK_DONE);
	play(&w, 61, 62, two);
	assert_string_equal(w.heard, "");
	play(&w, 62, 63, three);
	assert_string_equal(w.heard, "k3:resp:opened c:resp:opened ");
	assert_string_not_equal(text(alert(&w, "c", "resp"), "id"), first);
	assert_string_equal(text(alert(&w, "c", "resp"), "previous"), first);
	drop(&w);
}

static const char parts[] =
	"trigger \"all\" { indicators = { ili }\nwhere = { county }\n"
	"quiet_days = 7\ntell = { duty } }\n"
	"trigger \"pupils\" { indicators = { ili }\nkinds = { school }\n"
	"part_of = { all }\nwhere = { county }\nquiet_days = 14\n"
	"tell = { duty } }\n"
	"trigger \"law\" { indicators = { ili }\nkinds = { school }\n"
	"rule = cases\nbasis = norm\ncases = { \"300 blue\" }\nwindow = 7d\n"
	"where = { county }\nquiet_days = 7\ntell = { duty } }\n";

static void
test_a_part_is_told_by_the_whole(void **state)
{
	double hit[COUNTIES][KINDS] = { { 90, 90 } };
	const json_t *whole;
	struct world w;

	(void)state;
	make(&w, parts);
	play(&w, 0, 60, quiet);
	play(&w, 60, 61, hit);
	/* The statutory rule is told although it looks at the same. */
	assert_string_equal(w.heard, "k1:all:opened k1:law:opened ");
	assert_string_equal(w.kept, "k1:pupils:opened ");
	whole = alert(&w, "k1", "all");
	assert_string_equal(text(alert(&w, "k1", "pupils"), "part_of"),
			    text(whole, "id"));
	assert_string_equal(text(alert(&w, "k1", "law"), "part_of"), "");
	/* Half a week later the whole has ended and the part has not. */
	play(&w, 61, 76, quiet);
	assert_non_null(strstr(w.heard, "k1:all:ended "));
	assert_non_null(strstr(w.heard, "k1:pupils:released "));
	assert_string_equal(text(alert(&w, "k1", "pupils"), "part_of"), "");
	drop(&w);
}

static void
test_a_stronger_part_rings_by_itself(void **state)
{
	double schools[COUNTIES][KINDS] = { { 0, 90 } };
	struct world w;

	(void)state;
	/* For one kind of two alone the whole earns less than the part. */
	make(&w,
	     "trigger \"all\" { indicators = { ili }\nwhere = { county }\n"
	     "calibration = { \"4:2\", \"5.4:1\" }\ntail = 0.05\n"
	     "quiet_days = 7\ntell = { duty } }\n"
	     "trigger \"pupils\" { indicators = { ili }\nkinds = { school }\n"
	     "part_of = { all }\nwhere = { county }\nquiet_days = 7\n"
	     "tell = { duty } }\n");
	play(&w, 0, 60, quiet);
	play(&w, 60, 62, schools);
	assert_string_equal(text(alert(&w, "k1", "all"), "grade"), "blue");
	assert_string_equal(text(alert(&w, "k1", "pupils"), "grade"), "yellow");
	assert_non_null(strstr(w.heard, "k1:pupils:opened "));
	assert_string_equal(text(alert(&w, "k1", "pupils"), "part_of"), "");
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_counties_ring_their_city_once),
		cmocka_unit_test(
			test_the_city_s_own_alert_takes_the_merged_one_s_place),
		cmocka_unit_test(test_after_a_start_all_goes_on_alike),
		cmocka_unit_test(
			test_a_closed_merged_alert_rings_again_for_a_new_county),
		cmocka_unit_test(test_a_part_is_told_by_the_whole),
		cmocka_unit_test(test_a_stronger_part_rings_by_itself),
	};

	return cmocka_run_group_tests_name("roll", tests, NULL, NULL);
}
