#ifndef TOCSIN_COLLECTORS_OUTPUT_H
#define TOCSIN_COLLECTORS_OUTPUT_H

/*
 * Where the outbox's frames go: a centre's ZeroMQ socket or Kafka.  An output
 * reads frames from the outbox and records there what became durable; it
 * lives on the caller's libevent base and does at most a bounded batch a turn.
 */

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct outbox;
struct settings;
struct output;

enum output_state {
	OUTPUT_TRYING,	/* nobody has answered yet, or not now */
	OUTPUT_OPEN,	/* frames go */
	OUTPUT_REFUSED, /* a centre answered and will not have us */
	OUTPUT_STOPPED	/* until a person mends it (FORK) */
};

/* Borrowed for the output's life; changed is called from the loop. */
struct output_conf {
	struct event_base *base;
	struct outbox *outbox;
	const struct settings *settings;
	void (*changed)(void *arg); /* state, why or durable are other ones */
	void *arg;
};

/* What each kind of output does; every slot is there. */
struct output_kind {
	void (*put)(struct output *o);	 /* the outbox has more frames */
	void (*flush)(struct output *o); /* write positions down now */
	void (*close)(struct output *o);
};

/* The part that all have; the kinds put it first in their own struct. */
struct output {
	const struct output_kind *kind;
	struct output_conf conf;
	enum output_state state;
	uint64_t durable;
	bool done; /* all that the outbox holds is durable, and recorded */
	char why[320];
};

/* As the settings say.  NULL when already logged. */
struct output *output_open(const struct output_conf *conf);
struct output *output_open_zmq(const struct output_conf *conf);
struct output *output_open_kafka(const struct output_conf *conf);
void output_close(struct output **o);
void output_put(struct output *o);

/* For the kinds: takes over what is new and tells the owner and status. */
void output_say(struct output *o, enum output_state state, const char *why);

#endif
