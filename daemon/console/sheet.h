#ifndef TOCSIN_CONSOLE_SHEET_H
#define TOCSIN_CONSOLE_SHEET_H

/*
 * The interface's lists as CSV for spreadsheets and statistics: made of the
 * very JSON of the same request, so that the two cannot differ.  RFC 4180,
 * UTF-8, a header line.  A cell is the JSON value as it stands there: text
 * without its quotes, numbers with the same digits, TRUE and FALSE as R reads
 * them.  What is null or not there is an empty cell, never 0.  A list in a
 * cell is joined with SHEET_JOIN, an object's values are name=value joined
 * likewise.
 *
 * Text is not changed in any way, also where a spreadsheet would take it for
 * a formula.
 */

#include <stdio.h>

#include <jansson.h>

#define SHEET_TYPE "text/csv; charset=utf-8; header=present"
#define SHEET_CRLF "\r\n" /* the end of a line by RFC 4180 */
#define SHEET_LF "\n"	  /* and on a terminal */
#define SHEET_JOIN '|'
#define SHEET_MAX_LISTS 2

struct sheet {
	/* The reply's lists of rows, one below the other; up to a NULL. */
	const char *list[SHEET_MAX_LISTS + 1];
	/* Makes the rows of a reply that has no list; a new array. */
	json_t *(*unfold)(const json_t *reply);
	/*
	 * Words with a blank between them: "name", which is a key of the row
	 * too, or "name=place", where "colours/red" is in an object of the row
	 * and "/site" in the reply around the rows.
	 */
	const char *columns;
};

extern const struct sheet sheet_advice, sheet_alert_events, sheet_alerts,
	sheet_areas, sheet_backtest, sheet_evidence, sheet_explain, sheet_keys,
	sheet_map, sheet_marks, sheet_notices, sheet_points, sheet_rota,
	sheet_scorecard, sheet_series, sheet_sites, sheet_status,
	sheet_triggers, sheet_vocabulary;

/* The line of names. */
void sheet_head(const struct sheet *s, const char *eol, FILE *out);

/* A line of one row of the reply (NULL: there is nothing around it). */
void sheet_row(const struct sheet *s, const json_t *reply, const json_t *row,
	       const char *eol, FILE *out);

/* Names and all rows. */
void sheet_print(const struct sheet *s, const json_t *reply, const char *eol,
		 FILE *out);

#endif
