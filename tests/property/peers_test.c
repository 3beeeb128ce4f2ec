/*
 * A new series judged against its peers: p is what it says for sites of
 * varying size, and behaves.  The seed is fixed.
 */
#include "detectors/peers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <cmocka.h>

#define N PEERS_CELLS
#define GUARD 6
#define ROWS_MAX 60

/* How sites differ and counts scatter. */
struct nature {
	const char *name;
	double mean, spread; /* of levels: log-normal */
	double scatter;	     /* variance of a count = mean * (1 + it * mean) */
	bool rates; /* sites of very different size, levels are rates */
	size_t m;
};

struct world {
	double count[(ROWS_MAX + 1) * N], denom[(ROWS_MAX + 1) * N];
	double work[2 * ROWS_MAX];
	struct peers peers;
	struct peers_cells all, own;
};

static double
draw_count(const struct nature *n, double mean)
{
	if (n->scatter > 0)
		mean *= rgamma(1 / n->scatter, n->scatter);
	return rpois(mean);
}

/* Peers, and in the last row a new series that has reported so many days. */
static void
make(struct world *w, const struct nature *n, size_t days)
{
	static const double week[7] = { 1.3, 1.1, 1, 1, 1.1, .6, .4 };
	double effect[N], season = 1;
	size_t phase = (size_t)(unif_rand() * 7);

	for (size_t d = 0; d < N; d++) {
		season *= exp(.05 * norm_rand());
		effect[d] = season * week[(d + phase) % 7];
	}
	for (size_t i = 0; i <= n->m; i++) {
		double level = n->mean * exp(n->spread * norm_rand() -
					     n->spread * n->spread / 2);
		double size = n->rates ? exp(5 + norm_rand()) : 1;

		for (size_t d = 0; d < N; d++) {
			bool there = i == n->m ? d + days + 1 >= N
					       : d == N - 1 || unif_rand() < .95;

			w->denom[i * N + d] = n->rates ? ceil(size) : 1;
			w->count[i * N + d] =
				there ? draw_count(n,
						   level * ceil(size) * effect[d] /
							   (n->rates ? 150 : 1))
				      : NAN;
		}
	}
	w->all = (struct peers_cells){ w->count, n->rates ? w->denom : NULL, N,
				       GUARD };
	w->own = w->all;
	w->own.count += n->m * N;
	if (n->rates)
		w->own.denom += n->m * N;
	peers_learn(&w->all, n->m, w->work, &w->peers);
}

/* With peers of its own kind p is below .05 and .01 about as often. */
static void
p_is_what_it_says(void **state)
{
	static const struct nature natures[] = {
		{ "small, alike", .3, .2, 0, false, 8 },
		{ "few peers", 5, .7, .1, false, 5 },
		{ "schools", 3, .6, .15, false, 8 },
		{ "many", 3, 1, .15, false, 40 },
		{ "clinics", 30, 1, .1, false, 8 },
		{ "pharmacies", 200, .8, .02, false, 20 },
		{ "rates", 3, .4, .1, true, 8 },
		{ "rates, many", 3, .4, .1, true, 40 },
	};
	static const size_t days[] = { 1, 2, 3, 5, 8, 13 };
	static struct world w;

	(void)state;
	for (size_t k = 0; k < sizeof(natures) / sizeof(natures[0]); k++) {
		double n = 0, below[2] = { 0 };

		set_seed(20240601, 77 + (unsigned)k);
		for (size_t r = 0; r < 2000; r++) {
			struct det_verdict v;

			make(&w, &natures[k], days[r % 6]);
			peers_judge(&w.peers, &w.own, &v);
			assert_true(v.p >= 0 && v.p <= 1);
			n++;
			below[0] += v.p < .05;
			below[1] += v.p < .01;
		}
		print_message("%s: p < .05 on %.4f, < .01 on %.4f\n",
			      natures[k].name, below[0] / n, below[1] / n);
		assert_true(below[0] / n < .065 && below[0] / n > .025);
		assert_true(below[1] / n < .016 && below[1] / n > .002);
	}
}

/* The first day can't tell a large site from one in trouble. */
static void
the_first_day_is_modest(void **state)
{
	static const struct nature n = { "", 5, .1, 0, false, 9 };
	static struct world w;
	struct det_verdict v;

	(void)state;
	set_seed(5, 5);
	make(&w, &n, 0);
	w.count[n.m * N + N - 1] = 1000;
	assert_int_equal(peers_judge(&w.peers, &w.own, &v), 0);
	assert_true(fabs(v.p - .1) < 1e-9);
	assert_true(isnan(peers_upper(&w.peers, &w.own)));
	w.count[n.m * N + N - 1] = 0;
	peers_judge(&w.peers, &w.own, &v);
	assert_true(fabs(v.p - .9) < 1e-9);
}

static void
p_falls_with_the_count(void **state)
{
	static const struct nature n = { "", 4, .6, .2, false, 7 };
	static struct world w;

	(void)state;
	set_seed(6, 6);
	for (int r = 0; r < 50; r++) {
		double before = 1, upper;

		make(&w, &n, (size_t)r % 14);
		upper = peers_upper(&w.peers, &w.own);
		for (double x = 0; x < 60; x++) {
			struct det_verdict v;

			w.count[n.m * N + N - 1] = x;
			peers_judge(&w.peers, &w.own, &v);
			assert_true(v.p <= before);
			assert_true(v.expected > 0);
			if (!isnan(upper))
				assert_true((v.level == DET_ALERT) == (x > upper));
			before = v.p;
		}
	}
}

/* What the peers say loses its weight as own days come. */
static void
own_days_take_over(void **state)
{
	static const struct nature n = { "", 4, .3, 0, false, 10 };
	static struct world w;
	double off = 1e9;

	(void)state;
	set_seed(7, 7);
	make(&w, &n, 0);
	for (size_t days = 1; days <= 34; days += 11) {
		struct det_verdict v;

		for (size_t d = N - 1 - days; d < N; d++)
			w.count[n.m * N + d] = round(60 * w.peers.effect[d]);
		peers_judge(&w.peers, &w.own, &v);
		assert_true(fabs(v.expected - w.count[n.m * N + N - 1]) < off);
		off = fabs(v.expected - w.count[n.m * N + N - 1]);
	}
	assert_true(off < .1 * w.count[n.m * N + N - 1]);
}

/* Fewer than PEERS_LEAST, no report, and peers without a past say nothing. */
static void
too_few_say_nothing(void **state)
{
	static struct nature n = { "", 4, .3, 0, false, PEERS_LEAST };
	static struct world w;
	struct det_verdict v;

	(void)state;
	set_seed(8, 8);
	make(&w, &n, 5);
	w.count[n.m * N + N - 1] = 1000;
	peers_judge(&w.peers, &w.own, &v);
	assert_int_equal(v.level, DET_ALERT);
	peers_learn(&w.all, n.m - 1, w.work, &w.peers);
	peers_judge(&w.peers, &w.own, &v);
	assert_int_equal(v.level, DET_UNKNOWN);
	assert_int_equal(v.reason, DET_LEARNING);
	assert_true(isnan(v.p));
	for (size_t gone = 0; gone < 2; gone++) {
		make(&w, &n, 5);
		for (size_t d = 3; gone == 0 && d < N - 1; d++)
			w.count[d] = NAN;
		if (gone == 1)
			w.count[N - 1] = NAN;
		peers_learn(&w.all, n.m, w.work, &w.peers);
		assert_int_equal(w.peers.m, 0);
	}
	make(&w, &n, 5);
	w.count[n.m * N + N - 1] = NAN;
	peers_judge(&w.peers, &w.own, &v);
	assert_int_equal(v.reason, DET_REPORT_MISSING);
}

/* Days and sites without a single case are no division by zero. */
static void
nothing_anywhere(void **state)
{
	static const struct nature n = { "", 0, 0, 0, false, 6 };
	static struct world w;
	struct det_verdict v;

	(void)state;
	set_seed(9, 9);
	make(&w, &n, 5);
	peers_judge(&w.peers, &w.own, &v);
	assert_true(v.p > .3 && v.p < .7);
	w.count[n.m * N + N - 1] = 3;
	peers_judge(&w.peers, &w.own, &v);
	assert_true(v.p > 0 && v.p < .02);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p_is_what_it_says),
		cmocka_unit_test(the_first_day_is_modest),
		cmocka_unit_test(p_falls_with_the_count),
		cmocka_unit_test(own_days_take_over),
		cmocka_unit_test(too_few_say_nothing),
		cmocka_unit_test(nothing_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
