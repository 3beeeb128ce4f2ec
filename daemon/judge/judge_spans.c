/*
 * What marks do to windows, see judge_set_marks().  A series that no mark is
 * about has no spans, and is judged as if there were none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"

#define APART_SHARE 10 /* one of so many members is enough */

const struct spans *
judge_spans(const struct judge *j, uint32_t series)
{
	return series < j->spans_n && j->spans[series].n > 0 ? &j->spans[series]
							     : NULL;
}

void
judge_spans_free(struct judge *j)
{
	for (size_t i = 0; i < j->spans_n; i++)
		free(j->spans[i].at);
	free(j->spans);
	j->spans = NULL;
	j->spans_n = 0;
}

/* Rows up to and including the series. */
static int
make_room(struct judge *j, uint32_t series)
{
	size_t n = (size_t)series + 1;
	struct spans *all;

	if (series < j->spans_n)
		return 0;
	if (n < j->series_cap)
		n = j->series_cap;
	all = realloc(j->spans, n * sizeof(*all));
	if (all == NULL)
		return -1;
	memset(all + j->spans_n, 0, (n - j->spans_n) * sizeof(*all));
	j->spans = all;
	j->spans_n = n;
	return 0;
}

static int
add_span(struct spans *x, const struct span *one)
{
	struct span *at = realloc(x->at, (x->n + 1) * sizeof(*at));

	if (at == NULL)
		return -1;
	x->at = at;
	x->at[x->n++] = *one;
	return 0;
}

int
judge_spans_find(struct judge *j, uint32_t series)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	int period = registry_site_at(j->registry, row->site)->period;

	if (series < j->spans_n)
		j->spans[series].n = 0;
	for (size_t i = 0; i < j->marks->n; i++) {
		const struct mark *m = &j->marks->at[i];
		struct span one = { stream_period(m->first, period),
				    stream_period(m->last, period), m->why };

		if (m->why == MARK_EVENT ||
		    !mark_is_about(m, j->registry, series))
			continue;
		if (make_room(j, series) < 0 ||
		    add_span(&j->spans[series], &one) < 0) {
			log_error("judge: no memory for marks");
			return -1;
		}
	}
	return 0;
}

size_t
judge_remark(struct judge *j, const struct mark *changed)
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->series_n; i++) {
		const struct reg_series *row;
		int period;

		if (!mark_is_about(changed, j->registry, i))
			continue;
		n++;
		row = registry_series_at(j->registry, i);
		period = registry_site_at(j->registry, row->site)->period;
		if (changed->why != MARK_EVENT && judge_spans_find(j, i) == 0)
			judge_mark(j, i, stream_period(changed->first, period));
	}
	return n;
}

void
judge_set_marks(struct judge *j, const struct marks *marks)
{
	j->marks = marks;
	for (size_t i = 0; i < marks->n; i++)
		(void)judge_remark(j, &marks->at[i]);
}

static bool
holds(const struct span *s, int32_t t)
{
	return t >= s->first && t <= s->last;
}

static bool
is_apart(const struct judge *j, uint32_t series, int32_t t)
{
	const struct spans *x = judge_spans(j, series);

	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (holds(&x->at[i], t) && x->at[i].why == MARK_OUTBREAK)
			return true;
	}
	return false;
}

bool
judge_is_apart(const struct judge *j, uint32_t series, int32_t day)
{
	uint32_t site;

	if (series >= j->spans_n)
		return false;
	site = registry_series_at(j->registry, series)->site;
	return is_apart(
		j, series,
		stream_period(day, registry_site_at(j->registry, site)->period));
}

/* Is any outbreak about some of the sum's members then? */
static bool
may_be_apart(const struct judge *j, const struct sum *s, int32_t t)
{
	for (size_t i = 0; i < j->marks->n; i++) {
		const struct mark *m = &j->marks->at[i];

		if (m->why == MARK_OUTBREAK &&
		    t >= stream_period(m->first, s->period) &&
		    t <= stream_period(m->last, s->period) &&
		    mark_has_kind(m, s->kind) &&
		    mark_has_indicator(m, s->indicator) &&
		    mark_meets(m, j->registry, s->area, REG_NONE))
			return true;
	}
	return false;
}

bool
judge_sum_is_apart(const struct judge *j, uint32_t sum, int32_t day)
{
	const struct sum *s = &j->sum[sum];
	int32_t t = stream_period(day, s->period);
	size_t n = 0;

	if (j->spans_n == 0 || !may_be_apart(j, s, t))
		return false;
	for (size_t i = 0; i < s->members; i++)
		n += is_apart(j, s->member[i], t);
	return n > 0 && n * APART_SHARE >= s->members;
}

bool
spans_void(const struct spans *x, int32_t t)
{
	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (holds(&x->at[i], t) && x->at[i].why != MARK_OUTBREAK)
			return true;
	}
	return false;
}

bool
spans_fault(const struct spans *x, int32_t t)
{
	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (holds(&x->at[i], t) && x->at[i].why == MARK_FAULT)
			return true;
	}
	return false;
}

bool
spans_leave_out(const struct spans *x, int32_t t, int32_t judged)
{
	if (t == judged)
		return spans_void(x, t);
	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (holds(&x->at[i], t))
			return true;
	}
	return false;
}

void
spans_empty(const struct spans *x, int32_t begin, size_t n, int32_t judged,
	    uint32_t *cell)
{
	int32_t end = begin + (int32_t)n - 1;

	for (size_t i = 0; x != NULL && i < x->n; i++) {
		const struct span *s = &x->at[i];
		int32_t from = s->first > begin ? s->first : begin;
		int32_t to = s->last < end ? s->last : end;

		for (int32_t t = from; t <= to; t++) {
			if (t != judged || s->why != MARK_OUTBREAK)
				cell[t - begin] = CELL_MISSING;
		}
	}
}

bool
spans_meet(const struct spans *x, int32_t from, int32_t to)
{
	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (x->at[i].first <= to && x->at[i].last >= from)
			return true;
	}
	return false;
}

const char *
spans_why(const struct spans *x, int32_t t)
{
	const struct span *found = NULL;

	for (size_t i = 0; x != NULL && i < x->n; i++) {
		if (holds(&x->at[i], t) &&
		    (found == NULL || x->at[i].why > found->why))
			found = &x->at[i];
	}
	return found == NULL ? NULL : mark_why_str(found->why);
}
