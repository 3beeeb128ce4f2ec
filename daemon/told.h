#ifndef TOCSIN_DAEMON_TOLD_H
#define TOCSIN_DAEMON_TOLD_H

/*
 * Puts the deliverer of notices on the store: which rows are due, what came
 * of a try, who is told of an event.
 */

#include <stddef.h>

#include <jansson.h>

#include "base/conf.h"
#include "daemon/notify/notify.h"
#include "daemon/store/store.h"

struct told;
struct metrics;
struct dayclock;

/* The block "notify". */
struct told_conf {
	char *console_url; /* "" = no links in messages */
};
extern const struct conf_key told_conf_keys[];

/* All borrowed for its life.  NULL when already logged. */
struct told *told_new(const struct conf *conf, struct event_base *base,
		      struct store *store, const struct registry *registry,
		      struct dayclock *clock);
/* Digests then tell how alerts stand; without, how they last rang. */
void told_set_desk(struct told *t, const struct desk *desk);
/* Before the store is closed; what is under way is sent again later. */
void told_free(struct told **t);

/* As scales_env.plan. */
size_t told_plan(struct told *t, const struct desk_event *event,
		 const char **out, size_t cap, json_t **body);
/* As scales_env.digest_ms. */
int64_t told_digest_ms(const struct told *t, const struct desk_event *event,
		       const char *receiver);
/* As desk_reach. */
size_t told_reach(struct told *t, const struct desk_event *event,
		  const char **out, size_t cap);
/* As desk_vacant. */
bool told_vacant(const struct told *t, uint32_t area, int64_t at_ms);
/* See notify.h. */
json_t *told_rota(const struct told *t, int64_t at_ms);
int told_reload(struct told *t, const struct conf *conf)
	__attribute__((warn_unused_result));
/* Notices may have been committed. */
void told_wake(struct told *t);

void told_status(const struct told *t, json_t *out);
void told_metrics(const struct told *t, struct metrics *m);

#endif
