/*
 * The output over Kafka against librdkafka's mock cluster: every frame is
 * there, in order, in the partition of its county, also after a fatal error
 * of the producer, a broker that goes away and a new process.
 */
#include "collectors/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/log.h"
#include "collectors/outbox.h"
#include "collectors/settings.h"
#include "proto/wire.h"

#define TOPIC "tocsin.counts"
#define PARTITIONS 8
#define FRAMES_MAX 1024

static char dir[64], path[96];
static rd_kafka_t *mock_owner;
static rd_kafka_mock_cluster_t *mock;
static struct event_base *base;
static struct outbox *box;
static struct settings settings;
static struct settings_flags flags = { .site = "school-7", .county = "420102" };
static struct wire_batch batch;
static uint8_t buf[WIRE_MAX_FRAME];
static unsigned seen[FRAMES_MAX]; /* how often each seq arrived */
static unsigned disorder;

static int
set_up(void **state)
{
	char why[256];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kafka-test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/outbox.db", dir);
	log_set_level(LOG_LEVEL_ERROR);
	mock_owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why,
				  sizeof(why));
	mock = rd_kafka_mock_cluster_new(mock_owner, 2);
	if (mock == NULL ||
	    rd_kafka_mock_topic_create(mock, TOPIC, PARTITIONS, 1) != 0)
		return -1;
	flags.kafka = rd_kafka_mock_cluster_bootstraps(mock);
	flags.state = dir;
	memset(seen, 0, sizeof(seen));
	disorder = 0;
	base = event_base_new();
	return settings_load(&settings, &flags, true);
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	settings_free(&settings);
	event_base_free(base);
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(mock_owner);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void
open_box(void)
{
	struct outbox_limits limits;

	settings_limits(&settings, &limits);
	box = outbox_open(path, false, &limits);
	assert_non_null(box);
}

static void
put(unsigned n, const char *county)
{
	assert_int_equal(outbox_begin(box, 1000), 0);
	for (unsigned i = 0; i < n; i++) {
		long len;

		memset(&batch, 0, sizeof(batch));
		batch.sender = (struct wire_text){ "school-7", 8 };
		batch.series_n = batch.counts_n = 1;
		batch.series[0].site = batch.sender;
		batch.series[0].indicator = (struct wire_text){ "absence", 7 };
		batch.counts[0].revision = 1;
		len = wire_batch_encode(outbox_epoch(box), outbox_last(box) + 1,
					&batch, buf, sizeof(buf));
		assert_true(len > 0);
		assert_int_equal(outbox_add(box, buf, (size_t)len, 1, county), 0);
	}
	assert_int_equal(outbox_commit(box), 0);
}

static void
on_change(void *arg)
{
	struct output **o = arg;

	if (*o != NULL && (*o)->done)
		event_base_loopbreak(base);
}

/* Sends until all is delivered, or for seconds. */
static struct output *
send_out(int seconds)
{
	static struct output *o;
	const struct output_conf conf = { .base = base,
					  .outbox = box,
					  .settings = &settings,
					  .changed = on_change,
					  .arg = &o };
	const struct timeval tv = { .tv_sec = seconds };

	o = NULL;
	o = output_open(&conf);
	assert_non_null(o);
	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
	return o;
}

/* Reads everything that the mock holds. */
static void
consume(const char *county)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *list;
	int32_t want =
		(int32_t)wire_partition(county, strlen(county), PARTITIONS);
	uint64_t last = 0;
	char why[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", flags.kafka, why, 256);
	rd_kafka_conf_set(conf, "group.id", "test", why, 256);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, 256);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(rk);
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, TOPIC, want)->offset =
		RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
	for (;;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 10000);
		struct wire_header h;
		const uint8_t *body;
		bool end = m == NULL || m->err != 0;

		if (!end) {
			assert_int_equal(wire_open(m->payload, m->len, &h, &body),
					 WIRE_OK);
			assert_int_equal(m->key_len, 8);
			assert_memory_equal(m->key, "school-7", 8);
			disorder += seen[h.seq] == 0 && h.seq != last + 1;
			last = h.seq > last ? h.seq : last;
			seen[h.seq]++;
		}
		if (m != NULL)
			rd_kafka_message_destroy(m);
		if (end)
			break;
	}
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

static void
assert_all(uint64_t n)
{
	assert_int_equal(disorder, 0);
	for (uint64_t i = 1; i <= n; i++)
		assert_true(seen[i] >= 1);
	assert_int_equal(seen[n + 1], 0);
}

static void
test_delivers_in_order_to_the_partition(void **state)
{
	struct output *o;
	struct outbox_depth d;

	(void)state;
	open_box();
	put(300, "420102");
	o = send_out(30);
	assert_true(o->done);
	assert_int_equal(o->state, OUTPUT_OPEN);
	assert_int_equal(o->durable, 300);
	output_close(&o);
	assert_int_equal(outbox_depth(box, &d), 0);
	assert_int_equal(d.frames, 0);
	outbox_close(&box);
	/* Another process goes on behind them. */
	open_box();
	put(10, "420102");
	o = send_out(30);
	assert_true(o->done);
	output_close(&o);
	outbox_close(&box);
	consume("420102");
	assert_all(310);
	for (int i = 1; i <= 310; i++)
		assert_int_equal(seen[i], 1);
}

static void
test_fatal_error_and_lost_brokers(void **state)
{
	struct output *o;

	(void)state;
	open_box();
	put(50, "420102");
	/* The broker says that numbers are missing: fatal for the producer. */
	rd_kafka_mock_push_request_errors(
		mock, 0 /* Produce */, 1,
		RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	o = send_out(40);
	assert_true(o->done);
	output_close(&o);
	rd_kafka_mock_broker_set_down(mock, 1);
	rd_kafka_mock_broker_set_down(mock, 2);
	put(50, "420102");
	o = send_out(3);
	assert_false(o->done);
	assert_int_equal(o->state, OUTPUT_TRYING);
	output_close(&o);
	rd_kafka_mock_broker_set_up(mock, 1);
	rd_kafka_mock_broker_set_up(mock, 2);
	o = send_out(40);
	assert_true(o->done);
	output_close(&o);
	outbox_close(&box);
	consume("420102");
	assert_all(100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_delivers_in_order_to_the_partition, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_fatal_error_and_lost_brokers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
