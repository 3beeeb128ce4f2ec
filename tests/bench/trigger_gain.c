/*
 * What fusion gains: power and delay on outbreaks of the invented province,
 * against the best single kind and a vote of two kinds, all of them ringing
 * equally often by chance.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "daemon/cli/null.h"
#include "tests/bench/trigger_parts.h"
#include "tests/bench/trigger_world.h"

#define RATE 2.0 /* openings by chance an area and year */
#define DAYS_A_YEAR 365.25

/* In place of a variant: the kind that the outbreak is in, with all of the
   budget, and with an equal share of it. */
#define OWN SIZE_MAX
#define OWN_SHARE (SIZE_MAX - 1)

/* Null and outbreaks of one syndrome, and each variant's thresholds. */
struct match {
	struct world null, ill;
	double threshold[WORLD_KINDS + WORLD_MAX_KINDS];
	double share[WORLD_KINDS + WORLD_MAX_KINDS];
};

/* Over the outbreaks of a choice. */
struct result {
	size_t n, found;
	double median; /* days to the first ring, WORLD_DAYS where missed */
};

static double
find_threshold(const struct world *w, size_t variant, size_t quiet, double rate)
{
	double lo = 0.5, hi = 16;
	double years = (double)(w->rows * w->days) / DAYS_A_YEAR;

	for (int k = 0; k < 24; k++) {
		double mid = (lo + hi) / 2;
		size_t n = 0;

		for (size_t r = 0; r < w->rows; r++)
			n += calib_openings(w->score[variant] + r * w->days,
					    w->days, mid, quiet);
		if ((double)n > rate * years)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Does the variant ring on day d of the outbreak? */
static bool
rings(const struct match *m, const struct world_outbreak *o, size_t variant,
      size_t d)
{
	size_t v = variant == OWN || variant == OWN_SHARE ? o->only : variant;
	double at = variant == OWN_SHARE ? m->share[v] : m->threshold[v];

	return m->ill.score[v][o->at + d] >= at;
}

/* kinds: 1 = outbreaks of one kind, 2 = of more. */
static struct result
result_of(const struct match *m, size_t variant, size_t size, size_t kinds)
{
	struct result r = { 0 };
	double *delay = calloc(m->ill.outbreaks + 1, sizeof(*delay));

	for (size_t i = 0; delay != NULL && i < m->ill.outbreaks; i++) {
		const struct world_outbreak *o = &m->ill.outbreak[i];
		size_t d = 0;

		if ((size < WORLD_SIZES && o->size != size) ||
		    (o->kinds == 1) != (kinds == 1))
			continue;
		while (d < WORLD_DAYS && !rings(m, o, variant, d))
			d++;
		r.found += d < WORLD_DAYS;
		delay[r.n++] = (double)d;
	}
	if (delay != NULL && r.n > 0) {
		qsort(delay, r.n, sizeof(*delay), compare);
		r.median = (delay[(r.n - 1) / 2] + delay[r.n / 2]) / 2;
	}
	free(delay);
	return r;
}

static int
play(struct match *m, const struct world_conf *conf, uint64_t seed, int years,
     double noise)
{
	struct world_conf c = *conf;

	for (int y = 0; y < years; y++) {
		c.sim.seed = seed + (uint64_t)y;
		c.sim.noise = noise;
		c.sim.first_day = conf->sim.first_day + 365 * y;
		fprintf(stderr, "bench-trigger: seed %llu, null and ill ...\n",
			(unsigned long long)c.sim.seed);
		c.ill = false;
		if (world_add(&m->null, &c) < 0)
			return -1;
		c.ill = true;
		c.sim.seed += 500;
		if (world_add(&m->ill, &c) < 0)
			return -1;
	}
	for (size_t v = 0; v < WORLD_KINDS + m->null.kinds; v++) {
		size_t quiet = (size_t)c.trigger->quiet_days;

		m->threshold[v] = find_threshold(&m->null, v, quiet, RATE);
		m->share[v] = find_threshold(&m->null, v, quiet,
					     RATE / (double)m->null.kinds);
	}
	return 0;
}

/* The kind with the least median delay, then the most power, on training. */
static size_t
choose_single(const struct match *m)
{
	size_t best = WORLD_KINDS;
	struct result top = result_of(m, best, WORLD_SIZES, 2);

	for (size_t v = WORLD_KINDS + 1; v < WORLD_KINDS + m->null.kinds; v++) {
		struct result r = result_of(m, v, WORLD_SIZES, 2);

		if (r.median < top.median ||
		    (r.median == top.median && r.found > top.found)) {
			best = v;
			top = r;
		}
	}
	return best;
}

static double
power(const struct result *r)
{
	return r->n > 0 ? 100.0 * (double)r->found / (double)r->n : 0;
}

static void
print_many(const struct match *m, size_t single)
{
	puts("| cases | outbreaks | power %, fused | single | vote | median"
	     " delay, fused | single | vote | days gained over single | over"
	     " vote |\n"
	     "| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
	for (size_t s = 0; s <= WORLD_SIZES; s++) {
		struct result f = result_of(m, WORLD_FUSED, s, 2);
		struct result k = result_of(m, single, s, 2);
		struct result v = result_of(m, WORLD_VOTE, s, 2);

		if (s < WORLD_SIZES)
			printf("| %g |", world_size[s]);
		else
			printf("| all |");
		printf(" %zu | %.1f | %.1f | %.1f | %g | %g | %g | %g | %g |\n",
		       f.n, power(&f), power(&k), power(&v), f.median, k.median,
		       v.median, k.median - f.median, v.median - f.median);
	}
}

static void
print_one(const struct match *m, size_t single)
{
	puts("\n| cases | outbreaks of one kind | power %, fused | single |"
	     " vote | the kind's own | its share |\n"
	     "| --: | --: | --: | --: | --: | --: | --: |");
	for (size_t s = 0; s <= WORLD_SIZES; s++) {
		struct result f = result_of(m, WORLD_FUSED, s, 1);
		struct result k = result_of(m, single, s, 1);
		struct result v = result_of(m, WORLD_VOTE, s, 1);
		struct result o = result_of(m, OWN, s, 1);
		struct result p = result_of(m, OWN_SHARE, s, 1);

		if (s < WORLD_SIZES)
			printf("| %g |", world_size[s]);
		else
			printf("| all |");
		printf(" %zu | %.1f | %.1f | %.1f | %.1f | %.1f |\n", f.n,
		       power(&f), power(&k), power(&v), power(&o), power(&p));
	}
}

static void
free_match(struct match *m)
{
	world_free(&m->null);
	world_free(&m->ill);
}

static int
gain_of(const struct bench *b, const char *name, enum sim_syndrome syndrome)
{
	struct trigger_set *set = bench_load(b->etc, &name, 1);
	struct match *m = calloc(2, sizeof(*m));
	struct world_conf conf = { .etc = b->etc,
				   .set = set,
				   .syndrome = syndrome,
				   .sim = { .first_day =
						    day_from_civil(2014, 1, 1),
					    .days = NULL_WARM_DAYS + 366,
					    .counties = b->quick ? 20 : 40,
					    .size = 1,
					    .faults = true } };
	int rc = -1;

	if (set != NULL && m != NULL) {
		conf.trigger = &set->at[0];
		rc = play(&m[0], &conf, 7001, b->quick ? 1 : 2, 1);
		if (rc == 0)
			rc = play(&m[1], &conf, 8001, b->quick ? 2 : 4, 1.2);
	}
	if (rc == 0) {
		size_t single = choose_single(&m[0]);

		printf("\n### %s\n\nThe best single kind of the training runs "
		       "is `%s`.\n\n",
		       name, m[0].null.kind[single - WORLD_KINDS]);
		print_many(&m[1], single);
		print_one(&m[1], single);
	}
	for (int i = 0; i < 2 && m != NULL; i++)
		free_match(&m[i]);
	free(m);
	trigger_free(&set);
	return rc;
}

int
bench_gain(const struct bench *b)
{
	puts("\n## Fusion against one kind alone and against a vote");
	if (gain_of(b, "respiratory", SIM_RESPIRATORY) < 0)
		return -1;
	return gain_of(b, "enteric", SIM_ENTERIC);
}
