/*
 * tocsin trigger advise: what people found behind the alerts, and what that
 * says of the triggers' budgets.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/trigger_explain.h"
#include "daemon/console/telling.h"

enum { PATH_BYTES = 512, CELL = 32, BUDGETS = 3, INDENT = 2 };

static int
whole(const json_t *row, const char *key)
{
	return (int)json_integer_value(json_object_get(row, key));
}

/* Of which alerts a row of figures is. */
static const char *
name_of(const struct client *c, const json_t *row)
{
	static const char *const quarters[] = { "advise.quarter_a",
						"advise.quarter_b",
						"advise.quarter_c",
						"advise.quarter_d" };
	int quarter = whole(row, "quarter");

	if (quarter >= 1 && quarter <= 4)
		return client_say(c, quarters[quarter - 1]);
	if (client_text(row, "level")[0] != '\0')
		return client_word(c, "level", client_text(row, "level"));
	if (client_text(row, "area_name")[0] != '\0')
		return alert_area_name(c, row);
	return client_say(c, "advise.all");
}

static void
add_row(const struct client *c, struct grid *g, const json_t *row)
{
	const json_t *budgets = json_object_get(row, "budgets"), *b;
	char closed[CELL], found[CELL], kept[BUDGETS][CELL] = { "" };
	size_t i;

	snprintf(closed, sizeof(closed), "%d", whole(row, "closed"));
	snprintf(found, sizeof(found), "%d", whole(row, "outbreaks"));
	json_array_foreach (budgets, i, b) {
		if (i < BUDGETS)
			snprintf(kept[i], CELL, "%d + %d", whole(b, "others"),
				 whole(b, "outbreaks"));
	}
	grid_add(g, (const char *[]){ name_of(c, row), closed, found, kept[0],
				      kept[1], kept[2] });
}

/* Budgets across, all and each group down; false: there is nothing. */
static bool
print_table(const struct client *c, const json_t *one)
{
	const json_t *budgets = json_object_get(one, "budgets"), *b, *row;
	char head[BUDGETS][2 * CELL];
	struct grid *g;
	size_t i;

	json_array_foreach (budgets, i, b) {
		if (i < BUDGETS)
			snprintf(head[i], sizeof(head[i]), ">%s %.4g",
				 client_say(c, "cli.budget"),
				 json_number_value(
					 json_object_get(b, "budget")));
	}
	if (i != BUDGETS || whole(one, "closed") == 0)
		return false;
	g = grid_new((const char *[]){ client_say(c, "advise.of"),
				       client_say(c, "score.closed"),
				       client_say(c, "score.confirmed"),
				       head[0], head[1], head[2], NULL });
	if (g == NULL)
		return false;
	add_row(c, g, one);
	json_array_foreach (json_object_get(one, "groups"), i, row)
		add_row(c, g, row);
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
	return true;
}

/* Did it have a table? */
static bool
print_one(const struct client *c, const json_t *one)
{
	const json_t *line;
	bool table;
	size_t i;

	printf("\n%s: %s\n", client_text(one, "trigger"),
	       telling_in(c->lang, one, "title"));
	table = print_table(c, one);
	json_array_foreach (json_object_get(one, "words"), i, line)
		alert_print_indented(json_string_value(line), INDENT);
	return table;
}

static void
print_all(const struct client *c, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "triggers"), *one;
	bool tables = false;
	size_t i;

	printf("%s .. %s\n", client_text(reply, "from"),
	       client_text(reply, "to"));
	json_array_foreach (all, i, one)
		tables = print_one(c, one) || tables;
	if (!tables && json_array_size(all) > 0)
		return;
	putchar('\n');
	alert_print_wrapped(
		client_say(c, tables ? "advise.hint" : "advise.nothing"));
}

int
trigger_advise(const struct trigger_request *q, const char *name)
{
	const struct client *c = &q->client;
	char path[PATH_BYTES] = "/api/v1/advice";
	json_t *reply = NULL;
	int rc;

	client_query(path, sizeof(path), "trigger", name);
	client_query(path, sizeof(path), "area", q->area);
	client_query(path, sizeof(path), "from", q->from);
	client_query(path, sizeof(path), "to", q->to);
	client_query(path, sizeof(path), "lang", catalogue_language_str(c->lang));
	rc = client_get(c, path, &reply);
	if (rc == 0 && c->json)
		rc = client_print_json(reply);
	else if (rc == 0 && c->csv)
		rc = client_print_csv(&sheet_advice, reply);
	else if (rc == 0)
		print_all(c, reply);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}
