/*
 * tocsin trigger score: how often each trigger rang, how fast people
 * answered, and what they found.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/alert_show.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/trigger_explain.h"

enum { PATH_BYTES = 256, CELL = 32 };

/* A number of the reply by a format; "-" for null. */
static const char *
figure(const json_t *row, const char *key, const char *format, double times,
       char buf[CELL])
{
	const json_t *n = json_object_get(row, key);

	if (json_is_number(n))
		snprintf(buf, CELL, format, json_number_value(n) * times);
	else
		snprintf(buf, CELL, "-");
	return buf;
}

static void
add_row(const struct client *c, struct grid *g, const json_t *row)
{
	const char *zh = client_text(row, "title_zh");
	double opened = json_number_value(json_object_get(row, "opened"));
	double answered =
		json_number_value(json_object_get(row, "acknowledged"));
	char n[CELL], rate[CELL], budget[CELL], share[CELL] = "-", wait[CELL],
						closed[CELL], confirmed[CELL];

	if (opened > 0)
		snprintf(share, sizeof(share), "%.0f%%", 100 * answered / opened);
	grid_add(g, (const char *[]){
			    c->lang == CATALOGUE_ZH && zh[0] != '\0'
				    ? zh
				    : client_text(row, "trigger"),
			    figure(row, "opened", "%.0f", 1, n),
			    figure(row, "per_area_year", "%.2g", 1, rate),
			    figure(row, "budget", "%.3g", 1, budget), share,
			    figure(row, "median_minutes", "%.0f", 1, wait),
			    figure(row, "closed", "%.0f", 1, closed),
			    figure(row, "confirmed", "%.0f%%", 100, confirmed) });
}

int
trigger_score(const struct trigger_request *q)
{
	const struct client *c = &q->client;
	char path[PATH_BYTES] = "/api/v1/scorecard";
	json_t *reply = NULL, *row;
	struct grid *g = NULL;
	size_t i;
	int rc;

	client_query(path, sizeof(path), "from", q->from);
	client_query(path, sizeof(path), "to", q->to);
	rc = client_get(c, path, &reply);
	if (rc == 0 && c->json)
		rc = client_print_json(reply);
	else if (rc == 0 && c->csv)
		rc = client_print_csv(&sheet_scorecard, reply);
	else if (rc == 0)
		g = grid_new((const char *[]){ client_say(c, "cli.trigger"),
					       client_say(c, "score.opened"),
					       client_say(c, "score.rate"),
					       client_say(c, "score.budget"),
					       client_say(c, "score.answered"),
					       client_say(c, "score.minutes"),
					       client_say(c, "score.closed"),
					       client_say(c, "score.confirmed"),
					       NULL });
	json_array_foreach (json_object_get(reply, "triggers"), i, row) {
		if (g != NULL)
			add_row(c, g, row);
	}
	if (g != NULL) {
		printf("%s .. %s\n", client_text(reply, "from"),
		       client_text(reply, "to"));
		grid_print(g, stdout, grid_terminal());
		alert_print_wrapped(client_say(c, "score.hint"));
	}
	grid_free(&g);
	json_decref(reply);
	return rc != 0 ? rc : cli_finish();
}
