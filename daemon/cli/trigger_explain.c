/*
 * tocsin trigger explain: why it rang, or why not, from the daemon or from a
 * data set.
 */
#include "daemon/cli/trigger_explain.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/history.h"
#include "daemon/cli/replay.h"
#include "daemon/console/telling.h"
#include "daemon/console/why.h"
#include "daemon/desk/account.h"
#include "daemon/desk/weigh.h"
#include "daemon/judge/calendar.h"

enum { PATH_BYTES = 512 };

/* Does anybody report what the trigger listens to? */
static bool
is_heard(const json_t *account)
{
	return json_integer_value(json_object_get(account, "streams")) > 0;
}

/* The first line of each trigger, its reasons indented below; only a terminal
   has them wrapped. */
static void
print_words(const json_t *words)
{
	const json_t *line;
	size_t i;

	json_array_foreach (words, i, line) {
		if (grid_is_terminal())
			alert_print_indented(json_string_value(line),
					     i > 0 ? 2 : 0);
		else
			printf("%s%s\n", i > 0 ? "  " : "",
			       json_string_value(line));
	}
}

/* Those that hear nothing here in one sentence. */
static void
print_rest(const struct client *c, const json_t *triggers)
{
	char names[4096] = "", line[4352];
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach (triggers, i, one) {
		if (is_heard(one) || n >= sizeof(names))
			continue;
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
				      n > 0 ? client_say(c, "list.comma") : "",
				      telling_in(c->lang, one, "title"));
	}
	if (n == 0)
		return;
	alert_print_wrapped(catalogue_format(
		c->catalogue, c->lang, "why.rest", line, sizeof(line),
		(const char *[]){ "triggers", names, NULL }));
}

static int
print_all(const struct trigger_request *q, const json_t *reply)
{
	const json_t *triggers = json_object_get(reply, "triggers"), *one;
	size_t i;

	if (q->client.json)
		return client_print_json(triggers);
	if (q->client.csv)
		return client_print_csv(&sheet_explain, reply);
	if (json_array_size(triggers) == 0)
		puts(client_say(&q->client, "why.no_trigger"));
	json_array_foreach (triggers, i, one) {
		if (is_heard(one))
			print_words(json_object_get(one, "words"));
	}
	print_rest(&q->client, triggers);
	return cli_finish();
}

int
trigger_explain_live(const struct trigger_request *q, const char *area,
		     const char *date)
{
	char path[PATH_BYTES] = "/api/v1/explain";
	json_t *reply = NULL;
	int rc;

	if (q->path != NULL || q->marks != NULL || q->calendar != NULL) {
		cli_error(
			"the daemon has its own triggers, marks and "
			"calendar; --triggers, --marks and --calendar go with "
			"--data");
		return CLI_EX_USAGE;
	}
	client_query(path, sizeof(path), "area", area);
	client_query(path, sizeof(path), "day", date);
	client_query(path, sizeof(path), "lang",
		     catalogue_language_str(q->client.lang));
	rc = client_get(&q->client, path, &reply);
	if (rc == 0)
		rc = print_all(q, reply);
	json_decref(reply);
	return rc;
}

static int
refuse_events(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return -1;
}

static int
explain_area(const struct trigger_request *q, const struct account_env *known,
	     const struct history *h, uint32_t area, int32_t day)
{
	struct replay *r = replay_new(h, known->triggers, refuse_events, NULL);
	struct account_env env = *known;
	char date[DAY_TEXT_BYTES];
	json_t *triggers, *one, *reply;
	size_t i;
	int rc = CLI_EX_FAILURE;

	if (r == NULL)
		return rc;
	replay_set_marks(r, known->marks);
	replay_receive(r, day);
	env.judge = replay_judge(r);
	weigh_share_out(env.triggers, h->registry, env.judge);
	triggers = account_day(&env, area, day);
	json_array_foreach (triggers, i, one)
		json_object_set_new(one, "words",
				    why_words(q->client.catalogue,
					      q->client.lang, h->registry, one));
	reply = json_pack("{s:s, s:s, s:o}", "area",
			  registry_area_at(h->registry, area)->code, "day",
			  day_format(day, date), "triggers", triggers);
	if (reply != NULL)
		rc = print_all(q, reply);
	json_decref(reply);
	replay_free(&r);
	return rc;
}

/* The same with the marks of the file, if there is one. */
static int
explain_marked(const struct trigger_request *q, const struct history *h,
	       struct trigger_set *set, uint32_t area, int32_t day)
{
	struct marks marks = { 0 };
	const struct account_env known = { .registry = h->registry,
					   .triggers = set,
					   .marks = &marks };
	int rc = CLI_EX_USAGE;

	if (q->marks == NULL ||
	    mark_read_csv(&marks, h->registry, q->marks, history_say, NULL) >= 0)
		rc = explain_area(q, &known, h, area, day);
	mark_free_all(&marks);
	return rc;
}

/* Does the data set reach to that day? */
static bool
is_covered(const struct history *h, int32_t day)
{
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];

	if (h->n == 0)
		cli_error("the data set has no counts");
	else if (day < h->first_received || day > h->last_received)
		cli_error("the data set goes from %s to %s",
			  day_format(h->first_received, first),
			  day_format(h->last_received, last));
	else
		return true;
	return false;
}

int
trigger_explain_files(const struct trigger_request *q, const char *etc,
		      const char *code, const char *date)
{
	int32_t day = day_parse(date, strlen(date));
	struct trigger_set *set = NULL;
	struct calendar *calendar = NULL;
	const char *near, *path = q->calendar;
	struct history h;
	uint32_t area;
	int rc = CLI_EX_USAGE;

	if (day == DAY_NONE) {
		cli_error("'%.40s' is no date like 2020-02-29", date);
		return rc;
	}
	if (path != NULL)
		calendar = calendar_load(&path, 1, NULL, history_say_conf, NULL);
	if (path != NULL && calendar == NULL)
		return rc;
	if (history_read(&h, etc, q->data, history_say, NULL) >= 0) {
		registry_set_calendar(h.registry, calendar);
		set = trigger_read(q, etc, h.registry);
	}
	area = set == NULL ? REG_NONE
			   : registry_area(h.registry, code, strlen(code));
	if (set != NULL && area == REG_NONE) {
		near = registry_near_area(h.registry, code, strlen(code));
		cli_error("unknown area \"%.64s\"%s%s", code,
			  near != NULL ? ", did you mean " : "",
			  near != NULL ? near : "");
	} else if (set != NULL && is_covered(&h, day)) {
		rc = explain_marked(q, &h, set, area, day);
	}
	trigger_free(&set);
	history_free(&h);
	calendar_free(&calendar);
	return rc;
}
