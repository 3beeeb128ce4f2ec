/*
 * tocsin backtest: what the triggers would have rung over a data set.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/history.h"
#include "daemon/cli/replay.h"
#include "daemon/cli/rung.h"
#include "daemon/judge/calendar.h"

static const char help[] =
	"Usage: tocsin backtest DIR [OPTION]...\n"
	"\n"
	"Plays the data set in DIR (areas.csv, sites.csv, counts.csv) to the\n"
	"triggers under the data's own clock and prints every alert event as\n"
	"one JSON object a line.\n"
	"\n"
	"  --triggers PATH  a file or a folder of triggers (may be given "
	"often;\n"
	"                   the shipped ones)\n"
	"  --calendar FILE  by which reports are expected and holidays known,\n"
	"                   such as etc/calendars/cn.conf (weekends only)\n"
	"  --marks FILE     days with a known reason, as CSV (tocsin mark "
	"list\n"
	"                   --csv), known from the start\n"
	"  --from DATE      first day that is weighed (the first received)\n"
	"  --to DATE        last day that is weighed (the last received)\n"
	"  --table          a table for people\n"
	"  --chart          a chart for people: a line a place, a letter "
	"where\n"
	"                   an alert opened\n"
	"  --svg FILE       writes the chart as a picture too\n"
	"  --csv            CSV for a spreadsheet or R, a row an event; "
	"column\n"
	"                   event says opened, grew, regraded or ended\n"
	"  --json           JSON (this is so anyway)\n"
	"  --lang LANG      of the table and the charts: en or zh-CN (from\n"
	"                   the locale)\n"
	"\n"
	"Exit status: 0; 65 when rows were bad (all are named, the good ones\n"
	"played); 2 for a wrong word or an unreadable file.\n";

struct request {
	const char *dir;
	struct replay_triggers triggers;
	const char *calendar, *marks;
	struct replay_conf conf;
	bool table, chart, csv;
	const char *svg;
	struct grid *grid; /* the table, while it grows */
	struct rung rung;  /* for the charts */
	struct catalogue *catalogue;
	enum catalogue_language lang;
};

static int
read_date(const char *option, const char *text, int32_t *out)
{
	*out = day_parse(text, strlen(text));
	if (*out != DAY_NONE)
		return 0;
	cli_error("--%s %.40s: no date like 2020-02-29", option, text);
	return CLI_EX_USAGE;
}

static int
read_option(struct request *q, int c)
{
	switch (c) {
	case 't':
		return replay_triggers_put(&q->triggers, optarg) < 0
			       ? CLI_EX_USAGE
			       : 0;
	case 'c':
		q->calendar = optarg;
		return 0;
	case 'm':
		q->marks = optarg;
		return 0;
	case 'f':
		return read_date("from", optarg, &q->conf.from);
	case 'u':
		return read_date("to", optarg, &q->conf.to);
	case 'T':
		q->table = true;
		return 0;
	case 'C':
		q->chart = true;
		return 0;
	case 'v':
		q->csv = true;
		return 0;
	case 's':
		q->svg = optarg;
		return 0;
	case 'j':
		return 0;
	case 'l':
		q->lang = catalogue_language(optarg);
		return 0;
	default:
		return CLI_EX_USAGE;
	}
}

static int
read_words(int argc, char **argv, struct request *q)
{
	static const struct option options[] = {
		{ "triggers", required_argument, NULL, 't' },
		{ "calendar", required_argument, NULL, 'c' },
		{ "marks", required_argument, NULL, 'm' },
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 'u' },
		{ "table", no_argument, NULL, 'T' },
		{ "chart", no_argument, NULL, 'C' },
		{ "svg", required_argument, NULL, 's' },
		{ "csv", no_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },
		{ "lang", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return -1;
		if (c == '?')
			cli_error("'%.80s' is no option of backtest, or lacks"
				  " its value; see tocsin backtest --help",
				  argv[optind - 1]);
		if (read_option(q, c) != 0)
			return CLI_EX_USAGE;
	}
	if (argc - optind != 1) {
		cli_error("backtest takes one folder; see tocsin backtest"
			  " --help");
		return CLI_EX_USAGE;
	}
	if (q->conf.from != DAY_NONE && q->conf.to != DAY_NONE &&
	    q->conf.from > q->conf.to) {
		cli_error("--to is before --from");
		return CLI_EX_USAGE;
	}
	if (q->csv && (q->table || q->chart)) {
		cli_error("--csv goes with neither --table nor --chart");
		return CLI_EX_USAGE;
	}
	q->dir = argv[optind];
	return 0;
}

/* What data corrected later do to an alert, and what a city makes of its
   counties' alerts, is for the desk alone. */
static bool
is_printed(const struct desk_event *event)
{
	static const char *const printed[] = { "opened", "grew", "regraded",
					       "ended" };

	if (json_is_true(json_object_get(event->body, "merged_below")))
		return false;
	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		if (strcmp(event->name, printed[i]) == 0)
			return true;
	}
	return false;
}

static int
print_event(void *arg, const struct desk_event *event)
{
	struct request *q = arg;

	if (!is_printed(event))
		return 0;
	if ((q->chart || q->svg != NULL) && rung_take(&q->rung, event) < 0)
		return -1;
	if (q->grid != NULL) {
		rung_table_add(&q->rung, q->grid, event);
		return 0;
	}
	if (q->csv)
		sheet_row(&sheet_backtest, NULL, event->body, SHEET_LF, stdout);
	if (q->chart || q->csv)
		return 0;
	if (json_dumpf(event->body, stdout,
		       JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0) {
		cli_error("an event could not be written");
		return -1;
	}
	putchar('\n');
	return 0;
}

static int
write_svg(const struct rung *rung, const char *path)
{
	FILE *f = fopen(path, "w");
	bool good = f != NULL;

	if (f != NULL) {
		rung_svg(rung, f);
		good = ferror(f) == 0;
		good = fclose(f) == 0 && good;
	}
	if (!good)
		cli_error("%.200s could not be written: %s", path,
			  strerror(errno));
	return good ? 0 : -1;
}

static int
draw(struct request *q, const struct history *h, const struct judge *judge)
{
	struct rung *rung = &q->rung;

	rung->first = q->conf.from > h->first_received ? q->conf.from
						       : h->first_received;
	rung->last = q->conf.to != DAY_NONE && q->conf.to < h->last_received
			     ? q->conf.to
			     : h->last_received;
	if (h->n == 0 || rung->first > rung->last) {
		cli_error("there is no day to draw");
		return -1;
	}
	if (rung_areas(rung, judge) < 0)
		return -1;
	rung_sort(rung);
	if (q->chart)
		rung_print(rung, stdout, grid_terminal(),
			   isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
	return q->svg == NULL ? 0 : write_svg(rung, q->svg);
}

/* 0, or -1: said. */
static int
print_table(const struct request *q)
{
	if (!q->table)
		return 0;
	if (q->grid == NULL) {
		cli_error("no memory for the table");
		return -1;
	}
	grid_print(q->grid, stdout, grid_terminal());
	return 0;
}

static int
play(struct request *q, const struct history *h, const char *etc,
     const struct marks *marks)
{
	struct trigger_set *set =
		replay_triggers_read(&q->triggers, etc, h->registry);
	struct replay *r;
	int rc = CLI_EX_FAILURE;

	if (set == NULL)
		return CLI_EX_USAGE;
	q->rung = (struct rung){ .set = set,
				 .registry = h->registry,
				 .catalogue = q->catalogue,
				 .lang = q->lang };
	r = replay_new(h, set, print_event, q);
	if (r != NULL)
		replay_set_marks(r, marks);
	if (q->table)
		q->grid = rung_table_new(&q->rung);
	if (q->csv)
		sheet_head(&sheet_backtest, SHEET_LF, stdout);
	if (r != NULL && replay_run(r, &q->conf) == 0 && print_table(q) == 0 &&
	    ((!q->chart && q->svg == NULL) || draw(q, h, replay_judge(r)) == 0))
		rc = cli_finish();
	grid_free(&q->grid);
	rung_fini(&q->rung);
	replay_free(&r);
	trigger_free(&set);
	return rc;
}

/* Has the data set a day of those asked for?  An error line where not. */
static bool
is_covered(const struct request *q, const struct history *h)
{
	const struct replay_conf *c = &q->conf;
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];

	if (h->n == 0 || ((c->from == DAY_NONE || c->from <= h->last_received) &&
			  (c->to == DAY_NONE || c->to >= h->first_received)))
		return true;
	cli_error("no day to weigh: the data set goes from %s to %s",
		  day_format(h->first_received, first),
		  day_format(h->last_received, last));
	return false;
}

/* Reads the data set and plays it. */
static int
run(struct request *q, const char *etc, const struct calendar *calendar)
{
	struct marks marks = { 0 };
	struct history h;
	int bad = history_read(&h, etc, q->dir, history_say, NULL), rc, more = 0;

	registry_set_calendar(h.registry, calendar);
	if (bad >= 0 && !is_covered(q, &h))
		bad = -1;
	if (bad >= 0 && q->marks != NULL)
		more = mark_read_csv(&marks, h.registry, q->marks, history_say,
				     NULL);
	rc = bad < 0 || more < 0 ? CLI_EX_USAGE : play(q, &h, etc, &marks);
	if (rc == 0 && bad + more > 0) {
		cli_error("%d bad rows were left out", bad + more);
		rc = EX_DATAERR;
	}
	mark_free_all(&marks);
	history_free(&h);
	return rc;
}

int
cli_backtest(int argc, char **argv)
{
	struct request q = { .conf = { .from = DAY_NONE, .to = DAY_NONE },
			     .lang = client_language() };
	char buf[PATH_MAX];
	struct calendar *calendar = NULL;
	const char *etc;
	int rc = read_words(argc, argv, &q);

	if (rc < 0) {
		fputs(help, stdout);
		return cli_finish();
	}
	etc = rc == 0 ? history_etc(buf, sizeof(buf)) : NULL;
	if (etc == NULL)
		return CLI_EX_USAGE;
	if (q.calendar != NULL) {
		calendar = calendar_load(&q.calendar, 1, NULL, history_say_conf,
					 NULL);
		if (calendar == NULL)
			return CLI_EX_USAGE;
	}
	q.catalogue = catalogue_new();
	if (q.catalogue == NULL) {
		cli_error("out of memory");
		calendar_free(&calendar);
		return CLI_EX_FAILURE;
	}
	rc = run(&q, etc, calendar);
	calendar_free(&calendar);
	catalogue_free(&q.catalogue);
	return rc;
}
