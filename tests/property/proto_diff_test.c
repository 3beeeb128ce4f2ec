/*
 * Our codec against protobuf-c, both ways and under mutation: what either
 * writes the other reads with equal values, and whatever we accept protobuf-c
 * accepts with equal values.  (We refuse more than it does: README.md of proto
 * states the subset.)  TEST_SEED sets the seed, TEST_ROUNDS the rounds.
 */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tocsin.pb-c.h"

enum { POOL = 64, BODY_BYTES = WIRE_MAX_FRAME };

static uint64_t rng;
static long rounds = 3000;
static struct wire_batch batch, decoded;
static struct wire_ack ack;
static uint8_t frame[WIRE_MAX_FRAME], body[BODY_BYTES];
static char pool[POOL][WIRE_MAX_CODE + 1];
static long accepted, refused;

static uint32_t
below(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 16) % n);
}

/* Of any size: as many bits as chance gives. */
static uint32_t
any_u32(void)
{
	return (below(UINT32_MAX) ^ below(2) << 31) >> below(32);
}

static uint64_t
any_u64(void)
{
	return ((uint64_t)any_u32() << 32 | any_u32()) >> below(64);
}

static void
fill_pool(void)
{
	static const char *const letters[] = { "a",
					       "Z",
					       "-",
					       "9",
					       "\xc3\xa9",
					       "\xe6\xb5\x81",
					       "\xf0\x9f\x94\x94" };

	for (size_t i = 0; i < POOL; i++) {
		size_t n = 1 + below(i < POOL / 2 ? 4 : 16);

		pool[i][0] = '\0';
		for (size_t k = 0; k < n; k++)
			strcat(pool[i], letters[below(7)]);
	}
}

static struct wire_text
any_text(bool empty_too)
{
	const char *s = empty_too && below(3) == 0 ? "" : pool[below(POOL)];

	return (struct wire_text){ s, strlen(s) };
}

static int32_t
any_day(void)
{
	if (below(4) == 0)
		return WIRE_DAY_MIN +
		       (int32_t)below(WIRE_DAY_MAX - WIRE_DAY_MIN + 1);
	return 18000 + (int32_t)below(800);
}

static void
any_count(struct wire_count *c, uint32_t flag_mask, uint32_t revision_base)
{
	c->series = below((uint32_t)batch.series_n);
	c->day = any_day();
	c->flags = below(8) & flag_mask;
	c->value = c->flags & WIRE_COUNT_WITHDRAWN ? 0 : any_u32() >> 1;
	c->denominator = c->flags & WIRE_COUNT_DENOMINATOR ? any_u32() >> 1 : 0;
	c->revision = below(4) == 0 ? 0 : revision_base + below(500);
	if (below(8) == 0)
		c->revision = any_u32();
}

static void
any_batch(void)
{
	uint32_t flag_mask = below(8);
	uint32_t revision_base = any_u32() >> 1;

	batch.sender = any_text(false);
	batch.series_n = 1 + below(20);
	for (size_t i = 0; i < batch.series_n; i++)
		batch.series[i] =
			(struct wire_series){ any_text(true), any_text(false),
					      any_text(true) };
	batch.counts_n = below(4) == 0 ? below(1500) : below(40);
	for (size_t i = 0; i < batch.counts_n; i++)
		any_count(&batch.counts[i], flag_mask, revision_base);
	batch.closed_n = below(3) == 0 ? below(30) : 0;
	for (size_t i = 0; i < batch.closed_n; i++)
		batch.closed[i] =
			(struct wire_closed){ any_text(true), any_day() };
}

static bool
same_text(struct wire_text t, const char *s)
{
	return strlen(s) == t.len && memcmp(s, t.at, t.len) == 0;
}

/* A site, which protobuf-c sees empty where it is the sender. */
static bool
same_site(struct wire_text t, const char *s, struct wire_text sender)
{
	if (*s)
		return same_text(t, s);
	return t.len == sender.len && memcmp(t.at, sender.at, t.len) == 0;
}

static bool
same_count(const struct wire_count *c, const Tocsin__Wire__Batch *pb, size_t i)
{
	uint32_t revision = pb->n_revision ? pb->revision[i] : 0;

	return c->series == pb->series_index[i] &&
	       c->day == pb->base_day + pb->day[i] && c->value == pb->value[i] &&
	       c->denominator == (pb->n_denominator ? pb->denominator[i] : 0) &&
	       c->revision == (revision ? pb->base_revision + revision : 0) &&
	       c->flags == (pb->n_flags ? pb->flags[i] : 0);
}

static bool
same_dictionary(const struct wire_batch *b, const Tocsin__Wire__Batch *pb)
{
	if (b->series_n != pb->n_series || b->closed_n != pb->n_closed ||
	    !same_text(b->sender, pb->sender))
		return false;
	for (size_t i = 0; i < b->series_n; i++) {
		const struct wire_series *s = &b->series[i];

		if (!same_site(s->site, pb->series[i]->site, b->sender) ||
		    !same_text(s->indicator, pb->series[i]->indicator) ||
		    !same_text(s->stratum, pb->series[i]->stratum))
			return false;
	}
	for (size_t i = 0; i < b->closed_n; i++) {
		if (!same_site(b->closed[i].site, pb->closed[i]->site, b->sender) ||
		    b->closed[i].day != pb->closed[i]->day)
			return false;
	}
	return true;
}

static bool
same_batch(const struct wire_batch *b, const Tocsin__Wire__Batch *pb)
{
	size_t n = b->counts_n;

	if (!same_dictionary(b, pb))
		return false;
	if (n != pb->n_series_index || n != pb->n_day || n != pb->n_value ||
	    (pb->n_denominator && n != pb->n_denominator) ||
	    (pb->n_revision && n != pb->n_revision) ||
	    (pb->n_flags && n != pb->n_flags))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!same_count(&b->counts[i], pb, i))
			return false;
	}
	return true;
}

static void
assert_unpacks(size_t len)
{
	Tocsin__Wire__Batch *pb = tocsin__wire__batch__unpack(NULL, len, body);

	assert_non_null(pb);
	assert_true(same_batch(&decoded, pb));
	tocsin__wire__batch__free_unpacked(pb, NULL);
}

/* The random batch as a frame; its body is copied to body. */
static size_t
encode_batch(void)
{
	struct wire_header h;
	const uint8_t *at;
	long len;

	any_batch();
	len = wire_batch_encode(1, 2, &batch, frame, sizeof(frame));
	assert_true(len > 0);
	assert_int_equal(wire_open(frame, (size_t)len, &h, &at), WIRE_OK);
	memcpy(body, at, h.body_bytes);
	return h.body_bytes;
}

static void
test_ours_to_theirs(void **state)
{
	(void)state;
	for (long i = 0; i < rounds; i++) {
		size_t len = encode_batch();

		assert_int_equal(wire_batch_decode(body, len, &decoded), 0);
		assert_int_equal(decoded.counts_n, batch.counts_n);
		assert_memory_equal(decoded.counts, batch.counts,
				    batch.counts_n * sizeof(batch.counts[0]));
		assert_unpacks(len);
	}
}

/* Packs what came from us once more, with the bases moved elsewhere. */
static size_t
repack(size_t len)
{
	Tocsin__Wire__Batch *pb = tocsin__wire__batch__unpack(NULL, len, body);
	int32_t by = (int32_t)below(1000);

	assert_non_null(pb);
	if (pb->base_day > WIRE_DAY_MIN + by)
		pb->base_day -= by;
	else
		by = 0;
	for (size_t i = 0; i < pb->n_day; i++)
		pb->day[i] += by;
	for (size_t i = 0; i < pb->n_revision; i++) {
		if (pb->revision[i])
			pb->revision[i] += pb->base_revision;
	}
	pb->base_revision = 0;
	len = tocsin__wire__batch__pack(pb, body);
	tocsin__wire__batch__free_unpacked(pb, NULL);
	return len;
}

static void
test_theirs_to_ours(void **state)
{
	(void)state;
	for (long i = 0; i < rounds; i++) {
		size_t len = repack(encode_batch());

		assert_int_equal(wire_batch_decode(body, len, &decoded), 0);
		assert_memory_equal(decoded.counts, batch.counts,
				    batch.counts_n * sizeof(batch.counts[0]));
		assert_unpacks(len);
	}
}

/* Changes a few bytes, or cuts, doubles or swaps a piece. */
static size_t
mutate(uint8_t *at, size_t len)
{
	size_t a = below((uint32_t)len + 1), b = below((uint32_t)len + 1);
	size_t n = below(12);

	switch (below(6)) {
	case 0:
		return a;
	case 1: /* a piece once more */
		if (a + n > len || len + n > BODY_BYTES)
			return len;
		memmove(at + a + n, at + a, len - a);
		return len + n;
	case 2: /* a piece left out */
		if (a + n > len)
			return len;
		memmove(at + a, at + a + n, len - a - n);
		return len - n;
	case 3: /* a piece over another */
		if (a + n <= len && b + n <= len)
			memmove(at + a, at + b, n);
		return len;
	case 4:
		if (a < len)
			at[a] = (uint8_t)below(256);
		return len;
	default:
		if (a < len)
			at[a] ^= (uint8_t)(1 << below(8));
		return len;
	}
}

static size_t
mutate_some(size_t len)
{
	for (uint32_t n = 1 + below(3); n > 0; n--)
		len = mutate(body, len);
	return len;
}

static void
test_mutated_batch(void **state)
{
	(void)state;
	for (long i = 0; i < rounds * 10; i++) {
		size_t len = mutate_some(encode_batch());

		if (wire_batch_decode(body, len, &decoded) == WIRE_OK) {
			accepted++;
			assert_unpacks(len);
		} else {
			refused++;
		}
	}
	print_message("mutated batches: %ld accepted, %ld refused\n", accepted,
		      refused);
	assert_true(accepted > rounds / 10 && refused > rounds / 10);
}

static bool
same_ack(const struct wire_ack *a, const Tocsin__Wire__Ack *pb)
{
	if (a->window != pb->window || a->refused_total != pb->refused_total ||
	    a->refused_n != pb->n_refused || a->older != pb->older ||
	    !same_text(a->hint, pb->hint))
		return false;
	for (size_t i = 0; i < a->refused_n; i++) {
		const struct wire_refused *r = &a->refused[i];

		if (r->seq != pb->refused[i]->seq ||
		    r->index != pb->refused[i]->index ||
		    r->code != (uint32_t)pb->refused[i]->code ||
		    !same_text(r->reason, pb->refused[i]->reason))
			return false;
	}
	return true;
}

/* Both readers on body: ours says yes only where theirs does, with the same. */
static bool
check_hello(size_t len)
{
	struct wire_hello h;
	Tocsin__Wire__Hello *pb;
	bool same;

	if (wire_hello_decode(body, len, &h) < 0)
		return false;
	pb = tocsin__wire__hello__unpack(NULL, len, body);
	assert_non_null(pb);
	same = same_text(h.sender, pb->sender) &&
	       same_text(h.software, pb->software) &&
	       h.first_seq == pb->first_seq &&
	       h.last_acked_seq == pb->last_acked_seq &&
	       h.last_acked_crc == pb->last_acked_crc;
	tocsin__wire__hello__free_unpacked(pb, NULL);
	assert_true(same);
	return true;
}

static bool
check_welcome(size_t len)
{
	struct wire_welcome w;
	Tocsin__Wire__Welcome *pb;
	bool same;

	if (wire_welcome_decode(body, len, &w) < 0)
		return false;
	pb = tocsin__wire__welcome__unpack(NULL, len, body);
	assert_non_null(pb);
	same = w.database_id == pb->database_id &&
	       w.durable_seq == pb->durable_seq && w.window == pb->window &&
	       w.max_frame_bytes == pb->max_frame_bytes;
	tocsin__wire__welcome__free_unpacked(pb, NULL);
	assert_true(same);
	return true;
}

static bool
check_ack(size_t len)
{
	Tocsin__Wire__Ack *pb;
	bool same;

	if (wire_ack_decode(body, len, &ack) < 0)
		return false;
	pb = tocsin__wire__ack__unpack(NULL, len, body);
	assert_non_null(pb);
	same = same_ack(&ack, pb);
	tocsin__wire__ack__free_unpacked(pb, NULL);
	assert_true(same);
	return true;
}

static bool
check_nack(size_t len)
{
	struct wire_nack_body n;
	Tocsin__Wire__Nack *pb;
	bool same;

	if (wire_nack_decode(body, len, &n) < 0)
		return false;
	pb = tocsin__wire__nack__unpack(NULL, len, body);
	assert_non_null(pb);
	same = n.code == (uint32_t)pb->code &&
	       n.expected_seq == pb->expected_seq &&
	       same_text(n.reason, pb->reason);
	tocsin__wire__nack__free_unpacked(pb, NULL);
	assert_true(same);
	return true;
}

/* Puts a random body of a small message into body. */
static size_t
any_control(enum wire_type type)
{
	struct wire_hello hello = { any_text(false), any_u64(), any_u64(),
				    any_u32(), any_text(true) };
	struct wire_welcome welcome = { any_u64(), any_u64(), any_u32(),
					any_u32() };
	struct wire_nack_body nack = { below(12), any_u64(), any_text(true) };
	long len;

	ack.window = any_u32();
	ack.refused_total = any_u64();
	ack.older = any_u64();
	ack.hint = any_text(true);
	ack.refused_n = below(5);
	for (size_t i = 0; i < ack.refused_n; i++)
		ack.refused[i] =
			(struct wire_refused){ any_u64(), any_u32(), below(12),
					       any_text(true) };
	if (type == WIRE_HELLO)
		len = wire_hello_encode(1, &hello, frame, sizeof(frame));
	else if (type == WIRE_WELCOME)
		len = wire_welcome_encode(1, &welcome, frame, sizeof(frame));
	else if (type == WIRE_ACK)
		len = wire_ack_encode(1, 1, &ack, frame, sizeof(frame));
	else
		len = wire_nack_encode(1, 1, &nack, frame, sizeof(frame));
	assert_true(len >= WIRE_HEADER_BYTES);
	memcpy(body, frame + WIRE_HEADER_BYTES, (size_t)len - WIRE_HEADER_BYTES);
	return (size_t)len - WIRE_HEADER_BYTES;
}

static void
test_control(void **state)
{
	static const struct {
		enum wire_type type;
		bool (*check)(size_t len);
	} kinds[] = { { WIRE_HELLO, check_hello },
		      { WIRE_WELCOME, check_welcome },
		      { WIRE_ACK, check_ack },
		      { WIRE_NACK, check_nack } };

	(void)state;
	for (long i = 0; i < rounds * 4; i++) {
		size_t k = (size_t)i % 4, len = any_control(kinds[k].type);

		assert_true(kinds[k].check(len));
		for (int m = 0; m < 8; m++) {
			len = mutate_some(any_control(kinds[k].type));
			kinds[k].check(len);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_to_theirs),
		cmocka_unit_test(test_theirs_to_ours),
		cmocka_unit_test(test_mutated_batch),
		cmocka_unit_test(test_control),
	};
	const char *seed = getenv("TEST_SEED"), *n = getenv("TEST_ROUNDS");

	rng = seed ? strtoull(seed, NULL, 10) : 20240229;
	rounds = n ? strtol(n, NULL, 10) : rounds;
	print_message("TEST_SEED=%llu\n", (unsigned long long)rng);
	rng = rng * 2654435761u + 88172645463325252u;
	fill_pool();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
