/*
 * tocsin trigger: list, test and explain the rules.
 */
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/history.h"
#include "daemon/cli/replay.h"
#include "daemon/desk/evidence.h"
#include "daemon/desk/weigh.h"

static const char help[] =
	"Usage: tocsin trigger list [--json] [--triggers PATH]\n"
	"       tocsin trigger test [PATH]...\n"
	"       tocsin trigger explain AREA DATE --data DIR [--triggers PATH]\n"
	"\n"
	"list prints the triggers and what they listen to; test checks files "
	"or\n"
	"folders and names every mistake; explain says what each trigger made\n"
	"of an area on a day of a data set (areas.csv, sites.csv, "
	"counts.csv):\n"
	"what each kind contributed, how complete the reports were, and what\n"
	"was missing for the next colour.\n";

struct request {
	const char *path; /* NULL = the shipped ones */
	const char *data;
	bool json;
};

static void
say_conf(void *arg, const char *message)
{
	(void)arg;
	fprintf(stderr, "tocsin: %s\n", message);
}

static void
say(void *arg, bool error, const char *message)
{
	(void)arg;
	fprintf(stderr, "tocsin: %s%s\n", error ? "" : "warning: ", message);
}

static struct trigger_set *
load(const struct request *q, const char *etc, const struct registry *r)
{
	char shipped[PATH_MAX];
	const char *const paths[] = { q->path != NULL ? q->path : shipped };

	snprintf(shipped, sizeof(shipped), "%s/triggers.d", etc);
	return trigger_load(paths, 1, r, say_conf, NULL);
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

static json_t *
describe(const struct trigger *t, const struct registry *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:s, s:s,"
			 " s:o, s:o}",
			 "name", t->name, "title", t->title, "title_zh",
			 t->title_zh, "rule", trigger_rule_str(t->rule), "budget",
			 t->statutory ? json_null() : json_real(t->budget),
			 "levels", levels_of(t), "window_days", t->window,
			 "quiet_days", t->quiet_days, "basis", t->basis, "file",
			 t->where, "indicators", indicators_of(t, r), "kinds",
			 kinds_of(t, r));
}

static void
print_list(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("%s%s", i > 0 ? " " : "",
		       json_string_value(json_array_get(list, i)));
}

static int
list(const struct request *q, const char *etc)
{
	struct trigger_set *set = NULL;
	struct history h;
	json_t *all = json_array();
	int rc = history_vocabulary(&h, etc, say, NULL);

	if (rc == 0)
		set = load(q, etc, h.registry);
	for (size_t i = 0; set != NULL && i < set->n; i++) {
		json_t *t = describe(&set->at[i], h.registry);

		json_array_append_new(all, t);
		if (q->json)
			continue;
		printf("%-22s %-10s %-8s ", set->at[i].name,
		       trigger_rule_str(set->at[i].rule),
		       set->at[i].statutory ? "by norm" : "");
		if (!set->at[i].statutory)
			printf("budget %-5g ", set->at[i].budget);
		print_list(json_object_get(t, "levels"));
		printf("\n    %s\n", set->at[i].title);
	}
	if (set != NULL && q->json) {
		json_dumpf(all, stdout, JSON_INDENT(1));
		putchar('\n');
	}
	json_decref(all);
	rc = set == NULL ? CLI_EX_USAGE : cli_finish();
	trigger_free(&set);
	history_free(&h);
	return rc;
}

static int
test(int n, char **paths, const char *etc)
{
	struct request q = { 0 };
	int rc = 0;

	for (int i = 0; i < n || i == 0; i++) {
		struct trigger_set *set = NULL;
		struct history h;

		q.path = i < n ? paths[i] : NULL;
		if (history_vocabulary(&h, etc, say, NULL) == 0)
			set = load(&q, etc, h.registry);
		if (set == NULL)
			rc = CLI_EX_USAGE;
		else
			printf("%s: %zu trigger%s, no mistake\n",
			       q.path != NULL ? q.path : "triggers.d", set->n,
			       set->n == 1 ? "" : "s");
		trigger_free(&set);
		history_free(&h);
	}
	return rc != 0 ? rc : cli_finish();
}

static void
explain_next(const struct trigger *t, const struct calib *c,
	     const struct weighing *g)
{
	enum colour next = g->colour + 1;

	if (g->colour == COLOUR_RED)
		return;
	if (g->earned > g->colour) {
		printf("  for %s it lacks points: it has %zu\n",
		       colour_str(next), g->points);
		return;
	}
	printf("  for %s it lacks rarity: %.3g years needed, p %.2g or less\n",
	       colour_str(next), trigger_interval(t, next),
	       calib_p(c, 1 / trigger_interval(t, next)));
}

static void
explain_cases(const struct trigger *t, const struct weighing *g)
{
	printf("  cases within %d days: %g", t->window, g->cases);
	if (t->rule == RULE_PERCENTILE)
		printf(", limit %g (percentile %g)", g->limit, t->percentile);
	putchar('\n');
	for (size_t i = 0; i < t->steps; i++)
		printf("  %s from %g cases\n", colour_str(t->step[i].colour),
		       t->step[i].cases);
}

/* The group of areas that the rule found. */
static void
explain_group(const struct trigger *t, const struct registry *r,
	      const struct weighing *g)
{
	uint32_t c = registry_area_at(r, g->area)->first_child;

	if (g->group_n == 0)
		return;
	printf("  group:");
	for (size_t i = 0; c != REG_NONE && i < WEIGH_MAX_PLACES; i++) {
		if (weigh_in_group(g, i))
			printf(" %s", registry_area_at(r, c)->code);
		c = registry_area_at(r, c)->next_sibling;
	}
	if (t->rule == RULE_SCAN)
		printf(", score %.4g", g->score);
	putchar('\n');
}

static void
explain_one(const struct trigger *t, struct judge *judge,
	    const struct registry *r, struct scale *scale, uint32_t area,
	    int32_t day)
{
	const struct calib *c =
		trigger_calib(t, registry_area_at(r, area)->level);
	struct weighing g;

	weigh(scale, t, area, REG_NONE, day, &g);
	printf("%s: %s\n", t->name,
	       g.colour == COLOUR_NONE ? "no signal" : colour_str(g.colour));
	printf("  reports in: %.0f%%\n",
	       100 * evidence_coverage(judge, r, t, &g));
	if (t->statutory) {
		explain_cases(t, &g);
		return;
	}
	for (size_t k = 0; k < g.kinds; k++)
		printf("  %-18s p %-9.3g %zu series\n",
		       registry_kind_at(r, g.kind[k].kind)->code, g.kind[k].p,
		       g.kind[k].streams);
	if (isnan(g.p)) {
		puts("  nothing is known: no series, or all are learning");
		return;
	}
	explain_group(t, r, &g);
	printf("  all together       p %.3g, once in %.3g years, %zu points\n",
	       g.p, calib_interval(c, g.p), g.points);
	explain_next(t, c, &g);
}

static int
refuse_events(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return -1;
}

static int
explain_all(const struct history *h, const struct trigger_set *set,
	    const char *area_code, int32_t day)
{
	uint32_t area = registry_area(h->registry, area_code, strlen(area_code));
	const char *near =
		registry_near_area(h->registry, area_code, strlen(area_code));
	struct replay *r;
	struct scale *scale = NULL;
	unsigned level;

	if (area == REG_NONE) {
		cli_error("unknown area \"%.64s\"%s%s", area_code,
			  near != NULL ? ", did you mean " : "",
			  near != NULL ? near : "");
		return CLI_EX_USAGE;
	}
	r = replay_new(h, set, refuse_events, NULL);
	if (r != NULL)
		scale = weigh_new(h->registry, replay_judge(r));
	if (scale == NULL) {
		replay_free(&r);
		return CLI_EX_FAILURE;
	}
	replay_receive(r, day);
	level = registry_area_at(h->registry, area)->level;
	for (size_t t = 0; t < set->n; t++) {
		if ((set->at[t].levels >> level & 1) != 0)
			explain_one(&set->at[t], replay_judge(r), h->registry,
				    scale, area, day);
	}
	weigh_free(&scale);
	replay_free(&r);
	return cli_finish();
}

static int
explain(const struct request *q, const char *etc, const char *area,
	const char *date)
{
	int32_t day = day_parse(date, strlen(date));
	struct trigger_set *set;
	struct history h;
	int rc;

	if (day == DAY_NONE || q->data == NULL) {
		cli_error(day == DAY_NONE ? "'%.40s' is no date like 2020-02-29"
					  : "explain %.40s needs --data DIR",
			  date);
		return CLI_EX_USAGE;
	}
	rc = history_read(&h, etc, q->data, say, NULL);
	set = rc < 0 ? NULL : load(q, etc, h.registry);
	rc = set == NULL ? CLI_EX_USAGE : explain_all(&h, set, area, day);
	trigger_free(&set);
	history_free(&h);
	return rc;
}

/* 0, CLI_EX_USAGE, or -1 for the help. */
static int
read_words(int argc, char **argv, struct request *q)
{
	static const struct option options[] = {
		{ "triggers", required_argument, NULL, 't' },
		{ "data", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return -1;
		if (c == 't')
			q->path = optarg;
		else if (c == 'd')
			q->data = optarg;
		else if (c == 'j')
			q->json = true;
		else
			return CLI_EX_USAGE;
	}
	return 0;
}

int
cli_trigger(int argc, char **argv)
{
	struct request q = { 0 };
	char buf[PATH_MAX];
	const char *etc = history_etc(buf, sizeof(buf));
	int rc = read_words(argc, argv, &q), n = argc - optind;
	char **word = argv + optind;

	if (rc < 0) {
		fputs(help, stdout);
		return cli_finish();
	}
	if (etc == NULL) {
		cli_error("kinds.csv and triggers.d are neither beside the"
			  " program nor in /etc/tocsin; set TOCSIN_ETC");
		return CLI_EX_USAGE;
	}
	if (rc == 0 && n == 1 && strcmp(word[0], "list") == 0)
		return list(&q, etc);
	if (rc == 0 && n >= 1 && strcmp(word[0], "test") == 0)
		return test(n - 1, word + 1, etc);
	if (rc == 0 && n == 3 && strcmp(word[0], "explain") == 0)
		return explain(&q, etc, word[1], word[2]);
	fputs(help, stderr);
	return CLI_EX_USAGE;
}
