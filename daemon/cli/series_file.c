/*
 * Reads series from CSV and lays them out as windows with holes.  Refuses
 * whatever it does not understand: a wrong count read quietly would be worse.
 */
#include "daemon/cli/series_file.h"

#include "base/day.h"
#include "daemon/cli/cli.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define MAX_SPAN 1000000 /* periods from a series' first row to its last */
#define MAX_T 100000000
#define MAX_NAME 256
#define CHUNK 65536

enum column { SERIES, T, DATE, COUNT, DENOMINATOR, N_COLUMNS, IGNORED };

static const char *const column_name[N_COLUMNS] = { "series", "t", "date",
						    "count", "denominator" };

/* One row as read; when is t, or days since 1970 (a week's Monday). */
struct row {
	int64_t when;
	int32_t day; /* as given */
	double count;
	double denom;
	size_t line;
};

struct gathering {
	char *name;
	struct row *row;
	size_t n;
	size_t room;
	UT_hash_handle hh;
};

struct reader {
	const char *path;
	enum det_period period;
	size_t line;  /* of the row being read, from 1 */
	size_t field; /* of the next field in it, from 0 */
	bool in_header;
	bool failed;
	bool present[N_COLUMNS];
	enum column *column; /* of each field of the header */
	size_t columns;
	char *text[N_COLUMNS]; /* the row's fields, owned */
	struct gathering *by_name;
};

static void
refuse(struct reader *r, const char *what, const char *text)
{
	if (r->failed)
		return;
	r->failed = true;
	cli_error("%s:%zu: %s%s%.80s%s", r->path, r->line, what,
		  text != NULL ? " '" : "", text != NULL ? text : "",
		  text != NULL ? "'" : "");
}

static enum column
column_by_name(const char *name)
{
	for (int c = 0; c < N_COLUMNS; c++) {
		if (strcmp(name, column_name[c]) == 0)
			return (enum column)c;
	}
	return IGNORED;
}

static void
add_column(struct reader *r, const char *name)
{
	enum column c = column_by_name(name);
	enum column *grown =
		realloc(r->column, (r->columns + 1) * sizeof(*grown));

	if (grown == NULL) {
		refuse(r, "out of memory", NULL);
		return;
	}
	r->column = grown;
	r->column[r->columns++] = c;
	if (c == IGNORED)
		return;
	if (r->present[c])
		refuse(r, "two columns are called", name);
	r->present[c] = true;
}

static void
on_field(void *data, size_t bytes, void *arg)
{
	struct reader *r = arg;
	char *text;

	if (r->failed)
		return;
	if (memchr(data != NULL ? data : "", '\0', bytes) != NULL) {
		refuse(r, "a NUL byte in the text", NULL);
		return;
	}
	text = strndup(data != NULL ? data : "", bytes);
	if (text == NULL) {
		refuse(r, "out of memory", NULL);
		return;
	}
	if (r->in_header) {
		add_column(r, text);
		free(text);
	} else if (r->field < r->columns && r->column[r->field] != IGNORED) {
		free(r->text[r->column[r->field]]);
		r->text[r->column[r->field]] = text;
	} else {
		free(text);
	}
	r->field++;
}

/* Decimal digits with a point and an exponent; nothing else strtod() takes. */
static bool
parse_number(const char *text, double *out)
{
	char *end;

	if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
		return false;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

static bool
parse_when(struct reader *r, struct row *row)
{
	double t = 0;

	if (r->present[DATE]) {
		row->day = day_parse(r->text[DATE], strlen(r->text[DATE]));
		if (row->day == DAY_NONE) {
			refuse(r, "not a date like 2020-02-29:", r->text[DATE]);
			return false;
		}
		row->when =
			r->period == DET_WEEK ? day_monday(row->day) : row->day;
		return true;
	}
	if (!parse_number(r->text[T], &t) || t < 1 || t > MAX_T || t != floor(t)) {
		refuse(r, "t is not one of 1, 2, 3...:", r->text[T]);
		return false;
	}
	row->when = (int64_t)t;
	return true;
}

static bool
parse_counts(struct reader *r, struct row *row)
{
	row->count = NAN;
	row->denom = NAN;
	if (r->text[COUNT][0] != '\0' &&
	    (!parse_number(r->text[COUNT], &row->count) || row->count < 0 ||
	     row->count > DET_MAX_COUNT)) {
		refuse(r, "count is not a number from 0 up (empty = missing):",
		       r->text[COUNT]);
		return false;
	}
	if (!r->present[DENOMINATOR] || r->text[DENOMINATOR][0] == '\0')
		return true;
	if (!parse_number(r->text[DENOMINATOR], &row->denom) ||
	    row->denom < 0 || row->denom > DET_MAX_COUNT) {
		refuse(r, "denominator is not a number from 0 up:",
		       r->text[DENOMINATOR]);
		return false;
	}
	if (row->denom == 0)
		row->denom = NAN;
	return true;
}

static struct gathering *
gathering_of(struct reader *r, const char *name)
{
	struct gathering *g;

	HASH_FIND_STR(r->by_name, name, g);
	if (g != NULL)
		return g;
	g = calloc(1, sizeof(*g));
	if (g != NULL)
		g->name = strdup(name);
	if (g == NULL || g->name == NULL) {
		free(g);
		refuse(r, "out of memory", NULL);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, r->by_name, g->name, strlen(g->name), g);
	return g;
}

static void
keep_row(struct reader *r, const struct row *row)
{
	const char *name = r->present[SERIES] ? r->text[SERIES] : "";
	struct gathering *g;

	if (strlen(name) > MAX_NAME) {
		refuse(r, "the name of the series is too long:", name);
		return;
	}
	g = gathering_of(r, name);
	if (g == NULL)
		return;
	if (g->n == g->room) {
		size_t room = g->room > 0 ? 2 * g->room : 64;
		struct row *grown = realloc(g->row, room * sizeof(*grown));

		if (grown == NULL) {
			refuse(r, "out of memory", NULL);
			return;
		}
		g->row = grown;
		g->room = room;
	}
	g->row[g->n++] = *row;
}

static void
end_header(struct reader *r)
{
	r->in_header = false;
	if (r->present[T] && r->present[DATE])
		refuse(r, "both a column t and a column date", NULL);
	if (!r->present[T] && !r->present[DATE])
		refuse(r, "no column t or date in the header", NULL);
	if (!r->present[COUNT])
		refuse(r, "no column count in the header", NULL);
}

static void
end_row(struct reader *r)
{
	struct row row = { .line = r->line };

	for (int c = 0; c < N_COLUMNS; c++) {
		if (r->present[c] && r->text[c] == NULL) {
			refuse(r, "the row has no field for column",
			       column_name[c]);
			return;
		}
	}
	if (r->field > r->columns) {
		refuse(r, "the row has more fields than the header", NULL);
		return;
	}
	if (parse_when(r, &row) && parse_counts(r, &row))
		keep_row(r, &row);
}

static void
on_row(int ending, void *arg)
{
	struct reader *r = arg;

	if (!r->failed && r->field > 0) {
		if (r->in_header)
			end_header(r);
		else
			end_row(r);
	}
	for (int c = 0; c < N_COLUMNS; c++) {
		free(r->text[c]);
		r->text[c] = NULL;
	}
	r->field = 0;
	if (ending == '\n')
		r->line++;
}

static const char *
skip_bom(const char *data, size_t *bytes)
{
	if (*bytes < 3 || memcmp(data, "\xef\xbb\xbf", 3) != 0)
		return data;
	*bytes -= 3;
	return data + 3;
}

static void
parse_file(struct reader *r, struct csv_parser *parser, FILE *in)
{
	char chunk[CHUNK];
	bool first = true;

	while (!r->failed) {
		size_t bytes = fread(chunk, 1, sizeof(chunk), in);
		const char *data = chunk;

		if (bytes == 0)
			break;
		if (first)
			data = skip_bom(chunk, &bytes);
		first = false;
		if (csv_parse(parser, data, bytes, on_field, on_row, r) != bytes)
			refuse(r, csv_strerror(csv_error(parser)), NULL);
	}
	if (ferror(in))
		refuse(r, strerror(errno), NULL);
	if (!r->failed && csv_fini(parser, on_field, on_row, r) != 0)
		refuse(r, csv_strerror(csv_error(parser)), NULL);
	if (!r->failed && r->in_header)
		refuse(r, "the file is empty, not even a header", NULL);
}

static void
read_file(struct reader *r)
{
	struct csv_parser parser;
	FILE *in = strcmp(r->path, "-") == 0 ? stdin : fopen(r->path, "r");

	if (in == NULL) {
		cli_error("cannot read %s: %s", r->path, strerror(errno));
		r->failed = true;
		return;
	}
	if (csv_init(&parser, CSV_APPEND_NULL | CSV_REPALL_NL | CSV_STRICT |
				      CSV_STRICT_FINI) == 0) {
		parse_file(r, &parser, in);
		csv_free(&parser);
	} else {
		refuse(r, "cannot start the CSV reader", NULL);
	}
	if (in != stdin)
		fclose(in);
}

static int
by_when(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

static bool
rows_fit(struct reader *r, const struct gathering *g, int64_t step)
{
	for (size_t i = 1; i < g->n; i++) {
		if (g->row[i].when != g->row[i - 1].when)
			continue;
		r->line = g->row[i].line;
		refuse(r, "a second row for the same period of series", g->name);
		return false;
	}
	if ((g->row[g->n - 1].when - g->row[0].when) / step >= MAX_SPAN) {
		r->line = g->row[g->n - 1].line;
		refuse(r, "more than 1000000 periods in series", g->name);
		return false;
	}
	return true;
}

static bool
make_room(const struct reader *r, struct series *s)
{
	s->count = malloc(s->n * sizeof(*s->count));
	s->day = malloc(s->n * sizeof(*s->day));
	if (r->present[DENOMINATOR])
		s->denom = malloc(s->n * sizeof(*s->denom));
	return s->count != NULL && s->day != NULL &&
	       (s->denom != NULL || !r->present[DENOMINATOR]);
}

static void
fill(struct series *s, const struct gathering *g, int64_t step)
{
	for (size_t i = 0; i < s->n; i++) {
		s->count[i] = NAN;
		s->day[i] = (int32_t)(s->first_day + (int64_t)i * step);
		if (s->denom != NULL)
			s->denom[i] = NAN;
	}
	for (size_t i = 0; i < g->n; i++) {
		size_t at = (size_t)((g->row[i].when - g->row[0].when) / step);

		s->count[at] = g->row[i].count;
		s->day[at] = g->row[i].day;
		if (s->denom != NULL)
			s->denom[at] = g->row[i].denom;
	}
}

/* Lays out the rows of one series; the name moves into the series. */
static bool
lay_out(struct reader *r, struct gathering *g, struct series *s)
{
	int64_t step = r->present[DATE] ? (int64_t)r->period : 1;
	int64_t first;

	qsort(g->row, g->n, sizeof(*g->row), by_when);
	if (!rows_fit(r, g, step))
		return false;
	first = g->row[0].when;
	s->n = (size_t)((g->row[g->n - 1].when - first) / step) + 1;
	s->first_t = r->present[DATE] ? 1 : first;
	if (r->present[DATE])
		s->first_day = (int32_t)first;
	else
		s->first_day = (int32_t)((first - 1) * (int)r->period + 4);
	if (!make_room(r, s)) {
		refuse(r, "out of memory", NULL);
		return false;
	}
	fill(s, g, step);
	s->name = g->name;
	g->name = NULL;
	return true;
}

static struct series_file *
lay_out_all(struct reader *r)
{
	struct series_file *f = calloc(1, sizeof(*f));
	size_t room = HASH_COUNT(r->by_name);

	if (f != NULL)
		f->series = calloc(room > 0 ? room : 1, sizeof(*f->series));
	if (f == NULL || f->series == NULL) {
		refuse(r, "out of memory", NULL);
		free(f);
		return NULL;
	}
	f->dated = r->present[DATE];
	f->period = r->period;
	for (struct gathering *g = r->by_name; g != NULL; g = g->hh.next) {
		if (!lay_out(r, g, &f->series[f->n++])) {
			series_file_free(&f);
			return NULL;
		}
	}
	return f;
}

static void
drop_reader(struct reader *r)
{
	struct gathering *g;
	struct gathering *next;

	HASH_ITER (hh, r->by_name, g, next) {
		HASH_DEL(r->by_name, g);
		free(g->name);
		free(g->row);
		free(g);
	}
	for (int c = 0; c < N_COLUMNS; c++)
		free(r->text[c]);
	free(r->column);
}

struct series_file *
series_file_open(const char *path, enum det_period period)
{
	struct reader r = {
		.path = path, .period = period, .line = 1, .in_header = true
	};
	struct series_file *f = NULL;

	read_file(&r);
	if (!r.failed)
		f = lay_out_all(&r);
	drop_reader(&r);
	return f;
}

void
series_file_free(struct series_file **f)
{
	if (*f == NULL)
		return;
	for (size_t i = 0; i < (*f)->n; i++) {
		free((*f)->series[i].name);
		free((*f)->series[i].count);
		free((*f)->series[i].day);
		free((*f)->series[i].denom);
	}
	free((*f)->series);
	free(*f);
	*f = NULL;
}
