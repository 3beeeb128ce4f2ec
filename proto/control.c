/*
 * The small bodies: HELLO, WELCOME, ACK, NACK.  Each is a table of its fields,
 * read and written by pb.c; ACK's list is the one exception.
 */
#include "proto/envelope.h"

static const struct pb_slot hello_slots[] = {
	PB_SLOT(wire_hello, sender, 1, PB_CODE, WIRE_MAX_CODE),
	PB_SLOT(wire_hello, first_seq, 2, PB_U64, 0),
	PB_SLOT(wire_hello, last_acked_seq, 3, PB_U64, 0),
	PB_SLOT(wire_hello, last_acked_crc, 4, PB_U32, 0),
	PB_SLOT(wire_hello, software, 5, PB_TEXT, WIRE_MAX_CODE),
};

static const struct pb_slot welcome_slots[] = {
	PB_SLOT(wire_welcome, database_id, 1, PB_U64, 0),
	PB_SLOT(wire_welcome, durable_seq, 2, PB_U64, 0),
	PB_SLOT(wire_welcome, window, 3, PB_U32, 0),
	PB_SLOT(wire_welcome, max_frame_bytes, 4, PB_U32, 0),
};

static const struct pb_slot refused_slots[] = {
	PB_SLOT(wire_refused, seq, 1, PB_U64, 0),
	PB_SLOT(wire_refused, index, 2, PB_U32, 0),
	PB_SLOT(wire_refused, code, 3, PB_U32, 0),
	PB_SLOT(wire_refused, reason, 4, PB_TEXT, WIRE_MAX_TEXT),
};

static const struct pb_slot ack_slots[] = {
	PB_SLOT(wire_ack, window, 1, PB_U32, 0),
	PB_SLOT(wire_ack, refused_total, 2, PB_U64, 0),
	PB_SLOT(wire_ack, older, 4, PB_U64, 0),
	PB_SLOT(wire_ack, hint, 5, PB_TEXT, WIRE_MAX_TEXT),
};

enum { ACK_REFUSED = 3, ACK_BEFORE = 2, ACK_BEHIND = 2 };

static const struct pb_slot nack_slots[] = {
	PB_SLOT(wire_nack_body, code, 1, PB_U32, 0),
	PB_SLOT(wire_nack_body, expected_seq, 2, PB_U64, 0),
	PB_SLOT(wire_nack_body, reason, 3, PB_TEXT, WIRE_MAX_TEXT),
};

int
wire_hello_decode(const uint8_t *body, size_t len, struct wire_hello *out)
{
	return pb_read(PB_SLOTS(hello_slots), body, len, out);
}

int
wire_welcome_decode(const uint8_t *body, size_t len, struct wire_welcome *out)
{
	return pb_read(PB_SLOTS(welcome_slots), body, len, out);
}

int
wire_nack_decode(const uint8_t *body, size_t len, struct wire_nack_body *out)
{
	return pb_read(PB_SLOTS(nack_slots), body, len, out);
}

static int
take_refused(struct wire_ack *out, const struct pb_field *field)
{
	if (field->type != PB_BYTES)
		return WIRE_ERR_PROTOBUF;
	if (out->refused_n == WIRE_MAX_REFUSED)
		return WIRE_ERR_LIMIT;
	return pb_read(PB_SLOTS(refused_slots), field->at, field->len,
		       &out->refused[out->refused_n++]);
}

int
wire_ack_decode(const uint8_t *body, size_t len, struct wire_ack *out)
{
	struct pb_in in = { body, body + len };
	struct pb_field field;
	unsigned seen = 0;
	int rc;

	pb_clear(PB_SLOTS(ack_slots), out);
	out->refused_n = 0;
	while ((rc = pb_next(&in, &field)) > 0) {
		if (field.number == ACK_REFUSED)
			rc = take_refused(out, &field);
		else
			rc = pb_take(PB_SLOTS(ack_slots), &field, &seen, out);
		if (rc < 0)
			return rc;
	}
	return rc;
}

long
wire_hello_encode(uint64_t epoch, const struct wire_hello *hello, uint8_t *buf,
		  size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);
	int rc = pb_write(&out, PB_SLOTS(hello_slots), hello);

	return envelope_close(WIRE_HELLO, epoch, hello->first_seq, rc, &out, buf);
}

long
wire_welcome_encode(uint64_t epoch, const struct wire_welcome *welcome,
		    uint8_t *buf, size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);
	int rc = pb_write(&out, PB_SLOTS(welcome_slots), welcome);

	return envelope_close(WIRE_WELCOME, epoch, welcome->durable_seq, rc,
			      &out, buf);
}

long
wire_ack_encode(uint64_t epoch, uint64_t durable_seq,
		const struct wire_ack *ack, uint8_t *buf, size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);
	int rc = pb_write(&out, ack_slots, ACK_BEFORE, ack);

	if (ack->refused_n > WIRE_MAX_REFUSED)
		return WIRE_ERR_LIMIT;
	for (size_t i = 0; rc == WIRE_OK && i < ack->refused_n; i++)
		rc = pb_write_inner(&out, ACK_REFUSED, PB_SLOTS(refused_slots),
				    &ack->refused[i]);
	if (rc == WIRE_OK)
		rc = pb_write(&out, ack_slots + ACK_BEFORE, ACK_BEHIND, ack);
	return envelope_close(WIRE_ACK, epoch, durable_seq, rc, &out, buf);
}

long
wire_nack_encode(uint64_t epoch, uint64_t seq,
		 const struct wire_nack_body *nack, uint8_t *buf, size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);
	int rc = pb_write(&out, PB_SLOTS(nack_slots), nack);

	return envelope_close(WIRE_NACK, epoch, seq, rc, &out, buf);
}
