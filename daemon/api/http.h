#ifndef TOCSIN_API_HTTP_H
#define TOCSIN_API_HTTP_H

/*
 * evhttp with the limits it lacks: a cap on connections, a deadline for a
 * request to come in, a size for each route's body, replies that may come
 * long after the request, streams that do not leak.  Knows routes and no
 * meaning.  Not an edge server: it listens on loopback and a Unix socket.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct event_base;
struct http;
struct sheet; /* daemon/console/sheet.h */
struct http_req;

#define HTTP_MAX_PARAMS 2
#define HTTP_HEADER_BYTES (16 * 1024)

/*
 * Every handler answers its request exactly once, now or later, with one of
 * the http_reply functions; these free the request, also when the client has
 * left meanwhile.
 */
typedef void http_handler(void *arg, struct http_req *req);

struct http_route {
	const char *method; /* "GET"; HEAD is answered by GET's */
	const char *path;   /* "/api/v1/alerts/:/events"; ":" = a segment;
				 a last "*" = any rest */
	size_t max_body;    /* bytes; 0 = none */
	bool guard;	    /* guard() must let it pass first */
	http_handler *handle;
	const struct sheet *sheet; /* its rows as CSV; NULL = JSON only */
};

struct http_conf {
	struct event_base *base;
	const char *listen; /* "127.0.0.1:0"; "" = none */
	const char *socket; /* path; mode 0660; "" = none */
	size_t max_connections;
	size_t max_body;
	int64_t deadline_ms;
	const struct http_route *routes; /* ends with a NULL method */
	/*
	 * Asked before every handler; false = it has answered the request
	 * itself.  route.guard is passed on.
	 */
	bool (*admit)(void *arg, struct http_req *req, bool guard);
	void *arg;
};

/* conf's pointers are borrowed for its life.  NULL when already logged. */
struct http *http_new(const struct http_conf *conf);
void http_free(struct http **h);
const char *http_address(const struct http *h); /* "http://127.0.0.1:8650" */

struct http_stats {
	uint64_t requests;
	uint64_t by_class[6]; /* replies 1xx..5xx by first digit */
	uint64_t deadline_cut;
	size_t connections;
	size_t streams;
};
void http_stats(const struct http *h, struct http_stats *out);

/* Everything returned is borrowed and lives until the reply. */
const char *http_path(const struct http_req *req); /* decoded, no query */
const char *http_param(const struct http_req *req, size_t i); /* of ":" */
const char *http_query(const struct http_req *req, const char *key); /* NULL */
/*
 * The query with key=value in the place of any key of that name, escaped, as
 * "?site=s1&after=500"; new, or NULL.
 */
char *http_query_with(const struct http_req *req, const char *key,
		      const char *value);
const struct sheet *http_sheet(const struct http_req *req); /* of the route */
const char *http_header(const struct http_req *req, const char *key); /* NULL */
const char *http_body(const struct http_req *req, size_t *len); /* and a NUL */
/* New; NULL where the body is no JSON. */
json_t *http_body_json(const struct http_req *req);
bool http_is_unix(const struct http_req *req);
uid_t http_peer_uid(const struct http_req *req); /* of a Unix socket */
/* The value of a cookie into buf; false = there is none, or it is longer. */
bool http_cookie(const struct http_req *req, const char *name, char *buf,
		 size_t cap);

/* A name that admit() gives to the request; "" before. */
void http_set_actor(struct http_req *req, const char *actor);
const char *http_actor(const struct http_req *req);

/* Adds a header to the reply to come. */
void http_add_header(struct http_req *req, const char *key, const char *value);

/* body is taken. */
void http_reply_json(struct http_req *req, int status, json_t *body);
/* data is copied. */
void http_reply_data(struct http_req *req, int status, const char *type,
		     const void *data, size_t len);
/* data lives as long as the process and is not copied. */
void http_reply_static(struct http_req *req, const char *type, const void *data,
		       size_t len);
/* RFC 9457; errors (an array, taken) may be NULL. */
void http_problem(struct http_req *req, int status, json_t *errors,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Turns the request into a stream of server-sent events.  gone is called when
 * the client leaves or is cut; the stream is then no more.  NULL: answered.
 */
struct http_stream;
struct http_stream *http_stream_start(struct http_req *req,
				      void (*gone)(void *arg), void *arg);
/*
 * Sends bytes; -1 = the client reads too slowly and must be cut with
 * http_stream_end().
 */
int http_stream_send(struct http_stream *s, const void *data, size_t len)
	__attribute__((warn_unused_result));
/* Ends the stream; gone is not called. */
void http_stream_end(struct http_stream **s);

#endif
