/* The triggers, what became of the alerts of each, and what that says of it. */
#include "daemon/api/api_own.h"

#include "daemon/api/view.h"
#include "daemon/console/advice.h"
#include "daemon/desk/advise.h"

#define DAYS_BACK 364
#define ADVICE_DAYS_BACK (3 * 365) /* the same season thrice */

/* ?from=DATE (so many days before to), ?to=DATE (today) */
static int
read_days(struct api *a, struct http_req *req, int32_t back, int32_t *from,
	  int32_t *to)
{
	if (api_query_day(req, "to", a->env.now(a->env.arg).day, to) < 0 ||
	    api_query_day(req, "from", *to - back, from) < 0)
		return -1;
	if (*from <= *to)
		return 0;
	http_problem(req, 400, NULL, "\"from\" is after \"to\".");
	return -1;
}

void
api_get_triggers(void *arg, struct http_req *req)
{
	struct api *a = arg;
	json_t *reply;

	if (a->env.triggers == NULL) {
		http_problem(req, 501, NULL, "This daemon has no desk.");
		return;
	}
	reply = a->env.triggers(a->env.arg);
	if (reply == NULL)
		http_problem(req, 500, NULL, "There is no memory for it.");
	else
		api_reply(req, 200, reply);
}

void
api_get_scorecard(void *arg, struct http_req *req)
{
	struct api *a = arg;
	int32_t from, to;
	json_t *list;

	if (read_days(a, req, DAYS_BACK, &from, &to) < 0)
		return;
	if (a->env.score == NULL) {
		http_problem(req, 501, NULL, "This daemon has no desk.");
		return;
	}
	list = a->env.score(a->env.arg, from, to);
	if (list == NULL) {
		http_problem(req, 500, NULL, "There is no memory for it.");
		return;
	}
	api_reply(req, 200,
		  json_pack("{s:o, s:o, s:o}", "from", view_day(from), "to",
			    view_day(to), "triggers", list));
}

static void
unknown_trigger(struct http_req *req, const char *name, const char *near)
{
	if (near != NULL)
		http_problem(req, 404, NULL,
			     "There is no trigger \"%s\"; did you mean \"%s\"?",
			     name, near);
	else
		http_problem(req, 404, NULL, "There is no trigger \"%s\".", name);
}

/* ?trigger=NAME (all), ?area=CODE (everywhere), ?from=, ?to= */
void
api_get_advice(void *arg, struct http_req *req)
{
	struct api *a = arg;
	struct advise_ask ask = { .trigger = http_query(req, "trigger") };
	const char *near = NULL;
	json_t *list, *one;
	size_t i;

	if (read_days(a, req, ADVICE_DAYS_BACK, &ask.from, &ask.to) < 0 ||
	    api_query_area(a, req, &ask.area) < 0)
		return;
	if (a->env.advise == NULL) {
		http_problem(req, 501, NULL, "This daemon has no desk.");
		return;
	}
	list = a->env.advise(a->env.arg, &ask, &near);
	if (list == NULL) {
		http_problem(req, 500, NULL, "There is no memory for it.");
		return;
	}
	if (ask.trigger != NULL && json_array_size(list) == 0) {
		unknown_trigger(req, ask.trigger, near);
		json_decref(list);
		return;
	}
	json_array_foreach (list, i, one)
		json_object_set_new(
			one, "words",
			advice_words(a->catalogue, api_language(req), one));
	api_reply(req, 200,
		  json_pack("{s:o, s:o, s:o}", "from", view_day(ask.from), "to",
			    view_day(ask.to), "triggers", list));
}
