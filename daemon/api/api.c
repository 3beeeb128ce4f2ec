/*
 * The routes, and what all of them share.
 */
#include "daemon/api/api_own.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/console/sheet.h"

#define BODY_ACT (16 * 1024)
#define BODY_SMALL 1024
#define BODY_TABLE (4 * 1024 * 1024)

const struct conf_key api_conf_keys[] = {
	{ "listen", CONF_STRING, offsetof(struct api_conf, listen),
	  "127.0.0.1:8650", 0, 0, NULL, false,
	  "Loopback address and port of the page and the API; port 0 takes any "
	  "free one, empty listens on the Unix socket only." },
	{ "socket", CONF_STRING, offsetof(struct api_conf, socket), "", 0, 0,
	  NULL, false,
	  "Path of the Unix socket of the command line; empty means "
	  "tocsin.sock in the state directory." },
	{ "max_connections", CONF_INT,
	  offsetof(struct api_conf, max_connections), "256", 4, 65536, NULL,
	  false, "Connections at a time; further ones wait." },
	{ "max_body", CONF_SIZE, offsetof(struct api_conf, max_body_bytes), "4MiB",
	  65536, 64.0 * 1024 * 1024, NULL, false, "Largest body of a request." },
	{ "deadline", CONF_DURATION, offsetof(struct api_conf, deadline_ms),
	  "30s", 1000, 600000, NULL, false,
	  "Time within which a request must have come in whole." },
	{ "max_streams", CONF_INT, offsetof(struct api_conf, max_streams), "64",
	  1, 65536, NULL, false, "Clients of the event stream at a time." },
	{ "hosts", CONF_LIST, offsetof(struct api_conf, hosts), "", 0, 0, NULL,
	  false,
	  "Names besides localhost that a browser may call the page by, as "
	  "behind nginx." },
	{ "webroot", CONF_STRING, offsetof(struct api_conf, webroot), "", 0, 0,
	  NULL, false,
	  "Folder with the page's files, read at every request instead of the "
	  "built-in ones; for development." },
	{ NULL, CONF_STRING, 0, NULL, 0, 0, NULL, false, NULL },
};

static void
get_events(void *arg, struct http_req *req)
{
	struct api *a = arg;

	sse_open(a->sse, req);
}

static void
post_session(void *arg, struct http_req *req)
{
	struct api *a = arg;

	auth_sign_in(a->auth, req, a->env.now_ms(a->env.arg));
}

static void
delete_session(void *arg, struct http_req *req)
{
	struct api *a = arg;

	auth_sign_out(a->auth, req);
}

static void
get_session(void *arg, struct http_req *req)
{
	const char *actor = http_actor(req);

	(void)arg;
	http_reply_json(req, 200,
			actor[0] == '\0' ? json_pack("{s:n}", "actor")
					 : json_pack("{s:s}", "actor", actor));
}

static const struct http_route routes[] = {
	{ "GET", "/api/v1/status", 0, false, api_get_status, &sheet_status },
	{ "GET", "/api/v1/vocabulary", 0, false, api_get_vocabulary,
	  &sheet_vocabulary },
	{ "GET", "/api/v1/areas", 0, false, api_get_areas, &sheet_areas },
	{ "POST", "/api/v1/areas", BODY_TABLE, true, api_post_areas, NULL },
	{ "GET", "/api/v1/map", 0, false, api_get_map, &sheet_map },
	{ "GET", "/api/v1/sites", 0, false, api_get_sites, &sheet_sites },
	{ "POST", "/api/v1/sites", BODY_TABLE, true, api_post_sites, NULL },
	{ "POST", "/api/v1/sites/:/invitation", BODY_SMALL, true,
	  api_post_invitation, NULL },
	{ "GET", "/api/v1/sites/:/keys", 0, true, api_get_keys, &sheet_keys },
	{ "POST", "/api/v1/sites/:/keys", BODY_SMALL, true, api_post_key, NULL },
	{ "POST", "/api/v1/sites/:/token", BODY_SMALL, true, api_post_token,
	  NULL },
	{ "DELETE", "/api/v1/keys/:", 0, true, api_delete_key, NULL },
	{ "GET", "/api/v1/series", 0, false, api_get_series, &sheet_series },
	{ "GET", "/api/v1/series/points", 0, false, api_get_points,
	  &sheet_points },
	{ "POST", "/api/v1/counts", BODY_TABLE, true, api_post_counts, NULL },
	{ "GET", "/api/v1/alerts", 0, false, api_get_alerts, &sheet_alerts },
	{ "GET", "/api/v1/alerts/:", 0, false, api_get_alert, &sheet_evidence },
	{ "GET", "/api/v1/alerts/:/events", 0, false, api_get_alert_events,
	  &sheet_alert_events },
	{ "POST", "/api/v1/alerts/:/events", BODY_ACT, true,
	  api_post_alert_event, NULL },
	{ "GET", "/api/v1/explain", 0, false, api_get_explain, &sheet_explain },
	{ "GET", "/api/v1/marks", 0, false, api_get_marks, &sheet_marks },
	{ "POST", "/api/v1/marks", BODY_ACT, true, api_post_mark, NULL },
	{ "DELETE", "/api/v1/marks/:", 0, true, api_delete_mark, NULL },
	{ "GET", "/api/v1/triggers", 0, false, api_get_triggers, &sheet_triggers },
	{ "GET", "/api/v1/scorecard", 0, false, api_get_scorecard,
	  &sheet_scorecard },
	{ "GET", "/api/v1/advice", 0, false, api_get_advice, &sheet_advice },
	{ "GET", "/api/v1/events", 0, false, get_events, NULL },
	{ "GET", "/api/v1/notices", 0, false, api_get_notices, &sheet_notices },
	{ "GET", "/api/v1/rota", 0, false, api_get_rota, &sheet_rota },
	{ "POST", "/api/v1/clock", BODY_SMALL, true, api_post_clock, NULL },
	{ "GET", "/api/v1/session", 0, false, get_session, NULL },
	{ "POST", "/api/v1/session", BODY_SMALL, false, post_session, NULL },
	{ "DELETE", "/api/v1/session", 0, true, delete_session, NULL },
	{ "GET", "/metrics", 0, false, api_get_metrics, NULL },
	{ "GET", "/-/healthy", 0, false, api_get_healthy, NULL },
	{ "GET", "/-/ready", 0, false, api_get_ready, NULL },
	{ "GET", "/", 0, false, api_get_page, NULL },
	{ "GET", "/assets/*", 0, false, api_get_page, NULL },
	{ NULL, NULL, 0, false, NULL, NULL },
};

static bool
admit(void *arg, struct http_req *req, bool guard)
{
	struct api *a = arg;

	http_add_header(req, "X-Content-Type-Options", "nosniff");
	http_add_header(req, "Referrer-Policy", "same-origin");
	return auth_admit(a->auth, req, guard, a->env.now_ms(a->env.arg)) &&
	       api_form_offered(req);
}

struct api *
api_new(const struct api_conf *conf, const struct api_env *env)
{
	struct http_conf http = {
		.base = env->base,
		.listen = conf->listen,
		.max_connections = (size_t)conf->max_connections,
		.max_body = (size_t)conf->max_body_bytes,
		.deadline_ms = conf->deadline_ms,
		.routes = routes,
		.admit = admit,
	};
	struct api *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->conf = conf;
	a->env = *env;
	a->started_ms = env->now_ms(env->arg);
	if (conf->socket[0] != '\0')
		snprintf(a->socket, sizeof(a->socket), "%s", conf->socket);
	else
		snprintf(a->socket, sizeof(a->socket), "%s/tocsin.sock",
			 env->state_dir);
	http.socket = a->socket;
	http.arg = a;
	a->catalogue = catalogue_new();
	a->auth = auth_new(env->state_dir, &conf->hosts);
	if (a->auth != NULL)
		auth_set_sites(a->auth, env->site_token, env->arg);
	a->sse = sse_new(&a->env, (size_t)conf->max_streams);
	if (a->catalogue != NULL && a->auth != NULL && a->sse != NULL)
		a->http = http_new(&http);
	if (a->http == NULL)
		api_free(&a);
	return a;
}

void
api_free(struct api **ap)
{
	struct api *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	http_free(&a->http);
	sse_free(&a->sse);
	auth_free(&a->auth);
	catalogue_free(&a->catalogue);
	free(a);
}

const char *
api_address(const struct api *a)
{
	return http_address(a->http);
}

void
api_event(struct api *a, int64_t number, const char *name, const char *body)
{
	(void)name; /* the body says it too */
	sse_event(a->sse, number, body);
}

json_t *
api_refusal(const char *fmt, ...)
{
	json_t *text;
	va_list ap;

	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);
	va_end(ap);
	return json_pack("{s:o*}", "detail", text);
}

int
api_act_status(enum desk_refusal refusal)
{
	switch (refusal) {
	case DESK_DONE:
		return 200;
	case DESK_NO_ALERT:
		return 404;
	case DESK_STALE:
		return 412;
	case DESK_WRONG_STATE:
		return 409;
	case DESK_NEEDS_NOTE:
	case DESK_NEEDS_OUTCOME:
		return 422;
	case DESK_FAILED:
		break;
	}
	return 500;
}

void
api_answer(void *done_arg, int status, json_t *body)
{
	struct http_req *req = done_arg;
	const char *detail;

	if (status < 400) {
		api_reply(req, status, body);
		return;
	}
	detail = json_string_value(json_object_get(body, "detail"));
	http_problem(req, status, json_incref(json_object_get(body, "errors")),
		     "%s", detail == NULL ? "It could not be done." : detail);
	json_decref(body);
}

enum catalogue_language
api_language(const struct http_req *req)
{
	const char *lang = http_query(req, "lang");

	return catalogue_language(
		lang != NULL ? lang : http_header(req, "Accept-Language"));
}

int
api_query_int(struct http_req *req, const char *key, int64_t min, int64_t max,
	      int64_t def, int64_t *out)
{
	const char *text = http_query(req, key);
	char *end;

	*out = def;
	if (text == NULL)
		return 0;
	*out = strtoll(text, &end, 10);
	if (end != text && *end == '\0' && *out >= min && *out <= max)
		return 0;
	http_problem(req, 400, NULL, "%s must be a number from %lld to %lld.",
		     key, (long long)min, (long long)max);
	return -1;
}

int
api_query_day(struct http_req *req, const char *key, int32_t def, int32_t *out)
{
	const char *text = http_query(req, key);

	*out = text == NULL ? def : day_parse(text, strlen(text));
	if (text == NULL || *out != DAY_NONE)
		return 0;
	http_problem(req, 400, NULL, "%s must be a date as 2026-03-09.", key);
	return -1;
}
