#ifndef TOCSIN_DESK_WEIGH_H
#define TOCSIN_DESK_WEIGH_H

/*
 * Weighing: what one trigger makes of the evidence in one area as of the end
 * of one day.  A pure function of what the judge holds; it knows no alert.
 *
 * Rule fusion, from the inside out.  A kind's p of one day is the Cauchy
 * combination of three levels, each with equal say: the area's own sum, the
 * sums of the areas below, and the single series.  Over the days of the
 * window the kind's p is the Cauchy combination of (a) the Cauchy combination
 * of the days, which sees one bad day, and (b) Stouffer's over the days with
 * their correlation taken out, which sees a week that is a little high.  What
 * that p does under the null differs by kind (promotions, terms, few cases):
 * the trigger's kind_tails take it out, so that no ill-behaved kind raises the
 * threshold of all.  Over the kinds p is the Cauchy combination of their own
 * and, with the say of one more kind, of Stouffer's over them, with their
 * correlation estimated from the days before the window.  A weekly report
 * counts on its Sunday.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/desk/trigger.h"
#include "daemon/judge/judge.h"
#include "detectors/fuse.h"

struct weigh_kind {
	uint32_t kind;
	double plain;	/* p over the window; NaN = nothing known */
	double p;	/* the same without the kind's own null tail */
	size_t streams; /* series of the area that it listens to */
};

/* Places below one area that neighbours and scan look at. */
#define WEIGH_MAX_PLACES 256

/* RULE_CASES: what alerts have told of a place, so that it looks back. */
#define WEIGH_MAX_TOLD 16
struct weigh_past {
	int32_t since; /* windows before are not looked at; DAY_NONE: all */
	int32_t own;   /* first day of the episode that goes on, DAY_NONE */
	size_t n;      /* days that other episodes have told */
	struct {
		int32_t first, last;
	} told[WEIGH_MAX_TOLD];
	const struct quality *quality; /* NULL: no site hands in its past */
};

/* Where and when; site and indicator are REG_NONE where all are meant. */
struct weigh_place {
	uint32_t area, site, indicator;
	int32_t as_of;
	const struct weigh_past *past; /* NULL: the window alone */
};

struct weighing {
	uint32_t area, site; /* site: REG_NONE unless the trigger asks sites */
	uint32_t indicator;  /* REG_NONE unless it asks each */
	int32_t as_of;
	double p;		/* NaN: nothing known, or a statutory rule */
	enum colour earned;	/* by recurrence interval or cases alone */
	enum colour colour;	/* after the rule of points */
	size_t points;		/* classes of kinds with p <= .05 */
	uint64_t classes;	/* their bits, 1 << class index */
	size_t child_points[3]; /* areas below with >= 1, >= 2 points */
	size_t kinds;
	struct weigh_kind kind[FUSE_MAX_KINDS];
	/* RULE_NEIGHBOURS: areas right below that ring together; RULE_SCAN:
	   areas whose own sites do, or sites; its score, and over how many
	   days it was reached */
	size_t group_n;
	uint32_t group[WEIGH_MAX_PLACES];
	bool group_of_sites;
	double score;
	int score_days;
	double cases; /* RULE_CASES, RULE_PERCENTILE: within the window */
	/* RULE_CASES with a past: of the windows that ended before and not
	   been told, the colour; first day, and cases since then, of all that
	   ring and of the episode that goes on */
	enum colour late;
	int32_t from; /* DAY_NONE: none rings */
	double episode;
	const struct weigh_past *past; /* borrowed */
	double limit;		       /* RULE_PERCENTILE: what was exceeded */
};

struct scale;

struct scale *weigh_new(const struct registry *registry, struct judge *judge);
void weigh_free(struct scale **w);

/*
 * Weighs; memory that runs out is logged and gives nothing known.
 */
void weigh(struct scale *w, const struct trigger *t,
	   const struct weigh_place *at, struct weighing *out);

/*
 * The kinds' p of an area alone, measured against the weeks before whatever
 * they are: what the null tails of kinds are fitted to.
 */
void weigh_kinds_of(struct scale *w, const struct trigger *t, uint32_t area,
		    int32_t as_of, struct weighing *out);

/* Class p of the weighing's kinds (Simes); NaN = unknown. */
double weigh_class_p(const struct scale *w, const struct weighing *g,
		     uint32_t class_index);

/* First day of the kind's window that ends with as_of. */
int32_t weigh_from(const struct trigger *t, uint32_t kind, int32_t as_of);

/* One report of cases: first and last day of its period. */
struct weigh_report {
	uint32_t kind, site;
	int32_t day, end;
};

/* RULE_CASES: told already, or handed in as the past, and out of the window. */
bool weigh_left_out(const struct trigger *t, const struct weighing *g,
		    const struct weigh_report *r);

/* The weighing is about this sum. */
bool weigh_takes(const struct trigger *t, const struct weighing *g,
		 const struct judge_sum *sum);

/* The trigger listens to this sum. */
bool weigh_listens(const struct trigger *t, const struct judge_sum *sum);

/* Shares the desk's budget out among the triggers that are fed by now. */
void weigh_share_out(struct trigger_set *set, const struct registry *registry,
		     const struct judge *judge);

/* The area reports something that the trigger listens to. */
bool weigh_hears(const struct trigger *t, const struct judge *judge,
		 uint32_t area);

#endif
