/*
 * Which sums there are of an area by kind and indicator, up the tree, who is
 * in them and which have to be judged again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"

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

	judge_lent_forget(s, t);
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
	const struct reg_series *row;
	const struct reg_site *site;
	struct sum like;
	uint32_t whole;

	if (j->sum_of[series] != REG_NONE)
		return 0;
	row = registry_series_at(j->registry, series);
	site = registry_site_at(j->registry, row->site);
	like = (struct sum){ .kind = site->kind,
			     .indicator = row->indicator,
			     .period = site->period,
			     .up = REG_NONE,
			     .first = STREAM_NONE,
			     .last = STREAM_NONE,
			     .dirty_from = STREAM_NONE };
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
