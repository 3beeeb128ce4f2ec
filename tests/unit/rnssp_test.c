/*
 * rnssp-ewma, rnssp-regression and rnssp-switch against what the R functions
 * gave: every row of tests/golden/rnssp.csv, and of a further file of the same
 * form named by RNSSP_GOLDEN.
 */
#include "detectors/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"

#define MAX_DAYS 1024
#define GIVEN 4 /* expected, statistic, p, level */

struct block {
	char name[128]; /* series,method */
	char method[64];
	size_t n;
	int32_t first_day;
	double count[MAX_DAYS];
	char text[MAX_DAYS][GIVEN][32];
};

static size_t rows, blocks;

static int
near(const char *text, double got, double relative, double absolute)
{
	double want = strtod(text, NULL);

	if (text[0] == '\0')
		return 1;
	return fabs(got - want) <=
	       absolute + relative * fmax(fabs(want), relative > absolute);
}

static const char *
colour(const struct det_verdict *v, const char *want)
{
	int learning_blue = strcmp(want, "blue") == 0 && isnan(v->p);

	switch (v->level) {
	case DET_UNKNOWN:
		return learning_blue ? "blue" : "grey";
	case DET_NORMAL:
		return "blue";
	case DET_WARNING:
		return "yellow";
	case DET_ALERT:
		return "red";
	}
	return "";
}

static void
check_block(const struct block *b)
{
	const struct det_method *m = det_find(b->method);
	struct det_window w = { .count = b->count,
				.n = b->n,
				.first_t = 1,
				.first_day = b->first_day,
				.period = DET_DAY };
	static struct det_verdict out[MAX_DAYS];
	static double scratch[MAX_DAYS];
	double p[DET_MAX_PARAMS];

	assert_non_null(m);
	det_params_default(m, p);
	assert_int_equal(det_judge(m, p, &w, 0, scratch, out), DET_OK);
	for (size_t i = 0; i < b->n; i++) {
		char(*given)[32] = (char(*)[32])b->text[i];
		const struct det_verdict *v = &out[i];
		int ok = near(given[0], v->expected, 1e-6, 0) &&
			 near(given[1], v->statistic, 1e-6, 0) &&
			 near(given[2], v->p, 1e-6, 1e-8) &&
			 strcmp(given[3], colour(v, given[3])) == 0 &&
			 (v->level == DET_UNKNOWN) == (given[2][0] == '\0');

		if (!ok)
			fail_msg("%s row %zu: %s %s %s %s, got %.12g %.12g "
				 "%.12g %s",
				 b->name, i + 1, given[0], given[1], given[2],
				 given[3], v->expected, v->statistic, v->p,
				 det_level_str(v->level));
		rows++;
	}
	blocks++;
}

/* Splits at commas in place; empty fields count. */
static size_t
split(char *line, char **field, size_t max)
{
	size_t n = 0;
	char *s = line;

	line[strcspn(line, "\r\n")] = '\0';
	while (s != NULL && n < max)
		field[n++] = strsep(&s, ",");
	return n;
}

static void
add_row(struct block *b, char **field)
{
	char name[128];

	snprintf(name, sizeof(name), "%s,%s", field[0], field[3]);
	if (strcmp(name, b->name) != 0) {
		if (b->n > 0)
			check_block(b);
		b->n = 0;
		memcpy(b->name, name, sizeof(name));
		snprintf(b->method, sizeof(b->method), "%s", field[3]);
		b->first_day = day_parse(field[1], strlen(field[1]));
		assert_true(b->first_day > 0);
	}
	assert_true(b->n < MAX_DAYS);
	b->count[b->n] = strtod(field[2], NULL);
	for (size_t k = 0; k < GIVEN; k++)
		snprintf(b->text[b->n][k], sizeof(b->text[0][0]), "%s",
			 field[4 + k]);
	b->n++;
}

static void
check_file(const char *path)
{
	static struct block b;
	char line[512], *field[8];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	memset(&b, 0, sizeof(b));
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f) != NULL) {
		assert_int_equal(split(line, field, 8), 8);
		add_row(&b, field);
	}
	check_block(&b);
	fclose(f);
}

static void
test_every_golden_row(void **state)
{
	const char *more = getenv("RNSSP_GOLDEN");

	(void)state;
	check_file("tests/golden/rnssp.csv");
	assert_int_equal(blocks, 18);
	assert_int_equal(rows, 18 * 110);
	if (more != NULL)
		check_file(more);
	print_message("%zu rows of %zu series and methods agree\n", rows, blocks);
}

static const char *const names[] = { "rnssp-ewma", "rnssp-regression",
				     "rnssp-switch" };

static void
test_holes_give_verdicts_or_unknown(void **state)
{
	double count[200], scratch[200], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 200,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict out[200];
	size_t judged = 0;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		count[i] = i * 7919 % 13 < 4 ? NAN : (double)(i * 31 % 17);
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		det_params_default(m, p);
		assert_int_equal(det_judge(m, p, &w, 0, scratch, out), DET_OK);
		for (size_t i = 0; i < 200; i++) {
			int known = out[i].level != DET_UNKNOWN;

			assert_int_equal(known, out[i].reason == DET_JUDGED);
			assert_int_equal(known, isfinite(out[i].p));
			assert_int_equal(known, isfinite(out[i].upper));
			assert_true(!isnan(count[i]) ||
				    out[i].reason == DET_REPORT_MISSING);
			judged += (size_t)known;
		}
	}
	assert_true(judged > 300);
}

static void
test_one_cell_or_many_is_the_same(void **state)
{
	double count[90], scratch[90], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 90,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict all[90], one;

	(void)state;
	for (size_t i = 0; i < 90; i++)
		count[i] = i == 50 ? NAN : (double)(i * i * 31 % 23);
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		det_params_default(m, p);
		w.n = 90;
		assert_int_equal(det_judge(m, p, &w, 0, scratch, all), DET_OK);
		for (size_t i = 0; i < 90; i++) {
			w.n = i + 1;
			assert_int_equal(det_judge(m, p, &w, i, scratch, &one),
					 DET_OK);
			assert_memory_equal(&one, &all[i], sizeof(one));
		}
	}
}

/* The upper limit is where the level changes. */
static void
test_upper_is_the_limit(void **state)
{
	double count[60], scratch[60], p[DET_MAX_PARAMS];
	struct det_window w = { .count = count,
				.n = 60,
				.first_t = 1,
				.first_day = 19000,
				.period = DET_DAY };
	struct det_verdict v;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		const struct det_method *m = det_find(names[k]);

		for (size_t i = 0; i < 60; i++)
			count[i] = (double)(10 + i * 7 % 5);
		det_params_default(m, p);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		count[59] = v.upper * (1 + 1e-4);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		assert_int_equal(v.level, DET_ALERT);
		count[59] = v.upper * (1 - 1e-4);
		assert_int_equal(det_judge(m, p, &w, 59, scratch, &v), DET_OK);
		assert_int_equal(v.level, DET_WARNING);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_golden_row),
		cmocka_unit_test(test_holes_give_verdicts_or_unknown),
		cmocka_unit_test(test_one_cell_or_many_is_the_same),
		cmocka_unit_test(test_upper_is_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
