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

#define ENDPOINT "inproc://zmq.connections"

struct zmqwatch {
	struct zsock *watched;
	struct zsock *monitor;
	struct zmqwatch_stats stats;
};

static void
on_event(void *arg, const struct zsock_part *part, size_t n,
	 const char *user_id, const char *peer)
{
	struct zmqwatch *w = arg;
	uint16_t event;

	(void)user_id;
	(void)peer;
	if (n == 0 || part[0].len < sizeof(event))
		return;
	memcpy(&event, part[0].data, sizeof(event));
	if (event == ZMQ_EVENT_ACCEPTED)
		w->stats.accepted++;
	else if (event == ZMQ_EVENT_DISCONNECTED)
		w->stats.ended++;
	else
		w->stats.broken++;
}

struct zmqwatch *
zmqwatch_new(void *ctx, struct event_base *base, struct zsock *sock)
{
	const struct zsock_conf conf = { .type = ZMQ_PAIR,
					 .max_bytes = 4096,
					 .batch = 64 };
	struct zmqwatch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->watched = sock;
	if (zmq_socket_monitor(zsock_raw(sock), ENDPOINT,
			       ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) !=
	    0) {
		log_error("zmq: cannot watch the connections: %s",
			  zmq_strerror(zmq_errno()));
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
	free(w);
}

void
zmqwatch_stats(const struct zmqwatch *w, struct zmqwatch_stats *out)
{
	*out = w->stats;
}
