/*
 * Notices: signatures, mails, who is told, and delivery to a receiver that
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

#include "daemon/notify/hook.h"
#include "daemon/notify/mail.h"

/* The example that the specification's own libraries are tested with. */
static void
signs_as_the_specification(void **state)
{
	static const char body[] = "{\"test\": 2432232314}";
	uint8_t key[HOOK_KEY_BYTES];
	char out[HOOK_SIGNATURE_TEXT];
	int len = hook_key_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key);

	(void)state;
	assert_int_equal(len, 24);
	hook_sign(key, (size_t)len, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		  body, sizeof(body) - 1, out);
	assert_string_equal(out,
			    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(hook_key_parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key),
			 -1);
	assert_int_equal(hook_key_parse("whsec_MfKQ", key), -1);
	assert_int_equal(hook_key_parse("whsec_!!!!", key), -1);
}

static void
mails_are_plain_bytes(void **state)
{
	char one[] = "li@example.org\r\nBcc: evil@example.org";
	char *to[] = { one };
	const struct conf_list list = { to, 1 };
	json_t *lines = json_pack("[s,s]", "清河县出现橙色信号。", "Second.");
	struct mail m = { .from = "tocsin@example.org",
			  .to = &list,
			  .subject =
				  "[tocsin] 清河县：呼吸道症候群橙色信号，清河"
				  "县：呼吸道症候群",
			  .message = "msg_1",
			  .thread = "aa",
			  .lines = lines,
			  .link = "Open: http://localhost/",
			  .foot = "Foot.",
			  .at_ms = 1614265330000 };
	char *text = mail_write(&m), *line, *rest;

	(void)state;
	assert_non_null(
		strstr(text, "Date: Thu, 25 Feb 2021 15:02:10 +0000\r\n"));
	assert_non_null(strstr(text, "To: li@example.orgBcc: evil"));
	assert_null(strstr(text, "\nBcc:"));
	assert_non_null(strstr(text, "Message-ID: <msg_1@tocsin>\r\n"));
	assert_non_null(
		strstr(text, "Subject: =?UTF-8?B?W3RvY3Npbl0g5riF5rKz"));
	for (char *c = text; *c != '\0'; c++)
		assert_true((unsigned char)*c < 128);
	for (line = strtok_r(text, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest))
		assert_true(strlen(line) <= 90);
	free(text);
	json_decref(lines);
}

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
		.id = 7,
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

static void
tried(void *arg, const struct notify_try *try)
{
	struct world *w = arg;

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
				   .due = due,
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
		cmocka_unit_test(signs_as_the_specification),
		cmocka_unit_test(mails_are_plain_bytes),
		cmocka_unit_test(tries_again_until_it_is_taken),
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
