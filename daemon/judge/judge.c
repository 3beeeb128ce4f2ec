/*
 * Windows, dirty marks and the order of judging, see judge.h.  Verdicts on a
 * series are in judge_series.c, sums of areas in judge_sum.c and
 * judge_window.c, the reading side in judge_read.c.
 */
#include "daemon/judge/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"
#include "detectors/fuse.h"

/* Of a method that does not say: days and weeks an expectation rests on. */
#define PAST_DAYS 28
#define PAST_WEEKS 12

#define VERDICT_DAYS 42
#define VERDICT_WEEKS 8

const struct bench *
judge_bench(const struct judge *j, int period)
{
	return period == 7 ? &j->week : &j->day;
}

static int
set_params(struct bench *b, const char *const *params)
{
	for (; params != NULL && *params != NULL; params++) {
		const char *eq = strchr(*params, '=');
		char name[64];
		int rc = DET_ERR_PARAM;

		if (eq != NULL && (size_t)(eq - *params) < sizeof(name)) {
			memcpy(name, *params, (size_t)(eq - *params));
			name[eq - *params] = '\0';
			rc = det_params_set(b->method, b->p, name, eq + 1);
		}
		if (rc != DET_OK) {
			log_error("judge: %s \"%s\": %s", b->method->name,
				  *params, det_strerror(rc));
			return -1;
		}
	}
	return 0;
}

/* Periods that a method which reads to the start gets to see. */
static size_t
remembered(const struct bench *b, size_t longest)
{
	size_t memory = DET_REACH_ALL;

	if (b->method->carry->memory != NULL)
		memory = b->method->carry->memory(b->p);
	return memory < longest ? memory : longest;
}

/* Reports that an expectation is taken to rest on. */
static double
past_of(const struct bench *b, int period)
{
	double n = period == 7 ? PAST_WEEKS : PAST_DAYS;

	for (size_t i = 0; b->method->param[i].name != NULL; i++) {
		if (strcmp(b->method->param[i].name, "baseline") == 0)
			n = fmin(n, b->p[i]);
	}
	return n;
}

static int
open_bench(struct bench *b, const char *name, const char *const *params,
	   uint32_t limit, uint32_t keep, size_t longest)
{
	b->method = det_find(name);
	if (b->method == NULL) {
		log_error("judge: there is no method \"%s\"", name);
		return -1;
	}
	det_params_default(b->method, b->p);
	if (set_params(b, params) < 0)
		return -1;
	b->reach = b->method->reach(b->p);
	b->capped = b->reach == DET_REACH_ALL;
	if (b->capped)
		b->reach = remembered(b, longest);
	b->limit = limit;
	b->keep = keep > limit ? limit : keep;
	b->scratch = malloc(b->method->scratch(b->p, limit) + 1);
	if (b->method->carry != NULL)
		b->carried = b->method->carry->bytes;
	b->state = malloc(b->carried + 1);
	if (b->scratch == NULL || b->state == NULL) {
		log_error("judge: no memory for the work space of %s", name);
		return -1;
	}
	return 0;
}

static int
open_both(struct judge *j, const struct judge_conf *conf)
{
	uint32_t days =
		conf->history_days < 60 ? 60 : (uint32_t)conf->history_days;
	uint32_t keep = conf->verdict_days <= 0 ? VERDICT_DAYS
						: (uint32_t)conf->verdict_days;
	uint32_t weeks = keep / 7 < VERDICT_WEEKS ? VERDICT_WEEKS : keep / 7;
	static const char *const usual[] = { JUDGE_DAY_PARAM, NULL };
	const char *const *params = conf->day_params;

	if ((params == NULL || *params == NULL) &&
	    strcmp(conf->day_method, JUDGE_DAY_METHOD) == 0)
		params = usual;
	if (open_bench(&j->day, conf->day_method, params, days, keep,
		       JUDGE_LONGEST_DAYS) < 0 ||
	    open_bench(&j->week, conf->week_method, conf->week_params,
		       days / 7 < 60 ? 60 : days / 7, weeks,
		       JUDGE_LONGEST_WEEKS) < 0)
		return -1;
	j->day.past = past_of(&j->day, 1);
	j->week.past = past_of(&j->week, 7);
	return 0;
}

struct judge *
judge_new(const struct judge_conf *conf, const struct registry *registry)
{
	struct judge *j = calloc(1, sizeof(*j));
	size_t n;

	if (j == NULL) {
		log_error("judge: no memory");
		return NULL;
	}
	j->registry = registry;
	if (open_both(j, conf) < 0) {
		judge_free(&j);
		return NULL;
	}
	n = j->day.limit > j->week.limit ? j->day.limit : j->week.limit;
	j->count = calloc(n, sizeof(*j->count));
	j->denom = calloc(n, sizeof(*j->denom));
	j->weight = calloc(n, sizeof(*j->weight));
	j->denom_weight = calloc(n, sizeof(*j->denom_weight));
	j->mark = calloc(n, sizeof(*j->mark));
	j->cells = calloc(n, sizeof(*j->cells));
	j->denoms = calloc(n, sizeof(*j->denoms));
	j->columns.count = calloc(n, sizeof(*j->columns.count));
	j->columns.full = calloc(n, sizeof(*j->columns.full));
	j->lender = judge_lender_new();
	if (j->count == NULL || j->denom == NULL || j->weight == NULL ||
	    j->denom_weight == NULL || j->mark == NULL || j->cells == NULL ||
	    j->denoms == NULL || j->columns.count == NULL ||
	    j->columns.full == NULL || j->lender == NULL ||
	    judge_room(j, j->day.keep) < 0) {
		log_error("judge: no memory for windows of %zu cells", n);
		judge_free(&j);
	}
	return j;
}

void
judge_free(struct judge **jp)
{
	struct judge *j = *jp;

	if (j == NULL)
		return;
	for (size_t i = 0; i < j->series_n; i++)
		stream_fini(&j->series[i]);
	for (size_t i = 0; i < j->sums; i++) {
		free(j->sum[i].member);
		judged_fini(&j->sum[i].judged);
		judge_lent_free(&j->sum[i]);
	}
	judge_lender_free(&j->lender);
	judge_spans_free(j);
	free(j->series);
	free(j->closed);
	free(j->sum_of);
	free(j->sum);
	free(j->sum_first);
	free(j->dirty_series.at);
	free(j->dirty_sums.at);
	free(j->touched);
	free(j->is_touched);
	free(j->count);
	free(j->denom);
	free(j->weight);
	free(j->denom_weight);
	free(j->mark);
	free(j->cells);
	free(j->denoms);
	free(j->columns.count);
	free(j->columns.full);
	free(j->chosen);
	free(j->verdict);
	free(j->prudent);
	free(j->day.scratch);
	free(j->week.scratch);
	free(j->day.state);
	free(j->week.state);
	free(j);
	*jp = NULL;
}

int
judge_queue_put(struct queue *q, uint32_t i)
{
	if (q->n == q->cap) {
		size_t cap = q->cap == 0 ? 256 : q->cap * 2;
		uint32_t *at = realloc(q->at, cap * sizeof(*at));

		if (at == NULL)
			return -1;
		q->at = at;
		q->cap = cap;
	}
	q->at[q->n++] = i;
	return 0;
}

int
judge_room(struct judge *j, size_t n)
{
	struct det_verdict *verdict;
	double *prudent;

	if (n <= j->verdict_cap)
		return 0;
	verdict = realloc(j->verdict, n * sizeof(*verdict));
	if (verdict != NULL)
		j->verdict = verdict;
	prudent = realloc(j->prudent, n * sizeof(*prudent));
	if (prudent != NULL)
		j->prudent = prudent;
	if (verdict == NULL || prudent == NULL) {
		log_error("judge: no memory for %zu verdicts", n);
		return -1;
	}
	j->verdict_cap = n;
	return 0;
}

/* Rows for every series and area that the registry knows by now. */
static int
follow_series(struct judge *j)
{
	size_t n = registry_series_n(j->registry);

	if (n > j->series_cap) {
		size_t cap = j->series_cap == 0 ? 64 : j->series_cap;
		struct stream *series;
		uint32_t *sum_of;

		while (cap < n)
			cap *= 2;
		series = realloc(j->series, cap * sizeof(*series));
		if (series == NULL)
			return -1;
		j->series = series;
		sum_of = realloc(j->sum_of, cap * sizeof(*sum_of));
		if (sum_of == NULL)
			return -1;
		j->sum_of = sum_of;
		j->series_cap = cap;
	}
	for (; j->series_n < n; j->series_n++) {
		stream_init(&j->series[j->series_n]);
		j->sum_of[j->series_n] = REG_NONE;
		if (j->marks != NULL &&
		    judge_spans_find(j, (uint32_t)j->series_n) < 0)
			return -1;
	}
	return 0;
}

static int
follow_areas(struct judge *j)
{
	size_t n = registry_areas(j->registry);
	uint32_t *first, *touched;
	uint8_t *is_touched;

	if (n <= j->areas)
		return 0;
	first = realloc(j->sum_first, n * sizeof(*first));
	if (first != NULL)
		j->sum_first = first;
	touched = realloc(j->touched, n * sizeof(*touched));
	if (touched != NULL)
		j->touched = touched;
	is_touched = realloc(j->is_touched, n);
	if (is_touched != NULL)
		j->is_touched = is_touched;
	if (first == NULL || touched == NULL || is_touched == NULL)
		return -1;
	for (; j->areas < n; j->areas++) {
		j->sum_first[j->areas] = REG_NONE;
		j->is_touched[j->areas] = 0;
	}
	return 0;
}

static uint32_t
to_cell(const struct judge_cell *cell)
{
	uint32_t x;

	if (!(cell->value >= 0))
		return CELL_MISSING;
	x = cell->value > CELL_MAX ? CELL_MAX : (uint32_t)lround(cell->value);
	return cell->partial ? x | CELL_PARTIAL : x;
}

static uint32_t
to_denom(const struct judge_cell *cell)
{
	if (!(cell->value >= 0) || !(cell->denominator > 0))
		return CELL_MISSING;
	return cell->denominator > CELL_MAX
		       ? CELL_MAX
		       : (uint32_t)lround(cell->denominator);
}

void
judge_set(struct judge *j, uint32_t series, int32_t day,
	  const struct judge_cell *cell)
{
	int period, rc;
	struct stream *s;
	bool clean;
	int32_t t;

	if (follow_series(j) < 0 || follow_areas(j) < 0) {
		log_error("judge: no memory for %zu series",
			  registry_series_n(j->registry));
		return;
	}
	s = &j->series[series];
	period = registry_site_at(j->registry,
				  registry_series_at(j->registry, series)->site)
			 ->period;
	t = stream_period(day, period);
	clean = s->dirty_from == STREAM_NONE;
	j->stats.cells_set++;
	rc = stream_set(s, t, to_cell(cell), to_denom(cell),
			judge_bench(j, period)->limit);
	if (rc == 0)
		return;
	if (rc < 0 || judge_sum_join(j, series) < 0 ||
	    (clean && judge_queue_put(&j->dirty_series, series) < 0)) {
		log_error("judge: no memory for a window");
		return;
	}
	judge_sum_mark(j, series, s->dirty_from);
}

void
judge_turn(struct det_verdict *v, enum reg_direction direction)
{
	if (direction == REG_HIGH || isnan(v->p) || v->level == DET_UNKNOWN)
		return;
	if (direction == REG_LOW)
		v->p = 1 - v->p;
	else
		v->p = 2 * fmin(v->p, 1 - v->p);
	v->level = v->p < 0.01	 ? DET_ALERT
		   : v->p < 0.05 ? DET_WARNING
				 : DET_NORMAL;
}

double
judge_prudent_p(double count, const struct det_verdict *v, double past)
{
	double bound;

	if (!(v->p < 0.05) || isnan(v->expected))
		return v->p;
	bound = fuse_count_p(count, fmax(0, v->expected) * past, past);
	return fmax(fmax(v->p, bound), JUDGE_LEAST_P);
}

/* Keeps the verdicts in j->verdict. */
static void
keep_series(struct judge *j, uint32_t i, const struct bench *b, int32_t from)
{
	struct stream *s = &j->series[i];
	const struct reg_series *row = registry_series_at(j->registry, i);
	int period = registry_site_at(j->registry, row->site)->period;
	bool high =
		registry_indicator_at(j->registry, row->indicator)->direction ==
		REG_HIGH;

	for (int32_t t = from; t <= s->last; t++) {
		const struct det_verdict *v = &j->verdict[t - from];
		bool settled = judge_settled(j, i, stream_day(t, period));
		uint32_t cell = stream_cell(s, t);
		double p = v->p;

		if (high && cell != CELL_MISSING)
			p = judge_prudent_p((double)(cell & ~CELL_PARTIAL), v,
					    b->past);
		judged_set(&s->judged, b->keep, t, settled ? p : NAN,
			   settled ? v->level : DET_UNKNOWN);
	}
}

void
judge_touch(struct judge *j, uint32_t area)
{
	if (j->is_touched[area])
		return;
	j->is_touched[area] = 1;
	j->touched[j->touched_n++] = area;
}

/* The first of the periods first..last that is to be judged again. */
static int32_t
judge_from(const struct bench *b, int32_t dirty, int32_t first, int32_t last)
{
	int64_t from = (int64_t)last - b->keep + 1;

	if (dirty > from)
		from = dirty;
	return from < first ? first : (int32_t)from;
}

static void
judge_one_series(struct judge *j, uint32_t i)
{
	struct stream *s = &j->series[i];
	uint32_t site = registry_series_at(j->registry, i)->site;
	const struct reg_site *owner = registry_site_at(j->registry, site);
	const struct bench *b = judge_bench(j, owner->period);
	int32_t from = judge_from(b, s->dirty_from, s->first, s->last);

	s->dirty_from = STREAM_NONE;
	judge_touch(j, owner->area);
	judge_lender_note(j, i);
	if (judged_init(&s->judged, b->keep) < 0 ||
	    judge_series_run(j, i, from, s->last) < 0)
		return;
	keep_series(j, i, b, from);
}

static void
judge_one_sum(struct judge *j, uint32_t i)
{
	struct sum *s = &j->sum[i];
	const struct bench *b = judge_bench(j, s->period);
	int32_t from = judge_from(b, s->dirty_from, s->first, s->last);

	s->dirty_from = STREAM_NONE;
	judge_touch(j, s->area);
	if (s->members < 2)
		return;
	if (judged_init(&s->judged, b->keep) < 0 ||
	    judge_sum_run(j, i, from, s->last) < 0)
		return;
	for (int32_t t = from; t <= s->last; t++)
		judged_set(&s->judged, b->keep, t, j->prudent[t - from],
			   j->verdict[t - from].level);
}

size_t
judge_dirty(struct judge *j, size_t budget)
{
	while (budget > 0 && j->dirty_series.n > 0) {
		judge_one_series(j, j->dirty_series.at[--j->dirty_series.n]);
		budget--;
	}
	while (budget > 0 && j->dirty_sums.n > 0) {
		judge_one_sum(j, j->dirty_sums.at[--j->dirty_sums.n]);
		budget--;
	}
	if (judge_idle(j))
		judge_lender_touch(j);
	return j->dirty_series.n + j->dirty_sums.n;
}

void
judge_mark(struct judge *j, uint32_t series, int32_t t)
{
	struct stream *s = &j->series[series];
	bool clean = s->dirty_from == STREAM_NONE;

	if (s->last == STREAM_NONE || t > s->last)
		return;
	/* What a method carries on was made without what has changed. */
	s->saved.next = STREAM_NONE;
	if (clean && judge_queue_put(&j->dirty_series, series) < 0) {
		log_error("judge: no memory to judge again");
		return;
	}
	if (t < s->first)
		t = s->first;
	if (clean || t < s->dirty_from)
		s->dirty_from = t;
	judge_sum_mark(j, series, t);
}

void
judge_all_again(struct judge *j)
{
	for (uint32_t i = 0; i < j->series_n; i++)
		judge_mark(j, i, INT32_MIN + 1);
}

bool
judge_idle(const struct judge *j)
{
	return j->dirty_series.n + j->dirty_sums.n == 0;
}

size_t
judge_burden(const struct judge *j)
{
	size_t n = j->dirty_series.n;

	for (size_t i = 0; i < j->dirty_sums.n; i++)
		n += j->sum[j->dirty_sums.at[i]].members;
	return n;
}
