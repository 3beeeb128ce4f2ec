/*
 * Every row of the reference results of R's surveillance package: numbers
 * within 1e-8 * max(1, |x|), alarms and unknowns exactly.  A golden file has
 * the rows of one series, method and parameter set together; the whole series
 * is in a file beside it.
 *
 * usage: golden-surveillance GOLDEN.csv SERIES.csv ...; exit status 77
 * where none of the golden files exists.
 */
#include "detectors/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SERIES 64
#define MAX_CELLS 4096
#define MAX_METHODS 64
#define MAX_SHOWN 10

struct series {
	char name[64];
	double *count;
	size_t n;
};

struct tally {
	char method[64];
	long rows;
	long wrong;
};

struct golden {
	struct series series[MAX_SERIES];
	size_t n;
	struct tally tally[MAX_METHODS];
	char group[512]; /* series, method and params of the verdicts */
	struct det_verdict verdict[MAX_CELLS];
	struct tally *now;
};

static void
die(const char *what, const char *where)
{
	fprintf(stderr, "%s: %s\n", what, where);
	exit(1);
}

/* Cuts a line at its commas. */
static size_t
cut(char *line, char **field, size_t max)
{
	size_t n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *s = line; s != NULL && n < max; n++)
		field[n] = strsep(&s, ",");
	return n;
}

static double
number(const char *text)
{
	return strcmp(text, "NA") == 0 || *text == '\0' ? NAN
							: strtod(text, NULL);
}

static struct series *
find_series(struct golden *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->series[i].name, name) == 0)
			return &g->series[i];
	}
	return NULL;
}

static void
read_series(struct golden *g, const char *path)
{
	char line[512];
	char *f[3];
	FILE *in = fopen(path, "r");

	if (in == NULL || fgets(line, sizeof(line), in) == NULL)
		die("cannot read", path);
	while (fgets(line, sizeof(line), in) != NULL) {
		struct series *s;

		if (cut(line, f, 3) != 3)
			die("not three columns", path);
		s = find_series(g, f[0]);
		if (s == NULL) {
			if (g->n == MAX_SERIES)
				die("too many series", path);
			s = &g->series[g->n++];
			snprintf(s->name, sizeof(s->name), "%s", f[0]);
			s->count = calloc(MAX_CELLS, sizeof(double));
			if (s->count == NULL)
				die("no memory", path);
		}
		if (s->n == MAX_CELLS || (size_t)atol(f[1]) != s->n + 1)
			die("too long or out of order", line);
		s->count[s->n++] = number(f[2]);
	}
	fclose(in);
}

static void
set_params(const struct det_method *m, const char *params, double *p)
{
	char text[256];
	char *rest = text;
	char *pair;

	det_params_default(m, p);
	snprintf(text, sizeof(text), "%s", params);
	while ((pair = strsep(&rest, " ")) != NULL) {
		char *value = strchr(pair, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (det_params_set(m, p, pair, value) != DET_OK)
			die("parameter refused", params);
	}
}

static struct tally *
find_tally(struct golden *g, const char *method)
{
	size_t i = 0;

	while (g->tally[i].rows > 0 && strcmp(g->tally[i].method, method) != 0)
		i++;
	snprintf(g->tally[i].method, sizeof(g->tally[i].method), "%s", method);
	return &g->tally[i];
}

/* Judges the series of a row, unless the row before was of the same group. */
static void
judge_group(struct golden *g, char **f)
{
	char group[512];
	struct series *s = find_series(g, f[0]);
	const struct det_method *m = det_find(f[3]);
	double p[DET_MAX_PARAMS];
	struct det_window w = { .first_t = 1, .first_day = 4 };
	void *scratch;

	snprintf(group, sizeof(group), "%s,%s,%s", f[0], f[3], f[4]);
	if (strcmp(group, g->group) == 0)
		return;
	if (s == NULL || m == NULL)
		die("no such series or method", group);
	set_params(m, f[4], p);
	w.count = s->count;
	w.n = s->n;
	w.period = strncmp(f[0], "w-", 2) == 0 ? DET_WEEK : DET_DAY;
	scratch = malloc(m->scratch(p, w.n) + 1);
	if (scratch == NULL ||
	    det_judge(m, p, &w, 0, scratch, g->verdict) != DET_OK)
		die("not judged", group);
	free(scratch);
	memcpy(g->group, group, sizeof(group));
	g->now = find_tally(g, f[3]);
}

static bool
close_to(double want, double got)
{
	double room = 1e-8 * fmax(1, fabs(want));

	return isnan(want) || (!isnan(got) && fabs(want - got) <= room);
}

static bool
agrees(char **f, const struct det_verdict *v)
{
	static const enum det_level level[] = { DET_NORMAL, DET_ALERT };
	double count = number(f[2]);
	double p;

	if (strcmp(f[8], "NA") == 0)
		return v->level == DET_UNKNOWN && isnan(v->upper);
	if (v->level != level[f[8][0] == '1'] || v->reason != DET_JUDGED)
		return false;
	if (!(v->p >= 0 && v->p <= 1) || isnan(count))
		return false;
	if (!close_to(number(f[5]), v->expected) ||
	    !close_to(number(f[6]), v->upper) ||
	    !close_to(number(f[7]), v->statistic))
		return false;
	p = number(f[7]);
	if (strcmp(f[3], "r-farrington-flexible") != 0 || isnan(p))
		return true;
	if (isnan(number(f[6])) && !isnan(v->upper))
		return false;
	return fabs(p - v->p) <= 1e-8 + 1e-6 * p;
}

static void
check_row(struct golden *g, char **f)
{
	size_t t = (size_t)atol(f[1]);
	const struct det_verdict *v = &g->verdict[t - 1];

	g->now->rows++;
	if (agrees(f, v))
		return;
	if (g->now->wrong++ < MAX_SHOWN)
		printf("%s t=%s x=%s %s %s\n  want %s %s %s %s\n"
		       "  got  %.12g %.12g %.12g %s %s p %.9g\n",
		       f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8],
		       v->expected, v->upper, v->statistic,
		       det_level_str(v->level), det_reason_str(v->reason), v->p);
}

static long
check_file(const char *path, const char *series_path)
{
	static struct golden g;
	char line[1024];
	char *f[9];
	long wrong = 0;
	FILE *in = fopen(path, "r");

	memset(&g, 0, sizeof(g));
	read_series(&g, series_path);
	if (in == NULL || fgets(line, sizeof(line), in) == NULL)
		die("cannot read", path);
	while (fgets(line, sizeof(line), in) != NULL) {
		if (cut(line, f, 9) != 9)
			die("not nine columns", path);
		judge_group(&g, f);
		check_row(&g, f);
	}
	fclose(in);
	printf("%s\n", path);
	for (size_t i = 0; i < MAX_METHODS && g.tally[i].rows > 0; i++) {
		printf("  %-24s %6ld rows, %ld wrong\n", g.tally[i].method,
		       g.tally[i].rows, g.tally[i].wrong);
		wrong += g.tally[i].wrong;
	}
	for (size_t i = 0; i < g.n; i++)
		free(g.series[i].count);
	return wrong;
}

int
main(int argc, char **argv)
{
	long wrong = 0;
	int files = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		FILE *in = fopen(argv[i], "r");

		if (in == NULL)
			continue;
		fclose(in);
		wrong += check_file(argv[i], argv[i + 1]);
		files++;
	}
	if (files == 0)
		return 77;
	return wrong > 0;
}
