/*
 * See random_series.h.
 */
#include "tests/property/random_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

uint64_t
draw(struct rng *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return r->s;
}

size_t
below(struct rng *r, size_t n)
{
	return (size_t)(draw(r) % n);
}

double
unit(struct rng *r)
{
	return (double)(draw(r) >> 11) / 9007199254740992.0;
}

struct rng
rng_of(uint64_t seed, const char *name, uint64_t round)
{
	struct rng r = { seed * 2654435761u + round * 97 + 88172645463325252u };

	for (const char *c = name; *c != '\0'; c++)
		r.s = r.s * 31 + (unsigned char)*c;
	if (r.s == 0)
		r.s = 1;
	for (int i = 0; i < 20; i++)
		draw(&r);
	return r;
}

void *
array(size_t n, size_t size)
{
	void *p = malloc(n * size > 0 ? n * size : 1);

	assert_non_null(p);
	return p;
}

double
random_count(struct rng *r, int kind, size_t i)
{
	double weekly = 1 + 0.5 * (double)(i % 7 < 5);

	switch (kind) {
	case SPARSE:
		return unit(r) < 0.1 ? (double)below(r, 4) : 0;
	case HUGE_COUNTS:
		return floor(COUNT_MAX * (unit(r) < 0.1 ? 1 : unit(r)));
	case FLAT:
		return unit(r) < 0.02 ? 9 : 4;
	case ZERO:
		return 0;
	default:
		return floor(weekly * 12 * unit(r) + 8 * unit(r) * unit(r)) +
		       (unit(r) < 0.02 ? 30 : 0);
	}
}

struct series
random_series(struct rng *r, size_t n, double holes)
{
	int kind = (int)below(r, KINDS);
	struct series s = { .w = { .n = n, .first_t = 1 } };

	s.count = array(n, sizeof(*s.count));
	s.denom = below(r, 2) ? array(n, sizeof(*s.denom)) : NULL;
	s.mark = below(r, 2) ? array(n, sizeof(*s.mark)) : NULL;
	for (size_t i = 0; i < n; i++) {
		s.count[i] = unit(r) < holes ? NAN : random_count(r, kind, i);
		if (s.denom != NULL)
			s.denom[i] = unit(r) < holes
					     ? NAN
					     : s.count[i] * 2 + 1 + unit(r);
		if (s.denom != NULL && isnan(s.denom[i]))
			s.denom[i] = NAN;
		if (s.mark != NULL)
			s.mark[i] = unit(r) < 0.05 ? (uint8_t)below(r, 16) : 0;
	}
	s.w.count = s.count;
	s.w.denom = s.denom;
	s.w.mark = s.mark;
	s.w.period = below(r, 2) ? DET_DAY : DET_WEEK;
	s.w.dated = below(r, 2) == 0;
	s.w.first_day = s.w.dated ? (int32_t)below(r, 40000) - 20000 : 4;
	if (s.w.period == DET_WEEK)
		s.w.first_day = s.w.first_day / 7 * 7 + 4;
	return s;
}

void
drop_series(struct series *s)
{
	free(s->count);
	free(s->denom);
	free(s->mark);
}

void
random_params(struct rng *r, const struct det_method *m, double *p)
{
	det_params_default(m, p);
	for (size_t i = 0; m->param[i].name != NULL; i++) {
		const struct det_param *row = &m->param[i];
		double x = row->def;

		if (row->choices != NULL)
			x = (double)below(r, (size_t)row->max + 1);
		else if (below(r, 4) == 0)
			x = row->min;
		else if (below(r, 4) == 0)
			x = row->min + (row->def - row->min) * unit(r);
		else if (below(r, 4) == 0)
			x = fmin(row->max, row->def * (1 + unit(r)));
		p[i] = det_param_whole(row) ? floor(x) : x;
	}
}
