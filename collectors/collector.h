#ifndef TOCSIN_COLLECTORS_COLLECTOR_H
#define TOCSIN_COLLECTORS_COLLECTOR_H

/*
 * What every command that owns the outbox needs, opened and closed in the
 * right order.
 */

#include "collectors/outbox.h"
#include "collectors/output.h"
#include "collectors/settings.h"
#include "collectors/take.h"

struct event_base;

struct collector {
	struct settings settings; /* loaded by the caller */
	struct event_base *base;
	struct outbox *outbox;
	struct counties *counties;
	struct pack *pack;
	struct take *take;
	struct output *output; /* NULL before collector_connect() */
	int lock;	       /* -1 = not held */
};

/*
 * Takes the lock and opens everything but the output.  0; 1 = another process
 * has the lock; -1 = already logged.
 */
int collector_open(struct collector *c) __attribute__((warn_unused_result));
/* Begins to send. */
int collector_connect(struct collector *c, void (*changed)(void *), void *arg)
	__attribute__((warn_unused_result));
/* Also after a failed collector_open(); settings are freed too. */
void collector_close(struct collector *c);

#endif
