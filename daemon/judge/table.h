#ifndef TOCSIN_JUDGE_TABLE_H
#define TOCSIN_JUDGE_TABLE_H

/*
 * CSV files with a header, for people's own tables: areas, sites, kinds,
 * indicators, histories.  Columns may stand in any order, unknown ones are
 * ignored with a warning, every bad row is named by file, line and reason
 * and the rest is still read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 16
#define TABLE_MAX_FIELD 4096 /* bytes of one field */

enum table_need {
	TABLE_OPTIONAL,
	TABLE_FILLED, /* in the header, and not empty in a row */
	TABLE_PRESENT /* in the header; may be empty in a row */
};

struct table_column {
	const char *name;
	enum table_need need;
};

/* "areas.csv:12: unknown area ..."; error = false for a mere warning. */
typedef void table_report(void *arg, bool error, const char *message);

/*
 * One row; field[i] belongs to column[i], "" where the file has none, and
 * lives for the call.  Returns 0, or -1 with a reason in err (cap bytes).
 */
typedef int table_row(void *arg, size_t line, const char *const *field,
		      char *err, size_t cap);

struct table_spec {
	const struct table_column *column; /* ends with a NULL name */
	table_row *row;
	void *arg;
	table_report *report;
	void *report_arg;
};

/*
 * Reads path ("-" is standard input).  Returns the number of bad rows, or -1
 * where the file cannot be read or its header is no use; all is reported.
 */
int table_read(const char *path, const struct table_spec *spec)
	__attribute__((warn_unused_result));

/* The same from an open stream; name stands in the messages. */
int table_read_stream(FILE *f, const char *name, const struct table_spec *spec)
	__attribute__((warn_unused_result));

/* Reads a finite number; "" gives NaN.  0, or -1 for any other text. */
int table_number(const char *text, double *out);

#endif
