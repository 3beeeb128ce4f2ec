#ifndef TOCSIN_INTAKE_ZMQWATCH_H
#define TOCSIN_INTAKE_ZMQWATCH_H

/*
 * Counts what happens to a ROUTER's connections beneath its messages.  A
 * message above ZMQ_MAXMSGSIZE never arrives: ZeroMQ cuts its connection
 * without saying why, zmqcut.h finds it out, and one line of the log names
 * the peer.
 */

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct zsock;
struct zmqwatch;

struct zmqwatch_stats {
	uint64_t accepted;
	uint64_t ended;	    /* by the peer, the network, or cut by us */
	uint64_t oversized; /* of those ended: cut for the size of a message */
	uint64_t broken;    /* no ZeroMQ, or a handshake cut short */
};

/* Watches sock, which outlives the watch.  NULL when already logged. */
struct zmqwatch *zmqwatch_new(void *ctx, struct event_base *base,
			      struct zsock *sock, bool curve);
void zmqwatch_free(struct zmqwatch **w);

/* Once a second. */
void zmqwatch_tick(struct zmqwatch *w);
void zmqwatch_stats(const struct zmqwatch *w, struct zmqwatch_stats *out);

#endif
