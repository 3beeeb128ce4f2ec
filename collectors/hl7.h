#ifndef TOCSIN_COLLECTORS_HL7_H
#define TOCSIN_COLLECTORS_HL7_H

/*
 * Reads HL7 version 2 messages in their pipe form, as far as counting visits
 * needs: segments, fields, repetitions, components, with the separators that
 * the message itself declares.  Pure: no heap, nothing copied, every index
 * checked; what is read points into the message.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h" /* struct wire_text */

#define HL7_MAX_SEGMENTS 512
#define HL7_MAX_MESSAGE (1024u * 1024)

enum hl7_error {
	HL7_OK = 0,
	HL7_ERR_HEADER = -1,   /* does not begin with MSH and separators */
	HL7_ERR_SEGMENTS = -2, /* more than HL7_MAX_SEGMENTS */
	HL7_ERR_SIZE = -3,
	HL7_ERR_BYTES = -4 /* a NUL byte */
};

struct hl7 {
	char field, component, repetition, escape, subcomponent;
	size_t segments;
	struct wire_text segment[HL7_MAX_SEGMENTS];
};

int hl7_parse(struct hl7 *m, const char *text, size_t len)
	__attribute__((warn_unused_result));

/* The nth segment (from 0) with the name, or -1. */
int hl7_find(const struct hl7 *m, const char *name, int nth);

/*
 * A field of segment (an index; -1 gives an empty text), numbered from 1 as
 * the standard does (also MSH's), repetition from 0, component from 1; 0 = the
 * whole repetition.  Empty where it is not there.
 */
struct wire_text hl7_get(const struct hl7 *m, int segment, int field,
			 int repetition, int component);

/*
 * Days since 1970-01-01 of a time stamp "YYYYMMDD[HHMM...]", or INT32_MIN.
 * The day is the sender's own civil date.
 */
int32_t hl7_day(struct wire_text stamp);

/*
 * The answer to a message: code is "AA", "AE" or "AR".  m may be NULL where
 * the message could not be read.  Returns the length, 0 where it does not fit.
 */
size_t hl7_answer(const struct hl7 *m, const char *code, const char *text,
		  char *buf, size_t cap);

const char *hl7_strerror(int err);

#endif
