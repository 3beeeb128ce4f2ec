#include "daemon/judge/mark.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "daemon/judge/judge.h"

#define DAYS 120
#define DAY0 18001 /* 2019-04-15, a Monday */
#define SITES 4

static char err[256];

struct world {
	struct registry *registry;
	struct judge *judge;
	struct marks marks;
	uint32_t series[SITES];
};

/* Two counties of a city, each with two sites, all reporting by the period. */
static void
make(struct world *w, const char *method, int period)
{
	static const char *const code[] = { "city", "c1", "c2" };
	const struct judge_conf conf = { .history_days = DAYS * 7 + 60,
					 .verdict_days = DAYS * 7,
					 .day_method = method,
					 .week_method = method };
	struct reg_kind kind = { .code = "ed",
				 .class_code = "clinical",
				 .period = period };
	struct reg_indicator ind = { .code = "ili-visit" };

	*w = (struct world){ .registry = registry_new() };
	registry_add_kind(w->registry, &kind, err, sizeof(err));
	kind.code = "school";
	registry_add_kind(w->registry, &kind, err, sizeof(err));
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	for (int i = 0; i < 3; i++) {
		struct reg_area a = { .code = code[i],
				      .name = code[i],
				      .level = i == 0 ? REG_CITY : REG_COUNTY };

		registry_add_area(w->registry, &a, i == 0 ? NULL : "city", err,
				  sizeof(err));
	}
	for (uint32_t i = 0; i < SITES; i++) {
		char name[8];
		struct reg_site site = { .code = name };
		uint32_t at;

		snprintf(name, sizeof(name), "s%u", i);
		at = registry_add_site(w->registry, &site, "ed",
				       code[1 + i / 2], err, sizeof(err));
		w->series[i] = registry_add_series(w->registry, at, 0, "", 0);
	}
	w->judge = judge_new(&conf, w->registry);
	assert_non_null(w->judge);
	judge_set_marks(w->judge, &w->marks);
}

static void
drop(struct world *w)
{
	judge_free(&w->judge);
	registry_free(&w->registry);
	mark_free_all(&w->marks);
}

static int
period_of(const struct world *w)
{
	return registry_site_at(w->registry, 0)->period;
}

static void
set(struct world *w, uint32_t i, int32_t t, double value)
{
	struct judge_cell cell = { .value = value, .denominator = 100 };

	if (i == 3)
		cell.denominator = NAN;
	judge_set(w->judge, w->series[i], DAY0 + t * period_of(w), &cell);
}

/* About 20 a period, and a wave from the 60th to the 69th. */
static double
count(uint32_t i, int32_t t)
{
	return 20 + (double)((t * 7 + (int32_t)i * 5) % 11) +
	       (t >= 60 && t < 70 ? 30 : 0);
}

static void
settle(struct world *w)
{
	while (judge_dirty(w->judge, 100) > 0)
		;
}

static void
fill(struct world *w)
{
	for (int32_t t = 0; t < DAYS; t++) {
		for (uint32_t i = 0; i < SITES; i++)
			set(w, i, t, count(i, t));
	}
	settle(w);
}

/* A mark of the periods from..to at an area, or at a site. */
static struct mark
mark_of(const struct world *w, const char *place, enum mark_why why,
	int32_t from, int32_t to)
{
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
	bool site = place[0] == 's';
	const struct mark_words words = {
		.area = site ? "" : place,
		.site = site ? place : "",
		.kinds = "ed",
		.indicators = "",
		.from = day_format(DAY0 + from * period_of(w), first),
		.to = day_format(DAY0 + to * period_of(w), last),
		.why = mark_why_str(why),
		.text = "known",
	};
	struct mark m = { .number = 1 };

	assert_int_equal(mark_read(w->registry, &words, &m, err, sizeof(err)), 0);
	return m;
}

static size_t
add(struct world *w, const struct mark *m)
{
	assert_int_equal(mark_put(&w->marks, m), 0);
	return judge_remark(w->judge, m);
}

/* All that is kept of the sites and areas, and what charts show. */
struct kept {
	double p[SITES + 3][DAYS], expected[SITES + 3][DAYS];
	enum det_level level[SITES + 3][DAYS];
};

static void
keep(struct world *w, struct kept *k)
{
	static struct judge_point at[DAYS];
	int period = period_of(w);

	settle(w);
	for (uint32_t i = 0; i < SITES + 3; i++) {
		uint32_t area = i - SITES;
		int rc = i < SITES ? judge_points(w->judge, w->series[i], DAY0,
						  DAYS, at)
				   : judge_area_points(w->judge, area, 0, 0,
						       DAY0, DAYS, at);

		assert_int_equal(rc, 0);
		for (int32_t t = 0; t < DAYS; t++) {
			int32_t day = DAY0 + t * period;

			k->expected[i][t] = at[t].verdict.expected;
			k->p[i][t] =
				i < SITES
					? judge_series_p(w->judge, w->series[i],
							 day, &k->level[i][t])
					: judge_sum_p(
						  w->judge,
						  judge_sums_of(w->judge, area),
						  day, &k->level[i][t]);
		}
	}
}

static bool
is_same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* The first period at which they differ, at or after from; DAYS: none. */
static int32_t
difference(const struct kept *a, const struct kept *b, uint32_t i, int32_t from)
{
	for (int32_t t = from; t < DAYS; t++) {
		if (!is_same(a->p[i][t], b->p[i][t]) ||
		    !is_same(a->expected[i][t], b->expected[i][t]) ||
		    a->level[i][t] != b->level[i][t])
			return t;
	}
	return DAYS;
}

static struct kept one, other, third;

/* A method, and the period at which its verdicts are compared. */
static const struct {
	const char *method;
	int period;
} cases[] = {
	{ "ears-c2", 1 }, { "tocsin", 1 }, { "tocsin", 7 }, { "rnssp-ewma", 7 }
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* A fault is as if the counts had been withdrawn, in every method. */
static void
test_a_fault_is_no_report(void **state)
{
	(void)state;
	for (size_t k = 0; k < CASES; k++) {
		struct world w, by_hand;
		struct mark m;

		make(&w, cases[k].method, cases[k].period);
		make(&by_hand, cases[k].method, cases[k].period);
		fill(&w);
		fill(&by_hand);
		m = mark_of(&w, "c1", MARK_FAULT, 60, 69);
		assert_int_equal(add(&w, &m), 2);
		for (int32_t t = 60; t <= 69; t++) {
			set(&by_hand, 0, t, NAN);
			set(&by_hand, 1, t, NAN);
		}
		keep(&w, &one);
		keep(&by_hand, &other);
		for (uint32_t i = 0; i < SITES + 3; i++)
			assert_int_equal(difference(&one, &other, i, 0), DAYS);
		assert_int_equal(one.level[0][65], DET_UNKNOWN);
		assert_int_not_equal(one.level[SITES][65], DET_UNKNOWN);
		drop(&w);
		drop(&by_hand);
	}
}

/*
 * An outbreak's own days are judged, each without the others; later ones as
 * if it had not been reported.  A cause's own days are unknown.
 */
static void
test_an_outbreak_is_missing_from_baselines(void **state)
{
	(void)state;
	for (size_t k = 0; k < CASES; k++) {
		struct world w, by_hand, cause;
		struct mark m;

		make(&w, cases[k].method, cases[k].period);
		make(&by_hand, cases[k].method, cases[k].period);
		make(&cause, cases[k].method, cases[k].period);
		m = mark_of(&w, "s0", MARK_OUTBREAK, 62, 64);
		assert_int_equal(add(&w, &m), 0);
		m = mark_of(&cause, "s0", MARK_CAUSE, 62, 64);
		add(&cause, &m);
		fill(&w); /* the mark was there first */
		fill(&by_hand);
		fill(&cause);
		keep(&w, &one);
		keep(&cause, &third);
		for (int32_t t = 62; t <= 64; t++)
			set(&by_hand, 0, t, NAN);
		keep(&by_hand, &other);
		assert_int_equal(difference(&one, &other, 0, 65), DAYS);
		assert_int_equal(difference(&one, &other, SITES, 65), DAYS);
		assert_int_equal(difference(&third, &other, 0, 0), DAYS);
		assert_int_equal(difference(&third, &other, SITES, 0), DAYS);
		assert_int_equal(third.level[0][63], DET_UNKNOWN);
		set(&by_hand, 0, 63, count(0, 63));
		keep(&by_hand, &other);
		assert_int_equal(other.level[0][63], one.level[0][63]);
		assert_true(is_same(other.p[0][63], one.p[0][63]));
		assert_true(is_same(other.p[SITES][63], one.p[SITES][63]));
		assert_int_not_equal(one.level[0][63], DET_UNKNOWN);
		drop(&w);
		drop(&by_hand);
		drop(&cause);
	}
}

/* Added late or from the start: the same; withdrawn: as if never made. */
static void
test_marks_come_and_go(void **state)
{
	(void)state;
	for (size_t k = 0; k < CASES; k++) {
		struct world w, early;
		struct mark m;

		make(&w, cases[k].method, cases[k].period);
		make(&early, cases[k].method, cases[k].period);
		fill(&w);
		keep(&w, &one);
		m = mark_of(&w, "city", MARK_OUTBREAK, 60, 69);
		add(&w, &m);
		add(&early, &m);
		fill(&early);
		keep(&w, &other);
		keep(&early, &third);
		for (uint32_t i = 0; i < SITES + 3; i++) {
			assert_int_equal(difference(&other, &third, i, 0), DAYS);
			assert_int_equal(difference(&one, &other, i, 0) < DAYS,
					 1);
			assert_true(difference(&one, &other, i, 0) >= 60);
		}
		mark_drop(&w.marks, 1);
		assert_int_equal(w.marks.n, 0);
		judge_remark(w.judge, &m);
		keep(&w, &other);
		for (uint32_t i = 0; i < SITES + 3; i++)
			assert_int_equal(difference(&one, &other, i, 0), DAYS);
		drop(&w);
		drop(&early);
	}
}

static void
test_an_event_changes_nothing_and_others_are_left_alone(void **state)
{
	struct world w;
	struct mark m;

	(void)state;
	make(&w, "ears-c2", 1);
	fill(&w);
	keep(&w, &one);
	m = mark_of(&w, "city", MARK_EVENT, 60, 69);
	assert_int_equal(add(&w, &m), 4);
	assert_true(judge_idle(w.judge));
	m.why = MARK_FAULT;
	m.kind[0] = 1; /* schools, of which there are none */
	assert_int_equal(add(&w, &m), 0);
	m = mark_of(&w, "s3", MARK_CAUSE, 60, 69);
	m.number = 2;
	assert_int_equal(add(&w, &m), 1);
	keep(&w, &other);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(difference(&one, &other, i, 0), DAYS);
	assert_true(difference(&one, &other, 3, 0) >= 60);
	assert_int_equal(difference(&one, &other, SITES + 1, 0), DAYS);
	assert_true(difference(&one, &other, SITES + 2, 0) < DAYS);
	drop(&w);
}

static void
test_cells_stay_and_say_why(void **state)
{
	struct world w;
	struct judge_cell cell;
	struct judge_point at[2];
	struct mark m;

	(void)state;
	make(&w, "ears-c2", 1);
	fill(&w);
	m = mark_of(&w, "s0", MARK_CAUSE, 60, 60);
	add(&w, &m);
	m = mark_of(&w, "s1", MARK_FAULT, 60, 60);
	add(&w, &m);
	settle(&w);
	for (uint32_t i = 0; i < 3; i++) {
		judge_cell(w.judge, w.series[i], DAY0 + 60, &cell);
		assert_true(cell.value == count(i, 60));
		judge_case_cell(w.judge, w.series[i], DAY0 + 60, &cell);
		assert_int_equal(isnan(cell.value), i == 1);
		assert_int_equal(judge_is_void(w.judge, w.series[i], DAY0 + 60),
				 i < 2);
	}
	judge_points(w.judge, w.series[0], DAY0 + 60, 2, at);
	assert_true(at[0].cell.value == count(0, 60));
	assert_string_equal(at[0].mark, "cause");
	assert_null(at[1].mark);
	judge_area_points(w.judge, 1, 0, 0, DAY0 + 60, 2, at);
	assert_true(isnan(at[0].cell.value));
	assert_string_equal(at[0].mark, "cause");
	drop(&w);
}

static void
refused(const struct registry *r, const struct mark_words *words,
	const char *reason)
{
	struct mark m;

	assert_int_equal(mark_read(r, words, &m, err, sizeof(err)), -1);
	assert_string_equal(err, reason);
}

static void
test_bad_words_are_named(void **state)
{
	static char longest[MARK_MAX_TEXT + 2];
	const struct mark_words good = { "c1",	       "",
					 "ed, school", "ili-visit",
					 "2019-05-01", "2019-05-31",
					 "fault",      "doubled" };
	struct mark_words bad;
	struct world w;
	struct mark m = { 0 };

	(void)state;
	make(&w, "ears-c2", 1);
	assert_int_equal(mark_read(w.registry, &good, &m, err, sizeof(err)), 0);
	assert_int_equal(m.kinds, 2);
	assert_int_equal(m.indicators, 1);
	assert_int_equal(m.last - m.first, 30);
#define BAD(field, value, reason)                                              \
	bad = good;                                                            \
	bad.field = value;                                                     \
	refused(w.registry, &bad, reason)
	BAD(area, "", "a mark has an area or a site");
	BAD(site, "s1", "a mark has an area or a site, not both");
	BAD(area, "c3", "unknown area \"c3\", did you mean \"c1\"?");
	BAD(kinds, "scool", "unknown kind \"scool\", did you mean \"school\"?");
	BAD(indicators, "ili-visits",
	    "unknown indicator \"ili-visits\", did you mean \"ili-visit\"?");
	BAD(from, "may", "from \"may\" is no date like 2020-02-29");
	BAD(to, "2019-02-30", "to \"2019-02-30\" is no date like 2020-02-29");
	BAD(to, "2019-04-30", "from 2019-05-01 is after to 2019-04-30");
	BAD(to, "2020-06-04", "401 days; a mark has at most 400");
	BAD(why, "outbrake",
	    "unknown why \"outbrake\", did you mean \"outbreak\"?");
	BAD(why, "", "why \"\" is none of outbreak, cause, fault, event");
	BAD(text, "  ", "the text is empty: say what happened");
	BAD(text, "a\nb", "the text must be one line of UTF-8");
	memset(longest, 'x', sizeof(longest) - 1);
	BAD(text, longest, "the text has 501 bytes, at most 500");
#undef BAD
	bad = good;
	bad.area = "";
	bad.site = "s9";
	refused(w.registry, &bad, "unknown site \"s9\", did you mean \"s0\"?");
	drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_is_no_report),
		cmocka_unit_test(test_an_outbreak_is_missing_from_baselines),
		cmocka_unit_test(test_marks_come_and_go),
		cmocka_unit_test(
			test_an_event_changes_nothing_and_others_are_left_alone),
		cmocka_unit_test(test_cells_stay_and_say_why),
		cmocka_unit_test(test_bad_words_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
