/*
 * What new series borrow from their peers, see judge.h and detectors/peers.h.
 * Found when it is asked for.  What the peers of an area say of one period is
 * kept in the area's sum, so that a county full of new sites, or a province
 * that has nothing but new ones, asks each area once a period.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"
#include "detectors/peers.h"

/* Places by period: those that are weighed, and those on a chart. */
#define PLACES 64

#define DAY_GUARD 6 /* that of JUDGE_DAY_PARAM */

/* What is wanted: of a sum, for series of a stratum, on period t. */
struct wish {
	uint32_t sum;
	const char *stratum;
	int32_t t;
	bool rates;
};

/* The answer; peers NULL: too few. */
struct lent {
	struct lent *next;   /* of the same place */
	const char *stratum; /* the registry's */
	int32_t t;
	bool rates;
	struct peers *peers;
};

struct lender {
	double *count, *denom, *work; /* cap rows */
	size_t cap;
	struct queue fresh; /* new series */
	uint8_t *is_fresh;  /* of a series */
	size_t known;
	uint32_t turn;
	bool moved; /* some series that is not new, in this turn */
};

struct lender *
judge_lender_new(void)
{
	struct lender *l = calloc(1, sizeof(*l));

	if (l != NULL)
		l->turn = 1;
	return l;
}

void
judge_lender_free(struct lender **lp)
{
	struct lender *l = *lp;

	if (l == NULL)
		return;
	free(l->count);
	free(l->denom);
	free(l->work);
	free(l->fresh.at);
	free(l->is_fresh);
	free(l);
	*lp = NULL;
}

static void
free_place(struct lent **place)
{
	while (*place != NULL) {
		struct lent *first = *place;

		*place = first->next;
		free(first->peers);
		free(first);
	}
}

static struct lent **
place_of(const struct sum *s, int32_t t)
{
	return &s->lent[stream_place(t, PLACES)];
}

void
judge_lent_forget(struct sum *s, int32_t t)
{
	if (s->lent == NULL)
		return;
	for (int32_t u = t; u <= s->last && u - t < PLACES; u++) {
		struct lent **place = place_of(s, u);

		if (*place != NULL && (*place)->t >= t)
			free_place(place);
	}
}

void
judge_lent_free(struct sum *s)
{
	for (size_t i = 0; s->lent != NULL && i < PLACES; i++)
		free_place(&s->lent[i]);
	free(s->lent);
	s->lent = NULL;
}

static struct peers_cells
cells_of(int period)
{
	return (struct peers_cells){ .n = period == 7 ? JUDGE_NEW_WEEKS + 1
						      : JUDGE_NEW_DAYS + 1,
				     .guard = period == 7 ? 0 : DAY_GUARD };
}

/* Room for one more row than there are; false: logged. */
static bool
room(struct lender *l, size_t rows)
{
	size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
	double *count, *denom, *work;

	if (rows < l->cap)
		return true;
	count = realloc(l->count, cap * PEERS_CELLS * sizeof(*count));
	if (count != NULL)
		l->count = count;
	denom = realloc(l->denom, cap * PEERS_CELLS * sizeof(*denom));
	if (denom != NULL)
		l->denom = denom;
	work = realloc(l->work, cap * 2 * sizeof(*work));
	if (work != NULL)
		l->work = work;
	if (count == NULL || denom == NULL || work == NULL) {
		log_error("judge: no memory for %zu peers", cap);
		return false;
	}
	l->cap = cap;
	return true;
}

/* The n cells that end with t; returns false where a report has no denominator. */
static bool
load_row(const struct judge *j, uint32_t series, int32_t t, size_t n,
	 double *count, double *denom)
{
	const struct stream *s = &j->series[series];
	const struct spans *x = judge_spans(j, series);
	uint32_t cell[PEERS_CELLS], under[PEERS_CELLS];
	int32_t from = t - (int32_t)n + 1;
	bool all = true;

	stream_cells(s, from, t, cell);
	stream_denoms(s, from, t, under);
	spans_empty(x, from, n, t, cell);
	spans_empty(x, from, n, t, under);
	for (size_t i = 0; i < n; i++) {
		bool there = cell[i] != CELL_MISSING;
		bool rate = under[i] != CELL_MISSING && under[i] > 0;

		count[i] = there ? (double)(cell[i] & ~CELL_PARTIAL) : NAN;
		denom[i] = rate ? (double)under[i] : NAN;
		all = all && (!there || rate);
	}
	return all;
}

static bool
is_peer(const struct judge *j, const struct wish *w, uint32_t series)
{
	return stream_cell(&j->series[series], w->t) != CELL_MISSING &&
	       !spans_void(judge_spans(j, series), w->t) &&
	       judge_has_settled(j, series, w->t, j->sum[w->sum].period) &&
	       strcmp(registry_series_at(j->registry, series)->stratum,
		      w->stratum) == 0;
}

/* Asks all members; NULL: too few are settled and report. */
static struct peers *
ask(const struct judge *j, const struct wish *w)
{
	const struct sum *s = &j->sum[w->sum];
	struct peers_cells all = cells_of(s->period);
	struct lender *l = j->lender;
	struct peers found, *out;
	size_t rows = 0;

	for (size_t i = 0; i < s->members; i++) {
		if (!is_peer(j, w, s->member[i]))
			continue;
		if (!room(l, rows))
			return NULL;
		load_row(j, s->member[i], w->t, all.n, l->count + rows * all.n,
			 l->denom + rows * all.n);
		rows++;
	}
	if (rows < PEERS_LEAST)
		return NULL;
	all.count = l->count;
	all.denom = w->rates ? l->denom : NULL;
	peers_learn(&all, rows, l->work, &found);
	out = found.m == 0 ? NULL : malloc(sizeof(*out));
	if (out != NULL)
		*out = found;
	return out;
}

/* Can anybody have settled, and is all that is asked for in memory? */
static bool
is_within(const struct judge *j, const struct wish *w)
{
	const struct sum *s = &j->sum[w->sum];
	int32_t half = s->period == 7 ? JUDGE_SETTLED_WEEKS / 2
				      : JUDGE_SETTLED_DAYS / 2;
	size_t n = cells_of(s->period).n;

	return s->members > PEERS_LEAST && s->first <= w->t - half &&
	       (int64_t)s->last - judge_bench(j, s->period)->limit <
		       (int64_t)w->t - (int64_t)n + 1;
}

static const struct peers *
lent_of(const struct judge *j, const struct wish *w)
{
	struct sum *s = &j->sum[w->sum];
	struct lent **place, *at;

	if (!is_within(j, w))
		return NULL;
	if (s->lent == NULL)
		s->lent = calloc(PLACES, sizeof(struct lent *));
	if (s->lent == NULL)
		return NULL;
	place = place_of(s, w->t);
	if (*place != NULL && (*place)->t != w->t)
		free_place(place);
	for (at = *place; at != NULL; at = at->next) {
		if (at->rates == w->rates && strcmp(at->stratum, w->stratum) == 0)
			return at->peers;
	}
	at = malloc(sizeof(*at));
	if (at == NULL)
		return NULL;
	*at = (struct lent){ .next = *place,
			     .stratum = w->stratum,
			     .t = w->t,
			     .rates = w->rates,
			     .peers = ask(j, w) };
	*place = at;
	return at->peers;
}

/*
 * What the nearest area says that has enough peers, by rates where it can;
 * w->sum becomes that area's, REG_NONE where there is none.
 */
static const struct peers *
nearest(const struct judge *j, struct wish *w)
{
	bool rates = w->rates;

	for (; w->sum != REG_NONE; w->sum = j->sum[w->sum].up) {
		uint32_t area = j->sum[w->sum].area;
		const struct peers *p = NULL;

		if (registry_area_at(j->registry, area)->level < REG_PROVINCE)
			break;
		w->rates = rates;
		if (rates)
			p = lent_of(j, w);
		if (p == NULL) {
			w->rates = false;
			p = lent_of(j, w);
		}
		if (p != NULL)
			return p;
	}
	w->sum = REG_NONE;
	return NULL;
}

/* Can any area lend?  Where all is new, nobody need be asked. */
static bool
is_lent(const struct judge *j, struct wish w)
{
	while (w.sum != REG_NONE && !is_within(j, &w))
		w.sum = j->sum[w.sum].up;
	return w.sum != REG_NONE;
}

/* Does it report on t, for the first time not long ago? */
static bool
is_young(const struct judge *j, uint32_t series, int32_t t)
{
	const struct stream *s = &j->series[series];
	const struct reg_site *site;

	if ((int64_t)s->first + PEERS_CELLS <= t ||
	    stream_cell(s, t) == CELL_MISSING ||
	    spans_void(judge_spans(j, series), t))
		return false;
	site = registry_site_at(j->registry,
				registry_series_at(j->registry, series)->site);
	return (int64_t)s->first + (int64_t)cells_of(site->period).n > t &&
	       site->expect != REG_UNSCHEDULED;
}

static bool
is_new(const struct judge *j, uint32_t series, int32_t t)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	int period = registry_site_at(j->registry, row->site)->period;

	return is_young(j, series, t) && !judge_has_settled(j, series, t, period);
}

void
judge_borrow(const struct judge *j, uint32_t series, int32_t t, bool upper,
	     struct loan *out)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	double count[PEERS_CELLS], denom[PEERS_CELLS];
	struct wish w = { .stratum = row->stratum, .t = t };
	struct peers_cells own;
	const struct peers *p;

	memset(out, 0, sizeof(*out));
	if (series >= j->series_n || !is_young(j, series, t))
		return;
	own = cells_of(registry_site_at(j->registry, row->site)->period);
	w.sum = j->sum_of[series];
	if (!is_lent(j, w) || !is_new(j, series, t))
		return;
	w.rates = load_row(j, series, t, own.n, count, denom);
	p = nearest(j, &w);
	if (p == NULL)
		return;
	own.count = count;
	own.denom = w.rates ? denom : NULL;
	out->from.own = peers_judge(p, &own, &out->verdict);
	if (upper)
		out->verdict.upper = peers_upper(p, &own);
	out->from.peers = p->m;
	out->from.area = j->sum[w.sum].area;
	judge_turn(&out->verdict,
		   registry_indicator_at(j->registry, row->indicator)->direction);
}

/* Puts the series on the list of new ones; without memory it is forgotten. */
static void
remember(struct lender *l, uint32_t series)
{
	if (series >= l->known) {
		size_t known = 2 * (size_t)series + 64;
		uint8_t *is = realloc(l->is_fresh, known);

		if (is == NULL)
			return;
		memset(is + l->known, 0, known - l->known);
		l->is_fresh = is;
		l->known = known;
	}
	if (!l->is_fresh[series] && judge_queue_put(&l->fresh, series) == 0)
		l->is_fresh[series] = 1;
}

void
judge_lender_note(struct judge *j, uint32_t series)
{
	struct lender *l = j->lender;

	if (is_new(j, series, j->series[series].last)) {
		remember(l, series);
		return;
	}
	if (l->fresh.n == 0)
		return;
	l->moved = true;
	for (uint32_t i = j->sum_of[series]; i != REG_NONE; i = j->sum[i].up)
		j->sum[i].moved = l->turn;
}

void
judge_lender_touch(struct judge *j)
{
	struct lender *l = j->lender;
	size_t kept = 0;

	if (!l->moved)
		return;
	for (size_t i = 0; i < l->fresh.n; i++) {
		uint32_t series = l->fresh.at[i];
		const struct reg_series *row =
			registry_series_at(j->registry, series);
		struct wish w = { .sum = j->sum_of[series],
				  .stratum = row->stratum,
				  .t = j->series[series].last };

		if (!is_new(j, series, w.t)) {
			l->is_fresh[series] = 0;
			continue;
		}
		l->fresh.at[kept++] = series;
		nearest(j, &w);
		if (w.sum != REG_NONE && j->sum[w.sum].moved == l->turn)
			judge_touch(
				j,
				registry_site_at(j->registry, row->site)->area);
	}
	l->fresh.n = kept;
	l->moved = false;
	l->turn++;
}
