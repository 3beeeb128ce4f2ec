#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

static uint8_t frame[WIRE_MAX_FRAME];
static struct wire_batch batch, read_back;

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

static void
small_batch(void)
{
	memset(&batch, 0, sizeof(batch));
	batch.sender = text("school-7");
	batch.series_n = 2;
	batch.series[0].site = text("school-7");
	batch.series[0].indicator = text("absence");
	batch.series[0].stratum = text("grade-1");
	batch.series[1].site = text("school-8");
	batch.series[1].indicator = text("fever");
	batch.counts_n = 3;
	batch.counts[0] =
		(struct wire_count){ 0,	  18321,   12,
				     300, 1000000, WIRE_COUNT_DENOMINATOR };
	batch.counts[1] = (struct wire_count){ 1, 18322, 0, 0, 0, 0 };
	batch.counts[2] = (struct wire_count){ 1, 18320,   0,
					       0, 1000007, WIRE_COUNT_WITHDRAWN };
	batch.closed_n = 1;
	batch.closed[0].site = text("school-7");
	batch.closed[0].day = 18321;
}

static long
encode(void)
{
	return wire_batch_encode(5, 7, &batch, frame, sizeof(frame));
}

static void
test_crc(void **state)
{
	uint32_t parts;

	(void)state;
	assert_int_equal(wire_crc32(0, "123456789", 9), 0xcbf43926u);
	parts = wire_crc32(wire_crc32(0, "1234", 4), "56789", 5);
	assert_int_equal(parts, 0xcbf43926u);
	assert_int_equal(wire_crc32(0, "", 0), 0);
	assert_int_equal(wire_partition("123456789", 9, 10), 0xcbf43926u % 10);
	assert_int_equal(wire_partition("123456789", 9, 0), 0);
}

static void
test_crc_as_zlib(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < 512; i++) {
		x = x * 1664525u + 1013904223u;
		frame[i] = (uint8_t)(x >> 24);
	}
	for (size_t from = 0; from < 9; from++) {
		for (size_t len = 0; len < 200; len++) {
			uint32_t want =
				(uint32_t)crc32(7, frame + from, (uInt)len);

			assert_int_equal(wire_crc32(7, frame + from, len), want);
		}
	}
}

static void
test_batch(void **state)
{
	struct wire_header h;
	const uint8_t *body;
	long n;

	(void)state;
	small_batch();
	n = encode();
	assert_true(n > WIRE_HEADER_BYTES);
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.type, WIRE_BATCH);
	assert_int_equal(h.epoch, 5);
	assert_int_equal(h.seq, 7);
	assert_int_equal(wire_batch_decode(body, h.body_bytes, &read_back),
			 WIRE_OK);
	assert_text(read_back.sender, "school-7");
	assert_int_equal(read_back.series_n, 2);
	assert_text(read_back.series[0].site, "school-7");
	assert_text(read_back.series[0].stratum, "grade-1");
	assert_text(read_back.series[1].site, "school-8");
	assert_text(read_back.series[1].stratum, "");
	assert_int_equal(read_back.counts_n, 3);
	assert_memory_equal(read_back.counts, batch.counts,
			    3 * sizeof(batch.counts[0]));
	assert_int_equal(read_back.closed_n, 1);
	assert_text(read_back.closed[0].site, "school-7");
	assert_int_equal(read_back.closed[0].day, 18321);
}

static void
test_control(void **state)
{
	struct wire_hello hello = { text("s1"), 4, 3, 99, text("collect 1") };
	struct wire_hello hello2;
	struct wire_welcome welcome = { UINT64_MAX, 3, 8, WIRE_MAX_FRAME };
	struct wire_welcome welcome2;
	struct wire_nack_body nack = { WIRE_NACK_EXPECTED, 4, text("gap") };
	struct wire_nack_body nack2;
	static struct wire_ack ack, ack2;
	struct wire_header h;
	const uint8_t *body;
	long n;

	(void)state;
	n = wire_hello_encode(9, &hello, frame, sizeof(frame));
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.type, WIRE_HELLO);
	assert_int_equal(h.seq, 4);
	assert_int_equal(wire_hello_decode(body, h.body_bytes, &hello2), 0);
	assert_text(hello2.sender, "s1");
	assert_text(hello2.software, "collect 1");
	assert_int_equal(hello2.last_acked_crc, 99);

	n = wire_welcome_encode(9, &welcome, frame, sizeof(frame));
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.seq, 3);
	assert_int_equal(wire_welcome_decode(body, h.body_bytes, &welcome2), 0);
	assert_memory_equal(&welcome, &welcome2, sizeof(welcome));

	n = wire_nack_encode(9, 12, &nack, frame, sizeof(frame));
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.seq, 12);
	assert_int_equal(wire_nack_decode(body, h.body_bytes, &nack2), 0);
	assert_int_equal(nack2.code, WIRE_NACK_EXPECTED);
	assert_int_equal(nack2.expected_seq, 4);
	assert_text(nack2.reason, "gap");

	ack.window = 16;
	ack.refused_total = 70;
	ack.refused_n = WIRE_MAX_REFUSED;
	for (uint32_t i = 0; i < WIRE_MAX_REFUSED; i++)
		ack.refused[i] = (struct wire_refused){ i, i + 1, WIRE_NACK_DAY,
							text("too old") };
	ack.older = 5;
	ack.hint = text("begin again");
	n = wire_ack_encode(9, 77, &ack, frame, sizeof(frame));
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.seq, 77);
	assert_int_equal(wire_ack_decode(body, h.body_bytes, &ack2), 0);
	assert_int_equal(ack2.refused_n, WIRE_MAX_REFUSED);
	assert_int_equal(ack2.refused[63].index, 64);
	assert_text(ack2.refused[63].reason, "too old");
	assert_int_equal(ack2.older, 5);
	assert_text(ack2.hint, "begin again");

	n = wire_empty_encode(WIRE_PING, 9, frame, sizeof(frame));
	assert_int_equal(n, WIRE_HEADER_BYTES);
	assert_int_equal(wire_open(frame, (size_t)n, &h, &body), WIRE_OK);
	assert_int_equal(h.type, WIRE_PING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_crc_as_zlib),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
