#ifndef TOCSIN_PROTO_TEXT_H
#define TOCSIN_PROTO_TEXT_H

/*
 * Counts as people and their programs write them: CSV and JSON (libtocsin-text;
 * uses libcsv, jansson and the heap).  tocsin-collect reads files with it, the
 * HTTP door bodies, the back-test its counts.csv; areas.csv and sites.csv go
 * through the same table reader.
 *
 * CSV: a header names the columns, in any order, in any case; needed are date,
 * site, indicator, count; known are denominator, stratum, received, revision,
 * partial, withdrawn.  UTF-8, with or without BOM; LF or CRLF; quoted fields.
 * An empty count is "no report": WIRE_COUNT_WITHDRAWN, never 0.
 *
 * JSON: {"counts":[{"date":"2020-02-29","site":"s","indicator":"i","count":3,
 * "denominator":70,"stratum":"65+","revision":1,"withdrawn":true}]}, or the
 * same columns once: {"columns":["date","count"],"rows":[["2020-02-29",3]]};
 * "site" and "indicator" beside them stand for all that name none;
 * {"closed":[{"site":"s","date":"2020-02-29"}]} says which days are complete.
 * A count of null is "no report".
 *
 * A bad row or element is reported with its place and skipped, and reading
 * goes on, so that one look shows all of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

#define TEXT_MAX_COLUMNS 64		  /* of a CSV file */
#define TEXT_MAX_RECORD (16u * 1024)	  /* bytes of a CSV row's fields */
#define TEXT_MAX_JSON (16u * 1024 * 1024) /* bytes of a JSON text */
#define TEXT_MAX_DEPTH 8		  /* of a JSON text */
#define TEXT_MAX_WARNINGS 16		  /* more are not reported */
#define TEXT_ROW_BYTES 1024		  /* no written row is longer */
#define TEXT_DAY_BYTES 11		  /* "2020-02-29" and its NUL */
#define TEXT_DAY_NONE INT32_MIN

/* Why the rest of a text cannot be read; text_strerror() gives the words. */
enum text_error {
	TEXT_OK = 0,
	TEXT_ERR_HEADER = -1,  /* needed column missing, or not a header */
	TEXT_ERR_SYNTAX = -2,  /* not JSON, or not the JSON that is meant */
	TEXT_ERR_SIZE = -3,    /* more bytes, rows or depth than allowed */
	TEXT_ERR_STOPPED = -4, /* a callback returned non-zero */
	TEXT_ERR_MEMORY = -5
};

/* What is wrong with one row or element, or with the whole (line 0). */
struct text_problem {
	bool warning;	    /* nothing was skipped */
	size_t line;	    /* CSV: where the row begins, from 1; JSON: 0 */
	const char *where;  /* "line 12", "/counts/3"; lasts for the call */
	const char *reason; /* one sentence without the place; likewise */
};

/* One count.  A copy: nothing points elsewhere. */
struct text_row {
	size_t line;	/* as in struct text_problem */
	char where[48]; /* likewise */
	int32_t day;
	int32_t received; /* day, or TEXT_DAY_NONE */
	uint32_t value;
	uint32_t denominator;
	uint32_t revision; /* 0: none given */
	uint32_t flags;	   /* WIRE_COUNT_* */
	char site[WIRE_MAX_CODE + 1];
	char indicator[WIRE_MAX_CODE + 1];
	char stratum[WIRE_MAX_CODE + 1];
};

struct text_closed {
	char where[48];
	int32_t day;
	char site[WIRE_MAX_CODE + 1];
};

/*
 * Who takes what is read.  closed, problem may be NULL; row and closed return
 * 0, or anything else to stop.
 */
struct text_sink {
	void *arg;
	int (*row)(void *arg, const struct text_row *row);
	int (*closed)(void *arg, const struct text_closed *closed);
	void (*problem)(void *arg, const struct text_problem *problem);
};

struct text_options {
	const char *site;      /* of rows that name none, or NULL */
	const char *indicator; /* likewise; the column is then not needed */
	size_t max_bytes;      /* of the whole text; 0: no limit (CSV),
				  TEXT_MAX_JSON (JSON) */
	size_t max_rows;       /* 0: no limit */
};

/* What was found. */
struct text_tally {
	size_t rows;   /* good ones */
	size_t closed; /* day-closed marks */
	size_t bad;    /* problems that are not warnings */
	size_t warnings;
};

/*
 * Reads a whole CSV or JSON text of len bytes.  options may be NULL.  Returns
 * TEXT_OK when all of it was read, though tally->bad may be above 0, or a
 * negative enum text_error, whose reason the sink has been told too.
 */
int text_csv_read(const void *text, size_t len,
		  const struct text_options *options,
		  const struct text_sink *sink, struct text_tally *tally)
	__attribute__((warn_unused_result));
int text_json_read(const void *text, size_t len,
		   const struct text_options *options,
		   const struct text_sink *sink, struct text_tally *tally)
	__attribute__((warn_unused_result));

/* The same for a CSV stream: feed it in pieces of any size, then finish. */
struct text_csv;
struct text_csv *text_csv_new(const struct text_options *options,
			      const struct text_sink *sink);
int text_csv_feed(struct text_csv *csv, const void *piece, size_t len)
	__attribute__((warn_unused_result));
int text_csv_finish(struct text_csv *csv, struct text_tally *tally)
	__attribute__((warn_unused_result));
void text_csv_free(struct text_csv **csv);

/*
 * Any CSV table with a header, one record at a time: what text_csv_* is made
 * of, and the reader of areas.csv and sites.csv.  fields has one entry for
 * each column of the spec, NUL-terminated and trimmed; at is NULL where the
 * file has no such column.  They last for the call.
 */
struct text_column {
	const char *name;
	bool needed;
};

struct text_table_spec {
	const struct text_column *columns;
	size_t columns_n; /* at most TEXT_MAX_COLUMNS */
	size_t max_bytes; /* 0: no limit */
	size_t max_rows;
	void *arg;
	int (*record)(void *arg, size_t line, const struct wire_text *fields);
	void (*problem)(void *arg, const struct text_problem *problem);
};

struct text_table;
struct text_table *text_table_new(const struct text_table_spec *spec);
int text_table_feed(struct text_table *table, const void *piece, size_t len)
	__attribute__((warn_unused_result));
int text_table_finish(struct text_table *table)
	__attribute__((warn_unused_result));
void text_table_free(struct text_table **table);

/*
 * Writers into buf of cap bytes; they return the length without the NUL, or 0
 * where it does not fit (TEXT_ROW_BYTES always do).  The CSV ones end with LF
 * and have the columns date, site, indicator, count, denominator, stratum,
 * received, revision, partial; the JSON one writes an object.
 */
size_t text_csv_write_header(char *buf, size_t cap);
size_t text_csv_write(const struct text_row *row, char *buf, size_t cap);
size_t text_json_write(const struct text_row *row, char *buf, size_t cap);

/*
 * Days since 1970-01-01 of "YYYY-MM-DD" (years 1 to 9999), or TEXT_DAY_NONE
 * for any other text.
 */
int32_t text_day_parse(const char *text, size_t len);
/* Writes the date into buf and returns it; TEXT_DAY_NONE gives "". */
const char *text_day_format(int32_t day, char buf[TEXT_DAY_BYTES]);

const char *text_strerror(int err);

#endif
