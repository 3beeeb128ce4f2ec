#include "daemon/judge/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/day.h"

static void
keep(void *arg, const char *message)
{
	snprintf(arg, 512, "%s", message);
}

static int32_t
day(const char *text)
{
	return day_parse(text, strlen(text));
}

static struct calendar *
shipped(const char *name, char message[512])
{
	const char *path = "etc/calendars";

	message[0] = '\0';
	return calendar_load(&path, 1, name, keep, message);
}

static void
test_china(void **state)
{
	char message[512];
	struct calendar *c = shipped("cn", message);

	(void)state;
	assert_string_equal(message, "");
	assert_non_null(c);
	assert_true(calendar_is_holiday(c, day("2024-02-12")));
	assert_false(calendar_is_workday(c, day("2024-02-12")));
	/* a Sunday that is worked for the spring festival */
	assert_int_equal(day_weekday(day("2024-02-18")), 6);
	assert_true(calendar_is_workday(c, day("2024-02-18")));
	assert_false(calendar_is_schoolday(c, day("2024-02-18")));
	assert_true(calendar_is_schoolday(c, day("2024-09-29")));
	assert_false(calendar_is_schoolday(c, day("2024-08-06")));
	assert_true(calendar_is_workday(c, day("2024-08-06")));
	calendar_free(&c);
	assert_null(c);
}

static void
test_marks_of_a_window(void **state)
{
	char message[512];
	struct calendar *c = shipped("cn", message);
	uint8_t mark[8];

	(void)state;
	assert_non_null(c);
	/* From Saturday 28 September 2024: a weekend of which the Sunday is
	   worked, a Monday, and the national holiday. */
	calendar_marks(c, REG_DAILY, day("2024-09-28"), 1, 5, mark);
	assert_memory_equal(mark, "\0\4\0\1\1", 5);
	calendar_marks(c, REG_WORKDAYS, day("2024-09-28"), 1, 5, mark);
	assert_memory_equal(mark, "\2\4\0\3\3", 5);
	/* Weeks: the one of the holiday, and those beside it. */
	calendar_marks(c, REG_WEEKLY, day("2024-09-23"), 7, 3, mark);
	assert_memory_equal(mark, "\0\1\0", 3);
	/* Far from every year that the file knows. */
	calendar_marks(c, REG_WORKDAYS, day("1990-01-05"), 1, 2, mark);
	assert_memory_equal(mark, "\0\2", 2);
	calendar_free(&c);
}

static void
test_the_united_states(void **state)
{
	char message[512];
	struct calendar *c = shipped("us", message);

	(void)state;
	assert_non_null(c);
	assert_true(calendar_is_holiday(c, day("2020-11-26")));
	assert_true(calendar_is_holiday(c, day("2021-07-05")));
	assert_false(calendar_is_holiday(c, day("2021-07-04")));
	assert_false(calendar_is_schoolday(c, day("2021-07-14")));
	calendar_free(&c);
}

static void
test_without_a_calendar_only_weekends_are_known(void **state)
{
	(void)state;
	assert_true(calendar_is_workday(NULL, day("2024-02-12")));
	assert_false(calendar_is_workday(NULL, day("2024-02-18")));
	assert_true(calendar_expects(NULL, REG_DAILY, day("2024-02-18")));
	assert_false(calendar_expects(NULL, REG_SCHOOLDAYS, day("2024-02-18")));
	assert_true(calendar_expects(NULL, REG_WEEKLY, day("2024-02-18")));
	assert_false(calendar_expects(NULL, REG_WEEKLY, day("2024-02-12")));
}

static void
test_errors_name_the_place(void **state)
{
	static const char text[] =
		"calendar \"x\" {\n\tholidays = { \"2024-02-30\" }\n}\n";
	char message[512], path[] = "/tmp/calendar_testXXXXXX";
	const char *paths[] = { path };
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_null(calendar_load(paths, 1, "x", keep, message));
	assert_non_null(strstr(message, ":1: \"2024-02-30\" is not a day"));
	unlink(path);
	assert_null(shipped("cm", message));
	assert_non_null(strstr(message, "did you mean \"cn\"?"));
}

static void
test_all_by_name(void **state)
{
	char message[512] = "";
	struct calendars *ours = calendars_load("", keep, message);
	struct calendars *all = calendars_load("etc/calendars", keep, message);
	const struct calendar *cn = calendars_find(all, "cn");
	const struct calendar *us = calendars_find(all, "us");

	(void)state;
	assert_string_equal(message, "");
	assert_true(calendar_is_holiday(cn, day("2024-02-12")));
	assert_false(calendar_is_holiday(us, day("2024-02-12")));
	assert_true(calendar_is_holiday(us, day("2024-07-04")));
	assert_null(calendars_find(all, "CN"));
	assert_null(calendars_find(NULL, "cn"));
	assert_string_equal(calendars_near(all, "ch"), "cn");
	/* Those built in are the same. */
	for (int32_t d = day("2018-01-01"); d < day("2026-12-31"); d++) {
		assert_int_equal(
			calendar_is_schoolday(cn, d),
			calendar_is_schoolday(calendars_find(ours, "cn"), d));
		assert_int_equal(
			calendar_is_workday(us, d),
			calendar_is_workday(calendars_find(ours, "us"), d));
	}
	calendars_free(&ours);
	calendars_free(&all);
	assert_null(calendars_load("etc/calenders", keep, message));
	assert_string_not_equal(message, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_china),
		cmocka_unit_test(test_marks_of_a_window),
		cmocka_unit_test(test_the_united_states),
		cmocka_unit_test(test_without_a_calendar_only_weekends_are_known),
		cmocka_unit_test(test_errors_name_the_place),
		cmocka_unit_test(test_all_by_name),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
