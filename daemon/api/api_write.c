/*
 * What may be written besides alerts: counts, areas, sites, the clock.  The
 * work is done elsewhere; the answer comes when it is committed.
 */
#include "daemon/api/api_own.h"

#include <string.h>
#include <strings.h>

#include "base/day.h"

/* The media type without its parameters, or NULL where it is not taken. */
static const char *
media_type(const struct http_req *req, bool json_too)
{
	const char *type = http_header(req, "Content-Type");

	if (type == NULL)
		return NULL;
	if (strncasecmp(type, "text/csv", 8) == 0)
		return "text/csv";
	if (json_too && strncasecmp(type, "application/json", 16) == 0)
		return "application/json";
	return NULL;
}

static void
write_table(struct api *a, struct http_req *req, api_writer *writer, bool json_too)
{
	struct api_write w = { .actor = http_actor(req),
			       .type = media_type(req, json_too),
			       .key = http_header(req, "Idempotency-Key") };

	if (w.key == NULL)
		w.key = "";
	if (auth_site_of(w.actor) != NULL) {
		w.is_site = true;
		w.actor = auth_site_of(w.actor);
	}
	w.body = http_body(req, &w.len);
	if (w.type == NULL)
		http_problem(req, 415, NULL, "Content-Type must be text/csv%s.",
			     json_too ? " or application/json" : "");
	else if (writer == NULL)
		http_problem(req, 501, NULL, "This daemon does not take these.");
	else
		writer(a->env.arg, &w, api_answer, req);
}

void
api_post_counts(void *arg, struct http_req *req)
{
	struct api *a = arg;

	write_table(a, req, a->env.counts_post, true);
}

void
api_post_areas(void *arg, struct http_req *req)
{
	struct api *a = arg;

	write_table(a, req, a->env.areas_import, false);
}

void
api_post_sites(void *arg, struct http_req *req)
{
	struct api *a = arg;

	write_table(a, req, a->env.sites_import, false);
}

void
api_post_clock(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const char *text = "";
	json_t *body;
	int32_t day;

	body = http_body_json(req);
	if (json_unpack(body, "{s:s}", "to", &text) < 0)
		text = "";
	day = day_parse(text, strlen(text));
	if (!a->env.clock_manual || a->env.clock_advance == NULL)
		http_problem(req, 409, NULL,
			     "The clock of this daemon is the wall's; only "
			     "\"clock manual\" can be advanced.");
	else if (day == DAY_NONE)
		http_problem(req, 400, NULL, "Send {\"to\": \"2026-03-09\"}.");
	else if (day < a->env.now(a->env.arg).day)
		http_problem(req, 409, NULL,
			     "%s has passed; a clock only goes on.", text);
	else
		a->env.clock_advance(a->env.arg, day, api_answer, req);
	json_decref(body);
}
