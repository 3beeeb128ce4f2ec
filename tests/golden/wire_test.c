/*
 * The golden frames (made by wire/make.py with Python's protobuf and zlib):
 * ours encode to the same bytes, and these bytes decode to the same values.
 */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH 1582934400u

static uint8_t golden[4096], ours[WIRE_MAX_FRAME];
static struct wire_batch batch, decoded;

static struct wire_text
text(const char *s)
{
	struct wire_text t = { s, strlen(s) };

	return t;
}

static void
assert_text(struct wire_text t, const char *want)
{
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.at, want, t.len);
}

static size_t
load(const char *name)
{
	char path[128];
	unsigned byte;
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/wire/%s.hex", name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (n < sizeof(golden) && fscanf(file, "%2x", &byte) == 1)
		golden[n++] = (uint8_t)byte;
	fclose(file);
	assert_true(n >= WIRE_HEADER_BYTES);
	return n;
}

/* Compares what was encoded, then opens the golden frame. */
static const uint8_t *
same(const char *name, long len, struct wire_header *h)
{
	const uint8_t *body;
	size_t n = load(name);

	assert_int_equal(len, n);
	assert_memory_equal(ours, golden, n);
	assert_int_equal(wire_open(golden, n, h, &body), WIRE_OK);
	assert_int_equal(h->epoch, EPOCH);
	return body;
}

static void
fill_batch(void)
{
	memset(&batch, 0, sizeof(batch));
	batch.sender = text("school-7");
	batch.series_n = 3;
	batch.series[0] = (struct wire_series){ text("school-7"), text("absence"),
						text("grade-1") };
	batch.series[1] = (struct wire_series){ text("school-7"), text("fever"),
						text("") };
	batch.series[2] = (struct wire_series){ text("school-8"), text("fever"),
						text("") };
	batch.counts_n = 4;
	batch.counts[0] =
		(struct wire_count){ 0,	 18323,	     12,
				     41, 1583193600, WIRE_COUNT_DENOMINATOR };
	batch.counts[1] = (struct wire_count){ 1, 18323, 0, 0, 1583193600, 0 };
	batch.counts[2] =
		(struct wire_count){ 2, 18322,	    0,
				     0, 1583193601, WIRE_COUNT_WITHDRAWN };
	batch.counts[3] =
		(struct wire_count){ 2, 18324, 300, 0, 0, WIRE_COUNT_PARTIAL };
	batch.closed_n = 1;
	batch.closed[0] = (struct wire_closed){ text("school-7"), 18323 };
}

static void
test_batch(void **state)
{
	struct wire_header h;
	const uint8_t *body;

	(void)state;
	fill_batch();
	body = same("batch",
		    wire_batch_encode(EPOCH, 41, &batch, ours, sizeof(ours)), &h);
	assert_int_equal(h.type, WIRE_BATCH);
	assert_int_equal(h.seq, 41);
	assert_int_equal(wire_batch_decode(body, h.body_bytes, &decoded), 0);
	assert_int_equal(decoded.counts_n, 4);
	assert_memory_equal(decoded.counts, batch.counts,
			    4 * sizeof(batch.counts[0]));
	assert_int_equal(decoded.series_n, 3);
	assert_text(decoded.series[0].site, "school-7");
	assert_text(decoded.series[0].stratum, "grade-1");
	assert_text(decoded.series[2].site, "school-8");
	assert_int_equal(decoded.closed_n, 1);
	assert_text(decoded.closed[0].site, "school-7");
	assert_int_equal(decoded.closed[0].day, 18323);
}

/* The frame that proto/README.md takes apart. */
static void
test_example(void **state)
{
	struct wire_header h;

	(void)state;
	memset(&batch, 0, sizeof(batch));
	batch.sender = text("school-7");
	batch.series_n = 1;
	batch.series[0] =
		(struct wire_series){ text(""), text("ill-absence"), text("") };
	batch.counts_n = 1;
	batch.counts[0] = (struct wire_count){ 0, 18323, 12, 0, 0, 0 };
	same("example", wire_batch_encode(EPOCH, 1, &batch, ours, sizeof(ours)),
	     &h);
}

static void
test_hello_and_welcome(void **state)
{
	struct wire_hello hello = { text("school-7"), 41, 40, 0xdeadbeef,
				    text("golden 1") };
	struct wire_welcome welcome = { 0x0123456789abcdef, 40, 8, 262144 };
	struct wire_header h;
	const uint8_t *body;

	(void)state;
	body = same("hello",
		    wire_hello_encode(EPOCH, &hello, ours, sizeof(ours)), &h);
	assert_int_equal(h.seq, 41);
	assert_int_equal(wire_hello_decode(body, h.body_bytes, &hello), 0);
	assert_int_equal(hello.last_acked_crc, 0xdeadbeef);
	assert_text(hello.software, "golden 1");
	body = same("welcome",
		    wire_welcome_encode(EPOCH, &welcome, ours, sizeof(ours)), &h);
	assert_int_equal(h.seq, 40);
	assert_int_equal(wire_welcome_decode(body, h.body_bytes, &welcome), 0);
	assert_true(welcome.database_id == 0x0123456789abcdef);
}

static void
test_ack_and_nack(void **state)
{
	static struct wire_ack ack;
	struct wire_nack_body nack = { WIRE_NACK_EXPECTED, 43,
				       text("frame 43 comes first") };
	struct wire_header h;
	const uint8_t *body;

	(void)state;
	ack.window = 8;
	ack.refused_total = 2;
	ack.refused_n = 2;
	ack.refused[0] = (struct wire_refused){
		41, 3, WIRE_NACK_UNKNOWN_INDICATOR,
		text("indicator \"fevr\" is unknown; fever is meant?")
	};
	ack.refused[1] = (struct wire_refused){ 42, 0, WIRE_NACK_DAY,
						text("day is in the future") };
	body = same("ack", wire_ack_encode(EPOCH, 42, &ack, ours, sizeof(ours)),
		    &h);
	assert_int_equal(wire_ack_decode(body, h.body_bytes, &ack), 0);
	assert_int_equal(ack.refused_n, 2);
	assert_text(ack.refused[1].reason, "day is in the future");
	body = same("nack",
		    wire_nack_encode(EPOCH, 44, &nack, ours, sizeof(ours)), &h);
	assert_int_equal(wire_nack_decode(body, h.body_bytes, &nack), 0);
	assert_int_equal(nack.expected_seq, 43);
}

static void
test_ping_and_pong(void **state)
{
	struct wire_header h;

	(void)state;
	same("ping", wire_empty_encode(WIRE_PING, EPOCH, ours, sizeof(ours)), &h);
	assert_int_equal(h.type, WIRE_PING);
	same("pong", wire_empty_encode(WIRE_PONG, EPOCH, ours, sizeof(ours)), &h);
	assert_int_equal(h.type, WIRE_PONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_hello_and_welcome),
		cmocka_unit_test(test_ack_and_nack),
		cmocka_unit_test(test_ping_and_pong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
