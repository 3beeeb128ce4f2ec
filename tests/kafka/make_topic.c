/*
 * Makes a topic on a real broker, whose own tools are not among its jars.
 *   make_topic BROKERS TOPIC PARTITIONS
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#define WAIT_MS 30000

static int
report(rd_kafka_event_t *event)
{
	const rd_kafka_CreateTopics_result_t *result;
	const rd_kafka_topic_result_t **topic;
	rd_kafka_resp_err_t err;
	size_t n;

	if (event == NULL) {
		fputs("make_topic: no answer\n", stderr);
		return 1;
	}
	err = rd_kafka_event_error(event);
	result = rd_kafka_event_CreateTopics_result(event);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR && result != NULL) {
		topic = rd_kafka_CreateTopics_result_topics(result, &n);
		if (n == 1)
			err = rd_kafka_topic_result_error(topic[0]);
	}
	rd_kafka_event_destroy(event);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR ||
	    err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return 0;
	fprintf(stderr, "make_topic: %s\n", rd_kafka_err2str(err));
	return 1;
}

static int
make(rd_kafka_t *rk, const char *name, int partitions)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	char err[256] = "";
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(name, partitions, 1, err, sizeof(err));
	int rc;

	if (topic == NULL) {
		fprintf(stderr, "make_topic: %s\n", err);
		rd_kafka_queue_destroy(queue);
		return 1;
	}
	rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
	rc = report(rd_kafka_queue_poll(queue, WAIT_MS));
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	return rc;
}

int
main(int argc, char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[256] = "";
	rd_kafka_t *rk = NULL;
	int rc = 1;

	if (argc != 4) {
		fputs("usage: make_topic BROKERS TOPIC PARTITIONS\n", stderr);
		rd_kafka_conf_destroy(conf);
		return 64;
	}
	if (rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], err,
			      sizeof(err)) == RD_KAFKA_CONF_OK)
		rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
	if (rk == NULL) {
		fprintf(stderr, "make_topic: %s\n", err);
		rd_kafka_conf_destroy(conf);
		return 1;
	}
	rc = make(rk, argv[2], atoi(argv[3]));
	rd_kafka_destroy(rk);
	return rc;
}
