/*
 * CSV files with a header, see table.h.  Lines are fed to libcsv one by one,
 * so that messages can name them.
 */
#include "daemon/judge/table.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/judge/names.h"

#define FILE_COLUMNS 64 /* of a file, unknown ones included */
#define MESSAGE_BYTES 512
#define CSV_OPTIONS (CSV_STRICT | CSV_STRICT_FINI)

struct reader {
	const struct table_spec *spec;
	const char *name;
	size_t columns;	 /* of spec */
	size_t line;	 /* being fed */
	size_t row_line; /* where the row began */
	bool header_done;
	bool broken; /* the header is no use */
	int bad;
	size_t n; /* fields of the row so far */
	bool row_bad;
	size_t header_n;       /* fields of the header */
	int map[FILE_COLUMNS]; /* file's column -> spec's, or -1 */
	char *field[TABLE_MAX_COLUMNS];
	char header[FILE_COLUMNS][32];
};

static void complain(struct reader *r, bool error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void
complain(struct reader *r, bool error, const char *fmt, ...)
{
	char text[MESSAGE_BYTES], message[MESSAGE_BYTES + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(message, sizeof(message), "%.200s:%zu: %s", r->name,
		 r->row_line, text);
	r->spec->report(r->spec->report_arg, error, message);
	if (error)
		r->row_bad = true;
}

static void
take_field(void *text, size_t len, void *arg)
{
	struct reader *r = arg;
	size_t i = r->n++;

	if (!r->header_done) {
		if (i < FILE_COLUMNS)
			snprintf(r->header[i], sizeof(r->header[i]), "%.*s",
				 (int)(len > 31 ? 31 : len), (char *)text);
		return;
	}
	if (i >= r->header_n || r->map[i] < 0 || r->row_bad)
		return;
	if (len > TABLE_MAX_FIELD)
		complain(r, true, "field %zu has more than %d bytes", i + 1,
			 TABLE_MAX_FIELD);
	else if (!names_printable(text, len))
		complain(r, true,
			 "field %zu has control characters or is not UTF-8",
			 i + 1);
	else
		memcpy(r->field[r->map[i]], text, len);
	if (!r->row_bad)
		r->field[r->map[i]][len] = '\0';
}

static void
map_column(struct reader *r, size_t i)
{
	r->map[i] = -1;
	for (size_t c = 0; c < r->columns; c++) {
		if (strcmp(r->header[i], r->spec->column[c].name) == 0)
			r->map[i] = (int)c;
	}
	for (size_t k = 0; k < i; k++) {
		if (r->map[i] >= 0 && r->map[k] == r->map[i]) {
			complain(r, true, "column \"%s\" stands there twice",
				 r->header[i]);
			r->broken = true;
		}
	}
	if (r->map[i] < 0)
		complain(r, false, "column \"%s\" is not known and is ignored",
			 r->header[i]);
}

static void
take_header(struct reader *r)
{
	if (r->n > FILE_COLUMNS) {
		complain(r, true, "more than %d columns", FILE_COLUMNS);
		r->broken = true;
		return;
	}
	r->header_n = r->n;
	for (size_t i = 0; i < r->n; i++)
		map_column(r, i);
	for (size_t c = 0; c < r->columns; c++) {
		bool found = r->spec->column[c].need == TABLE_OPTIONAL;

		for (size_t i = 0; i < r->n; i++)
			found = found || r->map[i] == (int)c;
		if (!found) {
			complain(r, true, "column \"%s\" is missing",
				 r->spec->column[c].name);
			r->broken = true;
		}
	}
}

static void
check_row(struct reader *r)
{
	char err[MESSAGE_BYTES] = "";

	if (!r->row_bad && r->n != r->header_n)
		complain(r, true, "%zu fields, and the header has %zu", r->n,
			 r->header_n);
	for (size_t c = 0; c < r->columns && !r->row_bad; c++) {
		if (r->spec->column[c].need == TABLE_FILLED &&
		    r->field[c][0] == '\0')
			complain(r, true, "%s is empty", r->spec->column[c].name);
	}
	if (r->row_bad)
		return;
	if (r->spec->row(r->spec->arg, r->row_line,
			 (const char *const *)r->field, err, sizeof(err)) < 0)
		complain(r, true, "%s", err);
}

static void
clear_row(struct reader *r)
{
	r->n = 0;
	r->row_bad = false;
	r->row_line = 0;
	for (size_t i = 0; i < r->columns; i++)
		r->field[i][0] = '\0';
}

static void
end_row(int c, void *arg)
{
	struct reader *r = arg;

	(void)c;
	if (!r->header_done) {
		take_header(r);
		r->header_done = true;
	} else {
		check_row(r);
		r->bad += r->row_bad;
	}
	clear_row(r);
}

static bool
blank(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && strchr(" \t\r\n", text[i]) != NULL && text[i] != '\0')
		i++;
	return i == len;
}

/* The row is given up; the next line begins another one. */
static void
refuse_quotes(struct reader *r, struct csv_parser *parser)
{
	complain(r, true,
		 "a quotation mark is not closed, or stands inside a field");
	r->broken = !r->header_done;
	r->bad++;
	clear_row(r);
	csv_free(parser);
	csv_init(parser, CSV_OPTIONS);
}

/* Returns 0, or -1 where the file could not be read. */
static int
read_lines(struct reader *r, FILE *f, struct csv_parser *parser)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;

	while (!r->broken && (len = getline(&text, &cap, f)) >= 0) {
		char *from = text;

		r->line++;
		if (r->row_line == 0)
			r->row_line = r->line;
		if (r->line == 1 && len >= 3 &&
		    memcmp(text, "\xef\xbb\xbf", 3) == 0) {
			from += 3;
			len -= 3;
		}
		if (csv_parse(parser, from, (size_t)len, take_field, end_row,
			      r) != (size_t)len)
			refuse_quotes(r, parser);
		else if (r->n == 0 && blank(from, (size_t)len))
			r->row_line = 0;
	}
	free(text);
	if (ferror(f)) {
		complain(r, true, "%s", strerror(errno));
		return -1;
	}
	if (!r->broken && csv_fini(parser, take_field, end_row, r) != 0)
		refuse_quotes(r, parser);
	return 0;
}

static int
alloc_fields(struct reader *r)
{
	for (size_t i = 0; i < r->columns; i++) {
		r->field[i] = calloc(1, TABLE_MAX_FIELD + 1);
		if (r->field[i] == NULL)
			return -1;
	}
	return 0;
}

int
table_read_stream(FILE *f, const char *name, const struct table_spec *spec)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct csv_parser parser;
	int rc = -1;

	if (r == NULL)
		return -1;
	r->spec = spec;
	r->name = name;
	while (spec->column[r->columns].name != NULL)
		r->columns++;
	if (csv_init(&parser, CSV_OPTIONS) != 0) {
		free(r);
		return -1;
	}
	if (alloc_fields(r) < 0)
		goto out;
	rc = read_lines(r, f, &parser);
	if (rc == 0 && !r->header_done)
		complain(r, true, "the file is empty, a header is needed");
	rc = rc < 0 || r->broken || !r->header_done ? -1 : r->bad;
out:
	for (size_t i = 0; i < r->columns; i++)
		free(r->field[i]);
	csv_free(&parser);
	free(r);
	return rc;
}

int
table_read(const char *path, const struct table_spec *spec)
{
	char message[MESSAGE_BYTES];
	FILE *f;
	int rc;

	if (strcmp(path, "-") == 0)
		return table_read_stream(stdin, "standard input", spec);
	f = fopen(path, "re");
	if (f == NULL) {
		snprintf(message, sizeof(message), "%.300s: %s", path,
			 strerror(errno));
		spec->report(spec->report_arg, true, message);
		return -1;
	}
	rc = table_read_stream(f, path, spec);
	fclose(f);
	return rc;
}

int
table_number(const char *text, double *out)
{
	char *end;

	if (text[0] == '\0') {
		*out = NAN;
		return 0;
	}
	if (text[strspn(text, "0123456789+-.eE")] != '\0')
		return -1;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out) ? 0 : -1;
}
