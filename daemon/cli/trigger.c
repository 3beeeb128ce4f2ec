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
#include "daemon/cli/trigger_explain.h"
#include "daemon/console/telling.h"

enum { INDENT = 4 };

static const char help[] =
	"Usage: tocsin trigger list [--json] [--triggers PATH]\n"
	"       tocsin trigger test [PATH]...\n"
	"       tocsin trigger explain AREA DATE [OPTION]...\n"
	"       tocsin trigger explain AREA DATE --data DIR [--triggers PATH]\n"
	"                              [--marks FILE.csv]\n"
	"       tocsin trigger score [--from DATE] [--to DATE]\n"
	"       tocsin trigger advise [NAME] [--area CODE] [--from DATE]\n"
	"                             [--to DATE]\n"
	"\n"
	"list prints the triggers and what they listen to; test checks files "
	"or\n"
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

static json_t *
levels_of(const struct trigger *t)
{
	json_t *list = json_array();

	for (unsigned l = 0; l < REG_LEVELS; l++) {
		if ((t->levels >> l & 1) != 0)
			json_array_append_new(
				list, json_string(registry_level_str(l)));
	}
	if ((t->levels & TRIGGER_SITE) != 0)
		json_array_append_new(list, json_string("site"));
	return list;
}

static json_t *
kinds_of(const struct trigger *t, const struct registry *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->kinds; i++) {
		if (t->kind_weight[i] > 0)
			json_array_append_new(
				list, json_string(registry_kind_at(r, i)->code));
	}
	return list;
}

static json_t *
indicators_of(const struct trigger *t, const struct registry *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->indicators; i++) {
		if (t->indicator[i])
			json_array_append_new(
				list,
				json_string(registry_indicator_at(r, i)->code));
	}
	return list;
}

/* The stronger triggers that it may be part of. */
static json_t *
wholes_of(const struct trigger *t, const struct trigger_set *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->wholes; i++)
		json_array_append_new(list,
				      json_string(set->at[t->whole[i]].name));
	return list;
}

static json_t *
tell_of(const struct trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->tell->n; i++)
		json_array_append_new(list, json_string(t->tell->at[i]));
	return list;
}

/* What is known of its kinds' own p: A, B and C of kind_tails by kind. */
static json_t *
tails_of(const struct trigger *t, const struct registry *r, bool wide)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < t->kinds; i++) {
		const struct calib_tail *tail = &t->kind_tail[wide][i];

		if (t->kind_weight[i] > 0 && tail->score[0] > 0)
			json_object_set_new(
				all, registry_kind_at(r, i)->code,
				json_pack("[f, f, f]", tail->score[0],
					  tail->score[1], tail->score[2]));
	}
	return all;
}

/* Its budget at each level after the desk's own. */
static json_t *
shares_of(const struct trigger *t)
{
	json_t *all = json_object();

	for (int l = 0; l < REG_LEVELS && !t->statutory; l++) {
		if ((t->levels >> l & 1) != 0)
			json_object_set_new(all,
					    registry_level_str((enum reg_level)l),
					    json_real(t->share[l]));
	}
	return all;
}

static json_t *
describe(const struct trigger *t, const struct trigger_set *set,
	 const struct registry *r)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:s, s:s, s:s,"
		" s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}",
		"name", t->name, "title", t->title, "title_zh", t->title_zh,
		"rule", trigger_rule_str(t->rule), "budget",
		t->statutory ? json_null() : json_real(t->budget), "levels",
		levels_of(t), "window_days", t->window, "quiet_days",
		t->quiet_days, "basis", t->basis, "basis_zh", t->basis_zh,
		"file", t->where, "indicators", indicators_of(t, r), "kinds",
		kinds_of(t, r), "part_of", wholes_of(t, set), "deadlines",
		t->deadlines_name, "tell", tell_of(t), "shares", shares_of(t),
		"kind_tails", tails_of(t, r, false), "kind_tails_wide",
		tails_of(t, r, true));
}

/* One trigger, as describe() has it, for people. */
static void
print_one(const struct client *c, const json_t *one)
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
	if (basis[0] != '\0')
		alert_print_indented(
			catalogue_format(c->catalogue, c->lang, "explain.basis",
					 line, sizeof(line),
					 (const char *[]){ "basis", basis, NULL }),
			INDENT);
}

/* Appends what list --json says of each. */
static void
describe_all(const struct trigger_set *set, const struct registry *r, json_t *list)
{
	for (size_t i = 0; i < set->n; i++)
		json_array_append_new(list, describe(&set->at[i], set, r));
}

static int
list(const struct trigger_request *q, const char *etc)
{
	struct trigger_set *set = NULL;
	struct history h;
	json_t *all = json_array(), *one;
	size_t i;
	int rc = history_vocabulary(&h, etc, history_say, NULL);

	if (rc == 0)
		set = trigger_read(q, etc, h.registry);
	if (set != NULL)
		describe_all(set, h.registry, all);
	json_array_foreach (all, i, one) {
		if (!q->client.json && !q->client.csv)
			print_one(&q->client, one);
	}
	if (set != NULL && q->client.json)
		(void)client_print_json(all);
	if (set != NULL && q->client.csv)
		(void)client_print_rows(&sheet_triggers, all);
	json_decref(all);
	rc = set == NULL ? CLI_EX_USAGE : cli_finish();
	trigger_free(&set);
	history_free(&h);
	return rc;
}

/* Every path by itself; mistakes are told in any case. */
static int
test(const struct trigger_request *as, int n, char **paths, const char *etc)
{
	struct trigger_request q = { 0 };
	json_t *all = json_array();
	int rc = 0;

	for (int i = 0; i < n || i == 0; i++) {
		struct trigger_set *set = NULL;
		struct history h;

		q.path = i < n ? paths[i] : NULL;
		if (history_vocabulary(&h, etc, history_say, NULL) == 0)
			set = trigger_read(&q, etc, h.registry);
		if (set == NULL)
			rc = CLI_EX_USAGE;
		else if (as->client.json)
			describe_all(set, h.registry, all);
		else
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
	etc = history_etc(buf, sizeof(buf));
	if (etc == NULL)
		return CLI_EX_USAGE;
	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(q, etc);
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
		{ "triggers", &q.path }, { "data", &q.data },
		{ "from", &q.from },	 { "to", &q.to },
		{ "area", &q.area },	 { "marks", &q.marks },
		{ NULL, NULL },
	};
	static const char *const lists[] = { "advise", "explain", "list",
					     "score", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&q.client, &command, argc, argv, &q);
}
