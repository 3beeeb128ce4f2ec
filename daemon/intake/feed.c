/* The order of frames within an outbox. */
#include "daemon/intake/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/store/frames.h"

struct feed_set {
	struct db *reader;
	size_t most;
	struct feed *at;
};

struct feed_set *
feed_set_new(struct db *reader, size_t most)
{
	struct feed_set *set = calloc(1, sizeof(*set));

	if (set != NULL) {
		set->reader = reader;
		set->most = most;
	}
	return set;
}

void
feed_set_free(struct feed_set **pset)
{
	struct feed_set *set = *pset;
	struct feed *s, *next;

	*pset = NULL;
	if (set == NULL)
		return;
	HASH_ITER (hh, set->at, s, next) {
		HASH_DEL(set->at, s);
		free(s);
	}
	free(set);
}

size_t
feed_set_n(const struct feed_set *set)
{
	return HASH_COUNT(set->at);
}

struct feed *
feed_next(const struct feed_set *set, struct feed *s)
{
	return s == NULL ? set->at : s->hh.next;
}

/* The hash keeps the order of insertion: the oldest idle one goes. */
static bool
make_room(struct feed_set *set)
{
	struct feed *s, *next;

	if (HASH_COUNT(set->at) < set->most)
		return true;
	HASH_ITER (hh, set->at, s, next) {
		if (s->under_way == 0 && !s->ack_due && !s->waiting) {
			HASH_DEL(set->at, s);
			free(s);
			return true;
		}
	}
	return false;
}

static int
read_durable(struct feed_set *set, struct feed *s)
{
	const struct frames_key key = { s->sender, s->epoch, -1 };

	if (frames_high_water(set->reader, &key, &s->durable, &s->durable_crc) < 0)
		return -1;
	s->staged = s->durable;
	return 0;
}

/* The code, a NUL, the epoch. */
static size_t
make_key(const char *sender, size_t len, uint64_t epoch, char key[FEED_KEY_BYTES])
{
	memcpy(key, sender, len);
	key[len] = '\0';
	memcpy(key + len + 1, &epoch, sizeof(epoch));
	return len + 1 + sizeof(epoch);
}

struct feed *
feed_find(struct feed_set *set, const char *sender, size_t len, uint64_t epoch)
{
	char key[FEED_KEY_BYTES];
	size_t key_len;
	struct feed *s;

	if (len == 0 || len >= REG_CODE_BYTES)
		return NULL;
	key_len = make_key(sender, len, epoch, key);
	HASH_FIND(hh, set->at, key, key_len, s);
	if (s != NULL)
		return s;
	if (!make_room(set))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	memcpy(s->sender, sender, len);
	s->epoch = epoch;
	memcpy(s->key, key, key_len);
	if (read_durable(set, s) < 0) {
		free(s);
		return NULL;
	}
	HASH_ADD(hh, set->at, key, key_len, s);
	return s;
}

/* A frame at or below the high water: was it this one? */
static enum feed_rule
ask_ledger(struct feed_set *set, const struct feed *s, uint64_t seq, uint32_t crc)
{
	const struct frames_key key = { s->sender, s->epoch, -1 };
	uint32_t kept = s->durable_crc;
	int rc = 1;

	if (seq != s->durable || kept == 0) /* 0: a gap ended there */
		rc = frames_crc(set->reader, &key, seq, &kept);
	if (rc < 0)
		return FEED_FAILED;
	/* Older than the ledger's retention: it was there once. */
	return rc == 0 || kept == crc ? FEED_DURABLE : FEED_FORK;
}

enum feed_rule
feed_ask(struct feed_set *set, const struct feed *s, uint64_t seq, uint32_t crc)
{
	if (seq <= s->durable)
		return ask_ledger(set, s, seq, crc);
	if (seq <= s->staged)
		return s->staged_crc[seq % FEED_IN_FLIGHT] == crc ? FEED_ON_WAY
								  : FEED_FORK;
	if (seq != s->staged + 1 || s->gap_pending ||
	    s->staged - s->durable >= FEED_IN_FLIGHT)
		return FEED_EXPECTED;
	return FEED_TAKE;
}

void
feed_stage(struct feed *s, uint64_t seq, uint32_t crc)
{
	s->staged = seq;
	s->staged_crc[seq % FEED_IN_FLIGHT] = crc;
}

void
feed_commit(struct feed *s, uint64_t seq, uint32_t crc)
{
	if (seq <= s->durable)
		return;
	s->durable = seq;
	s->durable_crc = crc;
	if (s->staged < seq)
		s->staged = seq;
}
