/*
 * The outbox's deliverer: who is told, what is due, what came of it.
 *
 * A row stays "held" here after its try until it is due again, because what
 * the store is told of a try becomes durable some time later; meanwhile the
 * row would be read as due once more.
 */
#include "daemon/notify/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <sodium.h>
#include <uthash.h>

#include "base/log.h"
#include "daemon/console/catalogue.h"
#include "daemon/console/explain.h"
#include "daemon/console/explain_escalation.h"
#include "daemon/notify/digest.h"
#include "daemon/notify/hook.h"
#include "daemon/notify/mail.h"
#include "daemon/notify/receiver.h"
#include "daemon/notify/send.h"

#define TICK_MS 1000
#define BATCH 16
#define HOLD_MS 60000 /* after the last try: time to be committed */
#define EVIDENCE_MAX 20
#define TITLE_BYTES 256
#define URL_BYTES 512

struct held {
	int64_t id;
	int64_t until_ms; /* INT64_MAX: under way */
	struct notify *notify;
	struct receiver *receiver;
	int64_t begun_ms; /* from when it could be sent */
	int64_t tries;
	struct held *with; /* under way: the next of the same message */
	UT_hash_handle hh;
};

struct notify {
	struct notify_env env;
	struct receivers *receivers;
	struct catalogue *catalogue;
	struct sender *sender;
	struct event *tick;
	struct held *held;
	struct notify_stats stats;
};

static const int64_t wait_ms[] = { 5000, 15000, 60000, 300000, 900000 };

/* The time to the next try, within a fifth of its step. */
static int64_t
next_wait_ms(int64_t tries, long retry_after_s)
{
	const int64_t last = sizeof(wait_ms) / sizeof(wait_ms[0]) - 1;
	int64_t ms = wait_ms[tries > last ? last : tries];

	ms += (int64_t)randombytes_uniform((uint32_t)(ms / 5 * 2)) - ms / 5;
	if (retry_after_s > 3600)
		retry_after_s = 3600;
	return ms < retry_after_s * 1000 ? retry_after_s * 1000 : ms;
}

/* Writes the try down for every row of the message. */
static void
tell_tried(struct notify *n, struct held *h, struct notify_try *try,
	   int64_t until_ms)
{
	struct held *next;

	for (; h != NULL; h = next) {
		next = h->with;
		h->with = NULL;
		h->until_ms = until_ms;
		try->id = h->id;
		n->env.tried(n->env.arg, try);
	}
}

static void
settle(void *arg, const struct send_result *r)
{
	struct held *h = arg;
	struct notify *n = h->notify;
	int64_t now = n->env.now_ms(n->env.arg);
	struct notify_try try = { .outcome = NOTIFY_SENT,
				  .at_ms = now,
				  .error = r->error };
	int64_t until_ms = now + HOLD_MS;

	n->stats.under_way--;
	if (r->sent) {
		n->stats.sent++;
		receiver_answered(h->receiver);
	} else if (r->never || now - h->begun_ms >=
				       receiver_conf(h->receiver)->give_up_ms) {
		try.outcome = NOTIFY_DEAD;
		n->stats.dead++;
		log_error("notify: given up receiver=%s notice=%lld error=%s",
			  receiver_name(h->receiver), (long long)h->id, r->error);
	} else {
		try.outcome = NOTIFY_AGAIN;
		try.next_ms = now + next_wait_ms(h->tries, r->retry_after_s);
		until_ms = try.next_ms;
		n->stats.again++;
		receiver_failed(h->receiver, r->error);
	}
	tell_tried(n, h, &try, until_ms);
}

/* The link to the alert's page; "" without the console's address. */
static void
write_url(const struct notify *n, const json_t *body, char *buf, size_t cap)
{
	const char *id = json_string_value(
		json_object_get(json_object_get(body, "alert"), "id"));

	buf[0] = '\0';
	if (n->env.console_url[0] != '\0' && id != NULL)
		snprintf(buf, cap, "%s/#/alerts/%s", n->env.console_url, id);
}

static int
start(struct notify *n, struct held *h, const struct notify_row *row,
      const json_t *body)
{
	const json_t *alert = json_object_get(body, "alert");
	enum catalogue_language lang =
		(enum catalogue_language)receiver_conf(h->receiver)->language;
	char title[TITLE_BYTES], url[URL_BYTES];
	struct hook_notice notice = {
		.message = row->message,
		.receiver = row->receiver,
		.title = explain_title(n->catalogue, lang, n->env.registry,
				       alert, title, sizeof(title)),
		.url = url,
		.body = body,
		.created_ms = row->created_ms,
	};
	json_t *lines = explain_alert(n->catalogue, lang, n->env.registry, alert);
	int rc = -1;

	explain_basis(n->catalogue, lang, alert, lines);
	write_url(n, body, url, sizeof(url));
	explain_escalation(n->catalogue, lang, body, title, sizeof(title), lines);
	notice.lines = lines;
	if (lines != NULL)
		rc = receiver_send(h->receiver, n->sender, n->catalogue, &notice,
				   n->env.now_ms(n->env.arg), settle, h);
	json_decref(lines);
	return rc;
}

static struct held *
hold(struct notify *n, const struct notify_row *row)
{
	struct held *h;

	HASH_FIND(hh, n->held, &row->id, sizeof(row->id), h);
	if (h == NULL) {
		h = calloc(1, sizeof(*h));
		if (h == NULL)
			return NULL;
		h->id = row->id;
		h->notify = n;
		HASH_ADD(hh, n->held, id, sizeof(h->id), h);
	}
	h->until_ms = INT64_MAX;
	h->receiver = receivers_find(n->receivers, row->receiver);
	/* What waited for a digest could not be sent before; the manual clock's
	   moments may be later than now. */
	h->begun_ms = row->created_ms;
	if (row->digest_ms > h->begun_ms &&
	    row->digest_ms <= n->env.now_ms(n->env.arg))
		h->begun_ms = row->digest_ms;
	h->tries = row->tries;
	h->with = NULL;
	return h;
}

/* Is it under way, or not yet due again? */
static bool
is_held(const struct notify *n, int64_t id)
{
	struct held *h;

	HASH_FIND(hh, n->held, &id, sizeof(id), h);
	return h != NULL && h->until_ms > n->env.now_ms(n->env.arg);
}

/* A digest while its rows are gathered. */
struct gathering {
	struct notify *notify;
	struct held *first, *last;
	json_t *alerts; /* by id, as they stand */
};

static void
gather(void *arg, const struct notify_row *row)
{
	struct gathering *g = arg;
	struct notify *n = g->notify;
	json_t *body = json_loads(row->body, 0, NULL);
	json_t *rang = json_object_get(body, "alert");
	const char *id = json_string_value(json_object_get(rang, "id"));
	const json_t *now = id == NULL ? NULL : n->env.alert(n->env.arg, id);
	struct held *h = is_held(n, row->id) ? NULL : hold(n, row);

	if (h != NULL && id != NULL)
		json_object_set(g->alerts, id,
				now != NULL ? (json_t *)now : rang);
	if (h != NULL && g->last != NULL)
		g->last->with = h;
	if (h != NULL)
		g->last = h;
	if (g->first == NULL)
		g->first = h;
	json_decref(body);
}

/* Begins to send it; its id is that of the newest of its rows. */
static int
start_digest(struct notify *n, const struct gathering *g,
	     const struct notify_row *row)
{
	const struct receiver *r = g->first->receiver;
	const struct digest_for f = {
		.c = n->catalogue,
		.lang = (enum catalogue_language)receiver_conf(r)->language,
		.registry = n->env.registry,
		.console_url = n->env.console_url,
		.below = receiver_digest_below(r),
	};
	char message[64], title[TITLE_BYTES], url[URL_BYTES] = "";
	json_t *lines = NULL, *body = digest_body(&f, g->alerts, &lines);
	json_int_t count = json_integer_value(json_object_get(body, "n"));
	struct hook_notice notice = { .message = message,
				      .receiver = row->receiver,
				      .title = digest_title(&f, count, title,
							    sizeof(title)),
				      .url = url,
				      .lines = lines,
				      .body = body,
				      .created_ms = row->digest_ms };
	int rc = -1;

	snprintf(message, sizeof(message), "dig_%lld_%lld",
		 (long long)row->digest_ms / 1000, (long long)g->last->id);
	if (n->env.console_url[0] != '\0')
		snprintf(url, sizeof(url), "%s/#/", n->env.console_url);
	if (body != NULL && lines != NULL)
		rc = receiver_send(r, n->sender, n->catalogue, &notice,
				   n->env.now_ms(n->env.arg), settle, g->first);
	json_decref(lines);
	json_decref(body);
	return rc;
}

static void
fail(struct held *h)
{
	const struct send_result failed = { .error = "could not be begun" };

	settle(h, &failed);
}

static void
deliver_digest(struct notify *n, const struct notify_row *row)
{
	struct gathering g = { .notify = n, .alerts = json_object() };

	n->env.digest(n->env.arg, n->env.now_ms(n->env.arg), row, gather, &g);
	if (g.first != NULL) {
		n->stats.under_way++;
		if (start_digest(n, &g, row) < 0)
			fail(g.first);
	}
	json_decref(g.alerts);
}

static void
deliver_one(struct notify *n, const struct notify_row *row)
{
	json_t *body = json_loads(row->body, 0, NULL);
	struct held *h = hold(n, row);

	if (h != NULL) {
		n->stats.under_way++;
		if (body == NULL || start(n, h, row, body) < 0)
			fail(h);
	}
	json_decref(body);
}

static void
give_up(struct notify *n, const struct notify_row *row, const char *why)
{
	int64_t now = n->env.now_ms(n->env.arg);
	struct notify_try try = { .outcome = NOTIFY_DEAD,
				  .at_ms = now,
				  .error = why };
	struct held *h = hold(n, row);

	if (h == NULL)
		return;
	n->stats.dead++;
	tell_tried(n, h, &try, now + HOLD_MS);
}

static void
deliver(void *arg, const struct notify_row *row)
{
	struct notify *n = arg;
	const struct receiver *r = receivers_find(n->receivers, row->receiver);

	if (is_held(n, row->id))
		return;
	if (r == NULL)
		give_up(n, row, "no such receiver any more");
	else if (!receiver_enabled(r))
		give_up(n, row, "the receiver is switched off");
	else if (row->digest_ms != 0)
		deliver_digest(n, row);
	else
		deliver_one(n, row);
}

static void
forget_old(struct notify *n)
{
	int64_t now = n->env.now_ms(n->env.arg);
	struct held *h, *tmp;

	HASH_ITER (hh, n->held, h, tmp) {
		if (h->until_ms > now - HOLD_MS)
			continue;
		HASH_DEL(n->held, h);
		free(h);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct notify *n = arg;

	(void)fd;
	(void)what;
	forget_old(n);
	if (n->stats.under_way < BATCH)
		n->env.due(n->env.arg, n->env.now_ms(n->env.arg),
			   BATCH + HASH_COUNT(n->held), deliver, n);
}

struct notify *
notify_new(const struct conf *conf, const struct notify_env *env)
{
	struct timeval period = { TICK_MS / 1000, 0 };
	struct notify *n = calloc(1, sizeof(*n));

	if (n == NULL || sodium_init() < 0) {
		log_error("notify: cannot start");
		free(n);
		return NULL;
	}
	n->env = *env;
	n->receivers = receivers_new(conf, env->registry);
	n->catalogue = catalogue_new();
	n->sender = sender_new(env->base);
	n->tick = event_new(env->base, -1, EV_PERSIST, on_tick, n);
	if (n->receivers == NULL || n->catalogue == NULL || n->sender == NULL ||
	    n->tick == NULL || event_add(n->tick, &period) < 0)
		notify_free(&n);
	return n;
}

void
notify_free(struct notify **np)
{
	struct notify *n = *np;
	struct held *h, *tmp;

	if (n == NULL)
		return;
	*np = NULL;
	if (n->tick != NULL)
		event_free(n->tick);
	sender_free(&n->sender);
	HASH_ITER (hh, n->held, h, tmp) {
		HASH_DEL(n->held, h);
		free(h);
	}
	receivers_free(&n->receivers);
	catalogue_free(&n->catalogue);
	free(n);
}

size_t
notify_plan(const struct notify *n, const struct desk_event *event,
	    const char **out, size_t cap)
{
	return event->announce ? receivers_plan(n->receivers, event, out, cap)
			       : 0;
}

int64_t
notify_digest_ms(const struct notify *n, const struct desk_event *event,
		 const char *receiver)
{
	const struct receiver *r = receivers_find(n->receivers, receiver);

	return r == NULL ? 0
			 : receiver_digest_ms(r, event,
					      n->env.clock_ms(n->env.arg));
}

bool
notify_vacant(const struct notify *n, uint32_t area, int64_t at_ms)
{
	return rotas_vacant(receivers_rotas(n->receivers),
			    registry_area_at(n->env.registry, area)->code, at_ms);
}

json_t *
notify_rota(const struct notify *n, int64_t at_ms)
{
	return rotas_json(receivers_rotas(n->receivers), n->env.registry, at_ms);
}

int
notify_reload(struct notify *n, const struct conf *conf)
{
	return receivers_reload(n->receivers, conf);
}

static json_t *
escalation_of(const json_t *body)
{
	static const char *const keys[] = { "clocks", "to", "told", "at_ms",
					    "vacant" };
	json_t *out = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(out, keys[i], json_object_get(body, keys[i]));
	return out;
}

json_t *
notify_body(const struct desk_event *event)
{
	json_t *alert = json_copy((json_t *)event->alert), *few;
	json_t *evidence = json_object_get(alert, "evidence"), *body;

	if (alert == NULL)
		return NULL;
	few = json_array();
	for (size_t i = 0; i < json_array_size(evidence) && i < EVIDENCE_MAX; i++)
		json_array_append(few, json_array_get(evidence, i));
	json_object_set_new(alert, "evidence", few);
	json_object_del(alert, "charts");
	body = json_pack("{s:s,s:i,s:o}", "event", event->name, "as_of_day",
			 (int)event->as_of, "alert", alert);
	if (body != NULL && event->called != NULL)
		json_object_set_new(body, "escalation",
				    escalation_of(event->body));
	return body;
}

void
notify_wake(struct notify *n)
{
	/* Not EV_TIMEOUT, which would put the next tick off by one more. */
	event_active(n->tick, EV_READ, 0);
}

void
notify_stats(const struct notify *n, struct notify_stats *out)
{
	*out = n->stats;
}
