/*
 * What must hold for every detector there is, on random series, parameters,
 * holes and marks.  The seed is printed; TEST_SEED=N repeats a run.
 */
#include "detectors/detect.h"
#include "tests/property/random_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 10
#define LONGEST 2600

static uint64_t seed;

static struct rng
rng_for(const char *method, uint64_t round)
{
	return rng_of(seed, method, round);
}

static struct det_verdict *
judge(const struct det_method *m, const double *p, const struct det_window *w,
      size_t from)
{
	struct det_verdict *v = array(w->n - from, sizeof(*v));
	void *scratch = array(1, m->scratch(p, w->n));

	memset(v, 0x5a, (w->n - from) * sizeof(*v));
	assert_int_equal(det_judge(m, p, w, from, scratch, v), DET_OK);
	free(scratch);
	return v;
}

static void
fail_at(const struct det_method *m, uint64_t round, size_t cell, const char *what)
{
	fail_msg("%s, seed %llu, round %llu, cell %zu: %s", m->name,
		 (unsigned long long)seed, (unsigned long long)round, cell, what);
}

static bool
near(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= 1e-8 * fmax(1, fabs(a));
}

static bool
same(const struct det_verdict *a, const struct det_verdict *b)
{
	return a->level == b->level && near(a->expected, b->expected) &&
	       near(a->upper, b->upper) && near(a->statistic, b->statistic) &&
	       near(a->p, b->p);
}

static bool
is_original(const struct det_method *m)
{
	return strncmp(m->name, "r-", 2) == 0 ||
	       strncmp(m->name, "rnssp-", 6) == 0;
}

static void
check_verdict(const struct det_method *m, uint64_t round, size_t i,
	      const struct det_verdict *v, double count)
{
	if (v->level > DET_ALERT || v->reason > DET_DEGENERATE)
		fail_at(m, round, i, "no such level or reason");
	if ((v->level == DET_UNKNOWN) != (v->reason != DET_JUDGED))
		fail_at(m, round, i, "level and reason contradict each other");
	if (isnan(count) && v->level != DET_UNKNOWN)
		fail_at(m, round, i, "a missing count was judged");
	if (!isnan(v->p) && !(v->p >= 0 && v->p <= 1))
		fail_at(m, round, i, "p is no probability");
	if (isnan(v->p) && v->level != DET_UNKNOWN && !is_original(m))
		fail_at(m, round, i, "a verdict without p");
}

/* How many cells a round takes: enough to be judged, few where they cost. */
static size_t
length(const struct det_method *m, const double *p, struct rng *r)
{
	size_t reach = m->reach(p);
	size_t n = reach < LONGEST ? reach + 60 : LONGEST;

	if (below(r, 2) == 0)
		n = 1 + below(r, 400);
	return n < LONGEST ? n : LONGEST;
}

static void
test_missing_cells_never_make_a_verdict_of_nothing(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_for(m->name, round);
			double p[DET_MAX_PARAMS];
			struct series s;
			struct det_verdict *v;

			random_params(&r, m, p);
			s = random_series(&r, length(m, p, &r), unit(&r) * .6);
			v = judge(m, p, &s.w, 0);
			for (size_t i = 0; i < s.w.n; i++)
				check_verdict(m, round, i, &v[i], s.count[i]);
			free(v);
			drop_series(&s);
		}
	}
}

static void
test_every_length_from_nothing_up(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		for (size_t n = 0; n < 70; n++) {
			struct rng r = rng_for(m->name, n);
			double p[DET_MAX_PARAMS];
			struct series s = random_series(&r, n, .1);
			struct det_verdict *v;

			random_params(&r, m, p);
			v = judge(m, p, &s.w, 0);
			for (size_t i = 0; i < n; i++)
				check_verdict(m, n, i, &v[i], s.count[i]);
			free(v);
			drop_series(&s);
		}
	}
}

static void
test_one_cell_is_judged_as_many_are(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_for(m->name, round);
			double p[DET_MAX_PARAMS];
			struct series s;
			struct det_verdict *all;

			random_params(&r, m, p);
			s = random_series(&r, length(m, p, &r), .05);
			all = judge(m, p, &s.w, 0);
			for (int times = 0; times < 5; times++) {
				size_t i = below(&r, s.w.n);
				struct det_window upto = s.w;
				struct det_verdict *one;

				upto.n = i + 1;
				one = judge(m, p, &upto, i);
				if (!same(one, &all[i]))
					fail_at(m, round, i, "alone differs");
				free(one);
			}
			free(all);
			drop_series(&s);
		}
	}
}

/* The window without the cells before `skip`. */
static struct det_window
tail_of(const struct det_window *w, size_t skip)
{
	struct det_window t = *w;

	t.count += skip;
	t.denom = w->denom != NULL ? w->denom + skip : NULL;
	t.mark = w->mark != NULL ? w->mark + skip : NULL;
	t.n -= skip;
	t.first_t += (int64_t)skip;
	t.first_day += (int32_t)skip * (int)w->period;
	return t;
}

static void
test_nothing_outside_the_reach_matters(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_for(m->name, round);
			double p[DET_MAX_PARAMS];
			size_t reach;
			struct series s;
			struct det_verdict *all;

			random_params(&r, m, p);
			reach = m->reach(p);
			if (reach == DET_REACH_ALL || reach > LONGEST - 60)
				continue;
			s = random_series(&r, reach + 60, .05);
			all = judge(m, p, &s.w, 0);
			for (size_t i = reach; i < s.w.n; i += 11) {
				struct det_window t =
					tail_of(&s.w, i + 1 - reach);
				struct det_verdict *v;

				t.n = reach;
				v = judge(m, p, &t, reach - 1);
				if (!same(v, &all[i]))
					fail_at(m, round, i,
						"differs from its reach alone");
				free(v);
			}
			free(all);
			drop_series(&s);
		}
	}
}

static void
test_a_revised_cell_judged_again_is_as_if_it_had_come_so(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_for(m->name, round);
			double p[DET_MAX_PARAMS];
			struct series s;
			struct det_verdict *before;
			struct det_verdict *after;
			struct det_verdict *again;
			size_t at;

			random_params(&r, m, p);
			s = random_series(&r, length(m, p, &r), .05);
			before = judge(m, p, &s.w, 0);
			at = below(&r, s.w.n);
			s.count[at] = isnan(s.count[at]) ? 5 : NAN;
			after = judge(m, p, &s.w, 0);
			again = judge(m, p, &s.w, at);
			for (size_t i = 0; i < s.w.n; i++) {
				if (i < at && !same(&before[i], &after[i]))
					fail_at(m, round, i,
						"the future changed it");
				if (i >= at && !same(&again[i - at], &after[i]))
					fail_at(m, round, i,
						"judged again it differs");
			}
			free(before);
			free(after);
			free(again);
			drop_series(&s);
		}
	}
}

#define STEPS 24

/* What is wrong with two verdicts on one window but for its last count. */
static const char *
contradiction(const struct det_verdict *a, const struct det_verdict *b,
	      bool b_may_alarm)
{
	if (a->level == DET_UNKNOWN || b->level == DET_UNKNOWN)
		return NULL;
	if (a->statistic < b->statistic && a->p < b->p - 1e-14)
		return "p rises with the statistic";
	if (b->p < a->p && b->level < a->level && b_may_alarm)
		return "less p, lower level";
	return NULL;
}

/*
 * A rising last count, all else being the same: p never rises with the
 * statistic, so that a threshold on p is a limit on the statistic.  Not for
 * improved Farrington, whose statistic is p, as R has it.
 */
static void
test_p_falls_as_the_statistic_rises(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);

		if (strcmp(m->name, "r-farrington-flexible") == 0)
			continue;
		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_for(m->name, round + 500);
			struct det_verdict v[STEPS];
			double p[DET_MAX_PARAMS];
			struct series s;
			double x = 0;

			random_params(&r, m, p);
			s = random_series(&r, length(m, p, &r), .05);
			for (size_t i = 0; i < STEPS; i++) {
				struct det_verdict *one;

				s.count[s.w.n - 1] = x;
				one = judge(m, p, &s.w, s.w.n - 1);
				v[i] = *one;
				free(one);
				x = floor(x * 1.5) + 1;
			}
			for (size_t i = 0; i < STEPS * STEPS; i++) {
				const char *what = contradiction(
					&v[i / STEPS], &v[i % STEPS],
					i % STEPS > 0); /* 0 never alarms */

				if (what != NULL)
					fail_at(m, round, i, what);
			}
			drop_series(&s);
		}
	}
}

/* Counts times `scale` plus `shift` give the same statistics and levels. */
static void
check_law(const char *name, double scale, double shift)
{
	const struct det_method *m = det_find(name);
	struct rng r = rng_for(name, 7);
	double p[DET_MAX_PARAMS];
	struct series s = random_series(&r, 120, .05);
	struct det_verdict *a;
	struct det_verdict *b;

	s.w.denom = NULL;
	s.w.mark = NULL;
	det_params_default(m, p);
	assert_int_equal(det_params_set(m, p, "min_sigma", "0"), DET_OK);
	for (size_t i = 0; i < s.w.n; i++)
		s.count[i] = 1 + random_count(&r, PLAIN, i);
	a = judge(m, p, &s.w, 0);
	for (size_t i = 0; i < s.w.n; i++)
		s.count[i] = s.count[i] * scale + shift;
	b = judge(m, p, &s.w, 0);
	for (size_t i = 0; i < s.w.n; i++) {
		if (a[i].level != b[i].level ||
		    !near(a[i].statistic, b[i].statistic) ||
		    !near(a[i].p, b[i].p) ||
		    !near(a[i].expected * scale + shift, b[i].expected))
			fail_at(m, 7, i, "scaled or shifted it differs");
	}
	free(a);
	free(b);
	drop_series(&s);
}

static void
test_scale_and_shift(void **state)
{
	static const char *const names[] = { "ears-c1", "ears-c2", "ears-c3",
					     "w2" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_law(names[i], 8, 0);
		check_law(names[i], 1, 1000);
		check_law(names[i], 1000, 17);
	}
}

#define FLAT_CELLS 320

/*
 * A series that never changes has no outbreak, whatever its level: no method
 * alarms or warns, but `fixed`, whose limit is written down.
 */
static void
check_flat(const struct det_method *m, double level, enum det_period period)
{
	double p[DET_MAX_PARAMS];
	double count[FLAT_CELLS];
	struct det_window w = { .count = count,
				.n = FLAT_CELLS,
				.first_t = 1,
				.first_day = 16439, /* Monday 2015-01-05 */
				.period = period,
				.dated = true };
	struct det_verdict *v;

	for (size_t i = 0; i < FLAT_CELLS; i++)
		count[i] = level;
	det_params_default(m, p);
	v = judge(m, p, &w, 0);
	for (size_t i = 0; i < FLAT_CELLS; i++) {
		if (v[i].level > DET_NORMAL)
			fail_msg(
				"%s, every count %.0f, period %d, cell %zu: %s",
				m->name, level, (int)period, i,
				det_level_str(v[i].level));
	}
	free(v);
}

static void
test_a_flat_series_never_alarms(void **state)
{
	static const double levels[] = { 0, 1, 7, 1000, COUNT_MAX };

	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		if (strcmp(det_at(k)->name, "fixed") == 0)
			continue;
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
			check_flat(det_at(k), levels[i], DET_DAY);
			check_flat(det_at(k), levels[i], DET_WEEK);
		}
	}
}

static void
test_a_broken_window_is_refused(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);
		double bad[] = { -1, INFINITY, 2 * DET_MAX_COUNT };
		double p[DET_MAX_PARAMS];
		double count[3] = { 1, 2, 3 };
		struct det_window w = { .count = count,
					.n = 3,
					.first_t = 1,
					.first_day = 4,
					.period = DET_DAY };
		struct det_verdict v[3];
		void *scratch;

		det_params_default(m, p);
		scratch = array(1, m->scratch(p, 3));
		assert_int_equal(det_judge(m, p, &w, 4, scratch, v),
				 DET_ERR_WINDOW);
		for (size_t i = 0; i < 3; i++) {
			count[1] = bad[i];
			assert_int_equal(det_judge(m, p, &w, 0, scratch, v),
					 DET_ERR_WINDOW);
		}
		free(scratch);
	}
}

int
main(void)
{
	const char *text = getenv("TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_missing_cells_never_make_a_verdict_of_nothing),
		cmocka_unit_test(test_every_length_from_nothing_up),
		cmocka_unit_test(test_one_cell_is_judged_as_many_are),
		cmocka_unit_test(test_nothing_outside_the_reach_matters),
		cmocka_unit_test(
			test_a_revised_cell_judged_again_is_as_if_it_had_come_so),
		cmocka_unit_test(test_p_falls_as_the_statistic_rises),
		cmocka_unit_test(test_scale_and_shift),
		cmocka_unit_test(test_a_flat_series_never_alarms),
		cmocka_unit_test(test_a_broken_window_is_refused),
	};

	seed = text != NULL ? strtoull(text, NULL, 10) : 20240229;
	printf("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("detectors", tests, NULL, NULL);
}
