#ifndef TOCSIN_PROTO_PB_H
#define TOCSIN_PROTO_PB_H

/*
 * The part of protobuf's wire format that frames use, for libtocsin-wire
 * only: fields read and written one by one, and small messages by a table of
 * their fields.  Stricter than protobuf: a varint has its shortest form, a
 * field that is not repeated stands once, groups are refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_in {
	const uint8_t *at;
	const uint8_t *end;
};

/* One field: value of a PB_VARINT; at and len of a PB_BYTES. */
struct pb_field {
	uint32_t number;
	uint32_t type; /* enum pb_type */
	uint64_t value;
	const uint8_t *at;
	size_t len;
};

/* Reads one varint of at most 64 bits.  Returns WIRE_OK or an error. */
int pb_varint(struct pb_in *in, uint64_t *value);

/* Reads the next field.  Returns 1, 0 at the end, or an error. */
int pb_next(struct pb_in *in, struct pb_field *field);

/* 0, -1, 1, -2 ... of 0, 1, 2, 3 ... */
int32_t pb_unzigzag(uint32_t value);
uint32_t pb_zigzag(int32_t value);

enum pb_kind {
	PB_CODE, /* struct wire_text, 1..max bytes */
	PB_TEXT, /* struct wire_text, 0..max bytes */
	PB_U32,	 /* uint32_t */
	PB_U64,	 /* uint64_t */
	PB_DAY	 /* int32_t, zigzag, within WIRE_DAY_MIN..WIRE_DAY_MAX */
};

/* Where a field of a small message goes; number is below 16. */
struct pb_slot {
	uint8_t number;
	uint8_t kind;  /* enum pb_kind */
	uint16_t max;  /* bytes of a text */
	size_t offset; /* in the struct */
};

#define PB_SLOT(type, field, number, kind, max)                                \
	{                                                                      \
		number, kind, max, offsetof(struct type, field)                \
	}
#define PB_SLOTS(table) (table), sizeof(table) / sizeof((table)[0])

/*
 * Puts a field into the slot of its number.  seen has a bit for each number
 * that stood before; a field of no slot is skipped.
 */
int pb_take(const struct pb_slot *slots, size_t n, const struct pb_field *field,
	    unsigned *seen, void *out);

/* What is true once all fields were taken: every PB_CODE is there. */
int pb_complete(const struct pb_slot *slots, size_t n, const void *out);

/* Zeroes the slots, then takes all fields of a message. */
void pb_clear(const struct pb_slot *slots, size_t n, void *out);
int pb_read(const struct pb_slot *slots, size_t n, const uint8_t *at,
	    size_t len, void *out);

/* Checks a text against its slot's kind: WIRE_OK or WIRE_ERR_TEXT. */
int pb_check_text(struct wire_text text, enum pb_kind kind, size_t max);

/* A buffer being filled; once full it stays full and takes nothing more. */
struct pb_out {
	uint8_t *at;
	uint8_t *end;
	bool full;
};

size_t pb_varint_bytes(uint64_t value);
void pb_put_varint(struct pb_out *out, uint64_t value);
void pb_put_raw(struct pb_out *out, const void *data, size_t len);
void pb_put_tag(struct pb_out *out, uint32_t number, enum pb_type type);
/* As proto3 does: zero and empty text are left out. */
void pb_put_uint(struct pb_out *out, uint32_t number, uint64_t value);
void pb_put_text(struct pb_out *out, uint32_t number, struct wire_text text);

/*
 * Writes a message by its table, after the checks a reader makes.
 * pb_write_inner() writes it as field `number` of an outer message.
 */
int pb_write(struct pb_out *out, const struct pb_slot *slots, size_t n,
	     const void *in);
int pb_write_inner(struct pb_out *out, uint32_t number,
		   const struct pb_slot *slots, size_t n, const void *in);

#endif
