/*
 * Sums of an area by kind and indicator, up the tree; judge.h says what a
 * sum is when reports are missing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"

/* A past period with less than this share of the mean count is missing. */
#define LEAST_SHARE 0.5

static uint32_t
find_sum(const struct judge *j, uint32_t area, const struct sum *like)
{
	uint32_t i = j->sum_first[area];

	while (i != REG_NONE && (j->sum[i].kind != like->kind ||
				 j->sum[i].indicator != like->indicator ||
				 j->sum[i].period != like->period))
		i = j->sum[i].next_of_area;
	return i;
}

/* The order of an area's sums, whatever order their counts came in. */
static bool
before(const struct sum *a, const struct sum *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->indicator != b->indicator)
		return a->indicator < b->indicator;
	return a->period < b->period;
}

static uint32_t
add_sum(struct judge *j, uint32_t area, const struct sum *like)
{
	struct sum *s;
	uint32_t *link;

	if (j->sums == j->sums_cap) {
		size_t cap = j->sums_cap == 0 ? 64 : j->sums_cap * 2;
		struct sum *sum = realloc(j->sum, cap * sizeof(*sum));

		if (sum == NULL)
			return REG_NONE;
		j->sum = sum;
		j->sums_cap = cap;
	}
	s = &j->sum[j->sums];
	*s = *like;
	s->area = area;
	link = &j->sum_first[area];
	while (*link != REG_NONE && before(&j->sum[*link], like))
		link = &j->sum[*link].next_of_area;
	s->next_of_area = *link;
	*link = (uint32_t)j->sums;
	return (uint32_t)j->sums++;
}

/* The area's sum and those above it, made at need; REG_NONE: no memory. */
static uint32_t
sum_chain(struct judge *j, uint32_t area, const struct sum *like)
{
	uint32_t lowest = REG_NONE, below = REG_NONE;

	for (; area != REG_NONE;
	     area = registry_area_at(j->registry, area)->parent) {
		uint32_t i = find_sum(j, area, like);
		bool known = i != REG_NONE;

		if (!known)
			i = add_sum(j, area, like);
		if (i == REG_NONE)
			return REG_NONE;
		if (below != REG_NONE)
			j->sum[below].up = i;
		if (lowest == REG_NONE)
			lowest = i;
		if (known)
			break;
		below = i;
	}
	return lowest;
}

/* The order of members, whatever order their counts came in. */
static bool
member_before(const struct judge *j, uint32_t a, uint32_t b)
{
	const struct reg_series *x = registry_series_at(j->registry, a);
	const struct reg_series *y = registry_series_at(j->registry, b);

	if (x->site != y->site)
		return x->site < y->site;
	return strcmp(x->stratum, y->stratum) < 0;
}

static int
add_member(const struct judge *j, struct sum *s, uint32_t series)
{
	size_t i;

	if (s->members == s->cap) {
		size_t cap = s->cap == 0 ? 4 : s->cap * 2;
		uint32_t *member = realloc(s->member, cap * sizeof(*member));

		if (member == NULL)
			return -1;
		s->member = member;
		s->cap = cap;
	}
	for (i = s->members; i > 0; i--) {
		if (!member_before(j, series, s->member[i - 1]))
			break;
		s->member[i] = s->member[i - 1];
	}
	s->member[i] = series;
	s->members++;
	return 0;
}

/* From period t on the sum has to be judged again. */
static void
mark(struct judge *j, uint32_t sum, int32_t t)
{
	struct sum *s = &j->sum[sum];

	if (s->dirty_from != STREAM_NONE) {
		if (t < s->dirty_from)
			s->dirty_from = t;
		return;
	}
	s->dirty_from = t;
	if (judge_queue_put(&j->dirty_sums, sum) < 0)
		log_error("judge: no memory to mark a sum");
}

static void
drop_member(struct sum *s, uint32_t series)
{
	for (size_t i = 0; i < s->members; i++) {
		if (s->member[i] != series)
			continue;
		memmove(&s->member[i], &s->member[i + 1],
			(s->members - i - 1) * sizeof(*s->member));
		s->members--;
		return;
	}
}

/* Takes the strata of a site out of the sums: the whole has come. */
static void
drop_strata(struct judge *j, const struct reg_series *whole)
{
	uint32_t i = registry_site_at(j->registry, whole->site)->first_series;

	while (i != REG_NONE) {
		const struct reg_series *row = registry_series_at(j->registry, i);

		if (i < j->series_n && row->indicator == whole->indicator &&
		    row->stratum[0] != '\0' && j->sum_of[i] != REG_NONE) {
			for (uint32_t s = j->sum_of[i]; s != REG_NONE;
			     s = j->sum[s].up) {
				mark(j, s, j->sum[s].first);
				drop_member(&j->sum[s], i);
			}
			j->sum_of[i] = REG_NONE;
		}
		i = row->next_of_site;
	}
}

int
judge_sum_join(struct judge *j, uint32_t series)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	const struct reg_site *site = registry_site_at(j->registry, row->site);
	struct sum like = { .kind = site->kind,
			    .indicator = row->indicator,
			    .period = site->period,
			    .up = REG_NONE,
			    .first = STREAM_NONE,
			    .last = STREAM_NONE,
			    .dirty_from = STREAM_NONE };
	uint32_t whole;

	if (j->sum_of[series] != REG_NONE)
		return 0;
	if (row->stratum[0] != '\0') {
		whole = registry_series(j->registry, row->site, row->indicator,
					"", 0);
		if (whole != REG_NONE && whole < j->series_n &&
		    j->series[whole].last != STREAM_NONE)
			return 0;
	} else {
		drop_strata(j, row);
	}
	j->sum_of[series] = sum_chain(j, site->area, &like);
	if (j->sum_of[series] == REG_NONE)
		return -1;
	for (uint32_t s = j->sum_of[series]; s != REG_NONE; s = j->sum[s].up) {
		if (add_member(j, &j->sum[s], series) < 0)
			return -1;
		if (j->sum[s].first != STREAM_NONE)
			mark(j, s, j->sum[s].first);
	}
	return 0;
}

void
judge_sum_mark(struct judge *j, uint32_t series, int32_t t)
{
	const struct stream *m = &j->series[series];

	for (uint32_t i = j->sum_of[series]; i != REG_NONE; i = j->sum[i].up) {
		struct sum *s = &j->sum[i];
		int32_t from = t;

		if (s->last == STREAM_NONE || m->first < s->first)
			s->first = m->first;
		if (s->last != STREAM_NONE && m->last > s->last &&
		    s->last + 1 < from)
			from = s->last + 1;
		if (s->last == STREAM_NONE || m->last > s->last)
			s->last = m->last;
		mark(j, i, from);
	}
}

bool
judge_settled(const struct judge *j, uint32_t series, int32_t day)
{
	const struct reg_series *row = registry_series_at(j->registry, series);
	int period = registry_site_at(j->registry, row->site)->period;
	int32_t back = period == 7 ? JUDGE_SETTLED_WEEKS : JUDGE_SETTLED_DAYS;
	int32_t t = stream_period(day, period);
	int32_t n = 0;

	if (series >= j->series_n)
		return false;
	for (int32_t u = t - back; u < t; u++)
		n += stream_cell(&j->series[series], u) != CELL_MISSING;
	return n * 2 >= back;
}

/* The settled members that reported on period t, into j->chosen. */
static size_t
choose(struct judge *j, const struct sum *s, int32_t t)
{
	int32_t day = stream_day(t, s->period);
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
		if (stream_cell(&j->series[s->member[i]], t) != CELL_MISSING &&
		    judge_settled(j, s->member[i], day))
			j->chosen[n++] = s->member[i];
	}
	return n;
}

/* Mean of the reports begin..t-1; never 0, so that shares exist. */
static double
mean_count(const struct stream *s, int32_t begin, int32_t t)
{
	double sum = 0.5;
	int32_t n = 1;

	for (int32_t u = begin; u < t; u++) {
		uint32_t c = stream_cell(s, u);

		if (c == CELL_MISSING)
			continue;
		sum += (double)(c & ~CELL_PARTIAL);
		n++;
	}
	return sum / n;
}

/* Adds one member's cells begin..t to the window. */
static void
add_cells(struct judge *j, const struct stream *s, int32_t begin, int32_t t,
	  double share)
{
	for (int32_t u = begin; u <= t; u++) {
		uint32_t c = stream_cell(s, u);
		uint32_t d = stream_denom(s, u);
		size_t i = (size_t)(u - begin);

		if (c == CELL_MISSING)
			continue;
		j->count[i] += (double)(c & ~CELL_PARTIAL);
		j->weight[i] += share;
		if (d == CELL_MISSING)
			continue;
		j->denom[i] += (double)d;
		j->denom_weight[i] += share;
	}
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

/* The window of the sum that ends with period t; 0 cells: nobody reported. */
static size_t
load_sum(struct judge *j, const struct sum *s, int32_t t, bool *denoms)
{
	const struct bench *b = judge_bench(j, s->period);
	size_t reporters = choose(j, s, t);
	int32_t begin = t;
	double whole = 0;
	size_t n;

	if (reporters == 0)
		return 0;
	for (size_t i = 0; i < reporters; i++) {
		if (j->series[j->chosen[i]].first < begin)
			begin = j->series[j->chosen[i]].first;
	}
	if ((int64_t)t - b->limit + 1 > begin)
		begin = (int32_t)((int64_t)t - b->limit + 1);
	if ((int64_t)t - (int64_t)b->reach + 1 > begin)
		begin = t - (int32_t)b->reach + 1;
	n = (size_t)(t - begin) + 1;
	memset(j->count, 0, n * sizeof(*j->count));
	memset(j->denom, 0, n * sizeof(*j->denom));
	memset(j->weight, 0, n * sizeof(*j->weight));
	memset(j->denom_weight, 0, n * sizeof(*j->denom_weight));
	for (size_t i = 0; i < reporters; i++) {
		const struct stream *m = &j->series[j->chosen[i]];
		double share = mean_count(m, begin, t);

		whole += share;
		add_cells(j, m, begin, t, share);
	}
	*denoms = scale_cells(j, n, whole);
	return n;
}

static const struct det_verdict nobody = { NAN, NAN,	     NAN,
					   NAN, DET_UNKNOWN, DET_REPORT_MISSING };

/* Judges the one period t into out; *prudent gets the p for fusion. */
static int
judge_at(struct judge *j, const struct sum *s, int32_t t,
	 struct det_verdict *out, double *prudent)
{
	enum reg_direction direction =
		registry_indicator_at(j->registry, s->indicator)->direction;
	const struct bench *b = judge_bench(j, s->period);
	bool denoms = false;
	size_t n = load_sum(j, s, t, &denoms);
	size_t skip = 0;
	struct det_window w;
	int rc;

	*out = nobody;
	*prudent = NAN;
	if (n == 0)
		return 0;
	while (skip + 1 < n && isnan(j->count[skip]))
		skip++;
	w = (struct det_window){ .count = j->count + skip,
				 .denom = denoms ? j->denom + skip : NULL,
				 .n = n - skip,
				 .first_t = 1,
				 .first_day = stream_day(
					 t - (int32_t)(n - skip) + 1, s->period),
				 .period = s->period == 7 ? DET_WEEK : DET_DAY };
	w.mark = judge_marks(j, REG_DAILY, w.first_day, s->period, w.n);
	rc = b->method->judge(b->p, &w, w.n - 1, b->scratch, out);
	if (rc != DET_OK) {
		log_error("judge: %s: %s", b->method->name, det_strerror(rc));
		return -1;
	}
	judge_turn(out, direction);
	*prudent = out->p;
	if (direction == REG_HIGH)
		*prudent = judge_prudent_p(w.count[w.n - 1], out, s->period);
	j->stats.verdicts++;
	return 0;
}

int
judge_sum_run(struct judge *j, uint32_t sum, int32_t from, int32_t to)
{
	if (judge_room(j, (size_t)(to - from) + 1) < 0)
		return -1;
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
