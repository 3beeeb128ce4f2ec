#ifndef TOCSIN_JUDGE_JUDGE_H
#define TOCSIN_JUDGE_JUDGE_H

/*
 * The windows of all series in memory and the verdicts on them.  A count
 * changes a cell, the days it can reach become dirty, judging is repeated for
 * them.  Sums of an area by kind and indicator are series of their own, up
 * the tree.  Knows no clock, no store and no trigger; a restart, a replay and
 * a back-test feed it in the same way and get the same verdicts.
 *
 * A new series has no baseline yet and borrows that of its peers: settled
 * series of the same kind, indicator, stratum and period, of the nearest area
 * above it that has PEERS_LEAST of them reporting on that day, up to the
 * province.  detectors/peers.h says how.  Rates are judged where its reports
 * and enough peers have denominators.  Such verdicts are weighed as others
 * are; in sums it takes no part before it has settled.
 *
 * Unknown is not zero, also in a sum.  The sum of a day is taken over the
 * series that reported on it and have a baseline (JUDGE_SETTLED), and it is
 * judged against the past sums of the same series.  A past day on which some
 * of them are missing is scaled by their shares of the mean count; with less
 * than half of it present the day is missing.  So a silent site lowers a sum
 * and its baseline alike, and a new site joins when it has a past.  A site
 * that reports an indicator both as a whole and by stratum is summed as a
 * whole.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/judge/registry.h"
#include "detectors/detect.h"

struct judge;
struct mark; /* daemon/judge/mark.h */
struct marks;

/*
 * What a method gets to see that reads back to the start of a series: what it
 * remembers (det_carry.memory), and at most so many periods.  A longer memory
 * than this would make the verdicts of a centre that keeps less differ from
 * those of a back-test.
 */
#define JUDGE_LONGEST_DAYS 400
#define JUDGE_LONGEST_WEEKS 260

/*
 * The methods by default.  A day is compared with the seven reports before
 * the six days in front of it: a trigger weighs the days of a week together,
 * and none of them may lie in the baseline of another.  docs/trigger-quality.md
 * has the measurements.
 *
 * A year has few weeks, and they scatter much (animals found dead, readings of
 * waste water) or turn with the season (mosquitoes).  What estimates scatter
 * and trend rings five to ten times less by chance at p .001 than a mean and
 * a deviation of some weeks, and finds more at the same rate;
 * docs/province.md has the figures.
 */
#define JUDGE_DAY_METHOD "ears-c2"
#define JUDGE_DAY_PARAM "guard=6"
#define JUDGE_WEEK_METHOD "tocsin"

struct judge_conf {
	int history_days; /* days of a series kept in memory */
	int verdict_days; /* days whose verdicts are kept; 0 = 42 */
	const char *day_method;
	const char *week_method;
	/*
	 * Parameters of the two as "key=value", NULL-terminated, or NULL.
	 * Without any, JUDGE_DAY_METHOD is run with JUDGE_DAY_PARAM.
	 */
	const char *const *day_params;
	const char *const *week_params;
};

/* A cell as it stands; value NaN = no report (withdrawn, or never came). */
struct judge_cell {
	double value;
	double denominator; /* NaN = none */
	bool partial;
};

/* Whose counts the verdict on a new series rests on. */
struct judge_borrowed {
	size_t peers;  /* settled series of the kind; 0: its own past alone */
	size_t own;    /* earlier reports of its own that took part */
	uint32_t area; /* where the peers are */
};

/* One period of one series, for charts and evidence. */
struct judge_point {
	int32_t day;
	int period; /* 1 or 7 days */
	struct judge_cell cell;
	bool judged;
	struct det_verdict verdict;
	struct judge_borrowed borrowed;
	const char *mark; /* why it is marked, or NULL; not of events */
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
 * The site declared the day (weekly: the week of the day) complete: what it
 * has not reported by then is known to be missing and not waited for.  It is
 * no zero.  The last 64 periods are remembered.
 */
void judge_close(struct judge *j, uint32_t site, int32_t day);
bool judge_closed(const struct judge *j, uint32_t site, int32_t day);
/* First day of the last period declared complete, or DAY_NONE. */
int32_t judge_closed_last(const struct judge *j, uint32_t site);

/*
 * Judges dirty series, at most budget of them, and returns how many are
 * still dirty.  Bounded so that a turn of the loop stays short.
 */
size_t judge_dirty(struct judge *j, size_t budget);

/*
 * Everything kept is to be judged again, for the registry's calendars have
 * changed: the verdicts then are those of a start.
 */
void judge_all_again(struct judge *j);

/*
 * Days with a known reason, borrowed for the judge's life.  The cells of an
 * outbreak are missing from the baselines of all days but their own; those of
 * a cause also make no verdict and take no part in sums; those of a fault are
 * missing, as if withdrawn.  Where a mark comes or goes, judge_remark() says
 * so afterwards; returns how many series it is about.
 */
void judge_set_marks(struct judge *j, const struct marks *marks);
size_t judge_remark(struct judge *j, const struct mark *changed);

/* Is judging up to date? */
bool judge_idle(const struct judge *j);
/* What is to be judged, in windows of single series. */
size_t judge_burden(const struct judge *j);

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

/*
 * A series has settled when it has reported on half of the last 28 days, or
 * 8 weeks; before, it takes no part in sums.  It is new while its first report
 * lies within JUDGE_NEW_DAYS or _WEEKS: who has been silent is not new.
 */
#define JUDGE_SETTLED_DAYS 28
#define JUDGE_SETTLED_WEEKS 8
#define JUDGE_NEW_DAYS 34
#define JUDGE_NEW_WEEKS 12

/* The sum of an area; index 0..judge_sums()-1, stable. */
struct judge_sum {
	uint32_t area, kind, indicator;
	int period;		/* 1 or 7 days */
	const uint32_t *member; /* series, in order of addition */
	size_t members;
	int32_t first_day; /* of the first period any member has reported on */
	uint32_t next_of_area; /* REG_NONE ends */
};
size_t judge_sums(const struct judge *j);
/* Valid until the next judge_set(). */
void judge_sum_at(const struct judge *j, uint32_t i, struct judge_sum *out);
/* The first sum of the area, REG_NONE where it has none. */
uint32_t judge_sums_of(const struct judge *j, uint32_t area);

/*
 * The p-value and level kept for the period that holds the day, one of the
 * last verdict_days before the series' last report; NaN and DET_UNKNOWN where
 * there is none, or the series has not settled and has nobody to borrow from.
 * Towards the side on which the indicator is worrying.
 *
 * This p is for fusion and prudent: never below what a Poisson count allows
 * whose mean is the method's expectation, known from 28 days (12 weeks), see
 * fuse_count_p(); and never below JUDGE_LEAST_P, for no model of some weeks of
 * a site knows its own tail any further.  judge_points() gives the method's
 * own.
 */
#define JUDGE_LEAST_P 1e-6
double judge_series_p(const struct judge *j, uint32_t series, int32_t day,
		      enum det_level *level);
double judge_sum_p(const struct judge *j, uint32_t sum, int32_t day,
		   enum det_level *level);

/* The cell of the period that holds the day, as it was reported. */
void judge_cell(const struct judge *j, uint32_t series, int32_t day,
		struct judge_cell *out);
/* The same for rules of cases: what is marked as a fault is missing. */
void judge_case_cell(const struct judge *j, uint32_t series, int32_t day,
		     struct judge_cell *out);
/* Do marks say that the day is no evidence (a cause, a fault)? */
bool judge_is_void(const struct judge *j, uint32_t series, int32_t day);
/*
 * Is the day of a marked outbreak, so that its p says nothing about how the
 * series, or the sum, usually scatters?  Of a sum where a tenth of the members
 * are marked.
 */
bool judge_is_apart(const struct judge *j, uint32_t series, int32_t day);
bool judge_sum_is_apart(const struct judge *j, uint32_t sum, int32_t day);

/* First and last day with a report in memory; DAY_NONE where there is none. */
void judge_span(const struct judge *j, uint32_t series, int32_t *first,
		int32_t *last);
/* Has the series settled by the day (see JUDGE_SETTLED_DAYS)? */
bool judge_settled(const struct judge *j, uint32_t series, int32_t day);

/*
 * Whose counts the p of judge_series_p() rests on.
 */
void judge_borrows(const struct judge *j, uint32_t series, int32_t day,
		   struct judge_borrowed *out);

/*
 * The areas (unordered, each once) with a series or a sum that was judged
 * again since the last judge_touched_clear(), or with a new series whose peers
 * elsewhere were.
 */
size_t judge_touched(const struct judge *j, const uint32_t **areas);
void judge_touched_clear(struct judge *j);

/* The name of the method that judges series of a period. */
const char *judge_method(const struct judge *j, int period);

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
