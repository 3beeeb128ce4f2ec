/*
 * tocsin area, site and counts: what is sent to the daemon as a table, and
 * the lists of what it knows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/site_show.h"

enum { MAX_FILE_BYTES = 64 * 1024 * 1024, PATH_BYTES = 1024 };

struct places {
	struct client client;
	const char *area, *kind, *state;
	const char *verb, *file;
};

static const char area_help[] =
	"Usage: tocsin area import FILE.csv [OPTION]...\n"
	"       tocsin area list [--area CODE] [OPTION]...\n"
	"\n"
	"FILE.csv (- is standard input) has columns area, parent, level, "
	"name\n"
	"and perhaps population, lat, lon, name_zh; level is nation, "
	"province,\n"
	"city, county or township. Known areas are changed.\n" CLIENT_HELP;

static const char site_help[] =
	"Usage: tocsin site import FILE.csv [OPTION]...\n"
	"       tocsin site list [--area CODE] [--kind KIND] [--state STATE]\n"
	"                        [OPTION]...\n"
	"       tocsin site show SITE [OPTION]...\n"
	"\n"
	"FILE.csv (- is standard input) has columns site, kind, area and\n"
	"perhaps name, period (day or week), reports_on (daily, workdays,\n"
	"schooldays, weekly, unscheduled), phone, gateway, zone (its time "
	"zone, as\n"
	"Asia/Shanghai), withdrawn (yes), calendar (its own, as us). Known "
	"sites are\n"
	"changed.\n"
	"\n"
	"list shows how each site reports: new, on-time, late, silent,\n"
	"back-filling or withdrawn, and how many due reports are missing in "
	"a row. show tells more of one site, also what day it is there.\n"
	"\n"
	"tocsin site add --help tells of invitations, keys and "
	"tokens.\n" CLIENT_HELP;

static const char counts_help[] =
	"Usage: tocsin counts post FILE [OPTION]...\n"
	"\n"
	"Posts counts and returns when they are committed. FILE is CSV with\n"
	"columns date, site, indicator, count and perhaps denominator, "
	"stratum,\n"
	"revision; or JSON, where its name ends in .json. - is standard "
	"input,\n"
	"as CSV. Exit status 65: some rows were refused; they are "
	"listed.\n" CLIENT_HELP;

static char *
read_all(const char *path, size_t *len)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = f != NULL ? malloc(MAX_FILE_BYTES + 1) : NULL;
	int failed = f == NULL;

	*len = 0;
	if (text != NULL) {
		*len = fread(text, 1, MAX_FILE_BYTES + 1, f);
		failed = ferror(f);
	}
	if (failed)
		cli_error("%s: %s", path, strerror(errno));
	else if (text == NULL)
		cli_error("out of memory");
	else if (*len > MAX_FILE_BYTES)
		cli_error("%s: larger than 64 MiB; post it in parts", path);
	if (f != NULL && f != stdin)
		fclose(f);
	if (failed || *len > MAX_FILE_BYTES) {
		free(text);
		text = NULL;
	}
	return text;
}

static int
post_file(const struct places *p, const char *path, json_t **reply)
{
	size_t name = strlen(p->file);
	bool json = name > 5 && strcmp(p->file + name - 5, ".json") == 0;
	struct client_request req = { .method = "POST", .path = path };
	char *text = read_all(p->file, &req.len);
	int rc;

	*reply = NULL;
	if (text == NULL)
		return CLI_EX_USAGE;
	req.body = text;
	req.type = json ? "application/json" : "text/csv";
	rc = client_call(&p->client, &req, reply);
	free(text);
	return rc;
}

static int
import_table(const struct places *p, const char *path)
{
	json_t *reply;
	int rc = post_file(p, path, &reply);

	if (rc == 0 && p->client.json)
		rc = client_print_json(reply);
	else if (rc == 0)
		printf("%lld added, %lld changed\n",
		       (long long)json_integer_value(
			       json_object_get(reply, "added")),
		       (long long)json_integer_value(
			       json_object_get(reply, "changed")));
	json_decref(reply);
	return rc;
}

static int
post_counts(const struct places *p)
{
	json_t *reply, *row;
	const json_t *refused, *hint;
	json_int_t total, named;
	int rc = post_file(p, "/api/v1/counts", &reply);
	size_t i;

	if (rc != 0) {
		json_decref(reply);
		return rc;
	}
	refused = json_object_get(reply, "refused");
	named = (json_int_t)json_array_size(refused);
	total = json_integer_value(json_object_get(reply, "refused_total"));
	if (p->client.json)
		client_print_json(reply);
	else
		printf("%lld accepted, %lld refused\n",
		       (long long)json_integer_value(
			       json_object_get(reply, "accepted")),
		       (long long)total);
	json_array_foreach (refused, i, row)
		cli_error("%s: count %lld: %s", p->file,
			  (long long)json_integer_value(
				  json_object_get(row, "at")) +
				  1,
			  client_text(row, "detail"));
	if (total > named)
		cli_error("%s: and %lld more, which are not named", p->file,
			  (long long)(total - named));
	hint = json_object_get(reply, "hint");
	if (hint != NULL)
		cli_error("%s: %s", p->file, json_string_value(hint));
	rc = total > 0 || hint != NULL ? CLI_EX_DATA : 0;
	json_decref(reply);
	return rc;
}

static void
add_areas(const struct client *c, struct grid *g, const json_t *list)
{
	bool zh = c->lang == CATALOGUE_ZH;
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		const json_t *n = json_object_get(row, "population");
		const char *name_zh = client_text(row, "name_zh");
		char population[32] = "";

		if (json_is_number(n))
			snprintf(population, sizeof(population), "%.0f",
				 json_number_value(n));
		grid_add(g, (const char *[]){
				    client_text(row, "area"),
				    client_text(row, "level"),
				    zh && name_zh[0] != '\0'
					    ? name_zh
					    : client_text(row, "name"),
				    client_text(row, "parent"), population });
	}
}

static void
add_sites(const struct client *c, struct grid *g, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		char state[64];

		grid_add(g, (const char *[]){
				    client_text(row, "site"),
				    client_text(row, "kind"),
				    client_text(row, "area"),
				    site_state(c, row, state, sizeof(state)),
				    client_text(row, "last_day"),
				    client_text(row, "name") });
	}
}

static int
list_all(const struct places *p, const struct sheet *sheet, struct grid *g,
	 void (*add)(const struct client *, struct grid *, const json_t *))
{
	const char *what = sheet->list[0];
	char path[PATH_BYTES];
	json_t *all;
	int rc;

	snprintf(path, sizeof(path), "/api/v1/%s", what);
	client_query(path, sizeof(path), "area", p->area);
	client_query(path, sizeof(path), "kind", p->kind);
	client_query(path, sizeof(path), "state", p->state);
	rc = client_get_all(&p->client, path, sizeof(path), what, &all);
	if (rc == 0 && p->client.json) {
		rc = client_print_json(all);
	} else if (rc == 0 && p->client.csv) {
		rc = client_print_rows(sheet, all);
	} else if (rc == 0) {
		add(&p->client, g, all);
		grid_print(g, stdout, grid_terminal());
	}
	json_decref(all);
	return rc;
}

static int
list_areas(const struct places *p)
{
	struct grid *g = grid_new((const char *[]){
		"area", "level", "name", "parent", ">population", NULL });
	int rc = g != NULL ? list_all(p, &sheet_areas, g, add_areas)
			   : CLI_EX_FAILURE;

	grid_free(&g);
	return rc;
}

static int
list_sites(const struct places *p)
{
	struct grid *g = grid_new((const char *[]){
		"site", "kind", "area", "state", "last report", "name", NULL });
	int rc = g != NULL ? list_all(p, &sheet_sites, g, add_sites)
			   : CLI_EX_FAILURE;

	grid_free(&g);
	return rc;
}

/* What a verb without its file, or an unknown one, is told. */
static int
usage(const char *command, const char *verbs)
{
	cli_error("%s: wanted %s; try 'tocsin %s --help'", command, verbs,
		  command);
	return CLI_EX_USAGE;
}

/* A verb and a file, or the verb alone. */
static int
take_words(struct places *p, int n, char **word)
{
	p->verb = n > 0 ? word[0] : "";
	p->file = n > 1 ? word[1] : NULL;
	if (n <= 2)
		return 0;
	cli_error("one file at a time; '%s' is too much", word[2]);
	return -1;
}

static int
run(int argc, char **argv, const char *help,
    int (*work)(void *arg, int n, char **word))
{
	struct places p = { 0 };
	const struct client_own own[] = {
		{ "area", &p.area },
		{ "kind", &p.kind },
		{ "state", &p.state },
		{ NULL, NULL },
	};
	static const char *const lists[] = { "list", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&p.client, &command, argc, argv, &p);
}

static int
work_area(void *arg, int n, char **word)
{
	struct places *p = arg;

	if (take_words(p, n, word) < 0)
		return CLI_EX_USAGE;
	if (strcmp(p->verb, "import") == 0 && p->file != NULL)
		return import_table(p, "/api/v1/areas");
	if (strcmp(p->verb, "list") == 0 && p->file == NULL)
		return list_areas(p);
	return usage("area", "'import FILE.csv' or 'list'");
}

static int
work_site(void *arg, int n, char **word)
{
	struct places *p = arg;

	if (take_words(p, n, word) < 0)
		return CLI_EX_USAGE;
	if (strcmp(p->verb, "import") == 0 && p->file != NULL)
		return import_table(p, "/api/v1/sites");
	if (strcmp(p->verb, "list") == 0 && p->file == NULL)
		return list_sites(p);
	if (strcmp(p->verb, "show") == 0 && p->file != NULL)
		return site_show(&p->client, p->file);
	return usage("site", "'import FILE.csv', 'list', 'show SITE', 'add "
			     "SITE', 'key SITE' or 'token SITE'");
}

static int
work_counts(void *arg, int n, char **word)
{
	struct places *p = arg;

	if (take_words(p, n, word) < 0)
		return CLI_EX_USAGE;
	if (strcmp(p->verb, "post") == 0 && p->file != NULL)
		return post_counts(p);
	return usage("counts", "'post FILE'");
}

int
cli_area(int argc, char **argv)
{
	return run(argc, argv, area_help, work_area);
}

int
cli_site(int argc, char **argv)
{
	if (argc > 1 &&
	    (strcmp(argv[1], "add") == 0 || strcmp(argv[1], "key") == 0 ||
	     strcmp(argv[1], "token") == 0))
		return cli_site_access(argc, argv);
	return run(argc, argv, site_help, work_site);
}

int
cli_counts(int argc, char **argv)
{
	return run(argc, argv, counts_help, work_counts);
}
