/*
 * POST /counts on loopback: CSV or JSON, answered after the outbox's COMMIT.
 *
 * 200 all rows taken; 422 the good rows were taken and the bad ones are
 * listed; 400 nothing could be read; 415 wrong Content-Type; 507 the outbox
 * is full, nothing was taken; with a JSON object that says it in words.  What
 * evhttp itself refuses (413, malformed HTTP) has its own body.
 *
 * It refuses to listen anywhere but on loopback, and requests that a web page
 * sent: evhttp is no edge server, and this door asks for no password.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "collectors/complaint.h"
#include "collectors/input.h"
#include "collectors/outbox.h"
#include "collectors/settings.h"
#include "collectors/take.h"

#define HEADER_BYTES 8192
#define LISTED 100

struct input_http {
	struct input_env env;
	struct evhttp *http;
};

static void
answer(struct evhttp_request *req, int status, json_t *body)
{
	struct evbuffer *buf = evbuffer_new();
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "application/json");
	if (buf != NULL && text != NULL)
		evbuffer_add_printf(buf, "%s\n", text);
	evhttp_send_reply(req, status, NULL, buf);
	if (buf != NULL)
		evbuffer_free(buf);
	free(text);
	json_decref(body);
}

static void
refuse(struct evhttp_request *req, int status, const char *why)
{
	answer(req, status, json_pack("{s:s}", "error", why));
}

static json_t *
listed(const struct complaint *c)
{
	json_t *list = json_array();
	const char *line = c->text;

	for (int i = 0; line != NULL && *line != '\0' && i < LISTED; i++) {
		size_t len = strcspn(line, "\n");

		json_array_append_new(list, json_stringn(line, len));
		line += line[len] == '\n' ? len + 1 : len;
	}
	return list;
}

/* -1: neither CSV nor JSON. */
static int
format_of(struct evhttp_request *req)
{
	const char *type = evhttp_find_header(
		evhttp_request_get_input_headers(req), "Content-Type");

	if (type == NULL)
		return -1;
	if (strncasecmp(type, "text/csv", 8) == 0)
		return TAKE_CSV;
	if (strncasecmp(type, "application/json", 16) == 0)
		return TAKE_JSON;
	return -1;
}

static void
reply(struct input_http *h, struct evhttp_request *req, enum take_result rc,
      const struct outbox_input *in, const struct complaint *c)
{
	if (rc == TAKE_OK) {
		answer(req, in->bad == 0 ? 200 : 422,
		       json_pack("{s:I, s:I, s:o}", "taken",
				 (json_int_t)in->rows, "bad",
				 (json_int_t)in->bad, "problems", listed(c)));
		h->env.took(h->env.arg);
	} else if (rc == TAKE_UNREADABLE) {
		answer(req, 400,
		       json_pack("{s:s, s:o}", "error", "nothing was taken",
				 "problems", listed(c)));
	} else if (rc == TAKE_REFUSED) {
		refuse(req, 507, outbox_why(h->env.outbox));
	} else {
		refuse(req, 500, "the outbox failed; nothing was taken");
	}
}

static void
take(struct input_http *h, struct evhttp_request *req, int format)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	const char *key = evhttp_find_header(headers, "Idempotency-Key");
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(body);
	struct complaint c = { 0 };
	struct outbox_input done;
	char token[300];
	const struct take_input in = { .name = "POST /counts",
				       .token = key != NULL ? token : NULL,
				       .format = (enum take_format)format,
				       .problem = complaint_add,
				       .arg = &c };
	enum take_result rc;

	if (key != NULL && snprintf(token, sizeof(token), "http %s", key) >=
				   (int)sizeof(token)) {
		refuse(req, 400, "Idempotency-Key is too long");
		return;
	}
	rc = take_text(h->env.take,
		       len > 0 ? evbuffer_pullup(body, -1)
			       : (unsigned char *)(uintptr_t) "",
		       len, &in, &done);
	reply(h, req, rc, &done, &c);
	complaint_fini(&c);
}

static void
on_counts(struct evhttp_request *req, void *arg)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	int format = format_of(req);

	if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
		refuse(req, 405, "POST it");
	else if (evhttp_find_header(headers, "Origin") != NULL)
		refuse(req, 403, "not from a web page");
	else if (format < 0)
		refuse(req, 415,
		       "Content-Type must be text/csv or application/json");
	else
		take(arg, req, format);
}

static void
on_other(struct evhttp_request *req, void *arg)
{
	(void)arg;
	refuse(req, 404, "POST /counts is all there is");
}

static int
bind_to(struct input_http *h, const char *listen)
{
	char host[64];
	const char *colon = strrchr(listen, ':');
	long port = colon != NULL ? strtol(colon + 1, NULL, 10) : -1;
	size_t len = colon != NULL ? (size_t)(colon - listen) : 0;

	if (!input_is_loopback(listen) || len >= sizeof(host) || port < 0 ||
	    port > 65535) {
		log_error("http: listen = \"%s\": wanted 127.0.0.1:port; other "
			  "machines need a reverse proxy before it",
			  listen);
		return -1;
	}
	memcpy(host, listen, len);
	host[len] = '\0';
	if (host[0] == '[') { /* evhttp wants it bare */
		memmove(host, host + 1, len);
		host[len - 2] = '\0';
	}
	if (evhttp_bind_socket(h->http, host, (uint16_t)port) < 0) {
		log_error("http: cannot listen on %s: %m", listen);
		return -1;
	}
	log_notice("http: POST /counts on %s", listen);
	return 0;
}

int
input_http_open(const struct input_env *env, struct input_http **out)
{
	const struct settings_http *conf = env->settings->http;
	struct input_http *h;

	*out = NULL;
	if (conf->listen[0] == '\0')
		return 0;
	h = calloc(1, sizeof(*h));
	if (h != NULL)
		h->http = evhttp_new(env->base);
	if (h == NULL || h->http == NULL) {
		log_error("http: out of memory");
		input_http_close(&h);
		return -1;
	}
	h->env = *env;
	evhttp_set_max_headers_size(h->http, HEADER_BYTES);
	evhttp_set_max_body_size(h->http, (ev_ssize_t)conf->body_bytes);
	evhttp_set_timeout(h->http, (int)(conf->deadline_ms / 1000));
	evhttp_set_allowed_methods(h->http, EVHTTP_REQ_POST | EVHTTP_REQ_GET);
	evhttp_set_gencb(h->http, on_other, h);
	if (evhttp_set_cb(h->http, "/counts", on_counts, h) < 0 ||
	    bind_to(h, conf->listen) < 0) {
		input_http_close(&h);
		return -1;
	}
	*out = h;
	return 0;
}

void
input_http_close(struct input_http **hp)
{
	struct input_http *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	if (h->http != NULL)
		evhttp_free(h->http);
	free(h);
}
