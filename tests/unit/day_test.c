#include "base/day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_known_dates(void **state)
{
	char buf[DAY_TEXT_BYTES];

	(void)state;
	assert_int_equal(day_from_civil(1970, 1, 1), 0);
	assert_int_equal(day_from_civil(2020, 2, 29), 18321);
	assert_int_equal(day_from_civil(2021, 2, 29), DAY_NONE);
	assert_int_equal(day_weekday(0), 3); /* a Thursday */
	assert_string_equal(day_format(18321, buf), "2020-02-29");
	assert_string_equal(day_format(DAY_NONE, buf), "");
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (int32_t day = -719162; day <= 2932896; day += 13) {
		char buf[DAY_TEXT_BYTES];

		day_format(day, buf);
		assert_int_equal(day_parse(buf, strlen(buf)), day);
	}
}

static void
test_refused_text(void **state)
{
	static const char *const bad[] = {
		"",	      "2020-2-29",   "2020-02-30",
		"2020/02/29", "2020-02-291", "0000-01-01",
		"20x0-01-01"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(day_parse(bad[i], strlen(bad[i])), DAY_NONE);
}

static void
test_iso_weeks(void **state)
{
	int year, week;

	(void)state;
	day_iso_week(day_from_civil(2027, 1, 1), &year, &week);
	assert_int_equal(year, 2026);
	assert_int_equal(week, 53);
	day_iso_week(day_from_civil(2024, 12, 30), &year, &week);
	assert_int_equal(year, 2025);
	assert_int_equal(week, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_dates),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused_text),
		cmocka_unit_test(test_iso_weeks),
	};

	return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
