#ifndef TOCSIN_STORE_FRAMES_H
#define TOCSIN_STORE_FRAMES_H

/*
 * The ledger: frames as they were received, how far each sender's outbox is
 * durable, and what was refused.  What takes the writer's connection runs on
 * the store thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/db.h"

/* One outbox on one way in. */
struct frames_key {
	const char *sender;
	uint64_t epoch;
	int32_t partition; /* Kafka's, or -1 */
};

struct frames_row {
	struct frames_key key;
	uint64_t seq;
	int64_t recv_us;
	uint32_t crc;
	const void *frame;
	size_t len;
};

/* Writer: appends; *id gets its place in the order of decisions. */
int frames_put(struct db *db, const struct frames_row *row, int64_t *id)
	__attribute__((warn_unused_result));

/* What is durable of an outbox; seq 0 = nothing yet.  0 or -1. */
int frames_high_water(struct db *db, const struct frames_key *key, uint64_t *seq,
		      uint32_t *crc) __attribute__((warn_unused_result));
/* Writer: everything up to seq is durable. */
int frames_advance(struct db *db, const struct frames_key *key, uint64_t seq,
		   uint32_t crc, int64_t now_us)
	__attribute__((warn_unused_result));

/*
 * Writer: the same where seq follows what is durable, which it does most
 * times.  1 = done, 0 = it does not follow, -1.
 */
int frames_follow(struct db *db, const struct frames_key *key, uint64_t seq,
		  uint32_t crc, int64_t now_us)
	__attribute__((warn_unused_result));

/* The crc of a kept frame: 1 = found, 0 = not (or no longer) kept, -1. */
int frames_crc(struct db *db, const struct frames_key *key, uint64_t seq,
	       uint32_t *crc) __attribute__((warn_unused_result));

/* Writer: frames first..last will never come. */
int frames_gap(struct db *db, const struct frames_key *key, uint64_t first,
	       uint64_t last, int64_t now_us) __attribute__((warn_unused_result));

/* Writer: refused for ever.  index -1 = the whole frame. */
struct frames_refusal {
	int64_t index;
	const char *code;
	const char *reason;
};
int frames_reject(struct db *db, const struct frames_key *key, uint64_t seq,
		  const struct frames_refusal *refusal, int64_t now_us)
	__attribute__((warn_unused_result));

/* Writer: the site declared the day complete. */
int frames_closed(struct db *db, int32_t day, const char *site, int64_t recv_s)
	__attribute__((warn_unused_result));

/* Reader: what was declared complete from the day on. */
typedef void frames_each_closed(void *arg, int32_t day, const char *site);
int frames_load_closed(struct db *db, int32_t from_day, frames_each_closed *each,
		       void *arg) __attribute__((warn_unused_result));

/* The next offset to read; -1 = never read. */
int frames_offset(struct db *db, const char *topic, int32_t partition,
		  int64_t *next) __attribute__((warn_unused_result));
int frames_set_offset(struct db *db, const char *topic, int32_t partition,
		      int64_t next) __attribute__((warn_unused_result));

/*
 * Requests of the HTTP door.  frames_posted(): 1 = a request with this key
 * was answered; answer (cap bytes) gets what was said and *same whether its
 * body was the same.  0 = new, -1 = already logged.
 */
#define FRAMES_HASH_BYTES 32
int frames_posted(struct db *db, const char *sender,
		  const uint8_t key[FRAMES_HASH_BYTES],
		  const uint8_t body[FRAMES_HASH_BYTES], char *answer,
		  size_t cap, int *same) __attribute__((warn_unused_result));
int frames_put_posted(struct db *db, const char *sender,
		      const uint8_t key[FRAMES_HASH_BYTES],
		      const uint8_t body[FRAMES_HASH_BYTES], const char *answer,
		      int64_t now_us) __attribute__((warn_unused_result));

/* The newest id of the ledger; 0 = empty. */
int frames_last(struct db *db, int64_t *id) __attribute__((warn_unused_result));

#endif
