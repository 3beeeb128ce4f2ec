/*
 * tocsin status: how the daemon is; tocsin clock: its manual clock.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"

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

static void
print_value(const char *name, const json_t *value)
{
	if (json_is_string(value))
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

/* Reads the words that every client command takes; see client_option(). */
static int
read_common(struct client *c, int argc, char **argv)
{
	static const struct option options[] = { CLIENT_OPTIONS };
	int o, rc;

	opterr = 0;
	optind = 1;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = client_option(c, o, argv);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
cli_status(int argc, char **argv)
{
	struct client c;
	json_t *reply = NULL;
	int rc = client_init(&c);

	if (rc != 0)
		return rc;
	rc = read_common(&c, argc, argv);
	if (rc > 0)
		fputs(status_help, stdout);
	else if (rc < 0 || optind < argc)
		rc = CLI_EX_USAGE;
	else
		rc = client_get(&c, "/api/v1/status", &reply);
	if (reply != NULL && rc == 0) {
		if (!json_is_true(json_object_get(reply, "ready")))
			rc = CLI_EX_FAILURE;
		if (c.json)
			client_print_json(reply);
		else
			print_blocks(&c, reply);
	}
	json_decref(reply);
	client_fini(&c);
	return rc == 1 && reply == NULL ? cli_finish() : rc;
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

int
cli_clock(int argc, char **argv)
{
	struct client c;
	int rc = client_init(&c);

	if (rc != 0)
		return rc;
	c.timeout_s = 3600; /* years may have to be weighed */
	rc = read_common(&c, argc, argv);
	if (rc > 0) {
		fputs(clock_help, stdout);
		rc = cli_finish();
	} else if (rc < 0) {
		rc = CLI_EX_USAGE;
	} else if (optind + 2 != argc || strcmp(argv[optind], "advance") != 0) {
		cli_error("clock: wanted 'advance DATE'; try 'tocsin clock "
			  "--help'");
		rc = CLI_EX_USAGE;
	} else {
		rc = advance(&c, argv[optind + 1]);
	}
	client_fini(&c);
	return rc;
}
