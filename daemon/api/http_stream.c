/*
 * Streams of server-sent events.
 *
 * evhttp 2.1 tells of a client's leaving but does not free the request then;
 * ending the reply inside its callback does.
 */
#include "daemon/api/http_own.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <utlist.h>

struct http_stream {
	struct http *http;
	struct evhttp_request *ev;
	struct http_stream *prev, *next;
	void (*gone)(void *arg);
	void *arg;
};

static void
stream_free(struct http_stream *s)
{
	DL_DELETE(s->http->streams, s);
	s->http->streams_n--;
	free(s);
}

static void
client_left(struct evhttp_connection *evcon, void *arg)
{
	struct http_stream *s = arg;
	struct evhttp_request *ev = s->ev;

	evhttp_connection_set_closecb(evcon, NULL, NULL);
	s->gone(s->arg);
	stream_free(s);
	evhttp_send_reply_end(ev);
}

struct http_stream *
http_stream_start(struct http_req *req, void (*gone)(void *arg), void *arg)
{
	struct http_stream *s = calloc(1, sizeof(*s));
	struct evhttp_connection *evcon;

	if (s == NULL) {
		http_problem(req, 503, NULL, "Out of memory.");
		return NULL;
	}
	http_add_header(req, "Content-Type", "text/event-stream");
	http_add_header(req, "Cache-Control", "no-store");
	http_add_header(req, "X-Accel-Buffering", "no");
	s->ev = http_req_take(&req, &s->http);
	evcon = s->ev == NULL ? NULL : evhttp_request_get_connection(s->ev);
	if (evcon == NULL) {
		if (s->ev != NULL)
			evhttp_send_reply(s->ev, 200, "OK", NULL);
		free(s);
		return NULL;
	}
	s->gone = gone;
	s->arg = arg;
	DL_APPEND(s->http->streams, s);
	s->http->streams_n++;
	s->http->stats.by_class[2]++;
	evhttp_connection_set_closecb(evcon, client_left, s);
	evhttp_send_reply_start(s->ev, 200, "OK");
	return s;
}

int
http_stream_send(struct http_stream *s, const void *data, size_t len)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(s->ev);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct evbuffer *out = bufferevent_get_output(bev), *chunk;
	int rc;

	if (evbuffer_get_length(out) + len > s->http->backlog_bytes)
		return -1;
	chunk = evbuffer_new();
	rc = chunk == NULL ? -1 : evbuffer_add(chunk, data, len);
	if (rc == 0)
		evhttp_send_reply_chunk(s->ev, chunk);
	if (chunk != NULL)
		evbuffer_free(chunk);
	return rc;
}

void
http_stream_end(struct http_stream **sp)
{
	struct http_stream *s = *sp;
	struct evhttp_request *ev;
	struct evhttp_connection *evcon;

	if (s == NULL)
		return;
	*sp = NULL;
	ev = s->ev;
	evcon = evhttp_request_get_connection(ev);
	evhttp_connection_set_closecb(evcon, NULL, NULL);
	stream_free(s);
	evhttp_send_reply_end(ev);
}

void
http_streams_end(struct http *h)
{
	while (h->streams != NULL) {
		struct http_stream *s = h->streams;

		s->gone(s->arg);
		http_stream_end(&s);
	}
}
