/*
 * The order of judging, weighing and writing.  One event of libevent carries
 * it on in bounded pieces: first everything dirty is judged, then one day is
 * weighed.  Counts on their way go before; the more of them are judged
 * together, the less it costs, for the sums of all areas above are judged
 * with the first.  Events that the disk refuses are kept
 * and written again; the table of alerts takes the newest version only, so a
 * late one does no harm.
 */
#include "daemon/scales.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/store/events.h"
#include "daemon/store/meta.h"

#define JUDGE_BUDGET 2 /* series judged between two looks at the time */
#define TURN_US 1500   /* judging in one turn of the loop, about */
#define QUIET_MS 20    /* nothing came, so changes are judged */
#define JUDGE_MS 250   /* if they are few, for the work they make, not before */
#define LATEST_MS 200  /* but not put off longer, whatever else there is */
#define FEW 16	       /* changes, to one of which so much work is much */
#define BUSY_MS 10     /* until the next look whether counts wait */
#define SETTLE_MS 1000 /* quiet after a change before weighing */
#define MAX_JUMP 4000  /* days of one advance */
#define MAX_CATCH_UP 60 /* days weighed at start, at most */
#define MAX_RECEIVERS 64

struct event_job {
	struct store_job job;
	struct scales *w;
	struct events events;
	scales_done *done;
	void *done_arg;
	int rc;			 /* what done is told */
	struct event_job *retry; /* in the list of those to write again */
};

struct scales {
	struct scales_env env;
	struct event *work_ev;	 /* carries on */
	struct event *judge_ev;	 /* JUDGE_MS after a change */
	struct event *settle_ev; /* SETTLE_MS after a change */
	int64_t changed_us;	 /* the first change not judged; 0 = none */
	int64_t last_us;	 /* the last one */
	uint64_t judged_cells;	 /* set in all, when all were judged */
	bool weigh_due;
	int32_t from, to; /* days to weigh, from DAY_NONE = none */
	scales_done *advance_done;
	void *advance_arg;
	int32_t advance_from;
	bool advancing;
	void (*ready)(void *arg);
	void *ready_arg;
	struct event_job *gather; /* what the sink adds to */
	scales_done *act_done;
	void *act_arg;
	struct event_job *retry;
	struct log_fault fault;
	struct scales_stats stats;
};

static void work(evutil_socket_t fd, short what, void *arg);

static void
carry_on(struct scales *w)
{
	/* Not event_active(): the loop would not look at its sockets first. */
	const struct timeval now = { 0 };

	evtimer_add(w->work_ev, &now);
}

static void
settle(evutil_socket_t fd, short what, void *arg)
{
	struct scales *w = arg;

	(void)fd;
	(void)what;
	w->weigh_due = true;
	carry_on(w);
}

struct scales *
scales_new(const struct scales_env *env)
{
	struct scales *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		log_error("scales: out of memory");
		return NULL;
	}
	w->env = *env;
	w->from = w->to = DAY_NONE;
	w->stats.weighed_day = DAY_NONE;
	w->work_ev = event_new(env->base, -1, 0, work, w);
	w->judge_ev = evtimer_new(env->base, work, w);
	w->settle_ev = evtimer_new(env->base, settle, w);
	if (w->work_ev == NULL || w->judge_ev == NULL || w->settle_ev == NULL) {
		log_error("scales: no events");
		scales_free(&w);
	}
	return w;
}

static void
free_job(struct event_job *job)
{
	events_fini(&job->events);
	free(job);
}

void
scales_free(struct scales **pw)
{
	struct scales *w = *pw;

	*pw = NULL;
	if (w == NULL)
		return;
	while (w->retry != NULL) {
		struct event_job *job = w->retry;

		w->retry = job->retry;
		free_job(job);
	}
	if (w->gather != NULL)
		free_job(w->gather);
	if (w->work_ev != NULL)
		event_free(w->work_ev);
	if (w->judge_ev != NULL)
		event_free(w->judge_ev);
	if (w->settle_ev != NULL)
		event_free(w->settle_ev);
	free(w);
}

static int
run_events(struct store_job *job, struct db *db)
{
	return events_write(&((struct event_job *)job)->events, db);
}

static void
tell(struct scales *w, const struct events *events)
{
	for (size_t i = 0; i < events->n; i++) {
		const struct scales_stored stored = {
			.number = events->at[i].number,
			.name = events->at[i].name,
			.body_json = events->at[i].body,
		};

		/* One without a number makes no history. */
		if (stored.number != 0)
			w->env.stored(w->env.arg, &stored);
	}
}

static void
done_events(struct store_job *job, int rc, enum db_fault fault)
{
	struct event_job *e = (struct event_job *)job;
	struct scales *w = e->w;

	(void)fault;
	if (rc < 0) {
		log_fault_begin(&w->fault, "scales: cannot write alert "
					   "events; keeping them");
		e->retry = w->retry;
		w->retry = e;
		return;
	}
	if (w->retry == NULL)
		log_fault_end(&w->fault, "scales: alert events are written");
	w->stats.unwritten -= e->events.n;
	w->stats.events += e->events.n;
	tell(w, &e->events);
	if (e->done != NULL)
		e->done(e->done_arg, e->rc);
	free_job(e);
}

static struct event_job *
new_job(struct scales *w)
{
	struct event_job *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		log_error("scales: out of memory");
		return NULL;
	}
	e->job.run = run_events;
	e->job.done = done_events;
	e->w = w;
	events_init(&e->events);
	return e;
}

static void
submit(struct scales *w, struct event_job *e)
{
	w->stats.unwritten += e->events.n;
	e->job.weight = e->events.n;
	store_submit(w->env.store, &e->job);
}

/* Adds who is told; 0, or -1 when memory is short. */
static int
add_notices(struct scales *w, const struct desk_event *event,
	    struct events_one *one)
{
	const char *name[MAX_RECEIVERS];
	json_t *body = NULL;
	size_t n = w->env.plan(w->env.arg, event, name, MAX_RECEIVERS, &body);
	int rc = 0;

	if (n > 0 && body != NULL) {
		one->notice = json_dumps(body, JSON_COMPACT);
		rc = one->notice == NULL ? -1 : 0;
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = events_add_receiver(
			one, name[i],
			w->env.digest_ms(w->env.arg, event, name[i]));
	json_decref(body);
	return rc;
}

int
scales_sink(void *arg, const struct desk_event *event)
{
	struct scales *w = arg;
	char *body = json_dumps(event->body, JSON_COMPACT);
	char *alert = json_dumps(event->alert, JSON_COMPACT);
	const struct alerts_event e = {
		.id = event->id,
		.name = event->name,
		.as_of = event->as_of,
		.version = event->version,
		.at_us = dayclock_wall_us(),
		.body = body,
		.alert = alert,
	};
	struct events_one *one = NULL;
	int rc = -1;

	if (w->gather == NULL)
		w->gather = new_job(w);
	if (w->gather != NULL && body != NULL && alert != NULL)
		one = events_add(&w->gather->events, &e);
	if (one != NULL) {
		one->state_only = event->state_only;
		/* Of a missed clock few are told; the digest tells it too. */
		one->beside = event->called != NULL;
		rc = add_notices(w, event, one);
	}
	if (rc < 0)
		log_error("scales: out of memory");
	free(body);
	free(alert);
	return rc;
}

void
scales_act_begin(struct scales *w, scales_done *done, void *arg)
{
	w->act_done = done;
	w->act_arg = arg;
}

bool
scales_act_end(struct scales *w)
{
	struct event_job *e = w->gather;

	w->gather = NULL;
	if (e == NULL)
		return false;
	e->done = w->act_done;
	e->done_arg = w->act_arg;
	submit(w, e);
	return true;
}

static int64_t
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Weighs one day and hands over what the desk said.  0 or -1. */
static int
weigh_day(struct scales *w, int32_t day, scales_done *done, void *arg)
{
	int64_t from = monotonic_us();
	struct event_job *e;
	int rc;

	w->gather = new_job(w);
	if (w->gather == NULL)
		return -1;
	rc = w->env.weigh(w->env.arg, day);
	e = w->gather;
	w->gather = NULL;
	w->stats.weighings++;
	w->stats.weighed_day = day;
	w->stats.last_weigh_us = monotonic_us() - from;
	if (w->stats.last_weigh_us > w->stats.worst_weigh_us)
		w->stats.worst_weigh_us = w->stats.last_weigh_us;
	/* After a failure the day counts as not weighed. */
	e->events.weighed_day = rc == 0 ? day : DAY_NONE;
	e->events.weighed_upto = w->env.applied(w->env.arg);
	e->events.clock_day = w->env.clock->manual ? day : DAY_NONE;
	e->done = done;
	e->done_arg = arg;
	e->rc = rc;
	submit(w, e);
	return rc;
}

static void
say_ready(struct scales *w)
{
	if (w->ready == NULL)
		return;
	w->ready(w->ready_arg);
	w->ready = NULL;
}

/* Judges for a while; true when nothing is dirty any more. */
static bool
judge_some(struct scales *w)
{
	int64_t until = monotonic_us() + TURN_US;

	while (!judge_idle(w->env.judge)) {
		(void)judge_dirty(w->env.judge, JUDGE_BUDGET);
		if (monotonic_us() >= until)
			return judge_idle(w->env.judge);
	}
	return true;
}

/* The next day of a range; the last one ends an advance or the start. */
static void
weigh_range(struct scales *w)
{
	int32_t day = w->from;
	bool last = day >= w->to;

	w->from = last ? DAY_NONE : day + 1;
	if (w->env.clock->manual)
		dayclock_set(w->env.clock, day);
	w->weigh_due = false;
	if (last && w->advancing) {
		w->advancing = false;
		(void)weigh_day(w, day, w->advance_done, w->advance_arg);
	} else {
		(void)weigh_day(w, day, NULL, NULL);
	}
	if (last)
		say_ready(w);
}

static void
later(struct event *ev, int ms)
{
	const struct timeval wait = { .tv_sec = ms / 1000,
				      .tv_usec = ms % 1000 * 1000 };

	if (!evtimer_pending(ev, NULL))
		evtimer_add(ev, &wait);
}

/* Are the changes few for what is to be judged because of them? */
static bool
are_few(const struct scales *w)
{
	struct judge_stats stats;

	judge_stats(w->env.judge, &stats);
	return (stats.cells_set - w->judged_cells) * FEW <
	       judge_burden(w->env.judge);
}

/* Nobody waits for verdicts, and more changes are to be expected? */
static bool
may_wait(const struct scales *w)
{
	int64_t now = monotonic_us(), waited = now - w->changed_us;

	if (w->from != DAY_NONE || w->weigh_due || waited >= LATEST_MS * 1000)
		return false;
	return store_pending(w->env.store) > 0 ||
	       now - w->last_us < QUIET_MS * 1000 ||
	       (waited < JUDGE_MS * 1000 && are_few(w));
}

/* All is judged. */
static void
settle_up(struct scales *w)
{
	struct judge_stats stats;

	judge_stats(w->env.judge, &stats);
	w->judged_cells = stats.cells_set;
	w->changed_us = 0;
}

static void
work(evutil_socket_t fd, short what, void *arg)
{
	struct scales *w = arg;

	(void)fd;
	(void)what;
	if (may_wait(w)) {
		later(w->judge_ev, BUSY_MS);
		return;
	}
	if (!judge_some(w)) {
		carry_on(w);
		return;
	}
	settle_up(w);
	if (w->from != DAY_NONE) {
		weigh_range(w);
	} else if (w->weigh_due) {
		w->weigh_due = false;
		(void)weigh_day(w, dayclock_today(w->env.clock), NULL, NULL);
	}
	if (w->from != DAY_NONE)
		carry_on(w);
}

void
scales_changed(struct scales *w)
{
	w->last_us = monotonic_us();
	if (w->changed_us == 0)
		w->changed_us = w->last_us;
	later(w->judge_ev, QUIET_MS);
	if (!w->env.clock->manual)
		later(w->settle_ev, SETTLE_MS);
}

/* All that is acknowledged is in its cells. */
static void
begin_advance(void *arg)
{
	struct scales *w = arg;

	w->from = w->advance_from;
	carry_on(w);
}

int
scales_advance(struct scales *w, int32_t day, scales_done *done, void *arg,
	       const char **why)
{
	int32_t today = w->env.clock->day;

	*why = NULL;
	if (!w->env.clock->manual)
		*why = "the clock is the system's";
	else if (w->from != DAY_NONE || w->advancing)
		*why = "the clock is being advanced already";
	else if (today != DAY_NONE && day < today)
		*why = "the clock does not go back";
	else if (today != DAY_NONE && day - today > MAX_JUMP)
		*why = "more than 4000 days at once";
	if (*why != NULL)
		return -1;
	w->advance_from = today == DAY_NONE || day == today ? day : today + 1;
	w->to = day;
	w->advancing = true;
	w->advance_done = done;
	w->advance_arg = arg;
	store_barrier(w->env.store, begin_advance, w);
	return 0;
}

int
scales_start(struct scales *w, void (*ready)(void *arg), void *arg)
{
	struct db *db = store_reader(w->env.store);
	int32_t today = dayclock_today(w->env.clock);
	int64_t weighed;

	if (meta_get(db, "weighed_day", DAY_NONE, &weighed) < 0)
		return -1;
	w->ready = ready;
	w->ready_arg = arg;
	w->stats.weighed_day = (int32_t)weighed;
	if (w->env.clock->manual) {
		say_ready(w);
		carry_on(w);
		return 0;
	}
	w->to = today;
	w->from = weighed == DAY_NONE || weighed > today ? today
							 : (int32_t)weighed;
	if (today - w->from > MAX_CATCH_UP)
		w->from = today - MAX_CATCH_UP;
	carry_on(w);
	return 0;
}

/* A new day: the last one is weighed for good, then the new one. */
static void
follow_system(struct scales *w)
{
	int32_t today = dayclock_today(w->env.clock);

	if (w->from != DAY_NONE || w->stats.weighed_day == DAY_NONE ||
	    today <= w->stats.weighed_day)
		return;
	w->from = w->stats.weighed_day;
	w->to = today;
	carry_on(w);
}

void
scales_tick(struct scales *w)
{
	struct event_job *e = w->retry;

	w->retry = NULL;
	while (e != NULL) {
		struct event_job *next = e->retry;

		store_submit(w->env.store, &e->job);
		e = next;
	}
	if (!w->env.clock->manual)
		follow_system(w);
}

void
scales_stats(const struct scales *w, struct scales_stats *out)
{
	*out = w->stats;
}

bool
scales_idle(const struct scales *w)
{
	return judge_idle(w->env.judge) && w->from == DAY_NONE &&
	       !w->advancing && !w->weigh_due && w->stats.unwritten == 0;
}
