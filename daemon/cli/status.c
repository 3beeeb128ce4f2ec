/*
 * tocsin status: how the daemon is; tocsin clock: its manual clock.
 */
#include "daemon/cli/status.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"

static const char status_help[] =
	"Usage: tocsin status [OPTION]...\n"
	"\n"
	"Shows whether the daemon is ready, what day it is there, and the\n"
	"figures of its parts. Exit status 3: no daemon answers; 1: it "
	"answers\n"
	"but is not ready.\n" CLIENT_HELP;

static const char clock_help[] =
	"Usage: tocsin clock advance DATE [OPTION]...\n"
	"\n"
	"For a daemon with 'clock = manual': goes on to DATE and returns "
	"when\n"
	"everything acknowledged by then is judged and weighed.\n" CLIENT_HELP;

static bool
is_moment(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, "_at_ms") == 0;
}

static void
print_value(const char *name, const json_t *value)
{
	char at[CLIENT_MOMENT];

	if (is_moment(name) && json_is_integer(value))
		printf("  %-24.*s %s\n", (int)strlen(name) - 3, name,
		       client_moment(json_integer_value(value), at, sizeof(at)));
	else if (json_is_string(value))
		printf("  %-24s %s\n", name, json_string_value(value));
	else if (json_is_integer(value))
		printf("  %-24s %lld\n", name,
		       (long long)json_integer_value(value));
	else if (json_is_real(value))
		printf("  %-24s %.6g\n", name, json_real_value(value));
	else if (json_is_boolean(value))
		printf("  %-24s %s\n", name, json_is_true(value) ? "yes" : "no");
}

/* "refused day 3": the figures of one name, each by its own. */
static void
print_figures(const char *name, json_t *figures)
{
	char label[64];
	const char *key;
	json_t *value;

	json_object_foreach (figures, key, value) {
		snprintf(label, sizeof(label), "%.30s %.30s", name, key);
		print_value(label, value);
	}
}

static void
print_blocks(const struct client *c, json_t *reply)
{
	const char *name, *key;
	json_t *block, *value;

	json_object_foreach (reply, name, block)
		print_value(name, block);
	json_object_foreach (reply, name, block) {
		if (!json_is_object(block))
			continue;
		printf("%s\n", client_word(c, "block", name));
		json_object_foreach (block, key, value) {
			print_value(key, value);
			print_figures(key, value);
		}
	}
}

/* Whose counts are refused, why, and what to do about it. */
static void
print_refusals(const struct client *c, const json_t *list)
{
	const json_t *row;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("%s\n", client_say(c, "status.refusals"));
	json_array_foreach (list, i, row) {
		json_int_t kept =
			json_integer_value(json_object_get(row, "kept"));
		json_int_t refused =
			json_integer_value(json_object_get(row, "refused"));
		char line[768], n[24], all[24];

		snprintf(n, sizeof(n), "%lld", (long long)refused);
		snprintf(all, sizeof(all), "%lld", (long long)(kept + refused));
		alert_print_indented(
			catalogue_format(
				c->catalogue, c->lang, "status.refusal", line,
				sizeof(line),
				(const char *[]){
					"place", client_text(row, "name"),
					"sender", client_text(row, "sender"),
					"day", client_text(row, "day"),
					"refused", n, "n", all, "detail",
					client_text(row, "reason"), NULL }),
			2);
	}
	alert_print_indented(client_say(c, "operator.refused.do"), 2);
}

void
status_print_reload(const struct client *c, const json_t *reload)
{
	const json_t *failed = json_object_get(reload, "failed_at_ms");
	char line[768], at[CLIENT_MOMENT];

	if (failed == NULL)
		return;
	client_moment(json_integer_value(failed), at, sizeof(at));
	alert_print_wrapped(catalogue_format(
		c->catalogue, c->lang, "status.reload_failed", line, sizeof(line),
		(const char *[]){ "time", at, "detail",
				  client_text(reload, "failed"), NULL }));
}

static void
print_all(const struct client *c, json_t *reply)
{
	print_blocks(c, reply);
	print_refusals(c, json_object_get(reply, "refusals"));
	status_print_reload(c, json_object_get(reply, "reload"));
}

static int
work_status(void *arg, int n, char **word)
{
	const struct client *c = arg;
	json_t *reply = NULL;
	int rc;

	if (n > 0) {
		cli_error("status: '%s' is too much; try 'tocsin status"
			  " --help'",
			  word[0]);
		return CLI_EX_USAGE;
	}
	rc = client_get(c, "/api/v1/status", &reply);
	if (reply != NULL && rc == 0) {
		if (!json_is_true(json_object_get(reply, "ready")))
			rc = CLI_EX_FAILURE;
		if (c->json)
			client_print_json(reply);
		else if (c->csv)
			client_print_csv(&sheet_status, reply);
		else
			print_all(c, reply);
	}
	json_decref(reply);
	return rc;
}

int
cli_status(int argc, char **argv)
{
	static const char *const lists[] = { "", NULL };
	const struct client_command command = { .help = status_help,
						.lists = lists,
						.work = work_status };
	struct client c;

	return client_run(&c, &command, argc, argv, &c);
}

static int
advance(const struct client *c, const char *date)
{
	char body[64];
	struct client_request req = { .method = "POST",
				      .path = "/api/v1/clock",
				      .type = "application/json",
				      .body = body };
	json_t *reply;
	int rc;

	if (day_parse(date, strlen(date)) == DAY_NONE) {
		cli_error("'%s' is not a date such as 2020-03-09", date);
		return CLI_EX_USAGE;
	}
	req.len = (size_t)snprintf(body, sizeof(body), "{\"to\":\"%s\"}", date);
	rc = client_call(c, &req, &reply);
	if (rc == 0 && c->json)
		rc = client_print_json(reply);
	json_decref(reply);
	return rc;
}

static int
work_clock(void *arg, int n, char **word)
{
	if (n == 2 && strcmp(word[0], "advance") == 0)
		return advance(arg, word[1]);
	cli_error("clock: wanted 'advance DATE'; try 'tocsin clock --help'");
	return CLI_EX_USAGE;
}

int
cli_clock(int argc, char **argv)
{
	const struct client_command command = {
		.help = clock_help,
		.timeout_s = 3600, /* years may have to be weighed */
		.work = work_clock
	};
	struct client c;

	return client_run(&c, &command, argc, argv, &c);
}
