#ifndef TOCSIN_PROTO_TEXT_ROW_H
#define TOCSIN_PROTO_TEXT_ROW_H

/*
 * One row being put together from its columns, the same for CSV and JSON; for
 * libtocsin-text only.
 */

#include "proto/text.h"

enum text_row_column {
	TEXT_DATE,
	TEXT_SITE,
	TEXT_INDICATOR,
	TEXT_COUNT,
	TEXT_DENOMINATOR,
	TEXT_STRATUM,
	TEXT_RECEIVED,
	TEXT_REVISION,
	TEXT_PARTIAL,
	TEXT_WITHDRAWN,
	TEXT_ROW_COLUMNS
};

extern const struct text_column text_row_columns[TEXT_ROW_COLUMNS];

/* Room for a reason. */
struct text_reason {
	char text[320];
};

/* What a row is before its columns are known. */
void text_row_init(struct text_row *row, const struct text_options *options);

/*
 * Puts the text of a column into the row; an empty one leaves the row as it
 * was, but for an empty count.  Returns 0, or -1 with the reason.
 */
int text_row_set(struct text_row *row, enum text_row_column column,
		 struct wire_text value, struct text_reason *reason);

/* Whether a row is whole and its columns fit each other; as above. */
int text_row_check(const struct text_row *row, struct text_reason *reason);

/* Checks and copies a code into to; as above. */
int text_row_code(const char *name, struct wire_text value,
		  char to[WIRE_MAX_CODE + 1], struct text_reason *reason);

/* Writes the reason: what, then the value cut and made printable. */
void text_reason_set(struct text_reason *reason, const char *name,
		     struct wire_text value, const char *what);

#endif
