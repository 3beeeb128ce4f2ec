/*
 * Between the HTTP interface and the centre.  A request that has to wait for
 * COMMIT is carried by a small struct that is freed when it is answered.
 */
#include "daemon/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/api/metrics.h"
#include "daemon/import.h"
#include "daemon/intake/post.h"
#include "daemon/store/alerts.h"
#include "daemon/store/counts.h"

/* Somebody who waits for an answer. */
struct waiting {
	struct centre *c;
	api_done *done;
	void *done_arg;
	char id[DESK_ID_BYTES]; /* of an alert */
	int32_t day;
};

static struct waiting *
wait_for(struct centre *c, api_done *done, void *done_arg)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		log_error("front: out of memory");
		done(done_arg, 500, api_refusal("out of memory"));
		return NULL;
	}
	w->c = c;
	w->done = done;
	w->done_arg = done_arg;
	return w;
}

static void
answer(struct waiting *w, int status, json_t *body)
{
	w->done(w->done_arg, status, body);
	free(w);
}

static void
answered(void *arg, int status, json_t *body)
{
	answer(arg, status, body);
}

static int32_t
today(void *arg)
{
	return dayclock_today(&((struct centre *)arg)->clock);
}

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return dayclock_wall_us() / 1000;
}

static const char *
not_ready(void *arg)
{
	return ((struct centre *)arg)->ready ? NULL
					     : "what the last run left is "
					       "being judged and weighed";
}

static int
cell_as_of(void *arg, uint32_t series, int32_t day, int32_t as_of,
	   struct judge_cell *out)
{
	struct centre *c = arg;
	struct counts_vintage v;
	int rc = counts_at(store_reader(c->store), day,
			   series_ids_of(ingest_series(c->ingest), series),
			   dayclock_end_s(&c->clock, as_of), &v);

	if (rc != 1)
		return rc;
	if ((v.cell.flags & CELL_WITHDRAWN) == 0)
		out->value = v.cell.value;
	if ((v.cell.flags & CELL_DENOMINATOR) != 0)
		out->denominator = v.cell.denominator;
	out->partial = (v.cell.flags & CELL_PARTIAL) != 0;
	return 1;
}

static void
counts_post(void *arg, const struct api_write *write, api_done *done,
	    void *done_arg)
{
	struct centre *c = arg;
	struct waiting *w = wait_for(c, done, done_arg);
	const struct post_request request = {
		.sender = write->actor,
		.any_site = !write->is_site,
		.type = write->type,
		.key = write->key,
		.body = write->body,
		.len = write->len,
	};

	if (w != NULL)
		post_counts(c->ingest, &c->ingest_env, &request, answered, w);
}

static void
import(struct centre *c, enum import_what what, const struct api_write *write,
       struct waiting *w)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");
	const struct import_env env = {
		.store = c->store,
		.registry = c->registry,
		.vocabulary = m->vocabulary,
	};

	if (w != NULL)
		import_csv(&env, what, write->body, write->len, answered, w);
}

static void
areas_import(void *arg, const struct api_write *write, api_done *done,
	     void *done_arg)
{
	import(arg, IMPORT_AREAS, write, wait_for(arg, done, done_arg));
}

static void
sites_import(void *arg, const struct api_write *write, api_done *done,
	     void *done_arg)
{
	import(arg, IMPORT_SITES, write, wait_for(arg, done, done_arg));
}

static void
act_done(void *arg, int rc)
{
	struct waiting *w = arg;
	const json_t *alert = desk_alert(w->c->desk, w->id);

	(void)rc;
	if (alert == NULL)
		answer(w, 500, api_refusal("the alert is gone"));
	else
		answer(w, 200, json_deep_copy(alert));
}

static void
act(void *arg, const char *id, const struct desk_act *what, api_done *done,
    void *done_arg)
{
	struct centre *c = arg;
	struct waiting *w = wait_for(c, done, done_arg);
	char err[256] = "";
	int rc;

	if (w == NULL)
		return;
	snprintf(w->id, sizeof(w->id), "%s", id);
	scales_act_begin(c->scales, act_done, w);
	rc = desk_act(c->desk, id, what, err, sizeof(err));
	if (scales_act_end(c->scales))
		return;
	if (rc == DESK_DONE)
		act_done(w, 0);
	else
		answer(w, api_act_status((enum desk_refusal)rc),
		       api_refusal("%s", err));
}

static void
keys(struct centre *c, const char *site, struct waiting *w)
{
	json_t *all = access_keys(c->access, site);

	if (all == NULL)
		answer(w, 500, api_refusal("the keys cannot be read"));
	else
		answer(w, 200,
		       json_pack("{s:s, s:o}", "site", site, "keys", all));
}

static void
invite(struct centre *c, const char *site, struct waiting *w)
{
	const struct zmqdoor_conf *z = conf_get(c->conf, "zmq");
	bool open = c->zmqdoor != NULL;
	const struct access_where where = {
		.enrol = !open || zmqdoor_enrol_address(c->zmqdoor)[0] == '\0' ? ""
			 : z->public_enrol[0] != '\0'
				 ? z->public_enrol
				 : zmqdoor_enrol_address(c->zmqdoor),
		.centre = z->public_address[0] != '\0' ? z->public_address
			  : open ? zmqdoor_address(c->zmqdoor)
				 : "",
		.key = open ? zmqdoor_key(c->zmqdoor) : NULL,
	};

	access_invite(c->access, site, &where, answered, w);
}

/* Is it a site, or the gateway of one? */
static bool
is_sender(const struct registry *r, const char *code)
{
	if (registry_site(r, code, strlen(code)) != REG_NONE)
		return true;
	for (uint32_t i = 0; i < registry_sites(r); i++) {
		if (strcmp(registry_site_at(r, i)->gateway, code) == 0)
			return true;
	}
	return false;
}

static void
access(void *arg, const struct api_access *what, api_done *done, void *done_arg)
{
	struct centre *c = arg;
	struct waiting *w = wait_for(c, done, done_arg);

	if (w == NULL)
		return;
	log_notice("front: access verb=%d site=%s actor=%s", (int)what->verb,
		   what->site, what->actor);
	if (what->verb != API_REVOKE_KEY && !is_sender(c->registry, what->site)) {
		answer(w, 404,
		       api_refusal("%s is neither a site nor the gateway of "
				   "one; import it first",
				   what->site));
		return;
	}
	switch (what->verb) {
	case API_KEYS:
		keys(c, what->site, w);
		break;
	case API_ADD_KEY:
		access_add_key(c->access, what->site, what->key, answered, w);
		break;
	case API_REVOKE_KEY:
		access_revoke_key(c->access, what->key, answered, w);
		break;
	case API_INVITE:
		invite(c, what->site, w);
		break;
	case API_TOKEN:
		access_add_token(c->access, what->site, true, answered, w);
		break;
	}
}

static int
site_token(void *arg, const char *token, char *site, size_t cap)
{
	return access_token(((struct centre *)arg)->access, token, site, cap);
}

static void
advanced(void *arg, int rc)
{
	struct waiting *w = arg;
	char day[DAY_TEXT_BYTES];

	if (rc < 0)
		answer(w, 500,
		       api_refusal("weighing failed; see the log, then "
				   "advance to the same day again"));
	else
		answer(w, 200,
		       json_pack("{s:s}", "date",
				 day_format(dayclock_today(&w->c->clock), day)));
}

static void
clock_advance(void *arg, int32_t day, api_done *done, void *done_arg)
{
	struct centre *c = arg;
	struct waiting *w = wait_for(c, done, done_arg);
	const char *why;

	if (w != NULL && scales_advance(c->scales, day, advanced, w, &why) < 0)
		answer(w, 409, api_refusal("%s", why));
}

struct each {
	api_each *each;
	void *arg;
};

static void
on_event(void *arg, const struct alerts_stored *e)
{
	const struct each *each = arg;

	each->each(each->arg, e->number, e->name, e->body);
}

static size_t
events_after(void *arg, int64_t after, size_t max, api_each *fn, void *fn_arg)
{
	struct centre *c = arg;
	struct each each = { fn, fn_arg };
	long n = alerts_after(store_reader(c->store), after, max, on_event,
			      &each);

	return n < 0 ? 0 : (size_t)n;
}

static void
collect_event(void *arg, const struct alerts_stored *e)
{
	json_t *body = json_loads(e->body, 0, NULL);

	if (body == NULL)
		return;
	json_object_set_new(body, "number", json_integer(e->number));
	json_object_set_new(body, "version", json_integer(e->version));
	json_object_set_new(body, "at_ms", json_integer(e->at_us / 1000));
	json_array_append_new(arg, body);
}

static json_t *
alert_events(void *arg, const char *id)
{
	struct centre *c = arg;
	json_t *all = json_array();

	if (alerts_of(store_reader(c->store), id, collect_event, all) < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}

static void
collect_notice(void *arg, const struct alerts_outbox *n)
{
	json_array_append_new(
		arg,
		json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "id",
			  (json_int_t)n->id, "event", (json_int_t)n->event,
			  "receiver", n->receiver, "message", n->message,
			  "state", n->state, "tries", (json_int_t)n->tries,
			  "created_ms", (json_int_t)n->created_ms, "next_ms",
			  (json_int_t)n->next_ms, "error", n->error));
}

static json_t *
notices(void *arg, size_t max)
{
	struct centre *c = arg;
	json_t *all = json_array();

	if (alerts_notices(store_reader(c->store), max, collect_notice, all) < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}

static json_t *
refused_object(const struct ingest_stats *s)
{
	json_t *o = json_object();

	for (uint32_t i = 0; i < BATCH_CODES; i++) {
		if (s->refused_by[i] > 0)
			json_object_set_new(
				o, wire_nack_name(i),
				json_integer((json_int_t)s->refused_by[i]));
	}
	for (int i = 1; i < INGEST_BAD; i++) {
		if (s->bad_by[i] > 0)
			json_object_set_new(
				o, wire_error_name(-i),
				json_integer((json_int_t)s->bad_by[i]));
	}
	return o;
}

static json_t *
intake_object(const struct centre *c)
{
	struct ingest_stats s;

	ingest_stats(c->ingest, &s);
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i,"
		" s:o}",
		"frames", (json_int_t)s.frames, "counts", (json_int_t)s.counts,
		"again", (json_int_t)s.again, "early", (json_int_t)s.early,
		"busy", (json_int_t)s.busy, "forks", (json_int_t)s.forks,
		"gaps", (json_int_t)s.gaps, "poison", (json_int_t)s.poison,
		"conflicts", (json_int_t)s.tally.conflicts, "revised",
		(json_int_t)s.tally.replaced, "senders", (json_int_t)s.feeds,
		"window", (int)ingest_window(c->ingest), "refused",
		refused_object(&s));
}

static json_t *
door_object(const struct zmqdoor *door)
{
	struct zmqdoor_stats s;

	zmqdoor_stats(door, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "messages",
			 (json_int_t)s.messages, "hellos", (json_int_t)s.hellos,
			 "accepted", (json_int_t)s.connections.accepted,
			 "ended", (json_int_t)s.connections.ended, "broken",
			 (json_int_t)s.connections.broken, "handshakes_refused",
			 (json_int_t)s.handshakes_refused, "unauthorised",
			 (json_int_t)s.unauthorised, "lost_answers",
			 (json_int_t)s.lost_answers);
}

static json_t *
store_object(const struct centre *c)
{
	static const char *const level[] = {
		[SPACE_FINE] = "fine",
		[SPACE_LOW] = "low",
		[SPACE_OUT] = "out",
	};
	struct store_stats s;
	char id[24];

	store_stats(c->store, &s);
	snprintf(id, sizeof(id), "%016llx",
		 (unsigned long long)store_database_id(c->store));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:I}",
			 "database_id", id, "commits", (json_int_t)s.commits,
			 "pending", (json_int_t)store_pending(c->store),
			 "file_bytes", (json_int_t)s.file_bytes, "wal_bytes",
			 (json_int_t)s.wal_bytes, "worst_commit_us",
			 (json_int_t)s.worst_commit_us, "space",
			 level[c->space.level], "free_bytes",
			 (json_int_t)c->space.free_bytes);
}

static json_t *
desk_object(const struct centre *c)
{
	struct scales_stats s;
	char day[DAY_TEXT_BYTES];

	scales_stats(c->scales, &s);
	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "weighed_day",
			 day_format(s.weighed_day, day), "weighings",
			 (json_int_t)s.weighings, "events", (json_int_t)s.events,
			 "unwritten", (json_int_t)s.unwritten, "worst_weigh_us",
			 (json_int_t)s.worst_weigh_us);
}

static void
status(void *arg, json_t *out)
{
	const struct centre *c = arg;

	json_object_set_new(out, "store", store_object(c));
	json_object_set_new(out, "intake", intake_object(c));
	json_object_set_new(out, "scales", desk_object(c));
	if (c->kafka != NULL)
		json_object_set_new(out, "kafka", kafka_status(c->kafka));
	told_status(c->told, out);
	if (c->zmqdoor != NULL) {
		json_object_set_new(out, "zmq",
				    json_string(zmqdoor_address(c->zmqdoor)));
		json_object_set_new(out, "door", door_object(c->zmqdoor));
	}
}

static void
metrics_intake(const struct centre *c, struct metrics *m)
{
	struct ingest_stats s;

	ingest_stats(c->ingest, &s);
	metrics_one(m, "frames_total", "Frames committed.", (double)s.frames);
	metrics_one(m, "counts_total", "Counts committed.", (double)s.counts);
	metrics_one(m, "frames_again_total", "Frames that were there already.",
		    (double)s.again);
	metrics_one(m, "conflicts_total",
		    "Counts whose revision came with two values.",
		    (double)s.tally.conflicts);
	metrics_one(m, "gaps_total", "Gaps in an outbox's sequence.",
		    (double)s.gaps);
	metrics_one(m, "forks_total", "Frames of copied outboxes.",
		    (double)s.forks);
	metrics_name(m, "refused_total", "Counts refused, by reason.");
	for (uint32_t i = 1; i < BATCH_CODES; i++) {
		if (s.refused_by[i] > 0)
			metrics_value(m, "reason", wire_nack_name(i),
				      (double)s.refused_by[i]);
	}
	metrics_name(m, "bad_frames_total", "Frames refused, by reason.");
	for (int i = 1; i < INGEST_BAD; i++) {
		if (s.bad_by[i] > 0)
			metrics_value(m, "reason", wire_error_name(-i),
				      (double)s.bad_by[i]);
	}
}

static void
metrics_door(const struct zmqdoor *door, struct metrics *m)
{
	struct zmqdoor_stats s;

	zmqdoor_stats(door, &s);
	metrics_one(m, "zmq_connections_accepted_total",
		    "Connections of ZeroMQ.", (double)s.connections.accepted);
	metrics_one(m, "zmq_connections_ended_total",
		    "Those that ended, also for a message above 1 MiB.",
		    (double)s.connections.ended);
	metrics_one(m, "zmq_connections_broken_total",
		    "Those that did not get as far as a message.",
		    (double)s.connections.broken);
	metrics_one(m, "zmq_handshakes_refused_total",
		    "Keys that may not send.", (double)s.handshakes_refused);
	metrics_one(m, "zmq_unauthorised_total",
		    "Messages of keys that were revoked since.",
		    (double)s.unauthorised);
	metrics_one(m, "zmq_lost_answers_total",
		    "Answers whose peer was gone or did not read.",
		    (double)s.lost_answers);
}

static void
metrics(void *arg, struct metrics *m)
{
	const struct centre *c = arg;
	struct store_stats st;
	struct scales_stats w;

	metrics_intake(c, m);
	if (c->zmqdoor != NULL)
		metrics_door(c->zmqdoor, m);
	told_metrics(c->told, m);
	store_stats(c->store, &st);
	scales_stats(c->scales, &w);
	metrics_one(m, "commits_total", "Transactions of the store.",
		    (double)st.commits);
	metrics_one(m, "commit_last_seconds", "How long the last one took.",
		    (double)st.last_commit_us / 1e6);
	metrics_one(m, "store_pending", "Jobs that wait for the store.",
		    (double)store_pending(c->store));
	metrics_one(m, "store_wal_bytes", "Size of the write-ahead log.",
		    (double)st.wal_bytes);
	metrics_one(m, "disk_free_bytes", "Free space of the state's disk.",
		    (double)c->space.free_bytes);
	metrics_one(m, "window_frames", "Frames a sender may have under way.",
		    ingest_window(c->ingest));
	metrics_one(m, "weigh_last_seconds", "How long weighing took.",
		    (double)w.last_weigh_us / 1e6);
}

void
front_env(struct centre *c, struct api_env *env)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");

	*env = (struct api_env){
		.base = c->base,
		.registry = c->registry,
		.judge = c->judge,
		.desk = c->desk,
		.state_dir = m->state,
		.clock_manual = c->clock.manual,
		.arg = c,
		.today = today,
		.now_ms = now_ms,
		.not_ready = not_ready,
		.status = status,
		.metrics = metrics,
		.cell_as_of = cell_as_of,
		.counts_post = counts_post,
		.areas_import = areas_import,
		.sites_import = sites_import,
		.access = access,
		.site_token = site_token,
		.act = act,
		.clock_advance = clock_advance,
		.events_after = events_after,
		.alert_events = alert_events,
		.notices = notices,
	};
}
