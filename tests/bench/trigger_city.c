/*
 * Which method should judge a day: highest fused scores of a city with its
 * own history of waves and of quiet months, New York 2020 to 2025, by method.
 * A method is of use to a trigger if what it makes of every wave lies above
 * what it makes of the quiet months.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/history.h"
#include "daemon/desk/weigh.h"
#include "tests/bench/trigger_parts.h"

static const struct span {
	const char *from, *to, *name;
	bool wave;
} spans[] = {
	{ "2020-02-01", "2020-02-29", "Feb 2020", false },
	{ "2021-02-01", "2021-06-30", "Feb-Jun 2021", false },
	{ "2023-02-01", "2023-06-30", "Feb-Jun 2023", false },
	{ "2024-02-01", "2024-05-31", "Feb-May 2024", false },
	{ "2020-03-01", "2020-03-09", "Mar 2020", true },
	{ "2020-10-21", "2020-11-25", "Nov 2020", true },
	{ "2021-06-28", "2021-08-02", "Jul 2021", true },
	{ "2021-11-08", "2021-12-13", "Dec 2021", true },
	{ "2022-03-02", "2022-04-06", "Mar 2022", true },
};
#define SPANS (sizeof(spans) / sizeof(spans[0]))

static const struct {
	const char *name, *param;
} methods[] = {
	{ "ears-c2", "guard=6" },      { "ears-c2", "guard=2" },
	{ "ears-c2", "guard=4" },      { "ears-c2", "baseline=28" },
	{ "w2", "guard=6" },	       { "rnssp-switch", "guard=2" },
	{ "rnssp-switch", "guard=6" }, { "tocsin", "guard=2" },
};

static void
say(void *arg, bool error, const char *message)
{
	(void)arg;
	if (error)
		fprintf(stderr, "bench-trigger: %s\n", message);
}

static void
keep_highest(double *top, double score, int32_t day)
{
	for (size_t i = 0; i < SPANS; i++) {
		if (day >= day_parse(spans[i].from, 10) &&
		    day <= day_parse(spans[i].to, 10) && score > top[i])
			top[i] = score;
	}
}

static int
play(const struct history *h, const struct trigger *t, size_t method, double *top)
{
	const char *const params[] = { methods[method].param, NULL };
	const struct judge_conf conf = { .history_days = 2200,
					 .day_method = methods[method].name,
					 .week_method = JUDGE_WEEK_METHOD,
					 .day_params = params };
	uint32_t city = registry_area(h->registry, "36-nyc", 6);
	struct judge *j = judge_new(&conf, h->registry);
	struct scale *scale = j == NULL ? NULL : weigh_new(h->registry, j);
	size_t next = 0;

	for (int32_t d = h->first_received;
	     scale != NULL && d <= h->last_received; d++) {
		struct weighing g;

		for (; next < h->n && h->count[next].received <= d; next++) {
			const struct history_count *c = &h->count[next];
			const struct judge_cell cell = {
				.value = c->value, .denominator = c->denominator
			};

			judge_set(j, c->series, c->day, &cell);
		}
		while (judge_dirty(j, 100000) > 0)
			;
		weigh(scale, t,
		      &(struct weigh_place){ city, REG_NONE, REG_NONE, d, NULL },
		      &g);
		if (!isnan(g.p))
			keep_highest(top, calib_score(g.p), d);
	}
	weigh_free(&scale);
	judge_free(&j);
	return scale == NULL && next == 0 ? -1 : 0;
}

static void
print_row(size_t method, const double *top)
{
	double quiet = 0, wave = 99;

	printf("| `%s`, %s |", methods[method].name, methods[method].param);
	for (size_t i = 0; i < SPANS; i++) {
		printf(" %.1f |", top[i]);
		if (spans[i].wave)
			wave = fmin(wave, top[i]);
		else
			quiet = fmax(quiet, top[i]);
	}
	printf(" %+.1f |\n", wave - quiet);
}

int
bench_city(const struct bench *b)
{
	static const char *const one[] = { "respiratory" };
	struct trigger_set *set;
	struct history h;
	int rc;

	if (history_read(&h, b->etc, b->city, say, NULL) != 0) {
		history_free(&h);
		return -1;
	}
	set = bench_load(b->etc, one, 1);
	rc = set == NULL ? -1 : 0;
	printf("\n## Which method judges a day\n\n| method |");
	for (size_t i = 0; i < SPANS; i++)
		printf(" %s%s |", spans[i].wave ? "wave " : "quiet ",
		       spans[i].name);
	printf(" least wave over highest quiet |\n| --- |");
	for (size_t i = 0; i <= SPANS; i++)
		printf(" --: |");
	putchar('\n');
	for (size_t m = 0; rc == 0 && m < sizeof(methods) / sizeof(methods[0]);
	     m++) {
		double top[SPANS] = { 0 };

		rc = play(&h, &set->at[0], m, top);
		print_row(m, top);
	}
	history_free(&h);
	trigger_free(&set);
	return rc;
}
