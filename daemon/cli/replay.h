#ifndef TOCSIN_CLI_REPLAY_H
#define TOCSIN_CLI_REPLAY_H

/*
 * Plays a data set to judge and desk under its own clock: each day is judged
 * with what had been received by its end, then weighed.
 */

#include <stdint.h>

#include "daemon/cli/history.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/mark.h"

/* The words after --triggers; none: the shipped ones. */
#define REPLAY_MAX_TRIGGERS 16
struct replay_triggers {
	const char *at[REPLAY_MAX_TRIGGERS];
	size_t n;
};

/* 0, or -1 when said: too many. */
int replay_triggers_put(struct replay_triggers *t, const char *path);
/* What they hold; NULL when all that is wrong with it is said. */
struct trigger_set *replay_triggers_read(const struct replay_triggers *t,
					 const char *etc,
					 const struct registry *registry);

struct replay_conf {
	int32_t from, to; /* days weighed; DAY_NONE = all */
};

struct replay;

/* All borrowed.  NULL: already logged. */
struct replay *replay_new(const struct history *h, struct trigger_set *triggers,
			  desk_sink *sink, void *arg);
void replay_free(struct replay **r);

/* Days with a known reason, borrowed; before anything is received. */
void replay_set_marks(struct replay *r, const struct marks *marks);

/* Receives and judges everything up to the end of the day; no weighing. */
void replay_receive(struct replay *r, int32_t day);

/* Plays the days and weighs them; 0, or -1 when already logged. */
int replay_run(struct replay *r, const struct replay_conf *conf)
	__attribute__((warn_unused_result));

struct judge *replay_judge(struct replay *r);
struct desk *replay_desk(struct replay *r);

#endif
