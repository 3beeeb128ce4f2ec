/*
 * tocsin series: what a site or an area has reported and how it was judged.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"

enum { PATH_BYTES = 1024, SPARK_MAX = 800 };

struct ask {
	struct client client;
	const char *site, *indicator, *stratum, *area, *kind, *from, *to;
	const char *as_of;
};

static const char help[] =
	"Usage: tocsin series show SITE INDICATOR [OPTION]...\n"
	"       tocsin series show --area CODE --kind KIND INDICATOR "
	"[OPTION]...\n"
	"       tocsin series list [--area CODE] [--kind KIND] [OPTION]...\n"
	"\n"
	"Shows the counts of a series (or the sum of a kind in an area) with\n"
	"what was expected, the limit and the verdict. A period without a\n"
	"report shows as -.\n"
	"\n"
	"  --from DATE, --to DATE   the 84 periods up to today by default\n"
	"  --stratum NAME           an age group or sex\n"
	"  --as-of DATE             the counts as they were known at the end\n"
	"                           of that day\n" CLIENT_HELP;

static void
number(const json_t *point, const char *key, char *buf, size_t cap)
{
	const json_t *v = json_object_get(point, key);

	if (json_is_integer(v))
		snprintf(buf, cap, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v) && strcmp(key, "p") == 0)
		snprintf(buf, cap, "%.2g", json_real_value(v));
	else if (json_is_real(v))
		snprintf(buf, cap, "%.1f", json_real_value(v));
	else
		snprintf(buf, cap, "-");
}

/* The whole span as one line of blocks; a gap where nothing was reported. */
static void
print_spark(const json_t *points)
{
	static const char *const block[] = { "▁", "▂", "▃", "▄",
					     "▅", "▆", "▇", "█" };
	size_t n = json_array_size(points), width = grid_terminal();
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, json_number_value(json_object_get(
					  json_array_get(points, i), "count")));
	for (size_t i = n > width ? n - width : 0; i < n; i++) {
		const json_t *v =
			json_object_get(json_array_get(points, i), "count");
		double x = json_number_value(v);

		if (!json_is_number(v))
			putchar(' ');
		else
			fputs(block[most > 0 ? (int)(x / most * 7) : 0], stdout);
	}
	putchar('\n');
}

/* "alert", "unknown: learning", "normal, by 7 peers". */
static void
say_verdict(const struct client *c, const json_t *point, char *buf, size_t cap)
{
	const char *word = client_word(c, "verdict", client_text(point, "level"));
	const json_t *from = json_object_get(point, "borrowed");
	const char *reason = client_text(point, "reason");
	const char *mark = client_text(point, "mark");
	char peers[24];

	if (mark[0] != '\0')
		reason = client_word(c, "mark", mark);
	snprintf(peers, sizeof(peers), "%lld",
		 (long long)json_integer_value(json_object_get(from, "peers")));
	if (json_is_object(from))
		catalogue_format(
			c->catalogue, c->lang, "verdict.by_peers", buf, cap,
			(const char *[]){ "verdict", word, "n", peers, NULL });
	else
		snprintf(buf, cap, "%s%s%s", word,
			 reason[0] != '\0' ? ": " : "", reason);
}

static void
print_points(const struct client *c, const json_t *reply)
{
	const json_t *points = json_object_get(reply, "points"), *point;
	struct grid *g = grid_new((const char *[]){
		"day", ">count", ">expected", ">limit", ">p", "verdict", NULL });
	size_t i;

	if (g == NULL)
		return;
	json_array_foreach (points, i, point) {
		char count[32], expected[32], upper[32], p[32], verdict[96];

		number(point, "count", count, sizeof(count));
		number(point, "expected", expected, sizeof(expected));
		number(point, "upper", upper, sizeof(upper));
		number(point, "p", p, sizeof(p));
		say_verdict(c, point, verdict, sizeof(verdict));
		grid_add(g, (const char *[]){ client_text(point, "day"), count,
					      expected, upper, p, verdict });
	}
	print_spark(points);
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
}

static int
show(const struct ask *a)
{
	char path[PATH_BYTES] = "/api/v1/series/points";
	json_t *reply;
	int rc;

	client_query(path, sizeof(path), "site", a->site);
	client_query(path, sizeof(path), "area", a->area);
	client_query(path, sizeof(path), "kind", a->kind);
	client_query(path, sizeof(path), "indicator", a->indicator);
	client_query(path, sizeof(path), "stratum", a->stratum);
	client_query(path, sizeof(path), "from", a->from);
	client_query(path, sizeof(path), "to", a->to);
	client_query(path, sizeof(path), "as_of", a->as_of);
	rc = client_get(&a->client, path, &reply);
	if (rc == 0 && a->client.json)
		rc = client_print_json(reply);
	else if (rc == 0 && a->client.csv)
		rc = client_print_csv(&sheet_points, reply);
	else if (rc == 0)
		print_points(&a->client, reply);
	json_decref(reply);
	return rc;
}

static void
print_list(const json_t *all)
{
	struct grid *g = grid_new((const char *[]){
		"site", "indicator", "stratum", "kind", "area", NULL });
	const json_t *row;
	size_t i;

	if (g == NULL)
		return;
	json_array_foreach (all, i, row)
		grid_add(g, (const char *[]){ client_text(row, "site"),
					      client_text(row, "indicator"),
					      client_text(row, "stratum"),
					      client_text(row, "kind"),
					      client_text(row, "area") });
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
}

static int
list(const struct ask *a)
{
	char path[PATH_BYTES] = "/api/v1/series?limit=2000";
	json_t *all;
	int rc;

	client_query(path, sizeof(path), "area", a->area);
	client_query(path, sizeof(path), "kind", a->kind);
	rc = client_get_all(&a->client, path, sizeof(path), "series", &all);
	if (rc == 0 && a->client.json)
		rc = client_print_json(all);
	else if (rc == 0 && a->client.csv)
		rc = client_print_rows(&sheet_series, all);
	else if (rc == 0)
		print_list(all);
	json_decref(all);
	return rc;
}

static int
work(void *arg, int n, char **word)
{
	struct ask *a = arg;

	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(a);
	if (n == 3 && strcmp(word[0], "show") == 0) {
		a->site = word[1];
		a->indicator = word[2];
		return show(a);
	}
	if (n == 2 && strcmp(word[0], "show") == 0 && a->area != NULL) {
		a->indicator = word[1];
		return show(a);
	}
	cli_error("series: wanted 'show SITE INDICATOR' or 'list'; try "
		  "'tocsin series --help'");
	return CLI_EX_USAGE;
}

int
cli_series(int argc, char **argv)
{
	struct ask a = { 0 };
	const struct client_own own[] = {
		{ "area", &a.area },
		{ "kind", &a.kind },
		{ "stratum", &a.stratum },
		{ "from", &a.from },
		{ "to", &a.to },
		{ "as-of", &a.as_of },
		{ NULL, NULL },
	};
	static const char *const lists[] = { "list", "show", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&a.client, &command, argc, argv, &a);
}
