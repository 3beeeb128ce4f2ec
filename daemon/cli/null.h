#ifndef TOCSIN_CLI_NULL_H
#define TOCSIN_CLI_NULL_H

/*
 * Triggers under the null: the invented province without outbreaks, or quiet
 * history, weighed day by day.  What calibration fits and the bench checks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/cli/history.h"
#include "daemon/cli/sim.h"
#include "daemon/desk/trigger.h"

/* Days before the first weighed one: detectors have learned by then. */
#define NULL_WARM_DAYS 100

/*
 * Fills h with the simulated province.  0, or -1 (said on standard error); h
 * is to be freed in any case.
 */
int null_simulate(struct history *h, const char *etc_dir,
		  const struct sim_conf *conf,
		  const struct sim_outbreak *outbreak, size_t outbreaks)
	__attribute__((warn_unused_result));

/*
 * The province with all its sources and without outbreaks, but only of what
 * one of the triggers listens to: quicker, and the same counts of that.
 */
int null_simulate_for(struct history *h, const char *etc_dir,
		      const struct sim_conf *conf, const struct trigger_set *set)
	__attribute__((warn_unused_result));

/* Daily scores (-log10 p) of one trigger, area by area; NaN: not weighed. */
struct null_scores {
	double *at; /* areas * days */
	size_t areas, days;
	uint32_t *area; /* registry indexes, in order */
	bool wide;	/* areas above the county, or the others */
	int32_t first_day;
	/* null_weigh_kinds(): each kind's p by itself, by registry index */
	struct calib_counts *kind;
	size_t kinds;
};

/*
 * Plays h and weighs every statistical trigger of the set on each day after
 * the warm-up: out[2 * trigger] for county and below, out[2 * trigger + 1] for
 * the areas above.  0, or -1 (said on standard error).
 */
int null_weigh(const struct history *h, struct trigger_set *set,
	       struct null_scores *out) __attribute__((warn_unused_result));
/*
 * The same, and counts what the p of each kind alone is, on every second day
 * up to the day `until`.
 */
int null_weigh_kinds(const struct history *h, struct trigger_set *set,
		     int32_t until, struct null_scores *out)
	__attribute__((warn_unused_result));
void null_free(struct null_scores *s);

/* Adds areas and counts of more to s; both need the same number of days. */
int null_append(struct null_scores *s, const struct null_scores *more)
	__attribute__((warn_unused_result));

#endif
