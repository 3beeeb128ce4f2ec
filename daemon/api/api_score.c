/* What became of the alerts of each trigger. */
#include "daemon/api/api_own.h"

#include "daemon/api/view.h"

#define DAYS_BACK 364

/* ?from=DATE (a year up to to), ?to=DATE (today) */
void
api_get_scorecard(void *arg, struct http_req *req)
{
	struct api *a = arg;
	int32_t from, to;
	json_t *list;

	if (api_query_day(req, "to", a->env.now(a->env.arg).day, &to) < 0 ||
	    api_query_day(req, "from", to - DAYS_BACK, &from) < 0)
		return;
	if (from > to) {
		http_problem(req, 400, NULL, "\"from\" is after \"to\".");
		return;
	}
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
