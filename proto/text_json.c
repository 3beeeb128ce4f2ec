/*
 * Counts as JSON, on jansson.  The text is bounded in bytes and depth before
 * jansson sees it; jansson refuses what is not UTF-8 or names a member twice.
 */
#include "proto/text_row.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const struct text_sink *sink;
	struct text_options options;
	struct text_tally *tally;
	size_t elements; /* good or bad */
	int rc;
};

static void
report(struct reader *r, bool warning, const char *where, const char *reason)
{
	struct text_problem problem = { warning, 0, where, reason };

	if (warning) {
		if (r->tally->warnings == TEXT_MAX_WARNINGS)
			return;
		r->tally->warnings++;
	} else {
		r->tally->bad++;
	}
	if (r->sink->problem)
		r->sink->problem(r->sink->arg, &problem);
}

static int
fail(struct reader *r, int rc, const char *where, const char *reason)
{
	if (r->rc == 0) {
		r->rc = rc;
		report(r, false, where, reason);
	}
	return -1;
}

static struct wire_text
borrow(const char *text)
{
	struct wire_text t = { text, strlen(text) };

	return t;
}

static void
warn_unknown(struct reader *r, const char *where, const char *name)
{
	struct text_reason reason;

	text_reason_set(&reason, "member", borrow(name),
			"is unknown and ignored");
	report(r, true, where, reason.text);
}

/* Nesting of arrays and objects, outside of strings. */
static bool
too_deep(const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') &&
			 ++depth > TEXT_MAX_DEPTH)
			return true;
		else if (!quoted && (c == ']' || c == '}'))
			depth--;
	}
	return false;
}

static int
find_column(const char *name)
{
	for (int i = 0; i < TEXT_ROW_COLUMNS; i++) {
		if (strcmp(text_row_columns[i].name, name) == 0)
			return i;
	}
	return -1;
}

/*
 * The value as its column's text in digits or borrowed; null is empty.
 * Returns NULL, or what the value should have been.
 */
static const char *
value_text(int column, const json_t *value, char digits[24],
	   struct wire_text *text)
{
	*text = borrow("");
	if (json_is_null(value))
		return NULL;
	switch (column) {
	case TEXT_COUNT:
	case TEXT_DENOMINATOR:
	case TEXT_REVISION:
		if (!json_is_integer(value))
			return "is not a whole number";
		snprintf(digits, 24, "%lld",
			 (long long)json_integer_value(value));
		*text = borrow(digits);
		return NULL;
	case TEXT_PARTIAL:
	case TEXT_WITHDRAWN:
		if (!json_is_boolean(value))
			return "is neither true nor false";
		*text = borrow(json_is_true(value) ? "1" : "0");
		return NULL;
	default:
		if (!json_is_string(value))
			return "is not a string";
		*text = borrow(json_string_value(value));
		return NULL;
	}
}

/* Puts one member into the row.  Returns 0, or -1 after a report. */
static int
set(struct reader *r, struct text_row *row, int column, const json_t *value)
{
	const char *name = text_row_columns[column].name;
	struct text_reason reason;
	struct wire_text text;
	char digits[24], where[96];
	const char *what = value_text(column, value, digits, &text);

	if (!what &&
	    text_row_set(row, (enum text_row_column)column, text, &reason) == 0)
		return 0;
	if (what)
		snprintf(reason.text, sizeof(reason.text), "%s %s", name, what);
	snprintf(where, sizeof(where), "%s/%s", row->where, name);
	report(r, false, where, reason.text);
	return -1;
}

/* Hands over a row whose members have been set. */
static int
deliver(struct reader *r, const struct text_row *row, bool counted)
{
	struct text_reason reason;

	if (!counted && !(row->flags & WIRE_COUNT_WITHDRAWN)) {
		report(r, false, row->where,
		       "no count (null, or withdrawn, is \"no report\")");
		return 0;
	}
	if (text_row_check(row, &reason) < 0) {
		report(r, false, row->where, reason.text);
		return 0;
	}
	r->tally->rows++;
	if (r->sink->row(r->sink->arg, row) != 0)
		return fail(r, TEXT_ERR_STOPPED, row->where,
			    "reading was stopped");
	return 0;
}

static int
begin(struct reader *r, struct text_row *row, const char *list, size_t i)
{
	text_row_init(row, &r->options);
	snprintf(row->where, sizeof(row->where), "/%s/%zu", list, i);
	if (r->options.max_rows > 0 && r->elements++ == r->options.max_rows)
		return fail(r, TEXT_ERR_SIZE, row->where,
			    "more rows than allowed");
	return 0;
}

static int
read_object(struct reader *r, json_t *object, size_t i)
{
	struct text_row row;
	const char *name;
	json_t *value;

	if (begin(r, &row, "counts", i) < 0)
		return -1;
	if (!json_is_object(object)) {
		report(r, false, row.where, "is not an object");
		return 0;
	}
	json_object_foreach (object, name, value) {
		int column = find_column(name);

		if (column < 0)
			warn_unknown(r, row.where, name);
		else if (set(r, &row, column, value) < 0)
			return 0;
	}
	return deliver(r, &row, json_object_get(object, "count") != NULL);
}

static int
read_array(struct reader *r, const json_t *array, const int *column, size_t n,
	   size_t i)
{
	struct text_row row;
	bool counted = false;

	if (begin(r, &row, "rows", i) < 0)
		return -1;
	if (!json_is_array(array) || json_array_size(array) != n) {
		report(r, false, row.where,
		       "is not an array as long as \"columns\"");
		return 0;
	}
	for (size_t k = 0; k < n; k++) {
		counted |= column[k] == TEXT_COUNT;
		if (column[k] >= 0 &&
		    set(r, &row, column[k], json_array_get(array, k)) < 0)
			return 0;
	}
	return deliver(r, &row, counted);
}

static int
read_counts(struct reader *r, const json_t *counts)
{
	if (!counts)
		return 0;
	if (!json_is_array(counts))
		return fail(r, TEXT_ERR_SYNTAX, "/counts", "is not an array");
	for (size_t i = 0; i < json_array_size(counts); i++) {
		if (read_object(r, json_array_get(counts, i), i) < 0)
			return -1;
	}
	return 0;
}

/* Fills column[] from "columns"; returns how many there are, or -1. */
static int
read_columns(struct reader *r, const json_t *columns,
	     int column[TEXT_MAX_COLUMNS])
{
	size_t n = json_array_size(columns);

	if (n == 0 || n > TEXT_MAX_COLUMNS)
		return fail(r, TEXT_ERR_SYNTAX, "/columns",
			    "is not an array of 1 to 64 names");
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(columns, i));

		if (!name)
			return fail(r, TEXT_ERR_SYNTAX, "/columns",
				    "is not an array of names");
		column[i] = find_column(name);
		if (column[i] < 0)
			warn_unknown(r, "/columns", name);
		for (size_t k = 0; k < i; k++) {
			if (column[i] >= 0 && column[k] == column[i])
				return fail(r, TEXT_ERR_SYNTAX, "/columns",
					    "names a column twice");
		}
	}
	return (int)n;
}

static int
read_rows(struct reader *r, const json_t *columns, const json_t *rows)
{
	int column[TEXT_MAX_COLUMNS];
	int n;

	if (!columns && !rows)
		return 0;
	n = read_columns(r, columns, column);
	if (n < 0)
		return -1;
	if (!json_is_array(rows))
		return fail(r, TEXT_ERR_SYNTAX, "/rows", "is not an array");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (read_array(r, json_array_get(rows, i), column, (size_t)n,
			       i) < 0)
			return -1;
	}
	return 0;
}

static int
read_mark(struct reader *r, const json_t *object, size_t i)
{
	struct text_closed mark;
	struct text_row row;
	const json_t *date = json_object_get(object, "date");
	const json_t *site = json_object_get(object, "site");

	if (begin(r, &row, "closed", i) < 0)
		return -1;
	if (date && set(r, &row, TEXT_DATE, date) < 0)
		return 0;
	if (site && set(r, &row, TEXT_SITE, site) < 0)
		return 0;
	if (row.day == TEXT_DAY_NONE || row.site[0] == '\0') {
		report(r, false, row.where, "needs a date and a site");
		return 0;
	}
	r->tally->closed++;
	memcpy(mark.where, row.where, sizeof(mark.where));
	memcpy(mark.site, row.site, sizeof(mark.site));
	mark.day = row.day;
	if (r->sink->closed && r->sink->closed(r->sink->arg, &mark) != 0)
		return fail(r, TEXT_ERR_STOPPED, row.where,
			    "reading was stopped");
	return 0;
}

static int
read_closed(struct reader *r, const json_t *closed)
{
	if (!closed)
		return 0;
	if (!json_is_array(closed))
		return fail(r, TEXT_ERR_SYNTAX, "/closed", "is not an array");
	for (size_t i = 0; i < json_array_size(closed); i++) {
		if (read_mark(r, json_array_get(closed, i), i) < 0)
			return -1;
	}
	return 0;
}

/* A default beside the lists wins over the caller's. */
static int
read_default(struct reader *r, const json_t *root, int column, const char **option)
{
	const char *name = text_row_columns[column].name;
	const json_t *value = json_object_get(root, name);
	struct text_row row = { .where = "" };

	if (!value)
		return 0;
	if (set(r, &row, column, value) < 0) {
		r->rc = TEXT_ERR_SYNTAX;
		return -1;
	}
	if (json_is_string(value))
		*option = json_string_value(value);
	return 0;
}

static void
warn_members(struct reader *r, json_t *root)
{
	static const char *const known[] = { "counts", "columns", "rows",
					     "closed", "site",	  "indicator" };
	const size_t n = sizeof(known) / sizeof(known[0]);
	const char *name;
	json_t *value;

	json_object_foreach (root, name, value) {
		size_t i = 0;

		while (i < n && strcmp(known[i], name) != 0)
			i++;
		if (i == n)
			warn_unknown(r, "/", name);
	}
}

static void
read_root(struct reader *r, json_t *root)
{
	const json_t *counts = json_object_get(root, "counts");
	const json_t *columns = json_object_get(root, "columns");
	const json_t *rows = json_object_get(root, "rows");
	const json_t *closed = json_object_get(root, "closed");

	if (!counts && !rows && !closed) {
		fail(r, TEXT_ERR_SYNTAX, "",
		     "not an object with \"counts\", \"rows\" or \"closed\"");
		return;
	}
	warn_members(r, root);
	if (read_default(r, root, TEXT_SITE, &r->options.site) < 0 ||
	    read_default(r, root, TEXT_INDICATOR, &r->options.indicator) < 0 ||
	    read_counts(r, counts) < 0 || read_rows(r, columns, rows) < 0)
		return;
	read_closed(r, closed);
}

int
text_json_read(const void *text, size_t len, const struct text_options *options,
	       const struct text_sink *sink, struct text_tally *tally)
{
	struct reader r = { .sink = sink, .tally = tally };
	json_error_t error;
	json_t *root;
	char where[64];
	size_t max, bom;

	memset(tally, 0, sizeof(*tally));
	if (options)
		r.options = *options;
	max = r.options.max_bytes ? r.options.max_bytes : TEXT_MAX_JSON;
	if (len > max || too_deep(text, len)) {
		fail(&r, TEXT_ERR_SIZE, "", "larger or deeper than allowed");
		return r.rc;
	}
	bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	root = json_loadb((const char *)text + bom, len - bom,
			  JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		snprintf(where, sizeof(where), "line %d column %d", error.line,
			 error.column);
		fail(&r, TEXT_ERR_SYNTAX, where, error.text);
		return r.rc;
	}
	read_root(&r, root);
	json_decref(root);
	return r.rc;
}

static int
add(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value);
}

static int
add_members(json_t *object, const struct text_row *row)
{
	bool withdrawn = (row->flags & WIRE_COUNT_WITHDRAWN) != 0;
	char day[TEXT_DAY_BYTES];
	int rc = 0;

	rc |= add(object, "date", json_string(text_day_format(row->day, day)));
	rc |= add(object, "site", json_string(row->site));
	rc |= add(object, "indicator", json_string(row->indicator));
	rc |= add(object, "count",
		  withdrawn ? json_null() : json_integer(row->value));
	if (row->flags & WIRE_COUNT_DENOMINATOR)
		rc |= add(object, "denominator", json_integer(row->denominator));
	if (row->stratum[0])
		rc |= add(object, "stratum", json_string(row->stratum));
	if (row->received != TEXT_DAY_NONE)
		rc |= add(object, "received",
			  json_string(text_day_format(row->received, day)));
	if (row->revision)
		rc |= add(object, "revision", json_integer(row->revision));
	if (row->flags & WIRE_COUNT_PARTIAL)
		rc |= add(object, "partial", json_true());
	return rc;
}

size_t
text_json_write(const struct text_row *row, char *buf, size_t cap)
{
	json_t *object = json_object();
	size_t len = 0;

	if (object && cap > 0 && add_members(object, row) == 0)
		len = json_dumpb(object, buf, cap, JSON_COMPACT);
	json_decref(object);
	if (len >= cap)
		return 0;
	buf[len] = '\0';
	return len;
}
