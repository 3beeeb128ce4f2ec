/*
 * One series' recent past, see stream.h.
 */
#include "daemon/judge/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64u

int32_t
stream_period(int32_t day, int period)
{
	int64_t weeks;

	if (period == 1)
		return day;
	weeks = ((int64_t)day + 3) / 7;
	if ((int64_t)day + 3 < 0 && ((int64_t)day + 3) % 7 != 0)
		weeks--;
	return (int32_t)weeks;
}

int32_t
stream_day(int32_t t, int period)
{
	return period == 1 ? t : t * 7 - 3;
}

void
stream_init(struct stream *s)
{
	*s = (struct stream){ .first = STREAM_NONE,
			      .last = STREAM_NONE,
			      .dirty_from = STREAM_NONE,
			      .saved.next = STREAM_NONE };
}

void
stream_fini(struct stream *s)
{
	free(s->cell);
	free(s->denom);
	free(s->saved.state);
	judged_fini(&s->judged);
	stream_init(s);
}

/* A ring of cap places with what old held for first..last. */
static uint32_t *
regrow(const struct stream *s, const uint32_t *old, uint32_t cap)
{
	uint32_t *ring = malloc(cap * sizeof(*ring));

	if (ring == NULL)
		return NULL;
	memset(ring, 0xff, cap * sizeof(*ring));
	if (old != NULL && s->last != STREAM_NONE) {
		for (int32_t t = s->first; t <= s->last; t++)
			ring[stream_place(t, cap)] = old[stream_place(t, s->cap)];
	}
	return ring;
}

static int
reserve(struct stream *s, int64_t periods, uint32_t limit)
{
	uint32_t cap = s->cap == 0 ? FIRST_CAP : s->cap;
	uint32_t *cell, *denom = NULL;

	while (cap < periods && cap < limit)
		cap *= 2;
	if (cap > limit)
		cap = limit;
	if (cap == s->cap)
		return 0;
	cell = regrow(s, s->cell, cap);
	if (s->denom != NULL)
		denom = regrow(s, s->denom, cap);
	if (cell == NULL || (s->denom != NULL && denom == NULL)) {
		free(cell);
		free(denom);
		return -1;
	}
	free(s->cell);
	free(s->denom);
	s->cell = cell;
	s->denom = denom;
	s->cap = cap;
	return 0;
}

static void
clear(struct stream *s, int32_t t)
{
	s->cell[stream_place(t, s->cap)] = CELL_MISSING;
	if (s->denom != NULL)
		s->denom[stream_place(t, s->cap)] = CELL_MISSING;
}

/* Moves the end of the window on to t; what falls out is forgotten. */
static void
advance(struct stream *s, int32_t t)
{
	int64_t from = (int64_t)s->last + 1;

	if ((int64_t)t - s->cap + 1 > from)
		from = (int64_t)t - s->cap + 1;
	for (int64_t u = from; u <= t; u++)
		clear(s, (int32_t)u);
	s->last = t;
	if ((int64_t)s->first < (int64_t)t - s->cap + 1)
		s->first = (int32_t)((int64_t)t - s->cap + 1);
}

static int
put_denom(struct stream *s, int32_t t, uint32_t denom)
{
	if (s->denom == NULL) {
		if (denom == CELL_MISSING)
			return 0;
		s->denom = regrow(s, NULL, s->cap);
		if (s->denom == NULL)
			return -1;
	}
	s->denom[stream_place(t, s->cap)] = denom;
	return 0;
}

static void
mark(struct stream *s, int32_t t)
{
	if (s->dirty_from == STREAM_NONE || t < s->dirty_from)
		s->dirty_from = t;
	if (t < s->saved.next)
		s->saved.next = STREAM_NONE;
}

int
stream_set(struct stream *s, int32_t t, uint32_t cell, uint32_t denom,
	   uint32_t limit)
{
	int64_t span = 1;

	if (s->last != STREAM_NONE) {
		int32_t lo = t < s->first ? t : s->first;
		int32_t hi = t > s->last ? t : s->last;

		span = (int64_t)hi - lo + 1;
		if (t < s->first && span > limit)
			return 0;
	} else if (cell == CELL_MISSING) {
		return 0;
	}
	if (stream_cell(s, t) == cell && stream_denom(s, t) == denom)
		return 0;
	if (reserve(s, span, limit) < 0)
		return -1;
	if (s->last == STREAM_NONE) {
		s->first = t;
		s->last = t;
		mark(s, t);
	} else if (t > s->last) {
		mark(s, s->last + 1);
		advance(s, t);
	} else if (t < s->first) {
		for (int32_t u = t; u < s->first; u++)
			clear(s, u);
		s->first = t;
	}
	if (put_denom(s, t, denom) < 0)
		return -1;
	s->cell[stream_place(t, s->cap)] = cell;
	mark(s, t);
	return 1;
}

/* A stretch of periods as it lies in a ring: n places from at, then the
   first ones. */
struct stretch {
	uint32_t at, n, wrapped;
};

static struct stretch
stretch_of(const struct stream *s, int32_t from, int32_t to)
{
	struct stretch x = { .at = stream_place(from, s->cap),
			     .n = (uint32_t)(to - from) + 1 };

	if (x.at + x.n > s->cap) {
		x.wrapped = x.at + x.n - s->cap;
		x.n -= x.wrapped;
	}
	return x;
}

static void
copy_ring(const struct stream *s, const uint32_t *ring, int32_t from,
	  int32_t to, uint32_t *out)
{
	int32_t lo = from < s->first ? s->first : from;
	int32_t hi = to > s->last ? s->last : to;
	struct stretch x;

	if (ring == NULL || s->last == STREAM_NONE || lo > hi) {
		memset(out, 0xff, ((size_t)(to - from) + 1) * sizeof(*out));
		return;
	}
	x = stretch_of(s, lo, hi);
	memset(out, 0xff, (size_t)(lo - from) * sizeof(*out));
	out += lo - from;
	memcpy(out, ring + x.at, x.n * sizeof(*out));
	memcpy(out + x.n, ring, x.wrapped * sizeof(*out));
	memset(out + x.n + x.wrapped, 0xff, (size_t)(to - hi) * sizeof(*out));
}

void
stream_cells(const struct stream *s, int32_t from, int32_t to, uint32_t *out)
{
	copy_ring(s, s->cell, from, to, out);
}

void
stream_denoms(const struct stream *s, int32_t from, int32_t to, uint32_t *out)
{
	copy_ring(s, s->denom, from, to, out);
}

static uint32_t
count_reports(const uint32_t *cell, uint32_t n)
{
	uint32_t reports = 0;

	for (uint32_t i = 0; i < n; i++)
		reports += cell[i] != CELL_MISSING;
	return reports;
}

uint32_t
stream_reports(const struct stream *s, int32_t from, int32_t to)
{
	struct stretch x;

	if (s->last == STREAM_NONE)
		return 0;
	if (from < s->first)
		from = s->first;
	if (to > s->last)
		to = s->last;
	if (from > to)
		return 0;
	x = stretch_of(s, from, to);
	return count_reports(s->cell + x.at, x.n) +
	       count_reports(s->cell, x.wrapped);
}

size_t
stream_bytes(const struct stream *s, uint32_t places)
{
	size_t bytes = s->cap * sizeof(*s->cell);

	if (s->denom != NULL)
		bytes *= 2;
	if (s->judged.p != NULL)
		bytes += places * (sizeof(float) + 1);
	return bytes;
}

int
judged_init(struct judged *g, uint32_t places)
{
	if (g->p != NULL)
		return 0;
	g->p = malloc(places * sizeof(*g->p));
	g->level = calloc(places, 1);
	if (g->p == NULL || g->level == NULL) {
		judged_fini(g);
		return -1;
	}
	for (uint32_t i = 0; i < places; i++)
		g->p[i] = NAN;
	return 0;
}

void
judged_fini(struct judged *g)
{
	free(g->p);
	free(g->level);
	*g = (struct judged){ 0 };
}

void
judged_set(struct judged *g, uint32_t places, int32_t t, double p,
	   enum det_level level)
{
	uint32_t i = stream_place(t, places);

	g->p[i] = (float)p;
	g->level[i] = (uint8_t)level;
}

double
judged_p(const struct judged *g, uint32_t places, int32_t t, enum det_level *level)
{
	uint32_t i = stream_place(t, places);

	if (g->p == NULL) {
		*level = DET_UNKNOWN;
		return NAN;
	}
	*level = (enum det_level)g->level[i];
	return (double)g->p[i];
}
