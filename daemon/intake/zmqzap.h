#ifndef TOCSIN_INTAKE_ZMQZAP_H
#define TOCSIN_INTAKE_ZMQZAP_H

/*
 * The ZAP handler (RFC 27 of ZeroMQ): asked at every CURVE handshake of its
 * context, on a thread of its own, so that a busy loop keeps nobody waiting.
 * In the domain "sites" a key must be in the keyring; in "enrol" any key may
 * come, for there an invitation is asked for.  The User-Id of a connection
 * is its key's fingerprint.
 */

#include <stdint.h>

#include "daemon/intake/keyring.h"

struct zmqzap;

/* Answers from now on; before any socket listens.  NULL when logged. */
struct zmqzap *zmqzap_new(void *ctx, const struct keyring *keyring);
/* Ends the thread; the context's sockets may be open still. */
void zmqzap_free(struct zmqzap **z);

struct zmqzap_stats {
	uint64_t admitted, refused;
};
void zmqzap_stats(const struct zmqzap *z, struct zmqzap_stats *out);

#endif
