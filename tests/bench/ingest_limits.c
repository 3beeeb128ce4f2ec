/* Bare doors for the intake's bench, with the same senders and frames. */
#include "tests/bench/ingest_limits.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

/* One sender and where it stands. */
struct runner {
	pthread_t thread;
	pthread_barrier_t *gate;
	struct load *load;
	int port;
	struct frame *frame;
	size_t n;
	int failed;
};

static void *
send_frames(void *arg)
{
	struct runner *r = arg;
	void *s = load_socket(r->load);

	r->frame = load_frames(r->load, 0, 1, &r->n);
	pthread_barrier_wait(r->gate);
	for (size_t i = 0; i < r->n && !r->failed; i++)
		r->failed = zmq_send(s, r->frame[i].data, r->frame[i].len, 0) < 0;
	pthread_barrier_wait(r->gate);
	zmq_close(s);
	load_frames_free(r->frame, r->n);
	return NULL;
}

/* A ROUTER with CURVE on a free port; the endpoint into out. */
static void *
open_router(void *ctx, const char *secret_key, char *out, size_t cap)
{
	void *s = zmq_socket(ctx, ZMQ_ROUTER);
	int yes = 1, linger = 0;

	zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(s, ZMQ_CURVE_SERVER, &yes, sizeof(yes));
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret_key, 40);
	if (zmq_bind(s, "tcp://127.0.0.1:*") != 0 ||
	    zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, out, &cap) != 0)
		abort();
	return s;
}

static void
drop_messages(void *router, size_t n)
{
	zmq_msg_t part;

	for (size_t i = 0; i < n * 2; i++) {
		zmq_msg_init(&part);
		if (zmq_msg_recv(&part, router, 0) < 0)
			abort();
		zmq_msg_close(&part);
	}
}

static void
start_all(struct runner *r, const struct plan *p, pthread_barrier_t *gate,
	  void *(*run)(void *arg), void *ctx)
{
	pthread_barrier_init(gate, NULL, (unsigned)p->senders + 1);
	for (int i = 0; i < p->senders; i++) {
		r[i].gate = gate;
		r[i].load = load_new(p, i, ctx);
		if (pthread_create(&r[i].thread, NULL, run, &r[i]) != 0)
			abort();
	}
	pthread_barrier_wait(gate);
}

static int
finish_all(struct runner *r, const struct plan *p, double seconds)
{
	int failed = 0;

	for (int i = 0; i < p->senders; i++) {
		pthread_join(r[i].thread, NULL);
		failed |= r[i].failed;
		load_free(&r[i].load);
	}
	printf("{\"counts\": %lld, \"seconds\": %.6f}\n",
	       (long long)p->senders * p->sites * p->indicators * p->days,
	       seconds);
	return failed;
}

int
limits_frames(const struct plan *plan)
{
	struct runner r[MAX_SENDERS] = { 0 };
	void *here = zmq_ctx_new(), *there = zmq_ctx_new(), *router;
	char public_key[41], secret_key[41], endpoint[128];
	struct plan p = *plan;
	pthread_barrier_t gate;
	double from;
	int rc;

	zmq_curve_keypair(public_key, secret_key);
	router = open_router(here, secret_key, endpoint, sizeof(endpoint));
	p.to = endpoint;
	p.server_key = public_key;
	start_all(r, &p, &gate, send_frames, there);
	from = load_now_s();
	for (int i = 0; i < p.senders; i++)
		drop_messages(router, r[i].n);
	from = load_now_s() - from;
	pthread_barrier_wait(&gate);
	rc = finish_all(r, &p, from);
	zmq_close(router);
	zmq_ctx_term(there);
	zmq_ctx_term(here);
	return rc;
}

static int
connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	return fd;
}

/* One request and its answer, which has no body. */
static int
post(int fd, const struct frame *f)
{
	char head[256], answer[4096];
	int len = snprintf(head, sizeof(head),
			   "POST /v1/counts HTTP/1.1\r\nHost: localhost\r\n"
			   "Content-Length: %zu\r\n\r\n",
			   f->len);
	size_t got = 0;

	if (send(fd, head, (size_t)len, MSG_MORE) != len ||
	    send(fd, f->data, f->len, 0) != (ssize_t)f->len)
		return -1;
	while (got < 4 || memcmp(answer + got - 4, "\r\n\r\n", 4) != 0) {
		ssize_t n = recv(fd, answer + got, sizeof(answer) - got, 0);

		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	return 0;
}

static void *
post_frames(void *arg)
{
	struct runner *r = arg;
	int fd;

	r->frame = load_frames(r->load, 0, 1, &r->n);
	pthread_barrier_wait(r->gate);
	fd = connect_to(r->port);
	for (size_t i = 0; i < r->n && !r->failed; i++)
		r->failed = post(fd, &r->frame[i]) < 0;
	close(fd);
	pthread_barrier_wait(r->gate);
	load_frames_free(r->frame, r->n);
	return NULL;
}

static void
answer_post(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_send_reply(req, 202, "Accepted", NULL);
}

static void *
serve(void *arg)
{
	event_base_dispatch(arg);
	return NULL;
}

static void
end_loop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

int
limits_http(const struct plan *p)
{
	struct runner r[MAX_SENDERS] = { 0 };
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *bound =
		evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	void *ctx = zmq_ctx_new();
	struct event *end;
	pthread_barrier_t gate;
	pthread_t server;
	int pair[2], rc;
	double from;

	if (bound == NULL || pipe(pair) < 0 ||
	    getsockname(evhttp_bound_socket_get_fd(bound),
			(struct sockaddr *)&at, &len) < 0)
		abort();
	evhttp_set_gencb(http, answer_post, NULL);
	end = event_new(base, pair[0], EV_READ, end_loop, base);
	event_add(end, NULL);
	if (pthread_create(&server, NULL, serve, base) != 0)
		abort();
	for (int i = 0; i < p->senders; i++)
		r[i].port = ntohs(at.sin_port);
	start_all(r, p, &gate, post_frames, ctx);
	from = load_now_s();
	pthread_barrier_wait(&gate);
	from = load_now_s() - from;
	rc = finish_all(r, p, from);
	if (write(pair[1], "", 1) != 1)
		abort();
	pthread_join(server, NULL);
	event_free(end);
	evhttp_free(http);
	event_base_free(base);
	zmq_ctx_term(ctx);
	return rc;
}
