#ifndef TOCSIN_DESK_DEADLINE_H
#define TOCSIN_DESK_DEADLINE_H

/*
 * The clocks of an alert: by when people acknowledge it, verify it, assess
 * its risk, report it and respond.  A block "deadlines" of the triggers says
 * how long each may take and on what basis; an alert keeps what held when it
 * opened.  Milliseconds of the wall clock, shown and never compared.
 */

#include <stdint.h>

#include <jansson.h>

#include "base/conf.h"

enum deadline_step {
	DEADLINE_ACKNOWLEDGE,
	DEADLINE_VERIFY,
	DEADLINE_ASSESS,
	DEADLINE_REPORT,
	DEADLINE_RESPOND,
	DEADLINE_STEPS
};

const char *deadline_step_str(enum deadline_step step); /* "verify" */

/* The titled block; 0 ms: this step has no deadline. */
struct deadlines {
	char *basis, *basis_zh;
	int64_t ms[DEADLINE_STEPS];
	struct conf_list escalate; /* steps told above when they are missed */
	int64_t next_level_ms;	   /* between two levels; 0: the next only */
	int escalate_from; /* 0 blue .. 3 red: lower ones are not told */
};
extern const struct conf_key deadline_keys[];

/* What holds where a trigger names none. */
#define DEADLINES_USUAL "routine"

/* What "escalate" says when no step is meant. */
#define DEADLINE_NO_STEP "none"

/* The step of that name, or -1. */
int deadline_step_parse(const char *name);

/*
 * Puts "deadlines" into an alert: the block's name, basis, basis_zh,
 * next_level_ms and escalate_from, and of every step that has one step, due_ms, met_ms (null),
 * off (false), escalates, and escalated (empty).  0 or -1.
 */
int deadline_start(json_t *view, const char *name, const struct deadlines *d,
		   int64_t now_ms) __attribute__((warn_unused_result));

/* The step is done; a step that is done stays so. */
void deadline_meet(json_t *view, enum deadline_step step, int64_t now_ms);

/*
 * Nobody need do what is left (off), or after reopening they do again, with
 * the time that was left.
 */
void deadline_off(json_t *view, bool off, int64_t now_ms);

/* What is left to do may take so much longer. */
void deadline_put_off(json_t *view, int64_t ms);

/* Steps that somebody above is to be told of now. */
struct deadline_miss {
	unsigned steps;	  /* bits, 1 << enum deadline_step */
	const char *last; /* code of the area told last, "" = none; borrowed */
	bool again; /* that nobody could be told is written down already */
};

/*
 * Those missed by now whose next level is to be told: of the first such step,
 * and of others that were told to the same area last.  Steps in skip do not
 * count.  false: none, or the alert's colour is below escalate_from; statutory
 * rules have no such limit.
 */
bool deadline_missed(const json_t *view, int64_t now_ms, unsigned skip,
		     struct deadline_miss *out);

/*
 * The acknowledgement, if it would be told above and was not yet.  false: it
 * is not to be.
 */
bool deadline_unheard(const json_t *view, struct deadline_miss *out);

/* Adds the entry to "escalated" of the steps. */
void deadline_escalated(json_t *view, unsigned steps, json_t *entry);

/* What a notice says of the steps: [{step, due_ms}]; a new array. */
json_t *deadline_list(const json_t *view, unsigned steps);

#endif
