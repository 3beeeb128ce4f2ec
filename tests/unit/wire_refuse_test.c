/*
 * What the wire refuses, error by error.  Bodies are written as hex, so that
 * each case shows the bytes that are wrong.
 */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t frame[WIRE_HARD_FRAME];
static struct wire_batch batch;
static struct wire_ack ack;

/* Bytes of hex, which may have spaces and "text" in quotes. */
static size_t
bytes(const char *hex, uint8_t *to)
{
	size_t n = 0;

	for (const char *c = hex; *c;) {
		unsigned byte;

		if (*c == ' ') {
			c++;
		} else if (*c == '\'') {
			for (c++; *c != '\''; c++)
				to[n++] = (uint8_t)*c;
			c++;
		} else {
			assert_int_equal(sscanf(c, "%2x", &byte), 1);
			to[n++] = (uint8_t)byte;
			c += 2;
		}
	}
	return n;
}

/* Decodes a copy of exactly the body's size, so that ASan sees its end. */
static int
decode(const char *hex)
{
	uint8_t body[512];
	size_t n = bytes(hex, body);
	uint8_t *copy = malloc(n ? n : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, body, n);
	rc = wire_batch_decode(copy, n, &batch);
	free(copy);
	return rc;
}

#define SENDER "0a02 's1' "
#define SERIES "1203 1201 'i' "
#define TWO SENDER SERIES "3202 0000 3a02 0000 4202 0102 "

static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(decode(SENDER), WIRE_OK);
	assert_int_equal(decode(TWO), WIRE_OK);
	assert_int_equal(batch.counts_n, 2);
	assert_int_equal(batch.counts[1].value, 2);
	/* Fields in any order; empty columns. */
	assert_int_equal(decode("4202 0102 3a02 0000 3202 0000" SERIES SENDER),
			 WIRE_OK);
	assert_int_equal(decode(SENDER "3200 3a00 4200 4a00 5200 5a00"), WIRE_OK);
	assert_int_equal(batch.counts_n, 0);
	/* Unknown fields of every type that is known. */
	assert_int_equal(decode(TWO "a001 05 a101 0102030405060708 a201 01ff "
				    "a501 01020304"),
			 WIRE_OK);
	/* A day before 1970, and a base below it. */
	assert_int_equal(decode(SENDER SERIES "2003 3201 00 3a01 01 4201 01"),
			 WIRE_OK);
	assert_int_equal(batch.counts[0].day, -3);
}

static void
test_protobuf(void **state)
{
	static const char *const bad[] = {
		SENDER "0a",	    /* no length */
		SENDER "0a05 'ab'", /* past the end */
		"0a03 'ab'",
		SENDER "80",			    /* tag unfinished */
		SENDER "00",			    /* field number 0 */
		SENDER "a301 a401",		    /* a group */
		SENDER "a601",			    /* wire type 6 */
		SENDER "a101 01020304",		    /* fixed64 cut short */
		SENDER "a001 ffffffffffffffffff02", /* above 64 bits */
		SENDER "a001 ffffffffffffffffffff01",
		SENDER "a001 8000",		  /* not the shortest form */
		SENDER "ffffffffffffffffff01 00", /* field number too large */
		SENDER SENDER,			  /* sender stands twice */
		SENDER "2002 2002",		  /* base_day stands twice */
		SENDER "2202 0000",		  /* base_day as bytes */
		SENDER "1005",			  /* series as a number */
		SENDER "1206 1201 'i' 1201 'j'",  /* indicator twice */
		"0805",				  /* sender as a number */
		SENDER SERIES "3201 80",	  /* entry unfinished */
		SENDER SERIES "3202 8000 3a01 00 4201 00", /* not shortest */
		SENDER SERIES "320a 8000 0000000000000000 3a09 "
			      "000000000000000000 4209 000000000000000000",
		SENDER SERIES "320b ffffffffffffffffffff01 3a01 00 4201 00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i]) != WIRE_ERR_PROTOBUF)
			fail_msg("%s", bad[i]);
	}
}

static void
test_columns(void **state)
{
	static const char *const bad[] = {
		SENDER SERIES "3202 0000 3a01 00 4202 0102",
		SENDER SERIES "3202 0000 3a02 0000", /* no value */
		SENDER SERIES "3a02 0000 4202 0102", /* no index */
		SENDER SERIES "3202 0000 4202 0102", /* no day */
		TWO "4a01 00",			     /* denominator */
		TWO "5203 000000",		     /* revision */
		TWO "5a00",			     /* flags */
		TWO "3200",			     /* split */
		SENDER SERIES "3201 00 3201 00 3a02 0000 4202 0102",
		SENDER SERIES "3000 3a01 00 4201 01", /* unpacked */
		TWO "5d 00000000",		      /* fixed32 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i]) != WIRE_ERR_COLUMNS)
			fail_msg("%s", bad[i]);
	}
}

static void
test_index(void **state)
{
	(void)state;
	assert_int_equal(decode(SENDER SERIES "3201 01 3a01 00 4201 00"),
			 WIRE_ERR_INDEX);
	assert_int_equal(decode(SENDER "3201 00 3a01 00 4201 00"),
			 WIRE_ERR_INDEX);
	assert_int_equal(
		decode(SENDER SERIES "3205 ffffffff0f 3a01 00 4201 00"),
		WIRE_ERR_INDEX);
}

static void
test_text(void **state)
{
	static const char *const bad[] = {
		"",	   /* no sender */
		"0a00",	   /* empty */
		"0a01 07", /* a control character */
		"0a01 00",
		"0a01 7f",
		"0a02 c285",
		"0a01 80",
		"0a02 c0af",
		"0a01 c3",
		"0a03 e08080",
		"0a03 eda080",
		"0a04 f4908080",
		"0a04 f08080af",
		"0a04 f5808080",
		"0a03 e28228",
		SENDER "1200",		/* no indicator */
		SENDER "1203 1a01 'x'", /* nor here */
		SENDER "1206 0a01 ff 1201 'i'",
	};
	char longest[2 + 2 * 65 + 16] = "0a40";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i]) != WIRE_ERR_TEXT)
			fail_msg("%s", bad[i]);
	}
	for (int i = 0; i < 64; i++)
		strcat(longest, "61");
	assert_int_equal(decode(longest), WIRE_OK);
	memcpy(longest, "0a41", 4);
	strcat(longest, "61");
	assert_int_equal(decode(longest), WIRE_ERR_TEXT);
	assert_int_equal(decode("0a0f c3a9 e6b581 efbfbd f09f94 94 20 7e 41"),
			 WIRE_OK);
}

static void
test_value(void **state)
{
	static const char *const bad[] = {
		/* an index of 49 bits; value 2^31, 2^32 */
		SENDER SERIES "3207 ffffffffffff01 3a01 00 4201 00",

		SENDER SERIES "3201 00 3a01 00 4205 8080808008",
		SENDER SERIES "3201 00 3a01 00 4205 8080808010",
		/* flags 8; withdrawn with a value; denominator without flag */
		SENDER SERIES "3201 00 3a01 00 4201 00 5a01 08",
		SENDER SERIES "3201 00 3a01 00 4201 01 5a01 02",
		SENDER SERIES "3201 00 3a01 00 4201 01 4a01 01",
		SENDER SERIES "3201 00 3a01 00 4201 01 4a05 8080808008 5a0101",
		/* days: above 9999, below 1, far beyond, the base's */
		SENDER SERIES "20c0 84e602 3201 00 3a02 8001 4201 01",
		SENDER SERIES "3201 00 3a05 ffffffff0f 4201 01",
		SENDER SERIES "3201 00 3a05 feffffff0f 4201 01",
		SENDER "20ffffffff0f",
		SENDER "208080808010",
		SENDER "1a06 10ffffffff0f",
		/* revision and base together above 2^32 - 1 */
		SENDER SERIES "28ffffffff0f 3201 00 3a01 00 4201 01 5201 01",
		SENDER "288080808010",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i]) != WIRE_ERR_VALUE)
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(decode(SENDER SERIES "28ffffffff0f 3201 00 3a01 00 "
					      "4201 01 5201 00"),
			 WIRE_OK);
	assert_int_equal(batch.counts[0].revision, 0);
}

/* A body of n times the same field after the sender's. */
static int
decode_many(const char *field, size_t n)
{
	uint8_t one[64];
	size_t len = bytes(field, one), at = bytes(SENDER, frame);

	for (size_t i = 0; i < n; i++, at += len)
		memcpy(frame + at, one, len);
	return wire_batch_decode(frame, at, &batch);
}

/* A body whose columns have n zeros. */
static int
decode_zeros(size_t n)
{
	size_t at = bytes(SENDER SERIES, frame);

	for (uint8_t tag = 0x32; tag <= 0x42; tag += 8) {
		frame[at++] = tag;
		frame[at++] = (uint8_t)(n | 0x80);
		frame[at++] = (uint8_t)(n >> 7);
		memset(frame + at, 0, n);
		at += n;
	}
	return wire_batch_decode(frame, at, &batch);
}

static void
test_limit(void **state)
{
	struct wire_text reason = { "", 0 };

	(void)state;
	assert_int_equal(decode_many(SERIES, WIRE_MAX_SERIES), WIRE_OK);
	assert_int_equal(decode_many(SERIES, WIRE_MAX_SERIES + 1),
			 WIRE_ERR_LIMIT);
	assert_int_equal(decode_many("1a02 1002", WIRE_MAX_CLOSED), WIRE_OK);
	assert_int_equal(decode_many("1a02 1002", WIRE_MAX_CLOSED + 1),
			 WIRE_ERR_LIMIT);
	assert_int_equal(decode_zeros(WIRE_MAX_COUNTS), WIRE_OK);
	assert_int_equal(batch.counts_n, WIRE_MAX_COUNTS);
	assert_int_equal(decode_zeros(WIRE_MAX_COUNTS + 1), WIRE_ERR_LIMIT);

	for (size_t i = 0; i <= WIRE_MAX_REFUSED; i++) {
		frame[2 * i] = 0x1a;
		frame[2 * i + 1] = 0;
	}
	assert_int_equal(wire_ack_decode(frame, 2 * WIRE_MAX_REFUSED, &ack),
			 WIRE_OK);
	assert_memory_equal(&ack.refused[3].reason.len, &reason.len,
			    sizeof(reason.len));
	assert_int_equal(wire_ack_decode(frame, 2 * WIRE_MAX_REFUSED + 2, &ack),
			 WIRE_ERR_LIMIT);
}

static void
test_control(void **state)
{
	struct wire_hello hello;
	struct wire_welcome welcome;
	struct wire_nack_body nack;
	size_t n = bytes("0a00", frame);

	(void)state;
	assert_int_equal(wire_hello_decode(frame, n, &hello), WIRE_ERR_TEXT);
	assert_int_equal(wire_hello_decode(frame, 0, &hello), WIRE_ERR_TEXT);
	assert_int_equal(wire_welcome_decode(frame, 0, &welcome), WIRE_OK);
	assert_int_equal(welcome.window, 0);
	n = bytes("188080808010", frame);
	assert_int_equal(wire_welcome_decode(frame, n, &welcome), WIRE_ERR_VALUE);
	n = bytes("0a01", frame);
	assert_int_equal(wire_welcome_decode(frame, n, &welcome),
			 WIRE_ERR_PROTOBUF);
	n = bytes("1801 1801", frame);
	assert_int_equal(wire_welcome_decode(frame, n, &welcome),
			 WIRE_ERR_PROTOBUF);
	n = bytes("1a01 0a", frame);
	assert_int_equal(wire_nack_decode(frame, n, &nack), WIRE_ERR_TEXT);
	n = bytes("1801", frame);
	assert_int_equal(wire_ack_decode(frame, n, &ack), WIRE_ERR_PROTOBUF);
	n = bytes("1a03 0805 08", frame);
	assert_int_equal(wire_ack_decode(frame, n, &ack), WIRE_ERR_PROTOBUF);
}

/* Opens a copy of exactly the frame's size. */
static int
open_copy(size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct wire_header h;
	const uint8_t *body;
	int rc;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	rc = wire_open(copy, len, &h, &body);
	if (rc < 0)
		assert_null(body);
	free(copy);
	return rc;
}

static void
seal(size_t len)
{
	uint32_t crc = wire_crc32(0, frame, 28);

	crc = wire_crc32(crc, frame + 32, len - 32);
	for (int i = 0; i < 4; i++)
		frame[28 + i] = (uint8_t)(crc >> (8 * i));
}

static size_t
good_frame(void)
{
	long len;

	memset(&batch, 0, sizeof(batch));
	batch.sender = (struct wire_text){ "s1", 2 };
	len = wire_batch_encode(3, 4, &batch, frame, sizeof(frame));
	assert_true(len > WIRE_HEADER_BYTES);
	return (size_t)len;
}

static void
test_envelope(void **state)
{
	struct wire_header h;
	const uint8_t *body;
	size_t len = good_frame();

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(open_copy(i), WIRE_ERR_TRUNCATED);
	assert_int_equal(open_copy(len), WIRE_OK);
	assert_int_equal(open_copy(len + 1), WIRE_ERR_TRAILING);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(open_copy(len) < 0);
		if (bit / 8 >= 8 && (bit / 8 < 24 || bit / 8 >= 28))
			assert_int_equal(open_copy(len), WIRE_ERR_CRC);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	frame[0] = 'X';
	assert_int_equal(open_copy(len), WIRE_ERR_MAGIC);
	good_frame();
	frame[4] = 2;
	assert_int_equal(wire_open(frame, len, &h, &body), WIRE_ERR_VERSION);
	assert_int_equal(h.seq, 4); /* a NACK can name it */
	good_frame();
	frame[5] = 0;
	assert_int_equal(open_copy(len), WIRE_ERR_TYPE);
	frame[5] = 8;
	assert_int_equal(open_copy(len), WIRE_ERR_TYPE);
	good_frame();
	frame[6] = 1;
	assert_int_equal(open_copy(len), WIRE_ERR_FLAGS);
	good_frame();
	frame[5] = WIRE_PING;
	seal(len);
	assert_int_equal(open_copy(len), WIRE_ERR_TRAILING);
}

static void
set_body_bytes(uint32_t n)
{
	for (int i = 0; i < 4; i++)
		frame[24 + i] = (uint8_t)(n >> (8 * i));
}

static void
test_oversized(void **state)
{
	(void)state;
	good_frame();
	set_body_bytes(WIRE_MAX_FRAME - WIRE_HEADER_BYTES);
	seal(WIRE_MAX_FRAME);
	assert_int_equal(open_copy(WIRE_MAX_FRAME), WIRE_OK);
	assert_int_equal(open_copy(WIRE_MAX_FRAME - 1), WIRE_ERR_TRUNCATED);
	assert_int_equal(open_copy(WIRE_MAX_FRAME + 1), WIRE_ERR_OVERSIZED);
	set_body_bytes(WIRE_MAX_FRAME - WIRE_HEADER_BYTES + 1);
	assert_int_equal(open_copy(WIRE_MAX_FRAME + 1), WIRE_ERR_OVERSIZED);
	assert_int_equal(open_copy(40), WIRE_ERR_OVERSIZED);
	set_body_bytes(UINT32_MAX);
	assert_int_equal(open_copy(40), WIRE_ERR_OVERSIZED);
}

static long
encode(size_t cap)
{
	return wire_batch_encode(1, 1, &batch, frame, cap);
}

static void
test_encoder(void **state)
{
	struct wire_hello hello = { { "s1", 2 }, 1, 0, 0, { "x", 1 } };
	struct wire_nack_body nack = { 1, 1, { "\n", 1 } };
	size_t len = good_frame();

	(void)state;
	for (size_t cap = 0; cap < len; cap++)
		assert_int_equal(encode(cap), WIRE_ERR_SPACE);
	assert_int_equal(encode(len), len);
	assert_int_equal(wire_empty_encode(WIRE_PING, 1, frame, 31),
			 WIRE_ERR_SPACE);
	assert_int_equal(wire_nack_encode(1, 1, &nack, frame, sizeof(frame)),
			 WIRE_ERR_TEXT);
	hello.sender.len = 0;
	assert_int_equal(wire_hello_encode(1, &hello, frame, sizeof(frame)),
			 WIRE_ERR_TEXT);
	ack.refused_n = WIRE_MAX_REFUSED + 1;
	assert_int_equal(wire_ack_encode(1, 1, &ack, frame, sizeof(frame)),
			 WIRE_ERR_LIMIT);

	batch.counts_n = 1;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_INDEX);
	batch.series_n = 1;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_TEXT);
	batch.series[0].indicator = (struct wire_text){ "i", 1 };
	assert_true(encode(sizeof(frame)) > 0);
	batch.counts[0].day = WIRE_DAY_MAX + 1;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_VALUE);
	batch.counts[0].day = WIRE_DAY_MIN;
	batch.counts[0].value = 1u << 31;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_VALUE);
	batch.counts[0].value = 1;
	batch.counts[0].flags = WIRE_COUNT_WITHDRAWN;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_VALUE);
	batch.counts[0].flags = 8;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_VALUE);
	batch.counts[0].flags = 0;
	batch.counts[0].denominator = 5; /* not meant: not written */
	assert_true(encode(sizeof(frame)) > 0);
	batch.closed_n = 1;
	batch.closed[0].day = INT32_MAX;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_VALUE);
	batch.counts_n = WIRE_MAX_COUNTS + 1;
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_LIMIT);
}

/* A frame above 256 KiB is not built, whatever the buffer's size. */
static void
test_encoder_oversized(void **state)
{
	static char code[WIRE_MAX_CODE];

	(void)state;
	memset(code, 'x', sizeof(code));
	good_frame();
	batch.series_n = WIRE_MAX_SERIES;
	for (size_t i = 0; i < WIRE_MAX_SERIES; i++)
		batch.series[i].indicator =
			(struct wire_text){ code, sizeof(code) };
	assert_int_equal(encode(sizeof(frame)), WIRE_ERR_SPACE);
	batch.series_n = 3000;
	assert_true(encode(sizeof(frame)) > 0);
}

static void
test_clip(void **state)
{
	(void)state;
	assert_int_equal(wire_clip("abc", 5).len, 3);
	assert_int_equal(wire_clip("abc", 2).len, 2);
	assert_int_equal(wire_clip("a\xe6\xb5\x81", 4).len, 4);
	assert_int_equal(wire_clip("a\xe6\xb5\x81", 3).len, 1);
	assert_int_equal(wire_clip("\xe6\xb5\x81", 2).len, 0);
}

static void
test_names(void **state)
{
	(void)state;
	for (int err = WIRE_ERR_FLAGS; err <= WIRE_OK; err++) {
		assert_string_not_equal(wire_strerror(err), "unknown error");
		assert_string_not_equal(wire_error_name(err), "unknown");
	}
	assert_string_equal(wire_error_name(WIRE_ERR_COLUMNS), "columns");
	assert_string_equal(wire_error_name(-99), "unknown");
	assert_string_equal(wire_strerror(-99), "unknown error");
	assert_string_equal(wire_nack_name(WIRE_NACK_UNKNOWN_SITE),
			    "unknown-site");
	assert_string_equal(wire_nack_name(WIRE_NACK_FRAME), "frame");
	assert_string_equal(wire_nack_name(99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_protobuf),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_encoder),
		cmocka_unit_test(test_encoder_oversized),
		cmocka_unit_test(test_clip),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
