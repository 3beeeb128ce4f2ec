#ifndef TOCSIN_COLLECTORS_HANDOVER_H
#define TOCSIN_COLLECTORS_HANDOVER_H

/*
 * "push" while "run" has the outbox: push leaves a copy of its file in a
 * folder, the running process takes it and leaves a result beside it.
 *
 *	state/handover/NAME.csv          by push, renamed in, synced
 *	state/handover/NAME.csv.result   by run, renamed in, synced; then it
 *	                                 deletes NAME.csv
 *
 * The result's first line is "code rows bad first last"; complaints follow.
 * A crash in between leaves the file, which is then taken again with the same
 * result, because its content has a token.
 */

#include "collectors/files.h"
#include "collectors/take.h"

#define HANDOVER_FOLDER "handover" /* made before the lock is taken */

struct event_base;
struct outbox;
struct handover;

/* The taking side.  took is called after each file. */
struct handover *handover_open(struct event_base *base, struct outbox *o,
			       struct take *take, const char *state,
			       void (*took)(void *), void *arg);
void handover_close(struct handover **h);
/* Takes what is there now; for a process that has no loop running. */
void handover_scan(struct handover *h);

struct handover_result {
	enum take_result code;
	struct outbox_input input;
	char *complaints; /* for the person; NULL = none; free() it */
};

/*
 * The giving side.  give: copies the file; name gets what to ask for.  0, -1.
 * ask: 1 = the result is there (and is deleted), 0 = not yet, -1 = logged.
 */
int handover_give(const char *state, const char *file, char name[300])
	__attribute__((warn_unused_result));
int handover_ask(const char *state, const char *name, struct handover_result *out)
	__attribute__((warn_unused_result));

#endif
