/*
 * Alerts: the list, one with its explanation, its events, and what people do
 * to it.
 */
#include "daemon/api/api_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/view.h"
#include "daemon/console/explain.h"
#include "daemon/console/explain_operator.h"

#define LIST_MAX 1000

bool
api_alert_over(const json_t *alert)
{
	const char *state = view_text(alert, "state");

	return strcmp(state, "closed") == 0 ||
	       strcmp(state, "discarded") == 0 || strcmp(state, "merged") == 0;
}

static enum catalogue_language
language_of(const struct http_req *req)
{
	const char *lang = http_query(req, "lang");

	return catalogue_language(
		lang != NULL ? lang : http_header(req, "Accept-Language"));
}

/* What a list of alerts is narrowed to. */
struct narrow {
	const char *state, *route;
	uint32_t within; /* area, or REG_NONE */
	bool rank;	 /* the gravest first, not the newest */
	int64_t limit;
};

static bool
alert_passes(const struct registry *r, const json_t *alert,
	     const struct narrow *n)
{
	const char *area = view_text(alert, "area");
	uint32_t i = registry_area(r, area, strlen(area));
	const char *route = explain_is_operator(alert) ? "operator" : "officer";

	if (strcmp(n->route, "all") != 0 && strcmp(n->route, route) != 0)
		return false;
	if (strcmp(n->state, "active") == 0 && api_alert_over(alert))
		return false;
	if (strcmp(n->state, "active") != 0 && strcmp(n->state, "all") != 0 &&
	    strcmp(n->state, view_text(alert, "state")) != 0)
		return false;
	return n->within == REG_NONE ||
	       (i != REG_NONE && registry_area_within(r, i, n->within));
}

/* Reads the query; 0, or -1 with the request answered. */
static int
read_narrow(const struct api *a, struct http_req *req, struct narrow *n)
{
	n->state = http_query(req, "state");
	const char *order = http_query(req, "order");

	n->route = http_query(req, "route");
	n->rank = order != NULL && strcmp(order, "rank") == 0;
	if (order != NULL && !n->rank && strcmp(order, "newest") != 0) {
		http_problem(req, 400, NULL,
			     "There is no order \"%s\"; there are newest and "
			     "rank.",
			     order);
		return -1;
	}
	if (n->state == NULL)
		n->state = "active";
	if (n->route == NULL)
		n->route = "officer";
	if (api_query_int(req, "limit", 1, LIST_MAX, LIST_MAX, &n->limit) < 0)
		return -1;
	if (strcmp(n->route, "officer") != 0 &&
	    strcmp(n->route, "operator") != 0 && strcmp(n->route, "all") != 0) {
		http_problem(req, 400, NULL,
			     "There is no route \"%s\"; there are officer, "
			     "operator and all.",
			     n->route);
		return -1;
	}
	return api_query_area(a, req, &n->within);
}

/* A row of the list; operators' alerts have no trigger to be named by. */
static json_t *
row_of(const struct api *a, struct http_req *req, const json_t *alert)
{
	json_t *row = view_alert_row(a->env.registry, alert);
	char title[256];

	if (row != NULL && explain_is_operator(alert))
		json_object_set_new(
			row, "summary",
			json_string(explain_title(a->catalogue, language_of(req),
						  a->env.registry, alert, title,
						  sizeof(title))));
	return row;
}

/* Is a clock missed that somebody still should meet? */
static bool
is_overdue(const json_t *alert, int64_t now_ms)
{
	const json_t *clocks = json_object_get(alert, "deadlines"), *step;
	size_t i;

	json_array_foreach (json_object_get(clocks, "steps"), i, step) {
		if (json_is_null(json_object_get(step, "met_ms")) &&
		    !json_is_true(json_object_get(step, "off")) &&
		    json_integer_value(json_object_get(step, "due_ms")) < now_ms)
			return true;
	}
	return false;
}

/* Where an alert stands in a list by rank. */
struct ranked {
	const json_t *alert;
	int colour; /* -1: an operator's has none */
	bool overdue;
	size_t i; /* larger: newer */
};

static int
by_rank(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if (a->colour != b->colour)
		return a->colour > b->colour ? -1 : 1;
	if (a->overdue != b->overdue)
		return a->overdue ? -1 : 1;
	return a->i > b->i ? -1 : a->i < b->i;
}

/* Those that pass, in the order asked for; *many gets how many.  NULL: no
   memory. */
static struct ranked *
pick(const struct api *a, const struct narrow *n, size_t *many)
{
	size_t all = desk_alerts(a->env.desk);
	struct ranked *r = calloc(all + 1, sizeof(*r));
	int64_t now_ms = a->env.clock_ms(a->env.arg);

	*many = 0;
	for (size_t i = all; r != NULL && i-- > 0;) {
		const json_t *alert = desk_alert_at(a->env.desk, i);

		if (!alert_passes(a->env.registry, alert, n))
			continue;
		r[(*many)++] = (struct ranked){ alert, api_alert_rank(alert),
						is_overdue(alert, now_ms), i };
	}
	if (r != NULL && n->rank)
		qsort(r, *many, sizeof(*r), by_rank);
	return r;
}

/*
 * ?state=active (the default), all or a state's name; ?route=officer (the
 * default), operator or all; ?area=; ?order=newest (the default) or rank
 */
void
api_get_alerts(void *arg, struct http_req *req)
{
	struct api *a = arg;
	struct ranked *r;
	struct narrow n;
	json_t *list;
	size_t many;

	if (read_narrow(a, req, &n) < 0)
		return;
	r = pick(a, &n, &many);
	if (r == NULL) {
		http_problem(req, 500, NULL, "There is no memory for it.");
		return;
	}
	list = json_array();
	for (size_t i = 0; i < many && i < (size_t)n.limit; i++)
		json_array_append_new(list, row_of(a, req, r[i].alert));
	free(r);
	api_reply(req, 200,
		  json_pack("{s:o, s:I}", "alerts", list, "now_ms",
			    (json_int_t)a->env.clock_ms(a->env.arg)));
}

static const json_t *
find_alert(struct api *a, struct http_req *req)
{
	const json_t *alert = desk_alert(a->env.desk, http_param(req, 0));

	if (alert == NULL)
		http_problem(req, 404, NULL, "There is no alert \"%s\".",
			     http_param(req, 0));
	return alert;
}

/* The version as the ETag that If-Match brings back. */
static void
add_etag(struct http_req *req, const json_t *alert)
{
	char etag[32];

	snprintf(etag, sizeof(etag), "\"%lld\"",
		 (long long)json_integer_value(
			 json_object_get(alert, "version")));
	http_add_header(req, "ETag", etag);
}

void
api_get_alert(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const json_t *alert = find_alert(a, req);
	json_t *out, *events = NULL;

	if (alert == NULL)
		return;
	out = view_alert(a->env.registry, alert);
	if (a->env.alert_marks != NULL)
		json_object_set_new(out, "marks",
				    a->env.alert_marks(a->env.arg, alert));
	json_object_set_new(out, "explanation",
			    explain_alert(a->catalogue, api_language(req),
					  a->env.registry, out));
	if (a->env.alert_events != NULL)
		events = a->env.alert_events(a->env.arg, http_param(req, 0));
	json_object_set_new(out, "events",
			    events == NULL ? json_array() : view_events(events));
	json_object_set_new(out, "now_ms",
			    json_integer(a->env.clock_ms(a->env.arg)));
	add_etag(req, alert);
	api_reply(req, 200, out);
}

void
api_get_alert_events(void *arg, struct http_req *req)
{
	struct api *a = arg;
	json_t *events;

	if (find_alert(a, req) == NULL)
		return;
	if (a->env.alert_events == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no events.");
		return;
	}
	events = a->env.alert_events(a->env.arg, http_param(req, 0));
	api_reply(req, events == NULL ? 500 : 200,
		  json_pack("{s:o*}", "events", events));
}

/* The version the person saw: If-Match, or "version" of the body; -1 none. */
static int
read_version(struct http_req *req, const json_t *body, int64_t *out)
{
	const char *match = http_header(req, "If-Match");
	const json_t *v = json_object_get(body, "version");
	char *end;

	*out = json_is_integer(v) ? json_integer_value(v) : -1;
	if (match == NULL)
		return v == NULL || *out >= 0 ? 0 : -1;
	if (match[0] != '"')
		return -1;
	*out = strtoll(match + 1, &end, 10);
	return end != match + 1 && strcmp(end, "\"") == 0 && *out >= 0 ? 0 : -1;
}

/* Reads the act; 0, or -1 with the request answered.  body is borrowed. */
static int
read_act(struct api *a, struct http_req *req, json_t *body, struct desk_act *act)
{
	const char *verb = NULL;
	int v;

	*act = (struct desk_act){ .actor = http_actor(req),
				  .note = "",
				  .outcome = "",
				  .at_ms = a->env.clock_ms(a->env.arg) };
	if (body == NULL ||
	    json_unpack(body, "{s:s,s?s,s?s}", "verb", &verb, "note",
			&act->note, "outcome", &act->outcome) < 0) {
		http_problem(req, 400, NULL,
			     "Send {\"verb\": \"ack\", \"note\": \"...\", "
			     "\"outcome\": \"...\", \"version\": 3}; note, "
			     "outcome and version may be left out.");
		return -1;
	}
	v = desk_verb_parse(verb);
	if (v < 0) {
		http_problem(req, 422, NULL,
			     "There is no verb \"%s\"; there are ack, verify, "
			     "discard, monitor, assess, characterise, respond, "
			     "close, reopen, note, assign, report and task.",
			     verb);
		return -1;
	}
	act->verb = (enum desk_verb)v;
	if (read_version(req, body, &act->version) < 0) {
		http_problem(req, 400, NULL,
			     "If-Match is the ETag of the alert, as \"3\" in "
			     "its quotes; version is its number.");
		return -1;
	}
	return 0;
}

void
api_post_alert_event(void *arg, struct http_req *req)
{
	struct api *a = arg;
	struct desk_act act;
	json_t *body;

	if (find_alert(a, req) == NULL)
		return;
	if (a->env.act == NULL) {
		http_problem(req, 501, NULL, "This daemon has no desk.");
		return;
	}
	body = http_body_json(req);
	if (read_act(a, req, body, &act) == 0)
		a->env.act(a->env.arg, http_param(req, 0), &act, api_answer, req);
	json_decref(body);
}

void
api_get_rota(void *arg, struct http_req *req)
{
	struct api *a = arg;
	json_t *list;

	if (a->env.rota == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no rota.");
		return;
	}
	list = a->env.rota(a->env.arg);
	api_reply(req, list == NULL ? 500 : 200,
		  json_pack("{s:o*, s:I}", "rota", list, "now_ms",
			    (json_int_t)a->env.clock_ms(a->env.arg)));
}
