#ifndef TOCSIN_DAEMON_SCALES_H
#define TOCSIN_DAEMON_SCALES_H

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
struct scales;

/* A stored event, told after COMMIT. */
struct scales_stored {
	int64_t number; /* its row */
	const char *name;
	const char *body_json;
};

/* Borrowed for its life; arg goes to every function. */
struct scales_env {
	struct event_base *base;
	struct store *store;
	struct judge *judge;
	struct dayclock *clock;
	void *arg;
	/* The newest ledger id whose cells are set. */
	int64_t (*applied)(void *arg);
	/* Weighs the day, calling scales_sink(). */
	int (*weigh)(void *arg, int32_t day);
	/*
	 * Who is told of the event: names into out, at most cap; how many.
	 * body is a new object with what a notice says, or NULL.
	 */
	size_t (*plan)(void *arg, const struct desk_event *event,
		       const char **out, size_t cap, json_t **body);
	/* When the digest is due in which it is told of it; 0: at once. */
	int64_t (*digest_ms)(void *arg, const struct desk_event *event,
			     const char *receiver);
	void (*stored)(void *arg, const struct scales_stored *event);
};

/* NULL when already logged. */
struct scales *scales_new(const struct scales_env *env);
void scales_free(struct scales **w);

/*
 * At start, once the windows are rebuilt: judges and weighs what a last run
 * left, then calls ready.
 */
int scales_start(struct scales *w, void (*ready)(void *arg), void *arg)
	__attribute__((warn_unused_result));

/* Cells were set: judge soon, and weigh soon unless the clock is manual. */
void scales_changed(struct scales *w);

/* The sink of the desk; arg is the scales. */
int scales_sink(void *arg, const struct desk_event *event);

/*
 * Called around desk_act(): done(arg, rc) once the events of the act are
 * committed (rc 0).
 */
typedef void scales_done(void *arg, int rc);
void scales_act_begin(struct scales *w, scales_done *done, void *arg);
/* false: the desk gave no event, done will not be called. */
bool scales_act_end(struct scales *w);

/*
 * Manual clock: judges and weighs each day up to and including day, which
 * becomes today.  done with rc 0 when all of it is committed; -1: it lies
 * before today, or too far away, or another is under way (why says which).
 */
int scales_advance(struct scales *w, int32_t day, scales_done *done, void *arg,
		   const char **why) __attribute__((warn_unused_result));

/* Once a second: a new day of the system clock, events to write again. */
void scales_tick(struct scales *w);

struct scales_stats {
	int32_t weighed_day;
	uint64_t weighings, events;
	size_t unwritten; /* events that wait for the disk */
	int64_t last_weigh_us, worst_weigh_us;
};
void scales_stats(const struct scales *w, struct scales_stats *out);

/* Is nothing left to judge, weigh or write? */
bool scales_idle(const struct scales *w);

#endif
