/*
 * A socket's monitor, see zmqwatch.h.  Its queue has no limit: where ZeroMQ
 * would wait for room, all its connections would wait.
 */
#include "daemon/intake/zmqwatch.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"
#include "base/zsock.h"
#include "daemon/intake/zmqcut.h"
#include "proto/wire.h"

#define ENDPOINT "inproc://zmq.connections"
#define QUIET_TICKS 60 /* without a cut, until the next is told again */

/*
 * Bytes a peer is sent at least until its handshake is over: the greeting of
 * 64, then READY; with CURVE, WELCOME of 170 before it (ZMTP 3.1, RFC 26).  A
 * stranger gets an ERROR of 12 in READY's place.
 */
#define HANDSHAKE_PLAIN 70
#define HANDSHAKE_CURVE 270

struct zmqwatch {
	struct zsock *watched;
	struct zsock *monitor;
	struct zmqwatch_stats stats;
	struct zmqcut *cut;
	struct log_fault cutting;
	int quiet;	/* ticks since a connection was cut */
	bool why_known; /* of the next that is reported to have ended */
};

static void
on_cut(void *arg, const char *peer)
{
	struct zmqwatch *w = arg;

	w->stats.oversized++;
	w->quiet = 0;
	log_fault_begin(&w->cutting,
			"zmq: cut a connection peer=%s reason=oversized-cut: "
			"its message is above %d KiB; a frame has at most %d "
			"KiB, let the sender make smaller ones",
			peer, WIRE_HARD_FRAME / 1024, WIRE_MAX_FRAME / 1024);
}

static void
on_event(void *arg, const struct zsock_part *part, size_t n,
	 const char *user_id, const char *peer)
{
	struct zmqwatch *w = arg;
	uint16_t event;
	int32_t fd;
	char endpoint[128] = "";

	(void)user_id;
	(void)peer;
	if (n == 0 || part[0].len < sizeof(event) + sizeof(fd))
		return;
	memcpy(&event, part[0].data, sizeof(event));
	memcpy(&fd, (const char *)part[0].data + sizeof(event), sizeof(fd));
	if (n > 1 && part[1].len < sizeof(endpoint))
		memcpy(endpoint, part[1].data, part[1].len);
	if (event == ZMQ_EVENT_ACCEPTED) {
		w->stats.accepted++;
		zmqcut_accepted(w->cut, fd, endpoint);
	} else if (event == ZMQ_EVENT_DISCONNECTED) {
		w->stats.ended++;
		zmqcut_ended(w->cut, fd, w->why_known);
	} else {
		w->stats.broken++;
	}
	/* One thread of ZeroMQ reports: a failure, then its connection's end. */
	w->why_known =
		event != ZMQ_EVENT_ACCEPTED && event != ZMQ_EVENT_DISCONNECTED;
}

struct zmqwatch *
zmqwatch_new(void *ctx, struct event_base *base, struct zsock *sock, bool curve)
{
	const struct zsock_conf conf = { .type = ZMQ_PAIR,
					 .max_bytes = 4096,
					 .batch = 64 };
	struct zmqwatch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->watched = sock;
	w->cut = zmqcut_new(curve ? HANDSHAKE_CURVE : HANDSHAKE_PLAIN, on_cut, w);
	if (w->cut == NULL) {
		log_error("zmq: out of memory");
		free(w);
		return NULL;
	}
	if (zmq_socket_monitor(zsock_raw(sock), ENDPOINT,
			       ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) !=
	    0) {
		log_error("zmq: cannot watch the connections: %s",
			  zmq_strerror(zmq_errno()));
		zmqcut_free(&w->cut);
		free(w);
		return NULL;
	}
	w->monitor = zsock_new(ctx, base, &conf, on_event, w);
	if (w->monitor == NULL || zsock_connect(w->monitor, ENDPOINT) < 0)
		zmqwatch_free(&w);
	return w;
}

void
zmqwatch_free(struct zmqwatch **pw)
{
	struct zmqwatch *w = *pw;

	*pw = NULL;
	if (w == NULL)
		return;
	zmq_socket_monitor(zsock_raw(w->watched), NULL, 0);
	if (w->monitor != NULL)
		zsock_free(&w->monitor);
	zmqcut_free(&w->cut);
	free(w);
}

void
zmqwatch_tick(struct zmqwatch *w)
{
	zmqcut_tick(w->cut);
	if (w->cutting.times > 0 && ++w->quiet >= QUIET_TICKS)
		log_fault_end(&w->cutting, "zmq: cut no connection for %d s",
			      QUIET_TICKS);
}

void
zmqwatch_stats(const struct zmqwatch *w, struct zmqwatch_stats *out)
{
	*out = w->stats;
}
