#ifndef TOCSIN_STORE_EVENTS_H
#define TOCSIN_STORE_EVENTS_H

/*
 * A set of alert events on its way to the store: gathered on the loop,
 * written in one transaction with the notices they cause and with how far
 * was weighed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store/alerts.h"
#include "daemon/store/store.h"

struct events_told {
	char *receiver;	   /* owned */
	int64_t digest_ms; /* see alerts.h */
};

struct events_one {
	char *id, *name, *body, *alert; /* owned */
	int32_t as_of;
	int64_t version, at_us;
	bool state_only; /* the alert is kept, the event makes no history */
	bool beside;	 /* the notices leave alone what waits for digests */
	struct events_told *told; /* owned, told_n of them */
	size_t told_n;
	char *notice;	/* body of the notices, owned; NULL = none */
	int64_t number; /* filled by events_write() */
};

struct events {
	struct events_one *at;
	size_t n, cap;
	int32_t weighed_day;  /* DAY_NONE = nothing was weighed */
	int64_t weighed_upto; /* newest ledger id whose counts were judged */
	int64_t clock_day;    /* DAY_NONE = the clock is the system's */
};

void events_init(struct events *e);
void events_fini(struct events *e);

/* Copies the texts; returns the new one, or NULL when memory is short. */
struct events_one *events_add(struct events *e, const struct alerts_event *event);
int events_add_receiver(struct events_one *one, const char *name,
			int64_t digest_ms) __attribute__((warn_unused_result));

/* Store thread: all of it.  0 or -1; may be called again. */
int events_write(struct events *e, struct db *db)
	__attribute__((warn_unused_result));

#endif
