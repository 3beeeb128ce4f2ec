/*
 * Frames on their way.  Counts are brought into the order of the table's key,
 * in which a transaction of them is several times faster.
 */
#include "daemon/intake/batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/intake/check.h"
#include "daemon/store/frames.h"
#include "daemon/store/unfolded.h"

#define SECONDS_2001 1000000000u /* a revision from here on is a time */

static struct batch *
blank(const struct batch_source *source)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	snprintf(b->sender, sizeof(b->sender), "%s", source->sender);
	b->epoch = source->epoch;
	b->seq = source->seq;
	b->partition = source->partition;
	b->crc = source->crc;
	b->recv_us = source->recv_us;
	b->len = source->len;
	b->frame = malloc(source->len);
	if (b->frame == NULL)
		batch_free(&b);
	else
		memcpy(b->frame, source->frame, source->len);
	return b;
}

struct batch *
batch_poison(const struct batch_source *source, const char *reason)
{
	struct batch *b = blank(source);

	if (b != NULL)
		snprintf(b->poison, sizeof(b->poison), "%s", reason);
	return b;
}

void
batch_free(struct batch **pb)
{
	struct batch *b = *pb;

	*pb = NULL;
	if (b == NULL)
		return;
	free(b->frame);
	free(b->row);
	free(b->fresh);
	free(b->closed);
	free(b->refused);
	free(b);
}

static int
refuse(struct batch *b, uint32_t index, uint32_t code, const char *reason)
{
	struct batch_refused *r;

	b->refused_total++;
	b->refused_by[code]++;
	if (b->refused_n == WIRE_MAX_REFUSED)
		return 0;
	if (b->refused == NULL)
		b->refused = calloc(WIRE_MAX_REFUSED, sizeof(*b->refused));
	if (b->refused == NULL)
		return -1;
	r = &b->refused[b->refused_n++];
	r->index = index;
	r->code = code;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return 0;
}

static void
put_text(char out[REG_CODE_BYTES], const struct wire_text *text)
{
	snprintf(out, REG_CODE_BYTES, "%.*s", (int)text->len,
		 text->len > 0 ? text->at : "");
}

/* Carries along a series that the store may not know. */
static int
carry(struct batch *b, const struct wire_series *series, uint32_t id, size_t most)
{
	struct batch_series *s;

	if (b->fresh == NULL)
		b->fresh = calloc(most, sizeof(*b->fresh));
	if (b->fresh == NULL)
		return -1;
	s = &b->fresh[b->fresh_n++];
	s->id = id;
	put_text(s->site, &series->site);
	put_text(s->indicator, &series->indicator);
	put_text(s->stratum, &series->stratum);
	return 0;
}

static void
stage_count(struct batch *b, const struct wire_count *count, uint32_t id)
{
	struct counts_row *row = &b->row[b->rows_n++];
	bool has = (count->flags & WIRE_COUNT_DENOMINATOR) != 0;

	row->day = count->day;
	row->series = id;
	row->came.value = count->value;
	row->came.denominator = has ? count->denominator : 0;
	row->came.revision = count->revision;
	row->came.flags = count->flags & WIRE_COUNT_FLAGS;
}

static int
stage_counts(struct batch *b, const struct batch_rules *rules,
	     const struct wire_batch *d, struct check_entry *entries)
{
	char reason[BATCH_REASON_BYTES];

	for (size_t i = 0; i < d->counts_n; i++) {
		const struct wire_count *c = &d->counts[i];
		const struct wire_series *series = &d->series[c->series];
		struct check_entry *e = &entries[c->series];
		bool had = e->id != 0;
		uint32_t id = 0, code;

		code = check_count(rules, b->sender, series, c, e, &id, reason);
		if (code != 0) {
			if (refuse(b, (uint32_t)i, code, reason) < 0)
				return -1;
			continue;
		}
		if (!had && !series_ids_durable(rules->ids, id) &&
		    carry(b, series, id, d->series_n) < 0)
			return -1;
		stage_count(b, c, id);
	}
	return 0;
}

/* Marks of sites that the sender may not speak for are left out. */
static int
stage_closed(struct batch *b, const struct batch_rules *rules,
	     const struct wire_batch *d)
{
	if (d->closed_n == 0)
		return 0;
	b->closed = calloc(d->closed_n, sizeof(*b->closed));
	if (b->closed == NULL)
		return -1;
	for (size_t i = 0; i < d->closed_n; i++) {
		const struct wire_closed *c = &d->closed[i];
		uint32_t site =
			registry_site(rules->registry, c->site.at, c->site.len);

		if (site == REG_NONE ||
		    c->day > registry_today(rules->registry, site, &rules->now) +
				     1)
			continue;
		if (!rules->any_site &&
		    !check_may_report(rules->registry, b->sender, site))
			continue;
		b->closed[b->closed_n].day = c->day;
		b->closed[b->closed_n].index = site;
		put_text(b->closed[b->closed_n++].site, &c->site);
	}
	b->closed_refused = d->closed_n - b->closed_n;
	return 0;
}

static bool
before(const struct counts_row *a, const struct counts_row *b)
{
	return a->day != b->day ? a->day < b->day : a->series < b->series;
}

/* Merges the runs a[0..mid) and a[mid..n) into out; stable. */
static void
merge(const struct counts_row *a, size_t mid, size_t n, struct counts_row *out)
{
	size_t i = 0, j = mid;

	for (size_t k = 0; k < n; k++) {
		if (i < mid && (j == n || !before(&a[j], &a[i])))
			out[k] = a[i++];
		else
			out[k] = a[j++];
	}
}

static bool
is_sorted(const struct counts_row *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (before(&a[i], &a[i - 1]))
			return false;
	}
	return true;
}

/* Stable, bottom up: counts of one cell keep the order of the frame. */
static int
sort_rows(struct batch *b)
{
	struct counts_row *from = b->row, *to, *swap;

	if (is_sorted(b->row, b->rows_n))
		return 0;
	to = malloc(b->rows_n * sizeof(*to));
	if (to == NULL)
		return -1;
	for (size_t run = 1; run < b->rows_n; run *= 2) {
		for (size_t at = 0; at < b->rows_n; at += 2 * run) {
			size_t left = b->rows_n - at;
			size_t n = left < 2 * run ? left : 2 * run;

			merge(from + at, run < n ? run : n, n, to + at);
		}
		swap = from;
		from = to;
		to = swap;
	}
	b->row = from;
	free(to);
	return 0;
}

struct batch *
batch_new(const struct batch_rules *rules, const struct batch_source *source,
	  const struct wire_batch *decoded)
{
	struct batch *b = blank(source);
	struct check_entry *entries =
		calloc(decoded->series_n + 1, sizeof(*entries));

	if (b == NULL || entries == NULL)
		goto fail;
	b->received = rules->now;
	b->row = calloc(decoded->counts_n + 1, sizeof(*b->row));
	if (b->row == NULL || stage_counts(b, rules, decoded, entries) < 0 ||
	    stage_closed(b, rules, decoded) < 0 || sort_rows(b) < 0)
		goto fail;
	free(entries);
	return b;
fail:
	free(entries);
	batch_free(&b);
	return NULL;
}

static int
store_refusals(struct batch *b, struct db *db, const struct frames_key *key)
{
	const struct frames_refusal whole = { .index = -1,
					      .code = "reject",
					      .reason = b->poison };

	if (b->poison[0] != '\0' &&
	    frames_reject(db, key, b->seq, &whole, b->recv_us) < 0)
		return -1;
	for (size_t i = 0; i < b->refused_n; i++) {
		const struct frames_refusal one = {
			.index = b->refused[i].index,
			.code = wire_nack_name(b->refused[i].code),
			.reason = b->refused[i].reason,
		};

		if (frames_reject(db, key, b->seq, &one, b->recv_us) < 0)
			return -1;
	}
	return 0;
}

static int64_t
recv_s(const struct batch *b)
{
	return b->recv_us / 1000000;
}

/* What the counts of the frame refer to, and what it says beside them. */
static int
store_names(struct batch *b, struct db *db)
{
	for (size_t i = 0; i < b->fresh_n; i++) {
		const struct counts_series s = {
			.id = b->fresh[i].id,
			.site = b->fresh[i].site,
			.indicator = b->fresh[i].indicator,
			.stratum = b->fresh[i].stratum,
		};

		if (counts_put_series(db, &s) < 0)
			return -1;
	}
	for (size_t i = 0; i < b->closed_n; i++) {
		if (frames_closed(db, b->closed[i].day, b->closed[i].site,
				  recv_s(b)) < 0)
			return -1;
	}
	return 0;
}

/* Moves the high water on to the frame where it may, and says its fate. */
static int
advance(struct batch *b, struct db *db, const struct frames_key *key, bool ordered)
{
	uint64_t durable;
	uint32_t crc;
	int rc = frames_follow(db, key, b->seq, b->crc, b->recv_us);

	b->fate = BATCH_KEPT;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (frames_high_water(db, key, &durable, &crc) < 0)
		return -1;
	if (b->seq <= durable)
		b->fate = BATCH_DUPLICATE;
	else if (ordered && b->seq != durable + 1)
		b->fate = BATCH_EARLY;
	if (b->fate != BATCH_KEPT)
		return 0;
	return frames_advance(db, key, b->seq, b->crc, b->recv_us);
}

int
batch_log(struct batch *b, struct db *db, bool ordered, bool split)
{
	const struct frames_row row = {
		.key = { b->sender, b->epoch, b->partition },
		.seq = b->seq,
		.recv_us = b->recv_us,
		.crc = b->crc,
		.frame = b->frame,
		.len = b->len,
	};

	b->fate = BATCH_KEPT;
	if (b->seq != 0 && advance(b, db, &row.key, ordered) < 0)
		return -1;
	if (b->fate != BATCH_KEPT)
		return 0;
	if (frames_put(db, &row, &b->ledger) < 0 ||
	    store_refusals(b, db, &row.key) < 0 || store_names(b, db) < 0)
		return -1;
	if (!split)
		return 0;
	return unfolded_put(db, b->ledger, recv_s(b), b->row, b->rows_n);
}

int
batch_fold(struct batch *b, struct db *db)
{
	if (b->fate != BATCH_KEPT)
		return 0;
	return counts_put(db, b->row, b->rows_n, b->ledger, recv_s(b));
}

int
batch_folded(const struct batch *b, struct db *db)
{
	return b->fate == BATCH_KEPT ? unfolded_drop(db, b->ledger) : 0;
}

int
batch_store(struct batch *b, struct db *db, bool ordered)
{
	if (batch_log(b, db, ordered, false) < 0)
		return -1;
	return batch_fold(b, db);
}

static void
set_cell(const struct counts_row *row, uint32_t index, struct judge *judge)
{
	struct judge_cell cell = { .value = NAN, .denominator = NAN };

	if ((row->held.flags & CELL_WITHDRAWN) == 0)
		cell.value = row->held.value;
	if ((row->held.flags & CELL_DENOMINATOR) != 0)
		cell.denominator = row->held.denominator;
	cell.partial = (row->held.flags & CELL_PARTIAL) != 0;
	judge_set(judge, index, row->day, &cell);
}

/* What the cells do not show: lateness and refusals. */
static void
tell_quality(const struct batch *b, const struct batch_to *to)
{
	const struct quality_frame frame = {
		.sender = b->sender,
		.received = b->received.day,
		.kept = b->rows_n,
		.refused = (size_t)b->refused_total,
		.reason = b->refused_n > 0 ? b->refused[0].reason : NULL,
	};

	quality_frame(to->quality, &frame);
	for (size_t i = 0; i < b->rows_n; i++) {
		if (b->row[i].outcome == CELL_NEW)
			quality_received(
				to->quality,
				series_ids_index(to->ids, b->row[i].series),
				b->row[i].day, &b->received);
	}
}

static bool
is_by_hand(const struct counts_row *row)
{
	return row->outcome == CELL_OLDER && row->came.revision < SECONDS_2001 &&
	       row->held.revision >= SECONDS_2001;
}

struct batch_older
batch_older(const struct batch *b)
{
	struct batch_older older = { 0 };

	for (size_t i = 0; i < b->rows_n; i++) {
		older.all += b->row[i].outcome == CELL_OLDER;
		older.by_hand += is_by_hand(&b->row[i]);
	}
	return older;
}

bool
batch_apply(const struct batch *b, const struct batch_to *to)
{
	struct batch_tally *tally = to->tally;
	bool changed = b->closed_n > 0;

	for (size_t i = 0; i < b->fresh_n; i++)
		series_ids_set_durable(to->ids, b->fresh[i].id);
	for (size_t i = 0; i < b->closed_n; i++)
		judge_close(to->judge, b->closed[i].index, b->closed[i].day);
	for (size_t i = 0; i < b->rows_n; i++) {
		const struct counts_row *row = &b->row[i];

		tally->fresh += row->outcome == CELL_NEW;
		tally->same += row->outcome == CELL_SAME;
		tally->older += row->outcome == CELL_OLDER;
		tally->by_hand += is_by_hand(row);
		tally->replaced += row->outcome == CELL_REPLACED;
		tally->conflicts += row->outcome == CELL_CONFLICTED;
		if (row->outcome == CELL_SAME || row->outcome == CELL_OLDER)
			continue;
		set_cell(row, series_ids_index(to->ids, row->series), to->judge);
		changed = true;
	}
	if (to->quality != NULL)
		tell_quality(b, to);
	return changed;
}
