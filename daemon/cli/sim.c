/*
 * The counts of the invented province: a mean for each stream and day, an
 * outbreak's extra, a negative binomial draw, and the faults of real reports.
 */
#include "daemon/cli/sim.h"

#include <math.h>
#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/sim_world.h"

#define CARRIED 0.85 /* of a county's deviation to its next day */
#define COUNTY_SD 0.035
#define PROVINCE_SD 0.02
#define ONSET_SHAPE 3.0

enum { MEMORY = 24 /* days until a carried deviation is nothing */ };

struct sim {
	struct sim_conf conf;
	struct sim_outbreak *outbreak;
	size_t outbreaks;
	struct sim_area *area;
	size_t areas;
	struct sim_site *site;
	size_t sites;
	size_t streams;
	int syndromes;
	double *deviation; /* of the day: [county][syndrome], log scale */
};

struct sim *
sim_new(const struct sim_conf *conf, const struct sim_outbreak *outbreak,
	size_t outbreaks)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	s->streams = conf->all_sources ? sim_all_stream_n() : sim_stream_n();
	s->syndromes = conf->all_sources ? SIM_SYNDROMES : SIM_USUAL;
	s->outbreak = calloc(outbreaks + 1, sizeof(*s->outbreak));
	s->deviation = calloc((size_t)conf->counties * SIM_SYNDROMES,
			      sizeof(*s->deviation));
	if (s->outbreak == NULL || s->deviation == NULL ||
	    sim_build(conf, &s->area, &s->areas, &s->site, &s->sites) < 0) {
		sim_free(&s);
		return NULL;
	}
	s->outbreaks = outbreaks;
	if (outbreaks > 0)
		memcpy(s->outbreak, outbreak, outbreaks * sizeof(*outbreak));
	return s;
}

void
sim_free(struct sim **ps)
{
	struct sim *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	free(s->outbreak);
	free(s->deviation);
	free(s->area);
	free(s->site);
	free(s);
}

size_t
sim_areas(const struct sim *s)
{
	return s->areas;
}

const struct sim_area *
sim_area(const struct sim *s, size_t i)
{
	return &s->area[i];
}

size_t
sim_sites(const struct sim *s)
{
	return s->sites;
}

const struct sim_site *
sim_site(const struct sim *s, size_t i)
{
	return &s->site[i];
}

/* An autoregressive deviation, summed up from its own innovations. */
static double
carried(uint64_t seed, uint64_t who, enum sim_syndrome syndrome, int32_t day)
{
	double sum = 0, weight = 1;

	for (int32_t k = 0; k < MEMORY; k++, weight *= CARRIED)
		sum += weight * sim_normal(seed, who,
					   (uint64_t)(day - k + 1000000),
					   (uint64_t)syndrome);
	return sum;
}

static void
set_deviations(struct sim *s, int32_t day)
{
	const struct sim_area *county =
		&s->area[s->areas - (size_t)s->conf.counties];

	for (int y = 0; y < s->syndromes; y++) {
		enum sim_syndrome syndrome = (enum sim_syndrome)y;
		double season = sim_season(s->conf.seed, syndrome, day);
		double all = season + PROVINCE_SD * carried(s->conf.seed, 10,
							    syndrome, day);

		for (int i = 0; i < s->conf.counties; i++) {
			double here = sim_season_at(syndrome, county[i].lat) - 1;

			s->deviation[i * SIM_SYNDROMES + y] =
				all + here * season +
				COUNTY_SD * carried(s->conf.seed,
						    1000 + (uint64_t)i,
						    syndrome, day);
		}
	}
}

/*
 * Share of a county's cases whose reports fall on that day: onsets follow a
 * gamma of shape 3 cut at the outbreak's length, reports lag behind.
 */
static double
curve(const struct sim_outbreak *o, int rank, double lag, int32_t day)
{
	double t = day - (o->first_day + 5 * rank + lag);
	double scale = o->days / 8.0;

	if (t < 0 || t > o->days)
		return 0;
	return pgamma(t + 1, ONSET_SHAPE, scale, 1, 0) -
	       pgamma(t, ONSET_SHAPE, scale, 1, 0);
}

/* The expected extra of an outbreak in a stream's period that ends that day. */
static double
extra(const struct sim *s, const struct sim_outbreak *o,
      const struct sim_site *site, const struct sim_stream *stream, int32_t day)
{
	int rank =
		(site->county - o->county + s->conf.counties) % s->conf.counties;
	double halves = 2 - pow(0.5, o->counties - 1), share = 0;

	if (o->syndrome != stream->syndrome || rank >= o->counties ||
	    (o->kinds & (1u << stream->kind)) == 0)
		return 0;
	for (int32_t d = day - site->period + 1; d <= day; d++)
		share += curve(o, rank, stream->lag, d);
	return o->cases * pow(0.5, rank) / halves * stream->detected *
	       site->share * share;
}

static uint64_t
key_of(const struct sim_site *site, const struct sim *s)
{
	return 100000 + (uint64_t)(site - s->site);
}

/* Log of what a promotion adds at a pharmacy; four days in some weeks. */
static double
promotion(const struct sim *s, const struct sim_site *site, int32_t day)
{
	uint64_t block = (uint64_t)(day + 1000000) / 21;
	double u = sim_uniform(s->conf.seed, key_of(site, s), block, 7);

	if (sim_kind_table[site->kind_index].week != SIM_SHOP || u > 0.08)
		return 0;
	return (day + 1000000) % 21 < 4 ? log(1.6) : 0;
}

/* Log of what a campaign in the county adds: ten days in some five weeks. */
static double
campaign(const struct sim *s, const struct sim_site *site, int32_t day)
{
	uint64_t block = (uint64_t)(day + 1000000) / 35;
	double u = sim_uniform(s->conf.seed, 950 + (uint64_t)site->county,
			       block, 11);

	return u < 1.0 / 12 && (day + 1000000) % 35 < 10 ? log(3) : 0;
}

/* Log of what people were offered for some days, which is no outbreak. */
static double
offered(const struct sim *s, const struct sim_site *site,
	const struct sim_stream *stream, int32_t day)
{
	if (!s->conf.faults)
		return 0;
	return stream->syndrome == SIM_VACCINE ? campaign(s, site, day)
					       : promotion(s, site, day);
}

static bool
is_missing(const struct sim *s, const struct sim_site *site, int32_t day)
{
	uint64_t key = key_of(site, s), month = (uint64_t)(day + 1000000) / 30;
	int in_month = (day + 1000000) % 30;
	double out = sim_uniform(s->conf.seed, key, month, 8);

	if (sim_uniform(s->conf.seed, key, (uint64_t)(day + 1000000), 9) < .02)
		return true;
	/* an outage of up to ten days in one month of thirty */
	return out < 1.0 / 30 && in_month < 3 + (int)(out * 30 * 7);
}

static int32_t
received(const struct sim *s, const struct sim_site *site, int32_t day)
{
	double u = sim_uniform(s->conf.seed, key_of(site, s),
			       (uint64_t)(day + 1000000), 10);

	return s->conf.faults && u < 0.08
		       ? day + 1 + (int32_t)(u / 0.08 * SIM_LATEST_DAYS)
		       : day;
}

static uint32_t
draw(const struct sim *s, const struct sim_site *site, size_t stream,
     double mean, int32_t day)
{
	const struct sim_stream *row = &sim_stream_table[stream];
	double u = sim_uniform(s->conf.seed, key_of(site, s),
			       (uint64_t)(day + 1000000), 100 + stream);
	double x;

	if (row->scatter > 0)
		x = round(mean * exp(row->scatter * sqrt(s->conf.noise) *
				     qnorm(u, 0, 1, 1, 0)));
	else if (s->conf.noise > 0)
		x = qnbinom_mu(u, row->size / s->conf.noise, mean, 1, 0);
	else
		x = qpois(u, mean, 1, 0);
	return x > 2147483647.0 ? 2147483647u : (uint32_t)x;
}

static struct sim_count
count_of(struct sim *s, const struct sim_site *site, size_t stream, int32_t day)
{
	const struct sim_stream *row = &sim_stream_table[stream];
	double deviation =
		s->deviation[site->county * SIM_SYNDROMES + (int)row->syndrome];
	double volume = site->size *
			exp(sim_week_factor(sim_kind_table[row->kind].week, day));
	double promoted = offered(s, site, row, day);
	double ill = 0;
	struct sim_count c = { .site = site, .indicator = row->indicator };

	for (size_t i = 0; i < s->outbreaks; i++)
		ill += extra(s, &s->outbreak[i], site, row, day);
	c.day = day - site->period + 1;
	c.received = received(s, site, day);
	c.value = draw(
		s, site, stream,
		fmax(0, volume * row->mean *
					exp(row->season * deviation + promoted) +
				ill),
		day);
	if (row->denominator <= 0)
		return c;
	c.denominator = (uint32_t)lround(
		row->denominator * volume * exp(promoted / 2) + c.value);
	if (sim_kind_table[row->kind].week == SIM_SCHOOL)
		c.denominator = (uint32_t)lround(row->denominator * site->size) +
				c.value;
	return c;
}

int
sim_day(struct sim *s, int32_t day, sim_each *each, void *arg)
{
	set_deviations(s, day);
	for (size_t i = 0; i < s->sites; i++) {
		const struct sim_site *site = &s->site[i];
		const struct sim_kind *kind = &sim_kind_table[site->kind_index];

		if (day - site->period + 1 < site->since ||
		    !sim_open(kind->week, day))
			continue;
		if (s->conf.faults && is_missing(s, site, day))
			continue;
		for (size_t k = 0; k < s->streams; k++) {
			struct sim_count c;
			int rc;

			if (sim_stream_table[k].kind != site->kind_index)
				continue;
			c = count_of(s, site, k, day);
			rc = each(arg, &c);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static int
between(uint64_t seed, uint64_t i, uint64_t what, int from, int to)
{
	return from + (int)(sim_uniform(seed, 77, i, what) * (to - from + 1));
}

static uint32_t
draw_kinds(const struct sim_conf *c, uint64_t i, enum sim_syndrome syndrome)
{
	uint32_t all = c->all_sources ? sim_all_kinds_of(syndrome)
				      : sim_kinds_of(syndrome);
	uint32_t kinds = 0;

	if (syndrome >= SIM_USUAL)
		return all;
	for (size_t k = 0; k < sim_all_kind_n(); k++) {
		if (sim_uniform(c->seed, 78, i, k) < 0.6)
			kinds |= 1u << k;
	}
	/* always two kinds that see each syndrome */
	return (kinds & all) | (syndrome == SIM_RESPIRATORY ? 1u | 4u : 2u | 64u);
}

void
sim_draw_outbreaks(const struct sim_conf *c, int quiet,
		   struct sim_outbreak *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sim_outbreak *o = &out[i];
		int span = c->days - quiet - 30;

		o->syndrome = (enum sim_syndrome)between(
			c->seed, i, 1, 0,
			(c->all_sources ? SIM_SYNDROMES : SIM_USUAL) - 1);
		o->county = between(c->seed, i, 2, 0, c->counties - 1);
		o->counties = between(c->seed, i, 3, 1,
				      c->counties < 3 ? c->counties : 3);
		o->first_day = c->first_day + quiet +
			       between(c->seed, i, 4, 0, span > 0 ? span : 0);
		o->days = between(c->seed, i, 5, 10, 28);
		o->cases = 30 * pow(10, sim_uniform(c->seed, 77, i, 6));
		o->kinds = draw_kinds(c, i, o->syndrome);
	}
}

const char *
sim_kind(size_t i)
{
	return i < sim_all_kind_n() ? sim_kind_table[i].kind : NULL;
}
