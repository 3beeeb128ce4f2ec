#ifndef TOCSIN_INTAKE_ZMQENROL_H
#define TOCSIN_INTAKE_ZMQENROL_H

/*
 * The socket where an invited site makes its key known (proto/enrol.h).  Any
 * key may connect; an invitation is asked for, and that the key registered
 * is the connection's own.
 */

#include "base/zsock.h"
#include "daemon/intake/access.h"

struct event_base;
struct zmqenrol;

/* Borrowed for its life. */
struct zmqenrol_env {
	struct event_base *base;
	void *ctx; /* of ZeroMQ */
	struct access *access;
	const char *public_key, *secret_key;
};

/* Listens from now on.  NULL when already logged. */
struct zmqenrol *zmqenrol_new(const char *endpoint,
			      const struct zmqenrol_env *env);
void zmqenrol_free(struct zmqenrol **e);
/* With the real port. */
const char *zmqenrol_address(const struct zmqenrol *e);

#endif
