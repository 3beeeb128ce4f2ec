/*
 * Days that sites declared complete, see judge.h.  One word of bits a site:
 * a mark older than the last by more than 63 periods is forgotten, for no
 * window of a trigger looks back so far.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/judge_rows.h"

#define MARKS 64

static int
room_for(struct judge *j, uint32_t site)
{
	size_t n = (size_t)site + 1;
	struct closed *all;

	if (site < j->closed_n)
		return 0;
	if (n < 2 * j->closed_n)
		n = 2 * j->closed_n;
	all = realloc(j->closed, n * sizeof(*all));
	if (all == NULL) {
		log_error("judge: no memory for the marks of %zu sites", n);
		return -1;
	}
	memset(all + j->closed_n, 0, (n - j->closed_n) * sizeof(*all));
	j->closed = all;
	j->closed_n = n;
	return 0;
}

static int32_t
period_of(const struct judge *j, uint32_t site, int32_t day)
{
	return stream_period(day, registry_site_at(j->registry, site)->period);
}

void
judge_close(struct judge *j, uint32_t site, int32_t day)
{
	struct closed *c;
	int64_t later;
	int32_t t;

	if (site >= registry_sites(j->registry) || room_for(j, site) < 0)
		return;
	c = &j->closed[site];
	t = period_of(j, site, day);
	if (c->marks == 0)
		c->last = t;
	later = (int64_t)t - c->last;
	if (later <= -MARKS)
		return;
	if (later > 0) {
		c->marks = later >= MARKS ? 0 : c->marks << later;
		c->last = t;
		later = 0;
	}
	c->marks |= UINT64_C(1) << -later;
}

bool
judge_closed(const struct judge *j, uint32_t site, int32_t day)
{
	int64_t before;

	if (site >= j->closed_n || j->closed[site].marks == 0)
		return false;
	before = (int64_t)j->closed[site].last - period_of(j, site, day);
	return before >= 0 && before < MARKS &&
	       (j->closed[site].marks >> before & 1) != 0;
}

int32_t
judge_closed_last(const struct judge *j, uint32_t site)
{
	if (site >= j->closed_n || j->closed[site].marks == 0)
		return DAY_NONE;
	return stream_day(j->closed[site].last,
			  registry_site_at(j->registry, site)->period);
}
