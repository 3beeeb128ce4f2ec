/*
 * tocsin simulate: writes an invented province in the back-test's format:
 * areas.csv, sites.csv, counts.csv, and labels.csv that says where and when
 * the outbreaks were.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/sim.h"

enum { MAX_OUTBREAKS = 1000, PATH_BYTES = 4096 };

static const char help[] =
	"Usage: tocsin simulate --out DIR [OPTION]...\n"
	"\n"
	"Writes an invented province with labelled outbreaks: areas.csv,\n"
	"sites.csv, counts.csv and labels.csv, as 'tocsin backtest' reads "
	"them.\n"
	"The same options give the same files.\n"
	"\n"
	"  --out DIR        where to write; made if it is not there\n"
	"  --seed N         another province and other counts (1)\n"
	"  --from DATE      first day (2023-01-01)\n"
	"  --days N         how many days (760)\n"
	"  --counties N     1 to 3000, some 22 sites each (9)\n"
	"  --size X         multiplies every mean (1)\n"
	"  --noise X        multiplies the variance above Poisson's (1)\n"
	"  --clean          no missing or late reports, promotions, new sites\n"
	"  --all-sources    also what the other shipped triggers listen to: "
	"rash,\n"
	"                   nerves, poisoning, food, reactions, waste water, "
	"markets,\n"
	"                   animals, vectors, supply, places abroad, wards\n"
	"  --outbreaks N    draw N outbreaks at random (0)\n"
	"  --outbreak SYNDROME,DATE[,CASES[,DAYS[,COUNTIES]]]\n"
	"                   one more, in all kinds of source; SYNDROME is\n"
	"                   respiratory or enteric, or with --all-sources\n"
	"                   rash-fever, neurological, poisoning, animal, "
	"vector,\n"
	"                   vaccine, medicine, overseas or hospital (may be\n"
	"                   given often)\n"
	"  --json           say what was written as JSON\n";

struct request {
	struct sim_conf conf;
	const char *dir;
	bool json;
	struct sim_outbreak outbreak[MAX_OUTBREAKS];
	size_t outbreaks;
	size_t drawn;
};

static int
number(const char *option, const char *text, double min, double max, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	if (end != text && *end == '\0' && errno == 0 && *out >= min &&
	    *out <= max)
		return 0;
	cli_error("--%s %s: not a number from %g to %g", option, text, min, max);
	return -1;
}

static int
parse_syndrome(const char *text, size_t len)
{
	for (int i = 0; i < SIM_SYNDROMES; i++) {
		const char *name = sim_syndrome_str((enum sim_syndrome)i);

		if (strlen(name) == len && strncmp(name, text, len) == 0)
			return i;
	}
	return -1;
}

/* SYNDROME,DATE[,CASES[,DAYS[,COUNTIES]]] */
static int
add_outbreak(struct request *q, const char *text)
{
	struct sim_outbreak *o = &q->outbreak[q->outbreaks];
	size_t word = strcspn(text, ",");
	int syndrome = parse_syndrome(text, word);
	const char *date = text + word + (text[word] == ',' ? 1 : 0);
	double cases = 400;

	if (q->outbreaks == MAX_OUTBREAKS) {
		cli_error("more than %d outbreaks", MAX_OUTBREAKS);
		return -1;
	}
	*o = (struct sim_outbreak){ .days = 21, .counties = 3 };
	o->first_day = day_parse(date, strcspn(date, ","));
	if (syndrome >= 0 && o->first_day != DAY_NONE) {
		const char *rest = date + strcspn(date, ",");

		o->syndrome = (enum sim_syndrome)syndrome;
		if (*rest == '\0' || (sscanf(rest, ",%lf,%d,%d", &cases,
					     &o->days, &o->counties) >= 1 &&
				      cases > 0 && cases < 1e9 && o->days > 0 &&
				      o->days <= 400 && o->counties > 0 &&
				      o->counties <= SIM_MAX_COUNTIES)) {
			o->cases = cases;
			q->outbreaks++;
			return 0;
		}
	}
	cli_error("--outbreak %s: wanted SYNDROME,DATE[,CASES[,DAYS"
		  "[,COUNTIES]]], such as respiratory,2024-11-04,400,21,3",
		  text);
	return -1;
}

static int
read_option(struct request *q, const char *name, const char *value)
{
	double x = 0;

	if (strcmp(name, "out") == 0) {
		q->dir = value;
	} else if (strcmp(name, "seed") == 0) {
		if (number(name, value, 0, 9e15, &x) < 0)
			return -1;
		q->conf.seed = (uint64_t)x;
	} else if (strcmp(name, "from") == 0) {
		q->conf.first_day = day_parse(value, strlen(value));
		if (q->conf.first_day == DAY_NONE) {
			cli_error("--from %s: not a date such as 2023-01-01",
				  value);
			return -1;
		}
	} else if (strcmp(name, "days") == 0) {
		if (number(name, value, 1, 36600, &x) < 0)
			return -1;
		q->conf.days = (int)x;
	} else if (strcmp(name, "counties") == 0) {
		if (number(name, value, 1, SIM_MAX_COUNTIES, &x) < 0)
			return -1;
		q->conf.counties = (int)x;
	} else if (strcmp(name, "size") == 0) {
		return number(name, value, 0.001, 1000, &q->conf.size);
	} else if (strcmp(name, "noise") == 0) {
		return number(name, value, 0, 100, &q->conf.noise);
	} else if (strcmp(name, "outbreaks") == 0) {
		if (number(name, value, 0, MAX_OUTBREAKS, &x) < 0)
			return -1;
		q->drawn = (size_t)x;
	} else if (strcmp(name, "outbreak") == 0) {
		return add_outbreak(q, value);
	}
	return 0;
}

/* The kinds of source that the outbreaks asked for touch: all that can. */
static int
touch_kinds(struct request *q)
{
	for (size_t i = 0; i < q->outbreaks; i++) {
		struct sim_outbreak *o = &q->outbreak[i];

		o->kinds = q->conf.all_sources ? sim_all_kinds_of(o->syndrome)
					       : sim_kinds_of(o->syndrome);
		if (o->kinds == 0 ||
		    (o->syndrome >= SIM_USUAL && !q->conf.all_sources)) {
			cli_error("--outbreak %s: nobody counts that without "
				  "--all-sources",
				  sim_syndrome_str(o->syndrome));
			return -1;
		}
	}
	return 0;
}

/* Returns 0, a status to exit with, or -1 for --help. */
static int
read_words(int argc, char **argv, struct request *q)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'v' },
		{ "seed", required_argument, NULL, 'v' },
		{ "from", required_argument, NULL, 'v' },
		{ "days", required_argument, NULL, 'v' },
		{ "counties", required_argument, NULL, 'v' },
		{ "size", required_argument, NULL, 'v' },
		{ "noise", required_argument, NULL, 'v' },
		{ "outbreaks", required_argument, NULL, 'v' },
		{ "outbreak", required_argument, NULL, 'v' },
		{ "clean", no_argument, NULL, 'c' },
		{ "all-sources", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, at = 0;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
		if (c == 'h')
			return -1;
		if (c == 'c')
			q->conf.faults = false;
		else if (c == 'a')
			q->conf.all_sources = true;
		else if (c == 'j')
			q->json = true;
		else if (c != 'v') {
			cli_error("simulate: what is '%s'? Try 'tocsin "
				  "simulate --help'",
				  argv[optind - 1]);
			return CLI_EX_USAGE;
		} else if (read_option(q, options[at].name, optarg) < 0)
			return CLI_EX_USAGE;
	}
	if (touch_kinds(q) < 0)
		return CLI_EX_USAGE;
	if (optind < argc || q->dir == NULL) {
		cli_error(optind < argc ? "simulate takes no '%s'; try "
					  "'tocsin simulate --help'"
					: "simulate needs --out DIR%.0s",
			  optind < argc ? argv[optind] : "");
		return CLI_EX_USAGE;
	}
	return 0;
}

static FILE *
open_file(const char *dir, const char *name)
{
	char path[PATH_BYTES];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (f == NULL)
		cli_error("%s: %s", path, strerror(errno));
	return f;
}

static int
close_file(FILE *f, const char *name)
{
	int bad = ferror(f);

	if (fclose(f) != 0 || bad) {
		cli_error("%s: could not be written: %s", name, strerror(errno));
		return -1;
	}
	return 0;
}

static int
write_areas(const struct sim *s, const char *dir)
{
	FILE *f = open_file(dir, "areas.csv");

	if (f == NULL)
		return -1;
	fputs("area,parent,level,name,name_zh,population,lat,lon\n", f);
	for (size_t i = 0; i < sim_areas(s); i++) {
		const struct sim_area *a = sim_area(s, i);

		fprintf(f, "%s,%s,%s,%s,%s,%.0f,%.4f,%.4f\n", a->code,
			a->parent, a->level, a->name, a->name_zh, a->population,
			a->lat, a->lon);
	}
	return close_file(f, "areas.csv");
}

static int
write_sites(const struct sim *s, const char *dir)
{
	FILE *f = open_file(dir, "sites.csv");

	if (f == NULL)
		return -1;
	fputs("site,kind,area,name,reports_on,gateway\n", f);
	for (size_t i = 0; i < sim_sites(s); i++) {
		const struct sim_site *t = sim_site(s, i);

		fprintf(f, "%s,%s,%s,%s,%s,%s\n", t->code, t->kind, t->area,
			t->name, t->reports_on, t->gateway);
	}
	return close_file(f, "sites.csv");
}

static int
write_count(void *arg, const struct sim_count *c)
{
	char day[DAY_TEXT_BYTES], received[DAY_TEXT_BYTES];

	fprintf(arg, "%s,%s,%s,%u,", day_format(c->day, day), c->site->code,
		c->indicator, c->value);
	if (c->denominator > 0)
		fprintf(arg, "%u", c->denominator);
	fprintf(arg, ",%s\n", day_format(c->received, received));
	return 0;
}

static int
write_counts(struct sim *s, const struct request *q)
{
	FILE *f = open_file(q->dir, "counts.csv");

	if (f == NULL)
		return -1;
	fputs("date,site,indicator,count,denominator,received\n", f);
	for (int d = 0; d < q->conf.days; d++)
		sim_day(s, q->conf.first_day + d, write_count, f);
	return close_file(f, "counts.csv");
}

static void
write_label(FILE *f, const struct sim *s, const struct request *q, size_t i,
	    int rank)
{
	const struct sim_outbreak *o = &q->outbreak[i];
	int county = (o->county + rank) % q->conf.counties;
	size_t first_county = sim_areas(s) - (size_t)q->conf.counties;
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
	const char *gap = "";

	fprintf(f, "%zu,%s,%s,%d,%s,%s,%.0f,", i + 1,
		sim_syndrome_str(o->syndrome),
		sim_area(s, first_county + (size_t)county)->code, rank + 1,
		day_format(o->first_day + 5 * rank, first),
		day_format(o->first_day + 5 * rank + o->days, last), o->cases);
	for (size_t k = 0; sim_kind(k) != NULL; k++) {
		if ((o->kinds & (1u << k)) != 0) {
			fprintf(f, "%s%s", gap, sim_kind(k));
			gap = ";";
		}
	}
	fputc('\n', f);
}

static int
write_labels(const struct sim *s, const struct request *q)
{
	FILE *f = open_file(q->dir, "labels.csv");

	if (f == NULL)
		return -1;
	fputs("outbreak,syndrome,area,rank,first_day,last_day,cases,kinds\n", f);
	for (size_t i = 0; i < q->outbreaks; i++) {
		for (int rank = 0;
		     rank < q->outbreak[i].counties && rank < q->conf.counties;
		     rank++)
			write_label(f, s, q, i, rank);
	}
	return close_file(f, "labels.csv");
}

static void
say_written(const struct sim *s, const struct request *q)
{
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
	json_t *o;

	day_format(q->conf.first_day, first);
	day_format(q->conf.first_day + q->conf.days - 1, last);
	if (!q->json) {
		printf("%s: %s to %s; areas: %zu, sites: %zu, outbreaks: %zu\n",
		       q->dir, first, last, sim_areas(s), sim_sites(s),
		       q->outbreaks);
		return;
	}
	o = json_pack("{s:s, s:I, s:I, s:s, s:s, s:I}", "out", q->dir, "areas",
		      (json_int_t)sim_areas(s), "sites",
		      (json_int_t)sim_sites(s), "first_day", first, "last_day",
		      last, "outbreaks", (json_int_t)q->outbreaks);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int
write_all(struct request *q)
{
	struct sim *s = sim_new(&q->conf, q->outbreak, q->outbreaks);
	int rc = CLI_EX_FAILURE;

	if (s == NULL) {
		cli_error("out of memory");
		return rc;
	}
	if (mkdir(q->dir, 0777) < 0 && errno != EEXIST)
		cli_error("%s: cannot be made: %s", q->dir, strerror(errno));
	else if (write_areas(s, q->dir) == 0 && write_sites(s, q->dir) == 0 &&
		 write_labels(s, q) == 0 && write_counts(s, q) == 0) {
		say_written(s, q);
		rc = cli_finish();
	}
	sim_free(&s);
	return rc;
}

int
cli_simulate(int argc, char **argv)
{
	struct request *q = calloc(1, sizeof(*q));
	int rc;

	if (q == NULL) {
		cli_error("out of memory");
		return CLI_EX_FAILURE;
	}
	q->conf = (struct sim_conf){ .seed = 1,
				     .days = 760,
				     .counties = 9,
				     .size = 1,
				     .noise = 1,
				     .faults = true };
	q->conf.first_day = day_from_civil(2023, 1, 1);
	rc = read_words(argc, argv, q);
	if (rc < 0) {
		fputs(help, stdout);
		rc = cli_finish();
	} else if (rc == 0) {
		if (q->drawn > MAX_OUTBREAKS - q->outbreaks)
			q->drawn = MAX_OUTBREAKS - q->outbreaks;
		sim_draw_outbreaks(&q->conf, q->conf.days / 4,
				   &q->outbreak[q->outbreaks], q->drawn);
		q->outbreaks += q->drawn;
		rc = write_all(q);
	}
	free(q);
	return rc;
}
