/*
 * One request from its arrival to its answer.
 *
 * evhttp keeps a request whose client has left until it is answered, and
 * frees it then; so an answer may be given at any later time.
 */
#include "daemon/api/http_own.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <utlist.h>

#define ACTOR_BYTES 128
#define PARAM_BYTES 128

struct http_req {
	struct http *http; /* NULL: the server is gone */
	struct evhttp_request *ev;
	struct http_req *prev, *next;
	char *path;
	const struct http_route *route; /* NULL: there is none */
	char param[HTTP_MAX_PARAMS][PARAM_BYTES];
	struct evkeyvalq query;
	const char *body; /* in evhttp's buffer, a NUL behind it */
	size_t len;
	char actor[ACTOR_BYTES];
	bool is_unix;
	uid_t uid;
};

static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Offered" },
	{ 503, "Service Unavailable" },
	{ 507, "Insufficient Storage" },
};

static const char *
title_of(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return status < 400 ? "OK" : "Error";
}

/* Reads who is at the other end of a Unix socket. */
static void
read_peer(struct http_req *r, struct bufferevent *bev)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct ucred cred;
	int fd = bufferevent_getfd(bev);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0 ||
	    ss.ss_family != AF_UNIX)
		return;
	len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return;
	r->is_unix = true;
	r->uid = cred.uid;
}

static int
read_body(struct http_req *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r->ev);

	r->len = evbuffer_get_length(in);
	if (evbuffer_add(in, "", 1) < 0)
		return -1;
	r->body = (const char *)evbuffer_pullup(in, -1);
	return r->body == NULL ? -1 : 0;
}

static void
req_free(struct http_req *r)
{
	if (r->http != NULL)
		DL_DELETE(r->http->waiting, r);
	evhttp_clear_headers(&r->query);
	free(r->path);
	free(r);
}

static struct http_req *
req_new(struct http *h, struct evhttp_request *ev)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	const char *query = uri == NULL ? NULL : evhttp_uri_get_query(uri);
	struct http_req *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	TAILQ_INIT(&r->query);
	r->http = h;
	r->ev = ev;
	DL_APPEND(h->waiting, r);
	if (path != NULL)
		r->path = evhttp_uridecode(path, 0, NULL);
	if (r->path == NULL || read_body(r) < 0 ||
	    (query != NULL && evhttp_parse_query_str(query, &r->query) < 0)) {
		req_free(r);
		return NULL;
	}
	return r;
}

struct evhttp_request *
http_req_take(struct http_req **req, struct http **h)
{
	struct http_req *r = *req;
	struct evhttp_request *ev = r->http == NULL ? NULL : r->ev;

	*req = NULL;
	*h = r->http;
	req_free(r);
	return ev;
}

void
http_req_orphan(struct http *h)
{
	struct http_req *r, *tmp;

	DL_FOREACH_SAFE(h->waiting, r, tmp)
	{
		DL_DELETE(h->waiting, r);
		r->http = NULL;
		r->ev = NULL;
	}
}

/* Segments that stand for ":" go into param; a last "*" takes any rest. */
static bool
matches(const char *pattern, const char *path, char param[][PARAM_BYTES])
{
	size_t n = 0, len;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '*' && pattern[1] == '\0')
			return true;
		if (*pattern != ':') {
			if (*pattern != *path++)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (n == HTTP_MAX_PARAMS || len == 0 || len >= PARAM_BYTES)
			return false;
		memcpy(param[n], path, len);
		param[n++][len] = '\0';
		path += len;
	}
	return *path == '\0';
}

static const char *
method_of(struct evhttp_request *ev)
{
	switch (evhttp_request_get_command(ev)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "";
	}
}

static const struct http_route *
find_route(struct http *h, struct http_req *r, bool *other_method)
{
	const char *method = method_of(r->ev);

	*other_method = false;
	for (const struct http_route *t = h->conf.routes; t->method; t++) {
		if (!matches(t->path, r->path, r->param))
			continue;
		if (strcmp(t->method, method) == 0)
			return t;
		*other_method = true;
	}
	return NULL;
}

/* The client's connection may answer its next request. */
static void
replied(struct evhttp_request *ev, void *arg)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);

	if (evcon != NULL)
		http_conn_busy(arg, evhttp_connection_get_bufferevent(evcon),
			       false);
}

static void
run_route(struct http *h, struct http_req *r)
{
	const struct http_route *t;
	bool other_method;

	t = r->route = find_route(h, r, &other_method);
	if (t == NULL && other_method)
		http_problem(r, 405, NULL, "%s does not take this method.",
			     r->path);
	else if (t == NULL)
		http_problem(r, 404, NULL,
			     "There is nothing at %s; docs/api.md lists what "
			     "there is.",
			     r->path);
	else if (r->len > t->max_body)
		http_problem(r, 413, NULL,
			     "The body has %zu bytes, %s takes at most %zu.",
			     r->len, r->path, t->max_body);
	else if (h->conf.admit(h->conf.arg, r, t->guard))
		t->handle(h->conf.arg, r);
}

void
http_req_dispatch(struct evhttp_request *ev, void *arg)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct http *h = arg;
	struct http_req *r = req_new(h, ev);

	h->stats.requests++;
	if (r == NULL) {
		h->stats.by_class[4]++;
		evhttp_send_error(ev, 400, "Bad Request");
		return;
	}
	http_conn_busy(h, bev, true);
	evhttp_request_set_on_complete_cb(ev, replied, h);
	read_peer(r, bev);
	run_route(h, r);
}

const char *
http_path(const struct http_req *r)
{
	return r->path;
}

const char *
http_param(const struct http_req *r, size_t i)
{
	return r->param[i];
}

const char *
http_query(const struct http_req *r, const char *key)
{
	return evhttp_find_header(&r->query, key);
}

static bool
put_pair(FILE *out, const char *key, const char *value)
{
	char *k = evhttp_uriencode(key, -1, 0);
	char *v = evhttp_uriencode(value, -1, 0);
	bool good = k != NULL && v != NULL;

	if (good)
		fprintf(out, "%c%s=%s", ftell(out) == 0 ? '?' : '&', k, v);
	free(k);
	free(v);
	return good;
}

char *
http_query_with(const struct http_req *r, const char *key, const char *value)
{
	const struct evkeyval *pair;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool good = out != NULL;

	if (out == NULL)
		return NULL;
	TAILQ_FOREACH (pair, &r->query, next) {
		if (strcmp(pair->key, key) != 0)
			good = put_pair(out, pair->key, pair->value) && good;
	}
	good = put_pair(out, key, value) && good;
	if (fclose(out) != 0 || !good) {
		free(text);
		return NULL;
	}
	return text;
}

const struct sheet *
http_sheet(const struct http_req *r)
{
	return r->route == NULL ? NULL : r->route->sheet;
}

const char *
http_header(const struct http_req *r, const char *key)
{
	return evhttp_find_header(evhttp_request_get_input_headers(r->ev), key);
}

const char *
http_body(const struct http_req *r, size_t *len)
{
	*len = r->len;
	return r->body;
}

json_t *
http_body_json(const struct http_req *r)
{
	return json_loadb(r->body, r->len, JSON_REJECT_DUPLICATES, NULL);
}

bool
http_is_unix(const struct http_req *r)
{
	return r->is_unix;
}

uid_t
http_peer_uid(const struct http_req *r)
{
	return r->uid;
}

bool
http_cookie(const struct http_req *r, const char *name, char *buf, size_t cap)
{
	const char *at = http_header(r, "Cookie");
	size_t n = strlen(name), len;

	for (; at != NULL && *at != '\0'; at += strspn(at, "; ")) {
		len = strcspn(at, ";");
		if (len > n && at[n] == '=' && strncmp(at, name, n) == 0) {
			len -= n + 1;
			if (len >= cap)
				return false;
			memcpy(buf, at + n + 1, len);
			buf[len] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}

void
http_set_actor(struct http_req *r, const char *actor)
{
	snprintf(r->actor, sizeof(r->actor), "%s", actor);
}

const char *
http_actor(const struct http_req *r)
{
	return r->actor;
}

void
http_add_header(struct http_req *r, const char *key, const char *value)
{
	if (r->ev != NULL)
		evhttp_add_header(evhttp_request_get_output_headers(r->ev), key,
				  value);
}

static void
send_reply(struct http_req *r, int status, struct evbuffer *out)
{
	struct http *h;
	struct evhttp_request *ev = http_req_take(&r, &h);

	if (ev != NULL) {
		h->stats.by_class[status / 100 % 6]++;
		evhttp_send_reply(ev, status, title_of(status), out);
	}
	if (out != NULL)
		evbuffer_free(out);
}

void
http_reply_data(struct http_req *r, int status, const char *type,
		const void *data, size_t len)
{
	struct evbuffer *out = evbuffer_new();

	if (out == NULL || evbuffer_add(out, data, len) < 0)
		status = 500;
	http_add_header(r, "Content-Type", type);
	send_reply(r, status, out);
}

void
http_reply_static(struct http_req *r, const char *type, const void *data,
		  size_t len)
{
	struct evbuffer *out = evbuffer_new();
	int status = 200;

	if (out == NULL || evbuffer_add_reference(out, data, len, NULL, NULL) < 0)
		status = 500;
	http_add_header(r, "Content-Type", type);
	send_reply(r, status, out);
}

static void
reply_dump(struct http_req *r, int status, const char *type, json_t *body)
{
	char *text = body == NULL
			     ? NULL
			     : json_dumps(body, JSON_COMPACT |
							JSON_REAL_PRECISION(15));

	json_decref(body);
	http_add_header(r, "Cache-Control", "no-store");
	if (text == NULL)
		http_reply_data(r, 500, "application/json", "{}", 2);
	else
		http_reply_data(r, status, type, text, strlen(text));
	free(text);
}

void
http_reply_json(struct http_req *r, int status, json_t *body)
{
	reply_dump(r, status, "application/json", body);
}

void
http_problem(struct http_req *r, int status, json_t *errors, const char *fmt, ...)
{
	json_t *body;
	va_list ap;

	va_start(ap, fmt);
	body = json_pack("{s:s,s:s,s:i,s:o*,s:o*}", "type", "about:blank",
			 "title", title_of(status), "status", status, "detail",
			 json_vsprintf(fmt, ap), "errors", errors);
	va_end(ap);
	reply_dump(r, status, "application/problem+json", body);
}
