/*
 * Notices between the store and their deliverer.
 */
#include "daemon/told.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/api/metrics.h"
#include "daemon/dayclock.h"
#include "daemon/desk/desk.h"
#include "daemon/store/alerts.h"

#define ERROR_BYTES 256

struct told {
	struct store *store;
	struct notify *notify;
	struct dayclock *clock;
	const struct desk *desk; /* NULL: not yet */
};

const struct conf_key told_conf_keys[] = {
	{ .name = "console_url",
	  .type = CONF_STRING,
	  .offset = offsetof(struct told_conf, console_url),
	  .def = "",
	  .help = "Address under which people open the page, for links in "
		  "notices, as \"https://watch.example.org\"." },
	{ 0 },
};

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return dayclock_wall_us() / 1000;
}

static int64_t
clock_ms(void *arg)
{
	return dayclock_now_ms(((struct told *)arg)->clock);
}

static const json_t *
alert(void *arg, const char *id)
{
	const struct told *t = arg;

	return t->desk == NULL ? NULL : desk_alert(t->desk, id);
}

/* A reader's rows handed on as the deliverer's. */
struct handing {
	notify_each *each;
	void *arg;
};

static void
hand_on(void *arg, const struct alerts_outbox *row)
{
	const struct handing *h = arg;
	const struct notify_row out = {
		.id = row->id,
		.receiver = row->receiver,
		.message = row->message,
		.body = row->body,
		.created_ms = row->created_ms,
		.digest_ms = row->digest_ms,
		.tries = row->tries,
	};

	h->each(h->arg, &out);
}

static int
due(void *arg, int64_t now, size_t max, notify_each *each, void *each_arg)
{
	const struct told *t = arg;
	struct alerts_now at = { now, clock_ms(arg) };
	struct handing h = { each, each_arg };

	return (int)alerts_due(store_reader(t->store), &at, max, hand_on, &h);
}

static int
digest(void *arg, int64_t now, const struct notify_row *one, notify_each *each,
       void *each_arg)
{
	const struct told *t = arg;
	struct alerts_now at = { now, clock_ms(arg) };
	const struct alerts_outbox row = { .receiver = one->receiver,
					   .digest_ms = one->digest_ms };
	struct handing h = { each, each_arg };

	return (int)alerts_digest(store_reader(t->store), &at, &row, hand_on, &h);
}

struct try_job {
	struct store_job job; /* first */
	struct alerts_try try;
	char error[ERROR_BYTES];
};

static int
write_try(struct store_job *job, struct db *db)
{
	struct try_job *j = (struct try_job *)job;

	j->try.error = j->error;
	return alerts_put_try(db, &j->try);
}

/* One that was not written is tried again: at least once. */
static void
try_written(struct store_job *job, int rc, enum db_fault fault)
{
	if (rc < 0)
		log_warn("notify: a try was not written down fault=%d",
			 (int)fault);
	free(job);
}

static enum alerts_notice_state
state_of(enum notify_outcome outcome)
{
	switch (outcome) {
	case NOTIFY_SENT:
		return ALERTS_NOTICE_SENT;
	case NOTIFY_DEAD:
		return ALERTS_NOTICE_DEAD;
	case NOTIFY_AGAIN:
		break;
	}
	return ALERTS_NOTICE_WAITING;
}

static void
tried(void *arg, const struct notify_try *try)
{
	struct told *t = arg;
	struct try_job *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		log_error("notify: out of memory");
		return;
	}
	j->job.run = write_try;
	j->job.done = try_written;
	j->try = (struct alerts_try){ .notice = try->id,
				      .state = state_of(try->outcome),
				      .at_ms = try->at_ms,
				      .next_ms = try->next_ms };
	snprintf(j->error, sizeof(j->error), "%s", try->error);
	store_submit(t->store, &j->job);
}

struct told *
told_new(const struct conf *conf, struct event_base *base, struct store *store,
	 const struct registry *registry, struct dayclock *clock)
{
	const struct told_conf *c = conf_get(conf, "notify");
	struct told *t = calloc(1, sizeof(*t));
	struct notify_env env = {
		.base = base,
		.registry = registry,
		.console_url = c->console_url,
		.arg = t,
		.now_ms = now_ms,
		.clock_ms = clock_ms,
		.alert = alert,
		.due = due,
		.digest = digest,
		.tried = tried,
	};

	if (t == NULL)
		return NULL;
	t->store = store;
	t->clock = clock;
	t->notify = notify_new(conf, &env);
	if (t->notify == NULL)
		told_free(&t);
	return t;
}

void
told_free(struct told **tp)
{
	struct told *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	notify_free(&t->notify);
	free(t);
}

size_t
told_plan(struct told *t, const struct desk_event *event, const char **out,
	  size_t cap, json_t **body)
{
	size_t n = notify_plan(t->notify, event, out, cap);

	*body = n > 0 ? notify_body(event) : NULL;
	return n;
}

void
told_set_desk(struct told *t, const struct desk *desk)
{
	t->desk = desk;
}

int64_t
told_digest_ms(const struct told *t, const struct desk_event *event,
	       const char *receiver)
{
	return notify_digest_ms(t->notify, event, receiver);
}

size_t
told_reach(struct told *t, const struct desk_event *event, const char **out,
	   size_t cap)
{
	return notify_plan(t->notify, event, out, cap);
}

bool
told_vacant(const struct told *t, uint32_t area, int64_t at_ms)
{
	return notify_vacant(t->notify, area, at_ms);
}

json_t *
told_rota(const struct told *t, int64_t at_ms)
{
	return notify_rota(t->notify, at_ms);
}

int
told_reload(struct told *t, const struct conf *conf)
{
	return notify_reload(t->notify, conf);
}

void
told_wake(struct told *t)
{
	notify_wake(t->notify);
}

static void
add_wait(void *arg, const char *receiver, int64_t n)
{
	json_object_set_new(arg, receiver, json_integer((json_int_t)n));
}

void
told_status(const struct told *t, json_t *out)
{
	json_t *waits = json_object();
	struct notify_stats s;

	notify_stats(t->notify, &s);
	(void)alerts_waits(store_reader(t->store), add_wait, waits);
	json_object_set_new(
		out, "notices",
		json_pack("{s:I,s:I,s:I,s:I,s:o}", "sent", (json_int_t)s.sent,
			  "again", (json_int_t)s.again, "dead",
			  (json_int_t)s.dead, "under_way",
			  (json_int_t)s.under_way, "for_digest", waits));
}

void
told_metrics(const struct told *t, struct metrics *m)
{
	struct notify_stats s;

	notify_stats(t->notify, &s);
	metrics_name(m, "notice_tries_total", "Tries of notices, by outcome.");
	metrics_value(m, "outcome", "sent", (double)s.sent);
	metrics_value(m, "outcome", "again", (double)s.again);
	metrics_value(m, "outcome", "dead", (double)s.dead);
	metrics_one(m, "notices_under_way", "Notices being sent.",
		    (double)s.under_way);
}
