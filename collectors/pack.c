/*
 * Rows to frames.  Rows are kept in a buffer of one frame's size, sorted, and
 * cut where the county changes.
 */
#include "collectors/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proto/text.h"
#include "proto/wire.h"

#define CELLS_MIN 1024
#define CELLS_MAX (1u << 20) /* then a new revision begins */

struct item {
	const char *county;
	struct text_row row;
};

struct pack {
	struct outbox *outbox;
	struct pack_conf conf;
	int64_t now_ms;
	uint32_t revision; /* of this input; 0 = none given yet */
	size_t items_n;
	struct item *item;
	size_t closed_n;
	struct text_closed closed[WIRE_MAX_CLOSED];
	uint64_t *cell; /* hashes of cells under this revision; 0 = free */
	size_t cells_cap, cells_n;
	struct wire_batch batch;
	size_t frame_max; /* bytes, as the centre said */
	uint8_t frame[WIRE_MAX_FRAME];
};

struct pack *
pack_new(struct outbox *o, const struct pack_conf *conf)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (p == NULL)
		goto bad;
	p->outbox = o;
	p->conf = *conf;
	p->item = calloc(conf->frame_counts, sizeof(*p->item));
	p->cells_cap = CELLS_MIN;
	p->cell = calloc(p->cells_cap, sizeof(*p->cell));
	if (p->item == NULL || p->cell == NULL)
		goto bad;
	return p;
bad:
	log_error("pack: out of memory");
	pack_free(&p);
	return NULL;
}

void
pack_free(struct pack **pp)
{
	struct pack *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	free(p->item);
	free(p->cell);
	free(p);
}

/* What the last centre takes; at first, what all have to take. */
static size_t
frame_max(struct outbox *o)
{
	char text[24];
	unsigned long said;

	if (outbox_noted(o, OUTBOX_MAX_FRAME, text, sizeof(text)) < 0)
		return WIRE_MAX_FRAME;
	said = strtoul(text, NULL, 10);
	return said == 0 || said > WIRE_MAX_FRAME ? WIRE_MAX_FRAME : said;
}

void
pack_begin(struct pack *p, int64_t now_ms)
{
	p->frame_max = frame_max(p->outbox);
	p->now_ms = now_ms;
	p->revision = 0;
	p->items_n = p->closed_n = p->cells_n = 0;
	memset(p->cell, 0, p->cells_cap * sizeof(*p->cell));
}

static uint64_t
mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t
cell_of(const struct text_row *row)
{
	uint64_t hash = 0xcbf29ce484222325u;

	hash = mix(hash, row->site, strlen(row->site) + 1);
	hash = mix(hash, row->indicator, strlen(row->indicator) + 1);
	hash = mix(hash, row->stratum, strlen(row->stratum) + 1);
	hash = mix(hash, &row->day, sizeof(row->day));
	return hash | 1;
}

static bool
insert(uint64_t *cell, size_t cap, uint64_t hash)
{
	size_t i = (size_t)(hash >> 1) & (cap - 1);

	while (cell[i] != 0 && cell[i] != hash)
		i = (i + 1) & (cap - 1);
	if (cell[i] == hash)
		return false;
	cell[i] = hash;
	return true;
}

static int
grow_cells(struct pack *p)
{
	size_t cap = p->cells_cap * 2;
	uint64_t *grown = calloc(cap, sizeof(*grown));

	if (grown == NULL) {
		log_error("pack: out of memory");
		return -1;
	}
	for (size_t i = 0; i < p->cells_cap; i++) {
		if (p->cell[i] != 0)
			insert(grown, cap, p->cell[i]);
	}
	free(p->cell);
	p->cell = grown;
	p->cells_cap = cap;
	return 0;
}

/*
 * Two cells with one hash cost nothing but a revision, so hashes will do.
 */
static int
give_revision(struct pack *p, struct text_row *row)
{
	uint64_t hash = cell_of(row);

	if (p->cells_n * 2 >= p->cells_cap && p->cells_cap < CELLS_MAX &&
	    grow_cells(p) < 0)
		return -1;
	if (p->revision == 0 || p->cells_n * 2 >= p->cells_cap ||
	    !insert(p->cell, p->cells_cap, hash)) {
		memset(p->cell, 0, p->cells_cap * sizeof(*p->cell));
		p->revision = outbox_revision(p->outbox, p->now_ms / 1000);
		p->cells_n = 0;
		insert(p->cell, p->cells_cap, hash);
	}
	p->cells_n++;
	row->revision = p->revision;
	return 0;
}

static int
by_county_and_series(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = strcmp(x->county, y->county);

	if (c == 0)
		c = strcmp(x->row.site, y->row.site);
	if (c == 0)
		c = strcmp(x->row.indicator, y->row.indicator);
	if (c == 0)
		c = strcmp(x->row.stratum, y->row.stratum);
	if (c == 0)
		c = x->row.day < y->row.day ? -1 : x->row.day > y->row.day;
	if (c == 0)
		c = x->row.revision < y->row.revision
			    ? -1
			    : x->row.revision > y->row.revision;
	return c;
}

static struct wire_text
text_of(const char *s)
{
	struct wire_text t = { s, strlen(s) };

	return t;
}

static bool
same_series(const struct text_row *a, const struct text_row *b)
{
	return strcmp(a->site, b->site) == 0 &&
	       strcmp(a->indicator, b->indicator) == 0 &&
	       strcmp(a->stratum, b->stratum) == 0;
}

static void
fill(struct pack *p, const struct item *item, size_t n)
{
	struct wire_batch *b = &p->batch;

	b->sender = text_of(p->conf.sender);
	b->series_n = 0;
	b->closed_n = 0;
	b->counts_n = n;
	for (size_t i = 0; i < n; i++) {
		const struct text_row *row = &item[i].row;

		if (i == 0 || !same_series(row, &item[i - 1].row)) {
			struct wire_series *s = &b->series[b->series_n++];

			s->site = text_of(row->site);
			s->indicator = text_of(row->indicator);
			s->stratum = text_of(row->stratum);
		}
		b->counts[i] = (struct wire_count){
			.series = (uint32_t)b->series_n - 1,
			.day = row->day,
			.value = row->value,
			.denominator = row->denominator,
			.revision = row->revision,
			.flags = row->flags,
		};
	}
}

static long
encode(struct pack *p)
{
	return wire_batch_encode(outbox_epoch(p->outbox),
				 outbox_last(p->outbox) + 1, &p->batch,
				 p->frame, p->frame_max);
}

/* Puts the first of n rows of one county; *put says how many fitted. */
static int
put_frame(struct pack *p, const struct item *item, size_t n, size_t *put)
{
	long len;

	for (;;) {
		fill(p, item, n);
		len = encode(p);
		if (len != WIRE_ERR_SPACE || n <= 1)
			break;
		n /= 2;
	}
	if (len < 0) {
		log_error("pack: a frame cannot be made: %s",
			  wire_strerror((int)len));
		return -1;
	}
	*put = n;
	return outbox_add(p->outbox, p->frame, (size_t)len, (uint32_t)n,
			  item[0].county);
}

static int
flush_rows(struct pack *p)
{
	size_t done = 0;

	qsort(p->item, p->items_n, sizeof(*p->item), by_county_and_series);
	while (done < p->items_n) {
		const struct item *first = &p->item[done];
		size_t n = 1, put = 0;
		int rc;

		while (done + n < p->items_n &&
		       strcmp(first[n].county, first->county) == 0)
			n++;
		rc = put_frame(p, first, n, &put);
		if (rc != 0)
			return rc;
		done += put;
	}
	p->items_n = 0;
	return 0;
}

static const char *
county_of(const struct pack *p, const char *site)
{
	const char *county = NULL;

	if (p->conf.counties != NULL)
		county = counties_find(p->conf.counties, site);
	return county != NULL ? county : p->conf.county;
}

int
pack_row(struct pack *p, const struct text_row *row)
{
	struct item *item;
	int rc = 0;

	if (p->items_n == p->conf.frame_counts)
		rc = flush_rows(p);
	if (rc != 0)
		return rc;
	item = &p->item[p->items_n];
	item->row = *row;
	item->county = county_of(p, row->site);
	if (row->revision == 0 && give_revision(p, &item->row) < 0)
		return -1;
	p->items_n++;
	return 0;
}

static int
by_county_of(const struct pack *p, const struct text_closed *a,
	     const struct text_closed *b)
{
	return strcmp(county_of(p, a->site), county_of(p, b->site));
}

/* Day-closed marks go after the counts they close. */
static int
flush_closed(struct pack *p)
{
	struct wire_batch *b = &p->batch;
	size_t done = 0;

	while (done < p->closed_n) {
		const struct text_closed *first = &p->closed[done];
		long len;
		int rc;

		memset(b, 0, sizeof(*b));
		b->sender = text_of(p->conf.sender);
		while (done < p->closed_n &&
		       by_county_of(p, first, &p->closed[done]) == 0) {
			struct wire_closed *c = &b->closed[b->closed_n++];

			c->site = text_of(p->closed[done].site);
			c->day = p->closed[done++].day;
		}
		while ((len = encode(p)) == WIRE_ERR_SPACE && b->closed_n > 1) {
			done -= b->closed_n / 2;
			b->closed_n -= b->closed_n / 2;
		}
		if (len < 0) {
			log_error("pack: a frame cannot be made: %s",
				  wire_strerror((int)len));
			return -1;
		}
		rc = outbox_add(p->outbox, p->frame, (size_t)len, 0,
				county_of(p, first->site));
		if (rc != 0)
			return rc;
	}
	p->closed_n = 0;
	return 0;
}

int
pack_closed(struct pack *p, const struct text_closed *closed)
{
	int rc = 0;

	if (p->closed_n == WIRE_MAX_CLOSED)
		rc = pack_finish(p);
	if (rc != 0)
		return rc;
	p->closed[p->closed_n++] = *closed;
	return 0;
}

int
pack_finish(struct pack *p)
{
	int rc = flush_rows(p);

	return rc != 0 ? rc : flush_closed(p);
}
