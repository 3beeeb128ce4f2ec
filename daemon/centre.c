/* Every part in its place. */
#include "daemon/centre.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/api/api.h"
#include "daemon/check.h"
#include "daemon/desk/trigger.h"
#include "daemon/desk/upkeep.h"
#include "daemon/front.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/vocabulary.h"
#include "daemon/marking.h"
#include "daemon/reload.h"
#include "daemon/restore.h"
#include "daemon/store/alerts.h"
#include "daemon/store/meta.h"
#include "daemon/watch.h"

#define STALL_MS 20000 /* a store that does nothing for so long is stuck */

static struct zone_now
now(void *arg)
{
	return dayclock_now(&((struct centre *)arg)->clock);
}

static int64_t
received_us(void *arg)
{
	return dayclock_received_us(&((struct centre *)arg)->clock);
}

static void
changed(void *arg)
{
	scales_changed(((struct centre *)arg)->scales);
}

static int64_t
applied(void *arg)
{
	struct ingest_stats stats;

	ingest_stats(((struct centre *)arg)->ingest, &stats);
	return stats.ledger;
}

static void
say_row(void *arg, bool error, const char *message)
{
	(void)arg;
	if (error)
		log_error("vocabulary: %s", message);
	else
		log_warn("vocabulary: %s", message);
}

/* One daemon a state: the lock lasts as long as the process. */
static int
lock_state(struct centre *c, const char *state)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/lock", state);
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock_fd < 0) {
		log_error("tocsind: cannot open %s: %m", path);
		return -1;
	}
	if (flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("tocsind: another tocsind works on %s", state);
		return -1;
	}
	return 0;
}

static int
make_state(struct centre *c, const char *state)
{
	if (mkdir(state, 0700) < 0 && errno != EEXIST) {
		log_error("tocsind: cannot make the state folder %s: %m", state);
		return -1;
	}
	return lock_state(c, state);
}

static int
open_store(struct centre *c)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");
	const struct conf_store *s = conf_get(c->conf, "store");
	char path[4096];
	int64_t day;

	if (make_state(c, m->state) < 0)
		return -1;
	if (snprintf(path, sizeof(path), "%s/%s", m->state, s->file) >=
	    (int)sizeof(path)) {
		log_error("tocsind: the path of the state is too long");
		return -1;
	}
	space_init(&c->space, m->state, s->reserve, s->low_percent,
		   s->out_percent);
	c->store = store_open(path, c->base);
	if (c->store != NULL && s->reserve > 0)
		store_limit_log(c->store, s->reserve);
	if (c->store == NULL ||
	    meta_get(store_reader(c->store), "clock_day", DAY_NONE, &day) < 0)
		return -1;
	dayclock_init(&c->clock, m->clock == CONF_CLOCK_MANUAL,
		      m->clock == CONF_CLOCK_MANUAL ? (int32_t)day : DAY_NONE);
	return 0;
}

/* A list as the NULL-terminated array that judge_conf wants. */
static const char **
params_of(const struct conf_list *list)
{
	const char **params = calloc(list->n + 1, sizeof(*params));

	for (size_t i = 0; params != NULL && i < list->n; i++)
		params[i] = list->at[i];
	return params;
}

static int
set_calendars(struct centre *c)
{
	if (reload_read_calendars(c->conf, &c->calendar, &c->calendars, NULL) < 0)
		return -1;
	registry_set_calendar(c->registry, c->calendar);
	registry_set_calendars(c->registry, c->calendars);
	return 0;
}

static int
make_judge(struct centre *c)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");
	const struct conf_judge *j = conf_get(c->conf, "judge");

	c->registry = registry_new();
	c->day_params = params_of(&j->day_params);
	c->week_params = params_of(&j->week_params);
	if (c->registry == NULL || c->day_params == NULL ||
	    c->week_params == NULL) {
		log_error("tocsind: out of memory");
		return -1;
	}
	if (vocabulary_read(c->registry, m->vocabulary, say_row, NULL) < 0 ||
	    set_calendars(c) < 0)
		return -1;
	c->judge_conf = (struct judge_conf){
		.history_days = (int)j->history_days,
		.day_method = j->day_method,
		.week_method = j->week_method,
		.day_params = c->day_params,
		.week_params = c->week_params,
	};
	c->judge = judge_new(&c->judge_conf, c->registry);
	if (c->judge == NULL)
		return -1;
	c->quality =
		quality_new(conf_get(c->conf, "quality"), c->registry, c->judge);
	return c->quality == NULL ? -1 : 0;
}

static void
make_keeper(struct centre *c)
{
	const struct conf_store *s = conf_get(c->conf, "store");
	const int64_t day_ms = 86400000;
	const struct retention_ages ages = {
		.ledger = s->keep_ledger_ms / day_ms,
		.counts = s->keep_counts_ms / day_ms,
		.old = s->keep_old_ms / day_ms,
		.notes = s->keep_notes_ms / day_ms,
		.notices = s->keep_notices_ms / day_ms,
	};

	keeper_init(&c->keeper, c->store, &ages);
}

static int
make_ingest(struct centre *c)
{
	c->ingest_env = (struct ingest_env){
		.conf = conf_get(c->conf, "intake"),
		.store = c->store,
		.registry = c->registry,
		.judge = c->judge,
		.quality = c->quality,
		.arg = c,
		.now = now,
		.now_us = received_us,
		.changed = changed,
	};
	c->ingest = ingest_new(&c->ingest_env);
	return c->ingest == NULL ? -1 : 0;
}

static int
weigh(void *arg, int32_t day)
{
	struct centre *c = arg;

	return desk_weigh(c->desk, day, true) < 0 ? -1 : watch_day(c, day);
}

static size_t
plan(void *arg, const struct desk_event *event, const char **out, size_t cap,
     json_t **body)
{
	return told_plan(((struct centre *)arg)->told, event, out, cap, body);
}

static int64_t
digest_ms(void *arg, const struct desk_event *event, const char *receiver)
{
	return told_digest_ms(((struct centre *)arg)->told, event, receiver);
}

static void
stored(void *arg, const struct scales_stored *event)
{
	struct centre *c = arg;

	if (c->told != NULL)
		told_wake(c->told);
	if (c->api != NULL)
		api_event(c->api, event->number, event->name, event->body_json);
}

static int
make_scales(struct centre *c)
{
	const struct scales_env env = {
		.base = c->base,
		.store = c->store,
		.judge = c->judge,
		.clock = &c->clock,
		.arg = c,
		.applied = applied,
		.weigh = weigh,
		.plan = plan,
		.digest_ms = digest_ms,
		.stored = stored,
	};

	c->told = told_new(c->conf, c->base, c->store, c->registry, &c->clock);
	if (c->told == NULL)
		return -1;
	c->scales = scales_new(&env);
	return c->scales == NULL ? -1 : 0;
}

static int64_t
wall_us(void *arg)
{
	(void)arg;
	return dayclock_wall_us();
}

static int64_t
clock_ms(void *arg)
{
	return dayclock_now_ms(&((struct centre *)arg)->clock);
}

static size_t
reach(void *arg, const struct desk_event *event, const char **out, size_t cap)
{
	return told_reach(((struct centre *)arg)->told, event, out, cap);
}

static int
make_access(struct centre *c)
{
	const struct access_env env = { .store = c->store, .wall_us = wall_us };

	c->access = access_new(&env);
	return c->access == NULL ? -1 : 0;
}

static int
rebuild(struct centre *c)
{
	const struct zone_now at = dayclock_now(&c->clock);
	int32_t day = at.day;
	struct restore_windows w = {
		.ids = ingest_series(c->ingest),
		.registry = c->registry,
		.judge = c->judge,
		.quality = c->quality,
		.from_day = day - c->judge_conf.history_days,
		.now = at,
		.today_s = dayclock_end_s(&c->clock, day - 1) + 1,
	};
	int64_t from = dayclock_wall_us();

	if (restore_registry(c->store, c->registry, ingest_series(c->ingest)) < 0)
		return -1;
	if (marking_restore(c) < 0 || restore_windows(c->store, &w) < 0)
		return -1;
	log_info("tocsind: windows rebuilt sites=%zu series=%zu counts=%llu "
		 "ms=%lld",
		 registry_sites(c->registry), registry_series_n(c->registry),
		 (unsigned long long)w.counts,
		 (long long)(dayclock_wall_us() - from) / 1000);
	return 0;
}

/* Areas may be imported later: the daemon starts without them. */
static void
warn_conf(void *arg, const char *message)
{
	(void)arg;
	log_warn("config: %s", message);
}

struct restoring {
	struct desk *desk;
	size_t alerts;
	bool failed;
};

static void
restore_alert(void *arg, const char *id, const char *body)
{
	struct restoring *r = arg;
	json_t *alert = json_loads(body, 0, NULL);

	if (alert == NULL || desk_restore(r->desk, alert) < 0) {
		log_error("tocsind: alert %s cannot be put back", id);
		r->failed = true;
	}
	r->alerts++;
	json_decref(alert);
}

static bool
vacant(void *arg, uint32_t area, int64_t at_ms)
{
	return told_vacant(((struct centre *)arg)->told, area, at_ms);
}

static int
make_desk(struct centre *c)
{
	struct restoring r = { 0 };
	int64_t since, weighed;

	c->triggers = reload_read_triggers(c->conf, c->registry, NULL);
	c->reloaded.at_ms = dayclock_wall_us() / 1000;
	if (c->triggers == NULL)
		return -1;
	c->desk = desk_new(c->registry, c->judge, c->triggers, scales_sink,
			   c->scales);
	if (c->desk == NULL)
		return -1;
	desk_set_clock(c->desk, clock_ms, c);
	told_set_desk(c->told, c->desk);
	desk_set_quality(c->desk, c->quality);
	/* Without receivers the page alone shows what is late. */
	if (conf_count(c->conf, "receiver") > 0)
		desk_set_reach(c->desk, reach, vacant, c);
	(void)check_receiver_areas(c->conf, c->registry, warn_conf, NULL);
	(void)check_rotas(c->conf, c->registry, warn_conf, NULL);
	r.desk = c->desk;
	if (alerts_load(store_reader(c->store), restore_alert, &r) < 0 ||
	    meta_get(store_reader(c->store), "weighed_since", DAY_NONE, &since) <
		    0 ||
	    meta_get(store_reader(c->store), "weighed_day", DAY_NONE, &weighed) <
		    0)
		return -1;
	desk_resume(c->desk, (int32_t)since, (int32_t)weighed);
	log_info("tocsind: desk triggers=%zu alerts=%zu", c->triggers->n,
		 r.alerts);
	c->upkeep = upkeep_new(c->registry, c->judge, c->quality, c->desk);
	return r.failed || c->upkeep == NULL ? -1 : 0;
}

static int
open_http(struct centre *c)
{
	struct api_env env;

	front_env(c, &env);
	c->api = api_new(conf_get(c->conf, "http"), &env);
	return c->api == NULL ? -1 : 0;
}

static int
open_kafka(struct centre *c)
{
	const struct kafka_conf *conf = conf_get(c->conf, "kafka");
	const struct kafka_env env = {
		.base = c->base,
		.store = c->store,
		.ingest = c->ingest,
		.arg = c,
		.now_us = received_us,
	};

	if (conf->brokers[0] == '\0')
		return 0;
	c->kafka = kafka_new(conf, &env);
	return c->kafka == NULL ? -1 : 0;
}

static int
open_doors(struct centre *c)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");
	const struct zmqdoor_conf *conf = conf_get(c->conf, "zmq");
	const struct zmqdoor_env env = {
		.base = c->base,
		.ingest = c->ingest,
		.access = c->access,
		.state = m->state,
		.database_id = store_database_id(c->store),
	};

	if (conf->listen[0] == '\0')
		return 0;
	c->zmqdoor = zmqdoor_new(conf, &env);
	return c->zmqdoor == NULL ? -1 : 0;
}

static void
write_zmq(const struct zmqdoor *door, FILE *f)
{
	fprintf(f, "zmq %s\n", zmqdoor_address(door));
	if (zmqdoor_key(door) != NULL)
		fprintf(f, "zmq-key %s\n", zmqdoor_key(door));
	if (zmqdoor_enrol_address(door)[0] != '\0')
		fprintf(f, "enrol %s\n", zmqdoor_enrol_address(door));
}

/* Where the doors are, for whoever let the system choose the ports. */
static int
write_addresses(const struct centre *c)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");
	char path[4200], temporary[4220];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/addresses", m->state);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	f = fopen(temporary, "we");
	if (f == NULL) {
		log_error("tocsind: cannot write %s: %m", temporary);
		return -1;
	}
	if (c->zmqdoor != NULL)
		write_zmq(c->zmqdoor, f);
	if (api_address(c->api)[0] != '\0')
		fprintf(f, "http %s\n", api_address(c->api));
	good = ferror(f) == 0;
	good = fclose(f) == 0 && good;
	if (good && rename(temporary, path) == 0)
		return 0;
	log_error("tocsind: cannot write %s: %m", path);
	return -1;
}

static void
on_ready(void *arg)
{
	((struct centre *)arg)->ready = true;
}

int
centre_init(struct centre *c, struct conf *conf, struct event_base *base)
{
	memset(c, 0, sizeof(*c));
	c->lock_fd = -1;
	c->conf = conf;
	c->base = base;
	c->started_ms = dayclock_wall_us() / 1000;
	if (open_store(c) < 0 || make_judge(c) < 0 || make_ingest(c) < 0 ||
	    make_scales(c) < 0 || make_access(c) < 0 || rebuild(c) < 0)
		return -1;
	if (make_desk(c) < 0 || open_doors(c) < 0 || open_kafka(c) < 0 ||
	    open_http(c) < 0)
		return -1;
	if (write_addresses(c) < 0)
		return -1;
	make_keeper(c);
	return scales_start(c->scales, on_ready, c);
}

void
centre_fini(struct centre *c)
{
	/* What was taken in is stored and acknowledged before the door goes. */
	if (c->store != NULL)
		store_drain(c->store);
	if (c->api != NULL)
		api_free(&c->api);
	if (c->told != NULL)
		told_free(&c->told);
	if (c->zmqdoor != NULL)
		zmqdoor_free(&c->zmqdoor);
	if (c->kafka != NULL)
		kafka_free(&c->kafka);
	if (c->upkeep != NULL)
		upkeep_free(&c->upkeep);
	if (c->desk != NULL)
		desk_free(&c->desk);
	if (c->triggers != NULL)
		trigger_free(&c->triggers);
	if (c->scales != NULL)
		scales_free(&c->scales);
	if (c->access != NULL)
		access_free(&c->access);
	if (c->ingest != NULL)
		ingest_free(&c->ingest);
	if (c->store != NULL)
		store_close(&c->store);
	if (c->quality != NULL)
		quality_free(&c->quality);
	if (c->judge != NULL)
		judge_free(&c->judge);
	mark_free_all(&c->marks);
	if (c->registry != NULL)
		registry_free(&c->registry);
	calendar_free(&c->calendar);
	calendars_free(&c->calendars);
	free(c->day_params);
	free(c->week_params);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	conf_free(&c->conf);
}

bool
centre_tick(struct centre *c)
{
	static const enum ingest_disk disk[] = {
		[SPACE_FINE] = INGEST_DISK_FINE,
		[SPACE_LOW] = INGEST_DISK_LOW,
		[SPACE_OUT] = INGEST_DISK_OUT,
	};

	ingest_set_disk(c->ingest, disk[space_look(&c->space)]);
	scales_tick(c->scales);
	watch_tick(c);
	keeper_tick(&c->keeper, dayclock_received_us(&c->clock),
		    dayclock_wall_us());
	if (c->zmqdoor != NULL)
		zmqdoor_tick(c->zmqdoor);
	if (c->kafka != NULL)
		kafka_tick(c->kafka);
	return store_stalled_ms(c->store) < STALL_MS;
}
