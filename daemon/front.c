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
#include "daemon/figures.h"
#include "daemon/import.h"
#include "daemon/marking.h"
#include "daemon/past.h"
#include "daemon/desk/advise.h"
#include "daemon/desk/mark_view.h"
#include "daemon/desk/score.h"
#include "daemon/desk/trigger_view.h"
#include "daemon/desk/trigger.h"
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

static struct zone_now
now(void *arg)
{
	return dayclock_now(&((struct centre *)arg)->clock);
}

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return dayclock_wall_us() / 1000;
}

static int64_t
clock_ms(void *arg)
{
	return dayclock_now_ms(&((struct centre *)arg)->clock);
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

static json_t *
account(void *arg, uint32_t area, int32_t day, const char **why)
{
	return past_account(arg, area, day, why);
}

static json_t *
score(void *arg, int32_t from, int32_t to)
{
	const struct centre *c = arg;

	return score_triggers(c->desk, c->registry, c->judge, from, to);
}

static json_t *
advise(void *arg, const struct advise_ask *ask, const char **near)
{
	const struct centre *c = arg;

	*near = ask->trigger == NULL
			? NULL
			: trigger_near(desk_triggers(c->desk), ask->trigger);
	return advise_triggers(c->desk, c->registry, c->judge, ask);
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
	const struct import_env env = {
		.store = c->store,
		.registry = c->registry,
	};

	if (w == NULL)
		return;
	import_csv(&env, what, write->body, write->len, answered, w);
	if (registry_days_changed(c->registry)) {
		judge_all_again(c->judge);
		scales_changed(c->scales);
	}
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

static json_t *
marks(void *arg, uint32_t area, bool withdrawn_too)
{
	return marking_list(arg, area, withdrawn_too);
}

static void
mark_add(void *arg, const char *actor, const json_t *body, api_done *done,
	 void *done_arg)
{
	marking_add(arg, actor, body, done, done_arg);
}

static void
mark_withdraw(void *arg, const char *actor, int64_t number, api_done *done,
	      void *done_arg)
{
	marking_withdraw(arg, actor, number, done, done_arg);
}

static json_t *
alert_marks(void *arg, const json_t *alert)
{
	const struct centre *c = arg;

	return mark_view_alert(c->registry, &c->marks, alert);
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
	static const char *const name[] = {
		[API_ADD_KEY] = "add-key",
		[API_REVOKE_KEY] = "revoke-key",
		[API_INVITE] = "invitation",
		[API_TOKEN] = "token",
	};
	struct centre *c = arg;
	struct waiting *w = wait_for(c, done, done_arg);

	if (w == NULL)
		return;
	if (what->verb != API_KEYS)
		log_notice("front: asked for=%s site=%s actor=%s",
			   name[what->verb], what->site, what->actor);
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
	/* Acts and missed clocks have the desk's own time. */
	if (json_object_get(body, "at_ms") == NULL)
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
		json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o}",
			  "id", (json_int_t)n->id, "event", (json_int_t)n->event,
			  "receiver", n->receiver, "message", n->message,
			  "state", n->state, "tries", (json_int_t)n->tries,
			  "created_ms", (json_int_t)n->created_ms, "next_ms",
			  (json_int_t)n->next_ms, "error", n->error, "digest_ms",
			  n->digest_ms == 0 ? json_null()
					    : json_integer(n->digest_ms)));
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
rota(void *arg)
{
	return told_rota(((struct centre *)arg)->told, clock_ms(arg));
}

static json_t *
triggers(void *arg)
{
	const struct centre *c = arg;
	json_t *out = figures_reload(c);

	json_object_set_new(out, "triggers",
			    trigger_view_all(c->triggers, c->registry));
	return out;
}

static void
status(void *arg, json_t *out)
{
	figures_status(arg, out);
}

static void
metrics(void *arg, struct metrics *m)
{
	figures_metrics(arg, m);
}

void
front_env(struct centre *c, struct api_env *env)
{
	const struct conf_main *m = conf_get(c->conf, "tocsind");

	*env = (struct api_env){
		.base = c->base,
		.registry = c->registry,
		.judge = c->judge,
		.quality = c->quality,
		.desk = c->desk,
		.state_dir = m->state,
		.clock_manual = c->clock.manual,
		.arg = c,
		.now = now,
		.now_ms = now_ms,
		.clock_ms = clock_ms,
		.not_ready = not_ready,
		.status = status,
		.metrics = metrics,
		.cell_as_of = cell_as_of,
		.account = account,
		.triggers = triggers,
		.score = score,
		.advise = advise,
		.counts_post = counts_post,
		.areas_import = areas_import,
		.sites_import = sites_import,
		.access = access,
		.site_token = site_token,
		.act = act,
		.marks = marks,
		.mark_add = mark_add,
		.mark_withdraw = mark_withdraw,
		.alert_marks = alert_marks,
		.clock_advance = clock_advance,
		.events_after = events_after,
		.alert_events = alert_events,
		.notices = notices,
		.rota = rota,
	};
}
