#ifndef TOCSIN_BASE_ZSOCK_H
#define TOCSIN_BASE_ZSOCK_H

/*
 * One ZeroMQ socket on a libevent base.  ZeroMQ's descriptor is edge
 * triggered and shared by both directions: after every send or receive the
 * socket's state is read again, and where a turn ended with messages left an
 * event is activated for the next one.  Limits and timeouts that the
 * library's defaults lack are set here (message size, handshake, TCP
 * keepalive, linger 0); ZMTP heartbeats are never used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct zsock;

#define ZSOCK_KEY_BYTES 32
#define ZSOCK_KEY_TEXT 41 /* Z85 and its NUL */

struct zsock_conf {
	int type;	   /* ZMQ_ROUTER, ZMQ_DEALER, ZMQ_REP ... */
	int64_t max_bytes; /* ZMQ_MAXMSGSIZE; a larger one cuts the peer */
	int send_hwm;	   /* messages a peer */
	int recv_hwm;
	int batch;		/* messages read in one turn of the loop */
	const char *zap_domain; /* CURVE server: enforced; NULL: none */
	/* CURVE: own pair in Z85; NULL = no CURVE. */
	const char *public_key;
	const char *secret_key;
	const char *server_key; /* client: the centre's public key; NULL on a
				   server */
};

/* A message without copying: parts are borrowed for the call. */
struct zsock_part {
	const void *data;
	size_t len;
};

/*
 * One message.  user_id is ZAP's User-Id read from the last part, or NULL;
 * peer is the address of the connection, or NULL.
 */
typedef void zsock_readable(void *arg, const struct zsock_part *part, size_t n,
			    const char *user_id, const char *peer);

/* ctx is a ZeroMQ context, borrowed.  NULL when already logged. */
struct zsock *zsock_new(void *ctx, struct event_base *base,
			const struct zsock_conf *conf, zsock_readable *readable,
			void *arg);
void zsock_free(struct zsock **z);

/*
 * endpoint as ZeroMQ's; "tcp://127.0.0.1:*" takes any free port, and bound
 * (cap bytes) gets the real endpoint.  0, or -1 when already logged.
 */
int zsock_bind(struct zsock *z, const char *endpoint, char *bound, size_t cap)
	__attribute__((warn_unused_result));
int zsock_connect(struct zsock *z, const char *endpoint)
	__attribute__((warn_unused_result));
/* Cuts the connection to endpoint and makes it anew. */
int zsock_reconnect(struct zsock *z, const char *endpoint)
	__attribute__((warn_unused_result));

/*
 * Sends without waiting.  0 = taken; 1 = not now (high-water mark, or nobody
 * is connected); -1 = the peer is gone or another error (not logged).
 */
int zsock_send(struct zsock *z, const struct zsock_part *part, size_t n);

/* The socket beneath, for a monitor; never send or receive on it. */
void *zsock_raw(struct zsock *z);

#endif
