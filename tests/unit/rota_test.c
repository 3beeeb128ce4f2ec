/* The duty rota: its words, its gaps, and who is on duty when. */
#include "daemon/notify/rota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/notify/notify.h"

static char said[2000];

static const struct conf_block blocks[] = {
	{ "receiver", true, notify_receiver_keys, sizeof(struct notify_receiver) },
	{ "rota", true, rota_keys, sizeof(struct rota_conf) },
	{ 0 },
};

static void
report(void *arg, const char *message)
{
	size_t n = strlen(said);

	(void)arg;
	snprintf(said + n, sizeof(said) - n, "%s\n", message);
}

static const char receivers[] = "receiver \"day\" { type = journal\n"
				"areas = { \"c\" } }\n"
				"receiver \"night\" { type = journal\n"
				"areas = { \"c\" } }\n"
				"receiver \"feast\" { type = journal } "
				"receiver \"away\" { type = journal "
				"enabled = no }\n"
				"receiver \"county\" { type = journal\n"
				"areas = { \"k\" } }\n";

/* The rotas of a text behind the receivers; NULL where it is refused. */
static struct rotas *
read_text(const char *text)
{
	char path[] = "/tmp/rota-XXXXXX";
	const char *const paths[] = { path };
	FILE *f = fdopen(mkstemp(path), "w");
	struct conf *conf;
	struct rotas *r;

	assert_non_null(f);
	fputs(receivers, f);
	fputs(text, f);
	fclose(f);
	said[0] = '\0';
	conf = conf_load(paths, 1, blocks, report, NULL);
	unlink(path);
	assert_non_null(conf);
	r = rotas_new(conf, report, NULL);
	conf_free(&conf);
	return r;
}

static void
refused(const char *lines, const char *why)
{
	char text[600];
	struct rotas *r;

	snprintf(text, sizeof(text), "rota \"x\" {\narea = \"c\"\n%s\n}\n",
		 lines);
	r = read_text(text);
	assert_null(r);
	if (strstr(said, why) == NULL || strstr(said, ": rota \"x\": ") == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, said);
}

/* A time of the clock on the wall: 2026-10-DD HH:MM. */
static int64_t
at(int mday, int hour, int min)
{
	struct tm tm = { .tm_year = 2026 - 1900,
			 .tm_mon = 9,
			 .tm_mday = mday,
			 .tm_hour = hour,
			 .tm_min = min,
			 .tm_isdst = -1 };

	return (int64_t)mktime(&tm) * 1000;
}

static const char shifts[] =
	"rota \"city\" {\narea = \"c\"\n"
	"week = { \"mon-fri 08:00-18:00 day\", \"mon-fri 18:00-08:00 night\","
	" \"sat-sun 08:00-08:00 night\" }\n"
	"except = { \"2026-10-07..2026-10-08 08:00-20:00 feast\" }\n}\n";

static bool
on(const struct rotas *r, const char *who, int64_t when)
{
	return rotas_on_duty(r, who, "c", when);
}

/* 2026-10-05 is a Monday. */
static void
test_the_week_and_its_nights(void **state)
{
	struct rotas *r = read_text(shifts);

	(void)state;
	assert_non_null(r);
	assert_int_equal(rotas_gaps(r, report, NULL), 0);
	assert_string_equal(said, "");
	assert_true(on(r, "day", at(5, 8, 0)));
	assert_false(on(r, "night", at(5, 8, 0)));
	assert_true(on(r, "day", at(5, 17, 59)));
	assert_false(on(r, "day", at(5, 18, 0)));
	assert_true(on(r, "night", at(5, 18, 0)));
	assert_true(on(r, "night", at(6, 7, 59)));
	/* Friday's night ends on Saturday, Sunday's on Monday. */
	assert_true(on(r, "night", at(10, 3, 0)));
	assert_true(on(r, "night", at(12, 7, 59)));
	assert_false(on(r, "night", at(12, 8, 0)));
	assert_true(rotas_on_duty(r, "day", NULL, at(5, 8, 0)));
	assert_false(rotas_on_duty(r, "day", "k", at(5, 8, 0)));
	assert_true(rotas_have(r, "c"));
	assert_false(rotas_have(r, "k"));
	assert_true(rotas_name(r, "feast"));
	assert_false(rotas_name(r, "county"));
	rotas_free(&r);
}

static void
test_an_exception_stands_above_the_week(void **state)
{
	struct rotas *r = read_text(shifts);

	(void)state;
	assert_true(on(r, "night", at(7, 7, 59)));
	assert_true(on(r, "feast", at(7, 8, 0)));
	assert_false(on(r, "day", at(7, 12, 0)));
	assert_true(on(r, "feast", at(8, 19, 59)));
	assert_false(on(r, "night", at(8, 19, 59)));
	assert_true(on(r, "night", at(8, 20, 0)));
	assert_true(on(r, "day", at(9, 12, 0)));
	rotas_free(&r);
}

static void
test_gaps_are_named(void **state)
{
	struct rotas *r =
		read_text("rota \"city\" {\narea = \"c\"\n"
			  "week = { \"mon-fri 08:00-18:00 day\" }\n}\n");

	(void)state;
	assert_non_null(r);
	assert_int_equal(rotas_gaps(r, report, NULL), 5);
	assert_non_null(strstr(
		said, "rota \"city\": week: nobody is on duty from fri 18:00"
		      " to mon 08:00"));
	assert_non_null(strstr(said, "from mon 18:00 to tue 08:00"));
	assert_non_null(strstr(said, ":8: "));
	assert_true(rotas_vacant(r, "c", at(5, 18, 0)));
	assert_false(rotas_vacant(r, "c", at(5, 17, 59)));
	/* Without a rota nobody need be on duty. */
	assert_false(rotas_vacant(r, "k", at(5, 18, 0)));
	rotas_free(&r);
	r = read_text("rota \"city\" {\narea = \"c\"\n"
		      "week = { \"sun 00:00-01:00 day\" }\n"
		      "except = { \"2026-10-05 00:00-24:00 day\" }\n}\n");
	assert_non_null(r);
	assert_int_equal(rotas_gaps(r, report, NULL), 1);
	assert_false(rotas_vacant(r, "c", at(5, 12, 0)));
	assert_true(rotas_vacant(r, "c", at(6, 12, 0)));
	rotas_free(&r);
}

static void
test_mistakes_are_named(void **state)
{
	(void)state;
	refused("week = { \"mo-fr 08:00-18:00 day\" }",
		"\"mo-fr 08:00-18:00 day\" does not begin with days");
	refused("week = { \"mon-fri 8-18 day\" }", "has no hours");
	refused("week = { \"mon-fri 08:00-24:30 day\" }", "has no hours");
	refused("week = { \"mon-fri 08:60-18:00 day\" }", "has no hours");
	refused("week = { \"daily 00:00-24:00\" }", "names nobody");
	refused("week = { \"\" }", "does not begin with days");
	refused("week = { \"daily 00:00-24:00 nigth\" }",
		"\"nigth\" is no receiver, did you mean \"night\"?");
	refused("week = { \"daily 00:00-24:00 county\" }",
		"\"county\" is a receiver whose areas do not name \"c\"");
	refused("week = { \"daily 00:00-24:00 away\" }",
		"\"away\" is a receiver that is switched off");
	refused("week = { \"daily 00:00-24:00 day\" }\n"
		"except = { \"2026-02-29 00:00-24:00 day\" }",
		"does not begin with a date");
	refused("week = { \"daily 00:00-24:00 day\" }\n"
		"except = { \"2026-10-07..2026-10-01 00:00-24:00 day\" }",
		"does not begin with a date");
	said[0] = '\0';
	assert_null(read_text("rota \"x\" {\narea = \"c\"\n"
			      "week = { \"daily 00:00-24:00 day\" }\n}\n"
			      "rota \"y\" {\narea = \"c\"\n"
			      "week = { \"daily 00:00-24:00 day\" }\n}\n"));
	assert_non_null(strstr(said, "rota \"y\": area: \"c\" has a rota"));
}

static const char *
word(const json_t *row, const char *key)
{
	const json_t *list = json_object_get(row, key);

	return json_array_size(list) == 0
		       ? ""
		       : json_string_value(json_array_get(list, 0));
}

static void
test_now_and_next(void **state)
{
	struct rotas *r = read_text(shifts);
	struct registry *places = registry_new();
	json_t *list = rotas_json(r, places, at(5, 9, 30) + 12345), *row;

	(void)state;
	row = json_array_get(list, 0);
	assert_string_equal(word(row, "now"), "day");
	assert_string_equal(word(row, "next"), "night");
	assert_int_equal(json_integer_value(json_object_get(row, "until_ms")),
			 at(5, 18, 0));
	json_decref(list);
	rotas_free(&r);
	r = read_text("rota \"city\" {\narea = \"c\"\n"
		      "week = { \"daily 00:00-24:00 day\" }\n}\n");
	list = rotas_json(r, places, at(5, 9, 30));
	row = json_array_get(list, 0);
	assert_true(json_is_null(json_object_get(row, "until_ms")));
	json_decref(list);
	rotas_free(&r);
	registry_free(&places);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_week_and_its_nights),
		cmocka_unit_test(test_an_exception_stands_above_the_week),
		cmocka_unit_test(test_gaps_are_named),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_now_and_next),
	};

	/* A zone whose clocks are not put back within the test's weeks. */
	setenv("TZ", "CST-8", 1);
	tzset();
	return cmocka_run_group_tests_name("rota", tests, NULL, NULL);
}
