/* Counts as CSV, read on a table of text_row's columns, and written. */
#include "proto/text_row.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_csv {
	struct text_table *table;
	struct text_sink sink;
	struct text_options options;
	char site[WIRE_MAX_CODE + 1]; /* options point here */
	char indicator[WIRE_MAX_CODE + 1];
	struct text_tally tally;
	struct text_column columns[TEXT_ROW_COLUMNS];
};

static void
tell(struct text_csv *csv, const struct text_problem *problem)
{
	if (problem->warning)
		csv->tally.warnings++;
	else
		csv->tally.bad++;
	if (csv->sink.problem)
		csv->sink.problem(csv->sink.arg, problem);
}

static void
on_problem(void *arg, const struct text_problem *problem)
{
	tell(arg, problem);
}

static int
fill(struct text_row *row, const struct wire_text *fields,
     struct text_reason *reason)
{
	for (size_t i = 0; i < TEXT_ROW_COLUMNS; i++) {
		if (fields[i].at && text_row_set(row, (enum text_row_column)i,
						 fields[i], reason) < 0)
			return -1;
	}
	return text_row_check(row, reason);
}

static int
on_record(void *arg, size_t line, const struct wire_text *fields)
{
	struct text_csv *csv = arg;
	struct text_reason reason;
	struct text_row row;

	text_row_init(&row, &csv->options);
	row.line = line;
	snprintf(row.where, sizeof(row.where), "line %zu", line);
	if (fill(&row, fields, &reason) < 0) {
		struct text_problem problem = { false, line, row.where,
						reason.text };

		tell(csv, &problem);
		return 0;
	}
	csv->tally.rows++;
	return csv->sink.row(csv->sink.arg, &row);
}

static void
set_options(struct text_csv *csv, const struct text_options *options)
{
	memcpy(csv->columns, text_row_columns, sizeof(csv->columns));
	if (!options)
		return;
	csv->options = *options;
	if (options->site) {
		snprintf(csv->site, sizeof(csv->site), "%s", options->site);
		csv->options.site = csv->site;
		csv->columns[TEXT_SITE].needed = false;
	}
	if (options->indicator) {
		snprintf(csv->indicator, sizeof(csv->indicator), "%s",
			 options->indicator);
		csv->options.indicator = csv->indicator;
		csv->columns[TEXT_INDICATOR].needed = false;
	}
}

struct text_csv *
text_csv_new(const struct text_options *options, const struct text_sink *sink)
{
	struct text_csv *csv = calloc(1, sizeof(*csv));
	struct text_table_spec spec;

	if (!csv)
		return NULL;
	csv->sink = *sink;
	set_options(csv, options);
	spec = (struct text_table_spec){
		.columns = csv->columns,
		.columns_n = TEXT_ROW_COLUMNS,
		.max_bytes = csv->options.max_bytes,
		.max_rows = csv->options.max_rows,
		.arg = csv,
		.record = on_record,
		.problem = on_problem,
	};
	csv->table = text_table_new(&spec);
	if (!csv->table) {
		free(csv);
		return NULL;
	}
	return csv;
}

int
text_csv_feed(struct text_csv *csv, const void *piece, size_t len)
{
	return text_table_feed(csv->table, piece, len);
}

int
text_csv_finish(struct text_csv *csv, struct text_tally *tally)
{
	int rc = text_table_finish(csv->table);

	*tally = csv->tally;
	return rc;
}

void
text_csv_free(struct text_csv **csvp)
{
	struct text_csv *csv = *csvp;

	*csvp = NULL;
	if (!csv)
		return;
	text_table_free(&csv->table);
	free(csv);
}

int
text_csv_read(const void *text, size_t len, const struct text_options *options,
	      const struct text_sink *sink, struct text_tally *tally)
{
	struct text_csv *csv = text_csv_new(options, sink);
	int rc;

	memset(tally, 0, sizeof(*tally));
	if (!csv)
		return TEXT_ERR_MEMORY;
	rc = text_csv_feed(csv, text, len);
	if (rc == TEXT_OK)
		rc = text_csv_finish(csv, tally);
	*tally = csv->tally;
	text_csv_free(&csv);
	return rc;
}

/* A line being written; once full it stays full. */
struct line {
	char *buf;
	size_t cap;
	size_t len;
	bool full;
};

static void
add(struct line *line, const char *text, size_t len)
{
	if (line->full || len >= line->cap - line->len) {
		line->full = true;
		return;
	}
	memcpy(line->buf + line->len, text, len);
	line->len += len;
	line->buf[line->len] = '\0';
}

/* Quoted only where it must be; libcsv would quote every field. */
static void
add_text(struct line *line, const char *text)
{
	char quoted[2 * WIRE_MAX_CODE + 3];
	size_t len = strlen(text), n;

	if (!strpbrk(text, ",\"\r\n") &&
	    (len == 0 || (text[0] != ' ' && text[len - 1] != ' '))) {
		add(line, text, len);
		return;
	}
	n = csv_write(quoted, sizeof(quoted), text, len);
	if (n > sizeof(quoted))
		line->full = true;
	else
		add(line, quoted, n);
}

static void
add_number(struct line *line, bool given, uint32_t value)
{
	char digits[16];

	add(line, ",", 1);
	if (!given)
		return;
	snprintf(digits, sizeof(digits), "%u", value);
	add(line, digits, strlen(digits));
}

size_t
text_csv_write_header(char *buf, size_t cap)
{
	static const char header[] =
		"date,site,indicator,count,denominator,stratum,"
		"received,revision,partial\n";
	struct line line = { buf, cap, 0, cap == 0 };

	add(&line, header, sizeof(header) - 1);
	return line.full ? 0 : line.len;
}

size_t
text_csv_write(const struct text_row *row, char *buf, size_t cap)
{
	struct line line = { buf, cap, 0, cap == 0 };
	char day[TEXT_DAY_BYTES];

	add_text(&line, text_day_format(row->day, day));
	add(&line, ",", 1);
	add_text(&line, row->site);
	add(&line, ",", 1);
	add_text(&line, row->indicator);
	add_number(&line, !(row->flags & WIRE_COUNT_WITHDRAWN), row->value);
	add_number(&line, row->flags & WIRE_COUNT_DENOMINATOR, row->denominator);
	add(&line, ",", 1);
	add_text(&line, row->stratum);
	add(&line, ",", 1);
	add_text(&line, text_day_format(row->received, day));
	add_number(&line, row->revision != 0, row->revision);
	add_number(&line, row->flags & WIRE_COUNT_PARTIAL, 1);
	add(&line, "\n", 1);
	return line.full ? 0 : line.len;
}
