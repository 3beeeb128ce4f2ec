/*
 * Openings by chance against the budget: ten years of sixty counties without
 * an outbreak; other seeds, winters, holidays, sizes and noise than those of
 * the years the shipped thresholds were fitted to.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "daemon/cli/null.h"
#include "tests/bench/trigger_parts.h"

#define DAYS_A_YEAR 365.25
#define DRAWS 2000
#define MAX_YEARS 10
#define SHORT_QUIET 3 /* days; with the shipped 14, 12 a year do not fit */

/* Files of triggers; the first ones are counted above the county by
   themselves, in provinces with more cities than all of them could be. */
static const char *const names[] = {
	"respiratory",	"enteric",	"imported",  "school",
	"nursing-home", "neurological", "adverse",   "rash-fever",
	"animal",	"poisoning",	"foodborne", "supply",
	"environment",	"vector-borne",
};
#define NAMES (sizeof(names) / sizeof(names[0]))
#define NAMES_WIDE 3
#define COUNTIES 60
#define COUNTIES_WIDE 130

/* Scores of 2 * triggers (county and below, above) of each year. */
struct years {
	struct null_scores *at[MAX_YEARS];
	size_t n, width;
};

static void
free_years(struct years *y)
{
	for (size_t i = 0; i < y->n; i++) {
		for (size_t k = 0; k < y->width; k++)
			null_free(&y->at[i][k]);
		free(y->at[i]);
	}
	y->n = 0;
}

static int
play_years(struct years *y, const char *etc, struct trigger_set *set,
	   struct sim_conf conf)
{
	int rc = 0;

	y->width = 2 * set->n;
	for (size_t i = 0; i < y->n && rc == 0; i++) {
		struct history h;

		y->at[i] = calloc(y->width + 1, sizeof(*y->at[i]));
		if (y->at[i] == NULL) {
			y->n = i;
			return -1;
		}
		fprintf(stderr, "bench-trigger: a year with seed %llu ...\n",
			(unsigned long long)conf.seed);
		rc = null_simulate_for(&h, etc, &conf, set);
		if (rc == 0)
			rc = null_weigh(&h, set, y->at[i]);
		history_free(&h);
		conf.seed++;
		conf.first_day += 365;
		conf.noise = 2.2 - conf.noise;
		conf.size = 2 - conf.size;
	}
	return rc;
}

static size_t
openings(const struct null_scores *s, double threshold, int quiet)
{
	size_t n = 0;

	for (size_t a = 0; a < s->areas; a++)
		n += calib_openings(s->at + a * s->days, s->days, threshold,
				    (size_t)quiet);
	return n;
}

/* The province has nothing that this trigger listens to. */
static bool
is_deaf(const struct null_scores *s)
{
	for (size_t i = 0; i < s->areas * s->days; i++) {
		if (!isnan(s->at[i]))
			return false;
	}
	return true;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Rate a year, and the middle 95% of it over years drawn with replacement. */
static void
print_rate(const double *rate, size_t n)
{
	static double drawn[DRAWS];
	uint64_t random = 20240601;
	double mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += rate[i] / (double)n;
	for (size_t d = 0; d < DRAWS; d++) {
		drawn[d] = 0;
		for (size_t i = 0; i < n; i++) {
			random = random * 6364136223846793005u +
				 1442695040888963407u;
			drawn[d] += rate[(random >> 33) % n] / (double)n;
		}
	}
	qsort(drawn, DRAWS, sizeof(*drawn), compare);
	printf(" %.3g (%.2g to %.2g) |", mean, drawn[DRAWS / 40],
	       drawn[DRAWS - DRAWS / 40 - 1]);
}

static void
print_row(const struct trigger *t, const struct calib *c, const struct years *y,
	  size_t column)
{
	double area_years = 0;

	for (size_t i = 0; i < y->n; i++) {
		const struct null_scores *s = &y->at[i][column];

		area_years += (double)(s->areas * s->days) / DAYS_A_YEAR;
	}
	if (area_years <= 0)
		return;
	printf("| %s | %s | %g | %d | %.0f | %.0f |", t->name,
	       column % 2 == 0 ? "county" : "above", t->share[REG_COUNTY],
	       t->quiet_days, area_years, area_years * t->share[REG_COUNTY]);
	if (t->share[REG_COUNTY] > c->at[0].rate) {
		printf(" at most %g | | | |\n", c->at[0].rate);
		return;
	}
	for (enum colour k = COLOUR_BLUE; k <= COLOUR_RED; k++) {
		double rate[MAX_YEARS];
		double at = calib_score(
			calib_p(c, 1 / trigger_interval(t, REG_COUNTY, k)));

		for (size_t i = 0; i < y->n; i++) {
			const struct null_scores *s = &y->at[i][column];

			rate[i] = (double)openings(s, at, t->quiet_days) *
				  DAYS_A_YEAR / (double)(s->areas * s->days);
		}
		print_rate(rate, y->n);
	}
	putchar('\n');
}

/* A table for a trigger with another quiet_days, as calibrate would fit it. */
static int
fit_short(struct calib *c, const struct years *y, size_t column)
{
	static const double rates[] = { 36, 24, 18, 12, 10, 8, 7,
					6,  5,	4,  3,	2,  1 };
	struct null_scores all = { 0 };
	int rc = 0;

	for (size_t i = 0; i < y->n && rc == 0; i++)
		rc = null_append(&all, &y->at[i][column]);
	if (rc == 0 && all.areas > 0)
		rc = calib_fit(c, all.at, all.areas, all.days, SHORT_QUIET,
			       rates, sizeof(rates) / sizeof(rates[0]));
	null_free(&all);
	return rc;
}

/* Rows of one trigger and width: column i of the years it is counted in. */
static void
print_rows(const struct trigger *of, const struct years *fit, size_t i,
	   const struct years *check, size_t k)
{
	static const double budgets[] = { 0.5, 2, 12 };

	if (of->statutory || is_deaf(&check->at[0][k]))
		return;
	for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++) {
		struct trigger t = *of;
		struct calib c = t.calib[i % 2];

		for (int l = 0; l < REG_LEVELS; l++)
			t.share[l] = budgets[b];
		if (budgets[b] > 2) {
			t.quiet_days = SHORT_QUIET;
			if (fit_short(&c, fit, i) != 0)
				continue;
		}
		print_row(&t, &c, check, k);
	}
}

static void
print_table(const struct trigger_set *set, const struct years *fit,
	    const struct years *check, const struct trigger_set *wide,
	    const struct years *check_wide)
{
	puts("| trigger | areas | budget | quiet days | area-years | openings"
	     " wanted | blue | yellow | orange | red |\n"
	     "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |");
	for (size_t i = 0; i < set->n; i++) {
		const struct trigger *t = &set->at[i];
		size_t w = trigger_find(wide, t->name);

		print_rows(t, fit, 2 * i, check, 2 * i);
		if (w < wide->n)
			print_rows(t, fit, 2 * i + 1, check_wide, 2 * w + 1);
		else
			print_rows(t, fit, 2 * i + 1, check, 2 * i + 1);
	}
}

int
bench_budget(const struct bench *b)
{
	struct trigger_set *set = bench_load(b->etc, names, NAMES);
	struct trigger_set *wide = bench_load(b->etc, names, NAMES_WIDE);
	struct years fit = { .n = b->quick ? 1 : 3 };
	struct years check = { .n = b->quick ? 2 : MAX_YEARS };
	struct years check_wide = check;
	struct sim_conf conf = { .seed = 1,
				 .first_day = day_from_civil(2023, 1, 1),
				 .days = NULL_WARM_DAYS + 366,
				 .counties = b->quick ? 10 : COUNTIES,
				 .size = 1,
				 .noise = 1.1,
				 .faults = true };
	int rc = set == NULL || wide == NULL
			 ? -1
			 : play_years(&fit, b->etc, set, conf);

	conf.seed = 5001;
	conf.noise = 1.2;
	conf.size = 0.9;
	conf.first_day = day_from_civil(2013, 1, 1);
	if (rc == 0)
		rc = play_years(&check, b->etc, set, conf);
	conf.counties = b->quick ? 20 : COUNTIES_WIDE;
	for (size_t i = 0; wide != NULL && i < wide->n; i++)
		wide->at[i].levels &= (1u << REG_COUNTY) - 1;
	if (rc == 0)
		rc = play_years(&check_wide, b->etc, wide, conf);
	if (rc == 0) {
		puts("\n## Openings by chance an area and year\n");
		print_table(set, &fit, &check, wide, &check_wide);
	}
	free_years(&fit);
	free_years(&check);
	free_years(&check_wide);
	trigger_free(&set);
	trigger_free(&wide);
	return rc;
}
