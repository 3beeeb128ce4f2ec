/*
 * tocsin trigger: list, test and explain the rules.
 */
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/history.h"
#include "daemon/cli/replay.h"
#include "daemon/cli/status.h"
#include "daemon/cli/trigger_explain.h"
#include "daemon/console/telling.h"
#include "daemon/desk/shipped.h"
#include "daemon/desk/trigger_view.h"

enum { INDENT = 4 };

static const char help[] =
	"Usage: tocsin trigger list [--json] [--triggers PATH]\n"
	"       tocsin trigger test [PATH]...\n"
	"       tocsin trigger explain AREA DATE [OPTION]...\n"
	"       tocsin trigger explain AREA DATE --data DIR [--triggers PATH]\n"
	"                              [--marks FILE.csv] [--calendar FILE]\n"
	"       tocsin trigger score [--from DATE] [--to DATE]\n"
	"       tocsin trigger advise [NAME] [--area CODE] [--from DATE]\n"
	"                             [--to DATE]\n"
	"\n"
	"list prints the triggers that the daemon goes by, or those of PATH;\n"
	"where no daemon answers, the shipped ones. test checks files or\n"
	"folders and names every mistake; explain says what each trigger made\n"
	"of an area on a day: what each kind contributed, how complete the\n"
	"reports were, and what was missing for the next colour. It asks the\n"
	"daemon; with --data it plays a data set (areas.csv, sites.csv,\n"
	"counts.csv) up to that day. score asks the daemon how often each\n"
	"rang (in the last year), how fast people answered, and how often\n"
	"they found an outbreak. advise says what these findings (of three\n"
	"years) mean for the budgets: how many alerts with and without an\n"
	"outbreak a smaller budget would have kept. It changes "
	"nothing.\n" CLIENT_HELP;

struct trigger_set *
trigger_read(const struct trigger_request *q, const char *etc,
	     const struct registry *r)
{
	const struct replay_triggers from = { .at = { q->path },
					      .n = q->path != NULL };

	return replay_triggers_read(&from, etc, r);
}

/* One trigger, as trigger_view() has it, for people. */
static void
print_one(const struct client *c, const json_t *one, bool with_file)
{
	const json_t *budget = json_object_get(one, "budget"), *level;
	const char *basis = telling_in(c->lang, one, "basis");
	char line[1024];
	size_t i;

	printf("%-22s %-10s ", client_text(one, "name"),
	       client_text(one, "rule"));
	if (json_is_number(budget))
		printf("%s %-5g", client_say(c, "cli.budget"),
		       json_number_value(budget));
	else
		printf("%s", client_say(c, "cli.by_norm"));
	json_array_foreach (json_object_get(one, "levels"), i, level)
		printf(" %s", client_word(c, "level", json_string_value(level)));
	printf("\n");
	alert_print_indented(telling_in(c->lang, one, "title"), INDENT);
	if (with_file && strcmp(client_text(one, "file"), SHIPPED_WHERE) != 0)
		alert_print_indented(client_text(one, "file"), INDENT);
	if (basis[0] != '\0')
		alert_print_indented(
			catalogue_format(c->catalogue, c->lang, "explain.basis",
					 line, sizeof(line),
					 (const char *[]){ "basis", basis, NULL }),
			INDENT);
}

static void
print_rules(const struct client *c, const json_t *all, bool with_file)
{
	const json_t *one;
	size_t i;

	json_array_foreach (all, i, one)
		print_one(c, one, with_file);
}

static int
print_list(const struct client *c, json_t *all, bool with_file)
{
	if (c->json)
		return client_print_json(all);
	if (c->csv)
		return client_print_rows(&sheet_triggers, all);
	print_rules(c, all, with_file);
	return cli_finish();
}

/* Those of files, or the shipped ones. */
static int
list_files(const struct trigger_request *q)
{
	struct trigger_set *set = NULL;
	struct history h;
	char buf[PATH_MAX];
	const char *etc = history_etc(buf, sizeof(buf));
	int rc = CLI_EX_USAGE;
	json_t *all;

	if (etc == NULL)
		return rc;
	if (history_vocabulary(&h, etc, history_say, NULL) == 0)
		set = trigger_read(q, etc, h.registry);
	if (set != NULL) {
		all = trigger_view_all(set, h.registry);
		rc = print_list(&q->client, all, q->path != NULL);
		json_decref(all);
	}
	trigger_free(&set);
	history_free(&h);
	return rc;
}

/* Those that the daemon goes by, and since when. */
static int
list_live(const struct trigger_request *q)
{
	const struct client *c = &q->client;
	char line[1024], at[CLIENT_MOMENT];
	json_t *reply = NULL;
	int rc = client_get(c, "/api/v1/triggers", &reply);

	if (rc == 0 && !c->json && !c->csv) {
		client_moment(json_integer_value(
				      json_object_get(reply, "read_at_ms")),
			      at, sizeof(at));
		puts(catalogue_format(c->catalogue, c->lang, "trigger.in_force",
				      line, sizeof(line),
				      (const char *[]){ "time", at, NULL }));
		status_print_reload(c, reply);
	}
	if (rc == 0)
		rc = print_list(c, json_object_get(reply, "triggers"), true);
	json_decref(reply);
	return rc;
}

static int
list(const struct trigger_request *q)
{
	if (q->path == NULL && client_answers(&q->client))
		return list_live(q);
	if (q->path == NULL)
		cli_error("no daemon answers at %s: these are the triggers as "
			  "shipped",
			  q->client.socket);
	return list_files(q);
}

/* Every path by itself; mistakes are told in any case. */
static int
test(const struct trigger_request *as, int n, char **paths, const char *etc)
{
	struct trigger_request q = { 0 };
	json_t *all = json_array(), *some;
	int rc = 0;

	for (int i = 0; i < n || i == 0; i++) {
		struct trigger_set *set = NULL;
		struct history h;

		q.path = i < n ? paths[i] : NULL;
		if (history_vocabulary(&h, etc, history_say, NULL) == 0)
			set = trigger_read(&q, etc, h.registry);
		some = set == NULL ? NULL : trigger_view_all(set, h.registry);
		json_array_extend(all, some);
		json_decref(some);
		if (set == NULL)
			rc = CLI_EX_USAGE;
		else if (!as->client.json)
			printf("%s: %zu trigger%s, no mistake\n",
			       q.path != NULL ? q.path : "triggers.d", set->n,
			       set->n == 1 ? "" : "s");
		trigger_free(&set);
		history_free(&h);
	}
	if (as->client.json)
		(void)client_print_json(all);
	json_decref(all);
	return rc != 0 ? rc : cli_finish();
}

static int
work(void *arg, int n, char **word)
{
	struct trigger_request *q = arg;
	char buf[PATH_MAX];
	const char *etc;

	if (n == 3 && strcmp(word[0], "explain") == 0 && q->data == NULL)
		return trigger_explain_live(q, word[1], word[2]);
	if (n == 1 && strcmp(word[0], "score") == 0)
		return trigger_score(q);
	if ((n == 1 || n == 2) && strcmp(word[0], "advise") == 0)
		return trigger_advise(q, n == 2 ? word[1] : NULL);
	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(q);
	etc = history_etc(buf, sizeof(buf));
	if (etc == NULL)
		return CLI_EX_USAGE;
	if (n >= 1 && strcmp(word[0], "test") == 0)
		return test(q, n - 1, word + 1, etc);
	if (n == 3 && strcmp(word[0], "explain") == 0)
		return trigger_explain_files(q, etc, word[1], word[2]);
	fputs(help, stderr);
	return CLI_EX_USAGE;
}

int
cli_trigger(int argc, char **argv)
{
	struct trigger_request q = { 0 };
	const struct client_own own[] = {
		{ "triggers", &q.path },     { "data", &q.data },
		{ "from", &q.from },	     { "to", &q.to },
		{ "area", &q.area },	     { "marks", &q.marks },
		{ "calendar", &q.calendar }, { NULL, NULL },
	};
	static const char *const lists[] = { "advise", "explain", "list",
					     "score", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&q.client, &command, argc, argv, &q);
}
