/*
 * Clients of the event stream.
 */
#include "daemon/api/sse.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <utlist.h>

#include "base/log.h"

#define PING_S 15
#define REPLAY_MAX 500 /* events; who missed more loads the page anew */
#define EVENT_MAX (128 * 1024)

struct client {
	struct sse *sse;
	struct http_stream *stream;
	struct client *prev, *next;
	int64_t last; /* number of the last event sent */
	bool slow;
};

struct sse {
	const struct api_env *env;
	size_t max, n;
	struct client *clients;
	struct event *ping;
};

static void
client_gone(void *arg)
{
	struct client *c = arg;

	DL_DELETE(c->sse->clients, c);
	c->sse->n--;
	free(c);
}

static void
client_cut(struct client *c)
{
	struct http_stream *stream = c->stream;

	client_gone(c);
	http_stream_end(&stream);
}

static void
ping_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sse *s = arg;
	struct client *c, *tmp;

	(void)fd;
	(void)what;
	DL_FOREACH_SAFE(s->clients, c, tmp)
	{
		if (http_stream_send(c->stream, ": ping\n\n", 8) < 0)
			client_cut(c);
	}
}

struct sse *
sse_new(const struct api_env *env, size_t max_clients)
{
	struct timeval period = { PING_S, 0 };
	struct sse *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env = env;
	s->max = max_clients;
	s->ping = event_new(env->base, -1, EV_PERSIST, ping_tick, s);
	if (s->ping == NULL || event_add(s->ping, &period) < 0) {
		log_error("api: cannot start the event stream");
		sse_free(&s);
	}
	return s;
}

void
sse_free(struct sse **sp)
{
	struct sse *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	if (s->ping != NULL)
		event_free(s->ping);
	free(s);
}

/* JSON has no line breaks, so it is one line of data. */
static int
send_event(struct client *c, int64_t number, const char *body)
{
	size_t cap = strlen(body) + 128;
	char *text;
	int n, rc;

	if (number <= c->last || cap > EVENT_MAX)
		return 0;
	text = malloc(cap);
	if (text == NULL)
		return -1;
	n = snprintf(text, cap, "id: %lld\nevent: alert\ndata: %s\n\n",
		     (long long)number, body);
	rc = http_stream_send(c->stream, text, (size_t)n);
	free(text);
	if (rc == 0)
		c->last = number;
	return rc;
}

static void
replay_one(void *arg, int64_t number, const char *name, const char *body)
{
	struct client *c = arg;

	(void)name; /* the body says it too */
	if (!c->slow && send_event(c, number, body) < 0)
		c->slow = true;
}

/* Where the client left off; -1 = it wants only what is to come. */
static int64_t
last_seen(const struct http_req *req)
{
	const char *text = http_header(req, "Last-Event-ID");
	char *end;
	long long n;

	if (text == NULL)
		text = http_query(req, "after");
	if (text == NULL || text[0] == '\0')
		return -1;
	n = strtoll(text, &end, 10);
	return *end != '\0' || n < 0 ? -1 : n;
}

void
sse_open(struct sse *s, struct http_req *req)
{
	static const char hello[] = "retry: 3000\n: welcome\n\n";
	int64_t after = last_seen(req);
	struct client *c;

	if (s->n >= s->max) {
		http_add_header(req, "Retry-After", "15");
		http_problem(req, 503, NULL,
			     "All %zu event streams are taken; \"max_streams\" "
			     "in the block http raises the limit.",
			     s->max);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		http_problem(req, 503, NULL, "Out of memory.");
		return;
	}
	c->sse = s;
	DL_APPEND(s->clients, c);
	s->n++;
	c->stream = http_stream_start(req, client_gone, c);
	if (c->stream == NULL) {
		client_gone(c);
		return;
	}
	c->slow = http_stream_send(c->stream, hello, sizeof(hello) - 1) < 0;
	if (after >= 0 && s->env->events_after != NULL)
		s->env->events_after(s->env->arg, after, REPLAY_MAX, replay_one,
				     c);
	if (c->slow)
		client_cut(c);
}

void
sse_event(struct sse *s, int64_t number, const char *body)
{
	struct client *c, *tmp;

	DL_FOREACH_SAFE(s->clients, c, tmp)
	{
		if (send_event(c, number, body) < 0)
			client_cut(c);
	}
}
