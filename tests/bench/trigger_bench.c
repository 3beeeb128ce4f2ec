/*
 * bench-trigger: what docs/trigger-quality.md prints.  Openings by chance
 * against the budget, what fusion gains over the best kind alone and over a
 * vote, and how fast a back-test and a nation's day are.  Everything is
 * simulated with seeds and parameters that no calibration has seen.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/day.h"
#include "daemon/cli/null.h"
#include "daemon/cli/replay.h"
#include "daemon/desk/desk.h"
#include "tests/bench/trigger_parts.h"

#define MAX_FILES 16

static void
say_conf(void *arg, const char *message)
{
	(void)arg;
	fprintf(stderr, "bench-trigger: %s\n", message);
}

static void
say(void *arg, bool error, const char *message)
{
	(void)arg;
	(void)error;
	fprintf(stderr, "bench-trigger: %s\n", message);
}

struct trigger_set *
bench_load(const char *etc, const char *const *name, size_t n)
{
	char path[MAX_FILES][512];
	const char *at[MAX_FILES];
	struct trigger_set *set = NULL;
	struct history h;

	for (size_t i = 0; i < n && i < MAX_FILES; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/triggers.d/%s.conf", etc,
			 name[i]);
		at[i] = path[i];
	}
	if (history_vocabulary(&h, etc, say, NULL) == 0)
		set = trigger_load(at, n, h.registry, say_conf, NULL);
	history_free(&h);
	return set;
}

double
bench_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int
drop_events(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return 0;
}

static int
time_backtest(const struct bench *b, struct trigger_set *set)
{
	const struct sim_conf conf = { .seed = 5,
				       .first_day = day_from_civil(2023, 1, 1),
				       .days = 466,
				       .counties = b->quick ? 10 : 40,
				       .size = 1,
				       .noise = 1,
				       .faults = true };
	const struct replay_conf all = { DAY_NONE, DAY_NONE };
	struct replay *r;
	struct history h;
	double begin, took;
	int rc = null_simulate(&h, b->etc, &conf, NULL, 0);

	if (rc == 0) {
		double areas = conf.counties + conf.counties / 10.0;

		begin = bench_seconds();
		r = replay_new(&h, set, drop_events, NULL);
		rc = r == NULL ? -1 : replay_run(r, &all);
		took = bench_seconds() - begin;
		printf("- back-test of the respiratory trigger, judging "
		       "included: %.0f area-days/s (%.0f areas, %d days, "
		       "%zu series)\n",
		       areas * conf.days / took, areas, conf.days,
		       registry_series_n(h.registry));
		replay_free(&r);
	}
	history_free(&h);
	return rc;
}

/* A last day of a nation: judged and weighed with everything before known. */
static int
time_day(const struct bench *b, struct trigger_set *set)
{
	const struct sim_conf conf = { .seed = 6,
				       .first_day = day_from_civil(2023, 3, 1),
				       .days = 50,
				       .counties = b->quick ? 150 : 3000,
				       .size = 1,
				       .noise = 1 };
	int32_t last = conf.first_day + conf.days - 1;
	struct history h;
	struct replay *r = NULL;
	double at[3] = { 0 };
	int rc = null_simulate(&h, b->etc, &conf, NULL, 0);

	if (rc == 0)
		r = replay_new(&h, set, drop_events, NULL);
	if (r == NULL) {
		rc = -1;
	} else {
		for (int32_t d = conf.first_day; d < last; d++)
			replay_receive(r, d);
		at[0] = bench_seconds();
		replay_receive(r, last);
		at[1] = bench_seconds();
		rc = desk_weigh(replay_desk(r), last, true);
		at[2] = bench_seconds();
		printf("- one day of %zu series in %d counties: judged in %.2f "
		       "s, weighed by %zu triggers in %.2f s\n",
		       registry_series_n(h.registry), conf.counties,
		       at[1] - at[0], set->n, at[2] - at[1]);
	}
	replay_free(&r);
	history_free(&h);
	return rc;
}

static int
bench_speed(const struct bench *b)
{
	static const char *const one[] = { "respiratory" };
	static const char *const five[] = { "respiratory", "enteric", "school",
					    "nursing-home", "imported" };
	struct trigger_set *set = bench_load(b->etc, one, 1);
	struct trigger_set *all = bench_load(b->etc, five, 5);
	int rc = -1;

	puts("\n## Speed, in seconds of one processor\n");
	if (set != NULL && all != NULL)
		rc = time_backtest(b, set);
	if (rc == 0)
		rc = time_day(b, all);
	trigger_free(&set);
	trigger_free(&all);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct bench *b);
	} parts[] = { { "budget", bench_budget },
		      { "gain", bench_gain },
		      { "city", bench_city },
		      { "speed", bench_speed } };
	struct bench b = { .etc = argc > 1 ? argv[1] : "" };
	const char *part = "";

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0)
			b.quick = true;
		else if (strncmp(argv[i], "--part=", 7) == 0)
			part = argv[i] + 7;
		else if (strncmp(argv[i], "--city=", 7) == 0)
			b.city = argv[i] + 7;
		else
			b.etc = "";
	}
	if (b.etc[0] == '\0') {
		fputs("usage: bench-trigger ETC [--quick] [--city=FOLDER] "
		      "[--part=budget|gain|city|speed]\n",
		      stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (*part != '\0' && strcmp(part, parts[i].name) != 0)
			continue;
		if (parts[i].run == bench_city && b.city == NULL)
			continue;
		if (parts[i].run(&b) != 0)
			return 1;
		fflush(stdout);
	}
	return 0;
}
