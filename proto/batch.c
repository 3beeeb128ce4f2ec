/*
 * BATCH: counts as packed columns.  Decoding walks the fields once, noting
 * where each column lies, then reads column by column into the counts; a
 * column's entries are counted before one is read, so that reading them needs
 * no further bounds.
 */
#include "proto/envelope.h"

#include <assert.h>
#include <string.h>

enum {
	BATCH_SENDER = 1,
	BATCH_SERIES = 2,
	BATCH_CLOSED = 3,
	BATCH_BASE_DAY = 4,
	BATCH_BASE_REVISION = 5,
	BATCH_COLUMN = 6, /* of the first column; the others follow */
	COLUMNS = 6,
	NEEDED = 3, /* the first three may not be left out */
	WORDS = sizeof(struct wire_count) / sizeof(uint32_t)
};

enum { INDEX, DAY, VALUE, DENOMINATOR, REVISION, FLAGS };

/* A column is an array of words with a stride of WORDS. */
static const size_t word_of[COLUMNS] = {
	offsetof(struct wire_count, series) / sizeof(uint32_t),
	offsetof(struct wire_count, day) / sizeof(uint32_t),
	offsetof(struct wire_count, value) / sizeof(uint32_t),
	offsetof(struct wire_count, denominator) / sizeof(uint32_t),
	offsetof(struct wire_count, revision) / sizeof(uint32_t),
	offsetof(struct wire_count, flags) / sizeof(uint32_t),
};
static_assert(WORDS == COLUMNS, "a count is its columns and nothing else");

struct head {
	struct wire_text sender;
	int32_t base_day;
	uint32_t base_revision;
};

static const struct pb_slot head_slots[] = {
	PB_SLOT(head, sender, BATCH_SENDER, PB_CODE, WIRE_MAX_CODE),
	PB_SLOT(head, base_day, BATCH_BASE_DAY, PB_DAY, 0),
	PB_SLOT(head, base_revision, BATCH_BASE_REVISION, PB_U32, 0),
};

static const struct pb_slot series_slots[] = {
	PB_SLOT(wire_series, site, 1, PB_TEXT, WIRE_MAX_CODE),
	PB_SLOT(wire_series, indicator, 2, PB_CODE, WIRE_MAX_CODE),
	PB_SLOT(wire_series, stratum, 3, PB_TEXT, WIRE_MAX_CODE),
};

static const struct pb_slot closed_slots[] = {
	PB_SLOT(wire_closed, site, 1, PB_TEXT, WIRE_MAX_CODE),
	PB_SLOT(wire_closed, day, 2, PB_DAY, 0),
};

struct reader {
	struct head head;
	unsigned seen;	  /* head fields, by number */
	unsigned columns; /* columns that stood, by index */
	struct pb_in column[COLUMNS];
	size_t entries[COLUMNS];
};

static uint64_t
load64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	       (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

/* Varints that end in a column: its bytes without the continuation bit. */
static size_t
entries(struct pb_in column)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t n = 0;

	for (; column.end - column.at >= 8; column.at += 8) {
		uint64_t ends = ~load64(column.at) >> 7 & ones;

		n += (size_t)(ends * ones >> 56);
	}
	for (; column.at < column.end; column.at++)
		n += *column.at < 0x80;
	return n;
}

static int
take_column(struct reader *r, const struct pb_field *field)
{
	size_t c = field->number - BATCH_COLUMN;

	if (field->type != PB_BYTES || (r->columns & 1u << c))
		return WIRE_ERR_COLUMNS;
	r->columns |= 1u << c;
	r->column[c] = (struct pb_in){ field->at, field->at + field->len };
	r->entries[c] = entries(r->column[c]);
	if (field->len > 0 && field->at[field->len - 1] >= 0x80)
		return WIRE_ERR_PROTOBUF;
	return r->entries[c] > WIRE_MAX_COUNTS ? WIRE_ERR_LIMIT : WIRE_OK;
}

static int
take_inner(struct wire_batch *out, const struct pb_field *field)
{
	if (field->type != PB_BYTES)
		return WIRE_ERR_PROTOBUF;
	if (field->number == BATCH_SERIES) {
		if (out->series_n == WIRE_MAX_SERIES)
			return WIRE_ERR_LIMIT;
		return pb_read(PB_SLOTS(series_slots), field->at, field->len,
			       &out->series[out->series_n++]);
	}
	if (out->closed_n == WIRE_MAX_CLOSED)
		return WIRE_ERR_LIMIT;
	return pb_read(PB_SLOTS(closed_slots), field->at, field->len,
		       &out->closed[out->closed_n++]);
}

static int
take(struct reader *r, const struct pb_field *field, struct wire_batch *out)
{
	if (field->number == BATCH_SERIES || field->number == BATCH_CLOSED)
		return take_inner(out, field);
	if (field->number >= BATCH_COLUMN &&
	    field->number < BATCH_COLUMN + COLUMNS)
		return take_column(r, field);
	return pb_take(PB_SLOTS(head_slots), field, &r->seen, &r->head);
}

/* All columns have as many entries as the first; some may be left out. */
static int
check_lengths(const struct reader *r)
{
	for (size_t c = 1; c < COLUMNS; c++) {
		if (c >= NEEDED && !(r->columns & 1u << c))
			continue;
		if (r->entries[c] != r->entries[INDEX])
			return WIRE_ERR_COLUMNS;
	}
	return WIRE_OK;
}

/* One entry, byte by byte; the column's last byte ends an entry. */
static int
slow_entry(struct pb_in *in, uint32_t *word)
{
	uint64_t value;

	if (pb_varint(in, &value) < 0)
		return WIRE_ERR_PROTOBUF;
	*word = (uint32_t)value;
	return value > UINT32_MAX ? WIRE_ERR_VALUE : WIRE_OK;
}

/*
 * One entry of a column with eight bytes left, without a branch on its
 * length: the bits up to the first byte that ends, seven from each.  Returns
 * its length, or 0 where slow_entry() is to say what is wrong.
 */
static size_t
fast_entry(const uint8_t *at, uint32_t *word)
{
	uint64_t bytes = load64(at), ends = ~bytes & 0x8080808080808080u, v;
	unsigned last;

	if ((ends & 0x8080808080u) == 0)
		return 0;
	last = (unsigned)__builtin_ctzll(ends); /* 7, 15, 23, 31 or 39 */
	bytes &= ends ^ (ends - 1);
	v = (bytes & 0x7f) | (bytes & 0x7f00) >> 1 | (bytes & 0x7f0000) >> 2 |
	    (bytes & 0x7f000000) >> 3 | (bytes & 0x7f00000000u) >> 4;
	if (v > UINT32_MAX || (bytes >> (last - 7) == 0 && last > 7))
		return 0;
	*word = (uint32_t)v;
	return (last + 1) / 8;
}

static int
read_column(struct pb_in in, size_t n, uint32_t *word)
{
	if ((size_t)(in.end - in.at) == n) { /* one byte each */
		for (size_t i = 0; i < n; i++)
			word[i * WORDS] = in.at[i];
		return WIRE_OK;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len = in.end - in.at >= 8
				     ? fast_entry(in.at, &word[i * WORDS])
				     : 0;
		int rc = WIRE_OK;

		in.at += len;
		if (len == 0)
			rc = slow_entry(&in, &word[i * WORDS]);
		if (rc < 0)
			return rc;
	}
	return WIRE_OK;
}

static int
read_columns(const struct reader *r, struct wire_batch *out)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		uint32_t *word = (uint32_t *)(void *)out->counts + word_of[c];
		int rc;

		for (size_t i = 0; !(r->columns & 1u << c) && i < out->counts_n;
		     i++)
			word[i * WORDS] = 0;
		if (!(r->columns & 1u << c))
			continue;
		rc = read_column(r->column[c], out->counts_n, word);
		if (rc < 0)
			return rc;
	}
	return WIRE_OK;
}

/* Whether a count's own fields fit each other; bitwise, to stay branchless. */
static bool
consistent(const struct wire_count *c)
{
	bool withdrawn = (c->flags & WIRE_COUNT_WITHDRAWN) != 0;
	bool denominator = (c->flags & WIRE_COUNT_DENOMINATOR) != 0;

	return (c->value <= INT32_MAX) & (c->denominator <= INT32_MAX) &
	       (c->flags <= WIRE_COUNT_FLAGS) & (!withdrawn | (c->value == 0)) &
	       (denominator | (c->denominator == 0));
}

/* Adds the bases and checks every count. */
static int
settle(const struct head *head, struct wire_batch *out)
{
	bool inside = true, good = true;

	for (size_t i = 0; i < out->counts_n; i++) {
		struct wire_count *c = &out->counts[i];
		int64_t day =
			(int64_t)head->base_day + pb_unzigzag((uint32_t)c->day);
		uint64_t revision = (uint64_t)c->revision +
				    (c->revision ? head->base_revision : 0);

		c->day = (int32_t)day;
		c->revision = (uint32_t)revision;
		inside &= c->series < out->series_n;
		good &= (day >= WIRE_DAY_MIN) & (day <= WIRE_DAY_MAX) &
			(revision <= UINT32_MAX) & consistent(c);
	}
	if (!inside)
		return WIRE_ERR_INDEX;
	return good ? WIRE_OK : WIRE_ERR_VALUE;
}

/* An empty site is the sender. */
static void
name_sites(struct wire_batch *out)
{
	for (size_t i = 0; i < out->series_n; i++) {
		if (out->series[i].site.len == 0)
			out->series[i].site = out->sender;
	}
	for (size_t i = 0; i < out->closed_n; i++) {
		if (out->closed[i].site.len == 0)
			out->closed[i].site = out->sender;
	}
}

int
wire_batch_decode(const uint8_t *body, size_t len, struct wire_batch *out)
{
	struct reader r = { .head = { .sender = { "", 0 } } };
	struct pb_in in = { body, body + len };
	struct pb_field field;
	int rc;

	out->series_n = out->counts_n = out->closed_n = 0;
	while ((rc = pb_next(&in, &field)) > 0) {
		rc = take(&r, &field, out);
		if (rc < 0)
			return rc;
	}
	if (rc == 0)
		rc = pb_complete(PB_SLOTS(head_slots), &r.head);
	if (rc == 0)
		rc = check_lengths(&r);
	if (rc < 0)
		return rc;
	out->sender = r.head.sender;
	out->counts_n = r.entries[INDEX];
	name_sites(out);
	rc = read_columns(&r, out);
	return rc < 0 ? rc : settle(&r.head, out);
}

/*
 * The bases make the entries small: the middle of the days, and one less than
 * the smallest revision given.
 */
static struct head
choose_head(const struct wire_batch *batch)
{
	struct head head = { .sender = batch->sender };
	int32_t low = INT32_MAX, high = INT32_MIN;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < batch->counts_n; i++) {
		const struct wire_count *c = &batch->counts[i];

		low = c->day < low ? c->day : low;
		high = c->day > high ? c->day : high;
		if (c->revision != 0 && c->revision - 1 < least)
			least = c->revision - 1;
	}
	if (batch->counts_n > 0 && low >= WIRE_DAY_MIN && high <= WIRE_DAY_MAX)
		head.base_day = low + (high - low) / 2;
	if (least != UINT32_MAX)
		head.base_revision = least;
	return head;
}

static uint32_t
entry_of(const struct wire_count *c, size_t column, const struct head *head)
{
	switch (column) {
	case INDEX:
		return c->series;
	case DAY:
		return pb_zigzag(c->day - head->base_day);
	case VALUE:
		return c->value;
	case DENOMINATOR:
		return c->flags & WIRE_COUNT_DENOMINATOR ? c->denominator : 0;
	case REVISION:
		return c->revision ? c->revision - head->base_revision : 0;
	default:
		return c->flags;
	}
}

static void
put_column(struct pb_out *out, const struct wire_batch *batch, size_t column,
	   const struct head *head)
{
	uint32_t words[WIRE_MAX_COUNTS];
	uint32_t any = 0;
	size_t bytes = 0;

	for (size_t i = 0; i < batch->counts_n; i++) {
		words[i] = entry_of(&batch->counts[i], column, head);
		any |= words[i];
		bytes += pb_varint_bytes(words[i]);
	}
	if (batch->counts_n == 0 || (any == 0 && column >= NEEDED))
		return;
	pb_put_tag(out, BATCH_COLUMN + (uint32_t)column, PB_BYTES);
	pb_put_varint(out, bytes);
	for (size_t i = 0; i < batch->counts_n; i++)
		pb_put_varint(out, words[i]);
}

static int
check_counts(const struct wire_batch *batch)
{
	for (size_t i = 0; i < batch->counts_n; i++) {
		struct wire_count c = batch->counts[i];

		if (c.series >= batch->series_n)
			return WIRE_ERR_INDEX;
		if (!(c.flags & WIRE_COUNT_DENOMINATOR))
			c.denominator = 0;
		if (c.day < WIRE_DAY_MIN || c.day > WIRE_DAY_MAX ||
		    !consistent(&c))
			return WIRE_ERR_VALUE;
	}
	return WIRE_OK;
}

/* The site as it is written: empty where it is the sender. */
static struct wire_text
short_site(struct wire_text site, struct wire_text sender)
{
	static const struct wire_text none = { "", 0 };

	if (site.len == sender.len && site.len > 0 &&
	    memcmp(site.at, sender.at, site.len) == 0)
		return none;
	return site;
}

static int
put_dictionary(struct pb_out *out, const struct wire_batch *batch)
{
	int rc = WIRE_OK;

	for (size_t i = 0; rc == WIRE_OK && i < batch->series_n; i++) {
		struct wire_series s = batch->series[i];

		s.site = short_site(s.site, batch->sender);
		rc = pb_write_inner(out, BATCH_SERIES, PB_SLOTS(series_slots),
				    &s);
	}
	for (size_t i = 0; rc == WIRE_OK && i < batch->closed_n; i++) {
		struct wire_closed c = batch->closed[i];

		c.site = short_site(c.site, batch->sender);
		rc = pb_write_inner(out, BATCH_CLOSED, PB_SLOTS(closed_slots),
				    &c);
	}
	return rc;
}

long
wire_batch_encode(uint64_t epoch, uint64_t seq, const struct wire_batch *batch,
		  uint8_t *buf, size_t cap)
{
	struct pb_out out = envelope_body(buf, cap);
	struct head head;
	int rc;

	if (batch->counts_n > WIRE_MAX_COUNTS ||
	    batch->series_n > WIRE_MAX_SERIES ||
	    batch->closed_n > WIRE_MAX_CLOSED)
		return WIRE_ERR_LIMIT;
	rc = check_counts(batch);
	if (rc < 0)
		return rc;
	head = choose_head(batch);
	rc = pb_write(&out, head_slots, 1, &head); /* in order of numbers */
	if (rc == WIRE_OK)
		rc = put_dictionary(&out, batch);
	if (rc == WIRE_OK)
		rc = pb_write(&out, head_slots + 1, 2, &head);
	for (size_t c = 0; rc == WIRE_OK && c < COLUMNS; c++)
		put_column(&out, batch, c, &head);
	return envelope_close(WIRE_BATCH, epoch, seq, rc, &out, buf);
}
