#include "base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/nearest.h"

struct http {
	char *listen;
	int64_t clients;
	int64_t deadline_ms;
	int64_t body_bytes;
	bool tls;
};

struct trigger {
	struct conf_list kinds;
	int64_t window_ms;
	double budget;
	int rule;
	char *basis;
};

static const char *const rules[] = { "fusion", "one-case", NULL };

static const struct conf_key http_keys[] = {
	{ "listen", CONF_STRING, offsetof(struct http, listen), "127.0.0.1:1",
	  0, 0, NULL, false, "address" },
	{ "clients", CONF_INT, offsetof(struct http, clients), "100", 1, 1000,
	  NULL, true, "connections" },
	{ "deadline", CONF_DURATION, offsetof(struct http, deadline_ms), "30s",
	  1000, 600000, NULL, true, "time for a request" },
	{ "body", CONF_SIZE, offsetof(struct http, body_bytes), "4MiB", 0, 0,
	  NULL, true, "largest body" },
	{ "tls", CONF_BOOL, offsetof(struct http, tls), "no", 0, 0, NULL, false,
	  "encrypt" },
	{ 0 },
};

static const struct conf_key trigger_keys[] = {
	{ "kinds", CONF_LIST, offsetof(struct trigger, kinds), "school,ed", 0,
	  0, NULL, true, "kinds of source" },
	{ "window", CONF_DURATION, offsetof(struct trigger, window_ms), "7d", 0,
	  0, NULL, true, "days looked at" },
	{ "budget", CONF_FLOAT, offsetof(struct trigger, budget), "2", 0.01,
	  100, NULL, true, "false openings" },
	{ "rule", CONF_CHOICE, offsetof(struct trigger, rule), "fusion", 0, 0,
	  rules, true, "rule" },
	{ "basis", CONF_STRING, offsetof(struct trigger, basis), NULL, 0, 0,
	  NULL, true, "the norm it stands on" },
	{ 0 },
};

static const struct conf_block blocks[] = {
	{ "http", false, http_keys, sizeof(struct http) },
	{ "trigger", true, trigger_keys, sizeof(struct trigger) },
	{ 0 },
};

struct messages {
	char text[4096];
	int n;
};

static void
collect(void *arg, const char *message)
{
	struct messages *m = arg;
	size_t len = strlen(m->text);

	m->n++;
	snprintf(m->text + len, sizeof(m->text) - len, "%s\n", message);
}

static struct conf *
load_text(const char *text, struct messages *m)
{
	char path[] = "/tmp/conf_testXXXXXX";
	const char *paths[] = { path };
	int fd = mkstemp(path);
	struct conf *c;

	*m = (struct messages){ 0 };
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	c = conf_load(paths, 1, blocks, collect, m);
	unlink(path);
	return c;
}

static void
test_defaults_without_a_file(void **state)
{
	struct messages m = { 0 };
	struct conf *c = conf_load(NULL, 0, blocks, collect, &m);
	const struct http *http;

	(void)state;
	assert_non_null(c);
	http = conf_get(c, "http");
	assert_string_equal(http->listen, "127.0.0.1:1");
	assert_int_equal(http->deadline_ms, 30000);
	assert_int_equal(http->body_bytes, 4194304);
	assert_false(http->tls);
	assert_int_equal(conf_count(c, "trigger"), 0);
	conf_free(&c);
	assert_null(c);
}

static void
test_values_of_every_type(void **state)
{
	struct messages m;
	struct conf *c = load_text("# a comment with {\n"
				   "http {\n\tlisten = \"[::1]:80\"\n"
				   "\tdeadline = 2m\n\tbody = 64KiB\n"
				   "\ttls = yes\n}\n"
				   "trigger \"respiratory\" {\n"
				   "\tkinds = {pharmacy, \"fever-clinic\"}\n"
				   "\tbudget = 0.5\n\trule = one-case\n"
				   "\tbasis = \"norm\"\n}\n"
				   "trigger \"enteric\" { basis = x }\n",
				   &m);
	const struct trigger *t;

	(void)state;
	assert_string_equal(m.text, "");
	assert_non_null(c);
	assert_int_equal(((const struct http *)conf_get(c, "http"))->body_bytes,
			 65536);
	assert_int_equal(conf_count(c, "trigger"), 2);
	assert_string_equal(conf_title(c, "trigger", 1), "enteric");
	t = conf_at(c, "trigger", 0);
	assert_int_equal(t->kinds.n, 2);
	assert_string_equal(t->kinds.at[1], "fever-clinic");
	assert_int_equal(t->window_ms, 7 * 86400000LL);
	assert_int_equal(t->rule, 1);
	assert_true(conf_is_set(c, "trigger", 0, "budget"));
	assert_false(conf_is_set(c, "trigger", 1, "budget"));
	t = conf_at(c, "trigger", 1);
	assert_int_equal(t->kinds.n, 2);
	assert_string_equal(t->kinds.at[0], "school");
	conf_free(&c);
}

static void
refused(const char *text, const char *part)
{
	struct messages m;
	struct conf *c = load_text(text, &m);

	assert_null(c);
	if (strstr(m.text, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, m.text);
}

static void
test_errors_name_the_line_and_the_mend(void **state)
{
	(void)state;
	refused("http {\n\n\tlissen = x\n}\n",
		":3: no such key 'lissen' here; did you mean 'listen'?");
	refused("http {\n\tdeadline = 5 weeks\n}\n", ":2: ");
	refused("http {\n\tdeadline = soon\n}\n", ":2: deadline = \"soon\"");
	refused("http {\n\tclients = 0\n}\n", "out of its range, 1 to 1000");
	refused("http {\n\tclients = 1.5\n}\n", "is not a whole number");
	refused("http {\n\ttls = perhaps\n}\n", "is not yes or no");
	refused("trigger \"a\" {\n\tbasis = b\n\trule = guess\n}\n",
		"is none of fusion one-case");
	refused("trigger \"a\" {\n\tbudget = 2\n}\n", "needs the key basis");
	refused("trigger \"a\" {\n}\n", "needs the key basis");
	refused("http {\n\ttls = yes\n", "this '{' has no '}'");
	refused("htpp {\n}\n", "did you mean 'http'?");
	refused("trigger \"a\" { basis = x }\ntrigger \"a\" { basis = y }\n", "");
	refused("http {\n\tdeadline = 20m\n}\n", "out of its range, 1s to 10m");
}

static void
test_what_is_no_text(void **state)
{
	(void)state;
	refused("http {\n\tlisten = \"caf\xe9\"\n}\n", ":2: is not UTF-8 here");
	refused("# caf\xe9\nhttp {\n}\n", ":1: is not UTF-8 here");
	refused("http {\n\tlisten = \"\xc0\xaf\"\n}\n", ":2: is not UTF-8");
	refused("http {\n\tlisten = \"\xed\xa0\x80\"\n}\n", ":2: is not UTF-8");
	refused("http {\n\tlisten = \"caf\xc3", "is not UTF-8");
	refused("http {\n\n\tlisten = \"a\\qb\"\n}\n",
		":3: has a backslash before what means nothing there");
}

static void
test_what_is_text(void **state)
{
	struct messages m;
	struct conf *c =
		load_text("# \\q is a comment\nhttp {\n"
			  "\tlisten = \"caf\xc3\xa9 \\\"\\\\ # \\x41\\${Q}\"\n"
			  "}\ntrigger '\\q' { basis = '\\w' }\n",
			  &m);
	const struct http *http;

	(void)state;
	assert_string_equal(m.text, "");
	assert_non_null(c);
	http = conf_get(c, "http");
	assert_string_equal(http->listen, "caf\xc3\xa9 \"\\ # A${Q}");
	conf_free(&c);
}

static void
test_a_key_stands_once(void **state)
{
	struct messages m;
	struct conf *c;

	(void)state;
	refused("http {\n\tclients = 2\n\tclients = 3\n}\n",
		":3: clients stands twice in one block");
	refused("trigger \"a\" {\n\tbasis = x\n\tkinds = { a, b }\n"
		"\tkinds = { c }\n}\n",
		":4: kinds stands twice in one block");
	c = load_text("trigger \"a\" {\n\tbasis = x\n\tkinds = { a, b, c }\n}\n"
		      "trigger \"b\" {\n\tbasis = x\n\tkinds = { d }\n}\n",
		      &m);
	assert_string_equal(m.text, "");
	assert_non_null(c);
	conf_free(&c);
}

/* A file that ends early lacks nothing that stands further down. */
static void
test_no_key_is_missed_after_a_mistake(void **state)
{
	struct messages m;
	struct conf *c = load_text("trigger \"a\" {\n\tbudgte = 2\n"
				   "\tbasis = x\n}\n",
				   &m);

	(void)state;
	assert_null(c);
	assert_int_equal(m.n, 1);
}

static void
test_all_value_errors_are_listed(void **state)
{
	struct messages m;
	struct conf *c = load_text("http {\n\tclients = 0\n\ttls = 7\n"
				   "\tbody = big\n}\n",
				   &m);

	(void)state;
	assert_null(c);
	assert_int_equal(m.n, 3);
}

static void
test_a_file_that_is_not_there(void **state)
{
	const char *paths[] = { "/nonexistent/tocsin.conf" };
	struct messages m = { 0 };

	(void)state;
	assert_null(conf_load(paths, 1, blocks, collect, &m));
	assert_non_null(strstr(m.text, "cannot be opened"));
}

static void
test_what_is_shown_parses_again(void **state)
{
	struct messages m;
	struct conf *c = load_text("trigger \"t\" { basis = \"a b\" }\n", &m);
	char *shown = NULL, *again = NULL;
	size_t len;
	FILE *f = open_memstream(&shown, &len);

	(void)state;
	assert_non_null(c);
	conf_show(c, f);
	fclose(f);
	conf_free(&c);
	c = load_text(shown, &m);
	assert_string_equal(m.text, "");
	assert_non_null(c);
	f = open_memstream(&again, &len);
	conf_show(c, f);
	fclose(f);
	assert_non_null(strstr(again, "basis = \"a b\""));
	assert_non_null(strstr(again, "kinds = {\"school\", \"ed\"}"));
	conf_free(&c);
	free(shown);
	free(again);
}

static void
test_blocks_are_where_their_name_stands(void **state)
{
	struct messages m = { 0 };
	struct conf *c = load_text(
		"# trigger \"b\" {\n"
		"trigger \"a\" {\n\tkinds = { ed }\n basis = norm }\n"
		"/* trigger \"b\" { */ trigger\n\"b\"\n"
		"{\n\tkinds = { \"trigger\", \"}\" }\n basis = norm }\n"
		"trigger 'c c' { kinds = { ed } basis = norm }\n",
		&m);

	(void)state;
	assert_string_equal(m.text, "");
	assert_non_null(c);
	assert_non_null(strstr(conf_where(c, "trigger", 0), ":2"));
	assert_non_null(strstr(conf_where(c, "trigger", 1), ":5"));
	assert_non_null(strstr(conf_where(c, "trigger", 2), ":10"));
	conf_free(&c);
}

static const char *
nearest(const char *word, const char *const *names)
{
	struct nearest near;

	nearest_begin(&near, word);
	for (; *names != NULL; names++)
		nearest_offer(&near, *names);
	return near.best;
}

static void
test_nearest_word(void **state)
{
	static const char *const names[] = { "school", "pharmacy", "ed", NULL };

	(void)state;
	assert_string_equal(nearest("scool", names), "school");
	assert_string_equal(nearest("farmacy", names), "pharmacy");
	assert_string_equal(nearest("ed", names), "ed");
	assert_null(nearest("laboratory", names));
	assert_null(nearest("", names));
}

static void
note_key(void *arg, const struct conf_block *block, const char *title,
	 const struct conf_key *key)
{
	struct messages *m = arg;
	size_t len = strlen(m->text);

	snprintf(m->text + len, sizeof(m->text) - len, "%s %s %s\n",
		 block->name, title, key == NULL ? "-" : key->name);
}

static void
test_what_differs(void **state)
{
	struct messages m, said = { 0 };
	struct conf *a = load_text("http {\n\tclients = 7\n\ttls = yes\n}\n"
				   "trigger \"x\" {\n\tbasis = \"b\"\n"
				   "\tkinds = { \"ed\" }\n}\n"
				   "trigger \"y\" {\n\tbasis = \"b\"\n}\n",
				   &m);
	struct conf *b = load_text("http {\n\tclients = 8\n\ttls = yes\n}\n"
				   "trigger \"x\" {\n\tbasis = \"b\"\n"
				   "\tkinds = { \"ed\", \"school\" }\n"
				   "\tbudget = 3\n}\n"
				   "trigger \"z\" {\n\tbasis = \"b\"\n}\n",
				   &m);

	(void)state;
	assert_true(a != NULL && b != NULL);
	conf_diff(a, a, blocks, note_key, &said);
	assert_string_equal(said.text, "");
	conf_diff(a, b, blocks, note_key, &said);
	assert_string_equal(said.text, "http  clients\n"
				       "trigger x kinds\n"
				       "trigger x budget\n"
				       "trigger y -\n"
				       "trigger z -\n");
	conf_free(&a);
	conf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_differs),
		cmocka_unit_test(test_defaults_without_a_file),
		cmocka_unit_test(test_values_of_every_type),
		cmocka_unit_test(test_errors_name_the_line_and_the_mend),
		cmocka_unit_test(test_what_is_no_text),
		cmocka_unit_test(test_what_is_text),
		cmocka_unit_test(test_a_key_stands_once),
		cmocka_unit_test(test_no_key_is_missed_after_a_mistake),
		cmocka_unit_test(test_all_value_errors_are_listed),
		cmocka_unit_test(test_a_file_that_is_not_there),
		cmocka_unit_test(test_what_is_shown_parses_again),
		cmocka_unit_test(test_blocks_are_where_their_name_stands),
		cmocka_unit_test(test_nearest_word),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
