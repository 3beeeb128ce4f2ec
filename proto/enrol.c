/*
 * Invitations and registrations as text.
 */
#include "proto/enrol.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#define MARK "tocsin1."

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
			     "xyz0123456789-_";

/* base64url without padding; 0 where it does not fit. */
static size_t
encode64(const char *in, size_t len, char *out, size_t cap)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	if (cap < (len * 8 + 5) / 6 + 1)
		return 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (uint8_t)in[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		out[n++] = digits[bits << (6 - have) & 63];
	out[n] = '\0';
	return n;
}

/* Bytes written (no NUL), or -1. */
static long
decode64(const char *in, size_t len, char *out, size_t cap)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = memchr(digits, in[i], 64);

		if (at == NULL)
			return -1;
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n == cap)
			return -1;
		out[n++] = (char)(bits >> have & 255);
	}
	return (long)n;
}

/* Copies a text member of at least 1 and less than cap bytes. */
static int
text_of(const json_t *object, const char *name, char *out, size_t cap)
{
	const json_t *value = json_object_get(object, name);
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len == 0 || len >= cap)
		return -1;
	memcpy(out, json_string_value(value), len + 1);
	return 0;
}

static int
key_of(const json_t *object, char out[ENROL_KEY_TEXT])
{
	if (text_of(object, "key", out, ENROL_KEY_TEXT) < 0)
		return -1;
	return strlen(out) == ENROL_KEY_TEXT - 1 ? 0 : -1;
}

static json_t *
parse(const char *text, size_t len)
{
	if (len > ENROL_TEXT_BYTES)
		return NULL;
	return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}

static size_t
print(json_t *object, char *buf, size_t cap)
{
	size_t n =
		object != NULL ? json_dumpb(object, buf, cap, JSON_COMPACT) : 0;

	json_decref(object);
	if (n == 0 || n >= cap)
		return 0;
	buf[n] = '\0';
	return n;
}

size_t
enrol_invitation_write(const struct enrol_invitation *in, char *buf, size_t cap)
{
	char text[ENROL_TEXT_BYTES];
	size_t n = print(json_pack("{s:s, s:s, s:s, s:s, s:s}", "site", in->site,
				   "enrol", in->enrol, "centre", in->centre,
				   "key", in->key, "secret", in->secret),
			 text, sizeof(text));

	if (n == 0 || cap < sizeof(MARK))
		return 0;
	memcpy(buf, MARK, sizeof(MARK));
	n = encode64(text, n, buf + strlen(MARK), cap - strlen(MARK));
	return n > 0 ? n + strlen(MARK) : 0;
}

int
enrol_invitation_read(const char *text, size_t len, struct enrol_invitation *out)
{
	size_t mark = strlen(MARK);
	char plain[ENROL_TEXT_BYTES];
	json_t *object;
	long n;
	int rc;

	if (len <= mark || memcmp(text, MARK, mark) != 0)
		return -1;
	n = decode64(text + mark, len - mark, plain, sizeof(plain));
	object = n > 0 ? parse(plain, (size_t)n) : NULL;
	rc = object == NULL ||
			     text_of(object, "site", out->site,
				     sizeof(out->site)) < 0 ||
			     text_of(object, "enrol", out->enrol,
				     sizeof(out->enrol)) < 0 ||
			     text_of(object, "centre", out->centre,
				     sizeof(out->centre)) < 0 ||
			     text_of(object, "secret", out->secret,
				     sizeof(out->secret)) < 0 ||
			     key_of(object, out->key) < 0
		     ? -1
		     : 0;
	json_decref(object);
	return rc;
}

size_t
enrol_request_write(const struct enrol_request *in, char *buf, size_t cap)
{
	return print(json_pack("{s:s, s:s, s:s}", "site", in->site, "secret",
			       in->secret, "key", in->key),
		     buf, cap);
}

int
enrol_request_read(const char *text, size_t len, struct enrol_request *out)
{
	json_t *object = parse(text, len);
	int rc = object == NULL ||
				 text_of(object, "site", out->site,
					 sizeof(out->site)) < 0 ||
				 text_of(object, "secret", out->secret,
					 sizeof(out->secret)) < 0 ||
				 key_of(object, out->key) < 0
			 ? -1
			 : 0;

	json_decref(object);
	return rc;
}

size_t
enrol_reply_write(const struct enrol_reply *in, char *buf, size_t cap)
{
	return print(json_pack("{s:b, s:s}", "accepted", in->accepted,
			       "sentence", in->sentence),
		     buf, cap);
}

int
enrol_reply_read(const char *text, size_t len, struct enrol_reply *out)
{
	json_t *object = parse(text, len);
	const json_t *accepted = json_object_get(object, "accepted");
	int rc = object == NULL || !json_is_boolean(accepted) ||
				 text_of(object, "sentence", out->sentence,
					 sizeof(out->sentence)) < 0
			 ? -1
			 : 0;

	out->accepted = json_is_true(accepted);
	json_decref(object);
	return rc;
}
