/*
 * tocsin mark: days whose counts have a known reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"
#include "daemon/console/sheet.h"

enum { PATH_BYTES = 512, LIST_BYTES = 2400 };

struct ask {
	struct client client;
	const char *area, *site, *kind, *indicator, *from, *to, *why, *text,
		*alert, *state;
};

static const char help[] =
	"Usage: tocsin mark add --area CODE|--site ID --from DATE --to DATE\n"
	"                       --why WHY --text TEXT [--kind K,...]\n"
	"                       [--indicator I,...] [OPTION]...\n"
	"       tocsin mark add --alert ID [OPTION]...\n"
	"       tocsin mark list [--area CODE] [--state all] [OPTION]...\n"
	"       tocsin mark withdraw N [OPTION]...\n"
	"\n"
	"Says that the counts of these days have a known reason. WHY is\n"
	"  outbreak  the days are judged, but are no part of what is usual "
	"for\n"
	"            other days, so that this outbreak does not hide the next\n"
	"  cause     a promotion, another way of testing: as outbreak, and "
	"the\n"
	"            days are no evidence\n"
	"  fault     the counts are wrong: as if they had not been reported;\n"
	"            the store keeps them\n"
	"  event     a fair, a pilgrimage: is shown, changes nothing\n"
	"\n"
	"--alert takes place, kinds, indicators and days from an alert, WHY "
	"is\n"
	"outbreak then; what else is given stands instead. Without --kind and\n"
	"--indicator all of the place is meant. At most 400 days a mark.\n"
	"list --csv prints them as backtest --marks reads them. withdraw ends "
	"a\n"
	"mark, which the store still keeps (list --state all).\n" CLIENT_HELP;

/* "a,b" as an array; NULL: not given. */
static json_t *
list_of(const char *text)
{
	json_t *list = text == NULL ? NULL : json_array();

	for (; text != NULL && *text != '\0'; text += strspn(text, " ,")) {
		size_t len = strcspn(text, " ,");

		if (len > 0)
			json_array_append_new(list, json_stringn(text, len));
		text += len;
	}
	return list;
}

/* "ed pharmacy"; the words with a blank between them. */
static const char *
join(const json_t *list, char buf[LIST_BYTES])
{
	const json_t *word;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach (list, i, word) {
		int n = snprintf(buf + len, LIST_BYTES - len, "%s%s",
				 i > 0 ? " " : "", json_string_value(word));

		if (n < 0 || (size_t)n >= LIST_BYTES - len)
			break;
		len += (size_t)n;
	}
	return buf;
}

static void
print_one(const struct client *c, const json_t *mark)
{
	long long n =
		(long long)json_integer_value(json_object_get(mark, "number"));
	long long series =
		(long long)json_integer_value(json_object_get(mark, "series"));
	const char *site = client_text(mark, "site");
	char text[512], number[24], about[24];

	snprintf(number, sizeof(number), "%lld", n);
	snprintf(about, sizeof(about), "%lld", series);
	puts(catalogue_format(
		c->catalogue, c->lang, "cli.mark_added", text, sizeof(text),
		(const char *[]){
			"number", number, "why",
			client_word(c, "mark", client_text(mark, "why")), "place",
			site[0] != '\0' ? site : client_text(mark, "area"),
			"from", client_text(mark, "from"), "to",
			client_text(mark, "to"), "series", about, NULL }));
}

static int
add(const struct ask *a)
{
	struct client_request req = { .method = "POST",
				      .path = "/api/v1/marks",
				      .type = "application/json" };
	json_t *body = json_pack(
		"{s:s*,s:s*,s:o*,s:o*,s:s*,s:s*,s:s*,s:s*,s:s*}", "area",
		a->area, "site", a->site, "kinds", list_of(a->kind),
		"indicators", list_of(a->indicator), "from", a->from, "to",
		a->to, "why", a->why, "text", a->text, "alert", a->alert);
	char *text = json_dumps(body, 0);
	json_t *reply = NULL;
	int rc;

	json_decref(body);
	if (text == NULL) {
		cli_error("mark: the words are no UTF-8");
		return CLI_EX_USAGE;
	}
	req.body = text;
	req.len = strlen(text);
	rc = client_call(&a->client, &req, &reply);
	free(text);
	if (rc == 0 && a->client.json)
		rc = client_print_json(reply);
	else if (rc == 0)
		print_one(&a->client, reply);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

static void
print_grid(const struct client *c, const json_t *marks)
{
	struct grid *g = grid_new((const char *[]){
		">#", client_say(c, "cli.why"), client_say(c, "cli.area"),
		client_say(c, "col.days"), client_say(c, "cli.what"),
		client_say(c, "cli.by"), NULL });
	const json_t *row;
	size_t i;

	json_array_foreach (marks, i, row) {
		const char *site = client_text(row, "site");
		const char *gone = client_text(row, "withdrawn_by");
		char number[24], days[32], what[LIST_BYTES + 512],
			list[LIST_BYTES], by[300];

		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(
				 json_object_get(row, "number")));
		snprintf(days, sizeof(days), "%s..%s", client_text(row, "from"),
			 client_text(row, "to"));
		join(json_object_get(row, "kinds"), list);
		snprintf(what, sizeof(what), "%s%s%s", client_text(row, "text"),
			 list[0] != '\0' ? "; " : "", list);
		snprintf(by, sizeof(by), "%s%s%s", client_text(row, "actor"),
			 gone[0] != '\0' ? ", -" : "", gone);
		grid_add(g, (const char *[]){
				    number, client_text(row, "why"),
				    site[0] != '\0' ? site
						    : client_text(row, "area"),
				    days, what, by });
	}
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
}

static int
list(const struct ask *a)
{
	char path[PATH_BYTES] = "/api/v1/marks";
	json_t *reply = NULL, *marks;
	int rc;

	if (a->state != NULL && strcmp(a->state, "all") != 0) {
		cli_error(
			"mark: --state is 'all', or left out: those in force");
		return CLI_EX_USAGE;
	}
	client_query(path, sizeof(path), "area", a->area);
	client_query(path, sizeof(path), "withdrawn",
		     a->state != NULL ? "yes" : NULL);
	rc = client_get(&a->client, path, &reply);
	marks = json_object_get(reply, "marks");
	if (rc == 0 && a->client.json)
		rc = client_print_json(marks);
	else if (rc == 0 && a->client.csv)
		rc = client_print_csv(&sheet_marks, reply);
	else if (rc == 0 && json_array_size(marks) == 0)
		puts(client_say(&a->client, "cli.mark_none"));
	else if (rc == 0)
		print_grid(&a->client, marks);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

static int
withdraw(const struct ask *a, const char *number)
{
	char path[PATH_BYTES] = "/api/v1/marks/";
	struct client_request req = { .method = "DELETE", .path = path };
	json_t *reply = NULL;
	int rc;

	if (number[0] == '\0' || strlen(number) > 18 ||
	    strspn(number, "0123456789") != strlen(number)) {
		cli_error("mark: '%.40s' is not the number of a mark; 'tocsin "
			  "mark list' shows them",
			  number);
		return CLI_EX_USAGE;
	}
	strcat(path, number);
	rc = client_call(&a->client, &req, &reply);
	if (rc == 0 && a->client.json)
		rc = client_print_json(reply);
	else if (rc == 0)
		printf("%s  %s\n", number,
		       client_say(&a->client, "cli.mark_withdrawn"));
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

static int
work(void *arg, int n, char **word)
{
	const struct ask *a = arg;

	if (n == 1 && strcmp(word[0], "add") == 0)
		return add(a);
	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(a);
	if (n == 2 && strcmp(word[0], "withdraw") == 0)
		return withdraw(a, word[1]);
	cli_error("mark: wanted 'add', 'list' or 'withdraw N'; try 'tocsin "
		  "mark --help'");
	return CLI_EX_USAGE;
}

int
cli_mark(int argc, char **argv)
{
	struct ask a = { 0 };
	const struct client_own own[] = {
		{ "area", &a.area },   { "site", &a.site },
		{ "kind", &a.kind },   { "indicator", &a.indicator },
		{ "from", &a.from },   { "to", &a.to },
		{ "why", &a.why },     { "text", &a.text },
		{ "alert", &a.alert }, { "state", &a.state },
		{ NULL, NULL },
	};
	static const char *const lists[] = { "list", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&a.client, &command, argc, argv, &a);
}
