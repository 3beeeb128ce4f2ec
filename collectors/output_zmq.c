/*
 * The output over ZeroMQ: carries out what the sender's state machine says.
 * A connection is always made anew from the timer's callback, never inside
 * the callback of the socket that it replaces.
 */
#include "collectors/output.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "base/log.h"
#include "base/zsock.h"
#include "collectors/files.h"
#include "collectors/keys.h"
#include "collectors/outbox.h"
#include "collectors/sender.h"
#include "collectors/settings.h"
#include "collectors/told.h"
#include "proto/wire.h"

#define SOFTWARE "tocsin-collect " TOCSIN_VERSION
#define RECORD_MS 200 /* positions are written down this often */
#define BLOCKED_MS 20 /* the socket takes no more just now */
#define FRAMES_A_TURN 64

struct output_zmq {
	struct output out; /* first */
	struct sender sender;
	void *ctx;
	struct zsock *sock;
	struct zsock *monitor;
	struct event *timer;
	struct keys keys;
	unsigned sockets; /* made so far; names the monitor's endpoint */
	bool reconnect;	  /* at the timer's next turn */
	bool blocked;
	bool dirty; /* the position is not recorded yet */
	bool acked; /* and came with an acknowledgement */
	int64_t dirty_at;
	char centre_id[OUTBOX_ID_BYTES]; /* "" before WELCOME */
	uint32_t max_frame;		 /* of the last WELCOME; 0 = none */
	struct wire_ack ack;
	uint8_t buf[1024];
};

static const char *
address(const struct output_zmq *z)
{
	return z->out.conf.settings->centre[z->sender.centre].address;
}

static void
arm(struct output_zmq *z)
{
	int64_t now = files_steady_ms(), at = sender_deadline(&z->sender);
	struct timeval tv;

	if (z->dirty && z->dirty_at + RECORD_MS < at)
		at = z->dirty_at + RECORD_MS;
	if (z->blocked && now + BLOCKED_MS < at)
		at = now + BLOCKED_MS;
	if (z->reconnect)
		at = now;
	if (at == INT64_MAX) {
		event_del(z->timer);
		return;
	}
	at = at > now ? at - now : 0;
	tv.tv_sec = at / 1000;
	tv.tv_usec = at % 1000 * 1000;
	event_add(z->timer, &tv);
}

static void
record(struct output_zmq *z)
{
	struct outbox *box = z->out.conf.outbox;

	if (!z->dirty || z->centre_id[0] == '\0')
		return;
	if (outbox_durable(box, z->centre_id, address(z), z->sender.durable,
			   z->acked, files_now_ms()) < 0) {
		z->dirty_at = files_steady_ms();
		return; /* tried again; the centre knows it anyway */
	}
	z->dirty = z->acked = false;
	z->sender.first = outbox_first(box);
}

/* Is this the moment that the owner waits for? */
static void
settle(struct output_zmq *z)
{
	bool done = sender_done(&z->sender);

	if (done)
		record(z);
	if (z->out.done == done && z->out.durable == z->sender.durable)
		return;
	z->out.done = done && !z->dirty;
	z->out.durable = z->sender.durable;
	if (z->out.conf.changed != NULL)
		z->out.conf.changed(z->out.conf.arg);
}

static void
send_hello(struct output_zmq *z)
{
	const struct settings *s = z->out.conf.settings;
	struct outbox_centre c;
	struct wire_hello hello = { .first_seq = z->sender.first };
	struct zsock_part part = { .data = z->buf };
	long n;

	if (outbox_centre_at(z->out.conf.outbox, address(z), &c) < 0)
		memset(&c, 0, sizeof(c));
	hello.sender = (struct wire_text){ s->code, strlen(s->code) };
	hello.software = (struct wire_text){ SOFTWARE, strlen(SOFTWARE) };
	hello.last_acked_seq = c.seq;
	hello.last_acked_crc = c.crc;
	n = wire_hello_encode(outbox_epoch(z->out.conf.outbox), &hello, z->buf,
			      sizeof(z->buf));
	if (n < 0) {
		log_error("output: HELLO: %s", wire_strerror((int)n));
		return;
	}
	part.len = (size_t)n;
	sender_greeted(&z->sender,
		       z->sock != NULL && zsock_send(z->sock, &part, 1) == 0,
		       files_steady_ms());
}

static void
send_ping(struct output_zmq *z)
{
	long n = wire_empty_encode(WIRE_PING, outbox_epoch(z->out.conf.outbox),
				   z->buf, sizeof(z->buf));
	struct zsock_part part = { .data = z->buf, .len = (size_t)n };

	if (n > 0 && z->sock != NULL && zsock_send(z->sock, &part, 1) < 0)
		log_debug("output: PING was not taken");
}

/* Made for a centre that took larger ones, and cannot be cut in two. */
static bool
is_too_large(struct output_zmq *z, uint64_t seq, size_t len)
{
	char why[256];

	if (len <= z->max_frame)
		return false;
	snprintf(
		why, sizeof(why),
		"the centre takes frames of at most %" PRIu32
		" bytes, frame %" PRIu64
		" of this outbox has %zu; ask its operator to take larger ones",
		z->max_frame, seq, len);
	output_say(&z->out, OUTPUT_REFUSED, why);
	return true;
}

static void
send_frames(struct output_zmq *z)
{
	uint64_t seq;

	z->blocked = false;
	for (int i = 0; (seq = sender_want(&z->sender)) != 0; i++) {
		struct zsock_part part;
		const uint8_t *frame;
		const char *county;
		int rc;

		if (i == FRAMES_A_TURN || z->sock == NULL) {
			z->blocked = true;
			return;
		}
		rc = outbox_frame(z->out.conf.outbox, seq, &frame, &part.len,
				  &county);
		if (rc <= 0) {
			if (rc == 0)
				log_error("output: frame %" PRIu64
					  " is not in the outbox",
					  seq);
			return;
		}
		if (is_too_large(z, seq, part.len))
			return;
		part.data = frame;
		if (zsock_send(z->sock, &part, 1) != 0) {
			z->blocked = true;
			return;
		}
		sender_sent(&z->sender, files_steady_ms());
	}
}

static void
say(struct output_zmq *z)
{
	static const enum output_state of[] = {
		[SENDER_IDLE] = OUTPUT_TRYING,
		[SENDER_BACKOFF] = OUTPUT_TRYING,
		[SENDER_GREET] = OUTPUT_TRYING,
		[SENDER_OPEN] = OUTPUT_OPEN,
		[SENDER_REFUSED] = OUTPUT_REFUSED,
		[SENDER_FORKED] = OUTPUT_STOPPED,
	};

	output_say(&z->out, of[z->sender.state], z->sender.why);
}

static void
apply(struct output_zmq *z, const struct sender_event *ev)
{
	struct sender_acts acts;

	if (z->reconnect && ev->kind != SENDER_EV_TIMER &&
	    ev->kind != SENDER_EV_PUT)
		return; /* of a connection that is being given up */
	sender_apply(&z->sender, ev, files_steady_ms(), &acts);
	if (acts.connect) {
		z->reconnect = true; /* HELLO follows the connection */
		z->centre_id[0] = '\0';
		z->dirty = false;
		sender_greeted(&z->sender, false, files_steady_ms());
	} else if (acts.hello) {
		send_hello(z);
	}
	if (acts.ping)
		send_ping(z);
	if (acts.reject &&
	    outbox_reject(z->out.conf.outbox, z->centre_id, ev->seq, -1,
			  ev->code, ev->reason != NULL ? ev->reason : "",
			  files_now_ms()) < 0)
		log_error("output: a refusal could not be recorded");
	if (acts.gap)
		log_warn("output: the centre lacks frames %" PRIu64
			 " to %" PRIu64
			 ", which are no longer kept here; their files must "
			 "be pushed again",
			 z->sender.durable + 1, z->sender.first - 1);
	if (acts.durable) {
		if (!z->dirty)
			z->dirty_at = files_steady_ms();
		z->dirty = true;
		z->acked = z->acked || ev->kind != SENDER_EV_WELCOME;
		if (ev->kind == SENDER_EV_WELCOME)
			record(z);
	}
	if (acts.news)
		say(z);
	send_frames(z);
	settle(z);
}

/* For this connection, and for frames that are made from now on. */
static void
learn_max_frame(struct output_zmq *z, uint32_t bytes)
{
	char said[24];

	if (bytes == 0 || bytes > WIRE_MAX_FRAME)
		bytes = WIRE_MAX_FRAME;
	if (bytes == z->max_frame)
		return;
	z->max_frame = bytes;
	snprintf(said, sizeof(said), "%" PRIu32, bytes);
	if (outbox_note(z->out.conf.outbox, OUTBOX_MAX_FRAME, said) < 0)
		log_error("output: the centre's limit could not be noted");
}

static void
on_welcome(struct output_zmq *z, const struct wire_welcome *w)
{
	struct sender_event ev = { .kind = SENDER_EV_WELCOME,
				   .seq = w->durable_seq,
				   .window = w->window };
	struct outbox_centre c;

	learn_max_frame(z, w->max_frame_bytes);
	snprintf(z->centre_id, sizeof(z->centre_id), "%016" PRIx64,
		 w->database_id);
	if (outbox_centre(z->out.conf.outbox, z->centre_id, &c) == 0)
		ev.known = c.seq;
	apply(z, &ev);
}

static void
on_nack(struct output_zmq *z, uint64_t seq, const struct wire_nack_body *n)
{
	char reason[WIRE_MAX_TEXT + 1];
	struct sender_event ev = { .kind = SENDER_EV_NACK,
				   .seq = seq,
				   .code = n->code,
				   .expected = n->expected_seq,
				   .reason = reason };

	snprintf(reason, sizeof(reason), "%.*s", (int)n->reason.len,
		 n->reason.at);
	apply(z, &ev);
}

/* One message of the centre. */
static void
on_message(void *arg, const struct zsock_part *part, size_t n, const char *user,
	   const char *peer)
{
	struct output_zmq *z = arg;
	struct sender_event ev = { .kind = SENDER_EV_PONG };
	struct wire_welcome welcome;
	struct wire_nack_body nack;
	struct wire_header h;
	const uint8_t *body;
	int rc = WIRE_ERR_TYPE;

	(void)user;
	(void)peer;
	rc = wire_open(part[n - 1].data, part[n - 1].len, &h, &body);
	if (rc == WIRE_OK && h.epoch != outbox_epoch(z->out.conf.outbox))
		rc = WIRE_ERR_VALUE;
	if (rc != WIRE_OK) {
		log_debug("output: from the centre: %s", wire_strerror(rc));
		return;
	}
	ev.seq = h.seq;
	if (h.type == WIRE_WELCOME) {
		rc = wire_welcome_decode(body, h.body_bytes, &welcome);
		if (rc == WIRE_OK)
			on_welcome(z, &welcome);
	} else if (h.type == WIRE_ACK) {
		rc = wire_ack_decode(body, h.body_bytes, &z->ack);
		if (rc == WIRE_OK) {
			told_keep(z->out.conf.outbox, z->centre_id, &z->ack);
			ev.kind = SENDER_EV_ACK;
			ev.window = z->ack.window;
			apply(z, &ev);
		}
	} else if (h.type == WIRE_NACK) {
		rc = wire_nack_decode(body, h.body_bytes, &nack);
		if (rc == WIRE_OK)
			on_nack(z, h.seq, &nack);
	} else if (h.type == WIRE_PONG) {
		apply(z, &ev);
	}
	if (rc != WIRE_OK)
		log_warn("output: the centre's message of type %u: %s", h.type,
			 wire_strerror(rc));
	arm(z);
}

/* libzmq's monitor: a first part of u16 event and u32 value. */
static void
on_monitor(void *arg, const struct zsock_part *part, size_t n, const char *user,
	   const char *peer)
{
	struct output_zmq *z = arg;
	struct sender_event ev = { .kind = SENDER_EV_LINK };
	uint16_t event;

	(void)user;
	(void)peer;
	if (n == 0 || part[0].len < sizeof(event))
		return;
	memcpy(&event, part[0].data, sizeof(event));
	if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		ev.kind = SENDER_EV_AUTH_FAILED;
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
		 event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		snprintf(z->sender.why, sizeof(z->sender.why),
			 "the centre's encryption does not fit: is its public "
			 "key the right one?");
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ||
	    event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		apply(z, &ev);
	else
		say(z);
	arm(z);
}

static int
watch(struct output_zmq *z)
{
	const struct zsock_conf conf = { .type = ZMQ_PAIR,
					 .max_bytes = 4096,
					 .send_hwm = 100,
					 .recv_hwm = 100,
					 .batch = 16 };
	char endpoint[64];

	snprintf(endpoint, sizeof(endpoint), "inproc://monitor-%u", ++z->sockets);
	if (zmq_socket_monitor(zsock_raw(z->sock), endpoint,
			       ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) !=
	    0) {
		log_error("output: cannot watch the connection: %s",
			  zmq_strerror(zmq_errno()));
		return -1;
	}
	z->monitor = zsock_new(z->ctx, z->out.conf.base, &conf, on_monitor, z);
	if (z->monitor == NULL)
		return -1;
	return zsock_connect(z->monitor, endpoint);
}

static void
drop_socket(struct output_zmq *z)
{
	if (z->sock != NULL)
		zmq_socket_monitor(zsock_raw(z->sock), NULL, 0);
	zsock_free(&z->monitor);
	zsock_free(&z->sock);
}

static int
make_socket(struct output_zmq *z)
{
	const struct settings_centre *c =
		&z->out.conf.settings->centre[z->sender.centre];
	struct zsock_conf conf = { .type = ZMQ_DEALER,
				   .max_bytes = WIRE_MAX_FRAME,
				   .send_hwm = 64,
				   .recv_hwm = 1000,
				   .batch = 64 };

	drop_socket(z);
	if (c->key[0] != '\0') {
		/* The site may have enrolled anew. */
		if (keys_load(z->out.conf.settings->state, &z->keys) != 0)
			return -1;
		conf.public_key = z->keys.public_key;
		conf.secret_key = z->keys.secret_key;
		conf.server_key = c->key;
	}
	z->sock = zsock_new(z->ctx, z->out.conf.base, &conf, on_message, z);
	if (z->sock == NULL || watch(z) < 0 ||
	    zsock_connect(z->sock, c->address) < 0) {
		drop_socket(z);
		return -1; /* the state machine waits and tries again */
	}
	return 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct output_zmq *z = arg;
	const struct sender_event ev = { .kind = SENDER_EV_TIMER };

	(void)fd;
	(void)what;
	if (z->reconnect) {
		if (make_socket(z) < 0)
			log_error("output: no socket for %s", address(z));
		z->reconnect = false;
	}
	if (z->dirty && files_steady_ms() - z->dirty_at >= RECORD_MS)
		record(z);
	apply(z, &ev);
	arm(z);
}

static void
put(struct output *o)
{
	struct output_zmq *z = (struct output_zmq *)o;
	const struct sender_event ev = { .kind = SENDER_EV_PUT,
					 .seq = outbox_last(o->conf.outbox) };

	apply(z, &ev);
	arm(z);
}

static void
flush(struct output *o)
{
	record((struct output_zmq *)o);
}

static void
close_it(struct output *o)
{
	struct output_zmq *z = (struct output_zmq *)o;

	drop_socket(z);
	if (z->timer != NULL)
		event_free(z->timer);
	if (z->ctx != NULL)
		zmq_ctx_term(z->ctx);
	free(z);
}

static const struct output_kind kind = { put, flush, close_it };

static bool
is_remote(const char *endpoint)
{
	return strncmp(endpoint, "tcp://127.", 10) != 0 &&
	       strncmp(endpoint, "tcp://localhost:", 16) != 0 &&
	       strncmp(endpoint, "tcp://[::1]:", 12) != 0 &&
	       strncmp(endpoint, "ipc://", 6) != 0;
}

/* Encryption needs this site's own key. */
static int
load_keys(struct output_zmq *z)
{
	const struct settings *s = z->out.conf.settings;
	bool needed = false;
	int rc;

	for (size_t i = 0; i < s->centres; i++) {
		bool secret = s->centre[i].key[0] != '\0';

		needed = needed || secret;
		if (!secret && is_remote(s->centre[i].address))
			log_warn("output: counts travel to %s unencrypted, and "
				 "nobody proves who it is: enroll, or set its "
				 "key",
				 s->centre[i].address);
	}
	if (!needed)
		return 0;
	rc = keys_load(s->state, &z->keys);
	if (rc > 0)
		log_error("output: this site has no key yet: run "
			  "tocsin-collect enroll with the centre's invitation");
	return rc == 0 ? 0 : -1;
}

struct output *
output_open_zmq(const struct output_conf *conf)
{
	struct output_zmq *z = calloc(1, sizeof(*z));
	const struct sender_event ev = { .kind = SENDER_EV_START };
	uint32_t seed = 1;

	if (z == NULL) {
		log_error("output: out of memory");
		return NULL;
	}
	z->out.kind = &kind;
	z->out.conf = *conf;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)files_now_ms();
	srand(seed); /* zsock's reconnect interval */
	z->ctx = zmq_ctx_new();
	z->timer = evtimer_new(conf->base, on_timer, z);
	if (z->ctx == NULL || z->timer == NULL || load_keys(z) < 0) {
		close_it(&z->out);
		return NULL;
	}
	sender_init(&z->sender, conf->settings->centres,
		    outbox_first(conf->outbox), outbox_last(conf->outbox), seed);
	apply(z, &ev);
	arm(z);
	return &z->out;
}
