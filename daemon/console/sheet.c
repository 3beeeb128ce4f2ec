/*
 * JSON rows as lines of CSV, see sheet.h; the columns are in sheets.c.
 */
#include "daemon/console/sheet.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 15 /* of a real, as the JSON of the interface has */

/* One of the words of struct sheet's columns. */
struct column {
	const char *name, *at;
	size_t name_len, at_len;
};

/* The first one, or the one after c; false = there is none. */
static bool
next_column(const struct sheet *s, struct column *c)
{
	const char *from = c->name == NULL ? s->columns : c->at + c->at_len;
	size_t len;

	from += strspn(from, " ");
	len = strcspn(from, " ");
	c->name = from;
	c->name_len = strcspn(from, "= ");
	c->at = c->name_len < len ? from + c->name_len + 1 : from;
	c->at_len = len - (size_t)(c->at - from);
	return len > 0;
}

/* NULL where there is no such value. */
static const json_t *
find(const json_t *reply, const json_t *row, const struct column *c)
{
	bool around = c->at[0] == '/';
	const char *at = c->at + around;
	size_t len = c->at_len - around;
	const char *slash = memchr(at, '/', len);
	const json_t *from = around ? reply : row;
	size_t key;

	if (slash == NULL)
		return json_object_getn(from, at, len);
	key = (size_t)(slash - at);
	return json_object_getn(json_object_getn(from, at, key), slash + 1,
				len - key - 1);
}

/* Nothing for null, and for what has parts of its own. */
static void
put_scalar(const json_t *value, FILE *out)
{
	if (json_is_string(value))
		fwrite(json_string_value(value), 1, json_string_length(value),
		       out);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "TRUE" : "FALSE", out);
	else if (json_is_number(value))
		json_dumpf(value, out,
			   JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
}

static void
put_value(const json_t *value, FILE *out)
{
	const json_t *part;
	const char *key;
	size_t i;

	json_array_foreach (value, i, part) {
		if (i > 0)
			fputc(SHEET_JOIN, out);
		put_scalar(part, out);
	}
	i = 0;
	json_object_foreach ((json_t *)value, key, part) {
		if (i++ > 0)
			fputc(SHEET_JOIN, out);
		fprintf(out, "%s=", key);
		put_scalar(part, out);
	}
	put_scalar(value, out);
}

/* Readers drop blanks around a cell that has no quotes. */
static bool
needs_quotes(const char *text, size_t len)
{
	if (len == 0)
		return false;
	if (strchr(" \t", text[0]) != NULL || strchr(" \t", text[len - 1]) != NULL)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ',' || text[i] == '"' || text[i] == '\r' ||
		    text[i] == '\n')
			return true;
	}
	return false;
}

static void
put_cell(const json_t *value, FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *cell;

	if (value == NULL || json_is_null(value))
		return;
	if (json_is_number(value)) {
		put_scalar(value, out);
		return;
	}
	cell = open_memstream(&text, &len);
	if (cell == NULL)
		return;
	put_value(value, cell);
	fclose(cell);
	if (text != NULL && needs_quotes(text, len))
		csv_fwrite(out, text, len);
	else if (text != NULL)
		fwrite(text, 1, len, out);
	free(text);
}

void
sheet_head(const struct sheet *s, const char *eol, FILE *out)
{
	struct column c = { NULL, NULL, 0, 0 };

	for (const char *before = ""; next_column(s, &c); before = ",")
		fprintf(out, "%s%.*s", before, (int)c.name_len, c.name);
	fputs(eol, out);
}

void
sheet_row(const struct sheet *s, const json_t *reply, const json_t *row,
	  const char *eol, FILE *out)
{
	struct column c = { NULL, NULL, 0, 0 };

	for (const char *before = ""; next_column(s, &c); before = ",") {
		fputs(before, out);
		put_cell(find(reply, row, &c), out);
	}
	fputs(eol, out);
}

void
sheet_print(const struct sheet *s, const json_t *reply, const char *eol, FILE *out)
{
	json_t *unfolded = s->unfold == NULL ? NULL : s->unfold(reply);
	const json_t *row;
	size_t i;

	sheet_head(s, eol, out);
	json_array_foreach (unfolded, i, row)
		sheet_row(s, reply, row, eol, out);
	json_decref(unfolded);
	for (const char *const *list = s->list; *list != NULL; list++) {
		json_array_foreach (json_object_get(reply, *list), i, row)
			sheet_row(s, reply, row, eol, out);
	}
}
