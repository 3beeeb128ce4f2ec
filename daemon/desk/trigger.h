#ifndef TOCSIN_DESK_TRIGGER_H
#define TOCSIN_DESK_TRIGGER_H

/*
 * Triggers: rules that fuse the evidence of an area, read from
 * etc/triggers.d.  A trigger is checked as a whole before it may weigh
 * anything; every message names the file and the line of its block, or of the
 * word within a list, and for a misspelt word the nearest known one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/desk/deadline.h"
#include "daemon/judge/quality.h"
#include "daemon/judge/registry.h"
#include "detectors/calib.h"

/* Signal colours, the machine's grade. */
enum colour {
	COLOUR_NONE,
	COLOUR_BLUE,
	COLOUR_YELLOW,
	COLOUR_ORANGE,
	COLOUR_RED
};

const char *colour_str(enum colour c); /* "none", "blue" .. "red" */
int colour_parse(const char *text);    /* -1 = no such colour */

enum trigger_rule {
	RULE_FUSION,	 /* p-values of all kinds are fused */
	RULE_KINDS,	 /* at_least kinds of n have p <= alpha */
	RULE_NEIGHBOURS, /* at_least adjacent areas have p <= alpha */
	RULE_SCAN,	 /* the best group of neighbouring places */
	RULE_CASES,	 /* so many cases within the window */
	RULE_PERCENTILE	 /* above a percentile of the same season's past */
};

const char *trigger_rule_str(enum trigger_rule r);

#define TRIGGER_MAX_STEPS 4
#define TRIGGER_MAX_LATE QUALITY_HISTORY_DAYS
#define TRIGGER_SITE (1u << REG_LEVELS) /* in levels: each site by itself */

struct trigger {
	const char *name, *title, *title_zh;
	const char *where; /* "file:line", or SHIPPED_WHERE of shipped.h */
	enum trigger_rule rule;
	bool statutory; /* RULE_CASES, RULE_PERCENTILE: no p, no budget */
	const char *basis, *basis_zh; /* "" = none; one may stand for both */
	bool *indicator;	  /* by registry index: is it listened to? */
	double *kind_weight;	  /* by registry index; 0 = not listened to */
	int *lag;		  /* by registry index, days */
	size_t indicators, kinds; /* lengths of the three */
	unsigned levels; /* 1 << enum reg_level, or'ed, or TRIGGER_SITE */
	int window;	 /* days */
	int quiet_days;
	double budget; /* openings per area-year by chance, as written */
	double share[REG_LEVELS]; /* the same after the desk's own budget */
	bool fed;		  /* does anybody report what it listens to? */
	struct calib calib[2];	  /* county and below; above */
	/* by registry index, what holds of a kind's own p; likewise two */
	struct calib_tail *kind_tail[2];
	int at_least; /* RULE_KINDS, RULE_NEIGHBOURS */
	double alpha;
	double distance_km; /* RULE_NEIGHBOURS, RULE_SCAN */
	size_t steps;	    /* RULE_CASES: rising cases, rising colours */
	struct {
		double cases;
		enum colour colour;
	} step[TRIGGER_MAX_STEPS];
	int late;	   /* RULE_CASES: days */
	bool each;	   /* RULE_CASES: every indicator by itself */
	double percentile; /* RULE_PERCENTILE, 0..100 */
	int years;
	enum colour colour; /* RULE_PERCENTILE */
	uint32_t *whole; /* stronger triggers that it may be part of; indexes */
	size_t wholes;
	const struct deadlines *deadlines; /* NULL: none */
	const char *deadlines_name;
	const struct conf_list *tell;
};

struct trigger_set {
	struct conf *conf; /* owns the texts */
	struct trigger *at;
	size_t n;
	double desk_budget; /* 0 = none */
};

/* The keys of a trigger and of the desk, for the manual and for tests. */
extern const struct conf_block trigger_blocks[];

/*
 * Reads files or folders.  All errors are reported, then NULL; the registry
 * gives the kinds and indicators that there are and is not kept.
 */
struct trigger_set *trigger_load(const char *const *paths, size_t n,
				 const struct registry *registry,
				 conf_report *report, void *arg);
void trigger_free(struct trigger_set **set);

/*
 * The desk's budget caps the statistical triggers of one officer's area
 * together, and an officer has a level: those that look at it, and are fed,
 * share it out.
 */
void trigger_share_out(struct trigger_set *set);

/*
 * Does a judge that remembers so many days see all that the triggers compare
 * with?  What does not is reported, and could never fire.
 */
bool trigger_remembered(const struct trigger_set *set, int history_days,
			conf_report *report, void *arg);

/* Weeks before and after the same week of a year: RULE_PERCENTILE. */
#define TRIGGER_SEASON_WEEKS 2

/*
 * Does one of the n receivers, each with the routes that it takes (none = all),
 * take a route that each trigger tells?  Those that nobody hears are reported.
 */
bool trigger_heard(const struct trigger_set *set,
		   const struct conf_list *const *routes, size_t n,
		   conf_report *report, void *arg);

/* Index of the trigger of that name; set->n = none. */
size_t trigger_find(const struct trigger_set *set, const char *name);

/* The name nearest to a word, for "did you mean"; NULL: none is near. */
const char *trigger_near(const struct trigger_set *set, const char *name);

/*
 * Least recurrence interval, in area-years, of a colour in areas of a level;
 * statistical only.
 */
double trigger_interval(const struct trigger *t, enum reg_level level,
			enum colour c);

/* The calibration for areas of a level. */
const struct calib *trigger_calib(const struct trigger *t, enum reg_level level);

/* The colour that a fused p earns by its recurrence interval alone. */
enum colour trigger_colour(const struct trigger *t, enum reg_level level,
			   double p);

#endif
