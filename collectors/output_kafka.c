/*
 * The output over Kafka: librdkafka's idempotent producer.  A frame is
 * delivered when its delivery report has no error; what is durable is the
 * longest run of delivered frames.  A fatal error of the producer, which its
 * version 2.0.2 raises after some lost connections, is routine: a new handle
 * sends again from there, and the consumer tells duplicates by their numbers.
 */
#include "collectors/output.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/files.h"
#include "collectors/outbox.h"
#include "collectors/settings.h"
#include "proto/wire.h"

#define FLIGHTS 256 /* frames under way */
#define FRAMES_A_TURN 64
#define RECORD_MS 200
#define TICK_MS 200
#define RENEW_MS 1000	 /* between two handles */
#define REFUSED_MS 60000 /* the same, when a person must mend something */

/* A frame under way; librdkafka's threads read county, and only that. */
struct flight {
	uint64_t seq;
	bool delivered;
	char county[WIRE_MAX_CODE + 1];
};

struct output_kafka {
	struct output out; /* first */
	rd_kafka_t *rk;	   /* NULL between two handles */
	rd_kafka_topic_t *topic;
	int wake_fd;
	struct event *wake, *tick;
	struct flight flight[FLIGHTS]; /* seq modulo FLIGHTS */
	uint64_t durable, next;
	bool dirty, broken;
	int64_t recorded_at, renew_at;
	char id[OUTBOX_ID_BYTES]; /* "kafka " and the cluster's id */
};

static const char *
brokers(const struct output_kafka *k)
{
	return k->out.conf.settings->brokers;
}

static int32_t
partition_of(const rd_kafka_topic_t *topic, const void *key, size_t len,
	     int32_t n, void *arg, void *msg)
{
	const struct flight *f = msg;

	(void)topic;
	(void)key;
	(void)len;
	(void)arg;
	return (int32_t)wire_partition(f->county, strlen(f->county), (uint32_t)n);
}

static void
record(struct output_kafka *k)
{
	struct outbox *box = k->out.conf.outbox;

	if (!k->dirty)
		return;
	k->recorded_at = files_steady_ms();
	if (outbox_durable(box, k->id, brokers(k), k->durable, true,
			   files_now_ms()) == 0)
		k->dirty = false;
}

static void
tell(struct output_kafka *k)
{
	bool done = k->durable >= outbox_last(k->out.conf.outbox);

	if (done && k->dirty)
		record(k);
	done = done && !k->dirty;
	if (k->out.done == done && k->out.durable == k->durable)
		return;
	k->out.done = done;
	k->out.durable = k->durable;
	if (k->out.conf.changed != NULL)
		k->out.conf.changed(k->out.conf.arg);
}

/* Where this cluster stands; another one than before starts at its own. */
static void
learn_cluster(struct output_kafka *k)
{
	char *cluster = rd_kafka_clusterid(k->rk, 0);
	struct outbox_centre c;
	char id[OUTBOX_ID_BYTES];

	if (cluster == NULL)
		return;
	snprintf(id, sizeof(id), "kafka %.56s", cluster);
	rd_kafka_mem_free(k->rk, cluster);
	if (strcmp(id, k->id) == 0)
		return;
	if (outbox_centre(k->out.conf.outbox, id, &c) < 0)
		return;
	if (k->id[0] != '\0') {
		log_warn("output: another Kafka cluster answers at %s than "
			 "before; sending from frame %" PRIu64,
			 brokers(k), c.seq + 1);
		k->durable = c.seq;
		k->broken = true; /* a new handle sends again */
		k->renew_at = 0;
	}
	snprintf(k->id, sizeof(k->id), "%s", id);
}

static void
fail(struct output_kafka *k, rd_kafka_resp_err_t err, const char *what)
{
	bool person = err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
		      err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
		      err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
		      err == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
		      err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
	char why[320];

	if (k->broken)
		return;
	snprintf(why, sizeof(why), "Kafka at %s: %s (%s)", brokers(k),
		 what != NULL ? what : rd_kafka_err2str(err),
		 rd_kafka_err2name(err));
	k->broken = true;
	k->renew_at = files_steady_ms() + (person ? REFUSED_MS : RENEW_MS);
	output_say(&k->out, person ? OUTPUT_REFUSED : OUTPUT_TRYING, why);
}

static void
on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
	struct output_kafka *k = arg;
	struct flight *f = m->_private;
	uint64_t before = k->durable;

	if (rk != k->rk || k->broken)
		return;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
		    m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
			fail(k, m->err, NULL);
		return;
	}
	learn_cluster(k);
	if (k->broken)
		return;
	f->delivered = true;
	while (k->durable + 1 < k->next &&
	       k->flight[(k->durable + 1) % FLIGHTS].seq == k->durable + 1 &&
	       k->flight[(k->durable + 1) % FLIGHTS].delivered)
		k->durable++;
	if (k->durable > before)
		k->dirty = true;
	output_say(&k->out, OUTPUT_OPEN, "");
}

static void
on_error(rd_kafka_t *rk, int err, const char *reason, void *arg)
{
	struct output_kafka *k = arg;

	if (rk != k->rk || k->broken)
		return;
	if (err == RD_KAFKA_RESP_ERR__FATAL ||
	    err == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
		fail(k, (rd_kafka_resp_err_t)err, reason);
		return;
	}
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		output_say(&k->out, OUTPUT_TRYING,
			   "no Kafka broker answers; counts are kept");
	else
		log_debug("output: kafka: %s", reason);
}

/* The library's own words: what matters comes through the callbacks. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	log_debug("output: kafka: %s: %s", facility, text);
}

static int
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	log_error("output: kafka option %s: %s", name, why);
	return -1;
}

static int
set_options(rd_kafka_conf_t *conf, const struct conf_list *options)
{
	for (size_t i = 0; i < options->n; i++) {
		char name[128];
		const char *eq = strchr(options->at[i], '=');

		if (eq == NULL || (size_t)(eq - options->at[i]) >= sizeof(name)) {
			log_error("output: kafka option %s: wanted name=value",
				  options->at[i]);
			return -1;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(eq - options->at[i]),
			 options->at[i]);
		if (set(conf, name, eq + 1) < 0)
			return -1;
	}
	return 0;
}

static rd_kafka_conf_t *
make_conf(struct output_kafka *k)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	if (set(conf, "bootstrap.servers", brokers(k)) == 0 &&
	    set(conf, "client.id", "tocsin-collect") == 0 &&
	    set(conf, "enable.idempotence", "true") == 0 &&
	    set(conf, "linger.ms", "10") == 0 &&
	    set(conf, "compression.codec", "lz4") == 0 &&
	    set(conf, "message.timeout.ms", "0") == 0 &&
	    set(conf, "log_level", "3") == 0 &&
	    set_options(conf, &k->out.conf.settings->kafka->options) == 0)
		return conf;
	rd_kafka_conf_destroy(conf);
	return NULL;
}

static void
drop_handle(struct output_kafka *k)
{
	rd_kafka_t *old = k->rk;

	if (old == NULL)
		return;
	k->rk = NULL; /* late reports of it are nobody's */
	rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	if (k->topic != NULL)
		rd_kafka_topic_destroy(k->topic);
	k->topic = NULL;
	rd_kafka_destroy_flags(old, 0);
}

static int
make_handle(struct output_kafka *k)
{
	rd_kafka_conf_t *conf = make_conf(k);
	rd_kafka_topic_conf_t *topic;
	rd_kafka_queue_t *queue;
	char why[256];

	if (conf == NULL)
		return -1;
	k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (k->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		log_error("output: kafka: %s", why);
		return -1;
	}
	queue = rd_kafka_queue_get_main(k->rk);
	rd_kafka_queue_io_event_enable(queue, k->wake_fd, "\1\0\0\0\0\0\0\0", 8);
	rd_kafka_queue_destroy(queue);
	topic = rd_kafka_topic_conf_new();
	rd_kafka_topic_conf_set_partitioner_cb(topic, partition_of);
	k->topic = rd_kafka_topic_new(k->rk, k->out.conf.settings->kafka->topic,
				      topic);
	if (k->topic == NULL) {
		log_error("output: kafka topic %s: %s",
			  k->out.conf.settings->kafka->topic,
			  rd_kafka_err2str(rd_kafka_last_error()));
		drop_handle(k);
		return -1;
	}
	k->broken = false;
	if (k->durable + 1 < outbox_first(k->out.conf.outbox))
		k->durable = outbox_first(k->out.conf.outbox) - 1;
	k->next = k->durable + 1;
	return 0;
}

/* false: stop for this turn. */
static bool
produce(struct output_kafka *k)
{
	struct flight *f = &k->flight[k->next % FLIGHTS];
	const char *sender = k->out.conf.settings->code, *county;
	const uint8_t *frame;
	size_t len;

	if (outbox_frame(k->out.conf.outbox, k->next, &frame, &len, &county) <=
	    0) {
		log_error("output: frame %" PRIu64 " is not in the outbox",
			  k->next);
		return false;
	}
	f->seq = k->next;
	f->delivered = false;
	snprintf(f->county, sizeof(f->county), "%s", county);
	if (rd_kafka_produce(k->topic, RD_KAFKA_PARTITION_UA,
			     RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)frame, len,
			     sender, strlen(sender), f) != 0) {
		rd_kafka_resp_err_t err = rd_kafka_last_error();

		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			fail(k, err, NULL);
		return false;
	}
	k->next++;
	return true;
}

static void
work(struct output_kafka *k)
{
	int64_t now = files_steady_ms();

	if (k->rk != NULL)
		rd_kafka_poll(k->rk, 0);
	if (k->broken && now >= k->renew_at)
		drop_handle(k);
	if (k->rk == NULL && now >= k->renew_at && make_handle(k) < 0)
		k->renew_at = now + RENEW_MS;
	if (k->rk == NULL || k->broken)
		return;
	for (int i = 0; i < FRAMES_A_TURN; i++) {
		if (k->next > outbox_last(k->out.conf.outbox) ||
		    k->next - k->durable > FLIGHTS || !produce(k))
			break;
	}
	if (k->dirty && now - k->recorded_at >= RECORD_MS)
		record(k);
	tell(k);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_error("output: wake-up: %m");
	work(arg);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	work(arg);
}

static void
put(struct output *o)
{
	struct output_kafka *k = (struct output_kafka *)o;

	k->out.done = false;
	work(k);
}

static void
flush(struct output *o)
{
	record((struct output_kafka *)o);
}

static void
close_it(struct output *o)
{
	struct output_kafka *k = (struct output_kafka *)o;

	drop_handle(k);
	if (k->wake != NULL)
		event_free(k->wake);
	if (k->tick != NULL)
		event_free(k->tick);
	if (k->wake_fd >= 0)
		close(k->wake_fd);
	free(k);
}

static const struct output_kind kind = { put, flush, close_it };

struct output *
output_open_kafka(const struct output_conf *conf)
{
	static const struct timeval every = { .tv_usec = TICK_MS * 1000 };
	struct output_kafka *k = calloc(1, sizeof(*k));
	struct outbox_centre c;

	if (k == NULL) {
		log_error("output: out of memory");
		return NULL;
	}
	k->out.kind = &kind;
	k->out.conf = *conf;
	k->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	k->wake = event_new(conf->base, k->wake_fd, EV_READ | EV_PERSIST,
			    on_wake, k);
	k->tick = event_new(conf->base, -1, EV_PERSIST, on_tick, k);
	if (k->wake_fd < 0 || k->wake == NULL || k->tick == NULL ||
	    event_add(k->wake, NULL) < 0 || event_add(k->tick, &every) < 0 ||
	    outbox_centre_at(conf->outbox, conf->settings->brokers, &c) < 0)
		goto bad;
	snprintf(k->id, sizeof(k->id), "%s", c.id);
	k->durable = c.seq;
	k->out.durable = c.seq;
	if (make_handle(k) < 0)
		goto bad;
	output_say(&k->out, OUTPUT_TRYING, "");
	return &k->out;
bad:
	close_it(&k->out);
	return NULL;
}
