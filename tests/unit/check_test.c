/* Which days of a count are taken, by the clock of its site. */
#include "daemon/intake/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"

#define HORIZON 100

static char reason[BATCH_REASON_BYTES];

struct world {
	struct registry *registry;
	struct series_ids *ids;
	int32_t today; /* the centre's: 2026-03-10 */
};

static void
add_site(struct registry *r, const char *code, const char *zone)
{
	const struct reg_site site = { .code = code, .zone = zone };
	char err[256];

	if (zone[0] != '\0')
		assert_int_not_equal(registry_zone(r, zone, err, sizeof(err)),
				     REG_NONE);
	assert_int_not_equal(
		registry_add_site(r, &site, "clinic", "K", err, sizeof(err)),
		REG_NONE);
}

static int
make(void **state)
{
	static struct world w;
	const struct reg_kind kind = { .code = "clinic", .period = 1 };
	const struct reg_indicator fever = { .code = "fever", .group = "f" };
	const struct reg_area area = { .code = "K",
				       .name = "K",
				       .level = REG_COUNTY };
	char err[256];

	w.registry = registry_new();
	w.ids = series_ids_new();
	w.today = day_from_civil(2026, 3, 10);
	assert_non_null(w.registry);
	assert_non_null(w.ids);
	registry_add_kind(w.registry, &kind, err, sizeof(err));
	registry_add_indicator(w.registry, &fever, err, sizeof(err));
	registry_add_area(w.registry, &area, NULL, err, sizeof(err));
	add_site(w.registry, "here", "");
	add_site(w.registry, "east", "Pacific/Kiritimati");
	add_site(w.registry, "west", "Etc/GMT+12");
	*state = &w;
	return 0;
}

static int
drop(void **state)
{
	struct world *w = *state;

	registry_free(&w->registry);
	series_ids_free(&w->ids);
	return 0;
}

/* A count about the day that many days from the centre's. */
static uint32_t
count(const struct world *w, const char *site, int days, int64_t s)
{
	const struct batch_rules rules = { .registry = w->registry,
					   .ids = w->ids,
					   .now = { w->today, s },
					   .horizon_days = HORIZON,
					   .series_per_site = 10 };
	const struct wire_series series = {
		.site = { site, strlen(site) },
		.indicator = { "fever", 5 },
		.stratum = { "", 0 },
	};
	const struct wire_count c = { .day = w->today + days, .value = 1 };
	struct check_entry entry = { 0 };
	uint32_t id;

	reason[0] = '\0';
	return check_count(&rules, site, &series, &c, &entry, &id, reason);
}

static void
assert_span(const struct world *w, const char *site, int64_t s, int today)
{
	assert_int_equal(count(w, site, today + 1, s), 0);
	assert_int_equal(count(w, site, today + 2, s), WIRE_NACK_DAY);
	assert_int_equal(count(w, site, today - HORIZON, s), 0);
	assert_int_equal(count(w, site, today - HORIZON - 1, s), WIRE_NACK_DAY);
}

static void
test_tomorrow_is_the_site_s(void **state)
{
	const struct world *w = *state;
	int64_t noon = (int64_t)w->today * 86400 + 12 * 3600;

	/* At noon of UTC it is the 11th, the 10th and just the 10th. */
	assert_span(w, "east", noon, 1);
	assert_span(w, "here", noon, 0);
	assert_span(w, "west", noon, 0);
	assert_span(w, "west", noon - 1, -1);
	assert_span(w, "east", noon - 2 * 3600, 1);
	assert_span(w, "east", noon - 2 * 3600 - 1, 0);
}

static void
test_a_manual_clock_is_a_date_everywhere(void **state)
{
	const struct world *w = *state;

	assert_span(w, "east", ZONE_NO_TIME, 0);
	assert_span(w, "here", ZONE_NO_TIME, 0);
	assert_span(w, "west", ZONE_NO_TIME, 0);
}

static void
test_the_reason_names_day_and_zone(void **state)
{
	const struct world *w = *state;
	int64_t noon = (int64_t)w->today * 86400 + 12 * 3600;

	count(w, "east", 3, noon);
	assert_string_equal(reason, "2026-03-13 is beyond tomorrow (today is "
				    "2026-03-11 in Pacific/Kiritimati)");
	count(w, "here", 3, noon);
	assert_string_equal(reason, "2026-03-13 is beyond tomorrow (today is "
				    "2026-03-10)");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_tomorrow_is_the_site_s),
		TEST(test_a_manual_clock_is_a_date_everywhere),
		TEST(test_the_reason_names_day_and_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
