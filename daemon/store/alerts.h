#ifndef TOCSIN_STORE_ALERTS_H
#define TOCSIN_STORE_ALERTS_H

/*
 * Alerts as they stand, the events they came by, and the notices of those
 * events.  Events are append-only: the database refuses to change or delete
 * one, and each carries a hash over itself and the one before, so that a
 * change made behind its back shows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"

#define ALERTS_CHAIN_BYTES 32

struct alerts_event {
	const char *id;	  /* the alert's */
	const char *name; /* "opened" ... */
	int32_t as_of;
	int64_t version;
	int64_t at_us;
	const char *body;  /* JSON of the event */
	const char *alert; /* JSON of the alert after it */
};

/* Writer: the event and the alert after it; *number gets the event's row. */
int alerts_put(struct db *db, const struct alerts_event *event, int64_t *number)
	__attribute__((warn_unused_result));

/* Writer: the alert alone, for an event that makes no history. */
int alerts_put_state(struct db *db, const struct alerts_event *event)
	__attribute__((warn_unused_result));

/* Reader: all alerts, in the order in which they opened. */
typedef void alerts_each(void *arg, const char *id, const char *body);
int alerts_load(struct db *db, alerts_each *each, void *arg)
	__attribute__((warn_unused_result));

/* One stored event; borrowed for the call. */
struct alerts_stored {
	int64_t number;
	const char *id, *name, *body;
	int64_t version, at_us;
};
typedef void alerts_each_event(void *arg, const struct alerts_stored *event);

/* Reader: at most max events with a number above after; how many, or -1. */
long alerts_after(struct db *db, int64_t after, size_t max,
		  alerts_each_event *each, void *arg);
/* Reader: the events of one alert, oldest first; how many, or -1. */
long alerts_of(struct db *db, const char *id, alerts_each_event *each, void *arg);

/*
 * Walks the chain of all events.  0 = whole; 1 = broken at *number; -1 =
 * already logged.
 */
int alerts_verify(struct db *db, int64_t *number)
	__attribute__((warn_unused_result));

/* Writer: a notice of the event that waits to be sent. */
struct alerts_notice {
	int64_t event;
	const char *alert; /* its id */
	const char *receiver;
	const char *message; /* the same on every try */
	const char *body;
	int64_t created_ms;
	int64_t digest_ms; /* it waits for the receiver's digest of then; 0: it
			      is sent at once */
	bool beside;	   /* it leaves what waits of the same alert alone */
};
/* What waits of the same alert for a digest of the receiver is superseded. */
int alerts_put_notice(struct db *db, const struct alerts_notice *notice)
	__attribute__((warn_unused_result));

enum alerts_notice_state {
	ALERTS_NOTICE_WAITING,
	ALERTS_NOTICE_SENT,
	ALERTS_NOTICE_DEAD,
	ALERTS_NOTICE_SUPERSEDED
};

/* Writer: what came of a try. */
struct alerts_try {
	int64_t notice;
	enum alerts_notice_state state;
	int64_t at_ms, next_ms;
	const char *error;
};
int alerts_put_try(struct db *db, const struct alerts_try *try)
	__attribute__((warn_unused_result));

struct alerts_outbox {
	int64_t id, event, tries, created_ms, next_ms, done_ms;
	int64_t digest_ms; /* as in alerts_notice */
	const char *receiver, *message, *body, *state, *error;
};
typedef void alerts_each_notice(void *arg, const struct alerts_outbox *row);

/* What is due: a digest by the centre's clock, all else and every further try
   by the wall's. */
struct alerts_now {
	int64_t wall_ms, clock_ms;
};
/* Reader: waiting and due by now, oldest first; how many, or -1. */
long alerts_due(struct db *db, const struct alerts_now *now, size_t max,
		alerts_each_notice *each, void *arg);
/* Reader: all that is due of one digest, in the order in which it came. */
long alerts_digest(struct db *db, const struct alerts_now *now,
		   const struct alerts_outbox *one, alerts_each_notice *each,
		   void *arg);
/* Reader: how many notices wait for a digest, by receiver; -1: logged. */
typedef void alerts_each_wait(void *arg, const char *receiver, int64_t n);
int alerts_waits(struct db *db, alerts_each_wait *each, void *arg);
/* Reader: all notices, newest first; how many, or -1. */
long alerts_notices(struct db *db, size_t max, alerts_each_notice *each,
		    void *arg);

#endif
