#ifndef TOCSIN_COLLECTORS_SETTINGS_H
#define TOCSIN_COLLECTORS_SETTINGS_H

/*
 * The configuration of tocsin-collect: files in blocks (base/conf.h), what an
 * enrolment left in the state folder, and what the command line says, which
 * wins.  etc/collect.conf lists every key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/conf.h"
#include "collectors/files.h"
#include "collectors/outbox.h"

#define SETTINGS_CENTRES 8
#define SETTINGS_SOURCES 16
#define SETTINGS_ENROLLED "enrolled.conf" /* in the state folder */

struct settings_site {
	char *code;
	char *state;
	char *zone;
	char *county;
	char *counties;
	int64_t frame_counts;
	char *log;
};

struct settings_outbox {
	int64_t max_bytes;
	int64_t max_age_ms;
	int64_t keep_ms;
	int64_t keep_bytes;
};

struct settings_centre {
	char *address; /* "tcp://host:port" */
	char *key;     /* its public key in Z85, "" = no encryption */
};

struct settings_kafka {
	char *brokers; /* "" = none */
	char *topic;
	struct conf_list options; /* "name=value" for librdkafka */
};

struct settings_drop {
	char *folder; /* "" = state/drop */
	int64_t rescan_ms;
	int64_t settle_ms;
	int64_t keep_done_ms;
};

struct settings_http {
	char *listen; /* "" = off */
	int64_t body_bytes;
	int64_t deadline_ms;
};

struct settings_mllp {
	char *listen; /* "" = off */
	char *syndromes;
	int64_t publish_ms;
	int64_t window_ms; /* how old a visit may be that is still counted */
	int64_t clients;
};

struct settings_command {
	char *run; /* by /bin/sh */
	int64_t every_ms;
	int64_t deadline_ms;
	char *indicator;
};

struct settings_query {
	char *database;
	char *sql;
	int64_t every_ms;
	char *indicator;
};

/* What the command line gave; NULL where it did not. */
struct settings_flags {
	const char *conf;
	const char *site;
	const char *state;
	const char *drop;
	const char *county;
	const char *kafka;
	const char *centre[SETTINGS_CENTRES];
	size_t centres;
	const char *key;
};

struct settings {
	struct conf *conf; /* owns the strings of the blocks */
	const struct settings_site *site;
	const struct settings_outbox *outbox;
	const struct settings_kafka *kafka;
	const struct settings_drop *drop_conf;
	const struct settings_http *http;
	const struct settings_mllp *mllp;
	char code[72]; /* this sender's */
	char county[72];
	char state[FILES_PATH_BYTES];
	char drop[FILES_PATH_BYTES];
	const char *brokers; /* of Kafka, "" = ZeroMQ */
	struct settings_centre centre[SETTINGS_CENTRES];
	size_t centres;
};

/*
 * Reads and checks everything; all that is wrong is logged.  The process then
 * has the site's time zone.  Returns 0, or -1.
 * need_centre: an output must be there.
 */
int settings_load(struct settings *s, const struct settings_flags *flags,
		  bool need_centre) __attribute__((warn_unused_result));
void settings_free(struct settings *s);

void settings_limits(const struct settings *s, struct outbox_limits *out);
void settings_show(const struct settings *s, FILE *out);

/* The command and query blocks, with their titles. */
size_t settings_commands(const struct settings *s);
const struct settings_command *settings_command(const struct settings *s,
						size_t i, const char **title);
size_t settings_queries(const struct settings *s);
const struct settings_query *settings_query(const struct settings *s, size_t i,
					    const char **title);

/* For the test that etc/ and the manual name every key. */
extern const struct conf_block settings_blocks[];

#endif
