#ifndef TOCSIN_INTAKE_ZMQCUT_H
#define TOCSIN_INTAKE_ZMQCUT_H

/*
 * Tells a connection that ZeroMQ cut for a message above ZMQ_MAXMSGSIZE from
 * one that its peer ended: libzmq 4.3.4 says of both no more than that they
 * ended.  Each accepted TCP connection is held by a descriptor of our own
 * until its end is reported; then the kernel still knows whether the peer was
 * there, past its handshake, with bytes that nobody read.  Nothing else that
 * libzmq cuts without a word looks like this.
 *
 * A peer that was cut is held until the look is sure, ten seconds at most.
 * At most a third of the descriptors this process may have is used: with the
 * unit's limit that is one for each of zmq.max_sockets.  A connection beyond
 * them, or over ipc:, of which the kernel tells less, is not looked at.
 */

#include <stdbool.h>
#include <stdint.h>

struct zmqcut;

/* peer: "192.0.2.7:50123", until the call ends. */
typedef void zmqcut_found(void *arg, const char *peer);

/*
 * handshake_bytes: what is sent to a peer at least until its handshake is
 * over.  NULL when out of memory.
 */
struct zmqcut *zmqcut_new(uint64_t handshake_bytes, zmqcut_found *found,
			  void *arg);
void zmqcut_free(struct zmqcut **c);

/* A connection to endpoint, ours, "tcp://127.0.0.1:8651", came as fd. */
void zmqcut_accepted(struct zmqcut *c, int fd, const char *endpoint);

/* It ended; why is known: another reason than size was reported for it. */
void zmqcut_ended(struct zmqcut *c, int fd, bool why_known);

/* Once a second: calls found for what is sure by now. */
void zmqcut_tick(struct zmqcut *c);

#endif
