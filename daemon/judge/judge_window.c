/*
 * The windows of sums and the verdicts on them; judge.h says what a sum is
 * when reports are missing.  This is where most of the daemon's time goes, so
 * a member's window is copied out of its ring and read in straight loops,
 * which the compiler makes vectors of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"

/* A past period with less than this share of the mean count is missing. */
#define LEAST_SHARE 0.5

/* Periods before one that say whether a stream has settled. */
static int32_t
settling(int period)
{
	return period == 7 ? JUDGE_SETTLED_WEEKS : JUDGE_SETTLED_DAYS;
}

/* Reports of the periods from..to that are no faults. */
static int32_t
reports(const struct judge *j, uint32_t series, int32_t from, int32_t to)
{
	const struct stream *s = &j->series[series];
	const struct spans *x = judge_spans(j, series);
	int32_t n = (int32_t)stream_reports(s, from, to);

	for (int32_t t = from; x != NULL && t <= to; t++)
		n -= stream_cell(s, t) != CELL_MISSING && spans_fault(x, t);
	return n;
}

bool
judge_has_settled(const struct judge *j, uint32_t series, int32_t t, int period)
{
	int32_t back = settling(period);

	return reports(j, series, t - back, t - 1) * 2 >= back;
}

bool
judge_settled(const struct judge *j, uint32_t series, int32_t day)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	int period = registry_site_at(j->registry, row->site)->period;

	return series < j->series_n &&
	       judge_has_settled(j, series, stream_period(day, period), period);
}

/* The settled members that reported on period t, into j->chosen. */
static size_t
choose(struct judge *j, const struct sum *s, int32_t t)
{
	size_t n = 0;

	if (s->members > j->chosen_cap) {
		uint32_t *chosen =
			realloc(j->chosen, s->members * sizeof(*chosen));

		if (chosen == NULL) {
			log_error("judge: no memory for %zu members", s->members);
			return 0;
		}
		j->chosen = chosen;
		j->chosen_cap = s->members;
	}
	for (size_t i = 0; i < s->members; i++) {
		uint32_t m = s->member[i];

		if (stream_cell(&j->series[m], t) != CELL_MISSING &&
		    !spans_void(judge_spans(j, m), t) &&
		    judge_has_settled(j, m, t, s->period))
			j->chosen[n++] = m;
	}
	return n;
}

/* Mean of the reports among n cells; never 0, so that shares exist. */
static double
mean_count(const uint32_t *cell, size_t n)
{
	uint64_t sum = 0;
	uint32_t reports = 0;

	for (size_t i = 0; i < n; i++) {
		bool there = cell[i] != CELL_MISSING;

		sum += there ? cell[i] & ~CELL_PARTIAL : 0;
		reports += there;
	}
	return (0.5 + (double)sum) / (1 + reports);
}

/* Adds one member's cells and, where there is a report, its share. */
static void
add_cells(const uint32_t *cell, size_t n, double share, double *sum,
	  double *weight)
{
	for (size_t i = 0; i < n; i++) {
		bool there = cell[i] != CELL_MISSING;

		sum[i] += there ? (double)(int32_t)(cell[i] & ~CELL_PARTIAL) : 0;
		weight[i] += there ? share : 0;
	}
}

/* Denominators count where there is a report. */
static void
mask_denoms(const uint32_t *cell, size_t n, uint32_t *denom)
{
	for (size_t i = 0; i < n; i++)
		denom[i] |= cell[i] == CELL_MISSING ? CELL_MISSING : 0;
}

/*
 * A past period that was never finished is missing; says whether the last one
 * is not over.
 */
static bool
drop_partial(uint32_t *cell, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		cell[i] |= (cell[i] & CELL_PARTIAL) != 0 ? CELL_MISSING : 0;
	return cell[n - 1] != CELL_MISSING && (cell[n - 1] & CELL_PARTIAL) != 0;
}

/* Of a sum up to the judged period. */
struct loaded {
	size_t n;     /* cells; 0: nobody reported */
	bool denoms;  /* all have one */
	bool partial; /* the last one is not over for some of the members */
};

/* Adds one member to the window begin..t; returns its share. */
static double
add_member_window(struct judge *j, uint32_t series, int32_t begin, int32_t t,
		  struct loaded *l)
{
	const struct stream *m = &j->series[series];
	size_t n = (size_t)(t - begin) + 1;
	double share;

	stream_cells(m, begin, t, j->cells);
	spans_empty(judge_spans(j, series), begin, n, t, j->cells);
	l->partial = drop_partial(j->cells, n) || l->partial;
	share = mean_count(j->cells, n - 1);
	add_cells(j->cells, n, share, j->count, j->weight);
	if (m->denom != NULL) {
		stream_denoms(m, begin, t, j->denoms);
		mask_denoms(j->cells, n, j->denoms);
		add_cells(j->denoms, n, share, j->denom, j->denom_weight);
	}
	return share;
}

/* Scales what is incomplete, and calls missing what is too incomplete. */
static bool
scale_cells(struct judge *j, size_t n, double whole)
{
	bool denoms = true;

	for (size_t i = 0; i < n; i++) {
		double share = j->weight[i] / whole;

		if (share < LEAST_SHARE) {
			j->count[i] = NAN;
			j->denom[i] = NAN;
			continue;
		}
		denoms = denoms && j->denom_weight[i] >= 0.999 * j->weight[i] &&
			 j->denom[i] > 0;
		if (share < 0.999999) {
			j->count[i] /= share;
			j->denom[i] /= share;
		}
	}
	return denoms;
}

/* The first period of the sum's window that ends with t, of reports since. */
static int32_t
window_begin(const struct bench *b, int32_t since, int32_t t)
{
	int64_t begin = since < t ? since : t;

	if ((int64_t)t - b->limit + 1 > begin)
		begin = (int64_t)t - b->limit + 1;
	if ((int64_t)t - (int64_t)b->reach + 1 > begin)
		begin = (int64_t)t - (int64_t)b->reach + 1;
	return (int32_t)begin;
}

/* Adds the member up; false where it has denominators, or is marked. */
static bool
add_to_columns(struct judge *j, uint32_t series)
{
	const struct stream *m = &j->series[series];
	struct columns *c = &j->columns;
	size_t n = (size_t)(c->hi - c->lo) + 1;

	if (m->denom != NULL || spans_meet(judge_spans(j, series), c->lo, c->hi))
		return false;
	if (m->first < c->least)
		c->least = m->first;
	stream_cells(m, c->lo, c->hi, j->cells);
	for (size_t i = 0; i < n; i++) {
		uint32_t x = j->cells[i];
		bool there = x != CELL_MISSING;

		c->count[i] += there ? (double)(int32_t)(x & ~CELL_PARTIAL) : 0;
		c->full[i] += (x & CELL_PARTIAL) == 0;
	}
	return true;
}

/*
 * Where the periods from..to are judged at once, most of what their windows
 * need is the same: adds all members up once.  Without denominators and marks
 * only;
 * hi < lo says that there are no columns.
 */
static void
load_columns(struct judge *j, const struct sum *s, int32_t from, int32_t to)
{
	const struct bench *b = judge_bench(j, s->period);
	struct columns *c = &j->columns;
	int32_t back = settling(s->period);
	uint32_t run = 0;

	c->lo = window_begin(b, s->first, from);
	if (from - back < c->lo)
		c->lo = s->first > from - back ? s->first : from - back;
	c->hi = c->lo - 1;
	c->least = INT32_MAX;
	if (from == to || (int64_t)to - c->lo + 1 > b->limit)
		return;
	c->hi = to;
	memset(c->count, 0, (size_t)(to - c->lo + 1) * sizeof(*c->count));
	memset(c->full, 0, (size_t)(to - c->lo + 1) * sizeof(*c->full));
	for (size_t i = 0; i < s->members; i++) {
		if (!add_to_columns(j, s->member[i])) {
			c->hi = c->lo - 1;
			return;
		}
	}
	for (int32_t i = 0; i <= to - c->lo; i++) {
		run = c->full[i] == s->members ? run + 1 : 0;
		c->full[i] = run;
	}
}

/*
 * The window that ends with period t, where all members have settled and
 * reported in all of it, so that nothing has to be scaled; 0 cells: it is not
 * so, or not known.
 */
static size_t
load_full(struct judge *j, const struct sum *s, int32_t t)
{
	const struct columns *c = &j->columns;
	uint32_t full;
	int32_t begin;

	if (t < c->lo || t > c->hi)
		return 0;
	full = c->full[t - c->lo];
	begin = window_begin(judge_bench(j, s->period), c->least, t);
	if (begin < c->lo || (int64_t)full < (int64_t)t - begin + 1 ||
	    ((int64_t)full - 1) * 2 < settling(s->period))
		return 0;
	memcpy(j->count, c->count + (begin - c->lo),
	       ((size_t)(t - begin) + 1) * sizeof(*j->count));
	return (size_t)(t - begin) + 1;
}

/* The window of the sum that ends with period t. */
static struct loaded
load_sum(struct judge *j, const struct sum *s, int32_t t)
{
	struct loaded l = { .n = load_full(j, s, t) };
	int32_t first = t, begin;
	size_t n, reporters;
	double whole = 0;

	if (l.n > 0)
		return l;
	reporters = choose(j, s, t);
	if (reporters == 0)
		return l;
	for (size_t i = 0; i < reporters; i++) {
		if (j->series[j->chosen[i]].first < first)
			first = j->series[j->chosen[i]].first;
	}
	begin = window_begin(judge_bench(j, s->period), first, t);
	n = (size_t)(t - begin) + 1;
	memset(j->count, 0, n * sizeof(*j->count));
	memset(j->denom, 0, n * sizeof(*j->denom));
	memset(j->weight, 0, n * sizeof(*j->weight));
	memset(j->denom_weight, 0, n * sizeof(*j->denom_weight));
	for (size_t i = 0; i < reporters; i++)
		whole += add_member_window(j, j->chosen[i], begin, t, &l);
	l.denoms = scale_cells(j, n, whole);
	l.n = n;
	return l;
}

static const struct det_verdict nobody = { NAN, NAN,	     NAN,
					   NAN, DET_UNKNOWN, DET_REPORT_MISSING };

/* The calendar of all members, or, where they differ, the centre's. */
static const struct calendar *
calendar_of(const struct judge *j, const struct sum *s)
{
	const struct calendar *first = NULL;

	for (size_t i = 0; i < s->members; i++) {
		uint32_t site =
			registry_series_at(j->registry, s->member[i])->site;
		const struct calendar *c =
			registry_calendar_of(j->registry, site);

		if (i > 0 && c != first)
			return registry_calendar(j->registry);
		first = c;
	}
	return first;
}

/* Judges the one period t into out; *prudent gets the p for fusion. */
static int
judge_at(struct judge *j, const struct sum *s, int32_t t,
	 struct det_verdict *out, double *prudent)
{
	enum reg_direction direction =
		registry_indicator_at(j->registry, s->indicator)->direction;
	const struct bench *b = judge_bench(j, s->period);
	struct loaded l = load_sum(j, s, t);
	size_t skip = 0;
	struct det_window w;
	int rc;

	*out = nobody;
	*prudent = NAN;
	if (l.n == 0)
		return 0;
	while (skip + 1 < l.n && isnan(j->count[skip]))
		skip++;
	w = (struct det_window){
		.count = j->count + skip,
		.denom = l.denoms ? j->denom + skip : NULL,
		.n = l.n - skip,
		.first_t = 1,
		.first_day = stream_day(t - (int32_t)(l.n - skip) + 1, s->period),
		.period = s->period == 7 ? DET_WEEK : DET_DAY
	};
	w.mark = judge_marks(j, j->sum_calendar, REG_DAILY, &w);
	if (l.partial)
		judge_mark_partial(j, &w, w.n - 1);
	rc = b->method->judge(b->p, &w, w.n - 1, b->scratch, out);
	if (rc != DET_OK) {
		log_error("judge: %s: %s", b->method->name, det_strerror(rc));
		return -1;
	}
	judge_turn(out, direction);
	*prudent = out->p;
	if (direction == REG_HIGH)
		*prudent = judge_prudent_p(w.count[w.n - 1], out, b->past);
	j->stats.verdicts++;
	return 0;
}

int
judge_sum_run(struct judge *j, uint32_t sum, int32_t from, int32_t to)
{
	if (judge_room(j, (size_t)(to - from) + 1) < 0)
		return -1;
	load_columns(j, &j->sum[sum], from, to);
	j->sum_calendar = calendar_of(j, &j->sum[sum]);
	for (int32_t t = from; t <= to; t++) {
		if (judge_at(j, &j->sum[sum], t, &j->verdict[t - from],
			     &j->prudent[t - from]) < 0)
			return -1;
	}
	return 0;
}

void
judge_sum_cell(struct judge *j, uint32_t sum, int32_t t, struct judge_cell *out)
{
	const struct sum *s = &j->sum[sum];
	size_t n = choose(j, s, t);
	bool denoms = true;

	*out = (struct judge_cell){ .value = NAN, .denominator = NAN };
	if (n == 0)
		return;
	out->value = 0;
	out->denominator = 0;
	for (size_t i = 0; i < n; i++) {
		const struct stream *m = &j->series[j->chosen[i]];
		uint32_t c = stream_cell(m, t);
		uint32_t d = stream_denom(m, t);

		out->value += (double)(c & ~CELL_PARTIAL);
		out->partial = out->partial || (c & CELL_PARTIAL) != 0;
		denoms = denoms && d != CELL_MISSING;
		out->denominator += (double)d;
	}
	if (!denoms)
		out->denominator = NAN;
}
