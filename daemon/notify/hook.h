#ifndef TOCSIN_NOTIFY_HOOK_H
#define TOCSIN_NOTIFY_HOOK_H

/*
 * What a webhook carries: bodies and signatures.  Pure.  Headers and
 * signature as in Standard Webhooks 1.0.0; the second shape is version 4 of
 * Alertmanager's webhook, for the many bridges that read it.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define HOOK_KEY_BYTES 64
#define HOOK_SIGNATURE_TEXT 48 /* "v1," and 44 of base64 and a NUL */

/* What every shape says; texts are borrowed. */
struct hook_notice {
	const char *message; /* id of the notice */
	const char *receiver;
	const char *title;   /* one line */
	const char *url;     /* of the alert's page; "" = none */
	const json_t *lines; /* the explanation */
	const json_t *body;  /* notify_body() */
	int64_t created_ms;
};

/* New objects; NULL when memory is short. */
json_t *hook_own(const struct hook_notice *n);
json_t *hook_alertmanager(const struct hook_notice *n);

/* "2026-03-09T08:30:00Z" */
#define HOOK_TIME_TEXT 32
const char *hook_time(int64_t ms, char buf[HOOK_TIME_TEXT]);

/*
 * Reads "whsec_" and base64 into key; returns its length, 16 to
 * HOOK_KEY_BYTES, or -1.
 */
int hook_key_parse(const char *text, uint8_t key[HOOK_KEY_BYTES]);

/* HMAC-SHA256 over "message.seconds.body". */
void hook_sign(const uint8_t *key, size_t key_len, const char *message,
	       int64_t seconds, const char *body, size_t len,
	       char out[HOOK_SIGNATURE_TEXT]);

#endif
