/*
 * HL7 version 2, the pipe form.
 */
#include "collectors/hl7.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"

static const struct wire_text nothing = { "", 0 };

static bool
is_end(char c)
{
	return c == '\r' || c == '\n';
}

int
hl7_parse(struct hl7 *m, const char *text, size_t len)
{
	size_t at = 0;

	m->segments = 0;
	if (len > HL7_MAX_MESSAGE)
		return HL7_ERR_SIZE;
	if (memchr(text, '\0', len) != NULL)
		return HL7_ERR_BYTES;
	while (at < len && is_end(text[at]))
		at++;
	if (len - at < 8 || memcmp(text + at, "MSH", 3) != 0)
		return HL7_ERR_HEADER;
	m->field = text[at + 3];
	m->component = text[at + 4];
	m->repetition = text[at + 5];
	m->escape = text[at + 6];
	m->subcomponent = text[at + 7];
	if (is_end(m->field) || is_end(m->component) || is_end(m->repetition) ||
	    m->field == m->component || m->field == m->repetition)
		return HL7_ERR_HEADER;
	while (at < len) {
		size_t end = at;

		while (end < len && !is_end(text[end]))
			end++;
		if (end > at && m->segments == HL7_MAX_SEGMENTS)
			return HL7_ERR_SEGMENTS;
		if (end > at)
			m->segment[m->segments++] =
				(struct wire_text){ text + at, end - at };
		at = end + 1;
	}
	return HL7_OK;
}

int
hl7_find(const struct hl7 *m, const char *name, int nth)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < m->segments; i++) {
		const struct wire_text *s = &m->segment[i];

		if (s->len < len || memcmp(s->at, name, len) != 0)
			continue;
		if (s->len > len && s->at[len] != m->field)
			continue;
		if (nth-- == 0)
			return (int)i;
	}
	return -1;
}

/* The nth piece (from 0) of t between separators. */
static struct wire_text
piece(struct wire_text t, char separator, int nth)
{
	for (; nth >= 0; nth--) {
		const char *end = memchr(t.at, separator, t.len);
		size_t len = end != NULL ? (size_t)(end - t.at) : t.len;

		if (nth == 0)
			return (struct wire_text){ t.at, len };
		if (end == NULL)
			break;
		t.at = end + 1;
		t.len -= len + 1;
	}
	return nothing;
}

struct wire_text
hl7_get(const struct hl7 *m, int segment, int field, int repetition, int component)
{
	struct wire_text t;
	bool header;

	if (segment < 0 || (size_t)segment >= m->segments || field < 1)
		return nothing;
	t = m->segment[segment];
	header = t.len >= 3 && memcmp(t.at, "MSH", 3) == 0;
	if (header && field == 1)
		return (struct wire_text){ t.at + 3, t.len > 3 ? 1 : 0 };
	t = piece(t, m->field, header ? field - 1 : field);
	if (header && field == 2)
		return t; /* the separators themselves */
	t = piece(t, m->repetition, repetition);
	return component > 0 ? piece(t, m->component, component - 1) : t;
}

static int
number(const char *at, int digits)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		n = n * 10 + (at[i] - '0');
	}
	return n;
}

int32_t
hl7_day(struct wire_text stamp)
{
	int year, month, mday;

	if (stamp.len < 8)
		return INT32_MIN;
	year = number(stamp.at, 4);
	month = number(stamp.at + 4, 2);
	mday = number(stamp.at + 6, 2);
	if (year < 0 || month < 0 || mday < 0)
		return INT32_MIN;
	return day_from_civil(year, month, mday);
}

size_t
hl7_answer(const struct hl7 *m, const char *code, const char *text, char *buf,
	   size_t cap)
{
	int msh = m != NULL ? hl7_find(m, "MSH", 0) : -1;
	struct wire_text id = nothing, version = nothing, trigger = nothing;
	int n;

	if (msh >= 0) {
		id = hl7_get(m, msh, 10, 0, 0);
		version = hl7_get(m, msh, 12, 0, 1);
		trigger = hl7_get(m, msh, 9, 0, 2);
	}
	if (id.len > 200)
		id.len = 200;
	if (version.len == 0 || version.len > 10)
		version = (struct wire_text){ "2.5.1", 5 };
	if (trigger.len > 10)
		trigger.len = 10;
	n = snprintf(buf, cap,
		     "MSH|^~\\&|tocsin-collect||||||ACK^%.*s|%.*s|P|%.*s\r"
		     "MSA|%s|%.*s|%.200s\r",
		     (int)trigger.len, trigger.at, (int)id.len, id.at,
		     (int)version.len, version.at, code, (int)id.len, id.at,
		     text);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

const char *
hl7_strerror(int err)
{
	switch (err) {
	case HL7_OK:
		return "no error";
	case HL7_ERR_HEADER:
		return "does not begin with an MSH segment";
	case HL7_ERR_SEGMENTS:
		return "too many segments";
	case HL7_ERR_SIZE:
		return "larger than 1 MiB";
	case HL7_ERR_BYTES:
		return "has a NUL byte";
	default:
		return "unknown error";
	}
}
