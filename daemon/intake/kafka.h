#ifndef TOCSIN_INTAKE_KAFKA_H
#define TOCSIN_INTAKE_KAFKA_H

/*
 * The door for frames out of Kafka.  The offset of the next record is
 * written in the transaction of the record's counts, and a start goes on
 * from there: each record counts once.  Doubles that a producer made are
 * told by (sender, epoch, partition).  Who may write to the topic is the
 * broker's business; the record's key is believed.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/conf.h"
#include "daemon/intake/ingest.h"

struct event_base;
struct kafka;

/* The block "kafka" of the configuration. */
struct kafka_conf {
	char *brokers; /* "host:9092,..."; "" = no such door */
	char *topic;
	char *group;
	struct conf_list properties; /* "key=value" of librdkafka */
};
extern const struct conf_key kafka_conf_keys[];

/* Borrowed for its life. */
struct kafka_env {
	struct event_base *base;
	struct store *store;
	struct ingest *ingest;
	void *arg;
	int64_t (*now_us)(void *arg);
};

/* Joins the group.  NULL when already logged. */
struct kafka *kafka_new(const struct kafka_conf *conf,
			const struct kafka_env *env);
void kafka_free(struct kafka **k);

/* Once a second. */
void kafka_tick(struct kafka *k);

/* {"records", "again", "bad", "partitions": [{"partition", "next"}]} */
json_t *kafka_status(const struct kafka *k);

#endif
