#ifndef TOCSIN_INTAKE_INGEST_H
#define TOCSIN_INTAKE_INGEST_H

/*
 * From a frame to a committed, judged count, whatever door it came through:
 * in order within its outbox, once, checked, and acknowledged only after
 * COMMIT.  It does no I/O of its own; doors (zmq.h, kafka.h, post.h) bring
 * frames, the store keeps them, the judge gets the cells.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/intake/batch.h"
#include "daemon/intake/feed.h"
#include "daemon/store/store.h"
#include "proto/wire.h"

struct ingest;

/* The block "intake" of the configuration. */
struct ingest_conf {
	int64_t horizon_days;	 /* older days are refused */
	int64_t series_per_site; /* most series a site may bring into being */
	int64_t backlog;	 /* counts that may wait for the store */
	int64_t at_once;	 /* counts put in place before their ACK */
	int64_t window;		 /* frames a sender may have under way */
	int64_t feeds;		 /* outboxes kept in memory */
};
extern const struct conf_key ingest_conf_keys[];

enum ingest_disk { INGEST_DISK_FINE, INGEST_DISK_LOW, INGEST_DISK_OUT };

/* Borrowed for its life; arg goes to every function. */
struct ingest_env {
	const struct ingest_conf *conf;
	struct store *store;
	struct registry *registry;
	struct judge *judge;
	struct quality *quality; /* NULL: nobody asks how sites report */
	void *arg;
	struct zone_now (*now)(void *arg);
	int64_t (*now_us)(void *arg); /* when a count is received */
	void (*changed)(void *arg);   /* cells were set */
};

/* What the door tells the sender. */
enum ingest_say {
	INGEST_SAY_NOTHING, /* settled comes later */
	INGEST_SAY_ACK,
	INGEST_SAY_NACK,
	INGEST_SAY_WELCOME
};
struct ingest_reply {
	enum ingest_say say;
	uint32_t code;	   /* of a NACK, enum wire_nack */
	uint64_t seq;	   /* of a NACK: the one that is meant */
	uint64_t expected; /* of a NACK: the one to go on with, or 0 */
	char reason[BATCH_REASON_BYTES];
	struct batch_older older; /* of an ACK */
};

/*
 * What became of something handed over.  batch lasts for the call and is
 * NULL after HELLO, and where an ACK is repeated because there is room again.
 */
typedef void ingest_settled(void *arg, struct feed *feed,
			    const struct batch *batch,
			    const struct ingest_reply *reply);

struct ingest_door {
	void *arg;
	ingest_settled *settled;
};

/* NULL when already logged. */
struct ingest *ingest_new(const struct ingest_env *env);
void ingest_free(struct ingest **in);

/*
 * One frame of an outbox, opened by wire_open().  as = the sender whom the
 * door has authenticated, or NULL where the frame's word is taken.  Returns
 * the feed, or NULL where none can be named.
 */
struct ingest_opened {
	const char *as;
	const uint8_t *frame;
	size_t len;
	const struct wire_header *head;
	const uint8_t *body;
};
struct feed *ingest_frame(struct ingest *in, const struct ingest_door *door,
			  const struct ingest_opened *opened,
			  struct ingest_reply *reply);

/* HELLO likewise; may record a gap, and then says WELCOME when it is kept. */
struct feed *ingest_hello(struct ingest *in, const struct ingest_door *door,
			  const struct ingest_opened *opened,
			  struct ingest_reply *reply);

/*
 * A decoded frame, staged for a door that makes its own store job (Kafka,
 * HTTP).  NULL when memory is short.
 */
struct batch *ingest_stage(struct ingest *in, const struct batch_source *source,
			   const struct wire_batch *decoded, bool any_site);
/* After COMMIT of such a batch: cells, figures. */
void ingest_apply(struct ingest *in, const struct batch *batch);
/* Counts a frame that was not one, by the decoder's error. */
void ingest_bad_frame(struct ingest *in, int wire_err);

/* Room to decode into; one for everybody, used within one call. */
struct wire_batch *ingest_scratch(struct ingest *in);

/* Frames a sender may have under way now; 0 = wait. */
uint32_t ingest_window(const struct ingest *in);
/* Is there room for another batch? */
bool ingest_has_room(const struct ingest *in);
void ingest_set_disk(struct ingest *in, enum ingest_disk disk);
enum ingest_disk ingest_disk(const struct ingest *in);

struct feed_set *ingest_feeds(struct ingest *in);
/* At start: which stored series has which index. */
struct series_ids *ingest_series(struct ingest *in);

#define INGEST_BAD 20 /* above every -(enum wire_error) */

struct ingest_stats {
	uint64_t frames; /* committed */
	uint64_t again, early, busy, forks, gaps, poison;
	uint64_t counts; /* committed */
	uint64_t refused_by[BATCH_CODES];
	uint64_t bad_by[INGEST_BAD];
	int64_t ledger; /* the newest id whose cells are set */
	struct batch_tally tally;
	size_t feeds;
};
void ingest_stats(const struct ingest *in, struct ingest_stats *out);

#endif
