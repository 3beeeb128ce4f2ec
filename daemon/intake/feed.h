#ifndef TOCSIN_INTAKE_FEED_H
#define TOCSIN_INTAKE_FEED_H

/*
 * The outboxes that send, each named by its sender and epoch: what is durable
 * of it, what is handed over to the store, and the rule what to do with its
 * next frame.  Read from the store at first use, dropped again when idle and
 * too many.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "base/db.h"
#include "daemon/judge/registry.h"

#define FEED_IN_FLIGHT 256 /* frames whose crc is remembered */
#define FEED_KEY_BYTES (REG_CODE_BYTES + 8)

struct feed {
	char sender[REG_CODE_BYTES];
	uint64_t epoch;
	uint64_t durable; /* committed up to here */
	uint64_t staged;  /* handed to the store up to here */
	uint32_t durable_crc;
	bool waiting;	  /* sent away for want of room; to be called again */
	bool gap_pending; /* a gap is being written down */
	bool fork_said;	  /* once in the log */
	bool ack_due;	  /* the door's: in its list of acknowledgements */
	struct feed *ack_next;
	size_t under_way;	/* store jobs that point here */
	uint64_t refused_total; /* of frames not yet acknowledged */
	/* The door's: where its acknowledgements go, as of the last frame. */
	uint8_t route[256];
	size_t route_len;

	uint32_t staged_crc[FEED_IN_FLIGHT];
	char key[FEED_KEY_BYTES];
	UT_hash_handle hh;
};

struct feed_set;

/* reader is borrowed for its life.  NULL when memory is short. */
struct feed_set *feed_set_new(struct db *reader, size_t most);
void feed_set_free(struct feed_set **set);
size_t feed_set_n(const struct feed_set *set);
/* In no particular order; NULL begins and ends. */
struct feed *feed_next(const struct feed_set *set, struct feed *s);

/* The feed, or NULL: no sender's name, no memory, all are busy. */
struct feed *feed_find(struct feed_set *set, const char *sender, size_t len,
		       uint64_t epoch);

enum feed_rule {
	FEED_TAKE,     /* the next one */
	FEED_DURABLE,  /* already committed, same content */
	FEED_ON_WAY,   /* handed over, same content */
	FEED_FORK,     /* this number was another frame */
	FEED_EXPECTED, /* one before it is missing */
	FEED_FAILED    /* the store could not be read; already logged */
};
enum feed_rule feed_ask(struct feed_set *set, const struct feed *s,
			uint64_t seq, uint32_t crc);
/* The frame is handed over. */
void feed_stage(struct feed *s, uint64_t seq, uint32_t crc);
/* It is committed. */
void feed_commit(struct feed *s, uint64_t seq, uint32_t crc);

#endif
