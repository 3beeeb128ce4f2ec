#ifndef TOCSIN_DAEMON_WEIGHER_H
#define TOCSIN_DAEMON_WEIGHER_H

/*
 * When to judge and when to weigh, and that what the desk decides is kept:
 * an event, the alert after it, its notices and how far was weighed are one
 * transaction.  A start weighs every day after the last one that is written
 * down, so that a crash between acknowledgement and judging misses nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/dayclock.h"
#include "daemon/desk/desk.h"
#include "daemon/judge/judge.h"
#include "daemon/store/store.h"

struct event_base;
struct weigher;

/* A stored event, told after COMMIT. */
struct weigher_stored {
	int64_t number; /* its row */
	const char *name;
	const char *body_json;
};

/* Borrowed for its life; arg goes to every function. */
struct weigher_env {
	struct event_base *base;
	struct store *store;
	struct judge *judge;
	struct dayclock *clock;
	void *arg;
	/* The newest ledger id whose cells are set. */
	int64_t (*applied)(void *arg);
	/* Weighs the day, calling weigher_sink(). */
	int (*weigh)(void *arg, int32_t day);
	/*
	 * Who is told of the event: names into out, at most cap; how many.
	 * body is a new object with what a notice says, or NULL.
	 */
	size_t (*plan)(void *arg, const struct desk_event *event,
		       const char **out, size_t cap, json_t **body);
	void (*stored)(void *arg, const struct weigher_stored *event);
};

/* NULL when already logged. */
struct weigher *weigher_new(const struct weigher_env *env);
void weigher_free(struct weigher **w);

/*
 * At start, once the windows are rebuilt: judges and weighs what a last run
 * left, then calls ready.
 */
int weigher_start(struct weigher *w, void (*ready)(void *arg), void *arg)
	__attribute__((warn_unused_result));

/* Cells were set: judge soon, and weigh soon unless the clock is manual. */
void weigher_changed(struct weigher *w);

/* The sink of the desk; arg is the weigher. */
int weigher_sink(void *arg, const struct desk_event *event);

/*
 * Called around desk_act(): done(arg, rc) once the events of the act are
 * committed (rc 0).
 */
typedef void weigher_done(void *arg, int rc);
void weigher_act_begin(struct weigher *w, weigher_done *done, void *arg);
/* false: the desk gave no event, done will not be called. */
bool weigher_act_end(struct weigher *w);

/*
 * Manual clock: judges and weighs each day up to and including day, which
 * becomes today.  done with rc 0 when all of it is committed; -1: it lies
 * before today, or too far away, or another is under way (why says which).
 */
int weigher_advance(struct weigher *w, int32_t day, weigher_done *done, void *arg,
		    const char **why) __attribute__((warn_unused_result));

/* Once a second: a new day of the system clock, events to write again. */
void weigher_tick(struct weigher *w);

struct weigher_stats {
	int32_t weighed_day;
	uint64_t weighings, events;
	size_t unwritten; /* events that wait for the disk */
	int64_t last_weigh_us, worst_weigh_us;
};
void weigher_stats(const struct weigher *w, struct weigher_stats *out);

/* Is nothing left to judge, weigh or write? */
bool weigher_idle(const struct weigher *w);

#endif
