/*
 * tocsin detect: judges every period of every series in a CSV file with one
 * method, from what came up to and including it, and prints the verdicts.
 */
#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/method_args.h"
#include "daemon/cli/series_file.h"
#include "detectors/detect.h"

#include <csv.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What judges daily and weekly counts best in docs/quality.md. */
#define DEFAULT_METHOD "tocsin"

static const char help[] =
	"Usage: tocsin detect [--method NAME] [--set KEY=VALUE]...\n"
	"                     [--period day|week] [--json] FILE.csv\n"
	"\n"
	"Judges every period of every series in FILE.csv (- is standard "
	"input)\n"
	"and prints one row of CSV for each.  The file has columns series\n"
	"(optional), t (1, 2, 3...) or date (2020-02-29), count and "
	"denominator\n"
	"(optional); an empty count and a period without a row are missing.\n"
	"'tocsin methods' lists the methods, 'tocsin methods NAME' their "
	"keys;\n"
	"--json prints an array of objects, null where CSV has nothing, and "
	"the\n"
	"reason of a level that is unknown.\n";

struct request {
	const struct det_method *method;
	double p[DET_MAX_PARAMS];
	enum det_period period;
	const char *path;
	bool json;
};

/* Reads the words; returns 0, a status to exit with, or -1 for --help. */
static int
read_words(int argc, char **argv, struct request *q)
{
	static const struct option options[] = {
		{ "method", required_argument, NULL, 'm' },
		{ "set", required_argument, NULL, 's' },
		{ "period", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = DEFAULT_METHOD;
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return -1;
		if (c == 'm') {
			name = optarg;
		} else if (c == 'j') {
			q->json = true;
		} else if (c == 'p' && strcmp(optarg, "week") == 0) {
			q->period = DET_WEEK;
		} else if (c == 'p' && strcmp(optarg, "day") != 0) {
			cli_error("--period is day or week, not '%.80s'", optarg);
			return CLI_EX_USAGE;
		} else if (c == '?') {
			cli_error("'%.80s' is no option of detect, or lacks "
				  "its value; see tocsin detect --help",
				  argv[optind - 1]);
			return CLI_EX_USAGE;
		}
	}
	if (argc - optind != 1) {
		cli_error("detect takes one file; see tocsin detect --help");
		return CLI_EX_USAGE;
	}
	q->path = argv[optind];
	q->method = method_arg(name);
	if (q->method == NULL)
		return CLI_EX_USAGE;
	det_params_default(q->method, q->p);
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's' && method_set_arg(q->method, q->p, optarg) < 0)
			return CLI_EX_USAGE;
	}
	return 0;
}

static void
print_number(double x)
{
	putchar(',');
	if (!isnan(x))
		printf("%.15g", x);
}

static void
print_rows(const struct request *q, const struct series_file *f,
	   const struct series *s, const struct det_verdict *v)
{
	char date[DAY_TEXT_BYTES];

	for (size_t i = 0; i < s->n; i++) {
		if (s->name[strcspn(s->name, ",\"\r\n ")] != '\0')
			csv_fwrite(stdout, s->name, strlen(s->name));
		else
			fputs(s->name, stdout);
		if (f->dated)
			printf(",%s", day_format(s->day[i], date));
		else
			printf(",%lld", (long long)s->first_t + (long long)i);
		print_number(s->count[i]);
		printf(",%s", q->method->name);
		print_number(v[i].expected);
		print_number(v[i].upper);
		print_number(v[i].statistic);
		print_number(v[i].p);
		printf(",%s\n", det_level_str(v[i].level));
	}
}

static void
set_number(json_t *row, const char *key, double x)
{
	json_object_set_new(row, key, isnan(x) ? json_null() : json_real(x));
}

/* One object a line; first says that no row came before. */
static int
print_objects(const struct request *q, const struct series_file *f,
	      const struct series *s, const struct det_verdict *v, bool first)
{
	char date[DAY_TEXT_BYTES];
	int rc = 0;

	for (size_t i = 0; i < s->n && rc == 0; i++) {
		json_t *row = json_object();

		json_object_set_new(row, "series", json_string(s->name));
		if (f->dated)
			json_object_set_new(
				row, "date",
				json_string(day_format(s->day[i], date)));
		else
			json_object_set_new(
				row, "t",
				json_integer(s->first_t + (json_int_t)i));
		set_number(row, "count", s->count[i]);
		json_object_set_new(row, "method", json_string(q->method->name));
		set_number(row, "expected", v[i].expected);
		set_number(row, "upper", v[i].upper);
		set_number(row, "statistic", v[i].statistic);
		set_number(row, "p", v[i].p);
		json_object_set_new(row, "level",
				    json_string(det_level_str(v[i].level)));
		json_object_set_new(
			row, "reason",
			v[i].level != DET_UNKNOWN
				? json_null()
				: json_string(det_reason_str(v[i].reason)));
		fputs(first && i == 0 ? "[" : ",\n ", stdout);
		rc = json_dumpf(row, stdout,
				JSON_COMPACT | JSON_REAL_PRECISION(15));
		json_decref(row);
	}
	if (rc != 0)
		cli_error("series '%s' could not be written", s->name);
	return rc;
}

static int
judge_series(const struct request *q, const struct series_file *f,
	     const struct series *s)
{
	struct det_window w = { .count = s->count,
				.denom = s->denom,
				.n = s->n,
				.first_t = s->first_t,
				.first_day = s->first_day,
				.dated = f->dated,
				.period = f->period };
	size_t bytes = q->method->scratch(q->p, s->n);
	void *scratch = malloc(bytes > 0 ? bytes : 1);
	struct det_verdict *v = malloc(s->n * sizeof(*v));
	int status = 0;
	int rc;

	if (scratch == NULL || v == NULL) {
		cli_error("out of memory for series '%s'", s->name);
		status = CLI_EX_FAILURE;
		goto out;
	}
	rc = det_judge(q->method, q->p, &w, 0, scratch, v);
	if (rc != DET_OK) {
		cli_error("%s, series '%s': %s", q->path, s->name,
			  det_strerror(rc));
		status = CLI_EX_USAGE;
		goto out;
	}
	if (!q->json)
		print_rows(q, f, s, v);
	else if (print_objects(q, f, s, v, s == f->series) < 0)
		status = CLI_EX_FAILURE;
out:
	free(v);
	free(scratch);
	return status;
}

int
cli_detect(int argc, char **argv)
{
	struct request q = { .period = DET_DAY };
	struct series_file *f;
	int status = read_words(argc, argv, &q);

	if (status < 0) {
		fputs(help, stdout);
		return cli_finish();
	}
	if (status > 0)
		return status;
	f = series_file_open(q.path, q.period);
	if (f == NULL)
		return CLI_EX_USAGE;
	if (!q.json)
		printf("series,%s,count,method,expected,upper,statistic,p,"
		       "level\n",
		       f->dated ? "date" : "t");
	for (size_t i = 0; i < f->n && status == 0; i++)
		status = judge_series(&q, f, &f->series[i]);
	if (q.json)
		puts(f->n > 0 ? "]" : "[]");
	series_file_free(&f);
	return status != 0 ? status : cli_finish();
}
