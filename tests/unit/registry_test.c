#include "daemon/judge/registry.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/judge/names.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/registry_csv.h"

#define CODE(text) text, strlen(text)

static char err[512];
static char said[4096]; /* everything reported */

static void
note(void *arg, bool error, const char *message)
{
	(void)arg;
	(void)error;
	strncat(said, message, sizeof(said) - strlen(said) - 1);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static uint32_t
area(struct registry *r, const char *code, const char *parent,
     enum reg_level level)
{
	struct reg_area a = { .code = code,
			      .name = code,
			      .name_zh = "",
			      .level = level,
			      .population = 1000 };

	return registry_add_area(r, &a, parent, err, sizeof(err));
}

static struct registry *
small(void)
{
	struct registry *r = registry_new();
	struct reg_kind kind = { .code = "ed",
				 .en = "emergency department",
				 .zh = "",
				 .class_code = "clinical",
				 .period = 1 };
	struct reg_indicator ind = { .code = "ili-visit",
				     .group = "respiratory",
				     .en = "ILI" };
	struct reg_site site = { .code = "ed-1", .name = "ED 1" };

	assert_int_equal(registry_add_kind(r, &kind, err, sizeof(err)), 0);
	assert_int_equal(registry_add_indicator(r, &ind, err, sizeof(err)), 0);
	assert_int_equal(area(r, "42", NULL, REG_PROVINCE), 0);
	assert_int_equal(area(r, "4201", "42", REG_CITY), 1);
	assert_int_equal(area(r, "420102", "4201", REG_COUNTY), 2);
	assert_int_equal(area(r, "420103", "4201", REG_COUNTY), 3);
	assert_int_equal(
		registry_add_site(r, &site, "ed", "420102", err, sizeof(err)), 0);
	return r;
}

static void
test_tree(void **state)
{
	struct registry *r = small();

	(void)state;
	assert_true(registry_area_within(r, 2, 0));
	assert_true(registry_area_within(r, 2, 2));
	assert_false(registry_area_within(r, 0, 2));
	assert_int_equal(registry_area_above(r, 2, REG_CITY), 1);
	assert_int_equal(registry_area_above(r, 2, REG_NATION), REG_NONE);
	assert_int_equal(registry_area_at(r, 1)->first_child, 2);
	assert_int_equal(registry_area_at(r, 2)->next_sibling, 3);
	registry_free(&r);
	assert_null(r);
}

static void
test_refusals_name_the_reason(void **state)
{
	struct registry *r = small();
	struct reg_site site = { .code = "ed-2", .name = "" };

	(void)state;
	assert_int_equal(area(r, "4201", "420102", REG_CITY), REG_NONE);
	assert_non_null(strstr(err, "cycle"));
	assert_int_equal(area(r, "4299", "420102", REG_CITY), REG_NONE);
	assert_non_null(strstr(err, "cannot lie in"));
	assert_int_equal(area(r, "4201", "42", REG_COUNTY), REG_NONE);
	assert_non_null(strstr(err, "lies below it"));
	assert_int_equal(area(r, "a b", NULL, REG_CITY), REG_NONE);
	assert_int_equal(area(r, "", NULL, REG_CITY), REG_NONE);
	assert_int_equal(
		registry_add_site(r, &site, "edd", "420102", err, sizeof(err)),
		REG_NONE);
	assert_non_null(strstr(err, "did you mean \"ed\""));
	assert_int_equal(
		registry_add_site(r, &site, "ed", "420104", err, sizeof(err)),
		REG_NONE);
	assert_non_null(strstr(err, "did you mean \"42010"));
	assert_int_equal(registry_sites(r), 1);
	registry_free(&r);
}

static void
test_a_known_code_changes_its_fields(void **state)
{
	struct registry *r = small();

	(void)state;
	assert_int_equal(area(r, "43", NULL, REG_PROVINCE), 4);
	assert_int_equal(area(r, "420102", "43", REG_COUNTY), 2);
	assert_int_equal(registry_area_at(r, 1)->first_child, 3);
	assert_int_equal(registry_area_at(r, 4)->first_child, 2);
	assert_int_equal(registry_area_at(r, 2)->next_sibling, REG_NONE);
	assert_true(registry_area_within(r, 2, 4));
	assert_int_equal(registry_areas(r), 5);
	registry_free(&r);
}

static void
test_series_come_with_their_first_count(void **state)
{
	struct registry *r = small();

	(void)state;
	assert_int_equal(registry_series(r, 0, 0, "", 0), REG_NONE);
	assert_int_equal(registry_add_series(r, 0, 0, "", 0), 0);
	assert_int_equal(registry_add_series(r, 0, 0, CODE("0-4")), 1);
	assert_int_equal(registry_add_series(r, 0, 0, "", 0), 0);
	assert_int_equal(registry_series(r, 0, 0, CODE("0-4")), 1);
	assert_int_equal(registry_add_series(r, 7, 0, "", 0), REG_NONE);
	assert_int_equal(registry_site_at(r, 0)->series_n, 2);
	assert_int_equal(registry_site_at(r, 0)->period, 1);
	registry_free(&r);
}

static void
test_many_names(void **state)
{
	struct names t = { 0 };
	char code[16];

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(code, sizeof(code), "site-%u", i);
		assert_int_equal(names_add(&t, CODE(code)), i);
	}
	assert_int_equal(names_find(&t, CODE("site-4321")), 4321);
	assert_int_equal(names_find(&t, "site-4321", 6), 4);
	assert_int_equal(names_find(&t, CODE("site-x")), NAMES_NONE);
	assert_string_equal(names_near(&t, CODE("site-43210")), "site-3210");
	assert_null(names_near(&t, CODE("lighthouse")));
	names_fini(&t);
	assert_true(names_printable(CODE("\xe5\x8c\xba")));
	assert_false(names_printable(CODE("\xe5\x8c")));
	assert_false(names_printable(CODE("\xc0\x80")));
	assert_false(names_printable(CODE("a\tb")));
}

static void
test_shipped_vocabulary_is_read_whole(void **state)
{
	struct registry *r = registry_new();

	(void)state;
	said[0] = '\0';
	assert_int_equal(registry_read_kinds(r, "etc/kinds.csv", note, NULL), 0);
	assert_int_equal(
		registry_read_indicators(r, "etc/indicators.csv", note, NULL), 0);
	assert_string_equal(said, "");
	assert_true(registry_kinds(r) >= 32);
	assert_true(registry_indicators(r) >= 70);
	assert_true(registry_classes(r) >= 11);
	registry_free(&r);
}

static int
read_text(struct registry *r, const char *text,
	  int (*read)(struct registry *, const char *, table_report *, void *))
{
	char path[] = "/tmp/registry-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	int rc;

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	said[0] = '\0';
	rc = read(r, path, note, NULL);
	remove(path);
	return rc;
}

static void
test_areas_in_any_order(void **state)
{
	struct registry *r = registry_new();

	(void)state;
	assert_int_equal(
		read_text(r,
			  "\xef\xbb\xbfname,level,parent,area,lat,remark\n"
			  "A,county,c,a,30.5,\"x\ny\"\r\n"
			  "\n"
			  "\"C, the city\",city,,c,,\n"
			  "B,county,nowhere,b,,\n"
			  "D,county,c,d,91,\n"
			  "E,county,f,e,,\n"
			  "F,city,e,f,,\n"
			  "A,county,c,a,,\n",
			  registry_read_areas),
		5);
	assert_non_null(strstr(said, ":1: column \"remark\" is not known"));
	assert_non_null(strstr(said, ":6: unknown area \"nowhere\""));
	assert_non_null(strstr(said, ":7: lat and lon"));
	assert_non_null(strstr(said, ":8: a cycle"));
	assert_non_null(strstr(said, ":9: a cycle"));
	assert_non_null(strstr(said, ":10: area \"a\" stands there twice"));
	registry_free(&r);
}

static void
test_sites_take_their_kind_s_calendar(void **state)
{
	struct registry *r = small();

	(void)state;
	assert_int_equal(read_text(r,
				   "site,kind,area,name,period\n"
				   "s1,ed,420103,One,\n"
				   "s2,ed,420103,Two,week\n"
				   "s3,ed,420103,Three,month\n",
				   registry_read_sites),
			 1);
	assert_non_null(strstr(said, ":4: period \"month\" is neither"));
	assert_int_equal(registry_site_at(r, 1)->period, 1);
	assert_int_equal(registry_site_at(r, 2)->period, 7);
	assert_int_equal(registry_site_at(r, 2)->expect, REG_WEEKLY);
	assert_int_equal(read_text(r,
				   "site,kind,area,reports_on,withdrawn\n"
				   "s1,ed,420103,unscheduled,yes\n"
				   "s2,ed,420103,,no\n"
				   "s4,ed,420103,,perhaps\n",
				   registry_read_sites),
			 1);
	assert_non_null(strstr(said, ":4: withdrawn \"perhaps\" is neither"));
	assert_int_equal(registry_site_at(r, 1)->expect, REG_UNSCHEDULED);
	assert_true(registry_site_at(r, 1)->withdrawn);
	assert_false(registry_expects(r, 1, 18000));
	assert_false(registry_site_at(r, 2)->withdrawn);
	assert_int_equal(read_text(r,
				   "site,kind,area,zone\n"
				   "s5,ed,420103,Asia/Tokyo\n"
				   "s6,ed,420103,Asia/Tokio\n"
				   "s7,ed,420103,Asia/Tokyo\n"
				   "s8,ed,420103,\n",
				   registry_read_sites),
			 1);
	assert_non_null(strstr(said, ":3: unknown time zone \"Asia/Tokio\", "
				     "did you mean \"Asia/Tokyo\"?"));
	assert_int_equal(registry_site(r, "s6", 2), REG_NONE);
	assert_non_null(registry_zone_of(r, registry_site(r, "s5", 2)));
	assert_ptr_equal(registry_zone_of(r, registry_site(r, "s7", 2)),
			 registry_zone_of(r, registry_site(r, "s5", 2)));
	assert_null(registry_zone_of(r, registry_site(r, "s8", 2)));
	assert_int_equal(read_text(r,
				   "site,kind,area,calendar\n"
				   "s9,ed,420103,us\n",
				   registry_read_sites),
			 1);
	assert_non_null(strstr(said, ":2: unknown calendar \"us\""));
	assert_int_equal(read_text(r,
				   "site,kind,area\nt1,ed,420103\n"
				   "t1,ed,420103\n",
				   registry_read_sites),
			 1);
	assert_non_null(strstr(said, ":3: site \"t1\" stands there twice"));
	assert_int_equal(read_text(r, "site,kind\n", registry_read_sites), -1);
	assert_non_null(strstr(said, "column \"area\" is missing"));
	assert_int_equal(read_text(r, "", registry_read_sites), -1);
	registry_free(&r);
}

/* A parent that came after its child, and words that changed. */
static void
test_copies(void **state)
{
	struct registry *r = small(), *copy = registry_new();
	struct reg_area a = { .code = "young", .name = "", .level = REG_CITY };
	struct reg_area child;
	struct reg_kind kind;

	(void)state;
	assert_int_not_equal(registry_add_area(r, &a, NULL, err, sizeof(err)),
			     REG_NONE);
	child = *registry_area_at(r, registry_area(r, "420103", 6));
	assert_int_not_equal(
		registry_add_area(r, &child, "young", err, sizeof(err)),
		REG_NONE);
	assert_int_equal(registry_copy_words(copy, r), 0);
	assert_int_equal(registry_copy_areas(copy, r), 0);
	assert_int_equal(registry_areas(copy), registry_areas(r));
	for (uint32_t i = 0; i < registry_areas(r); i++)
		assert_int_equal(registry_area_at(copy, i)->parent,
				 registry_area_at(r, i)->parent);
	assert_true(registry_has_words(r, copy));
	assert_true(registry_has_words(copy, r));
	kind = *registry_kind_at(r, 0);
	kind.class_code = "another";
	registry_add_kind(copy, &kind, err, sizeof(err));
	assert_false(registry_has_words(r, copy));
	registry_free(&r);
	registry_free(&copy);
}

static void
test_days_that_change_are_told_once(void **state)
{
	struct registry *r = small();
	struct calendars *all = calendars_load("", NULL, NULL);

	(void)state;
	registry_set_calendars(r, all);
	assert_int_equal(read_text(r,
				   "site,kind,area,reports_on,calendar\n"
				   "d1,ed,420103,workdays,\n"
				   "d2,ed,420103,workdays,us\n",
				   registry_read_sites),
			 0);
	assert_false(registry_days_changed(r)); /* new ones have no past */
	assert_int_equal(read_text(r,
				   "site,kind,area,name,reports_on,calendar\n"
				   "d1,ed,420103,One,workdays,\n"
				   "d2,ed,420103,Two,workdays,us\n",
				   registry_read_sites),
			 0);
	assert_false(registry_days_changed(r));
	assert_int_equal(read_text(r,
				   "site,kind,area,reports_on,calendar\n"
				   "d1,ed,420103,workdays,cn\n",
				   registry_read_sites),
			 0);
	assert_true(registry_days_changed(r));
	assert_false(registry_days_changed(r));
	assert_int_equal(read_text(r,
				   "site,kind,area,reports_on,calendar\n"
				   "d2,ed,420103,daily,us\n",
				   registry_read_sites),
			 0);
	assert_true(registry_days_changed(r));
	registry_free(&r);
	calendars_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_that_change_are_told_once),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_refusals_name_the_reason),
		cmocka_unit_test(test_a_known_code_changes_its_fields),
		cmocka_unit_test(test_series_come_with_their_first_count),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_shipped_vocabulary_is_read_whole),
		cmocka_unit_test(test_areas_in_any_order),
		cmocka_unit_test(test_sites_take_their_kind_s_calendar),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
