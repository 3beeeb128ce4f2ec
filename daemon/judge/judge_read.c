/*
 * What the judge knows, for the desk, charts and figures, see judge.h.
 */
#include <math.h>

#include "daemon/judge/judge_rows.h"

static const struct judge_cell no_cell = { NAN, NAN, false };

static int
series_period(const struct judge *j, uint32_t series)
{
	const struct reg_series *row = registry_series_at(j->registry, series);

	return registry_site_at(j->registry, row->site)->period;
}

static struct judge_cell
cell_at(const struct stream *s, int32_t t)
{
	uint32_t c = stream_cell(s, t), d = stream_denom(s, t);

	if (c == CELL_MISSING)
		return no_cell;
	return (struct judge_cell){ .value = (double)(c & ~CELL_PARTIAL),
				    .denominator =
					    d == CELL_MISSING ? NAN : (double)d,
				    .partial = (c & CELL_PARTIAL) != 0 };
}

void
judge_cell(const struct judge *j, uint32_t series, int32_t day,
	   struct judge_cell *out)
{
	*out = no_cell;
	if (series < j->series_n)
		*out = cell_at(&j->series[series],
			       stream_period(day, series_period(j, series)));
}

void
judge_case_cell(const struct judge *j, uint32_t series, int32_t day,
		struct judge_cell *out)
{
	int32_t t = stream_period(day, series_period(j, series));

	judge_cell(j, series, day, out);
	if (spans_fault(judge_spans(j, series), t))
		*out = no_cell;
}

bool
judge_is_void(const struct judge *j, uint32_t series, int32_t day)
{
	return spans_void(judge_spans(j, series),
			  stream_period(day, series_period(j, series)));
}

void
judge_span(const struct judge *j, uint32_t series, int32_t *first, int32_t *last)
{
	*first = DAY_NONE;
	*last = DAY_NONE;
	if (series >= j->series_n || j->series[series].last == STREAM_NONE)
		return;
	*first = stream_day(j->series[series].first, series_period(j, series));
	*last = stream_day(j->series[series].last, series_period(j, series));
}

/* Fills days and empty cells; returns the number of the first period. */
static int32_t
lay_out(int32_t from_day, int period, size_t n, struct judge_point *out)
{
	int32_t from = stream_period(from_day, period);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct judge_point){
			.day = stream_day(from + (int32_t)i, period),
			.period = period,
			.cell = no_cell,
			.verdict = { NAN, NAN, NAN, NAN, DET_UNKNOWN,
				     DET_REPORT_MISSING }
		};
	return from;
}

static void
borrow_point(const struct judge *j, uint32_t series, int32_t t,
	     struct judge_point *out)
{
	struct loan loan;

	judge_borrow(j, series, t, true, &loan);
	out->borrowed = loan.from;
	if (loan.from.peers > 0)
		out->verdict = loan.verdict;
}

int
judge_points(struct judge *j, uint32_t series, int32_t from_day, size_t n,
	     struct judge_point *out)
{
	const struct stream *s;
	int32_t from, lo, hi;

	if (series >= registry_series_n(j->registry))
		return -1;
	from = lay_out(from_day, series_period(j, series), n, out);
	if (series >= j->series_n || n == 0)
		return 0;
	s = &j->series[series];
	lo = from < s->first ? s->first : from;
	hi = from + (int32_t)n - 1;
	if (hi > s->last)
		hi = s->last;
	if (s->last == STREAM_NONE || lo > hi)
		return 0;
	if (judge_series_run(j, series, lo, hi) < 0)
		return -1;
	for (int32_t t = lo; t <= hi; t++) {
		out[t - from].cell = cell_at(s, t);
		out[t - from].judged = true;
		out[t - from].verdict = j->verdict[t - lo];
		borrow_point(j, series, t, &out[t - from]);
		out[t - from].mark = spans_why(judge_spans(j, series), t);
	}
	return 0;
}

/* Why one of those that reported is marked, or NULL. */
static const char *
sum_why(const struct judge *j, const struct sum *s, int32_t t)
{
	const char *why = NULL;

	for (size_t i = 0; j->spans_n > 0 && why == NULL && i < s->members; i++)
		why = spans_why(judge_spans(j, s->member[i]), t);
	return why;
}

static int
sum_points(struct judge *j, uint32_t sum, int32_t from_day, size_t n,
	   struct judge_point *out)
{
	const struct sum *s = &j->sum[sum];
	int32_t from = lay_out(from_day, s->period, n, out);
	int32_t lo = from < s->first ? s->first : from;
	int32_t hi = from + (int32_t)n - 1;

	if (hi > s->last)
		hi = s->last;
	if (s->last == STREAM_NONE || lo > hi || n == 0)
		return 0;
	if (judge_sum_run(j, sum, lo, hi) < 0)
		return -1;
	for (int32_t t = lo; t <= hi; t++) {
		judge_sum_cell(j, sum, t, &out[t - from].cell);
		out[t - from].judged = true;
		out[t - from].verdict = j->verdict[t - lo];
		out[t - from].mark = sum_why(j, s, t);
	}
	return 0;
}

int
judge_area_points(struct judge *j, uint32_t area, uint32_t kind,
		  uint32_t indicator, int32_t from_day, size_t n,
		  struct judge_point *out)
{
	uint32_t i, best = REG_NONE;

	if (area >= j->areas)
		return -1;
	for (i = j->sum_first[area]; i != REG_NONE; i = j->sum[i].next_of_area) {
		if (j->sum[i].kind == kind && j->sum[i].indicator == indicator &&
		    (best == REG_NONE || j->sum[i].period == 1))
			best = i;
	}
	if (best == REG_NONE)
		return -1;
	if (j->sum[best].members == 1)
		return judge_points(j, j->sum[best].member[0], from_day, n, out);
	return sum_points(j, best, from_day, n, out);
}

const char *
judge_method(const struct judge *j, int period)
{
	return judge_bench(j, period)->method->name;
}

size_t
judge_sums(const struct judge *j)
{
	return j->sums;
}

void
judge_sum_at(const struct judge *j, uint32_t i, struct judge_sum *out)
{
	const struct sum *s = &j->sum[i];

	*out = (struct judge_sum){ .area = s->area,
				   .kind = s->kind,
				   .indicator = s->indicator,
				   .period = s->period,
				   .member = s->member,
				   .members = s->members,
				   .first_day = stream_day(s->first, s->period),
				   .next_of_area = s->next_of_area };
}

uint32_t
judge_sums_of(const struct judge *j, uint32_t area)
{
	return area < j->areas ? j->sum_first[area] : REG_NONE;
}

static double
kept_p(const struct judged *g, const struct bench *b, int32_t t, int32_t first,
       int32_t last, enum det_level *level)
{
	*level = DET_UNKNOWN;
	if (last == STREAM_NONE || t < first || t > last ||
	    (int64_t)t <= (int64_t)last - b->keep)
		return NAN;
	return judged_p(g, b->keep, t, level);
}

/* p for fusion of a verdict that is borrowed, NaN without. */
static double
borrowed_p(const struct judge *j, uint32_t series, int32_t t,
	   enum det_level *level)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	const struct bench *b = judge_bench(j, series_period(j, series));
	const struct stream *s = &j->series[series];
	struct loan loan;

	if ((int64_t)t <= (int64_t)s->last - b->keep)
		return NAN;
	judge_borrow(j, series, t, false, &loan);
	if (loan.from.peers == 0)
		return NAN;
	*level = loan.verdict.level;
	if (registry_indicator_at(j->registry, row->indicator)->direction !=
	    REG_HIGH)
		return (float)loan.verdict.p;
	/* As narrow as what is kept, so that no order of adding up shows. */
	return (float)judge_prudent_p(cell_at(s, t).value, &loan.verdict,
				      b->past);
}

double
judge_series_p(const struct judge *j, uint32_t series, int32_t day,
	       enum det_level *level)
{
	int period = series_period(j, series);
	int32_t t = stream_period(day, period);
	const struct stream *s;
	double p;

	*level = DET_UNKNOWN;
	if (series >= j->series_n)
		return NAN;
	s = &j->series[series];
	p = kept_p(&s->judged, judge_bench(j, period), t, s->first, s->last,
		   level);
	if (isnan(p) && stream_cell(s, t) != CELL_MISSING)
		p = borrowed_p(j, series, t, level);
	return p;
}

void
judge_borrows(const struct judge *j, uint32_t series, int32_t day,
	      struct judge_borrowed *out)
{
	struct loan loan;

	judge_borrow(j, series, stream_period(day, series_period(j, series)),
		     false, &loan);
	*out = loan.from;
}

double
judge_sum_p(const struct judge *j, uint32_t sum, int32_t day,
	    enum det_level *level)
{
	const struct sum *s = &j->sum[sum];

	if (s->members == 1)
		return judge_series_p(j, s->member[0], day, level);
	return kept_p(&s->judged, judge_bench(j, s->period),
		      stream_period(day, s->period), s->first, s->last, level);
}

size_t
judge_touched(const struct judge *j, const uint32_t **areas)
{
	*areas = j->touched;
	return j->touched_n;
}

void
judge_touched_clear(struct judge *j)
{
	for (size_t i = 0; i < j->touched_n; i++)
		j->is_touched[j->touched[i]] = 0;
	j->touched_n = 0;
}

void
judge_stats(const struct judge *j, struct judge_stats *out)
{
	*out = j->stats;
	out->series = j->series_n;
	out->dirty = j->dirty_series.n + j->dirty_sums.n;
	out->bytes = j->series_cap * (sizeof(*j->series) + sizeof(uint32_t)) +
		     j->sums_cap * sizeof(*j->sum);
	for (size_t i = 0; i < j->series_n; i++) {
		const struct bench *b =
			judge_bench(j, series_period(j, (uint32_t)i));

		out->bytes += stream_bytes(&j->series[i], b->keep);
		if (j->series[i].saved.state != NULL)
			out->bytes += b->carried;
	}
	for (size_t i = 0; i < j->sums; i++) {
		out->bytes += j->sum[i].cap * sizeof(uint32_t);
		if (j->sum[i].judged.p != NULL)
			out->bytes += judge_bench(j, j->sum[i].period)->keep *
				      (sizeof(float) + 1);
	}
}
