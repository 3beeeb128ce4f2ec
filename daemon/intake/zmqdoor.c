/*
 * The ROUTER.  Acknowledgements are gathered and go out once a turn, one a
 * feed; one that cannot be sent is dropped, for the next says the same and
 * more.  A message is read whatever the backlog: a peer that is not read
 * from looks dead to itself.
 */
#include "daemon/intake/zmqdoor.h"

#include <errno.h>
#include <event2/event.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"
#include "base/zsock.h"
#include "daemon/intake/zmqcurve.h"
#include "daemon/intake/zmqenrol.h"
#include "daemon/intake/zmqzap.h"

#define ANSWER_BYTES (32u * 1024)

const struct conf_key zmqdoor_conf_keys[] = {
	{ .name = "listen",
	  .type = CONF_STRING,
	  .offset = offsetof(struct zmqdoor_conf, listen),
	  .def = "tcp://127.0.0.1:8651",
	  .help = "Where collectors push their counts; empty: nowhere." },
	{ .name = "curve",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct zmqdoor_conf, curve),
	  .def = "yes",
	  .help = "Encrypt, and know senders by their keys.  May be switched "
		  "off only on loopback, where then every word is believed." },
	{ .name = "enrol",
	  .type = CONF_STRING,
	  .offset = offsetof(struct zmqdoor_conf, enrol),
	  .def = "tcp://127.0.0.1:8652",
	  .help = "Where an invited site registers its key; empty: nowhere." },
	{ .name = "public_address",
	  .type = CONF_STRING,
	  .offset = offsetof(struct zmqdoor_conf, public_address),
	  .def = "",
	  .help = "The address of listen as sites reach it, for invitations, "
		  "as tcp://tocsin.example.org:8651; empty: listen's." },
	{ .name = "public_enrol",
	  .type = CONF_STRING,
	  .offset = offsetof(struct zmqdoor_conf, public_enrol),
	  .def = "",
	  .help = "The address of enrol as sites reach it; empty: enrol's." },
	{ .name = "max_sockets",
	  .type = CONF_INT,
	  .offset = offsetof(struct zmqdoor_conf, max_sockets),
	  .def = "20000",
	  .min = 16,
	  .max = 60000,
	  .help = "Most connections of ZeroMQ; each takes two descriptors." },
	{ 0 },
};

struct zmqdoor {
	struct zmqdoor_env env;
	void *ctx;
	struct zmqcurve curve;
	struct zmqzap *zap; /* NULL without CURVE */
	struct zmqenrol *enrol;
	struct zsock *sock;
	struct zmqwatch *watch;
	struct event *ack_ev;
	struct feed *ack_first;
	struct zmqdoor_stats stats;
	char address[128];
	uint8_t answer[ANSWER_BYTES];
	struct wire_ack ack;
};

bool
zmqdoor_is_local(const char *endpoint)
{
	return strncmp(endpoint, "tcp://127.", 10) == 0 ||
	       strncmp(endpoint, "tcp://[::1]:", 12) == 0 ||
	       strncmp(endpoint, "ipc://", 6) == 0 ||
	       strncmp(endpoint, "inproc://", 9) == 0;
}

/* Where an answer goes. */
struct route {
	const void *id;
	size_t len;
};

static void
send_answer(struct zmqdoor *d, const struct route *to, long len)
{
	const struct zsock_part part[2] = { { to->id, to->len },
					    { d->answer, (size_t)len } };

	if (len < 0) {
		log_error("zmq: cannot encode an answer: %s",
			  wire_strerror((int)len));
		return;
	}
	if (zsock_send(d->sock, part, 2) != 0)
		d->stats.lost_answers++;
}

static void
send_nack(struct zmqdoor *d, const struct route *to, uint64_t epoch,
	  const struct ingest_reply *reply)
{
	const struct wire_nack_body body = {
		.code = reply->code,
		.expected_seq = reply->expected,
		.reason = wire_clip(reply->reason, WIRE_MAX_TEXT),
	};

	d->stats.nacks++;
	d->stats.nacks_by[reply->code % BATCH_CODES]++;
	send_answer(d, to,
		    wire_nack_encode(epoch, reply->seq, &body, d->answer,
				     sizeof(d->answer)));
}

static void
send_welcome(struct zmqdoor *d, const struct feed *feed)
{
	const struct route to = { feed->route, feed->route_len };
	const struct wire_welcome body = {
		.database_id = d->env.database_id,
		.durable_seq = feed->durable,
		.window = ingest_window(d->env.ingest),
		.max_frame_bytes = WIRE_MAX_FRAME,
	};

	send_answer(d, &to,
		    wire_welcome_encode(feed->epoch, &body, d->answer,
					sizeof(d->answer)));
}

/*
 * An ACK with what was refused in one frame, or without (batch NULL), and
 * with what was left aside, or without (older NULL).
 */
static void
send_ack(struct zmqdoor *d, struct feed *feed, const struct batch *batch,
	 const struct batch_older *older)
{
	const struct route to = { feed->route, feed->route_len };

	d->ack.window = ingest_window(d->env.ingest);
	d->ack.refused_total = batch != NULL ? batch->refused_total : 0;
	d->ack.refused_n = batch != NULL ? batch->refused_n : 0;
	d->ack.older = older != NULL ? older->all : 0;
	d->ack.hint =
		wire_clip(older != NULL && older->by_hand > 0 ? BATCH_HINT : "",
			  WIRE_MAX_TEXT);
	for (size_t i = 0; i < d->ack.refused_n; i++) {
		const struct batch_refused *r = &batch->refused[i];

		d->ack.refused[i].seq = batch->seq;
		d->ack.refused[i].index = r->index;
		d->ack.refused[i].code = r->code;
		d->ack.refused[i].reason = wire_clip(r->reason, WIRE_MAX_TEXT);
	}
	feed->waiting = d->ack.window == 0;
	d->stats.acks++;
	send_answer(d, &to,
		    wire_ack_encode(feed->epoch, feed->durable, &d->ack,
				    d->answer, sizeof(d->answer)));
}

static void
ack_soon(struct zmqdoor *d, struct feed *feed)
{
	if (feed->ack_due)
		return;
	feed->ack_due = true;
	feed->ack_next = d->ack_first;
	d->ack_first = feed;
	event_active(d->ack_ev, EV_TIMEOUT, 0);
}

static void
flush_acks(evutil_socket_t fd, short what, void *arg)
{
	struct zmqdoor *d = arg;

	(void)fd;
	(void)what;
	while (d->ack_first != NULL) {
		struct feed *feed = d->ack_first;

		d->ack_first = feed->ack_next;
		feed->ack_next = NULL;
		feed->ack_due = false;
		send_ack(d, feed, NULL, NULL);
	}
}

static void
say(struct zmqdoor *d, struct feed *feed, const struct batch *batch,
    const struct ingest_reply *reply)
{
	const struct route to = { feed->route, feed->route_len };

	switch (reply->say) {
	case INGEST_SAY_NOTHING:
		break;
	case INGEST_SAY_ACK:
		if ((batch != NULL && batch->refused_n > 0) ||
		    reply->older.all > 0)
			send_ack(d, feed, batch, &reply->older);
		else
			ack_soon(d, feed);
		break;
	case INGEST_SAY_NACK:
		send_nack(d, &to, feed->epoch, reply);
		break;
	case INGEST_SAY_WELCOME:
		send_welcome(d, feed);
		break;
	}
}

static void
settled(void *arg, struct feed *feed, const struct batch *batch,
	const struct ingest_reply *reply)
{
	say(arg, feed, batch, reply);
}

static void
refuse_frame(struct zmqdoor *d, const struct route *from, int err,
	     const struct wire_header *head)
{
	struct ingest_reply reply = { .say = INGEST_SAY_NACK,
				      .code = WIRE_NACK_FRAME,
				      .seq = head->seq };

	ingest_bad_frame(d->env.ingest, err);
	snprintf(reply.reason, sizeof(reply.reason), "%s: %s",
		 wire_error_name(err), wire_strerror(err));
	send_nack(d, from, head->epoch, &reply);
}

static void
talk(struct zmqdoor *d, const struct route *from,
     const struct ingest_opened *opened)
{
	const struct ingest_door door = { d, settled };
	struct ingest_reply reply;
	struct feed *feed;

	if (opened->head->type == WIRE_HELLO) {
		d->stats.hellos++;
		feed = ingest_hello(d->env.ingest, &door, opened, &reply);
	} else {
		feed = ingest_frame(d->env.ingest, &door, opened, &reply);
	}
	if (feed == NULL) {
		if (reply.say == INGEST_SAY_NACK)
			send_nack(d, from, opened->head->epoch, &reply);
		return;
	}
	if (from->len <= sizeof(feed->route)) {
		memcpy(feed->route, from->id, from->len);
		feed->route_len = from->len;
	}
	say(d, feed, NULL, &reply);
}

static void
pong(struct zmqdoor *d, const struct route *to, uint64_t epoch)
{
	d->stats.pings++;
	send_answer(d, to,
		    wire_empty_encode(WIRE_PONG, epoch, d->answer,
				      sizeof(d->answer)));
}

/*
 * Whose key is it?  False where it is nobody's any more: the handshake let
 * it in, and it was revoked since.
 */
static bool
authenticate(struct zmqdoor *d, const char *user_id, char *sender, size_t cap)
{
	if (user_id != NULL &&
	    keyring_sender(access_keyring(d->env.access), user_id, sender, cap))
		return true;
	d->stats.unauthorised++;
	return false;
}

static void
readable(void *arg, const struct zsock_part *part, size_t n,
	 const char *user_id, const char *peer)
{
	struct zmqdoor *d = arg;
	struct wire_header head = { 0 };
	char sender[REG_CODE_BYTES];
	struct ingest_opened opened = { .head = &head };
	struct route from = { part[0].data, part[0].len };
	int err;

	(void)peer;
	d->stats.messages++;
	if (n != 2)
		return;
	opened.frame = part[1].data;
	opened.len = part[1].len;
	err = wire_open(opened.frame, opened.len, &head, &opened.body);
	if (err != WIRE_OK) {
		refuse_frame(d, &from, err, &head);
		return;
	}
	if (d->zap != NULL) {
		const struct ingest_reply no = {
			.code = WIRE_NACK_UNAUTHORISED,
			.seq = head.seq,
			.reason = "this key is not, or no longer, a sender's",
		};

		if (!authenticate(d, user_id, sender, sizeof(sender))) {
			send_nack(d, &from, head.epoch, &no);
			return;
		}
		opened.as = sender;
	}
	if (head.type == WIRE_HELLO || head.type == WIRE_BATCH)
		talk(d, &from, &opened);
	else if (head.type == WIRE_PING)
		pong(d, &from, head.epoch);
	else
		refuse_frame(d, &from, WIRE_ERR_TYPE, &head);
}

static int
open_socket(struct zmqdoor *d, const struct zmqdoor_conf *conf)
{
	const struct zsock_conf sc = {
		.type = ZMQ_ROUTER,
		.max_bytes = WIRE_HARD_FRAME,
		.send_hwm = 64,
		.recv_hwm = 64,
		.batch = 64,
		.zap_domain = conf->curve ? "sites" : NULL,
		.public_key = conf->curve ? d->curve.public_key : NULL,
		.secret_key = conf->curve ? d->curve.secret_key : NULL,
	};

	if (!conf->curve && !zmqdoor_is_local(conf->listen)) {
		log_error("zmq: %s can be reached from elsewhere, so "
			  "\"curve = no\" is refused",
			  conf->listen);
		return -1;
	}
	d->sock = zsock_new(d->ctx, d->env.base, &sc, readable, d);
	if (d->sock == NULL)
		return -1;
	d->watch = zmqwatch_new(d->ctx, d->env.base, d->sock, conf->curve);
	if (d->watch == NULL)
		return -1;
	return zsock_bind(d->sock, conf->listen, d->address, sizeof(d->address));
}

/* Strangers are kept out before anybody is let in. */
static int
open_security(struct zmqdoor *d, const struct zmqdoor_conf *conf)
{
	if (!conf->curve)
		return 0;
	if (zmqcurve_load(&d->curve, d->env.state) < 0)
		return -1;
	d->zap = zmqzap_new(d->ctx, access_keyring(d->env.access));
	return d->zap == NULL ? -1 : 0;
}

static int
open_enrol(struct zmqdoor *d, const struct zmqdoor_conf *conf)
{
	const struct zmqenrol_env env = {
		.base = d->env.base,
		.ctx = d->ctx,
		.access = d->env.access,
		.public_key = d->curve.public_key,
		.secret_key = d->curve.secret_key,
	};

	if (!conf->curve)
		return 0;
	if (zmqcurve_self_test(d->ctx, d->address, d->curve.public_key) < 0)
		return -1;
	if (conf->enrol[0] == '\0')
		return 0;
	d->enrol = zmqenrol_new(conf->enrol, &env);
	return d->enrol == NULL ? -1 : 0;
}

struct zmqdoor *
zmqdoor_new(const struct zmqdoor_conf *conf, const struct zmqdoor_env *env)
{
	struct zmqdoor *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		log_error("zmq: out of memory");
		return NULL;
	}
	d->env = *env;
	d->ctx = zmq_ctx_new();
	if (d->ctx == NULL) {
		log_error("zmq: no context: %s", zmq_strerror(errno));
		zmqdoor_free(&d);
		return NULL;
	}
	zmq_ctx_set(d->ctx, ZMQ_MAX_SOCKETS, (int)conf->max_sockets);
	d->ack_ev = event_new(env->base, -1, 0, flush_acks, d);
	if (d->ack_ev == NULL || open_security(d, conf) < 0 ||
	    open_socket(d, conf) < 0 || open_enrol(d, conf) < 0) {
		zmqdoor_free(&d);
		return NULL;
	}
	log_info("zmq: listening address=%s curve=%s", d->address,
		 conf->curve ? "yes" : "no");
	return d;
}

void
zmqdoor_free(struct zmqdoor **pd)
{
	struct zmqdoor *d = *pd;

	*pd = NULL;
	if (d == NULL)
		return;
	if (d->ack_ev != NULL) {
		if (d->sock != NULL)
			flush_acks(-1, 0, d);
		event_free(d->ack_ev);
	}
	if (d->enrol != NULL)
		zmqenrol_free(&d->enrol);
	if (d->watch != NULL)
		zmqwatch_free(&d->watch);
	if (d->sock != NULL)
		zsock_free(&d->sock);
	if (d->zap != NULL)
		zmqzap_free(&d->zap);
	sodium_memzero(&d->curve, sizeof(d->curve));
	if (d->ctx != NULL)
		zmq_ctx_term(d->ctx);
	free(d);
}

const char *
zmqdoor_address(const struct zmqdoor *d)
{
	return d->address;
}

const char *
zmqdoor_enrol_address(const struct zmqdoor *d)
{
	return d->enrol != NULL ? zmqenrol_address(d->enrol) : "";
}

const char *
zmqdoor_key(const struct zmqdoor *d)
{
	return d->zap != NULL ? d->curve.public_key : NULL;
}

void
zmqdoor_tick(struct zmqdoor *d)
{
	struct feed *feed = NULL;

	zmqwatch_tick(d->watch);
	if (!ingest_has_room(d->env.ingest))
		return;
	while ((feed = feed_next(ingest_feeds(d->env.ingest), feed)) != NULL) {
		if (feed->waiting)
			ack_soon(d, feed);
	}
}

void
zmqdoor_stats(const struct zmqdoor *d, struct zmqdoor_stats *out)
{
	struct zmqzap_stats zap = { 0 };

	*out = d->stats;
	if (d->zap != NULL)
		zmqzap_stats(d->zap, &zap);
	out->handshakes_refused = zap.refused;
	zmqwatch_stats(d->watch, &out->connections);
}
