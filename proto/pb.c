/*
 * Protobuf's wire format, the strict part of it that frames use.  Reads never
 * pass `end`, writes never pass the buffer's; nothing here allocates.
 */
#include "proto/pb.h"

#include <string.h>

#include "proto/utf8.h"

enum { MAX_FIELD_NUMBER = (1 << 29) - 1, INNER_BYTES = 1024 };

int
pb_varint(struct pb_in *in, uint64_t *value)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
		uint8_t byte = *in->at++;

		if (shift == 63 && byte > 1)
			return WIRE_ERR_PROTOBUF;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (byte == 0 && shift > 0) /* not the shortest form */
			return WIRE_ERR_PROTOBUF;
		*value = v;
		return WIRE_OK;
	}
	return WIRE_ERR_PROTOBUF;
}

static int
take_bytes(struct pb_in *in, struct pb_field *field, uint64_t len)
{
	if (len > (uint64_t)(in->end - in->at))
		return WIRE_ERR_PROTOBUF;
	field->at = in->at;
	field->len = (size_t)len;
	in->at += len;
	return 1;
}

int
pb_next(struct pb_in *in, struct pb_field *field)
{
	uint64_t tag, len;

	if (in->at == in->end)
		return 0;
	if (pb_varint(in, &tag) < 0 || tag >> 3 == 0 ||
	    tag >> 3 > MAX_FIELD_NUMBER)
		return WIRE_ERR_PROTOBUF;
	field->number = (uint32_t)(tag >> 3);
	field->type = (uint32_t)(tag & 7);
	switch (field->type) {
	case PB_VARINT:
		return pb_varint(in, &field->value) < 0 ? WIRE_ERR_PROTOBUF : 1;
	case PB_BYTES:
		if (pb_varint(in, &len) < 0)
			return WIRE_ERR_PROTOBUF;
		return take_bytes(in, field, len);
	case PB_FIXED64:
		return take_bytes(in, field, 8);
	case PB_FIXED32:
		return take_bytes(in, field, 4);
	default:
		return WIRE_ERR_PROTOBUF;
	}
}

int32_t
pb_unzigzag(uint32_t value)
{
	return (int32_t)((value >> 1) ^ (0u - (value & 1u)));
}

uint32_t
pb_zigzag(int32_t value)
{
	return ((uint32_t)value << 1) ^ (value < 0 ? UINT32_MAX : 0u);
}

int
pb_check_text(struct wire_text text, enum pb_kind kind, size_t max)
{
	if (text.len > max || (text.len == 0 && kind == PB_CODE))
		return WIRE_ERR_TEXT;
	return utf8_plain(text.at, text.len) ? WIRE_OK : WIRE_ERR_TEXT;
}

static bool
is_text(const struct pb_slot *slot)
{
	return slot->kind == PB_CODE || slot->kind == PB_TEXT;
}

static int
take_text(const struct pb_slot *slot, const struct pb_field *field, void *to)
{
	struct wire_text text = { (const char *)field->at, field->len };

	if (field->type != PB_BYTES)
		return WIRE_ERR_PROTOBUF;
	memcpy(to, &text, sizeof(text));
	return pb_check_text(text, slot->kind, slot->max);
}

static int
take_number(const struct pb_slot *slot, const struct pb_field *field, void *to)
{
	uint32_t small;
	int32_t day;

	if (field->type != PB_VARINT)
		return WIRE_ERR_PROTOBUF;
	if (slot->kind == PB_U64) {
		memcpy(to, &field->value, sizeof(field->value));
		return WIRE_OK;
	}
	if (field->value > UINT32_MAX)
		return WIRE_ERR_VALUE;
	small = (uint32_t)field->value;
	if (slot->kind == PB_U32) {
		memcpy(to, &small, sizeof(small));
		return WIRE_OK;
	}
	day = pb_unzigzag(small);
	if (day < WIRE_DAY_MIN || day > WIRE_DAY_MAX)
		return WIRE_ERR_VALUE;
	memcpy(to, &day, sizeof(day));
	return WIRE_OK;
}

int
pb_take(const struct pb_slot *slots, size_t n, const struct pb_field *field,
	unsigned *seen, void *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct pb_slot *slot = &slots[i];
		void *to = (char *)out + slot->offset;

		if (slot->number != field->number)
			continue;
		if (*seen & (1u << slot->number))
			return WIRE_ERR_PROTOBUF;
		*seen |= 1u << slot->number;
		return is_text(slot) ? take_text(slot, field, to)
				     : take_number(slot, field, to);
	}
	return WIRE_OK;
}

int
pb_complete(const struct pb_slot *slots, size_t n, const void *out)
{
	for (size_t i = 0; i < n; i++) {
		struct wire_text text;

		if (slots[i].kind != PB_CODE)
			continue;
		memcpy(&text, (const char *)out + slots[i].offset, sizeof(text));
		if (text.len == 0)
			return WIRE_ERR_TEXT;
	}
	return WIRE_OK;
}

void
pb_clear(const struct pb_slot *slots, size_t n, void *out)
{
	static const struct wire_text none = { "", 0 };

	for (size_t i = 0; i < n; i++) {
		void *to = (char *)out + slots[i].offset;

		if (is_text(&slots[i]))
			memcpy(to, &none, sizeof(none));
		else
			memset(to, 0, slots[i].kind == PB_U64 ? 8 : 4);
	}
}

int
pb_read(const struct pb_slot *slots, size_t n, const uint8_t *at, size_t len,
	void *out)
{
	struct pb_in in = { at, at + len };
	struct pb_field field;
	unsigned seen = 0;
	int rc;

	pb_clear(slots, n, out);
	while ((rc = pb_next(&in, &field)) > 0) {
		rc = pb_take(slots, n, &field, &seen, out);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : pb_complete(slots, n, out);
}

size_t
pb_varint_bytes(uint64_t value)
{
	size_t n = 1;

	while (value >>= 7)
		n++;
	return n;
}

void
pb_put_varint(struct pb_out *out, uint64_t value)
{
	if (out->full || pb_varint_bytes(value) > (size_t)(out->end - out->at)) {
		out->full = true;
		return;
	}
	for (; value >= 0x80; value >>= 7)
		*out->at++ = (uint8_t)(value | 0x80);
	*out->at++ = (uint8_t)value;
}

void
pb_put_raw(struct pb_out *out, const void *data, size_t len)
{
	if (out->full || len > (size_t)(out->end - out->at)) {
		out->full = true;
		return;
	}
	if (len > 0)
		memcpy(out->at, data, len);
	out->at += len;
}

void
pb_put_tag(struct pb_out *out, uint32_t number, enum pb_type type)
{
	pb_put_varint(out, (uint64_t)number << 3 | (uint64_t)type);
}

void
pb_put_uint(struct pb_out *out, uint32_t number, uint64_t value)
{
	if (value == 0)
		return;
	pb_put_tag(out, number, PB_VARINT);
	pb_put_varint(out, value);
}

void
pb_put_text(struct pb_out *out, uint32_t number, struct wire_text text)
{
	if (text.len == 0)
		return;
	pb_put_tag(out, number, PB_BYTES);
	pb_put_varint(out, text.len);
	pb_put_raw(out, text.at, text.len);
}

static int
write_slot(struct pb_out *out, const struct pb_slot *slot, const void *from)
{
	struct wire_text text;
	uint64_t large;
	uint32_t small;
	int32_t day;

	switch ((enum pb_kind)slot->kind) {
	case PB_CODE:
	case PB_TEXT:
		memcpy(&text, from, sizeof(text));
		pb_put_text(out, slot->number, text);
		return pb_check_text(text, slot->kind, slot->max);
	case PB_U64:
		memcpy(&large, from, sizeof(large));
		pb_put_uint(out, slot->number, large);
		return WIRE_OK;
	case PB_U32:
		memcpy(&small, from, sizeof(small));
		pb_put_uint(out, slot->number, small);
		return WIRE_OK;
	case PB_DAY:
		memcpy(&day, from, sizeof(day));
		if (day < WIRE_DAY_MIN || day > WIRE_DAY_MAX)
			return WIRE_ERR_VALUE;
		pb_put_uint(out, slot->number, pb_zigzag(day));
		return WIRE_OK;
	}
	return WIRE_ERR_VALUE;
}

int
pb_write(struct pb_out *out, const struct pb_slot *slots, size_t n, const void *in)
{
	for (size_t i = 0; i < n; i++) {
		const void *from = (const char *)in + slots[i].offset;
		int rc = write_slot(out, &slots[i], from);

		if (rc < 0)
			return rc;
	}
	return WIRE_OK;
}

int
pb_write_inner(struct pb_out *out, uint32_t number, const struct pb_slot *slots,
	       size_t n, const void *in)
{
	uint8_t bytes[INNER_BYTES];
	struct pb_out inner = { bytes, bytes + sizeof(bytes), false };
	size_t len;
	int rc = pb_write(&inner, slots, n, in);

	if (rc < 0)
		return rc;
	if (inner.full) {
		out->full = true;
		return WIRE_OK;
	}
	len = (size_t)(inner.at - bytes);
	pb_put_tag(out, number, PB_BYTES);
	pb_put_varint(out, len);
	pb_put_raw(out, bytes, len);
	return WIRE_OK;
}
