/*
 * CSV tables with a header, on libcsv in its strict mode.  The text is given
 * to libcsv line by line, so that a row with a stray quote costs itself only:
 * the parser starts afresh on the next line.
 */
#include "proto/text.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text_row.h"

enum {
	UNKNOWN = -1,
	OPTIONS = CSV_STRICT | CSV_STRICT_FINI,
	PIECE_BYTES = 4096 /* given to libcsv at a time: bounds its buffer */
};

struct cell {
	size_t at; /* in record */
	size_t len;
};

struct text_table {
	struct text_table_spec spec;
	struct csv_parser parser;
	size_t bytes;
	size_t rows;
	size_t warnings;
	size_t line;	    /* being read, from 1 */
	size_t record_line; /* where the record began */
	bool between;	    /* records: the next one has not begun */
	bool skipping;	    /* to the end of the line */
	bool too_long;	    /* the record does not fit */
	size_t bom;	    /* bytes of it that were seen */
	int rc;		    /* not 0: reading is over */
	size_t header_n;    /* columns of the file; 0: no header yet */
	int column[TEXT_MAX_COLUMNS]; /* file's -> spec's, or UNKNOWN */
	size_t cells_n;
	struct cell cells[TEXT_MAX_COLUMNS];
	size_t used;
	char record[TEXT_MAX_RECORD];
};

static void
report(struct text_table *t, bool warning, size_t line, const char *reason)
{
	char where[32] = "";
	struct text_problem problem = { warning, line, where, reason };

	if (warning && t->warnings++ >= TEXT_MAX_WARNINGS)
		return;
	if (line > 0)
		snprintf(where, sizeof(where), "line %zu", line);
	if (t->spec.problem)
		t->spec.problem(t->spec.arg, &problem);
}

static void
fail(struct text_table *t, int rc, const char *reason)
{
	if (t->rc != 0)
		return;
	t->rc = rc;
	report(t, false, t->record_line, reason);
}

static struct wire_text
cell_text(const struct text_table *t, size_t i)
{
	struct wire_text text = { t->record + t->cells[i].at, t->cells[i].len };

	return text;
}

/* Case does not matter in a header. */
static int
find_column(const struct text_table_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->columns_n; i++) {
		if (strcasecmp(spec->columns[i].name, name) == 0)
			return (int)i;
	}
	return UNKNOWN;
}

static bool
has_column(const struct text_table *t, size_t column)
{
	for (size_t i = 0; i < t->header_n; i++) {
		if (t->column[i] == (int)column)
			return true;
	}
	return false;
}

static void
header_cell(struct text_table *t, size_t i)
{
	struct text_reason reason;
	struct wire_text name = cell_text(t, i);
	int column = find_column(&t->spec, name.at);

	if (column == UNKNOWN) {
		text_reason_set(&reason, "column", name,
				"is unknown and ignored");
		report(t, true, t->record_line, reason.text);
	} else if (has_column(t, (size_t)column)) {
		text_reason_set(&reason, "column", name, "stands twice");
		fail(t, TEXT_ERR_HEADER, reason.text);
	}
	t->column[i] = column;
	t->header_n = i + 1;
}

static void
header(struct text_table *t)
{
	struct text_reason reason;

	for (size_t i = 0; i < t->cells_n; i++)
		header_cell(t, i);
	for (size_t i = 0; t->rc == 0 && i < t->spec.columns_n; i++) {
		const char *name = t->spec.columns[i].name;
		struct wire_text text = { name, strlen(name) };

		if (!t->spec.columns[i].needed || has_column(t, i))
			continue;
		text_reason_set(&reason, "column", text,
				"is missing: the first line names the columns, "
				"with commas between them");
		fail(t, TEXT_ERR_HEADER, reason.text);
	}
}

static void
record(struct text_table *t)
{
	struct wire_text fields[TEXT_MAX_COLUMNS];
	char reason[80];

	if (t->cells_n != t->header_n) {
		snprintf(reason, sizeof(reason),
			 "row has %zu fields, the header %zu", t->cells_n,
			 t->header_n);
		report(t, false, t->record_line, reason);
		return;
	}
	if (t->spec.max_rows > 0 && t->rows == t->spec.max_rows) {
		fail(t, TEXT_ERR_SIZE, "more rows than allowed");
		return;
	}
	t->rows++;
	memset(fields, 0, sizeof(fields));
	for (size_t i = 0; i < t->cells_n; i++) {
		if (t->column[i] != UNKNOWN)
			fields[t->column[i]] = cell_text(t, i);
	}
	if (t->spec.record(t->spec.arg, t->record_line, fields) != 0)
		fail(t, TEXT_ERR_STOPPED, "reading was stopped");
}

static void
on_cell(void *data, size_t len, void *arg)
{
	struct text_table *t = arg;

	if (t->cells_n == TEXT_MAX_COLUMNS || len >= sizeof(t->record) - t->used) {
		t->too_long = true;
		return;
	}
	t->cells[t->cells_n++] = (struct cell){ t->used, len };
	if (len > 0)
		memcpy(t->record + t->used, data, len);
	t->record[t->used + len] = '\0';
	t->used += len + 1;
}

static void
begin_record(struct text_table *t)
{
	t->between = true;
	t->too_long = false;
	t->cells_n = 0;
	t->used = 0;
}

static void
on_record(int terminator, void *arg)
{
	struct text_table *t = arg;

	(void)terminator;
	if (t->rc != 0)
		return;
	if (t->too_long && t->header_n == 0)
		fail(t, TEXT_ERR_HEADER, "header has more than 64 columns");
	else if (t->too_long)
		report(t, false, t->record_line,
		       "row has more than 64 fields or 16 KiB");
	else if (t->header_n == 0)
		header(t);
	else
		record(t);
	begin_record(t);
}

/* Gives up the record under way: the parser starts afresh. */
static void
drop_record(struct text_table *t, const char *reason)
{
	if (t->rc != 0)
		return;
	if (t->header_n == 0)
		fail(t, TEXT_ERR_HEADER, reason);
	else
		report(t, false, t->record_line, reason);
	csv_free(&t->parser);
	if (csv_init(&t->parser, OPTIONS) != 0)
		fail(t, TEXT_ERR_MEMORY, "out of memory");
	begin_record(t);
}

static bool
blank(const char *piece, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr(" \t\r\n", piece[i]) || piece[i] == '\0')
			return false;
	}
	return true;
}

/* A piece of one line, with its end or without. */
static void
feed_line(struct text_table *t, const char *piece, size_t len)
{
	bool whole = piece[len - 1] == '\n';

	if (!t->skipping) {
		if (t->between && !blank(piece, len)) {
			t->between = false;
			t->record_line = t->line;
		}
		if (csv_parse(&t->parser, piece, len, on_cell, on_record, t) !=
		    len) {
			drop_record(t, "a quote stands in the wrong place, or "
				       "one before it is not closed");
			t->skipping = true;
		} else if (t->parser.entry_pos > TEXT_MAX_RECORD) {
			drop_record(t, "a field has more than 16 KiB: is a "
				       "quote not closed?");
			t->skipping = true;
		}
	}
	if (whole) {
		t->skipping = false;
		t->line++;
	}
}

/* Bytes of the byte order mark that the piece begins with or goes on with. */
static size_t
skip_bom(struct text_table *t, const char *piece, size_t len)
{
	static const char mark[3] = "\xef\xbb\xbf";
	size_t n = 0;

	if (t->bytes == 0 && len > 0 && (piece[0] == '\xff' || piece[0] == '\xfe'))
		fail(t, TEXT_ERR_HEADER,
		     "this is UTF-16: save the file as CSV UTF-8");
	while (t->bom < sizeof(mark) && n < len && piece[n] == mark[t->bom]) {
		t->bom++;
		n++;
	}
	if (n < len)
		t->bom = sizeof(mark);
	return n;
}

struct text_table *
text_table_new(const struct text_table_spec *spec)
{
	struct text_table *t;

	if (spec->columns_n > TEXT_MAX_COLUMNS)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->spec = *spec;
	t->line = 1;
	begin_record(t);
	if (csv_init(&t->parser, OPTIONS) != 0) {
		free(t);
		return NULL;
	}
	return t;
}

int
text_table_feed(struct text_table *t, const void *piece, size_t len)
{
	const char *at = piece;
	size_t done;

	if (t->rc != 0 || len == 0)
		return t->rc;
	done = skip_bom(t, at, len);
	if (t->spec.max_bytes > 0 && len > t->spec.max_bytes - t->bytes)
		fail(t, TEXT_ERR_SIZE, "more bytes than allowed");
	t->bytes += len;
	while (t->rc == 0 && done < len) {
		const char *end = memchr(at + done, '\n', len - done);
		size_t n = end ? (size_t)(end + 1 - (at + done)) : len - done;

		if (n > PIECE_BYTES)
			n = PIECE_BYTES;
		feed_line(t, at + done, n);
		done += n;
	}
	return t->rc;
}

int
text_table_finish(struct text_table *t)
{
	if (t->rc != 0)
		return t->rc;
	if (csv_fini(&t->parser, on_cell, on_record, t) != 0)
		drop_record(t, "a quote is not closed");
	if (t->header_n == 0)
		fail(t, TEXT_ERR_HEADER,
		     "empty: the first line must name the columns");
	return t->rc;
}

void
text_table_free(struct text_table **tp)
{
	struct text_table *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	csv_free(&t->parser);
	free(t);
}
