#ifndef TOCSIN_COLLECTORS_INPUT_H
#define TOCSIN_COLLECTORS_INPUT_H

/*
 * What the inputs besides the drop folder share.  Each lives on the caller's
 * libevent base, takes into the same outbox, and calls took() after it put
 * something there.  All of them are off unless the configuration names them.
 */

#include <stddef.h>

struct event_base;
struct outbox;
struct pack;
struct settings;
struct take;

/* Borrowed for the input's life. */
struct input_env {
	struct event_base *base;
	struct outbox *outbox;
	struct pack *pack;
	struct take *take;
	const struct settings *settings;
	void (*took)(void *arg);
	void *arg;
};

/* Each opens what the settings ask for; *out stays NULL where that is none.
 * 0, or -1 when already logged. */
struct input_http;
int input_http_open(const struct input_env *env, struct input_http **out)
	__attribute__((warn_unused_result));
void input_http_close(struct input_http **h);

struct input_commands;
int input_commands_open(const struct input_env *env, struct input_commands **out)
	__attribute__((warn_unused_result));
void input_commands_close(struct input_commands **c);

struct input_queries;
int input_queries_open(const struct input_env *env, struct input_queries **out)
	__attribute__((warn_unused_result));
void input_queries_close(struct input_queries **q);

struct input_mllp;
int input_mllp_open(const struct input_env *env, struct input_mllp **out)
	__attribute__((warn_unused_result));
void input_mllp_close(struct input_mllp **m);

/*
 * Takes a whole text that a program made, and logs what is wrong with it.
 * Returns the enum take_result.
 */
int input_take(const struct input_env *env, const char *name,
	       const char *indicator, const void *text, size_t len);

/* "127.0.0.1:port", "[::1]:port": an address that only this machine reaches. */
int input_is_loopback(const char *listen);

#endif
