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
};
extern const struct conf_key deadline_keys[];

/* What holds where a trigger names none. */
#define DEADLINES_USUAL "routine"

/*
 * Puts "deadlines" into an alert: the block's name, basis and
 * basis_zh, and of every
 * step that has one step, due_ms, met_ms (null) and off (false).  0 or -1.
 */
int deadline_start(json_t *view, const char *name, const struct deadlines *d,
		   int64_t now_ms) __attribute__((warn_unused_result));

/* The step is done; a step that is done stays so. */
void deadline_meet(json_t *view, enum deadline_step step, int64_t now_ms);

/* Nobody need do what is left (off), or after reopening they do again. */
void deadline_off(json_t *view, bool off);

#endif
