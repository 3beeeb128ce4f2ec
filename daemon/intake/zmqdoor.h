#ifndef TOCSIN_INTAKE_ZMQDOOR_H
#define TOCSIN_INTAKE_ZMQDOOR_H

/*
 * The door for senders over ZeroMQ: a ROUTER that answers HELLO, BATCH and
 * PING of proto/README.md.  Who a peer is comes from its CURVE key and is
 * looked up at every message; only on loopback may keys be done without.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/intake/ingest.h"
#include "daemon/intake/access.h"
#include "daemon/intake/zmqwatch.h"

struct event_base;
struct zmqdoor;

/* The block "zmq" of the configuration. */
struct zmqdoor_conf {
	char *listen;	      /* "tcp://127.0.0.1:8651"; "" = no such door */
	bool curve;	      /* no: only on loopback, every word is believed */
	char *public_address; /* as sites reach it; "" = listen's */
	char *public_enrol;
	char *enrol; /* where invited sites register; "" = nowhere */
	int64_t max_sockets;
};
extern const struct conf_key zmqdoor_conf_keys[];

/* Is the endpoint one that only this machine reaches? */
bool zmqdoor_is_local(const char *endpoint);

/* Borrowed for its life. */
struct zmqdoor_env {
	struct event_base *base;
	struct ingest *ingest;
	struct access *access;
	const char *state; /* folder of the centre's key */
	uint64_t database_id;
};

/* Listens from now on.  NULL when already logged. */
struct zmqdoor *zmqdoor_new(const struct zmqdoor_conf *conf,
			    const struct zmqdoor_env *env);
void zmqdoor_free(struct zmqdoor **d);

/* "tcp://127.0.0.1:8651" with the real port. */
const char *zmqdoor_address(const struct zmqdoor *d);
/* Where sites enrol; "" where none can. */
const char *zmqdoor_enrol_address(const struct zmqdoor *d);
/* The centre's public key, or NULL without CURVE. */
const char *zmqdoor_key(const struct zmqdoor *d);

/* Once a second: looks at what was cut, calls senders that were sent away, if there is room. */
void zmqdoor_tick(struct zmqdoor *d);

struct zmqdoor_stats {
	uint64_t messages, hellos, pings, acks, nacks;
	uint64_t nacks_by[BATCH_CODES];
	uint64_t unauthorised;
	uint64_t handshakes_refused; /* CURVE: unknown or revoked keys */
	struct zmqwatch_stats connections;
	uint64_t lost_answers; /* the peer was gone or did not read */
};
void zmqdoor_stats(const struct zmqdoor *d, struct zmqdoor_stats *out);

#endif
