/*
 * tocsin rota: who is on duty.
 */
#include <stdio.h>

#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"

static const char help[] =
	"Usage: tocsin rota [OPTION]...\n"
	"\n"
	"Shows who is on duty now in every area that has a rota, until when,\n"
	"and who comes then.\n" CLIENT_HELP;

enum { NAMES_BYTES = 256 };

/* "day-desk, deputy", or that it is nobody. */
static const char *
names(const struct client *c, const json_t *list, char buf[NAMES_BYTES])
{
	const json_t *name;
	size_t i, len = 0;

	snprintf(buf, NAMES_BYTES, "%s", client_say(c, "rota.nobody"));
	json_array_foreach (list, i, name) {
		int n = snprintf(buf + len, NAMES_BYTES - len, "%s%s",
				 i > 0 ? client_say(c, "list.comma") : "",
				 json_string_value(name));

		if (n < 0 || (size_t)n >= NAMES_BYTES - len)
			break;
		len += (size_t)n;
	}
	return buf;
}

static void
print(const struct client *c, const json_t *list)
{
	struct grid *g = grid_new((const char *[]){
		client_say(c, "why.area"), client_say(c, "rota.now"),
		client_say(c, "rota.until"), client_say(c, "rota.next"), NULL });
	const json_t *row;
	size_t i;

	if (g == NULL)
		return;
	json_array_foreach (list, i, row) {
		const json_t *until = json_object_get(row, "until_ms");
		char now[NAMES_BYTES], next[NAMES_BYTES], at[32] = "";

		if (json_is_integer(until))
			client_moment(json_integer_value(until), at, sizeof(at));
		names(c, json_object_get(row, "now"), now);
		names(c, json_object_get(row, "next"), next);
		grid_add(g, (const char *[]){ alert_area_name(c, row), now, at,
					      at[0] != '\0' ? next : "" });
	}
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
}

static int
work(void *arg, int n, char **word)
{
	const struct client *c = arg;
	json_t *reply, *list;
	int rc;

	if (n > 0) {
		cli_error("rota: '%s' is too much; try 'tocsin rota --help'",
			  word[0]);
		return CLI_EX_USAGE;
	}
	rc = client_get(c, "/api/v1/rota", &reply);
	list = json_object_get(reply, "rota");
	if (rc == 0 && c->json)
		rc = client_print_json(list);
	else if (rc == 0 && c->csv)
		rc = client_print_csv(&sheet_rota, reply);
	else if (rc == 0 && json_array_size(list) == 0)
		puts(client_say(c, "rota.none"));
	else if (rc == 0)
		print(c, list);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

int
cli_rota(int argc, char **argv)
{
	static const char *const lists[] = { "", NULL };
	const struct client_command command = { .help = help,
						.lists = lists,
						.work = work };
	struct client c;

	return client_run(&c, &command, argc, argv, &c);
}
