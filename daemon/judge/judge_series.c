/*
 * The window of one series and the verdicts on it.  What a recursive method
 * carries is saved, so that a new period costs a step and not the past.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/judge_rows.h"

/* Copies periods begin..to into the window; true if there are denominators. */
static bool
load(struct judge *j, uint32_t series, int32_t begin, int32_t to)
{
	const struct stream *s = &j->series[series];
	const struct spans *x = judge_spans(j, series);
	size_t n = (size_t)(to - begin) + 1;
	bool any = false;

	stream_cells(s, begin, to, j->cells);
	stream_denoms(s, begin, to, j->denoms);
	spans_empty(x, begin, n, to, j->cells);
	spans_empty(x, begin, n, to, j->denoms);
	for (size_t i = 0; i < n; i++) {
		uint32_t c = j->cells[i], d = j->denoms[i];

		j->count[i] =
			c == CELL_MISSING ? NAN : (double)(c & ~CELL_PARTIAL);
		j->denom[i] = d == CELL_MISSING || d == 0 ? NAN : (double)d;
		any = any || d != CELL_MISSING;
	}
	return any;
}

const uint8_t *
judge_marks(struct judge *j, const struct calendar *c, enum reg_expect expect,
	    const struct det_window *w)
{
	if (c == NULL)
		return NULL;
	calendar_marks(c, expect, w->first_day, w->period == DET_WEEK ? 7 : 1,
		       w->n, j->mark);
	return j->mark;
}

void
judge_mark_partial(struct judge *j, struct det_window *w, size_t i)
{
	if (w->mark == NULL)
		memset(j->mark, 0, w->n * sizeof(*j->mark));
	w->mark = j->mark;
	j->mark[i] |= DET_MARK_PARTIAL;
}

/* Keeps what the bench carries; without memory nothing is kept. */
static void
save(const struct bench *b, int32_t begin, int32_t next, struct saved *saved)
{
	if (saved->state == NULL)
		saved->state = malloc(b->carried);
	if (saved->state == NULL)
		return;
	memcpy(saved->state, b->state, b->carried);
	saved->begin = begin;
	saved->next = next;
}

static void
walk(const struct bench *b, const struct det_window *w, size_t begin,
     size_t end, struct det_verdict *out)
{
	const struct det_walk k = { .begin = begin,
				    .end = end,
				    .state = b->state,
				    .scratch = b->scratch,
				    .out = out };

	if (begin < end)
		b->method->carry->walk(b->p, w, &k);
}

/*
 * As the method's judge(), but on from what the stream has saved, where that
 * is of the same window, which begins with period begin.  The last period may
 * well be judged again, so what is carried is saved before it.
 */
static void
judge_on(const struct bench *b, const struct det_window *w, size_t from,
	 struct saved *saved, int32_t begin, struct det_verdict *out)
{
	size_t last = w->n - 1, at = 0;

	if (saved->next != STREAM_NONE && saved->begin == begin &&
	    saved->next - begin <= (int32_t)from) {
		at = (size_t)(saved->next - begin);
		memcpy(b->state, saved->state, b->carried);
	}
	walk(b, w, at, from, NULL);
	walk(b, w, from, last, out);
	if (last > at)
		save(b, begin, begin + (int32_t)last, saved);
	walk(b, w, last, w->n, out + (last - from));
}

/*
 * Judges the periods from..to, which see the same past, into out.  Where marks
 * are about the series only one period does.
 */
static int
judge_piece(struct judge *j, uint32_t series, int32_t from, int32_t to,
	    struct det_verdict *out)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	const struct reg_site *site = registry_site_at(j->registry, row->site);
	int period = site->period;
	const struct bench *b = judge_bench(j, period);
	const struct spans *x = judge_spans(j, series);
	struct stream *s = &j->series[series];
	struct det_window w = { .count = j->count, .first_t = 1 };
	int32_t begin = s->first;
	bool whole = true; /* the window, so that it begins there tomorrow */
	int rc = DET_OK;

	/* Reports that were withdrawn leave no trace in the past. */
	while (begin < from && (stream_cell(s, begin) == CELL_MISSING ||
				spans_leave_out(x, begin, to)))
		begin++;
	if ((int64_t)from - (int64_t)b->reach + 1 > begin) {
		w.first_t += from - (int32_t)b->reach + 1 - begin;
		begin = from - (int32_t)b->reach + 1;
		whole = false;
	}
	w.denom = load(j, series, begin, to) ? j->denom : NULL;
	w.n = (size_t)(to - begin) + 1;
	w.first_day = stream_day(begin, period);
	w.period = period == 7 ? DET_WEEK : DET_DAY;
	w.mark = judge_marks(j, registry_calendar_of(j->registry, row->site),
			     site->expect, &w);
	for (size_t i = 0; i < w.n; i++) {
		if (j->cells[i] != CELL_MISSING &&
		    (j->cells[i] & CELL_PARTIAL) != 0)
			judge_mark_partial(j, &w, i);
	}
	if (b->carried > 0 && whole && x == NULL)
		judge_on(b, &w, (size_t)(from - begin), &s->saved, begin, out);
	else
		rc = b->method->judge(b->p, &w, (size_t)(from - begin),
				      b->scratch, out);
	if (rc != DET_OK) {
		log_error("judge: %s: %s", b->method->name, det_strerror(rc));
		return -1;
	}
	for (int32_t t = from; t <= to; t++)
		judge_turn(&out[t - from],
			   registry_indicator_at(j->registry, row->indicator)
				   ->direction);
	j->stats.verdicts += (uint64_t)(to - from) + 1;
	return 0;
}

int
judge_series_run(struct judge *j, uint32_t series, int32_t from, int32_t to)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	int period = registry_site_at(j->registry, row->site)->period;
	const struct bench *b = judge_bench(j, period);

	if (judge_room(j, (size_t)(to - from) + 1) < 0)
		return -1;
	if (judge_spans(j, series) == NULL &&
	    (!b->capped || (int64_t)to - (int64_t)b->reach <
				   (int64_t)j->series[series].first))
		return judge_piece(j, series, from, to, j->verdict);
	for (int32_t t = from; t <= to; t++) {
		if (judge_piece(j, series, t, t, &j->verdict[t - from]) < 0)
			return -1;
	}
	return 0;
}
