/* Why it rang, or why not: any area, any day. */
#include "daemon/api/api_own.h"

#include "base/day.h"
#include "daemon/api/view.h"
#include "daemon/console/why.h"

/* ?area=CODE, ?day=DATE (today) */
void
api_get_explain(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const char *why = NULL;
	uint32_t area;
	json_t *list, *one;
	int32_t day;
	size_t i;

	if (api_query_area(a, req, &area) < 0 ||
	    api_query_day(req, "day", a->env.now(a->env.arg).day, &day) < 0)
		return;
	if (area == REG_NONE) {
		http_problem(req, 400, NULL, "Say which area: ?area=CODE.");
		return;
	}
	if (a->env.account == NULL) {
		http_problem(req, 501, NULL, "This daemon has no desk.");
		return;
	}
	list = a->env.account(a->env.arg, area, day, &why);
	if (list == NULL) {
		http_problem(req, 422, NULL, "It cannot be said: %s.", why);
		return;
	}
	json_array_foreach (list, i, one)
		json_object_set_new(one, "words",
				    why_words(a->catalogue, api_language(req),
					      a->env.registry, one));
	api_reply(req, 200,
		  json_pack("{s:s, s:o, s:o}", "area",
			    registry_area_at(a->env.registry, area)->code,
			    "day", view_day(day), "triggers", list));
}
