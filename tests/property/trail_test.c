/*
 * A trail gives the verdicts of the whole window judged anew, bit for bit,
 * whatever was revised and whatever came; and it goes through no more periods
 * than it says.  The seed is printed; TEST_SEED=N repeats a run.
 */
#include "detectors/trail.h"
#include "detectors/detect.h"
#include "tests/property/random_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 5
#define LONGEST 700
#define REVISIONS 12

static uint64_t seed;

/* A trail with all it needs. */
struct subject {
	struct series s;
	double p[DET_MAX_PARAMS];
	struct det_trail trail;
	struct det_verdict *kept;  /* what the trail keeps up to date */
	struct det_verdict *fresh; /* the window judged anew */
	void *scratch;
};

static struct subject
subject_of(struct rng *r, const struct det_method *m, size_t n, double holes)
{
	struct subject x = { .s = random_series(r, n, holes) };

	x.trail = (struct det_trail){ .method = m,
				      .every = 1 + below(r, 70),
				      .cells = n };
	x.trail.state = array(1, det_trail_bytes(m, n, x.trail.every));
	x.kept = array(n, sizeof(*x.kept));
	x.fresh = array(n, sizeof(*x.fresh));
	return x;
}

/* Where p lies is known only once the subject does not move any more. */
static void
settle(struct subject *x)
{
	x->trail.p = x->p;
	x->scratch = array(1, x->trail.method->scratch(x->p, x->s.w.n));
}

static void
drop(struct subject *x)
{
	free(x->trail.state);
	free(x->kept);
	free(x->fresh);
	free(x->scratch);
	drop_series(&x->s);
}

/* Brings the trail up to date and compares; n cells of the series. */
static void
check(struct subject *x, size_t n, uint64_t round)
{
	struct det_window w = x->s.w;

	w.n = n;
	assert_int_equal(
		det_judge(x->trail.method, x->p, &w, 0, x->scratch, x->fresh),
		DET_OK);
	assert_int_equal(det_trail_judge(&x->trail, &w, x->scratch, x->kept),
			 DET_OK);
	for (size_t i = 0; i < n; i++) {
		if (memcmp(&x->kept[i], &x->fresh[i], sizeof(x->kept[i])) != 0)
			fail_msg("%s, seed %llu, round %llu: cell %zu of %zu "
				 "differs",
				 x->trail.method->name, (unsigned long long)seed,
				 (unsigned long long)round, i, n);
	}
}

/* A cell becomes missing, another count, or one far off. */
static void
revise(struct subject *x, struct rng *r, size_t n)
{
	size_t i = below(r, n);
	double to[3] = { NAN, floor(20 * unit(r)), 400 };

	x->s.count[i] = to[below(r, 3)];
	if (x->s.mark != NULL && below(r, 3) == 0)
		x->s.mark[i] = (uint8_t)below(r, 16);
	det_trail_revise(&x->trail, i);
}

static void
test_whatever_is_revised_the_verdicts_are_those_of_the_window(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		for (uint64_t round = 0; round < ROUNDS; round++) {
			struct rng r = rng_of(seed, det_at(k)->name, round);
			size_t n = 30 + below(&r, LONGEST - 30);
			struct subject x = subject_of(&r, det_at(k), n, .1);
			size_t upto = 1 + below(&r, n);

			random_params(&r, det_at(k), x.p);
			settle(&x);
			check(&x, upto, round);
			for (int i = 0; i < REVISIONS; i++) {
				for (size_t j = below(&r, 4); j > 0; j--)
					revise(&x, &r, upto);
				if (below(&r, 2) == 0)
					upto += below(&r, n - upto + 1);
				check(&x, upto, round);
			}
			drop(&x);
		}
	}
}

/* Stationary counts as a chart wants them, judged whole once. */
static void
begin_plain(struct subject *x, struct rng *r, const struct det_method *m, size_t n)
{
	*x = subject_of(r, m, n, 0);
	x->s.w.mark = NULL;
	x->s.w.denom = NULL;
	for (size_t i = 0; i < n; i++)
		x->s.count[i] = floor(8 + 4 * unit(r));
	det_params_default(m, x->p);
	settle(x);
	check(x, n, 0);
}

/*
 * Methods that read back to the start: a revised cell costs at most the
 * periods since the last state before it, and ends where the states meet; a
 * new one costs one step.
 */
static void
test_a_late_revision_costs_a_bounded_replay(void **state)
{
	(void)state;
	for (size_t k = 0; det_at(k) != NULL; k++) {
		const struct det_method *m = det_at(k);
		struct rng r = rng_of(seed, m->name, 77);
		size_t met = 0, n = 900;
		struct subject x;

		det_params_default(m, x.p);
		if (m->reach(x.p) != DET_REACH_ALL)
			continue;
		assert_non_null(m->carry);
		begin_plain(&x, &r, m, n);
		for (int times = 0; times < 20; times++) {
			size_t i = 20 + below(&r, n - 20);

			x.s.count[i] += 1;
			det_trail_revise(&x.trail, i);
			check(&x, n, 0);
			assert_true(x.trail.steps < n - i + x.trail.every);
			met += x.trail.steps < n - i;
		}
		/* r-glr knows every report since its last alarm */
		assert_true(met > 10 || strcmp(m->name, "r-glr") == 0);
		check(&x, n, 0);
		assert_int_equal(x.trail.steps, 0);
		drop(&x);
	}
}

/* A new period costs one step, and a window that begins elsewhere all. */
static void
test_what_is_new_costs_one_step(void **state)
{
	static const char *const names[] = { "r-cusum", "r-glr", "rnssp-switch" };

	(void)state;
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		struct rng r = rng_of(seed, names[k], 99);
		struct subject x;
		struct det_window all;

		begin_plain(&x, &r, det_find(names[k]), 200);
		all = x.s.w;
		check(&x, 150, 1);
		assert_int_equal(x.trail.steps, 150);
		for (size_t n = 151; n <= 190; n++) {
			check(&x, n, 1);
			assert_int_equal(x.trail.steps, 1);
		}
		x.s.w.count++;
		x.s.w.first_t++;
		x.s.w.first_day += (int32_t)x.s.w.period;
		check(&x, 190, 1);
		assert_int_equal(x.trail.steps, 190);
		x.s.w = all;
		drop(&x);
	}
}

static void
test_a_window_that_breaks_its_contract_is_refused(void **state)
{
	struct rng r = rng_of(seed, "refused", 1);
	struct subject x;
	struct det_window w;

	(void)state;
	begin_plain(&x, &r, det_find("r-cusum"), 100);
	w = x.s.w;
	w.n = 101;
	assert_int_equal(det_trail_judge(&x.trail, &w, x.scratch, x.kept),
			 DET_ERR_WINDOW);
	w.n = 100;
	x.s.count[40] = -1;
	det_trail_revise(&x.trail, 40);
	assert_int_equal(det_trail_judge(&x.trail, &w, x.scratch, x.kept),
			 DET_ERR_WINDOW);
	x.s.count[40] = 3;
	check(&x, 100, 2);
	assert_true(x.trail.steps < 60 + x.trail.every);
	drop(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_whatever_is_revised_the_verdicts_are_those_of_the_window),
		cmocka_unit_test(test_a_late_revision_costs_a_bounded_replay),
		cmocka_unit_test(test_what_is_new_costs_one_step),
		cmocka_unit_test(test_a_window_that_breaks_its_contract_is_refused),
	};
	const char *text = getenv("TEST_SEED");

	seed = text != NULL ? strtoull(text, NULL, 10) : 20240302;
	printf("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
