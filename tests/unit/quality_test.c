#include "daemon/judge/quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/judge/calendar.h"

#define DAY0 18001 /* 2019-04-15, a Monday */
#define AT(d) (&(struct zone_now){ d, ZONE_NO_TIME })

static const struct quality_conf conf = { .due_days = 1,
					  .week_due_days = 3,
					  .silent_after = 3,
					  .back_fill_days = 7,
					  .refused_percent = 20 };

struct world {
	struct registry *registry;
	struct judge *judge;
	struct quality *quality;
	uint32_t site, other, weekly, school;
};

static char err[256];

static uint32_t
add_site(struct world *w, const char *code, int period, enum reg_expect expect)
{
	const struct reg_site site = { .code = code,
				       .period = period,
				       .expect = expect };
	uint32_t i = registry_add_site(w->registry, &site, "clinic", "K", err,
				       sizeof(err));

	assert_int_not_equal(i, REG_NONE);
	return i;
}

static int
make(void **state)
{
	static const struct judge_conf judge = { .history_days = 400,
						 .day_method = "ears-c2",
						 .week_method = "ears-c2" };
	static struct world w;
	const struct reg_kind kind = { .code = "clinic",
				       .class_code = "clinical",
				       .period = 1 };
	const struct reg_indicator ili = { .code = "ili-visit" };
	const struct reg_indicator all = { .code = "all-visit" };
	const struct reg_area area = { .code = "K",
				       .name = "K",
				       .level = REG_COUNTY };

	w.registry = registry_new();
	registry_add_kind(w.registry, &kind, err, sizeof(err));
	registry_add_indicator(w.registry, &ili, err, sizeof(err));
	registry_add_indicator(w.registry, &all, err, sizeof(err));
	registry_add_area(w.registry, &area, NULL, err, sizeof(err));
	w.site = add_site(&w, "c-1", 1, REG_DAILY);
	w.other = add_site(&w, "c-2", 1, REG_DAILY);
	w.weekly = add_site(&w, "c-3", 7, REG_WEEKLY);
	w.school = add_site(&w, "c-4", 1, REG_SCHOOLDAYS);
	w.judge = judge_new(&judge, w.registry);
	w.quality = quality_new(&conf, w.registry, w.judge);
	assert_non_null(w.quality);
	*state = &w;
	return 0;
}

static int
drop(void **state)
{
	struct world *w = *state;

	quality_free(&w->quality);
	judge_free(&w->judge);
	registry_free(&w->registry);
	return 0;
}

static uint32_t
series(struct world *w, uint32_t site, uint32_t indicator)
{
	return registry_add_series(w->registry, site, indicator, "", 0);
}

static void
report(struct world *w, uint32_t site, int32_t day, double value)
{
	const struct judge_cell cell = { .value = value, .denominator = NAN };

	judge_set(w->judge, series(w, site, 0), day, &cell);
}

static void
report_all(struct world *w, uint32_t site, int32_t from, int32_t to)
{
	for (int32_t d = from; d <= to; d++)
		report(w, site, d, 5);
}

static struct quality_view
view(const struct world *w, uint32_t site, int32_t today)
{
	struct quality_view v;

	quality_site(w->quality, site, AT(today), &v);
	return v;
}

static void
assert_view(const struct world *w, int32_t today, enum quality_state state,
	    int missing)
{
	struct quality_view v = view(w, w->site, today);

	assert_string_equal(quality_state_str(v.state), quality_state_str(state));
	assert_int_equal(v.missing, missing);
}

static void
test_a_site_is_new_until_it_has_a_past(void **state)
{
	struct world *w = *state;

	assert_view(w, DAY0, QUALITY_NEW, 0);
	assert_int_equal(view(w, w->site, DAY0).last_day, DAY_NONE);
	report_all(w, w->site, DAY0, DAY0 + 12);
	assert_view(w, DAY0 + 12, QUALITY_NEW, 0);
	report(w, w->site, DAY0 + 13, 0); /* a zero is a report */
	assert_view(w, DAY0 + 13, QUALITY_ON_TIME, 0);
	assert_int_equal(view(w, w->site, DAY0 + 13).last_day, DAY0 + 13);
}

static void
test_from_on_time_to_silent_and_back(void **state)
{
	struct world *w = *state;
	int32_t last = DAY0 + 20, day;

	report_all(w, w->site, DAY0, last);
	assert_view(w, last + 1, QUALITY_ON_TIME, 0);
	assert_view(w, last + 2, QUALITY_ON_TIME, 0); /* due by its end */
	assert_view(w, last + 3, QUALITY_LATE, 1);
	assert_int_equal(view(w, w->site, last + 3).since, last + 1);
	assert_view(w, last + 4, QUALITY_LATE, 2);
	assert_view(w, last + 5, QUALITY_SILENT, 3);
	assert_view(w, last + 30, QUALITY_SILENT, 28);
	assert_int_equal(view(w, w->site, last + 30).since, last + 1);

	/* A newer report ends the run, also where one day stays missing. */
	day = last + 31;
	report(w, w->site, day, 5);
	assert_view(w, day, QUALITY_ON_TIME, 0);

	/* On the day on which it sends what was missed it is back-filling. */
	for (int32_t d = last + 1; d < day; d++) {
		report(w, w->site, d, 5);
		quality_received(w->quality, series(w, w->site, 0), d, AT(day));
	}
	assert_view(w, day, QUALITY_BACK_FILLING, 0);
	assert_view(w, day + 1, QUALITY_ON_TIME, 0);
}

static void
test_a_late_report_is_no_back_filling(void **state)
{
	struct world *w = *state;
	uint32_t s = series(w, w->site, 0);

	report_all(w, w->site, DAY0, DAY0 + 20);
	quality_received(w->quality, s, DAY0 + 13, AT(DAY0 + 20));
	assert_view(w, DAY0 + 20, QUALITY_ON_TIME, 0);
	quality_received(w->quality, s, DAY0 + 12, AT(DAY0 + 20));
	assert_view(w, DAY0 + 20, QUALITY_BACK_FILLING, 0);
	assert_false(quality_is_late(w->quality, s, DAY0, AT(DAY0 + 20)));
	assert_true(quality_is_late(w->quality, s, DAY0, AT(DAY0 + 21)));
}

static void
test_a_closed_day_is_reported(void **state)
{
	struct world *w = *state;
	int32_t last = DAY0 + 20;

	report_all(w, w->site, DAY0, last);
	for (int32_t d = last + 1; d <= last + 10; d++)
		judge_close(w->judge, w->site, d);
	assert_view(w, last + 10, QUALITY_ON_TIME, 0);
	assert_true(judge_closed(w->judge, w->site, last + 1));
	assert_false(judge_closed(w->judge, w->site, last));
	assert_false(judge_closed(w->judge, w->other, last + 1));
	assert_int_equal(judge_closed_last(w->judge, w->site), last + 10);
	assert_int_equal(judge_closed_last(w->judge, w->other), DAY_NONE);

	/* Marks may come in any order; far ones push the old ones out. */
	judge_close(w->judge, w->site, last - 5);
	assert_true(judge_closed(w->judge, w->site, last - 5));
	judge_close(w->judge, w->site, last + 200);
	assert_false(judge_closed(w->judge, w->site, last + 10));
	assert_true(judge_closed(w->judge, w->site, last + 200));
	judge_close(w->judge, w->site, last);
	assert_false(judge_closed(w->judge, w->site, last));
}

static void
test_a_closed_school_is_not_silent(void **state)
{
	struct world *w = *state;
	const char *path = "etc/calendars";
	struct calendar *c = calendar_load(&path, 1, "cn", NULL, NULL);
	int32_t day = day_parse("2024-07-31", 10);
	struct quality_view v;

	assert_non_null(c);
	registry_set_calendar(w->registry, c);
	for (int32_t d = day - 90; d <= day; d++) {
		if (calendar_is_schoolday(c, d))
			report(w, w->school, d, 5);
	}
	v = view(w, w->school, day_parse("2024-08-28", 10));
	assert_true(day_parse("2024-08-28", 10) - v.last_day > 30);
	assert_int_equal(v.state, QUALITY_ON_TIME);
	assert_int_equal(v.missing, 0);
	/* Term begins, and still nobody reports. */
	v = view(w, w->school, day_parse("2024-09-30", 10));
	assert_int_equal(v.state, QUALITY_SILENT);
	registry_set_calendar(w->registry, NULL);
	calendar_free(&c);
}

/* One works by the centre's calendar, one by its own. */
static void
test_a_site_may_have_a_calendar_of_its_own(void **state)
{
	struct world *w = *state;
	const char *path = "etc/calendars";
	struct calendar *cn = calendar_load(&path, 1, "cn", NULL, NULL);
	struct calendars *all = calendars_load(path, NULL, NULL);
	const struct reg_site site = { .code = "abroad",
				       .period = 1,
				       .expect = REG_WORKDAYS,
				       .calendar = "us" };
	int32_t national = day_parse("2024-10-01", 10);
	int32_t thanksgiving = day_parse("2024-11-28", 10);
	uint32_t here = add_site(w, "c-9", 1, REG_WORKDAYS), abroad;

	assert_true(cn != NULL && all != NULL);
	registry_set_calendar(w->registry, cn);
	registry_set_calendars(w->registry, all);
	abroad = registry_add_site(w->registry, &site, "clinic", "K", err,
				   sizeof(err));
	assert_false(registry_expects(w->registry, here, national));
	assert_true(registry_expects(w->registry, abroad, national));
	assert_true(registry_expects(w->registry, here, thanksgiving));
	assert_false(registry_expects(w->registry, abroad, thanksgiving));
	report_all(w, here, national - 40, national - 1);
	report_all(w, abroad, national - 40, national - 1);
	assert_int_equal(view(w, here, national + 4).missing, 0);
	assert_int_equal(view(w, abroad, national + 4).state, QUALITY_SILENT);
	/* Its calendar gone, it has the centre's. */
	registry_set_calendars(w->registry, NULL);
	assert_false(registry_expects(w->registry, abroad, national));
	assert_false(registry_knows_calendar(w->registry, "us", err, sizeof(err)));
	registry_set_calendars(w->registry, all);
	assert_true(registry_expects(w->registry, abroad, national));
	assert_false(
		registry_knows_calendar(w->registry, "uss", err, sizeof(err)));
	assert_non_null(strstr(err, "did you mean \"us\"?"));
	registry_set_calendar(w->registry, NULL);
	registry_set_calendars(w->registry, NULL);
	calendar_free(&cn);
	calendars_free(&all);
}

static void
test_an_unscheduled_site_is_never_late(void **state)
{
	struct world *w = *state;
	uint32_t i = add_site(w, "c-5", 1, REG_UNSCHEDULED);

	report_all(w, i, DAY0, DAY0 + 20);
	assert_int_equal(view(w, i, DAY0 + 90).state, QUALITY_ON_TIME);
	assert_int_equal(view(w, i, DAY0 + 90).missing, 0);
}

static void
test_a_weekly_site_is_due_after_its_week(void **state)
{
	struct world *w = *state;
	int32_t monday = DAY0 + 70; /* of the last week reported */
	struct quality_view v;

	for (int32_t d = DAY0; d <= monday; d += 7)
		report(w, w->weekly, d, 5);
	/* The next week ends 13 days after; its report is due 3 later. */
	v = view(w, w->weekly, monday + 16);
	assert_int_equal(v.state, QUALITY_ON_TIME);
	v = view(w, w->weekly, monday + 17);
	assert_int_equal(v.state, QUALITY_LATE);
	v = view(w, w->weekly, monday + 17 + 14);
	assert_int_equal(v.state, QUALITY_SILENT);
	assert_int_equal(v.missing, 3);
	report(w, w->weekly, monday + 21, 5);
	v = view(w, w->weekly, monday + 31);
	assert_int_equal(v.state, QUALITY_ON_TIME);
}

static void
test_one_series_may_be_silent_alone(void **state)
{
	struct world *w = *state;
	const struct judge_cell cell = { .value = 3, .denominator = NAN };
	uint32_t more = series(w, w->site, 1);
	struct quality_view v;

	report_all(w, w->site, DAY0, DAY0 + 40);
	for (int32_t d = DAY0; d <= DAY0 + 30; d++)
		judge_set(w->judge, more, d, &cell);
	assert_view(w, DAY0 + 40, QUALITY_ON_TIME, 0);
	quality_series(w->quality, more, AT(DAY0 + 40), &v);
	assert_int_equal(v.state, QUALITY_SILENT);
	assert_int_equal(v.since, DAY0 + 31);
	quality_series(w->quality, series(w, w->site, 0), AT(DAY0 + 40), &v);
	assert_int_equal(v.state, QUALITY_ON_TIME);
}

/* A site of that zone which has reported up to the last of March 2026. */
static uint32_t
site_in(struct world *w, const char *code, const char *zone)
{
	const struct reg_site site = { .code = code, .zone = zone };
	int32_t last = day_from_civil(2026, 3, 31);
	uint32_t i;

	if (zone[0] != '\0')
		assert_int_not_equal(
			registry_zone(w->registry, zone, err, sizeof(err)),
			REG_NONE);
	i = registry_add_site(w->registry, &site, "clinic", "K", err,
			      sizeof(err));
	report_all(w, i, last - 40, last);
	return i;
}

/* At that minute of UTC of 2 April, when the centre has the day. */
static enum quality_state
state_at(struct world *w, uint32_t site, int32_t centre, int hour, int minute)
{
	int64_t midnight = (int64_t)day_from_civil(2026, 4, 2) * 86400;
	const struct zone_now now = { centre,
				      midnight + hour * 3600 + minute * 60 };
	struct quality_view v;

	quality_site(w->quality, site, &now, &v);
	return v.state;
}

/*
 * What is missing is the report about 1 April, due until the end of the 2nd
 * where the site is: late from its own 3 April on.
 */
static void
test_what_is_due_goes_by_the_site_s_day(void **state)
{
	static const struct {
		const char *zone;
		int hour, minute; /* when its 3 April begins, from 2 April UTC */
	} place[] = {
		{ "Pacific/Kiritimati", 10, 0 }, /* +14 */
		{ "Asia/Kolkata", 18, 30 },	 /* +5:30 */
		{ "Europe/Berlin", 22, 0 },	 /* +2, in summer */
		{ "UTC", 24, 0 },
		{ "America/St_Johns", 26, 30 }, /* -2:30, in summer */
		{ "Etc/GMT+12", 36, 0 },
	};
	struct world *w = *state;
	int32_t second = day_from_civil(2026, 4, 2);
	char code[8];

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		int h = place[i].hour, m = place[i].minute;
		uint32_t s;

		snprintf(code, sizeof(code), "z-%zu", i);
		s = site_in(w, code, place[i].zone);
		assert_int_equal(state_at(w, s, second, h, m - 1),
				 QUALITY_ON_TIME);
		assert_int_equal(state_at(w, s, second, h, m), QUALITY_LATE);
	}
}

static void
test_without_a_zone_or_a_time_the_centre_s_day_holds(void **state)
{
	struct world *w = *state;
	int32_t second = day_from_civil(2026, 4, 2);
	uint32_t here = site_in(w, "z-1", "");
	uint32_t far = site_in(w, "z-2", "Pacific/Kiritimati");
	struct quality_view v;

	/* Whatever the instant, as long as the centre has the second. */
	assert_int_equal(state_at(w, here, second, 0, 0), QUALITY_ON_TIME);
	assert_int_equal(state_at(w, here, second, 36, 0), QUALITY_ON_TIME);
	assert_int_equal(state_at(w, here, second + 1, 0, 0), QUALITY_LATE);
	/* A manual clock has no hours: one day everywhere. */
	quality_site(w->quality, far, AT(second), &v);
	assert_int_equal(v.state, QUALITY_ON_TIME);
	quality_site(w->quality, far, AT(second + 1), &v);
	assert_int_equal(v.state, QUALITY_LATE);
}

/* Back-filling is a thing of one day, the site's. */
static void
test_back_filling_ends_at_the_site_s_midnight(void **state)
{
	struct world *w = *state;
	int32_t first = day_from_civil(2026, 4, 1);
	int64_t noon = (int64_t)first * 86400 + 12 * 3600;
	uint32_t s = site_in(w, "z-1", "Asia/Tokyo"); /* midnight: 15:00 UTC */
	struct zone_now now = { first, noon };
	struct quality_view v;

	quality_received(w->quality, series(w, s, 0), first - 30, &now);
	now.s = noon + 3 * 3600 - 1;
	quality_site(w->quality, s, &now, &v);
	assert_int_equal(v.state, QUALITY_BACK_FILLING);
	now.s++;
	quality_site(w->quality, s, &now, &v);
	assert_int_equal(v.state, QUALITY_ON_TIME);
}

static void
test_sites_are_counted_by_state(void **state)
{
	struct world *w = *state;
	const struct reg_site gone = { .code = "c-2", .withdrawn = true };
	size_t n[QUALITY_STATES];

	report_all(w, w->site, DAY0, DAY0 + 40);
	registry_add_site(w->registry, &gone, "clinic", "K", err, sizeof(err));
	quality_count(w->quality, AT(DAY0 + 50), n);
	assert_int_equal(n[QUALITY_SILENT], 1);
	assert_int_equal(n[QUALITY_WITHDRAWN], 1);
	assert_int_equal(n[QUALITY_NEW], 2); /* never heard of */
}

static void
test_a_sender_s_last_day_is_kept(void **state)
{
	struct world *w = *state;
	struct quality_frame f = { "c-1", 100, 8, 2, "no such indicator" };
	const struct quality_sender *s;

	quality_frame(w->quality, &f);
	f.reason = "another";
	quality_frame(w->quality, &f);
	s = quality_sender(w->quality, "c-1");
	assert_int_equal(s->kept, 16);
	assert_int_equal(s->refused, 4);
	assert_string_equal(s->reason, "no such indicator");
	quality_fork(w->quality, "c-1", 100);
	assert_false(s->kept_since_fork);
	f = (struct quality_frame){ "c-1", 101, 5, 0, NULL };
	quality_frame(w->quality, &f);
	assert_int_equal(s->kept, 5);
	assert_int_equal(s->refused, 0);
	assert_string_equal(s->reason, "");
	assert_int_equal(s->fork_day, 100);
	assert_true(s->kept_since_fork);
	quality_gap(w->quality, "c-1", 101, 4);
	quality_gap(w->quality, "c-1", 101, 3);
	assert_int_equal(s->gap_frames, 7);
	assert_null(quality_sender(w->quality, "c-9"));
	assert_int_equal(quality_senders(w->quality), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_a_site_is_new_until_it_has_a_past),
		TEST(test_from_on_time_to_silent_and_back),
		TEST(test_a_late_report_is_no_back_filling),
		TEST(test_a_closed_day_is_reported),
		TEST(test_a_closed_school_is_not_silent),
		TEST(test_a_site_may_have_a_calendar_of_its_own),
		TEST(test_an_unscheduled_site_is_never_late),
		TEST(test_a_weekly_site_is_due_after_its_week),
		TEST(test_one_series_may_be_silent_alone),
		TEST(test_what_is_due_goes_by_the_site_s_day),
		TEST(test_without_a_zone_or_a_time_the_centre_s_day_holds),
		TEST(test_back_filling_ends_at_the_site_s_midnight),
		TEST(test_sites_are_counted_by_state),
		TEST(test_a_sender_s_last_day_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
