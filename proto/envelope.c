/*
 * The envelope of a frame, and the words for what can be wrong with one.  Its
 * layout is in wire.h.
 */
#include "proto/envelope.h"

#include <string.h>

#include "proto/utf8.h"

enum { CRC_AT = 28 };

static uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint64_t
load64(const uint8_t *p)
{
	return (uint64_t)load32(p) | (uint64_t)load32(p + 4) << 32;
}

static void
store(uint8_t *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static int
check_length(const struct wire_header *h, size_t len)
{
	if (len > WIRE_MAX_FRAME ||
	    h->body_bytes > WIRE_MAX_FRAME - WIRE_HEADER_BYTES)
		return WIRE_ERR_OVERSIZED;
	if (len - WIRE_HEADER_BYTES < h->body_bytes)
		return WIRE_ERR_TRUNCATED;
	if (len - WIRE_HEADER_BYTES > h->body_bytes)
		return WIRE_ERR_TRAILING;
	return WIRE_OK;
}

static int
check_header(const struct wire_header *h)
{
	if (h->version != WIRE_VERSION)
		return WIRE_ERR_VERSION;
	if (h->type < WIRE_HELLO || h->type > WIRE_PONG)
		return WIRE_ERR_TYPE;
	if (h->flags != 0)
		return WIRE_ERR_FLAGS;
	return WIRE_OK;
}

int
wire_open(const uint8_t *frame, size_t len, struct wire_header *h,
	  const uint8_t **body)
{
	uint32_t crc;
	int rc;

	memset(h, 0, sizeof(*h));
	*body = NULL;
	if (len < WIRE_HEADER_BYTES)
		return WIRE_ERR_TRUNCATED;
	if (memcmp(frame, WIRE_MAGIC, 4) != 0)
		return WIRE_ERR_MAGIC;
	h->version = frame[4];
	h->type = frame[5];
	h->flags = (uint16_t)(frame[6] | frame[7] << 8);
	h->epoch = load64(frame + 8);
	h->seq = load64(frame + 16);
	h->body_bytes = load32(frame + 24);
	h->crc = load32(frame + CRC_AT);
	rc = check_header(h);
	if (rc == WIRE_OK)
		rc = check_length(h, len);
	if (rc < 0)
		return rc;
	crc = wire_crc32(0, frame, CRC_AT);
	crc = wire_crc32(crc, frame + WIRE_HEADER_BYTES, h->body_bytes);
	if (crc != h->crc)
		return WIRE_ERR_CRC;
	if (h->type >= WIRE_PING && h->body_bytes > 0)
		return WIRE_ERR_TRAILING;
	*body = frame + WIRE_HEADER_BYTES;
	return WIRE_OK;
}

struct pb_out
envelope_body(uint8_t *buf, size_t cap)
{
	struct pb_out out = { buf, buf, true };

	if (cap > WIRE_MAX_FRAME)
		cap = WIRE_MAX_FRAME;
	if (cap >= WIRE_HEADER_BYTES) {
		out.at = buf + WIRE_HEADER_BYTES;
		out.end = buf + cap;
		out.full = false;
	}
	return out;
}

long
envelope_close(enum wire_type type, uint64_t epoch, uint64_t seq, int rc,
	       const struct pb_out *body, uint8_t *buf)
{
	size_t len;
	uint32_t crc;

	if (rc < 0)
		return rc;
	if (body->full)
		return WIRE_ERR_SPACE;
	len = (size_t)(body->at - buf);
	memcpy(buf, WIRE_MAGIC, 4);
	buf[4] = WIRE_VERSION;
	buf[5] = (uint8_t)type;
	store(buf + 6, 0, 2);
	store(buf + 8, epoch, 8);
	store(buf + 16, seq, 8);
	store(buf + 24, len - WIRE_HEADER_BYTES, 4);
	crc = wire_crc32(0, buf, CRC_AT);
	crc = wire_crc32(crc, buf + WIRE_HEADER_BYTES, len - WIRE_HEADER_BYTES);
	store(buf + CRC_AT, crc, 4);
	return (long)len;
}

long
wire_empty_encode(enum wire_type type, uint64_t epoch, uint8_t *buf, size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);

	return envelope_close(type, epoch, 0, WIRE_OK, &out, buf);
}

struct wire_text
wire_clip(const char *text, size_t max)
{
	struct wire_text clipped = { text, utf8_clip(text, strlen(text), max) };

	return clipped;
}

/* Indexed by -error. */
static const struct {
	const char *name;
	const char *words;
} errors[] = {
	{ "ok", "no error" },
	{ "truncated", "fewer bytes than the envelope or its length says" },
	{ "trailing", "more bytes than the envelope's length says" },
	{ "magic", "does not begin with TCSN" },
	{ "version", "envelope version is not 1" },
	{ "type", "unknown type of frame" },
	{ "crc", "CRC-32 does not hold: damaged on the way" },
	{ "oversized", "larger than the 256 KiB a frame may have" },
	{ "protobuf", "body is not the protobuf that is accepted" },
	{ "columns", "columns of unequal length, split or unpacked" },
	{ "limit", "more counts, series or marks than a frame may have" },
	{ "index", "series_index points outside the dictionary" },
	{ "text", "a code or text is empty, too long or not plain UTF-8" },
	{ "value", "a value, day, revision or flag is out of range" },
	{ "space", "frame does not fit into its buffer" },
	{ "flags", "envelope flags are not 0" },
};

static size_t
error_row(int err)
{
	size_t n = sizeof(errors) / sizeof(errors[0]);
	size_t row = err > 0 ? 0 : (size_t)(-(long)err);

	return row < n ? row : n;
}

const char *
wire_strerror(int err)
{
	size_t row = error_row(err);

	return row < sizeof(errors) / sizeof(errors[0]) ? errors[row].words
							: "unknown error";
}

const char *
wire_error_name(int err)
{
	size_t row = error_row(err);

	return row < sizeof(errors) / sizeof(errors[0]) ? errors[row].name
							: "unknown";
}

const char *
wire_nack_name(uint32_t code)
{
	static const char *const names[] = { "none",
					     "expected",
					     "reject",
					     "fork",
					     "unauthorised",
					     "unknown-site",
					     "unknown-indicator",
					     "day",
					     "busy",
					     "limit",
					     "hello",
					     "frame" };

	return code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}
