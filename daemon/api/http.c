/*
 * Listeners, connections and their limits.  Requests are http_req.c's.
 *
 * evhttp 2.1 tells nobody when a connection ends that never sent a whole
 * request, so each bufferevent is held by a reference and looked at once a
 * second: evhttp has taken its callbacks off when it is done with it.
 */
#include "daemon/api/http_own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "base/log.h"

#define IDLE_S 75      /* without a byte moving either way */
#define SPARE_CONNS 16 /* may come in one turn after the cap */
#define STREAM_BACKLOG (256 * 1024)

int64_t
http_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
set_accepting(struct http *h, bool on)
{
	for (size_t i = 0; i < h->listeners; i++) {
		if (on)
			evconnlistener_enable(h->listener[i]);
		else
			evconnlistener_disable(h->listener[i]);
	}
}

static bool
is_dropped(struct bufferevent *bev)
{
	bufferevent_data_cb readcb, writecb;
	bufferevent_event_cb eventcb;
	void *arg;

	bufferevent_getcb(bev, &readcb, &writecb, &eventcb, &arg);
	return readcb == NULL && writecb == NULL && eventcb == NULL;
}

static void
conn_drop(struct http *h, size_t i)
{
	bufferevent_decref(h->conn[i].bev);
	h->conn[i] = h->conn[--h->conns];
}

/* Lets go of ended connections and cuts the ones that dawdle. */
static void
sweep(struct http *h)
{
	int64_t now = http_clock_ms();

	for (size_t i = h->conns; i-- > 0;) {
		struct http_conn *c = &h->conn[i];

		if (is_dropped(c->bev)) {
			conn_drop(h, i);
			continue;
		}
		if (c->busy || now - c->since_ms < h->conf.deadline_ms)
			continue;
		c->since_ms = now;
		h->stats.deadline_cut++;
		shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
	}
	if (h->conns < h->conf.max_connections)
		set_accepting(h, true);
}

static void
sweep_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sweep(arg);
}

static struct bufferevent *
conn_new(struct event_base *base, void *arg)
{
	struct http *h = arg;
	struct bufferevent *bev =
		bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (bev == NULL)
		return NULL;
	if (h->conns + 1 >= h->conf.max_connections)
		sweep(h);
	if (h->conns == h->conf.max_connections + SPARE_CONNS)
		return bev; /* accepted before the listeners were off */
	bufferevent_incref(bev);
	h->conn[h->conns++] =
		(struct http_conn){ .bev = bev, .since_ms = http_clock_ms() };
	if (h->conns >= h->conf.max_connections) {
		log_fault_begin(&h->full, "http: connections full max=%zu",
				h->conf.max_connections);
		set_accepting(h, false);
	} else if (h->conns < h->conf.max_connections / 2) {
		log_fault_end(&h->full, "http: connections free again");
	}
	return bev;
}

void
http_conn_busy(struct http *h, struct bufferevent *bev, bool busy)
{
	for (size_t i = 0; i < h->conns; i++) {
		if (h->conn[i].bev != bev)
			continue;
		h->conn[i].busy = busy;
		h->conn[i].since_ms = http_clock_ms();
	}
}

static void
name_address(struct http *h, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	const struct sockaddr_in *v4 = (const void *)&ss;
	const struct sockaddr_in6 *v6 = (const void *)&ss;
	char ip[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return;
	if (ss.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
		snprintf(h->address, sizeof(h->address), "http://%s:%u", ip,
			 ntohs(v4->sin_port));
	} else if (ss.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
		snprintf(h->address, sizeof(h->address), "http://[%s]:%u", ip,
			 ntohs(v6->sin6_port));
	}
}

int
http_listen(struct http *h, int fd)
{
	struct evconnlistener *l;

	evutil_make_socket_nonblocking(fd);
	evutil_make_socket_closeonexec(fd);
	l = evconnlistener_new(h->conf.base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE,
			       128, fd);
	if (l == NULL || evhttp_bind_listener(h->evhttp, l) == NULL) {
		log_error("http: cannot listen: %s", strerror(errno));
		if (l != NULL)
			evconnlistener_free(l);
		else
			close(fd);
		return -1;
	}
	h->listener[h->listeners++] = l; /* evhttp's to free */
	name_address(h, fd);
	return 0;
}

bool
http_is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;

	if (ss->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return ss->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* As evutil_parse_sockaddr_port(), which takes no port 0 (any free one). */
static int
parse_address(const char *where, struct sockaddr_storage *ss, int *len)
{
	const char *colon = strrchr(where, ':');
	char text[64];
	int rc;

	if (colon == NULL || strcmp(colon, ":0") != 0)
		return evutil_parse_sockaddr_port(where, (struct sockaddr *)ss,
						  len);
	snprintf(text, sizeof(text), "%.*s:1", (int)(colon - where), where);
	rc = evutil_parse_sockaddr_port(text, (struct sockaddr *)ss, len);
	if (ss->ss_family == AF_INET)
		((struct sockaddr_in *)(void *)ss)->sin_port = 0;
	else
		((struct sockaddr_in6 *)(void *)ss)->sin6_port = 0;
	return rc;
}

static int
listen_tcp(struct http *h, const char *where)
{
	struct sockaddr_storage ss = { 0 };
	int len = sizeof(ss), fd, on = 1;

	if (parse_address(where, &ss, &len) < 0 || !http_is_loopback(&ss)) {
		log_error("http: listen \"%s\" is no loopback address with a "
			  "port, as \"127.0.0.1:8650\"; a network is nginx's "
			  "part",
			  where);
		return -1;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&ss, (socklen_t)len) < 0) {
		log_error("http: cannot bind %s: %s", where, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return http_listen(h, fd);
}

/* A socket left by a dead daemon is removed, one that answers is not. */
static int
clear_socket(const struct sockaddr_un *sun)
{
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	close(fd);
	if (rc == 0) {
		log_error("http: another daemon answers at %s", sun->sun_path);
		return -1;
	}
	if (errno == ECONNREFUSED)
		unlink(sun->sun_path);
	return 0;
}

static int
listen_unix(struct http *h, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t old;
	int fd, rc;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		log_error(
			"http: path of the socket is longer than %zu bytes: %s",
			sizeof(sun.sun_path) - 1, path);
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if (clear_socket(&sun) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	old = umask(0117);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(old);
	if (rc < 0) {
		log_error("http: cannot bind %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	h->unix_bound = true;
	return http_listen(h, fd);
}

static int
start(struct http *h)
{
	const struct http_conf *c = &h->conf;
	struct timeval second = { 1, 0 };

	h->evhttp = evhttp_new(c->base);
	h->conn = calloc(c->max_connections + SPARE_CONNS, sizeof(*h->conn));
	h->sweep = event_new(c->base, -1, EV_PERSIST, sweep_tick, h);
	if (h->evhttp == NULL || h->conn == NULL || h->sweep == NULL ||
	    event_add(h->sweep, &second) < 0)
		return -1;
	evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
						      EVHTTP_REQ_POST |
						      EVHTTP_REQ_DELETE);
	evhttp_set_max_headers_size(h->evhttp, HTTP_HEADER_BYTES);
	evhttp_set_max_body_size(h->evhttp, (ev_ssize_t)c->max_body);
	evhttp_set_timeout(h->evhttp, IDLE_S);
	evhttp_set_bevcb(h->evhttp, conn_new, h);
	evhttp_set_gencb(h->evhttp, http_req_dispatch, h);
	evhttp_set_default_content_type(h->evhttp, NULL);
	if (http_take_given(h) < 0)
		return -1;
	if (c->listen[0] != '\0' && !h->given_tcp && listen_tcp(h, c->listen) < 0)
		return -1;
	if (c->socket[0] != '\0' && !h->given_unix &&
	    listen_unix(h, c->socket) < 0)
		return -1;
	return 0;
}

struct http *
http_new(const struct http_conf *conf)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		log_error("http: out of memory");
		return NULL;
	}
	h->conf = *conf;
	h->backlog_bytes = STREAM_BACKLOG;
	if (start(h) < 0)
		http_free(&h);
	return h;
}

void
http_free(struct http **hp)
{
	struct http *h = *hp;

	if (h == NULL)
		return;
	*hp = NULL;
	http_streams_end(h);
	http_req_orphan(h);
	if (h->evhttp != NULL)
		evhttp_free(h->evhttp);
	for (size_t i = h->conns; i-- > 0;)
		conn_drop(h, i);
	if (h->sweep != NULL)
		event_free(h->sweep);
	if (h->unix_bound)
		unlink(h->conf.socket);
	free(h->conn);
	free(h);
}

const char *
http_address(const struct http *h)
{
	return h->address;
}

void
http_stats(const struct http *h, struct http_stats *out)
{
	*out = h->stats;
	out->connections = h->conns;
	out->streams = h->streams_n;
}
