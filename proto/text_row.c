/* Columns of a row: what each accepts, and what it says when it does not. */
#include "proto/text_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

enum { SHOWN_BYTES = 48 };

const struct text_column text_row_columns[TEXT_ROW_COLUMNS] = {
	[TEXT_DATE] = { "date", true },
	[TEXT_SITE] = { "site", true },
	[TEXT_INDICATOR] = { "indicator", true },
	[TEXT_COUNT] = { "count", true },
	[TEXT_DENOMINATOR] = { "denominator", false },
	[TEXT_STRATUM] = { "stratum", false },
	[TEXT_RECEIVED] = { "received", false },
	[TEXT_REVISION] = { "revision", false },
	[TEXT_PARTIAL] = { "partial", false },
	[TEXT_WITHDRAWN] = { "withdrawn", false },
};

void
text_reason_set(struct text_reason *reason, const char *name,
		struct wire_text value, const char *what)
{
	char shown[SHOWN_BYTES + 1];
	size_t n = utf8_clip(value.at, value.len, SHOWN_BYTES);

	if (n > 0)
		memcpy(shown, value.at, n);
	shown[n] = '\0';
	for (size_t i = 0; !utf8_plain(shown, n) && i < n; i++) {
		if (shown[i] < 0x20 || shown[i] > 0x7e)
			shown[i] = '?';
	}
	snprintf(reason->text, sizeof(reason->text), "%s \"%s\"%s %s", name,
		 shown, n < value.len ? "..." : "", what);
}

static void
copy_default(char to[WIRE_MAX_CODE + 1], const char *from)
{
	size_t n = from ? strlen(from) : 0;

	if (n > WIRE_MAX_CODE)
		n = utf8_clip(from, n, WIRE_MAX_CODE);
	if (n > 0)
		memcpy(to, from, n);
	to[n] = '\0';
}

void
text_row_init(struct text_row *row, const struct text_options *options)
{
	memset(row, 0, sizeof(*row));
	row->day = TEXT_DAY_NONE;
	row->received = TEXT_DAY_NONE;
	copy_default(row->site, options->site);
	copy_default(row->indicator, options->indicator);
}

int
text_row_code(const char *name, struct wire_text value,
	      char to[WIRE_MAX_CODE + 1], struct text_reason *reason)
{
	const char *what = NULL;

	if (value.len > WIRE_MAX_CODE)
		what = "is longer than 64 bytes";
	else if (!utf8_plain(value.at, value.len))
		what = "is not plain UTF-8 text (save the file as UTF-8)";
	if (what) {
		text_reason_set(reason, name, value, what);
		return -1;
	}
	memcpy(to, value.at, value.len);
	to[value.len] = '\0';
	return 0;
}

static int
set_number(const char *name, struct wire_text value, uint64_t max, uint32_t *to,
	   struct text_reason *reason)
{
	uint64_t n = 0;
	char what[64];
	bool good = value.len <= 12;

	for (size_t i = 0; good && i < value.len; i++) {
		good = value.at[i] >= '0' && value.at[i] <= '9';
		n = n * 10 + (uint64_t)(value.at[i] - '0');
	}
	if (good && n <= max) {
		*to = (uint32_t)n;
		return 0;
	}
	snprintf(what, sizeof(what), "is not a whole number from 0 to %llu",
		 (unsigned long long)max);
	text_reason_set(reason, name, value, what);
	return -1;
}

static int
set_flag(const char *name, struct wire_text value, uint32_t flag, uint32_t *to,
	 struct text_reason *reason)
{
	static const char *const words[] = { "0",    "1",  "false",
					     "true", "no", "yes" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) != value.len ||
		    memcmp(words[i], value.at, value.len) != 0)
			continue;
		if (i % 2 == 1)
			*to |= flag;
		return 0;
	}
	text_reason_set(reason, name, value, "is neither 1 nor 0");
	return -1;
}

static int
set_day(const char *name, struct wire_text value, int32_t *to,
	struct text_reason *reason)
{
	*to = text_day_parse(value.at, value.len);
	if (*to != TEXT_DAY_NONE)
		return 0;
	text_reason_set(reason, name, value, "is not a date as 2020-02-29");
	return -1;
}

/* A date, or a date and time, of which the date is taken as it stands. */
static int
set_received(struct wire_text value, int32_t *to, struct text_reason *reason)
{
	if (value.len > 10 && (value.at[10] == 'T' || value.at[10] == ' '))
		value.len = 10;
	return set_day("received", value, to, reason);
}

static int
set_count(struct text_row *row, struct wire_text value, struct text_reason *reason)
{
	if (value.len == 0) {
		row->flags |= WIRE_COUNT_WITHDRAWN;
		return 0;
	}
	return set_number("count", value, INT32_MAX, &row->value, reason);
}

int
text_row_set(struct text_row *row, enum text_row_column column,
	     struct wire_text value, struct text_reason *reason)
{
	const char *name = text_row_columns[column].name;

	if (value.len == 0 && column != TEXT_COUNT)
		return 0;
	switch (column) {
	case TEXT_DATE:
		return set_day(name, value, &row->day, reason);
	case TEXT_SITE:
		return text_row_code(name, value, row->site, reason);
	case TEXT_INDICATOR:
		return text_row_code(name, value, row->indicator, reason);
	case TEXT_STRATUM:
		return text_row_code(name, value, row->stratum, reason);
	case TEXT_COUNT:
		return set_count(row, value, reason);
	case TEXT_DENOMINATOR:
		row->flags |= WIRE_COUNT_DENOMINATOR;
		return set_number(name, value, INT32_MAX, &row->denominator,
				  reason);
	case TEXT_RECEIVED:
		return set_received(value, &row->received, reason);
	case TEXT_REVISION:
		return set_number(name, value, UINT32_MAX, &row->revision,
				  reason);
	case TEXT_PARTIAL:
		return set_flag(name, value, WIRE_COUNT_PARTIAL, &row->flags,
				reason);
	case TEXT_WITHDRAWN:
		return set_flag(name, value, WIRE_COUNT_WITHDRAWN, &row->flags,
				reason);
	case TEXT_ROW_COLUMNS:
		break;
	}
	return 0;
}

int
text_row_check(const struct text_row *row, struct text_reason *reason)
{
	const char *what = NULL;

	if (row->day == TEXT_DAY_NONE)
		what = "no date";
	else if (row->site[0] == '\0')
		what = "no site";
	else if (row->indicator[0] == '\0')
		what = "no indicator";
	else if ((row->flags & WIRE_COUNT_WITHDRAWN) && row->value != 0)
		what = "withdrawn, and yet with a count";
	if (!what)
		return 0;
	snprintf(reason->text, sizeof(reason->text), "%s", what);
	return -1;
}
