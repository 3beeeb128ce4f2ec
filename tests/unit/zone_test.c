/*
 * Time zones: against libc, which reads the same files in its own way, and
 * against instants known from the calendar.
 */
#include "base/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/day.h"
#include "base/zone_rule.h"

#define HOUR 3600

static char err[512];

static struct zone *
must(const char *name)
{
	struct zone *z = zone_open(name, err, sizeof(err));

	if (z == NULL)
		fail_msg("%s", err);
	return z;
}

/* Seconds since 1970 of a moment in UTC. */
static int64_t
utc(const char *date, int hour, int minute)
{
	return (int64_t)day_parse(date, strlen(date)) * 86400 + hour * HOUR +
	       minute * 60;
}

/* The local date at the instant, where the centre has the first of 2000. */
static const char *
date_at(const char *name, int64_t s)
{
	static char text[DAY_TEXT_BYTES];
	const struct zone_now now = { 10957, s };
	struct zone *z = must(name);

	day_format(zone_today(z, &now), text);
	zone_free(&z);
	return text;
}

static void
test_edges_of_the_world(void **state)
{
	int64_t s = utc("2026-03-10", 11, 30);

	(void)state;
	/* The same instant is three dates. */
	assert_string_equal(date_at("Pacific/Kiritimati", s), "2026-03-11");
	assert_string_equal(date_at("UTC", s), "2026-03-10");
	assert_string_equal(date_at("Etc/GMT+12", s), "2026-03-09");
	/* Midnight at +14 is ten in the morning, at -12 noon. */
	assert_string_equal(
		date_at("Pacific/Kiritimati", utc("2026-03-10", 10, 0)),
		"2026-03-11");
	assert_string_equal(
		date_at("Pacific/Kiritimati", utc("2026-03-10", 10, 0) - 1),
		"2026-03-10");
	assert_string_equal(date_at("Etc/GMT+12", utc("2026-03-10", 12, 0)),
			    "2026-03-10");
	assert_string_equal(date_at("Etc/GMT+12", utc("2026-03-10", 12, 0) - 1),
			    "2026-03-09");
}

static void
test_half_hours(void **state)
{
	(void)state;
	assert_string_equal(date_at("Asia/Kolkata", utc("2026-03-10", 18, 30)),
			    "2026-03-11");
	assert_string_equal(date_at("Asia/Kolkata", utc("2026-03-10", 18, 30) - 1),
			    "2026-03-10");
	assert_string_equal(date_at("Asia/Kathmandu", utc("2026-03-10", 18, 15)),
			    "2026-03-11");
	assert_string_equal(
		date_at("Pacific/Marquesas", utc("2026-03-10", 9, 30) - 1),
		"2026-03-09");
}

static void
test_summer_time(void **state)
{
	struct zone *z = must("Europe/Berlin");

	(void)state;
	/* Forward on 2026-03-29, back on 2026-10-25, both at 01:00 UTC. */
	assert_int_equal(zone_offset(z, utc("2026-03-29", 1, 0) - 1), HOUR);
	assert_int_equal(zone_offset(z, utc("2026-03-29", 1, 0)), 2 * HOUR);
	assert_int_equal(zone_offset(z, utc("2026-10-25", 1, 0) - 1), 2 * HOUR);
	assert_int_equal(zone_offset(z, utc("2026-10-25", 1, 0)), HOUR);
	/* And a century later, by the rule alone. */
	assert_int_equal(zone_offset(z, utc("2126-07-01", 0, 0)), 2 * HOUR);
	assert_int_equal(zone_offset(z, utc("2126-12-01", 0, 0)), HOUR);
	zone_free(&z);
	/* Its midnight comes an hour earlier in summer. */
	assert_string_equal(date_at("Europe/Berlin", utc("2026-07-01", 22, 0)),
			    "2026-07-02");
	assert_string_equal(date_at("Europe/Berlin", utc("2026-12-01", 22, 0)),
			    "2026-12-01");
	/* South of the equator the year begins in summer. */
	z = must("Australia/Sydney");
	assert_int_equal(zone_offset(z, utc("2126-01-01", 0, 0)), 11 * HOUR);
	assert_int_equal(zone_offset(z, utc("2126-07-01", 0, 0)), 10 * HOUR);
	zone_free(&z);
}

static void
test_without_zone_or_time(void **state)
{
	const struct zone_now timed = { 19000, 0 };
	const struct zone_now dated = { 19000, ZONE_NO_TIME };
	struct zone *z = must("Pacific/Kiritimati");

	(void)state;
	assert_int_equal(zone_today(NULL, &timed), 19000);
	assert_int_equal(zone_today(z, &dated), 19000);
	assert_int_equal(zone_today(z, &timed), -1); /* -10:40 in 1970 */
	zone_free(&z);
}

/* What libc says of the same zone, every few days from 1900 to 2150. */
static void
compare(const char *name)
{
	struct zone *z = must(name);

	setenv("TZ", name, 1);
	tzset();
	for (int64_t s = -2208988800; s < 5680281600; s += 86400 * 5 + 2791) {
		time_t t = (time_t)s;
		struct tm tm;

		localtime_r(&t, &tm);
		if (zone_offset(z, s) != (int32_t)tm.tm_gmtoff)
			fail_msg("%s at %lld: %d, libc has %ld", name,
				 (long long)s, (int)zone_offset(z, s),
				 tm.tm_gmtoff);
	}
	unsetenv("TZ");
	tzset();
	zone_free(&z);
}

static void
test_like_libc(void **state)
{
	static const char *const name[] = {
		"Africa/Casablanca", "Africa/Johannesburg",
		"America/Caracas",   "America/New_York",
		"America/Nuuk",	     "America/St_Johns",
		"Antarctica/Troll",  "Asia/Gaza",
		"Asia/Kathmandu",    "Asia/Kolkata",
		"Asia/Shanghai",     "Asia/Tehran",
		"Asia/Urumqi",	     "Atlantic/Azores",
		"Australia/Eucla",   "Australia/Lord_Howe",
		"Europe/Dublin",     "Europe/London",
		"Pacific/Apia",	     "Pacific/Chatham",
		"Pacific/Easter",    "Etc/GMT-14",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		compare(name[i]);
}

static void
test_bad_names(void **state)
{
	static const struct {
		const char *name, *says;
	} bad[] = {
		{ "", "is no name" },
		{ "CST-8;x", "is no name" },
		{ "../../etc/passwd", "is no name" },
		{ "/etc/localtime", "is no name" },
		{ "right/UTC", "is no name" },
		{ "Asia/", "is no name" },
		{ "Asia", "is no file of a time zone" },
		{ "Asia/Shangai", "did you mean \"Asia/Shanghai\"?" },
		{ "asia/shanghai", "did you mean \"Asia/Shanghai\"?" },
		{ "Shanghai", "did you mean \"Asia/Shanghai\"?" },
		{ "Qqqqqqqq/Zzzzzzzzzzzzz", "names are as" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct zone *z = zone_open(bad[i].name, err, sizeof(err));

		assert_null(z);
		if (strstr(err, bad[i].says) == NULL)
			fail_msg("\"%s\": %s", bad[i].name, err);
	}
}

static void
test_without_database(void **state)
{
	struct zone *z;

	(void)state;
	setenv("TZDIR", "/nowhere/zoneinfo", 1);
	assert_null(zone_open("Asia/Shanghai", err, sizeof(err)));
	assert_non_null(strstr(err, "install the package tzdata"));
	z = zone_open("UTC", err, sizeof(err));
	assert_non_null(z);
	assert_int_equal(zone_offset(z, 0), 0);
	zone_free(&z);
	unsetenv("TZDIR");
}

/* Every cut of a file, and every byte of it changed, is refused or harmless. */
static void
test_damaged_files(void **state)
{
	uint8_t bytes[8192];
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "re");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t cut = 0; cut <= n; cut++) {
		struct zone *z = zone_parse(bytes, cut);

		assert_int_equal(z != NULL, cut == n);
		zone_free(&z);
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t kept = bytes[i];
		struct zone *z;

		bytes[i] ^= 0xff;
		z = zone_parse(bytes, n);
		if (z != NULL) {
			(void)zone_offset(z, INT64_MAX);
			(void)zone_offset(z, INT64_MIN + 1);
			(void)zone_offset(z, 1700000000);
		}
		zone_free(&z);
		bytes[i] = kept;
	}
}

static void
test_rules(void **state)
{
	static const char *const bad[] = {
		"",
		"CE-1",
		"CET",
		"CET-25",
		"CET-1:60",
		"CET-1CEST",
		"CET-1CEST,M3.5.0",
		"CET-1CEST,M13.1.0,J1",
		"<+03-3",
		"CET-1x",
		"CET-1CEST,366,1",
		"CET-1CEST,1,2,3",
	};
	struct zone_rule r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (zone_rule_parse(bad[i], strlen(bad[i]), &r) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	/* The 60th day is 1 March with J, also in leap years. */
	assert_int_equal(zone_rule_parse("AAA0BBB,J60/0,J300/0", 20, &r), 0);
	assert_int_equal(zone_rule_offset(&r, utc("2028-03-01", 0, 0)), HOUR);
	assert_int_equal(zone_rule_offset(&r, utc("2028-03-01", 0, 0) - 1), 0);
	assert_int_equal(zone_rule_parse("AAA0BBB,59/0,300/0", 18, &r), 0);
	assert_int_equal(zone_rule_offset(&r, utc("2028-02-29", 0, 0)), HOUR);
	assert_int_equal(zone_rule_offset(&r, utc("2028-02-29", 0, 0) - 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges_of_the_world),
		cmocka_unit_test(test_half_hours),
		cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_without_zone_or_time),
		cmocka_unit_test(test_like_libc),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_without_database),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
