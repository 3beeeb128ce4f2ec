#ifndef TOCSIN_NOTIFY_RECEIVER_H
#define TOCSIN_NOTIFY_RECEIVER_H

/*
 * The receivers of the configuration: who wants which alerts, and how a
 * notice is put for each.
 */

#include "daemon/console/catalogue.h"
#include "daemon/notify/hook.h"
#include "daemon/notify/notify.h"
#include "daemon/notify/rota.h"
#include "daemon/notify/send.h"

struct receiver;
struct receivers;

/* Reads secrets and checks addresses; NULL when already logged. */
struct receivers *receivers_new(const struct conf *conf,
				const struct registry *registry);
void receivers_free(struct receivers **r);

struct receiver *receivers_find(const struct receivers *r, const char *name);
/* Names of those who want to be told of it, at most cap; how many. */
size_t receivers_plan(const struct receivers *r, const struct desk_event *event,
		      const char **out, size_t cap);

/* The rotas in force. */
const struct rotas *receivers_rotas(const struct receivers *r);

/*
 * Puts the rotas and switches (enabled, min_grade, digest, digest_below) of
 * another configuration into force; 0, or -1 (logged) with the old ones where
 * they have mistakes or a rota names a receiver that is new in it.
 */
int receivers_reload(struct receivers *r, const struct conf *conf)
	__attribute__((warn_unused_result));

/* Says once that it takes nothing, and once that it does again. */
void receiver_failed(struct receiver *r, const char *error);
void receiver_answered(struct receiver *r);

const char *receiver_name(const struct receiver *r);
const struct notify_receiver *receiver_conf(const struct receiver *r);
bool receiver_enabled(const struct receiver *r);
/* See notify_digest_ms(). */
int64_t receiver_digest_ms(const struct receiver *r,
			   const struct desk_event *event, int64_t clock_ms);
/* The colour from which nothing waits: "orange". */
const char *receiver_digest_below(const struct receiver *r);
/* 0 blue .. 3 red; an alert without a known colour counts as the gravest. */
int receiver_grade(const json_t *alert);

/* Begins to send; done is called once, also before the return.  0 or -1. */
int receiver_send(const struct receiver *r, struct sender *s,
		  const struct catalogue *c, const struct hook_notice *notice,
		  int64_t now_ms, send_done *done, void *arg)
	__attribute__((warn_unused_result));

#endif
