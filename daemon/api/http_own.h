#ifndef TOCSIN_API_HTTP_OWN_H
#define TOCSIN_API_HTTP_OWN_H

/* What http.c and http_req.c share and nobody else sees. */

#include "daemon/api/http.h"

#include <event2/http.h>

#include "base/log.h"

struct bufferevent;
struct evconnlistener;

#define HTTP_LISTENERS 8

struct sockaddr_storage;

struct http_conn {
	struct bufferevent *bev; /* a reference is held */
	int64_t since_ms;	 /* monotonic; waits for a request since */
	bool busy;		 /* a request is being answered */
};

struct http {
	struct http_conf conf;
	struct evhttp *evhttp;
	struct evconnlistener *listener[HTTP_LISTENERS];
	size_t listeners;
	bool unix_bound;	    /* by us, so by us removed */
	bool given_unix, given_tcp; /* by the service manager */
	struct event *sweep;
	struct http_conn *conn; /* conf.max_connections and a few */
	size_t conns;
	struct http_req *waiting;    /* not answered yet */
	struct http_stream *streams; /* open */
	size_t streams_n;
	size_t backlog_bytes; /* unsent bytes after which a stream is slow */
	struct http_stats stats;
	struct log_fault full;
	char address[80];
};

int64_t http_clock_ms(void);
/* Takes fd, a bound socket, in any case.  0, or -1 when logged. */
int http_listen(struct http *h, int fd);
bool http_is_loopback(const struct sockaddr_storage *ss);
/* What the service manager has made.  0, or -1 when logged. */
int http_take_given(struct http *h);
void http_conn_busy(struct http *h, struct bufferevent *bev, bool busy);
void http_req_dispatch(struct evhttp_request *ev, void *arg);
/* Requests that wait for their answer forget the server. */
void http_req_orphan(struct http *h);
void http_streams_end(struct http *h);

/*
 * Frees the wrapper of a request and gives evhttp's own back, NULL when the
 * server is no more.
 */
struct evhttp_request *http_req_take(struct http_req **req, struct http **h);

#endif
