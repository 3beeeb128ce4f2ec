/*
 * Notices: who is told, and delivery to a receiver that
 * fails, asks for time, or answers; the clock is the test's.
 */
#include "daemon/notify/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <arpa/inet.h>

/* A receiver on loopback that answers as the test tells it. */
struct hook_server {
	struct evhttp *http;
	unsigned short port;
	int status, hits;
	const char *retry_after;
	char id[2][64];
	char body[4096];
};

static void
on_hook(struct evhttp_request *req, void *arg)
{
	struct hook_server *s = arg;
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	const char *id = evhttp_find_header(headers, "webhook-id");

	snprintf(s->id[s->hits % 2], sizeof(s->id[0]), "%s", id);
	assert_non_null(evhttp_find_header(headers, "webhook-timestamp"));
	s->body[evbuffer_copyout(in, s->body, sizeof(s->body) - 1)] = '\0';
	s->hits++;
	if (s->retry_after != NULL)
		evhttp_add_header(evhttp_request_get_output_headers(req),
				  "Retry-After", s->retry_after);
	evhttp_send_reply(req, s->status, "x", NULL);
}

struct world {
	struct event_base *base;
	struct registry *registry;
	struct conf *conf;
	struct notify *notify;
	struct hook_server server;
	int64_t now_ms;
	/* The one row of the outbox. */
	bool waiting;
	int64_t next_ms, tries;
	struct notify_try last;
	char error[256];
	const char *receiver;
	size_t digest; /* so many rows of one digest instead */
	int64_t settled[4];
	size_t settled_n;
};

static int64_t
now_ms(void *arg)
{
	return ((struct world *)arg)->now_ms;
}

static int
due(void *arg, int64_t now, size_t max, notify_each *each, void *each_arg)
{
	struct world *w = arg;
	const struct notify_row row = {
		.id = w->digest > 0 ? 101 : 7,
		.digest_ms = w->digest > 0 ? 1500000 : 0,
		.receiver = w->receiver,
		.message = "msg_7",
		.body = "{\"event\":\"opened\",\"alert\":{\"id\":\"aa\","
			"\"area\":\"c1\",\"grade\":\"red\","
			"\"trigger\":\"respiratory\"}}",
		.created_ms = 1000,
		.tries = w->tries,
	};

	(void)max;
	if (!w->waiting || w->next_ms > now)
		return 0;
	each(each_arg, &row);
	return 1;
}

/* Row 101 grows in 102, and 103 has ended. */
static int
digest(void *arg, int64_t now, const struct notify_row *one, notify_each *each,
       void *each_arg)
{
	static const char *const body[] = {
		"{\"event\":\"opened\",\"alert\":{\"id\":\"aa\",\"area\":"
		"\"c1\",\"grade\":\"blue\",\"trigger\":\"t\"}}",
		"{\"event\":\"regraded\",\"alert\":{\"id\":\"aa\",\"area\":"
		"\"c1\",\"grade\":\"yellow\",\"trigger\":\"t\"}}",
		"{\"event\":\"ended\",\"alert\":{\"id\":\"bb\",\"area\":"
		"\"c1\",\"grade\":\"yellow\",\"signal\":\"ended\",\"trigger\":"
		"\"t\"}}",
	};
	struct world *w = arg;
	struct notify_row row = *one;

	(void)now;
	for (size_t i = 0; i < w->digest; i++) {
		row.id = 101 + (int64_t)i;
		row.body = body[i];
		each(each_arg, &row);
	}
	return (int)w->digest;
}

static const json_t *
no_alert(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return NULL;
}

static void
tried(void *arg, const struct notify_try *try)
{
	struct world *w = arg;

	w->settled[w->settled_n++ % 4] = try->id;
	w->last = *try;
	snprintf(w->error, sizeof(w->error), "%s", try->error);
	w->tries++;
	w->next_ms = try->next_ms;
	w->waiting = try->outcome == NOTIFY_AGAIN;
}

static void
report(void *arg, const char *message)
{
	(void)arg;
	fail_msg("%s", message);
}

static void
start(struct world *w, const char *blocks)
{
	static const struct conf_block table[] = {
		{ "receiver", true, notify_receiver_keys,
		  sizeof(struct notify_receiver) },
		{ NULL, false, NULL, 0 },
	};
	char path[] = "/tmp/tocsin-notify-XXXXXX", text[2048];
	const char *paths[] = { path };
	struct evhttp_bound_socket *bound;
	struct reg_area root = {
		.code = "p", .name = "P", .name_zh = "", .level = REG_PROVINCE
	};
	struct reg_area county = {
		.code = "c1", .name = "Qinghe", .name_zh = "", .level = REG_COUNTY
	};
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct notify_env env;
	int fd = mkstemp(path), n;

	memset(w, 0, sizeof(*w));
	w->base = event_base_new();
	w->server.http = evhttp_new(w->base);
	evhttp_set_gencb(w->server.http, on_hook, &w->server);
	bound = evhttp_bind_socket_with_handle(w->server.http, "127.0.0.1", 0);
	getsockname(evhttp_bound_socket_get_fd(bound), (void *)&sin, &len);
	n = snprintf(text, sizeof(text), blocks, ntohs(sin.sin_port));
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
	w->conf = conf_load(paths, 1, table, report, NULL);
	unlink(path);
	w->registry = registry_new();
	registry_add_area(w->registry, &root, NULL, text, sizeof(text));
	registry_add_area(w->registry, &county, "p", text, sizeof(text));
	w->now_ms = 2000;
	w->waiting = true;
	w->receiver = "hook";
	env = (struct notify_env){ .base = w->base,
				   .registry = w->registry,
				   .console_url = "http://localhost:1",
				   .arg = w,
				   .now_ms = now_ms,
				   .clock_ms = now_ms,
				   .due = due,
				   .digest = digest,
				   .alert = no_alert,
				   .tried = tried };
	unsetenv("http_proxy");
	w->notify = notify_new(w->conf, &env);
	assert_non_null(w->notify);
}

static void
stop(struct world *w)
{
	notify_free(&w->notify);
	conf_free(&w->conf);
	registry_free(&w->registry);
	evhttp_free(w->server.http);
	event_base_free(w->base);
}

/* Turns the loop until the tries have become n. */
static void
until_tried(struct world *w, int64_t n)
{
	notify_wake(w->notify);
	for (int i = 0; i < 3000 && w->tries < n; i++) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(w->tries, n);
}

#define HOOK                                                                   \
	"receiver \"hook\" {\n\ttype = webhook\n"                              \
	"\turl = \"http://127.0.0.1:%d/x\"\n\tgive_up = 10m\n}\n"

static void
tries_again_until_it_is_taken(void **state)
{
	struct notify_stats stats;
	struct world w;

	(void)state;
	start(&w, HOOK);
	w.server.status = 500;
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_AGAIN);
	assert_string_equal(w.error, "answered 500");
	assert_in_range(w.next_ms, 2000 + 4000, 2000 + 6000);
	w.now_ms = w.next_ms;
	w.server.status = 429;
	w.server.retry_after = "120";
	until_tried(&w, 2);
	assert_true(w.next_ms >= w.now_ms + 120000);
	w.now_ms = w.next_ms;
	w.server.status = 204;
	until_tried(&w, 3);
	assert_int_equal(w.last.outcome, NOTIFY_SENT);
	assert_string_equal(w.server.id[0], "msg_7");
	assert_string_equal(w.server.id[1], "msg_7");
	assert_non_null(strstr(w.server.body, "\"type\":\"alert.opened\""));
	assert_non_null(strstr(w.server.body, "#/alerts/aa"));
	notify_stats(w.notify, &stats);
	assert_int_equal(stats.sent, 1);
	assert_int_equal(stats.again, 2);
	assert_int_equal(stats.under_way, 0);
	stop(&w);
}

/* The same rows are the same message, tried again as one. */
static void
sends_a_digest_as_one(void **state)
{
	json_t *body, *data, *lines;
	struct world w;

	(void)state;
	start(&w, HOOK);
	w.digest = 3;
	/* It waited longer than give_up: that counts from the digest. */
	w.now_ms = 1500000;
	w.server.status = 500;
	until_tried(&w, 3);
	assert_int_equal(w.last.outcome, NOTIFY_AGAIN);
	assert_int_equal(w.settled[0], 101);
	assert_int_equal(w.settled[2], 103);
	w.now_ms = w.next_ms;
	w.server.status = 204;
	until_tried(&w, 6);
	assert_int_equal(w.last.outcome, NOTIFY_SENT);
	assert_int_equal(w.server.hits, 2);
	assert_string_equal(w.server.id[0], "dig_1500_103");
	assert_string_equal(w.server.id[1], "dig_1500_103");
	body = json_loads(w.server.body, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "type")),
			    "alerts.digest");
	data = json_object_get(body, "data");
	lines = json_object_get(data, "explanation");
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(json_string_value(json_object_get(data, "title")),
			    "Digest, signals below orange: 2");
	assert_non_null(strstr(json_string_value(json_array_get(lines, 0)),
			       "1. Yellow signal, Qinghe: t. "));
	assert_non_null(strstr(json_string_value(json_array_get(lines, 1)),
			       "2. Yellow signal, Qinghe: t: signal ended. "));
	json_decref(body);
	stop(&w);
}

static void
tells_nobody_who_is_switched_off(void **state)
{
	struct world w;
	struct desk_event e = { .id = "aa",
				.name = "opened",
				.announce = true,
				.covered = REG_NONE };
	const char *names[4];

	(void)state;
	start(&w, "receiver \"hook\" {\n\ttype = journal\n\tenabled = no\n}\n"
		  "receiver \"on\" {\n\ttype = journal\n}\n# %d\n");
	e.alert = json_pack("{s:s,s:s}", "area", "c1", "grade", "red");
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 1);
	assert_string_equal(names[0], "on");
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_DEAD);
	assert_string_equal(w.error, "the receiver is switched off");
	json_decref((json_t *)e.alert);
	stop(&w);
}

static void
only_low_colours_wait(void **state)
{
	const int64_t day = 86400000;
	struct world w;
	uint32_t called = 0;
	struct desk_event e = { .id = "aa", .name = "opened", .announce = true };
	json_t *alert = json_pack("{s:s,s:s}", "area", "c1", "grade", "yellow");

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	start(&w, "receiver \"hook\" {\n\ttype = journal\n"
		  "\tdigest = \"08:00\"\n}\n"
		  "receiver \"at-once\" {\n\ttype = journal\n}\n# %d\n");
	e.alert = alert;
	w.now_ms = 20000 * day;
	assert_int_equal(notify_digest_ms(w.notify, &e, "hook"),
			 20000 * day + day / 3);
	assert_int_equal(notify_digest_ms(w.notify, &e, "at-once"), 0);
	e.called = &called;
	assert_int_equal(notify_digest_ms(w.notify, &e, "hook"), 0);
	e.called = NULL;
	json_object_set_new(alert, "grade", json_string("orange"));
	assert_int_equal(notify_digest_ms(w.notify, &e, "hook"), 0);
	json_object_set_new(alert, "grade", json_string("blue"));
	json_object_set_new(alert, "statutory", json_true());
	assert_int_equal(notify_digest_ms(w.notify, &e, "hook"), 0);
	json_object_set_new(alert, "statutory", json_false());
	json_object_set_new(alert, "route", json_string("operator"));
	assert_int_equal(notify_digest_ms(w.notify, &e, "hook"), 0);
	json_decref(alert);
	stop(&w);
}

static void
follows_no_redirect(void **state)
{
	struct world w;

	(void)state;
	start(&w, HOOK);
	w.server.status = 302;
	until_tried(&w, 1);
	assert_int_equal(w.server.hits, 1);
	assert_string_equal(w.error, "answered 302");
	stop(&w);
}

static void
gives_up_and_says_so(void **state)
{
	struct world w;

	(void)state;
	start(&w, HOOK);
	w.server.status = 500;
	w.now_ms = 1000 + 11 * 60000;
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_DEAD);
	stop(&w);

	start(&w, HOOK);
	w.server.status = 410;
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_DEAD);
	stop(&w);

	start(&w, HOOK);
	w.receiver = "somebody else";
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_DEAD);
	assert_string_equal(w.error, "no such receiver any more");
	stop(&w);
}

static void
one_try_at_a_time(void **state)
{
	struct world w;

	(void)state;
	start(&w, HOOK);
	w.server.status = 200;
	notify_wake(w.notify);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	/* The row is still there and due, as before its commit. */
	until_tried(&w, 1);
	w.waiting = true;
	for (int i = 0; i < 50; i++) {
		notify_wake(w.notify);
		event_base_loop(w.base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(w.server.hits, 1);
	stop(&w);
}

static void
speaks_as_alertmanager(void **state)
{
	struct world w;
	json_t *body;

	(void)state;
	start(&w, "receiver \"hook\" {\n\ttype = webhook\n"
		  "\tformat = alertmanager\n\turl = "
		  "\"http://127.0.0.1:%d/x\"\n}\n");
	w.server.status = 200;
	until_tried(&w, 1);
	body = json_loads(w.server.body, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "version")),
			    "4");
	assert_string_equal(json_string_value(json_object_get(body, "status")),
			    "firing");
	assert_int_equal(json_array_size(json_object_get(body, "alerts")), 1);
	json_decref(body);
	stop(&w);
}

static void
runs_a_program(void **state)
{
	struct world w;

	(void)state;
	start(&w, "receiver \"hook\" {\n\ttype = command\n\tcommand = "
		  "{\"/bin/sh\", "
		  "\"-c\", \"grep -q alert.opened\"}\n}\n# %d\n");
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_SENT);
	stop(&w);
	start(&w, "receiver \"hook\" {\n\ttype = command\n\tcommand = "
		  "{\"/bin/sh\", "
		  "\"-c\", \"exit 3\"}\n}\n# %d\n");
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_AGAIN);
	assert_string_equal(w.error, "exit status 3");
	stop(&w);
	start(&w, "receiver \"hook\" {\n\ttype = command\n\tcommand = "
		  "{\"/no/such/program\"}\n}\n# %d\n");
	until_tried(&w, 1);
	assert_int_equal(w.last.outcome, NOTIFY_AGAIN);
	stop(&w);
}

static void
tells_whom_it_concerns(void **state)
{
	struct world w;
	struct desk_event e = { .id = "aa",
				.name = "opened",
				.announce = true,
				.covered = REG_NONE };
	const char *names[4];

	(void)state;
	start(&w,
	      "receiver \"all\" {\n\ttype = journal\n}\n"
	      "receiver \"bad-only\" {\n\ttype = journal\n\tmin_grade = "
	      "orange\n}\n"
	      "receiver \"here\" {\n\ttype = journal\n\tareas = {\"p\"}\n}\n"
	      "receiver \"there\" {\n\ttype = journal\n\tareas = {\"q\"}\n}\n"
	      "# %d\n");
	e.alert = json_pack("{s:s,s:s}", "area", "c1", "grade", "yellow");
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 2);
	assert_string_equal(names[0], "all");
	assert_string_equal(names[1], "here");
	/* Merged from p upwards: who looks after p hears of that. */
	e.covered = registry_area(w.registry, "p", 1);
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 1);
	assert_string_equal(names[0], "all");
	e.covered = REG_NONE;
	e.announce = false;
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 0);
	json_decref((json_t *)e.alert);
	stop(&w);
}

static void
tells_missed_clocks_to_who_looks_after_the_area(void **state)
{
	struct world w;
	uint32_t called;
	struct desk_event e = { .id = "aa",
				.name = "escalated",
				.announce = true,
				.covered = REG_NONE,
				.called = &called };
	const char *names[4];
	json_t *body;

	(void)state;
	start(&w,
	      "receiver \"all\" {\n\ttype = journal\n}\n"
	      "receiver \"city\" {\n\ttype = journal\n\tareas = {\"c1\"}\n}\n"
	      "receiver \"both\" {\n\ttype = journal\n\t"
	      "areas = {\"p\", \"c1\"}\n}\n# %d\n");
	e.alert = json_pack("{s:s,s:s}", "area", "c1", "grade", "yellow");
	e.body = json_pack("{s:s,s:[s],s:i}", "event", "escalated", "told",
			   "both", "at_ms", 7);
	called = registry_area(w.registry, "c1", 2);
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 2);
	assert_string_equal(names[0], "city");
	assert_string_equal(names[1], "both");
	/* The area above all is everybody's who names none. */
	called = registry_area(w.registry, "p", 1);
	assert_int_equal(notify_plan(w.notify, &e, names, 4), 2);
	assert_string_equal(names[0], "all");
	assert_string_equal(names[1], "both");
	body = notify_body(&e);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(body, "escalation"), "at_ms")),
			 7);
	json_decref(body);
	json_decref((json_t *)e.alert);
	json_decref((json_t *)e.body);
	stop(&w);
}

static void
keeps_few_rows_of_evidence(void **state)
{
	struct desk_event e = { .id = "aa", .name = "opened", .as_of = 9 };
	json_t *rows = json_array(), *body;

	(void)state;
	for (int i = 0; i < 50; i++)
		json_array_append_new(rows, json_integer(i));
	e.alert = json_pack("{s:s,s:o}", "id", "aa", "evidence", rows);
	body = notify_body(&e);
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(body, "alert"), "evidence")),
			 20);
	assert_int_equal(json_array_size(rows), 50);
	json_decref(body);
	json_decref((json_t *)e.alert);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_again_until_it_is_taken),
		cmocka_unit_test(sends_a_digest_as_one),
		cmocka_unit_test(tells_nobody_who_is_switched_off),
		cmocka_unit_test(only_low_colours_wait),
		cmocka_unit_test(follows_no_redirect),
		cmocka_unit_test(gives_up_and_says_so),
		cmocka_unit_test(one_try_at_a_time),
		cmocka_unit_test(speaks_as_alertmanager),
		cmocka_unit_test(runs_a_program),
		cmocka_unit_test(tells_whom_it_concerns),
		cmocka_unit_test(tells_missed_clocks_to_who_looks_after_the_area),
		cmocka_unit_test(keeps_few_rows_of_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
