/*
 * The sender under a clock of our own, against a model of the centre that
 * loses, doubles and reorders what passes between them, forgets what it has
 * not committed, and goes away.
 */
#include "collectors/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire.h"

static struct sender sender;
static struct sender_acts acts;

static void
apply(struct sender_event ev, int64_t now)
{
	sender_apply(&sender, &ev, now, &acts);
}

static void
event(enum sender_kind kind, uint64_t seq, uint32_t window, int64_t now)
{
	apply((struct sender_event){ .kind = kind,
				     .seq = seq,
				     .known = seq,
				     .window = window },
	      now);
}

static void
nack(uint32_t code, uint64_t seq, uint64_t expected, int64_t now)
{
	apply((struct sender_event){ .kind = SENDER_EV_NACK,
				     .code = code,
				     .seq = seq,
				     .expected = expected,
				     .reason = "because" },
	      now);
}

/* Connected, with frames 1..last to send and a window. */
static void
open_up(size_t centres, uint64_t last, uint32_t window)
{
	sender_init(&sender, centres, 1, last, 7);
	event(SENDER_EV_START, 0, 0, 0);
	assert_true(acts.connect && acts.hello);
	sender_greeted(&sender, false, 0);
	event(SENDER_EV_LINK, 0, 0, 100);
	assert_true(acts.hello && !acts.connect);
	sender_greeted(&sender, true, 100);
	event(SENDER_EV_WELCOME, 0, window, 200);
	assert_int_equal(sender.state, SENDER_OPEN);
}

static int
send_all(int64_t now)
{
	int n = 0;

	while (sender_want(&sender) != 0) {
		sender_sent(&sender, now);
		n++;
	}
	return n;
}

static void
test_window_is_credit(void **state)
{
	(void)state;
	open_up(1, 20, 8);
	assert_int_equal(send_all(300), 8);
	event(SENDER_EV_ACK, 3, 8, 400);
	assert_true(acts.durable);
	assert_int_equal(sender.durable, 3);
	assert_int_equal(send_all(400), 3);
	event(SENDER_EV_ACK, 2, 8, 500); /* an old one */
	assert_false(acts.durable);
	assert_int_equal(sender.durable, 3);
	event(SENDER_EV_ACK, 11, 0, 600);
	assert_int_equal(send_all(600), 0);
	event(SENDER_EV_ACK, 11, 100, 700);
	assert_int_equal(send_all(700), 9);
	assert_false(sender_done(&sender));
	event(SENDER_EV_ACK, 20, 100, 800);
	assert_true(sender_done(&sender));
}

static void
test_resumes_where_the_centre_is(void **state)
{
	(void)state;
	open_up(1, 20, 8);
	send_all(300);
	event(SENDER_EV_LINK, 0, 0, 400); /* a silent reconnect */
	assert_int_equal(sender.state, SENDER_GREET);
	assert_true(acts.hello);
	assert_int_equal(sender_want(&sender), 0);
	event(SENDER_EV_WELCOME, 5, 8, 500);
	assert_int_equal(sender_want(&sender), 6);
	/* A centre restored from a backup goes back. */
	nack(WIRE_NACK_HELLO, 0, 0, 600);
	event(SENDER_EV_WELCOME, 2, 8, 700);
	assert_true(acts.durable);
	assert_int_equal(sender_want(&sender), 3);
}

static void
test_goes_back_once_for_a_burst(void **state)
{
	(void)state;
	open_up(1, 100, 16);
	assert_int_equal(send_all(300), 16);
	nack(WIRE_NACK_EXPECTED, 4, 3, 400);
	assert_int_equal(sender_want(&sender), 3);
	assert_int_equal(send_all(400), 14);
	nack(WIRE_NACK_EXPECTED, 5, 3, 410);
	assert_int_equal(send_all(410), 0);
	nack(WIRE_NACK_EXPECTED, 5, 3, 2000);
	assert_int_equal(send_all(2000), 14);
	/* Nothing at all comes back: once more after a while. */
	event(SENDER_EV_TIMER, 0, 0, sender_deadline(&sender));
	assert_int_equal(sender_want(&sender), 1);
}

static void
test_reject_is_an_answer(void **state)
{
	(void)state;
	open_up(1, 5, 8);
	send_all(300);
	nack(WIRE_NACK_REJECT, 3, 0, 400);
	assert_true(acts.reject);
	assert_int_equal(sender.durable, 0);
	event(SENDER_EV_ACK, 2, 8, 500);
	assert_int_equal(sender.durable, 3);
	event(SENDER_EV_ACK, 4, 8, 500);
	nack(WIRE_NACK_REJECT, 5, 0, 600);
	assert_true(acts.durable);
	assert_true(sender_done(&sender));
	nack(WIRE_NACK_REJECT, 77, 0, 600);
	assert_false(acts.reject);
}

static void
test_fork_stops(void **state)
{
	(void)state;
	open_up(1, 5, 8);
	nack(WIRE_NACK_FORK, 4, 0, 400);
	assert_int_equal(sender.state, SENDER_FORKED);
	assert_non_null(strstr(sender.why, "renew"));
	event(SENDER_EV_WELCOME, 0, 8, 500);
	event(SENDER_EV_TIMER, 0, 0, 1 << 30);
	assert_int_equal(sender.state, SENDER_FORKED);
	assert_true(sender_deadline(&sender) == INT64_MAX);

	open_up(1, 5, 8);
	event(SENDER_EV_WELCOME, 6, 8, 500); /* more than we ever made */
	assert_int_equal(sender.state, SENDER_FORKED);
}

static void
test_silence_pings_then_leaves(void **state)
{
	(void)state;
	open_up(1, 0, 8);
	event(SENDER_EV_TIMER, 0, 0, 10200);
	assert_true(acts.ping);
	event(SENDER_EV_PONG, 0, 0, 10300);
	event(SENDER_EV_TIMER, 0, 0, 20300);
	assert_true(acts.ping);
	event(SENDER_EV_TIMER, 0, 0, 30300);
	assert_true(acts.ping);
	event(SENDER_EV_TIMER, 0, 0, 40300);
	assert_int_equal(sender.state, SENDER_BACKOFF);
	assert_non_null(strstr(sender.why, "stopped answering"));
	assert_in_range(sender_deadline(&sender), 40300 + 500, 40300 + 1000);
	event(SENDER_EV_TIMER, 0, 0, sender_deadline(&sender));
	assert_int_equal(sender.state, SENDER_GREET);
	assert_true(acts.connect);
}

static void
test_back_off_grows(void **state)
{
	int64_t now = 0, waited = 0;

	(void)state;
	sender_init(&sender, 1, 1, 0, 99);
	event(SENDER_EV_START, 0, 0, 0);
	for (int i = 0; i < 12; i++) {
		int64_t began;

		while (sender.state == SENDER_GREET) {
			if (acts.hello)
				sender_greeted(&sender, false, now);
			now = sender_deadline(&sender);
			event(SENDER_EV_TIMER, 0, 0, now);
		}
		assert_int_equal(sender.state, SENDER_BACKOFF);
		began = now;
		now = sender_deadline(&sender);
		waited = now - began;
		assert_true(waited <= SENDER_BACKOFF_MAX_MS);
		event(SENDER_EV_TIMER, 0, 0, now);
	}
	assert_true(waited >= SENDER_BACKOFF_MAX_MS / 2);
}

static void
test_several_centres(void **state)
{
	(void)state;
	sender_init(&sender, 2, 1, 3, 99);
	event(SENDER_EV_START, 0, 0, 0);
	event(SENDER_EV_AUTH_FAILED, 0, 0, 10);
	assert_int_equal(sender.centre, 1);
	assert_true(acts.connect);
	event(SENDER_EV_WELCOME, 3, 8, 20);
	assert_true(sender_done(&sender));
	for (int64_t now = 20; now < SENDER_PREFER_MS; now += 5000)
		event(SENDER_EV_PONG, 0, 0, now);
	event(SENDER_EV_TIMER, 0, 0, SENDER_PREFER_MS + 20);
	assert_int_equal(sender.centre, 0);
	assert_true(acts.connect);
	event(SENDER_EV_AUTH_FAILED, 0, 0, SENDER_PREFER_MS + 30);
	event(SENDER_EV_AUTH_FAILED, 0, 0, SENDER_PREFER_MS + 40);
	assert_int_equal(sender.state, SENDER_REFUSED);
	assert_in_range(sender_deadline(&sender), SENDER_PREFER_MS + 30000,
			SENDER_PREFER_MS + 61000);
	assert_non_null(strstr(sender.why, "key"));
}

static void
test_window_zero_asks_again(void **state)
{
	(void)state;
	open_up(1, 5, 8);
	send_all(300);
	nack(WIRE_NACK_BUSY, 1, 0, 400);
	assert_int_equal(sender_want(&sender), 0);
	event(SENDER_EV_PONG, 0, 0, 9000);
	event(SENDER_EV_TIMER, 0, 0, 10400);
	assert_true(acts.hello);
	event(SENDER_EV_WELCOME, 1, 8, 10500);
	assert_int_equal(sender_want(&sender), 2);
	assert_string_equal(sender.why, "");
}

static void
test_gap(void **state)
{
	(void)state;
	sender_init(&sender, 1, 50, 60, 7);
	event(SENDER_EV_START, 0, 0, 0);
	event(SENDER_EV_WELCOME, 20, 4, 100);
	assert_true(acts.gap);
	assert_int_equal(sender_want(&sender), 50);
	assert_int_equal(send_all(200), 4);
	nack(WIRE_NACK_EXPECTED, 50, 21, 9000);
	assert_true(acts.hello);
	event(SENDER_EV_ACK, 53, 4, 9100);
	assert_int_equal(sender.durable, 53);
	assert_int_equal(send_all(9100), 4);
}

static void
test_claims_are_checked(void **state)
{
	const struct sender_event ev = {
		.kind = SENDER_EV_WELCOME, .seq = 5, .known = 3, .window = 8
	};

	(void)state;
	sender_init(&sender, 1, 1, 5, 7);
	event(SENDER_EV_START, 0, 0, 0);
	apply(ev, 100);
	assert_false(sender_done(&sender));
	assert_int_equal(sender_want(&sender), 5);
	sender_sent(&sender, 100);
	event(SENDER_EV_ACK, 5, 8, 200);
	assert_true(sender_done(&sender));
	apply(ev, 300);
	nack(WIRE_NACK_FORK, 5, 0, 400);
	assert_int_equal(sender.state, SENDER_FORKED);
}

/* The model of the centre, and the network between. */

enum { FRAMES = 300, LINK_MAX = 4096 };

struct packet {
	int64_t at;
	struct sender_event ev; /* to the site */
	int to_centre;		/* 1: frame ev.seq, 2: HELLO, 3: PING */
};

static struct packet wire[LINK_MAX];
static size_t wire_n;
static uint64_t centre_seq, centre_committed;
static unsigned long stored[FRAMES + 1];

static void
post(struct packet p, int64_t now)
{
	int copies = rand() % 20 == 0 ? 2 : rand() % 10 == 0 ? 0 : 1;

	for (int i = 0; i < copies && wire_n < LINK_MAX; i++) {
		p.at = now + 1 + rand() % 50; /* and so reordered */
		wire[wire_n++] = p;
	}
}

static void
answer(enum sender_kind kind, uint64_t seq, uint32_t code, int64_t now)
{
	struct packet p = { .ev = { .kind = kind, .seq = seq, .window = 8 } };

	p.ev.code = code;
	p.ev.expected = centre_seq + 1;
	post(p, now);
}

static void
centre_takes(const struct packet *p, int64_t now)
{
	if (p->to_centre == 2) {
		answer(SENDER_EV_WELCOME, centre_committed, 0, now);
	} else if (p->to_centre == 3) {
		answer(SENDER_EV_PONG, 0, 0, now);
	} else if (p->ev.seq == centre_seq + 1) {
		centre_seq++;
	} else if (p->ev.seq > centre_seq + 1) {
		answer(SENDER_EV_NACK, p->ev.seq, WIRE_NACK_EXPECTED, now);
	} else if (p->ev.seq <= centre_committed) {
		answer(SENDER_EV_ACK, centre_committed, 0, now);
	}
	if (rand() % 5 == 0 && centre_seq > centre_committed) {
		while (centre_committed < centre_seq)
			stored[++centre_committed]++;
		answer(SENDER_EV_ACK, centre_committed, 0, now);
	}
}

static void
site_does(int64_t now)
{
	struct packet p = { .to_centre = 2 };

	if (acts.hello) {
		post(p, now);
		sender_greeted(&sender, true, now);
	}
	p.to_centre = 3;
	if (acts.ping)
		post(p, now);
	p.to_centre = 1;
	while ((p.ev.seq = sender_want(&sender)) != 0) {
		post(p, now);
		sender_sent(&sender, now);
	}
}

static void
deliver(size_t i, int64_t now)
{
	struct packet p = wire[i];

	wire[i] = wire[--wire_n];
	if (p.to_centre != 0) {
		centre_takes(&p, now);
		return;
	}
	sender_apply(&sender, &p.ev, now, &acts);
	site_does(now);
}

static size_t
earliest(void)
{
	size_t best = 0;

	for (size_t i = 1; i < wire_n; i++) {
		if (wire[i].at < wire[best].at)
			best = i;
	}
	return best;
}

static void
run_model(unsigned seed)
{
	int64_t now = 0;

	srand(seed);
	wire_n = 0;
	centre_seq = centre_committed = 0;
	memset(stored, 0, sizeof(stored));
	sender_init(&sender, 1, 1, FRAMES, seed);
	event(SENDER_EV_START, 0, 0, now);
	site_does(now);
	for (int turn = 0; turn < 200000 && !sender_done(&sender); turn++) {
		size_t i = wire_n > 0 ? earliest() : 0;

		if (wire_n > 0 && wire[i].at <= sender_deadline(&sender)) {
			now = wire[i].at > now ? wire[i].at : now;
			deliver(i, now);
		} else {
			now = sender_deadline(&sender);
			event(SENDER_EV_TIMER, 0, 0, now);
			site_does(now);
		}
		if (rand() % 400 == 0) /* the centre dies and comes back */
			centre_seq = centre_committed;
		if (rand() % 400 == 0) { /* the connection is made anew */
			wire_n = 0;
			event(SENDER_EV_LINK, 0, 0, now);
			site_does(now);
		}
		assert_true(sender.durable <= centre_committed);
	}
	assert_true(sender_done(&sender));
	for (int i = 1; i <= FRAMES; i++)
		assert_int_equal(stored[i], 1);
}

static void
test_model(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 200; seed++) {
		run_model(seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_is_credit),
		cmocka_unit_test(test_resumes_where_the_centre_is),
		cmocka_unit_test(test_goes_back_once_for_a_burst),
		cmocka_unit_test(test_reject_is_an_answer),
		cmocka_unit_test(test_fork_stops),
		cmocka_unit_test(test_silence_pings_then_leaves),
		cmocka_unit_test(test_back_off_grows),
		cmocka_unit_test(test_several_centres),
		cmocka_unit_test(test_window_zero_asks_again),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_claims_are_checked),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
