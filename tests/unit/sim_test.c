#include "daemon/cli/sim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"

struct sums {
	double all, ill; /* of all counts; of one outbreak's kinds */
	double digest;
	size_t n, late;
};

static int
add(void *arg, const struct sim_count *c)
{
	struct sums *t = arg;

	t->n++;
	t->all += c->value;
	t->late += c->received > c->day;
	t->digest = fmod(t->digest * 31 + c->value, 1e9 + 7);
	if (strcmp(c->indicator, "otc-cough-cold") == 0)
		t->ill += c->value;
	assert_true(c->received >= c->day);
	assert_true(c->denominator >= c->value);
	return 0;
}

static struct sums
run(const struct sim_conf *conf, const struct sim_outbreak *o, size_t n,
    int32_t from, int32_t to)
{
	struct sim *s = sim_new(conf, o, n);
	struct sums t = { 0 };

	assert_non_null(s);
	for (int32_t d = from; d <= to; d++)
		assert_int_equal(sim_day(s, d, add, &t), 0);
	sim_free(&s);
	assert_null(s);
	return t;
}

static struct sim_conf
nine_counties(void)
{
	return (struct sim_conf){ .seed = 5,
				  .first_day = 19358,
				  .days = 400,
				  .counties = 9,
				  .size = 1,
				  .noise = 1,
				  .faults = true };
}

static void
test_same_seed_same_counts(void **state)
{
	struct sim_conf conf = nine_counties();
	struct sums a = run(&conf, NULL, 0, 19400, 19420);
	struct sums b = run(&conf, NULL, 0, 19400, 19420);
	struct sums c;

	(void)state;
	assert_true(a.n > 4000);
	assert_true(a.late > 0);
	assert_int_equal(a.n, b.n);
	assert_true(a.digest == b.digest);
	conf.seed = 6;
	c = run(&conf, NULL, 0, 19400, 19420);
	assert_false(a.digest == c.digest);
}

/* The day's counts do not depend on which days were asked for before. */
static void
test_a_day_stands_alone(void **state)
{
	struct sim_conf conf = nine_counties();
	struct sums both = run(&conf, NULL, 0, 19400, 19401);
	struct sums one = run(&conf, NULL, 0, 19400, 19400);
	struct sums two = run(&conf, NULL, 0, 19401, 19401);

	(void)state;
	assert_int_equal(both.n, one.n + two.n);
	assert_true(fabs(both.all - one.all - two.all) < 0.5);
}

static void
test_an_outbreak_adds_its_detected_cases(void **state)
{
	struct sim_conf conf = nine_counties();
	struct sim_outbreak o = { SIM_RESPIRATORY, 2, 3, 19500, 20, 5000,
				  UINT32_MAX };
	struct sums with, without;

	(void)state;
	conf.faults = false;
	with = run(&conf, &o, 1, 19490, 19560);
	without = run(&conf, NULL, 0, 19490, 19560);
	/* 30 % of the cases buy cough medicine; draws of the same quantile */
	assert_true(fabs(with.ill - without.ill - 1500) < 150);
	with = run(&conf, &o, 1, 19450, 19499);
	without = run(&conf, NULL, 0, 19450, 19499);
	assert_true(with.digest == without.digest);
}

static void
test_schools_are_closed_at_weekends_and_in_summer(void **state)
{
	struct sim_conf conf = nine_counties();
	struct sums sunday, tuesday, august;
	int32_t day = day_from_civil(2023, 6, 11);

	(void)state;
	conf.faults = false;
	sunday = run(&conf, NULL, 0, day, day);
	tuesday = run(&conf, NULL, 0, day + 2, day + 2);
	august = run(&conf, NULL, 0, day_from_civil(2023, 8, 8),
		     day_from_civil(2023, 8, 8));
	assert_true(tuesday.n > sunday.n);
	/* 9 counties, 5 schools, 2 indicators */
	assert_int_equal(tuesday.n - august.n, 90);
}

static void
test_drawn_outbreaks_touch_two_kinds(void **state)
{
	struct sim_conf conf = nine_counties();
	struct sim_outbreak o[50];

	(void)state;
	sim_draw_outbreaks(&conf, 100, o, 50);
	for (size_t i = 0; i < 50; i++) {
		assert_true(__builtin_popcount(o[i].kinds) >= 2);
		assert_true(o[i].first_day >= conf.first_day + 100);
		assert_in_range(o[i].counties, 1, 3);
		assert_true(o[i].cases >= 30 && o[i].cases <= 300);
	}
}

/* Respiratory counts of five weeks at the turn of a year, no faults. */
static double
winter(uint64_t seed, int year)
{
	struct sim_conf conf = nine_counties();
	int32_t first = day_from_civil(year, 1, 1);

	conf.seed = seed;
	conf.first_day = first - 40;
	conf.faults = false;
	return run(&conf, NULL, 0, first, first + 34).ill;
}

static void
test_the_null_is_as_hard_as_real_counts(void **state)
{
	struct sim_conf conf = nine_counties(), calm = conf;
	int32_t day = day_from_civil(2023, 4, 3);
	int32_t worked = day_from_civil(2024, 9, 29); /* a Sunday */
	struct sums t = run(&conf, NULL, 0, day, day + 27), clean;
	double least = HUGE_VAL, most = 0;
	size_t sites = 0;
	struct sim *s = sim_new(&conf, NULL, 0);

	(void)state;
	calm.faults = false;
	clean = run(&calm, NULL, 0, day, day + 27);
	assert_in_range(t.late * 100, 4 * t.n, 12 * t.n);
	assert_in_range((clean.n - t.n) * 100, 2 * clean.n, 9 * clean.n);
	assert_non_null(s);
	for (size_t i = 0; i < sim_sites(s); i++)
		sites += sim_site(s, i)->since > conf.first_day;
	assert_in_range(sites, 1, sim_sites(s) / 10);
	sim_free(&s);
	/* Worked instead of the holiday after it, unlike other Sundays. */
	assert_true(run(&calm, NULL, 0, worked, worked).n >
		    run(&calm, NULL, 0, worked - 7, worked - 7).n);
	assert_true(run(&calm, NULL, 0, worked + 4, worked + 4).n <
		    run(&calm, NULL, 0, worked + 11, worked + 11).n);
	for (int year = 2012; year < 2018; year++) {
		least = fmin(least, winter(5, year));
		most = fmax(most, winter(5, year));
	}
	assert_true(most > 1.2 * least);
}

static const char *const assumed[] = { "hfmd-case",	  "neuro-visit",
				       "poisoning-visit", "foodborne-case",
				       "aefi-report",	  "adr-report",
				       "ww-covid",	  "poultry-death",
				       "drug-stock" };
enum { HFMD, NEURO, POISONING, FOODBORNE, AEFI, ADR, WW, POULTRY, STOCK };

static int
count_one(void *arg, const struct sim_count *c)
{
	double *sum = arg;

	assert_true(c->received >= c->day + c->site->period - 1);
	if (c->site->period == 7)
		assert_int_equal(day_weekday(c->day), 0);
	for (size_t i = 0; i < sizeof(assumed) / sizeof(assumed[0]); i++) {
		if (strcmp(c->indicator, assumed[i]) == 0)
			sum[i] += c->value;
	}
	return 0;
}

/* What six counties count in a year, without faults. */
static void
a_year(const struct sim_outbreak *o, size_t n, double *sum)
{
	struct sim_conf conf = nine_counties();
	struct sim *s;

	conf.faults = false;
	conf.all_sources = true;
	conf.counties = 6;
	s = sim_new(&conf, o, n);
	assert_non_null(s);
	for (int32_t d = conf.first_day; d < conf.first_day + 365; d++)
		assert_int_equal(sim_day(s, d, count_one, sum), 0);
	sim_free(&s);
}

/* The orders of magnitude that docs/province.md states. */
static void
test_all_sources_count_what_is_assumed(void **state)
{
	double n[STOCK + 1] = { 0 }, ill[STOCK + 1] = { 0 };
	const struct sim_outbreak o[] = {
		{ SIM_ANIMAL, 3, 1, 19500, 20, 6000, UINT32_MAX },
		{ SIM_RESPIRATORY, 3, 1, 19500, 20, 6000, UINT32_MAX }
	};

	(void)state;
	a_year(NULL, 0, n);
	assert_in_range(n[HFMD] / 6, 500, 1500);
	assert_in_range(n[NEURO] / 6, 60, 150);
	assert_in_range(n[POISONING] / 6, 350, 850);
	assert_in_range(n[FOODBORNE] / 6, 70, 200);
	assert_in_range(n[AEFI] / 6, 70, 180);
	assert_in_range(n[ADR] / 6, 600, 1300);
	/* in every other county, a reading a week */
	assert_in_range(n[WW] / 3 / 52, 80, 260);
	a_year(o, 2, ill);
	/* half of 6000, very scattered */
	assert_in_range(ill[POULTRY] - n[POULTRY], 500, 10000);
	/* stocks shrink where people fall ill */
	assert_true(ill[STOCK] < n[STOCK]);
	assert_true(ill[NEURO] == n[NEURO]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed_same_counts),
		cmocka_unit_test(test_a_day_stands_alone),
		cmocka_unit_test(test_an_outbreak_adds_its_detected_cases),
		cmocka_unit_test(test_schools_are_closed_at_weekends_and_in_summer),
		cmocka_unit_test(test_drawn_outbreaks_touch_two_kinds),
		cmocka_unit_test(test_the_null_is_as_hard_as_real_counts),
		cmocka_unit_test(test_all_sources_count_what_is_assumed),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
