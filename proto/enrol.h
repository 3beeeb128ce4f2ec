#ifndef TOCSIN_PROTO_ENROL_H
#define TOCSIN_PROTO_ENROL_H

/*
 * How a new site makes its key known (libtocsin-text; uses jansson).
 *
 * The centre prints an invitation, one word that is safe in a shell:
 * "tocsin1." and the base64url (RFC 4648, without padding) of
 * {"site":CODE,"enrol":ENDPOINT,"centre":ENDPOINT,"key":SERVER,"secret":S}.
 * "enrol" is the socket that takes registrations, "centre" the one that takes
 * counts, "key" the public CURVE key of both, in Z85; "secret" may be used
 * once and expires.
 *
 * The site makes its own CURVE key pair, connects to "enrol" (DEALER to
 * ROUTER, or REQ; CURVE with that pair) and sends one message, a JSON object
 * {"site":CODE,"secret":S,"key":PUBLIC}.  "key" must be the key of the
 * connection, which proves that the sender has its other half; private keys
 * never travel.  The answer is {"accepted":true|false,"sentence":TEXT}.
 *
 * Everything read here is bounded and checked; nothing points elsewhere.
 */

#include <stdbool.h>
#include <stddef.h>

#include "proto/wire.h"

#define ENROL_KEY_TEXT 41 /* Z85 and its NUL */
#define ENROL_MAX_ENDPOINT 200
#define ENROL_MAX_SECRET 64
#define ENROL_TEXT_BYTES 1600 /* no invitation, request or reply is longer */

struct enrol_invitation {
	char site[WIRE_MAX_CODE + 1];
	char enrol[ENROL_MAX_ENDPOINT + 1];
	char centre[ENROL_MAX_ENDPOINT + 1];
	char key[ENROL_KEY_TEXT];
	char secret[ENROL_MAX_SECRET + 1];
};

struct enrol_request {
	char site[WIRE_MAX_CODE + 1];
	char secret[ENROL_MAX_SECRET + 1];
	char key[ENROL_KEY_TEXT];
};

struct enrol_reply {
	bool accepted;
	char sentence[WIRE_MAX_TEXT + 1];
};

/* Writers return the length without the NUL, or 0 where it does not fit. */
size_t enrol_invitation_write(const struct enrol_invitation *in, char *buf,
			      size_t cap);
size_t enrol_request_write(const struct enrol_request *in, char *buf, size_t cap);
size_t enrol_reply_write(const struct enrol_reply *in, char *buf, size_t cap);

/* Readers return 0, or -1 where the text is not one of ours. */
int enrol_invitation_read(const char *text, size_t len,
			  struct enrol_invitation *out)
	__attribute__((warn_unused_result));
int enrol_request_read(const char *text, size_t len, struct enrol_request *out)
	__attribute__((warn_unused_result));
int enrol_reply_read(const char *text, size_t len, struct enrol_reply *out)
	__attribute__((warn_unused_result));

#endif
