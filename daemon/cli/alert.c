/*
 * tocsin alert: the duty officer's side of the desk. An alert is explained
 * in plain words before any number.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"

enum {
	PATH_BYTES = 1024,
	FOLLOW_ROWS = 5,
	ID_BYTES = 17,
	LIST_ID = 9 /* a list shows eight digits, which a verb takes too */
};

struct ask {
	struct client client;
	const char *state, *area, *route, *order, *note, *outcome, *version;
	bool colour;
};

static const char help[] =
	"Usage: tocsin alert list [--state STATE] [--area CODE]\n"
	"                         [--route ROUTE] [--order ORDER] [OPTION]...\n"
	"       tocsin alert show ID [OPTION]...\n"
	"       tocsin alert follow [--route ROUTE] [OPTION]...\n"
	"       tocsin alert VERB ID [--note TEXT] [--outcome WORD] "
	"[OPTION]...\n"
	"       tocsin alert task ID N --note TEXT [OPTION]...\n"
	"\n"
	"list shows what is not closed yet (--state all: everything), the\n"
	"gravest colour first, of one colour those with a missed clock, then\n"
	"the newest (--order newest: by that alone). follow\n"
	"prints alerts as they ring until it is interrupted. A VERB is what\n"
	"you do with an alert: ack, verify, discard, monitor, assess,\n"
	"characterise, respond, close, reopen, note, assign, report.\n"
	"report needs a --note that says to whom; task N writes down what the\n"
	"site or township found (show numbers the tasks).\n"
	"close and discard need --outcome: outbreak, artefact, known-event,\n"
	"duplicate, holiday or other; and --note.\n"
	"An ID may be cut short as long as only one alert begins with it.\n"
	"--route operator shows instead what is wrong with the reports or the\n"
	"centre: silent sites, copied outboxes, a full disk.\n"
	"\n"
	"  --version N    only if nobody has changed it since version "
	"N\n" CLIENT_HELP;

/* "ed, pharmacy and school" of the kinds that agree */
static void
join(const json_t *list, char *buf, size_t cap)
{
	size_t i, len = 0;
	const json_t *word;

	buf[0] = '\0';
	json_array_foreach (list, i, word) {
		int n = snprintf(buf + len, cap - len, "%s%s",
				 i > 0 ? ", " : "", json_string_value(word));

		if (n < 0 || (size_t)n >= cap - len)
			return;
		len += (size_t)n;
	}
}

/* "open" in the command line's language; a part says of what. */
static void
state_of(const struct client *c, const json_t *row, char *buf, size_t cap)
{
	const char *whole = client_text(row, "part_of");
	const char *state = client_text(row, "state");

	/* What belongs to another alert is told there. */
	if (whole[0] != '\0')
		snprintf(buf, cap, "%s %.8s", client_say(c, "cli.part"), whole);
	else
		snprintf(buf, cap, "%s",
			 c->lang == CATALOGUE_ZH ? client_word(c, "state", state)
						 : state);
}

/* The trigger, behind the indicator where it asks each: a narrow window cuts
   the end. */
static void
name_of(const struct client *c, const json_t *row, char *buf, size_t cap)
{
	const char *title = client_text(row, "title_zh");
	const char *each = client_text(row, "indicator");

	if (c->lang == CATALOGUE_ZH && title[0] != '\0')
		snprintf(buf, cap, "%s", title);
	else if (each[0] != '\0')
		snprintf(buf, cap, "%s (%s)", each, client_text(row, "trigger"));
	else
		snprintf(buf, cap, "%s", client_text(row, "trigger"));
}

static struct grid *
officer_grid(const struct client *c, const json_t *alerts)
{
	bool zh = c->lang == CATALOGUE_ZH;
	struct grid *g = grid_new((const char *[]){
		"id", client_say(c, "cli.signal"), client_say(c, "cli.area"),
		client_say(c, "cli.trigger"), client_say(c, "cli.since"),
		client_say(c, "cli.state"), client_say(c, "cli.kinds"), NULL });
	const json_t *row;
	size_t i;

	json_array_foreach (alerts, i, row) {
		char id[LIST_ID], kinds[256], state[96], name[256];

		name_of(c, row, name, sizeof(name));
		snprintf(id, sizeof(id), "%s", client_text(row, "id"));
		state_of(c, row, state, sizeof(state));
		join(json_object_get(row, zh ? "kind_names_zh" : "kind_names"),
		     kinds, sizeof(kinds));
		grid_add(g,
			 (const char *[]){
				 id,
				 client_word(c, "colour",
					     client_text(row, "grade")),
				 alert_area_name(c, row), name,
				 client_text(row, "first_day"), state, kinds });
	}
	return g;
}

static struct grid *
operator_grid(const struct client *c, const json_t *alerts)
{
	struct grid *g = grid_new((const char *[]){
		"id", client_say(c, "cli.what"), client_say(c, "cli.area"),
		client_say(c, "cli.since"), client_say(c, "cli.signal"),
		client_say(c, "cli.state"), NULL });
	const json_t *row;
	size_t i;

	json_array_foreach (alerts, i, row) {
		char id[LIST_ID], state[96];
		bool over = strcmp(client_text(row, "signal"), "ended") == 0;

		snprintf(id, sizeof(id), "%s", client_text(row, "id"));
		state_of(c, row, state, sizeof(state));
		grid_add(g, (const char *[]){
				    id, client_text(row, "summary"),
				    alert_area_name(c, row),
				    client_text(row, "first_day"),
				    over ? client_say(c, "event.mended") : "",
				    state });
	}
	return g;
}

static int
list(const struct ask *a)
{
	char path[PATH_BYTES] = "/api/v1/alerts";
	bool operators = a->route != NULL && strcmp(a->route, "operator") == 0;
	const char *lang = a->client.lang == CATALOGUE_ZH ? "zh-CN" : "en";
	json_t *reply, *alerts;
	struct grid *g = NULL;
	int rc;

	client_query(path, sizeof(path), "state", a->state);
	client_query(path, sizeof(path), "area", a->area);
	client_query(path, sizeof(path), "route", a->route);
	client_query(path, sizeof(path), "order",
		     a->order != NULL ? a->order : "rank");
	client_query(path, sizeof(path), "lang", lang);
	rc = client_get(&a->client, path, &reply);
	alerts = json_object_get(reply, "alerts");
	if (rc == 0 && a->client.json)
		rc = client_print_json(alerts);
	else if (rc == 0 && a->client.csv)
		rc = client_print_csv(&sheet_alerts, reply);
	else if (rc == 0 && json_array_size(alerts) == 0)
		puts(client_say(&a->client,
				operators ? "cli.operator_none" : "cli.none"));
	else if (rc == 0)
		g = operators ? operator_grid(&a->client, alerts)
			      : officer_grid(&a->client, alerts);
	if (g != NULL)
		grid_print(g, stdout, grid_terminal());
	grid_free(&g);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

/* The whole id that the begin of one means, into full. */
static int
complete(const struct ask *a, const char *id, char full[ID_BYTES])
{
	const json_t *row;
	json_t *reply;
	size_t i, n = 0;
	int rc;

	if (strlen(id) >= ID_BYTES ||
	    strspn(id, "0123456789abcdef") != strlen(id)) {
		cli_error("'%s' is not the id of an alert; 'tocsin alert "
			  "list' shows them",
			  id);
		return CLI_EX_USAGE;
	}
	snprintf(full, ID_BYTES, "%s", id);
	if (strlen(id) == ID_BYTES - 1)
		return 0;
	rc = client_get(&a->client, "/api/v1/alerts?state=all&route=all", &reply);
	json_array_foreach (json_object_get(reply, "alerts"), i, row) {
		if (strncmp(client_text(row, "id"), id, strlen(id)) != 0)
			continue;
		snprintf(full, ID_BYTES, "%s", client_text(row, "id"));
		n++;
	}
	json_decref(reply);
	if (rc == 0 && n != 1) {
		cli_error(n == 0 ? "there is no alert %s; 'tocsin alert list "
				   "--state all' shows all"
				 : "more than one alert begins with %s",
			  id);
		rc = CLI_EX_USAGE;
	}
	return rc;
}

static int
fetch(const struct ask *a, const char *id, json_t **alert)
{
	char path[PATH_BYTES];
	const char *lang = a->client.lang == CATALOGUE_ZH ? "zh-CN" : "en";

	*alert = NULL;
	snprintf(path, sizeof(path), "/api/v1/alerts/%s?lang=%s", id, lang);
	return client_get(&a->client, path, alert);
}

static int
show(const struct ask *a, const char *word)
{
	char id[ID_BYTES];
	json_t *alert = NULL;
	int rc = complete(a, word, id);

	if (rc == 0)
		rc = fetch(a, id, &alert);
	if (rc == 0 && a->client.json)
		rc = client_print_json(alert);
	else if (rc == 0 && a->client.csv)
		rc = client_print_csv(&sheet_evidence, alert);
	else if (rc == 0)
		alert_print(&a->client, alert, a->colour);
	json_decref(alert);
	return rc != 0 ? rc : cli_finish();
}

static int
act(const struct ask *a, const char *verb, const char *word)
{
	struct client_request req = { .method = "POST",
				      .type = "application/json" };
	json_t *body = json_pack("{s:s,s:s*,s:s*}", "verb", verb, "note",
				 a->note, "outcome", a->outcome);
	char path[PATH_BYTES], id[ID_BYTES], *text;
	json_t *reply = NULL;
	int rc = complete(a, word, id);

	if (rc != 0) {
		json_decref(body);
		return rc;
	}
	if (a->version != NULL)
		json_object_set_new(body, "version",
				    json_integer(atoll(a->version)));
	text = json_dumps(body, 0);
	json_decref(body);
	snprintf(path, sizeof(path), "/api/v1/alerts/%s/events", id);
	req.path = path;
	req.body = text != NULL ? text : "";
	req.len = strlen(req.body);
	rc = client_call(&a->client, &req, &reply);
	free(text);
	if (rc == 0 && a->client.json)
		rc = client_print_json(reply);
	else if (rc == 0)
		printf("%s  %s\n", id,
		       client_word(&a->client, "state",
				   client_text(reply, "state")));
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}

/* Is the event on the route that was asked for? */
static bool
is_followed(const struct ask *a, const json_t *event)
{
	const char *route = a->route == NULL ? "officer" : a->route;

	return strcmp(route, "all") == 0 ||
	       (strcmp(route, "operator") == 0) == alert_is_operator(event);
}

/* One event of the stream as people read it: what, where, who agrees. */
static int
print_event(void *arg, const json_t *event)
{
	const struct ask *a = arg;
	const char *id = client_text(event, "id");
	const char *grade = client_text(event, "grade");
	json_t *alert = NULL;

	if (!is_followed(a, event))
		return 0;
	if (a->client.json) {
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
		return cli_finish();
	}
	if (strcmp(client_text(event, "event"), "continued") == 0)
		return 0; /* known already; nobody is told again */
	if (client_text(event, "actor")[0] != '\0' ||
	    (grade[0] == '\0' && !alert_is_operator(event)) ||
	    fetch(a, id, &alert) != 0) {
		printf("%s  %s  %s\n", client_text(event, "as_of"), id,
		       client_word(&a->client, "event",
				   client_text(event, "event")));
		json_decref(alert);
		return cli_finish();
	}
	printf("%s%s  %s  %s%s\n", a->colour ? alert_colour(grade) : "",
	       client_text(event, "as_of"),
	       client_word(&a->client, "event", client_text(event, "event")),
	       json_string_value(
		       json_array_get(json_object_get(alert, "explanation"), 0)),
	       a->colour ? "\033[0m" : "");
	if (strcmp(client_text(event, "event"), "escalated") == 0)
		alert_print_escalated(&a->client, event);
	else if (strcmp(client_text(event, "event"), "ended") != 0 &&
		 !alert_is_operator(event))
		alert_print_evidence(&a->client,
				     json_object_get(event, "evidence"),
				     FOLLOW_ROWS);
	json_decref(alert);
	return cli_finish();
}

static int
work(void *arg, int n, char **word)
{
	struct ask *a = arg;

	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(a);
	if (n == 1 && strcmp(word[0], "follow") == 0)
		return client_follow(&a->client, "/api/v1/events", print_event,
				     a);
	if (n == 2 && strcmp(word[0], "show") == 0)
		return show(a, word[1]);
	if (n == 3 && strcmp(word[0], "task") == 0) {
		a->outcome = word[2];
		return act(a, word[0], word[1]);
	}
	if (n == 2)
		return act(a, word[0], word[1]);
	cli_error("alert: wanted 'list', 'show ID', 'follow' or a verb and an "
		  "ID; try 'tocsin alert --help'");
	return CLI_EX_USAGE;
}

int
cli_alert(int argc, char **argv)
{
	struct ask a = { .colour = isatty(STDOUT_FILENO) &&
				   getenv("NO_COLOR") == NULL };
	const struct client_own own[] = {
		{ "state", &a.state },	   { "order", &a.order },
		{ "area", &a.area },	   { "route", &a.route },
		{ "note", &a.note },	   { "outcome", &a.outcome },
		{ "version", &a.version }, { NULL, NULL },
	};
	static const char *const lists[] = { "list", "show", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&a.client, &command, argc, argv, &a);
}
