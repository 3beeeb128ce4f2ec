/*
 * Compares detectors with reference results row by row, and says for every
 * method how many rows agree.
 *
 *   golden-detectors [--only METHOD] [--tolerance X] GOLDEN.csv [SERIES.csv]
 *
 * GOLDEN.csv has columns series, t or date, count, method, params (key=value
 * pairs; optional), expected, upper, statistic, p (each optional) and alarm
 * (1, 0, NA) or level (red, yellow, blue, grey or our names).  NA and empty
 * numbers are not compared.  Rows of one series, method and params stand
 * together.  SERIES.csv (series, t, count) holds the whole series; without it
 * the rows themselves are the series.  A series named w-... is weekly, with
 * 52 weeks a year.  Exit status 0 when everything agrees, 77 where GOLDEN.csv
 * is not there, 1 otherwise.
 */
#include "base/day.h"
#include "detectors/detect.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 16
#define MAX_METHODS 64
#define SKIPPED 77

struct table {
	char **line; /* of each row, cut into fields by NULs */
	char *(*field)[MAX_FIELDS];
	size_t n; /* rows, the header being row 0 */
	size_t fields;
};

/* Field numbers by name, MAX_FIELDS where the file has no such column. */
struct columns {
	size_t series, t, date, count, method, params;
	size_t expected, upper, statistic, p, alarm, level;
};

struct tally {
	const char *method;
	size_t rows, wrong;
};

struct run {
	struct table golden;
	struct table whole;
	struct columns at;
	double tolerance;
	const char *only;
	struct tally tally[MAX_METHODS];
	size_t methods;
};

static void
die(const char *what, const char *which)
{
	fprintf(stderr, "golden-detectors: %s: %s\n", which, what);
	exit(EXIT_FAILURE);
}

/* Room for element n of an array that doubles from 64. */
static void *
grown(void *old, size_t n, size_t size)
{
	void *p = old;

	if (n == 0)
		p = realloc(old, 64 * size);
	else if (n >= 64 && (n & (n - 1)) == 0)
		p = realloc(old, 2 * n * size);
	if (p == NULL)
		die("out of memory", "realloc");
	return p;
}

static size_t
cut(char *line, char *field[MAX_FIELDS])
{
	size_t n = 0;
	char *rest = line;

	line[strcspn(line, "\r\n")] = '\0';
	while (rest != NULL && n < MAX_FIELDS)
		field[n++] = strsep(&rest, ",");
	return n;
}

static bool
load(const char *path, struct table *t)
{
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (in == NULL)
		return false;
	while (getline(&line, &room, in) > 0) {
		if (line[0] == '#')
			continue;
		t->line = grown(t->line, t->n, sizeof(*t->line));
		t->field = grown(t->field, t->n, sizeof(*t->field));
		memset(t->field[t->n], 0, sizeof(t->field[t->n]));
		t->line[t->n] = line;
		if (t->n == 0)
			t->fields = cut(line, t->field[0]);
		else if (cut(line, t->field[t->n]) != t->fields)
			die("a row with other fields than the header", path);
		t->n++;
		line = NULL;
		room = 0;
	}
	free(line);
	fclose(in);
	return t->n > 0;
}

static void
unload(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->line[i]);
	free(t->line);
	free(t->field);
}

static size_t
column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->fields; i++) {
		if (strcmp(t->field[0][i], name) == 0)
			return i;
	}
	return MAX_FIELDS;
}

/* The field, or "" where there is no such column. */
static const char *
field(const struct table *t, size_t row, size_t col)
{
	return col < MAX_FIELDS ? t->field[row][col] : "";
}

/* NaN for NA, NaN and nothing. */
static double
number(const char *text)
{
	char *end;
	double x;

	if (text[0] == '\0' || strcmp(text, "NA") == 0)
		return NAN;
	x = strtod(text, &end);
	if (*end != '\0')
		die("not a number", text);
	return x;
}

static bool
same_group(const struct run *r, size_t a, size_t b)
{
	const struct table *t = &r->golden;

	return strcmp(field(t, a, r->at.series), field(t, b, r->at.series)) == 0 &&
	       strcmp(field(t, a, r->at.method), field(t, b, r->at.method)) == 0 &&
	       strcmp(field(t, a, r->at.params), field(t, b, r->at.params)) == 0;
}

static void
apply_params(const struct det_method *m, const char *params, double *p)
{
	char text[256];
	char *rest = text;
	char *pair;

	if (strlen(params) >= sizeof(text))
		die("parameters too long", params);
	strcpy(text, params);
	det_params_default(m, p);
	while ((pair = strsep(&rest, " ")) != NULL) {
		char *value = strchr(pair, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (det_params_set(m, p, pair, value) != DET_OK)
			die("cannot set this parameter", pair);
	}
}

/* The counts of a series in *count, its window in *w; frees nothing. */
static void
whole_series(const struct run *r, size_t first, size_t end, double **count,
	     struct det_window *w)
{
	const struct table *g = &r->golden;
	const struct table *t = r->whole.n > 0 ? &r->whole : g;
	const char *name = field(g, first, r->at.series);
	size_t from = r->whole.n > 0 ? 1 : first;
	size_t to = r->whole.n > 0 ? t->n : end;
	size_t series = column(t, "series");
	const char *date = field(g, first, r->at.date);
	int32_t day = day_parse(date, strlen(date));

	*count = NULL;
	memset(w, 0, sizeof(*w));
	for (size_t i = from; i < to; i++) {
		if (strcmp(field(t, i, series), name) != 0)
			continue;
		*count = grown(*count, w->n, sizeof(**count));
		(*count)[w->n++] = number(field(t, i, column(t, "count")));
	}
	w->count = *count;
	w->first_t = 1;
	w->period = strncmp(name, "w-", 2) == 0 ? DET_WEEK : DET_DAY;
	w->dated = day != DAY_NONE;
	w->first_day = day != DAY_NONE ? day : 4;
}

static bool
number_differs(const struct run *r, double want, double got)
{
	if (isnan(want))
		return false;
	return !(fabs(want - got) <= r->tolerance * fmax(1, fabs(want)));
}

static bool
level_differs(const struct run *r, size_t row, enum det_level got)
{
	const struct table *t = &r->golden;
	const char *alarm = field(t, row, r->at.alarm);
	const char *level = field(t, row, r->at.level);

	if (strcmp(level, "red") == 0 || strcmp(level, "alert") == 0)
		return got != DET_ALERT;
	if (strcmp(level, "yellow") == 0 || strcmp(level, "warning") == 0)
		return got != DET_WARNING;
	if (strcmp(level, "blue") == 0 && field(t, row, r->at.p)[0] == '\0')
		return got != DET_UNKNOWN;
	if (strcmp(level, "blue") == 0 || strcmp(level, "normal") == 0)
		return got != DET_NORMAL;
	if (strcmp(level, "grey") == 0 || strcmp(level, "unknown") == 0)
		return got != DET_UNKNOWN;
	if (strcmp(alarm, "1") == 0)
		return got != DET_ALERT;
	if (strcmp(alarm, "0") == 0)
		return got != DET_NORMAL;
	if (strcmp(alarm, "NA") == 0)
		return got != DET_UNKNOWN;
	die("neither a level nor an alarm", t->line[row]);
	return true;
}

/* The name of the first thing in which a row differs, or NULL. */
static const char *
difference(const struct run *r, size_t row, const struct det_verdict *v)
{
	const struct table *t = &r->golden;
	double p = number(field(t, row, r->at.p));

	if (level_differs(r, row, v->level))
		return "level";
	if (v->level == DET_UNKNOWN)
		return NULL;
	if (!(v->p >= 0 && v->p <= 1))
		return "p, which every level has,";
	if (number_differs(r, number(field(t, row, r->at.expected)), v->expected))
		return "expected";
	if (number_differs(r, number(field(t, row, r->at.upper)), v->upper))
		return "upper";
	if (number_differs(r, number(field(t, row, r->at.statistic)),
			   v->statistic))
		return "statistic";
	if (!isnan(p) && !(fabs(p - v->p) <= 1e-8 + 1e-6 * p))
		return "p";
	return NULL;
}

static struct tally *
tally_of(struct run *r, const char *method)
{
	for (size_t i = 0; i < r->methods; i++) {
		if (strcmp(r->tally[i].method, method) == 0)
			return &r->tally[i];
	}
	if (r->methods == MAX_METHODS)
		die("too many methods", method);
	r->tally[r->methods].method = method;
	return &r->tally[r->methods++];
}

static void
report(const struct run *r, size_t row, const char *what,
       const struct det_verdict *v)
{
	const struct table *t = &r->golden;

	printf("%s t=%s %s %s: %s differs; expected %s upper %s statistic %s "
	       "p %s %s%s, got %.12g %.12g %.12g %.12g %s\n",
	       field(t, row, r->at.series),
	       r->at.t < MAX_FIELDS ? field(t, row, r->at.t)
				    : field(t, row, r->at.date),
	       field(t, row, r->at.method), field(t, row, r->at.params), what,
	       field(t, row, r->at.expected), field(t, row, r->at.upper),
	       field(t, row, r->at.statistic), field(t, row, r->at.p),
	       field(t, row, r->at.alarm), field(t, row, r->at.level),
	       v->expected, v->upper, v->statistic, v->p,
	       det_level_str(v->level));
}

static void
compare_rows(struct run *r, size_t first, size_t end,
	     const struct det_verdict *v, size_t n)
{
	struct tally *tally = tally_of(r, field(&r->golden, first, r->at.method));

	for (size_t row = first; row < end; row++) {
		size_t i = row - first;
		const char *what;

		if (r->at.t < MAX_FIELDS)
			i = (size_t)number(field(&r->golden, row, r->at.t)) - 1;
		if (i >= n)
			die("beyond the end of its series", r->golden.line[row]);
		what = difference(r, row, &v[i]);
		tally->rows++;
		if (what != NULL && ++tally->wrong <= 10)
			report(r, row, what, &v[i]);
	}
}

static void
compare_group(struct run *r, size_t first, size_t end)
{
	const char *name = field(&r->golden, first, r->at.method);
	const struct det_method *m = det_find(name);
	double p[DET_MAX_PARAMS];
	struct det_window w;
	struct det_verdict *v;
	double *count;
	void *scratch;

	if (m == NULL)
		die("no such method", name);
	apply_params(m, field(&r->golden, first, r->at.params), p);
	whole_series(r, first, end, &count, &w);
	v = malloc((w.n + 1) * sizeof(*v));
	scratch = malloc(m->scratch(p, w.n) + 1);
	if (v == NULL || scratch == NULL)
		die("out of memory", name);
	if (det_judge(m, p, &w, 0, scratch, v) != DET_OK)
		die("the window was refused", name);
	compare_rows(r, first, end, v, w.n);
	free(scratch);
	free(v);
	free(count);
}

static void
compare_all(struct run *r)
{
	size_t end;

	for (size_t row = 1; row < r->golden.n; row = end) {
		for (end = row + 1;
		     end < r->golden.n && same_group(r, row, end); end++)
			;
		if (r->only == NULL ||
		    strcmp(r->only, field(&r->golden, row, r->at.method)) == 0)
			compare_group(r, row, end);
	}
}

static int
print_tally(const struct run *r)
{
	size_t wrong = 0;

	for (size_t i = 0; i < r->methods; i++) {
		printf("%-24s %zu of %zu rows agree\n", r->tally[i].method,
		       r->tally[i].rows - r->tally[i].wrong, r->tally[i].rows);
		wrong += r->tally[i].wrong;
	}
	if (r->methods == 0)
		puts("no rows were compared");
	return wrong == 0 && r->methods > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
find_columns(struct run *r)
{
	const struct table *t = &r->golden;

	r->at = (struct columns){ .series = column(t, "series"),
				  .t = column(t, "t"),
				  .date = column(t, "date"),
				  .count = column(t, "count"),
				  .method = column(t, "method"),
				  .params = column(t, "params"),
				  .expected = column(t, "expected"),
				  .upper = column(t, "upper"),
				  .statistic = column(t, "statistic"),
				  .p = column(t, "p"),
				  .alarm = column(t, "alarm"),
				  .level = column(t, "level") };
}

int
main(int argc, char **argv)
{
	struct run r = { .tolerance = 1e-8 };
	int i = 1;
	int status;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--only") == 0)
			r.only = argv[i + 1];
		else if (strcmp(argv[i], "--tolerance") == 0)
			r.tolerance = number(argv[i + 1]);
		else
			die("unknown option", argv[i]);
	}
	if (i >= argc)
		die("no file given", "usage");
	if (!load(argv[i], &r.golden)) {
		printf("skipped: no %s (%s)\n", argv[i], strerror(errno));
		return SKIPPED;
	}
	if (i + 1 < argc && !load(argv[i + 1], &r.whole))
		die(strerror(errno), argv[i + 1]);
	find_columns(&r);
	compare_all(&r);
	status = print_tally(&r);
	unload(&r.golden);
	unload(&r.whole);
	return status;
}
