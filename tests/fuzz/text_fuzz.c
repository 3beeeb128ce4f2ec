/*
 * Counts as CSV and JSON: the first byte says which, and how large the pieces
 * are.  A row that is accepted can be written, and reads back the same; CSV
 * in pieces gives what it gives whole.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "proto/text.h"

/* What reading back one written row gives. */
struct back {
	size_t rows;
	struct text_row row;
};

static int
keep(void *arg, const struct text_row *row)
{
	struct back *back = arg;

	back->rows++;
	back->row = *row;
	return 0;
}

static void
check_same(const struct text_row *a, const struct back *back)
{
	const struct text_row *b = &back->row;

	FUZZ_CHECK(back->rows == 1);
	FUZZ_CHECK(a->day == b->day && a->received == b->received);
	FUZZ_CHECK(a->value == b->value && a->flags == b->flags);
	FUZZ_CHECK(a->denominator == b->denominator);
	FUZZ_CHECK(a->revision == b->revision);
	FUZZ_CHECK(strcmp(a->site, b->site) == 0);
	FUZZ_CHECK(strcmp(a->indicator, b->indicator) == 0);
	FUZZ_CHECK(strcmp(a->stratum, b->stratum) == 0);
}

static void
check_csv(const struct text_row *row)
{
	struct back back = { 0 };
	struct text_sink sink = { &back, keep, NULL, NULL };
	struct text_tally tally;
	char text[2 * TEXT_ROW_BYTES];
	size_t n = text_csv_write_header(text, sizeof(text));
	size_t more = text_csv_write(row, text + n, TEXT_ROW_BYTES);

	FUZZ_CHECK(more > 0);
	FUZZ_CHECK(text_csv_read(text, n + more, NULL, &sink, &tally) == TEXT_OK);
	check_same(row, &back);
}

static void
check_json(const struct text_row *row)
{
	struct back back = { 0 };
	struct text_sink sink = { &back, keep, NULL, NULL };
	struct text_tally tally;
	char text[TEXT_ROW_BYTES + 32] = "{\"counts\":[";
	size_t n = strlen(text);
	size_t more = text_json_write(row, text + n, TEXT_ROW_BYTES);

	FUZZ_CHECK(more > 0);
	memcpy(text + n + more, "]}", 3);
	FUZZ_CHECK(text_json_read(text, n + more + 2, NULL, &sink, &tally) ==
		   TEXT_OK);
	check_same(row, &back);
}

static int
on_row(void *arg, const struct text_row *row)
{
	(void)arg;
	check_csv(row);
	check_json(row);
	return 0;
}

static int
on_closed(void *arg, const struct text_closed *closed)
{
	(void)arg;
	FUZZ_CHECK(closed->site[0] != '\0');
	FUZZ_CHECK(closed->day >= WIRE_DAY_MIN && closed->day <= WIRE_DAY_MAX);
	return 0;
}

static void
on_problem(void *arg, const struct text_problem *problem)
{
	(void)arg;
	FUZZ_CHECK(problem->where && problem->reason[0] != '\0');
}

static const struct text_sink sink = { NULL, on_row, on_closed, on_problem };

static void
try_csv(const uint8_t *data, size_t size, size_t piece)
{
	struct text_csv *csv = text_csv_new(NULL, &sink);
	struct text_tally whole, pieces;
	int rc = text_csv_read(data, size, NULL, &sink, &whole), rc2 = TEXT_OK;

	FUZZ_CHECK(csv != NULL);
	for (size_t at = 0; rc2 == TEXT_OK && at < size; at += piece)
		rc2 = text_csv_feed(csv, data + at,
				    size - at < piece ? size - at : piece);
	if (text_csv_finish(csv, &pieces) != TEXT_OK && rc2 == TEXT_OK)
		rc2 = TEXT_ERR_HEADER;
	text_csv_free(&csv);
	FUZZ_CHECK(rc == rc2);
	FUZZ_CHECK(whole.rows == pieces.rows && whole.bad == pieces.bad &&
		   whole.warnings == pieces.warnings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_tally tally;
	int rc;

	if (size == 0)
		return 0;
	if (data[0] < 128) {
		try_csv(data + 1, size - 1, 1u + data[0] % 64);
		return 0;
	}
	rc = text_json_read(data + 1, size - 1, NULL, &sink, &tally);
	FUZZ_CHECK(rc == TEXT_OK || tally.bad > 0);
	return 0;
}
