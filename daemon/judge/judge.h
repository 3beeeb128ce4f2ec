#ifndef TOCSIN_JUDGE_JUDGE_H
#define TOCSIN_JUDGE_JUDGE_H

/*
 * The windows of all series in memory and the verdicts on them.  A count
 * changes a cell, the days it can reach become dirty, judging is repeated for
 * them.  Sums of an area by kind and indicator are series of their own, up
 * the tree.  Knows no clock, no store and no trigger; a restart, a replay and
 * a back-test feed it in the same way and get the same verdicts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/judge/registry.h"
#include "detectors/detect.h"

struct judge;

struct judge_conf {
	int history_days; /* days of a series kept in memory */
	const char *day_method;
	const char *week_method;
	/* Parameters of the two as "key=value", NULL-terminated, or NULL. */
	const char *const *day_params;
	const char *const *week_params;
};

/* A cell as it stands; value NaN = no report (withdrawn, or never came). */
struct judge_cell {
	double value;
	double denominator; /* NaN = none */
	bool partial;
};

/* One period of one series, for charts and evidence. */
struct judge_point {
	int32_t day;
	struct judge_cell cell;
	bool judged;
	struct det_verdict verdict;
};

/* conf and registry are borrowed for the judge's life; NULL: logged. */
struct judge *judge_new(const struct judge_conf *conf,
			const struct registry *registry);
void judge_free(struct judge **j);

/*
 * Sets one cell.  A day before the history is ignored (it lies in the store),
 * a later one moves the window on.  Cheap: a few stores and a dirty mark.
 */
void judge_set(struct judge *j, uint32_t series, int32_t day,
	       const struct judge_cell *cell);

/*
 * Judges dirty series, at most budget of them, and returns how many are
 * still dirty.  Bounded so that a turn of the loop stays short.
 */
size_t judge_dirty(struct judge *j, size_t budget);

/* Is judging up to date? */
bool judge_idle(const struct judge *j);

/*
 * Copies the n periods from from_day on into out; 0, or -1 where there is no
 * such series.  The series must be judged (not dirty) for its verdicts.
 */
int judge_points(struct judge *j, uint32_t series, int32_t from_day, size_t n,
		 struct judge_point *out);

/* The same for the sum of an area by kind and indicator. */
int judge_area_points(struct judge *j, uint32_t area, uint32_t kind,
		      uint32_t indicator, int32_t from_day, size_t n,
		      struct judge_point *out);

/* Figures for status and metrics. */
struct judge_stats {
	uint64_t cells_set;
	uint64_t verdicts;
	size_t series;
	size_t dirty;
	size_t bytes;
};
void judge_stats(const struct judge *j, struct judge_stats *out);

#endif
