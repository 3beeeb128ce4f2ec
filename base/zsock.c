/*
 * ZeroMQ under libevent.  The wake-up is a companion event without a
 * descriptor: it is activated whenever a turn ends with messages left or a
 * send may have swallowed the edge of the real descriptor.
 */
#include "base/zsock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93 /* there in 4.3.4, hidden by its header */
#endif

enum { MAX_PARTS = 4 };

struct zsock {
	void *raw;
	struct event *readable_ev; /* the edge-triggered descriptor */
	struct event *again_ev;	   /* the companion */
	zsock_readable *readable;
	void *arg;
	int batch;
};

static int
set_int(void *raw, int option, int value)
{
	return zmq_setsockopt(raw, option, &value, sizeof(value));
}

static int
set_text(void *raw, int option, const char *text)
{
	return zmq_setsockopt(raw, option, text, strlen(text));
}

static int
set_common(void *raw, const struct zsock_conf *c)
{
	int rc = 0;

	rc |= set_int(raw, ZMQ_LINGER, 0);
	rc |= set_int(raw, ZMQ_SNDHWM, c->send_hwm);
	rc |= set_int(raw, ZMQ_RCVHWM, c->recv_hwm);
	rc |= set_int(raw, ZMQ_HANDSHAKE_IVL, 5000);
	rc |= set_int(raw, ZMQ_TCP_KEEPALIVE, 1);
	rc |= set_int(raw, ZMQ_TCP_KEEPALIVE_IDLE, 60);
	rc |= set_int(raw, ZMQ_TCP_KEEPALIVE_INTVL, 10);
	rc |= set_int(raw, ZMQ_TCP_KEEPALIVE_CNT, 6);
	rc |= set_int(raw, ZMQ_TCP_MAXRT, 120000);
	rc |= zmq_setsockopt(raw, ZMQ_MAXMSGSIZE, &c->max_bytes,
			     sizeof(c->max_bytes));
	if (c->type == ZMQ_ROUTER) {
		rc |= set_int(raw, ZMQ_ROUTER_MANDATORY, 1);
		/*
		 * A county's sites come back at one moment after a restart.
		 * Who finds the queue full is answered only when TCP tries
		 * again, up to half a minute later.
		 */
		rc |= set_int(raw, ZMQ_BACKLOG, 4096);
	}
	if (c->type == ZMQ_DEALER) {
		rc |= set_int(raw, ZMQ_IMMEDIATE, 1);
		rc |= set_int(raw, ZMQ_RECONNECT_IVL, 500 + rand() % 500);
		rc |= set_int(raw, ZMQ_RECONNECT_IVL_MAX, 60000);
	}
	return rc;
}

static int
set_security(void *raw, const struct zsock_conf *c)
{
	int rc = 0;

	if (c->zap_domain != NULL) {
		rc |= set_text(raw, ZMQ_ZAP_DOMAIN, c->zap_domain);
		rc |= set_int(raw, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
	}
	if (c->secret_key == NULL)
		return rc;
	rc |= set_text(raw, ZMQ_CURVE_PUBLICKEY, c->public_key);
	rc |= set_text(raw, ZMQ_CURVE_SECRETKEY, c->secret_key);
	if (c->server_key != NULL)
		rc |= set_text(raw, ZMQ_CURVE_SERVERKEY, c->server_key);
	else
		rc |= set_int(raw, ZMQ_CURVE_SERVER, 1);
	return rc;
}

static bool
may_read(struct zsock *z)
{
	int events = 0;
	size_t len = sizeof(events);

	if (zmq_getsockopt(z->raw, ZMQ_EVENTS, &events, &len) != 0)
		return false;
	return (events & ZMQ_POLLIN) != 0;
}

/*
 * The next turn of the loop, after it has looked at everything else: an event
 * that activates itself would be run again before that.
 */
static void
read_soon(struct zsock *z)
{
	const struct timeval now = { 0 };

	if (!evtimer_pending(z->again_ev, NULL))
		evtimer_add(z->again_ev, &now);
}

/* Gives one message to the reader; false when there was none. */
static bool
read_one(struct zsock *z)
{
	zmq_msg_t msg[MAX_PARTS];
	struct zsock_part part[MAX_PARTS];
	size_t n = 0;
	bool more = true, whole = true;

	while (more) {
		zmq_msg_t *m = &msg[n < MAX_PARTS ? n : MAX_PARTS - 1];

		zmq_msg_init(m);
		if (zmq_msg_recv(m, z->raw, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(m);
			break;
		}
		more = zmq_msg_more(m) != 0;
		if (n < MAX_PARTS - 1 || (n < MAX_PARTS && !more)) {
			part[n].data = zmq_msg_data(m);
			part[n++].len = zmq_msg_size(m);
		} else {
			whole = false; /* too many parts: not ours */
			zmq_msg_close(m);
		}
	}
	if (n > 0 && whole)
		z->readable(z->arg, part, n, zmq_msg_gets(&msg[n - 1], "User-Id"),
			    zmq_msg_gets(&msg[n - 1], "Peer-Address"));
	for (size_t i = 0; i < n; i++)
		zmq_msg_close(&msg[i]);
	return n > 0;
}

static void
drain(evutil_socket_t fd, short what, void *arg)
{
	struct zsock *z = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < z->batch && may_read(z); i++) {
		if (!read_one(z))
			break;
	}
	if (may_read(z))
		read_soon(z);
}

static int
watch(struct zsock *z, struct event_base *base)
{
	int fd = -1;
	size_t len = sizeof(fd);

	if (zmq_getsockopt(z->raw, ZMQ_FD, &fd, &len) != 0)
		return -1;
	z->readable_ev =
		event_new(base, fd, EV_READ | EV_PERSIST | EV_ET, drain, z);
	z->again_ev = evtimer_new(base, drain, z);
	if (z->readable_ev == NULL || z->again_ev == NULL ||
	    event_add(z->readable_ev, NULL) < 0)
		return -1;
	read_soon(z);
	return 0;
}

struct zsock *
zsock_new(void *ctx, struct event_base *base, const struct zsock_conf *conf,
	  zsock_readable *readable, void *arg)
{
	struct zsock *z = calloc(1, sizeof(*z));

	if (z == NULL) {
		log_error("zsock: out of memory");
		return NULL;
	}
	z->readable = readable;
	z->arg = arg;
	z->batch = conf->batch > 0 ? conf->batch : 64;
	z->raw = zmq_socket(ctx, conf->type);
	if (z->raw == NULL || set_common(z->raw, conf) != 0 ||
	    set_security(z->raw, conf) != 0 || watch(z, base) < 0) {
		log_error("zsock: cannot make a socket: %s", zmq_strerror(errno));
		zsock_free(&z);
	}
	return z;
}

void
zsock_free(struct zsock **pz)
{
	struct zsock *z = *pz;

	*pz = NULL;
	if (z == NULL)
		return;
	if (z->readable_ev != NULL)
		event_free(z->readable_ev);
	if (z->again_ev != NULL)
		event_free(z->again_ev);
	if (z->raw != NULL)
		zmq_close(z->raw);
	free(z);
}

int
zsock_bind(struct zsock *z, const char *endpoint, char *bound, size_t cap)
{
	if (zmq_bind(z->raw, endpoint) != 0) {
		log_error("zsock: cannot listen on %s: %s", endpoint,
			  zmq_strerror(errno));
		return -1;
	}
	if (bound != NULL &&
	    zmq_getsockopt(z->raw, ZMQ_LAST_ENDPOINT, bound, &cap) != 0) {
		log_error("zsock: endpoint of %s: %s", endpoint,
			  zmq_strerror(errno));
		return -1;
	}
	return 0;
}

int
zsock_connect(struct zsock *z, const char *endpoint)
{
	if (zmq_connect(z->raw, endpoint) != 0) {
		log_error("zsock: cannot connect to %s: %s", endpoint,
			  zmq_strerror(errno));
		return -1;
	}
	read_soon(z);
	return 0;
}

int
zsock_reconnect(struct zsock *z, const char *endpoint)
{
	/* Not connected is as good as disconnected. */
	zmq_disconnect(z->raw, endpoint);
	return zsock_connect(z, endpoint);
}

int
zsock_send(struct zsock *z, const struct zsock_part *part, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		int flags = ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0);

		if (zmq_send(z->raw, part[i].data, part[i].len, flags) < 0)
			rc = errno == EAGAIN ? 1 : -1;
	}
	/* The send may have taken the edge of a readable message. */
	if (may_read(z))
		read_soon(z);
	return rc;
}

void *
zsock_raw(struct zsock *z)
{
	return z->raw;
}
