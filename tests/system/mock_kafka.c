/*
 * librdkafka's mock cluster as a process: makes the topic, prints the
 * bootstrap servers, and serves until its standard input ends.
 *   mock_kafka TOPIC PARTITIONS
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	char err[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_mock_cluster_t *mock;
	rd_kafka_t *rk;

	if (argc != 3)
		return 64;
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
	if (rk == NULL) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	mock = rd_kafka_mock_cluster_new(rk, 1);
	if (mock == NULL ||
	    rd_kafka_mock_topic_create(mock, argv[1], atoi(argv[2]), 1) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
		return 1;
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(mock));
	fflush(stdout);
	while (getchar() != EOF)
		;
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(rk);
	return 0;
}
