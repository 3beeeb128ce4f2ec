/*
 * The consumer.  Records are read one by one (the batch calls of librdkafka
 * 2.0.2 can skip some), each becomes a store job.  Where the store fails,
 * nothing more is read, and what was handed over is handed over again in its
 * order; a job is kept only if it follows the offset that is written down,
 * so nothing slips past a failed one.
 */
#include "daemon/intake/kafka.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/frames.h"

#define TURN 200 /* records read in one turn of the loop */
#define MAX_PARTITIONS 1024

const struct conf_key kafka_conf_keys[] = {
	{ .name = "brokers",
	  .type = CONF_STRING,
	  .offset = offsetof(struct kafka_conf, brokers),
	  .def = "",
	  .help = "Brokers to read from, as host:9092,host:9092; empty: Kafka "
		  "is not used." },
	{ .name = "topic",
	  .type = CONF_STRING,
	  .offset = offsetof(struct kafka_conf, topic),
	  .def = "tocsin.counts",
	  .help = "Topic with the frames of the senders." },
	{ .name = "group",
	  .type = CONF_STRING,
	  .offset = offsetof(struct kafka_conf, group),
	  .def = "tocsin",
	  .help = "Consumer group; in it this centre is always the same "
		  "member, named after its database, so that a restart moves "
		  "no partition." },
	{ .name = "properties",
	  .type = CONF_LIST,
	  .offset = offsetof(struct kafka_conf, properties),
	  .def = "",
	  .help = "Further settings of librdkafka, as "
		  "\"security.protocol=ssl\"." },
	{ 0 },
};

/* A partition as far as it was read. */
struct part {
	int32_t number;
	int64_t next; /* handed over up to here; -1 = never read */
};

struct record_job {
	struct store_job job;
	struct kafka *k;
	struct batch *batch; /* NULL where it was not a frame */
	char sender[REG_CODE_BYTES];
	char reason[BATCH_REASON_BYTES]; /* why it was not */
	int32_t partition;
	int64_t follows; /* what the table must hold before it */
	int64_t next;	 /* and after it */
	int64_t now_us;
	bool kept;		  /* the thread's */
	struct record_job *after; /* in the list of those to hand over again */
};

struct kafka {
	struct kafka_env env;
	rd_kafka_t *rk;
	char *topic;
	struct event *readable;
	struct event *more; /* a turn ended with records left */
	int pipe[2];
	struct part part[MAX_PARTITIONS];
	size_t parts;
	struct record_job *again, **again_tail;
	size_t under_way;
	uint64_t records, doubles, bad;
	struct log_fault down, stuck;
};

static struct part *
find_part(struct kafka *k, int32_t number)
{
	for (size_t i = 0; i < k->parts; i++) {
		if (k->part[i].number == number)
			return &k->part[i];
	}
	if (k->parts == MAX_PARTITIONS)
		return NULL;
	k->part[k->parts] = (struct part){ .number = number, .next = -1 };
	if (frames_offset(store_reader(k->env.store), k->topic, number,
			  &k->part[k->parts].next) < 0)
		return NULL;
	return &k->part[k->parts++];
}

static int
run_record(struct store_job *job, struct db *db)
{
	struct record_job *r = (struct record_job *)job;
	const struct frames_key key = { r->sender, 0, r->partition };
	const struct frames_refusal whole = { .index = -1,
					      .code = "frame",
					      .reason = r->reason };
	int64_t held;

	r->kept = false;
	if (frames_offset(db, r->k->topic, r->partition, &held) < 0)
		return -1;
	if (held != r->follows)
		return 0;
	if (r->batch != NULL && batch_store(r->batch, db, false) < 0)
		return -1;
	if (r->batch == NULL && frames_reject(db, &key, (uint64_t)(r->next - 1),
					      &whole, r->now_us) < 0)
		return -1;
	if (frames_set_offset(db, r->k->topic, r->partition, r->next) < 0)
		return -1;
	r->kept = true;
	return 0;
}

static void
free_record(struct record_job *r)
{
	if (r->batch != NULL)
		batch_free(&r->batch);
	free(r);
}

static void
hand_over_later(struct kafka *k, struct record_job *r)
{
	log_fault_begin(&k->stuck, "kafka: records cannot be stored; reading "
				   "no more");
	r->after = NULL;
	*k->again_tail = r;
	k->again_tail = &r->after;
}

static void
done_record(struct store_job *job, int rc, enum db_fault fault)
{
	struct record_job *r = (struct record_job *)job;
	struct kafka *k = r->k;

	(void)fault;
	k->under_way--;
	if (rc < 0 || !r->kept) {
		hand_over_later(k, r);
		return;
	}
	if (k->again == NULL)
		log_fault_end(&k->stuck, "kafka: records are stored");
	k->records++;
	if (r->batch == NULL)
		k->bad++;
	else
		ingest_apply(k->env.ingest, r->batch);
	if (r->batch != NULL && r->batch->fate != BATCH_KEPT)
		k->doubles++;
	free_record(r);
}

/* Opens and stages the frame; false with a reason where it is none. */
static bool
stage(struct kafka *k, const rd_kafka_message_t *m, struct record_job *r)
{
	struct wire_batch *decoded = ingest_scratch(k->env.ingest);
	struct wire_header head;
	const uint8_t *body;
	struct batch_source source = {
		.sender = r->sender,
		.partition = m->partition,
		.recv_us = r->now_us,
		.frame = m->payload,
		.len = m->len,
	};
	int err = wire_open(m->payload, m->len, &head, &body);

	if (err == WIRE_OK && head.type != WIRE_BATCH)
		err = WIRE_ERR_TYPE;
	if (err == WIRE_OK)
		err = wire_batch_decode(body, head.body_bytes, decoded);
	if (err != WIRE_OK) {
		ingest_bad_frame(k->env.ingest, err);
		snprintf(r->reason, sizeof(r->reason), "%s: %s",
			 wire_error_name(err), wire_strerror(err));
		return true;
	}
	if (decoded->sender.len != m->key_len ||
	    memcmp(decoded->sender.at, m->key, m->key_len) != 0) {
		snprintf(r->reason, sizeof(r->reason),
			 "the record's key is not the frame's sender");
		return true;
	}
	source.epoch = head.epoch;
	source.seq = head.seq;
	source.crc = head.crc;
	r->batch = ingest_stage(k->env.ingest, &source, decoded, false);
	return r->batch != NULL;
}

static void
take_record(struct kafka *k, const rd_kafka_message_t *m)
{
	struct part *part = find_part(k, m->partition);
	struct record_job *r = calloc(1, sizeof(*r));
	int len = m->key_len < REG_CODE_BYTES ? (int)m->key_len
					      : REG_CODE_BYTES - 1;

	if (r == NULL || part == NULL) {
		log_error("kafka: no room for partition %d", m->partition);
		abort();
	}
	r->job.run = run_record;
	r->job.done = done_record;
	r->k = k;
	r->partition = m->partition;
	r->follows = part->next;
	r->next = m->offset + 1;
	r->now_us = k->env.now_us(k->env.arg);
	snprintf(r->sender, sizeof(r->sender), "%.*s", len,
		 m->key != NULL ? (const char *)m->key : "");
	if (!stage(k, m, r)) {
		log_error("kafka: out of memory");
		abort();
	}
	r->job.weight = r->batch != NULL ? r->batch->rows_n : 1;
	part->next = r->next;
	k->under_way++;
	store_submit(k->env.store, &r->job);
}

static void
take_error(struct kafka *k, const rd_kafka_message_t *m)
{
	if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	    m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
		log_error("kafka: partition %d no longer has the offset that "
			  "is due: records are lost, or the topic was made "
			  "anew: %s",
			  m->partition, rd_kafka_message_errstr(m));
	else
		log_fault_begin(&k->down, "kafka: %s",
				rd_kafka_message_errstr(m));
}

/* Reads while there is room; true where a turn ended with records left. */
static bool
drain(struct kafka *k)
{
	for (int i = 0; i < TURN; i++) {
		rd_kafka_message_t *m;

		if (k->again != NULL || !ingest_has_room(k->env.ingest))
			return false;
		m = rd_kafka_consumer_poll(k->rk, 0);
		if (m == NULL)
			return false;
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			log_fault_end(&k->down, "kafka: reading again");
			take_record(k, m);
		} else {
			take_error(k, m);
		}
		rd_kafka_message_destroy(m);
	}
	return true;
}

/* The next turn, after the loop has looked at everything else. */
static void
carry_on(struct kafka *k)
{
	const struct timeval now = { 0 };

	evtimer_add(k->more, &now);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct kafka *k = arg;
	char bytes[64];

	(void)fd;
	(void)what;
	while (read(k->pipe[0], bytes, sizeof(bytes)) > 0)
		;
	if (drain(k))
		carry_on(k);
}

void
kafka_tick(struct kafka *k)
{
	/* Only when all that failed is back, so that the order is kept. */
	if (k->again != NULL && k->under_way == 0) {
		struct record_job *r = k->again;

		k->again = NULL;
		k->again_tail = &k->again;
		while (r != NULL) {
			struct record_job *after = r->after;

			k->under_way++;
			store_submit(k->env.store, &r->job);
			r = after;
		}
	}
	if (drain(k))
		carry_on(k);
}

/* Each partition goes on where the database says. */
static void
assign(struct kafka *k, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_error_t *error;

	for (int i = 0; i < list->cnt; i++) {
		const struct part *part = find_part(k, list->elems[i].partition);

		list->elems[i].offset = part != NULL && part->next >= 0
						? part->next
						: RD_KAFKA_OFFSET_BEGINNING;
		log_info("kafka: partition=%d from=%lld",
			 list->elems[i].partition,
			 (long long)list->elems[i].offset);
	}
	error = rd_kafka_incremental_assign(k->rk, list);
	if (error != NULL) {
		log_error("kafka: assign: %s", rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
}

static void
on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
	     rd_kafka_topic_partition_list_t *list, void *arg)
{
	rd_kafka_error_t *error;

	if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		assign(arg, list);
		return;
	}
	error = rd_kafka_incremental_unassign(rk, list);
	if (error != NULL) {
		log_error("kafka: unassign: %s", rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
}

static void
on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	if (level <= 4)
		log_warn("kafka: %s: %s", fac, text);
	else
		log_debug("kafka: %s: %s", fac, text);
}

static int
set(rd_kafka_conf_t *c, const char *key, const char *value)
{
	char err[256];

	if (rd_kafka_conf_set(c, key, value, err, sizeof(err)) == RD_KAFKA_CONF_OK)
		return 0;
	log_error("kafka: %s", err);
	return -1;
}

static int
set_properties(rd_kafka_conf_t *c, const struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *is = strchr(list->at[i], '=');
		char key[128];

		if (is == NULL || is - list->at[i] >= (long)sizeof(key)) {
			log_error("kafka: properties: \"%s\" is not key=value",
				  list->at[i]);
			return -1;
		}
		snprintf(key, sizeof(key), "%.*s", (int)(is - list->at[i]),
			 list->at[i]);
		if (set(c, key, is + 1) < 0)
			return -1;
	}
	return 0;
}

static rd_kafka_conf_t *
make_conf(struct kafka *k, const struct kafka_conf *conf)
{
	static const char *const fixed[][2] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "isolation.level", "read_committed" },
		{ "partition.assignment.strategy", "cooperative-sticky" },
		{ "session.timeout.ms", "30000" },
		{ "queued.max.messages.kbytes", "16384" },
		{ "fetch.message.max.bytes", "1048576" },
		{ "client.id", "tocsind" },
	};
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	int rc = set(c, "bootstrap.servers", conf->brokers);
	char member[32];

	for (size_t i = 0; rc == 0 && i < sizeof(fixed) / sizeof(*fixed); i++)
		rc = set(c, fixed[i][0], fixed[i][1]);
	if (rc == 0)
		rc = set(c, "group.id", conf->group);
	/* The same member after a restart: its partitions wait for it. */
	snprintf(member, sizeof(member), "tocsind-%016" PRIx64,
		 store_database_id(k->env.store));
	if (rc == 0)
		rc = set(c, "group.instance.id", member);
	if (rc == 0)
		rc = set_properties(c, &conf->properties);
	if (rc < 0) {
		rd_kafka_conf_destroy(c);
		return NULL;
	}
	rd_kafka_conf_set_opaque(c, k);
	rd_kafka_conf_set_rebalance_cb(c, on_rebalance);
	rd_kafka_conf_set_log_cb(c, on_log);
	return c;
}

static int
subscribe(struct kafka *k)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(list, k->topic, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(k->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	log_error("kafka: subscribe: %s", rd_kafka_err2str(err));
	return -1;
}

static int
watch(struct kafka *k)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(k->rk);

	rd_kafka_queue_io_event_enable(queue, k->pipe[1], "1", 1);
	rd_kafka_queue_destroy(queue);
	k->readable = event_new(k->env.base, k->pipe[0], EV_READ | EV_PERSIST,
				on_readable, k);
	k->more = evtimer_new(k->env.base, on_readable, k);
	if (k->readable == NULL || k->more == NULL ||
	    event_add(k->readable, NULL) < 0) {
		log_error("kafka: no events");
		return -1;
	}
	return 0;
}

static int
join(struct kafka *k, const struct kafka_conf *conf)
{
	rd_kafka_conf_t *c = make_conf(k, conf);
	char err[256];

	if (c == NULL)
		return -1;
	k->rk = rd_kafka_new(RD_KAFKA_CONSUMER, c, err, sizeof(err));
	if (k->rk == NULL) {
		rd_kafka_conf_destroy(c);
		log_error("kafka: %s", err);
		return -1;
	}
	rd_kafka_poll_set_consumer(k->rk);
	return watch(k) < 0 ? -1 : subscribe(k);
}

struct kafka *
kafka_new(const struct kafka_conf *conf, const struct kafka_env *env)
{
	struct kafka *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		log_error("kafka: out of memory");
		return NULL;
	}
	k->env = *env;
	k->pipe[0] = k->pipe[1] = -1;
	k->again_tail = &k->again;
	k->topic = strdup(conf->topic);
	/* A blocking pipe would stop the library (librdkafka 2932). */
	if (k->topic == NULL || pipe2(k->pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
		log_error("kafka: no pipe: %s", strerror(errno));
		kafka_free(&k);
	} else if (join(k, conf) < 0) {
		kafka_free(&k);
	}
	return k;
}

void
kafka_free(struct kafka **pk)
{
	struct kafka *k = *pk;

	*pk = NULL;
	if (k == NULL)
		return;
	if (k->readable != NULL)
		event_free(k->readable);
	if (k->more != NULL)
		event_free(k->more);
	if (k->rk != NULL) {
		rd_kafka_consumer_close(k->rk);
		rd_kafka_destroy(k->rk);
	}
	while (k->again != NULL) {
		struct record_job *r = k->again;

		k->again = r->after;
		free_record(r);
	}
	if (k->pipe[0] >= 0) {
		close(k->pipe[0]);
		close(k->pipe[1]);
	}
	free(k->topic);
	free(k);
}

json_t *
kafka_status(const struct kafka *k)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < k->parts; i++)
		json_array_append_new(parts,
				      json_pack("{s:i, s:I}", "partition",
						k->part[i].number, "next",
						(json_int_t)k->part[i].next));
	return json_pack("{s:I, s:I, s:I, s:i, s:o}", "records",
			 (json_int_t)k->records, "again",
			 (json_int_t)k->doubles, "bad", (json_int_t)k->bad,
			 "under_way", (int)k->under_way, "partitions", parts);
}
