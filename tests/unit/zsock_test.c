/*
 * The measured trap: with an edge-triggered descriptor and bounded turns,
 * messages are stranded unless the state is read again after each turn.
 */
#include "base/zsock.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

enum { MESSAGES = 5000 };

struct echo {
	struct event_base *base;
	struct zsock *router, *dealer;
	int asked, answered, sent;
};

static void
on_request(void *arg, const struct zsock_part *part, size_t n,
	   const char *user_id, const char *peer)
{
	struct echo *e = arg;

	assert_int_equal(n, 2);
	assert_null(user_id);
	assert_non_null(peer);
	e->asked++;
	assert_int_equal(zsock_send(e->router, part, 2), 0);
}

static void
send_some(struct echo *e)
{
	struct zsock_part part = { "x", 1 };

	while (e->sent < MESSAGES && e->sent - e->answered < 50) {
		if (zsock_send(e->dealer, &part, 1) != 0)
			break;
		e->sent++;
	}
}

static void
on_reply(void *arg, const struct zsock_part *part, size_t n,
	 const char *user_id, const char *peer)
{
	struct echo *e = arg;

	(void)part;
	(void)user_id;
	(void)peer;
	assert_int_equal(n, 1);
	if (++e->answered == MESSAGES)
		event_base_loopbreak(e->base);
	send_some(e);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_some(arg);
}

static void
test_no_message_is_stranded(void **state)
{
	struct zsock_conf rc = { .type = ZMQ_ROUTER,
				 .max_bytes = 1024,
				 .send_hwm = 1000,
				 .recv_hwm = 1000,
				 .batch = 3 };
	struct zsock_conf dc = { .type = ZMQ_DEALER,
				 .max_bytes = 1024,
				 .send_hwm = 1000,
				 .recv_hwm = 1000,
				 .batch = 3 };
	struct timeval tick = { 0, 20000 }, limit = { 30, 0 };
	struct echo e = { .base = event_base_new() };
	void *ctx = zmq_ctx_new();
	struct event *ev;
	char bound[128];

	(void)state;
	e.router = zsock_new(ctx, e.base, &rc, on_request, &e);
	e.dealer = zsock_new(ctx, e.base, &dc, on_reply, &e);
	assert_int_equal(
		zsock_bind(e.router, "tcp://127.0.0.1:*", bound, sizeof(bound)),
		0);
	assert_int_equal(zsock_connect(e.dealer, bound), 0);
	ev = event_new(e.base, -1, EV_PERSIST, on_tick, &e);
	event_add(ev, &tick);
	event_base_loopexit(e.base, &limit);
	event_base_dispatch(e.base);
	assert_int_equal(e.answered, MESSAGES);
	assert_int_equal(e.asked, MESSAGES);
	event_free(ev);
	zsock_free(&e.router);
	zsock_free(&e.dealer);
	zmq_ctx_term(ctx);
	event_base_free(e.base);
}

static void
test_a_bad_endpoint_is_refused(void **state)
{
	struct zsock_conf rc = { .type = ZMQ_ROUTER,
				 .max_bytes = 1024,
				 .send_hwm = 1000,
				 .recv_hwm = 1000 };
	struct event_base *base = event_base_new();
	void *ctx = zmq_ctx_new();
	struct zsock *z = zsock_new(ctx, base, &rc, on_request, NULL);

	(void)state;
	assert_int_equal(zsock_bind(z, "nonsense", NULL, 0), -1);
	zsock_free(&z);
	zmq_ctx_term(ctx);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_message_is_stranded),
		cmocka_unit_test(test_a_bad_endpoint_is_refused),
	};

	return cmocka_run_group_tests_name("zsock", tests, NULL, NULL);
}
