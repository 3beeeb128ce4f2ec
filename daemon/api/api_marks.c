/* Marks: days of a place whose counts have a known reason. */
#include "daemon/api/api_own.h"

#include <stdlib.h>
#include <string.h>

/* ?area=CODE, ?withdrawn=yes */
void
api_get_marks(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const char *withdrawn = http_query(req, "withdrawn");
	uint32_t area = REG_NONE;
	json_t *list;

	if (api_query_area(a, req, &area) < 0)
		return;
	if (a->env.marks == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no marks.");
		return;
	}
	list = a->env.marks(a->env.arg, area,
			    withdrawn != NULL && strcmp(withdrawn, "yes") == 0);
	api_reply(req, list == NULL ? 500 : 200,
		  json_pack("{s:o*}", "marks", list));
}

void
api_post_mark(void *arg, struct http_req *req)
{
	struct api *a = arg;
	json_t *body;

	if (a->env.mark_add == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no marks.");
		return;
	}
	body = http_body_json(req);
	a->env.mark_add(a->env.arg, http_actor(req), body, api_answer, req);
	json_decref(body);
}

void
api_delete_mark(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const char *text = http_param(req, 0);
	char *end;
	long long number = strtoll(text, &end, 10);

	if (*end != '\0' || number <= 0)
		http_problem(req, 404, NULL, "There is no mark \"%s\".", text);
	else if (a->env.mark_withdraw == NULL)
		http_problem(req, 501, NULL, "This daemon keeps no marks.");
	else
		a->env.mark_withdraw(a->env.arg, http_actor(req), number,
				     api_answer, req);
}
