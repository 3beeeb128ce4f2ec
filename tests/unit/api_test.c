/*
 * The HTTP interface over real sockets: reading, actors, refusals, limits and
 * the stream.  The desk is a fake with one alert; registry and judge are real.
 */
#include "daemon/api/api.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "daemon/api/auth.h"
#include "tests/unit/api_client.h"

#define TODAY 18000
#define HOST "Host: localhost\r\n"
#define JSON_TYPE "Content-Type: application/json\r\n"

struct desk {
	json_t *alert;
	int acts;
	char actor[64];
};

static struct desk fake;
static struct event_base *base;
static struct registry *places;
static struct judge *judge;
static struct api *api;
static struct api_env env;
static char folder[] = "/tmp/tocsin-api-XXXXXX";
static char token[128];
static api_done *held;
static void *held_arg;

const json_t *
desk_alert(const struct desk *d, const char *id)
{
	return strcmp(id, "00000000000000aa") == 0 ? d->alert : NULL;
}

size_t
desk_alerts(const struct desk *d)
{
	(void)d;
	return 1;
}

const json_t *
desk_alert_at(const struct desk *d, size_t i)
{
	(void)i;
	return d->alert;
}

int
desk_verb_parse(const char *text)
{
	return strcmp(text, "ack") == 0 ? DESK_ACK : -1;
}

static struct zone_now
now(void *arg)
{
	(void)arg;
	return (struct zone_now){ TODAY, ZONE_NO_TIME };
}

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return TODAY * INT64_C(86400000);
}

static void
act(void *arg, const char *id, const struct desk_act *a, api_done *done,
    void *done_arg)
{
	(void)arg;
	(void)id;
	fake.acts++;
	snprintf(fake.actor, sizeof(fake.actor), "%s", a->actor);
	if (a->version >= 0 && a->version != 3)
		done(done_arg, api_act_status(DESK_STALE),
		     api_refusal("changed meanwhile"));
	else
		done(done_arg, 200, json_pack("{s:s}", "state", "acknowledged"));
}

/* Answers only when the test says so. */
static void
hold(void *arg, const struct api_write *w, api_done *done, void *done_arg)
{
	(void)arg;
	assert_int_equal(w->body[w->len], '\0');
	held = done;
	held_arg = done_arg;
}

static size_t
events_after(void *arg, int64_t after, size_t max, api_each *each, void *each_arg)
{
	(void)arg;
	(void)max;
	for (int64_t i = after + 1; i <= 7; i++)
		each(each_arg, i, "grew", "{\"event\":\"grew\"}");
	return 0;
}

static void
fill_registry(void)
{
	struct reg_kind kind = { .code = "pharmacy",
				 .en = "pharmacy",
				 .zh = "药店",
				 .class_code = "retail",
				 .period = 1 };
	struct reg_indicator ind = { .code = "cough-sales",
				     .group = "g",
				     .unit = "u",
				     .denominator = "",
				     .en = "cough",
				     .zh = "咳" };
	struct reg_area area = { .code = "c1",
				 .name = "Qinghe",
				 .name_zh = "清河县",
				 .level = REG_COUNTY,
				 .population = NAN,
				 .lat = NAN,
				 .lon = NAN };
	struct reg_site site = { .code = "s1",
				 .name = "Renmin",
				 .phone = "1",
				 .gateway = "",
				 .zone = "",
				 .period = 1 };
	char err[256];

	assert_int_not_equal(registry_add_kind(places, &kind, err, 256),
			     REG_NONE);
	registry_add_indicator(places, &ind, err, 256);
	registry_add_area(places, &area, NULL, err, 256);
	registry_add_site(places, &site, "pharmacy", "c1", err, 256);
	registry_add_series(places, 0, 0, "", 0);
}

static int
start(void **state)
{
	static const struct judge_conf judge_conf = { .history_days = 60,
						      .day_method = "ears-c2",
						      .week_method =
							      "ears-c2" };
	static char empty[] = "", listen[] = "127.0.0.1:0";
	static struct api_conf conf = { .max_connections = 8,
					.max_body_bytes = 4 << 20,
					.deadline_ms = 1000,
					.max_streams = 2 };
	struct judge_cell cell = { .value = 5, .denominator = NAN };
	char path[128];
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	conf.listen = listen;
	conf.socket = empty;
	conf.webroot = empty;
	base = event_base_new();
	places = registry_new();
	fill_registry();
	judge = judge_new(&judge_conf, places);
	judge_set(judge, 0, TODAY - 1, &cell);
	while (judge_dirty(judge, 100) > 0)
		continue;
	fake.alert = json_pack("{s:s,s:s,s:s,s:s,s:i,s:[s],s:[]}", "id",
			       "00000000000000aa", "area", "c1", "grade",
			       "blue", "state", "open", "version", 3, "kinds",
			       "pharmacy", "evidence");
	env = (struct api_env){ .base = base,
				.registry = places,
				.judge = judge,
				.desk = &fake,
				.state_dir = folder,
				.now = now,
				.now_ms = now_ms,
				.clock_ms = now_ms,
				.act = act,
				.counts_post = hold,
				.events_after = events_after };
	api = api_new(&conf, &env);
	assert_non_null(api);
	snprintf(path, sizeof(path), "%s/token", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(token, sizeof(token), f));
	token[strcspn(token, "\n")] = '\0';
	fclose(f);
	return 0;
}

static int
stop(void **state)
{
	char path[128];

	(void)state;
	api_free(&api);
	judge_free(&judge);
	registry_free(&places);
	json_decref(fake.alert);
	event_base_free(base);
	snprintf(path, sizeof(path), "%s/token", folder);
	unlink(path);
	return rmdir(folder);
}

static struct api_client_reply
ask(const char *method, const char *path, const char *headers, const char *body)
{
	return api_client_ask(base, api_client_connect(api_address(api)),
			      method, path, headers, body);
}

static void
expect(const char *method, const char *path, const char *headers,
       const char *body, int status, const char *has)
{
	struct api_client_reply r = ask(method, path, headers, body);

	if (r.status != status || strstr(r.text, has) == NULL)
		fail_msg("%s %s: wanted %d and \"%s\", got:\n%s", method, path,
			 status, has, r.text);
	free(r.text);
}

static void
reads_what_is_known(void **state)
{
	(void)state;
	expect("GET", "/api/v1/status", HOST, "", 200, "\"sites\":1");
	expect("GET", "/api/v1/areas", HOST, "", 200, "\"name_zh\":\"清河县\"");
	expect("GET", "/api/v1/sites?area=c1", HOST, "", 200,
	       "\"recent\":[0,0,0,0,0,0,0,0,0,0,0,0,1,0]");
	expect("GET", "/api/v1/sites?area=c2", HOST, "", 404,
	       "did you mean \\\"c1\\\"");
	expect("GET", "/api/v1/map", HOST, "", 501, "how sites report");
	expect("GET", "/api/v1/map?area=c2", HOST, "", 404,
	       "did you mean \\\"c1\\\"");
	expect("GET", "/api/v1/series?limit=0", HOST, "", 400, "from 1 to");
	expect("GET",
	       "/api/v1/series/points?site=s1&indicator=cough-sales&"
	       "from=2019-04-13&to=2019-04-13",
	       HOST, "", 200,
	       "{\"day\":\"2019-04-13\",\"count\":5,\"level\":\"unknown\"");
	expect("GET", "/api/v1/series/points?site=s1", HOST, "", 400,
	       "indicator");
	expect("GET", "/metrics", HOST, "", 200,
	       "tocsin_alerts{grade=\"blue\"} 1");
	expect("GET", "/-/ready", HOST, "", 200, "ready");
	expect("GET", "/nothing", HOST, "", 404, "problem+json");
	expect("DELETE", "/api/v1/status", HOST, "", 405, "method");
}

static void
explains_an_alert(void **state)
{
	(void)state;
	expect("GET", "/api/v1/alerts", HOST, "", 200, "\"evidence_n\":0");
	expect("GET", "/api/v1/alerts?state=closed", HOST, "", 200,
	       "\"alerts\":[]");
	expect("GET", "/api/v1/alerts/00000000000000aa?lang=zh-CN", HOST, "",
	       200, "蓝色信号");
	expect("GET", "/api/v1/alerts/00000000000000aa", HOST, "", 200,
	       "ETag: \"3\"");
	expect("GET", "/api/v1/alerts/nope", HOST, "", 404, "no alert");
}

static void
serves_the_page(void **state)
{
	struct api_client_reply r = ask("GET", "/", HOST, "");
	char path[128], *at = strstr(r.text, "/assets/");

	(void)state;
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.text, "default-src 'none'"));
	assert_non_null(at);
	snprintf(path, sizeof(path), "%.21sapp.js", at);
	free(r.text);
	expect("GET", path, HOST, "", 200, "immutable");
	expect("GET", path, HOST "Accept-Encoding: gzip\r\n", "", 200,
	       "Content-Encoding: gzip");
	expect("GET", "/assets/../../etc/passwd", HOST, "", 404, "No such file");
}

static void
knows_only_its_own_names(void **state)
{
	(void)state;
	expect("GET", "/api/v1/status", "Host: evil.example\r\n", "", 421,
	       "hosts");
	expect("GET", "/api/v1/status", "Host: 127.0.0.1:8650\r\n", "", 200, "");
	expect("GET", "/api/v1/status", "", "", 421, "");
}

static const char events[] = "/api/v1/alerts/00000000000000aa/events";

static void
needs_an_actor_to_write(void **state)
{
	char bearer[256];

	(void)state;
	fake.acts = 0;
	snprintf(bearer, sizeof(bearer), HOST "Authorization: Bearer %s\r\n",
		 token);
	expect("POST", events, HOST, "{\"verb\":\"ack\"}", 401, "token");
	expect("POST", events, HOST "Authorization: Bearer wrong\r\n",
	       "{\"verb\":\"ack\"}", 401, "token");
	assert_int_equal(fake.acts, 0);
	expect("POST", events, bearer, "{\"verb\":\"ack\"}", 200, "acknowledged");
	assert_string_equal(fake.actor, "token");
	expect("POST", events, bearer, "{\"verb\":\"dance\"}", 422, "dance");
	expect("POST", events, bearer, "{\"verb\"", 400, "Send");
	expect("POST", events, bearer, "{\"verb\":\"ack\",\"version\":2}", 412,
	       "changed meanwhile");
	strcat(bearer, "If-Match: \"2\"\r\n");
	expect("POST", events, bearer, "{\"verb\":\"ack\"}", 412, "Precondition");
}

static void
a_browser_must_come_from_the_page(void **state)
{
	char text[512], cookie[256], body[256];
	struct api_client_reply r;
	const char *at;

	(void)state;
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"name\":\"Li Wei\"}",
		 token);
	expect("POST", "/api/v1/session",
	       HOST "Origin: http://evil.example\r\n", body, 403, "origin");
	expect("POST", "/api/v1/session", HOST,
	       "{\"token\":\"x\",\"name\":\"Li\"}", 401, "not the token");
	r = ask("POST", "/api/v1/session", HOST "Origin: http://localhost\r\n",
		body);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.text, "HttpOnly; SameSite=Strict"));
	at = strstr(r.text, "tocsin_session=");
	snprintf(cookie, sizeof(cookie), HOST "Cookie: a=b; %.*s\r\n",
		 (int)strcspn(at, ";"), at);
	free(r.text);
	expect("GET", "/api/v1/session", cookie, "", 200, "Li Wei");
	expect("POST", events, cookie, "{\"verb\":\"ack\"}", 403, "origin");
	snprintf(text, sizeof(text), "%sSec-Fetch-Site: cross-site\r\n", cookie);
	expect("POST", events, text, "{\"verb\":\"ack\"}", 403, "origin");
	snprintf(text, sizeof(text), "%sSec-Fetch-Site: same-origin\r\n", cookie);
	expect("POST", events, text, "{\"verb\":\"ack\"}", 200, "");
	assert_string_equal(fake.actor, "Li Wei");
	expect("DELETE", "/api/v1/session", text, "", 200, "Max-Age=0");
	expect("POST", events, text, "{\"verb\":\"ack\"}", 401, "");
}

static void
a_peer_of_the_socket_is_an_actor(void **state)
{
	char path[128];
	struct stat st;
	struct api_client_reply r;

	(void)state;
	snprintf(path, sizeof(path), "%s/tocsin.sock", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	fake.actor[0] = '\0';
	r = api_client_ask(base, api_client_connect_unix(path), "POST", events,
			   "", "{\"verb\":\"ack\"}");
	assert_int_equal(r.status, 200);
	assert_string_not_equal(fake.actor, "");
	free(r.text);
}

static void
an_answer_may_come_late_or_to_nobody(void **state)
{
	char bearer[256];
	struct api_client_reply r;
	int fd = api_client_connect(api_address(api));

	(void)state;
	snprintf(bearer, sizeof(bearer),
		 "POST /api/v1/counts HTTP/1.1\r\n" HOST JSON_TYPE
		 "Authorization: Bearer %s\r\nContent-Length: 2\r\n\r\n{}",
		 token);
	r = api_client_talk(base, fd, bearer, strlen(bearer), 50);
	assert_int_equal(r.status, 0); /* held, and the client has left */
	free(r.text);
	assert_non_null(held);
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	held(held_arg, 202, json_object());
	held = NULL;
	snprintf(bearer, sizeof(bearer),
		 HOST "Content-Type: text/plain\r\nAuthorization: Bearer "
		      "%s\r\n",
		 token);
	expect("POST", "/api/v1/counts", bearer, "x", 415, "text/csv");
	expect("POST", "/api/v1/areas", bearer, "x", 415, "text/csv");
}

static void
a_body_has_its_size(void **state)
{
	char *body = calloc(1, 20001), bearer[256];

	(void)state;
	memset(body, 'x', 20000);
	snprintf(bearer, sizeof(bearer), HOST "Authorization: Bearer %s\r\n",
		 token);
	expect("POST", events, bearer, body, 413, "at most 16384");
	free(body);
}

static void
a_slow_sender_is_cut(void **state)
{
	struct api_client_reply r;

	(void)state;
	r = api_client_talk(base, api_client_connect(api_address(api)), "GET /",
			    5, 4000);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.len, 0);
	free(r.text);
	expect("GET", "/metrics", HOST, "", 200, "deadline_cut_total 1\n");
}

static void
more_connections_wait(void **state)
{
	int fd[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		fd[i] = api_client_connect(api_address(api));
	for (int i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	for (int i = 0; i < 12; i++)
		close(fd[i]);
	/* Served once the sweep has seen the others go. */
	expect("GET", "/-/healthy", HOST, "", 200, "healthy");
}

static void
streams_replay_and_go_on(void **state)
{
	static const char request[] = "GET /api/v1/events HTTP/1.1\r\n" HOST
				      "Last-Event-ID: 5\r\n\r\n";
	struct api_client_reply r;
	int other = api_client_connect(api_address(api));

	(void)state;
	assert_int_equal(send(other, request, sizeof(request) - 1, 0),
			 sizeof(request) - 1);
	for (int i = 0; i < 50; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(500);
	}
	api_event(api, 7, "grew", "{\"event\":\"twice\"}");
	api_event(api, 8, "closed", "{\"event\":\"closed\"}");
	r = api_client_talk(base, other, "", 0, 50);
	assert_int_equal(r.status, 200);
	assert_null(strstr(r.text, "id: 5\n"));
	assert_non_null(strstr(r.text, "id: 6\n"));
	assert_non_null(strstr(r.text, "id: 7\nevent: alert\n"));
	assert_null(strstr(r.text, "twice"));
	assert_non_null(strstr(r.text, "id: 8\nevent: alert\ndata: {\"event\":"
				       "\"closed\"}\n\n"));
	free(r.text);
	for (int i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	expect("GET", "/metrics", HOST, "", 200, "tocsin_http_streams 0\n");
}

static void
streams_have_a_limit(void **state)
{
	static const char request[] =
		"GET /api/v1/events HTTP/1.1\r\n" HOST "\r\n";
	int fd[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		fd[i] = api_client_connect(api_address(api));
		assert_true(send(fd[i], request, sizeof(request) - 1, 0) > 0);
	}
	for (int i = 0; i < 50; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(200);
	}
	expect("GET", "/api/v1/events", HOST, "", 503, "max_streams");
	close(fd[0]);
	close(fd[1]);
}

/* A leaked request of a client that left shows as a leak at the end. */
static void
streams_come_and_go(void **state)
{
	static const char request[] =
		"GET /api/v1/events HTTP/1.1\r\n" HOST "\r\n";

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct api_client_reply r = api_client_talk(
			base, api_client_connect(api_address(api)), request,
			sizeof(request) - 1, 6);

		assert_int_equal(r.status, 200);
		free(r.text);
		for (int k = 0; k < 4; k++)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

static void
hosts_and_origins(void **state)
{
	char name[] = "watch.example";
	char *names[] = { name };
	const struct conf_list more = { .at = names, .n = 1 };
	const struct conf_list none = { .at = NULL };

	(void)state;
	assert_true(auth_host_known("LOCALHOST:1", &none));
	assert_true(auth_host_known("[::1]:8650", &none));
	assert_false(auth_host_known("localhost.evil.example", &none));
	assert_false(auth_host_known("watch.example", &none));
	assert_true(auth_host_known("watch.example", &more));
	assert_false(auth_host_known("", &more));
	assert_true(auth_origin_matches("http://localhost:1", "localhost:1"));
	assert_false(auth_origin_matches("http://localhost:2", "localhost:1"));
	assert_false(auth_origin_matches("null", "localhost:1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_known),
		cmocka_unit_test(explains_an_alert),
		cmocka_unit_test(serves_the_page),
		cmocka_unit_test(knows_only_its_own_names),
		cmocka_unit_test(needs_an_actor_to_write),
		cmocka_unit_test(a_browser_must_come_from_the_page),
		cmocka_unit_test(a_peer_of_the_socket_is_an_actor),
		cmocka_unit_test(an_answer_may_come_late_or_to_nobody),
		cmocka_unit_test(a_body_has_its_size),
		cmocka_unit_test(a_slow_sender_is_cut),
		cmocka_unit_test(more_connections_wait),
		cmocka_unit_test(streams_replay_and_go_on),
		cmocka_unit_test(streams_have_a_limit),
		cmocka_unit_test(streams_come_and_go),
		cmocka_unit_test(hosts_and_origins),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
