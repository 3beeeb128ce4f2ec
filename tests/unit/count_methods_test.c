/*
 * glm-nb, nb-cusum and poisson-cusum: purity, holes and hostile windows, and
 * that they alarm when they should.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX 500

static const char *const names[] = { "glm-nb", "nb-cusum", "poisson-cusum" };

struct fixture {
	const struct det_method *m;
	double p[DET_MAX_PARAMS];
	double count[MAX];
	struct det_window w;
	struct det_verdict out[MAX];
	void *scratch;
};

static void
setup(struct fixture *f, const char *name, enum det_period period)
{
	f->m = det_find(name);
	assert_non_null(f->m);
	det_params_default(f->m, f->p);
	f->scratch = malloc(f->m->scratch(f->p, MAX));
	assert_non_null(f->scratch);
	f->w = (struct det_window){ .count = f->count,
				    .n = MAX,
				    .first_t = 1,
				    .first_day = 11323,
				    .period = period };
	srand(3);
	for (size_t i = 0; i < MAX; i++)
		f->count[i] = 3 + rand() % 9;
}

static void
judge(struct fixture *f, size_t from)
{
	assert_int_equal(det_judge(f->m, f->p, &f->w, from, f->scratch, f->out),
			 DET_OK);
}

static void
test_one_cell_or_many_within_reach(void **state)
{
	static struct fixture f;

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct det_verdict one, all[60];
		size_t reach;

		setup(&f, names[k], DET_DAY);
		if (k == 0)
			assert_int_equal(
				det_params_set(f.m, f.p, "history", "200"),
				DET_OK);
		reach = f.m->reach(f.p);
		assert_true(reach < 440);
		f.count[450] = f.count[300] = NAN;
		f.count[430] = 60;
		judge(&f, 440);
		for (size_t i = 0; i < 60; i++)
			all[i] = f.out[i];
		for (size_t i = 0; i < 60; i++) {
			struct det_window w = f.w;

			w.n = reach;
			w.count = f.count + 441 + i - reach;
			w.first_day += 441 + (int32_t)i - (int32_t)reach;
			w.first_t += 441 + (int64_t)i - (int64_t)reach;
			assert_int_equal(det_judge(f.m, f.p, &w, reach - 1,
						   f.scratch, &one),
					 DET_OK);
			assert_memory_equal(&one, &all[i], sizeof(one));
		}
		free(f.scratch);
	}
}

static void
test_rise_alarms(void **state)
{
	static struct fixture f;

	(void)state;
	for (int k = 0; k < 3; k++) {
		size_t alerts = 0;

		setup(&f, names[k], DET_WEEK);
		judge(&f, 300);
		for (size_t i = 0; i < 200; i++)
			alerts += f.out[i].level == DET_ALERT;
		assert_in_range(alerts, 0, 4);
		for (size_t i = 490; i < 500; i++)
			f.count[i] += 9;
		judge(&f, 490);
		alerts = 0;
		for (size_t i = 0; i < 10; i++)
			alerts += f.out[i].level == DET_ALERT;
		assert_in_range(alerts, 3, 10);
		free(f.scratch);
	}
}

static void
test_upper_is_the_limit(void **state)
{
	static struct fixture f;

	(void)state;
	for (int k = 0; k < 3; k++) {
		setup(&f, names[k], DET_WEEK);
		judge(&f, MAX - 1);
		f.count[MAX - 1] = f.out[0].upper;
		judge(&f, MAX - 1);
		assert_int_not_equal(f.out[0].level, DET_ALERT);
		f.count[MAX - 1] = f.out[0].upper + 1;
		judge(&f, MAX - 1);
		assert_int_equal(f.out[0].level, DET_ALERT);
		free(f.scratch);
	}
}

static void
test_any_window_is_safe(void **state)
{
	static const double x[] = { 0,	 1,   2147483647, DET_MAX_COUNT,
				    NAN, NAN, 3,	  0.25 };
	static struct fixture f;

	(void)state;
	for (int round = 0; round < 60; round++) {
		setup(&f, names[round % 3], round % 2 ? DET_DAY : DET_WEEK);
		srand((unsigned)round);
		for (size_t i = 0; i < MAX; i++)
			f.count[i] = x[rand() % 8];
		f.w.n = (size_t)(rand() % 200);
		f.w.first_day = rand() % 100000 - 50000;
		judge(&f, 0);
		for (size_t i = 0; i < f.w.n; i++) {
			const struct det_verdict *v = &f.out[i];
			int known = v->level != DET_UNKNOWN;

			assert_int_equal(known, v->reason == DET_JUDGED);
			assert_int_equal(known, v->p > 0 && v->p <= 1);
			assert_int_equal(known, isfinite(v->upper));
			assert_int_equal(known, isfinite(v->statistic));
		}
		free(f.scratch);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cell_or_many_within_reach),
		cmocka_unit_test(test_rise_alarms),
		cmocka_unit_test(test_upper_is_the_limit),
		cmocka_unit_test(test_any_window_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
