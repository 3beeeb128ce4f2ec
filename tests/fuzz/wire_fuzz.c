/*
 * Frames and bodies: the first byte says what the rest is.  What a decoder
 * accepts, the encoder writes, and it decodes to the same again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "proto/wire.h"

static struct wire_batch batch, again;
static struct wire_ack ack, ack_again;
static uint8_t frame[WIRE_MAX_FRAME];

static bool
same(struct wire_text a, struct wire_text b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static void
reopen(long len, enum wire_type type, const uint8_t **body, size_t *n)
{
	struct wire_header h;

	FUZZ_CHECK(len > 0);
	FUZZ_CHECK(wire_open(frame, (size_t)len, &h, body) == WIRE_OK);
	FUZZ_CHECK(h.type == type);
	*n = h.body_bytes;
}

static void
try_batch(const uint8_t *data, size_t size)
{
	const uint8_t *body;
	size_t n;
	long len;

	if (wire_batch_decode(data, size, &batch) != WIRE_OK)
		return;
	len = wire_batch_encode(1, 2, &batch, frame, sizeof(frame));
	if (len == WIRE_ERR_SPACE)
		return;
	reopen(len, WIRE_BATCH, &body, &n);
	FUZZ_CHECK(wire_batch_decode(body, n, &again) == WIRE_OK);
	FUZZ_CHECK(same(again.sender, batch.sender));
	FUZZ_CHECK(again.series_n == batch.series_n);
	FUZZ_CHECK(again.counts_n == batch.counts_n);
	FUZZ_CHECK(again.closed_n == batch.closed_n);
	FUZZ_CHECK(memcmp(again.counts, batch.counts,
			  batch.counts_n * sizeof(batch.counts[0])) == 0);
	for (size_t i = 0; i < batch.series_n; i++) {
		const struct wire_series *a = &batch.series[i];
		const struct wire_series *b = &again.series[i];

		FUZZ_CHECK(same(a->site, b->site) &&
			   same(a->indicator, b->indicator) &&
			   same(a->stratum, b->stratum));
	}
	for (size_t i = 0; i < batch.closed_n; i++)
		FUZZ_CHECK(same(batch.closed[i].site, again.closed[i].site) &&
			   batch.closed[i].day == again.closed[i].day);
}

static void
try_hello(const uint8_t *data, size_t size)
{
	struct wire_hello hello, hello_again;
	const uint8_t *body;
	size_t n;

	if (wire_hello_decode(data, size, &hello) != WIRE_OK)
		return;
	reopen(wire_hello_encode(1, &hello, frame, sizeof(frame)), WIRE_HELLO,
	       &body, &n);
	FUZZ_CHECK(wire_hello_decode(body, n, &hello_again) == WIRE_OK);
	FUZZ_CHECK(same(hello.sender, hello_again.sender));
	FUZZ_CHECK(same(hello.software, hello_again.software));
	FUZZ_CHECK(hello.first_seq == hello_again.first_seq);
}

static void
try_welcome(const uint8_t *data, size_t size)
{
	struct wire_welcome welcome, welcome_again;
	const uint8_t *body;
	size_t n;

	if (wire_welcome_decode(data, size, &welcome) != WIRE_OK)
		return;
	reopen(wire_welcome_encode(1, &welcome, frame, sizeof(frame)),
	       WIRE_WELCOME, &body, &n);
	FUZZ_CHECK(wire_welcome_decode(body, n, &welcome_again) == WIRE_OK);
	FUZZ_CHECK(welcome.database_id == welcome_again.database_id);
	FUZZ_CHECK(welcome.window == welcome_again.window);
}

static void
try_ack(const uint8_t *data, size_t size)
{
	const uint8_t *body;
	size_t n;

	if (wire_ack_decode(data, size, &ack) != WIRE_OK)
		return;
	reopen(wire_ack_encode(1, 2, &ack, frame, sizeof(frame)), WIRE_ACK,
	       &body, &n);
	FUZZ_CHECK(wire_ack_decode(body, n, &ack_again) == WIRE_OK);
	FUZZ_CHECK(ack.refused_n == ack_again.refused_n);
	for (size_t i = 0; i < ack.refused_n; i++)
		FUZZ_CHECK(same(ack.refused[i].reason,
				ack_again.refused[i].reason));
}

static void
try_nack(const uint8_t *data, size_t size)
{
	struct wire_nack_body nack, nack_again;
	const uint8_t *body;
	size_t n;

	if (wire_nack_decode(data, size, &nack) != WIRE_OK)
		return;
	reopen(wire_nack_encode(1, 2, &nack, frame, sizeof(frame)), WIRE_NACK,
	       &body, &n);
	FUZZ_CHECK(wire_nack_decode(body, n, &nack_again) == WIRE_OK);
	FUZZ_CHECK(same(nack.reason, nack_again.reason));
}

static void
try_frame(const uint8_t *data, size_t size)
{
	struct wire_header h;
	const uint8_t *body;

	if (wire_open(data, size, &h, &body) == WIRE_OK && h.type == WIRE_BATCH)
		try_batch(body, h.body_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *, size_t) = {
		try_frame, try_hello, try_welcome, try_batch, try_ack, try_nack
	};
	const size_t n = sizeof(tries) / sizeof(tries[0]);

	if (size > 0)
		tries[data[0] % n](data + 1, size - 1);
	return 0;
}
