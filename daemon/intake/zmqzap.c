/* Handshakes. */
#include "daemon/intake/zmqzap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"

enum {
	VERSION,
	REQUEST_ID,
	DOMAIN,
	ADDRESS,
	ROUTING_ID,
	MECHANISM,
	CREDENTIALS,
	PARTS
};

struct zmqzap {
	const struct keyring *keyring;
	void *sock;    /* the thread's */
	void *end_in;  /* the thread's: a message ends it */
	void *end_out; /* ours */
	pthread_t thread;
	bool runs;
	_Atomic uint64_t admitted, refused;
};

/* One request into parts; false where it is not one. */
static bool
receive(void *sock, zmq_msg_t part[PARTS])
{
	bool more = true;
	int n = 0;

	while (more) {
		zmq_msg_t *m = &part[n < PARTS ? n : PARTS - 1];

		if (n >= PARTS)
			zmq_msg_close(m);
		zmq_msg_init(m);
		if (zmq_msg_recv(m, sock, 0) < 0)
			return false;
		more = zmq_msg_more(m) != 0;
		n++;
	}
	return n == PARTS;
}

static bool
is(zmq_msg_t *part, const char *text)
{
	return zmq_msg_size(part) == strlen(text) &&
	       memcmp(zmq_msg_data(part), text, strlen(text)) == 0;
}

/* May the key come in?  print gets its fingerprint. */
static bool
admit(const struct zmqzap *z, zmq_msg_t part[PARTS],
      char print[KEYRING_PRINT_BYTES])
{
	char sender[65];

	if (!is(&part[VERSION], "1.0") || !is(&part[MECHANISM], "CURVE") ||
	    zmq_msg_size(&part[CREDENTIALS]) != KEYRING_KEY_BYTES)
		return false;
	keyring_print(zmq_msg_data(&part[CREDENTIALS]), print);
	if (is(&part[DOMAIN], "enrol"))
		return true;
	return is(&part[DOMAIN], "sites") &&
	       keyring_sender(z->keyring, print, sender, sizeof(sender));
}

static void
reply(void *sock, zmq_msg_t *id, bool good, const char *print)
{
	const char *code = good ? "200" : "400";
	const char *user = good ? print : "";

	zmq_send(sock, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(sock, zmq_msg_data(id), zmq_msg_size(id), ZMQ_SNDMORE);
	zmq_send(sock, code, 3, ZMQ_SNDMORE);
	zmq_send(sock, "", 0, ZMQ_SNDMORE);
	zmq_send(sock, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(sock, "", 0, 0);
}

static void
answer_one(struct zmqzap *z)
{
	zmq_msg_t part[PARTS];
	char print[KEYRING_PRINT_BYTES] = "";
	bool whole, good;

	for (int i = 0; i < PARTS; i++)
		zmq_msg_init(&part[i]);
	whole = receive(z->sock, part);
	good = whole && admit(z, part, print);
	if (good)
		atomic_fetch_add(&z->admitted, 1);
	else
		atomic_fetch_add(&z->refused, 1);
	reply(z->sock, &part[REQUEST_ID], good, print);
	for (int i = 0; i < PARTS; i++)
		zmq_msg_close(&part[i]);
}

static void *
thread_main(void *arg)
{
	struct zmqzap *z = arg;
	zmq_pollitem_t item[2] = {
		{ .socket = z->sock, .events = ZMQ_POLLIN },
		{ .socket = z->end_in, .events = ZMQ_POLLIN },
	};

	for (;;) {
		if (zmq_poll(item, 2, -1) < 0 && errno != EINTR)
			break;
		if ((item[1].revents & ZMQ_POLLIN) != 0)
			break;
		if ((item[0].revents & ZMQ_POLLIN) != 0)
			answer_one(z);
	}
	zmq_close(z->sock);
	zmq_close(z->end_in);
	return NULL;
}

static int
open_sockets(struct zmqzap *z, void *ctx)
{
	int linger = 0;

	z->sock = zmq_socket(ctx, ZMQ_REP);
	z->end_in = zmq_socket(ctx, ZMQ_PAIR);
	z->end_out = zmq_socket(ctx, ZMQ_PAIR);
	if (z->sock == NULL || z->end_in == NULL || z->end_out == NULL)
		return -1;
	zmq_setsockopt(z->sock, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(z->end_out, ZMQ_LINGER, &linger, sizeof(linger));
	if (zmq_bind(z->sock, "inproc://zeromq.zap.01") != 0 ||
	    zmq_bind(z->end_in, "inproc://tocsin.zap.end") != 0 ||
	    zmq_connect(z->end_out, "inproc://tocsin.zap.end") != 0)
		return -1;
	return 0;
}

static void
close_sockets(struct zmqzap *z)
{
	if (z->sock != NULL)
		zmq_close(z->sock);
	if (z->end_in != NULL)
		zmq_close(z->end_in);
}

struct zmqzap *
zmqzap_new(void *ctx, const struct keyring *keyring)
{
	struct zmqzap *z = calloc(1, sizeof(*z));
	int rc;

	if (z == NULL) {
		log_error("zap: out of memory");
		return NULL;
	}
	z->keyring = keyring;
	if (open_sockets(z, ctx) < 0) {
		log_error("zap: no sockets: %s", zmq_strerror(errno));
		close_sockets(z);
		zmqzap_free(&z);
		return NULL;
	}
	rc = pthread_create(&z->thread, NULL, thread_main, z);
	if (rc != 0) {
		log_error("zap: no thread: %s", strerror(rc));
		close_sockets(z);
		zmqzap_free(&z);
		return NULL;
	}
	z->runs = true;
	return z;
}

void
zmqzap_free(struct zmqzap **pz)
{
	struct zmqzap *z = *pz;

	*pz = NULL;
	if (z == NULL)
		return;
	if (z->runs) {
		zmq_send(z->end_out, "", 0, 0);
		pthread_join(z->thread, NULL);
	}
	if (z->end_out != NULL)
		zmq_close(z->end_out);
	free(z);
}

void
zmqzap_stats(const struct zmqzap *z, struct zmqzap_stats *out)
{
	out->admitted = atomic_load(&z->admitted);
	out->refused = atomic_load(&z->refused);
}
