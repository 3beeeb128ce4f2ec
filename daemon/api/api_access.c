/*
 * Who may send: invitations, keys and tokens of sites.  Only people come so
 * far; a site's token posts counts and nothing else.
 */
#include "daemon/api/api_own.h"

static void
ask(struct api *a, struct http_req *req, enum api_access_verb verb,
    const char *key)
{
	const bool of_site = verb != API_REVOKE_KEY;
	const struct api_access what = {
		.verb = verb,
		.site = of_site ? http_param(req, 0) : "",
		.key = key,
		.actor = http_actor(req),
	};

	if (a->env.access == NULL)
		http_problem(req, 501, NULL, "This daemon keeps no keys.");
	else
		a->env.access(a->env.arg, &what, api_answer, req);
}

void
api_post_invitation(void *arg, struct http_req *req)
{
	ask(arg, req, API_INVITE, "");
}

void
api_post_token(void *arg, struct http_req *req)
{
	ask(arg, req, API_TOKEN, "");
}

void
api_get_keys(void *arg, struct http_req *req)
{
	ask(arg, req, API_KEYS, "");
}

void
api_post_key(void *arg, struct http_req *req)
{
	const char *key = NULL;
	json_t *body = http_body_json(req);

	if (json_unpack(body, "{s:s}", "key", &key) < 0)
		http_problem(req, 400, NULL, "Send {\"key\": \"...\"}.");
	else
		ask(arg, req, API_ADD_KEY, key);
	json_decref(body);
}

void
api_delete_key(void *arg, struct http_req *req)
{
	ask(arg, req, API_REVOKE_KEY, http_param(req, 0));
}
