/*
 * The places of the invented province and its sites.  Names are put together
 * from syllables; the code 99 belongs to no real province.
 */
#include "daemon/cli/sim_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steele, Lea and Flood 2014: the finaliser of SplitMix64. */
static uint64_t
mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

double
sim_uniform(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t z = mix(mix(mix(mix(seed) ^ a) ^ b) ^ c);

	return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

double
sim_normal(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	double u = sim_uniform(seed, a, b, 2 * c);
	double v = sim_uniform(seed, a, b, 2 * c + 1);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static void
place_name(size_t i, struct sim_area *a)
{
	static const char *const first[] = { "Bai", "Qing", "Long", "Yun",
					     "Lan", "He",   "Jin",  "Song",
					     "Hua", "Shi" };
	static const char *const first_zh[] = { "白", "青", "龙", "云", "兰",
						"荷", "锦", "松", "花", "石" };
	static const char *const last[] = { "tanwan",  "yuanpu", "lingxi",
					    "quanze",  "hezhou", "shanyu",
					    "fengqiao" };
	static const char *const last_zh[] = { "滩湾", "原浦", "岭溪", "泉泽",
					       "河洲", "山屿", "枫桥" };
	size_t f = i % 10, l = (i / 10 + i) % 7, round = i / 70;

	snprintf(a->name, sizeof(a->name), "%s%s", first[f], last[l]);
	snprintf(a->name_zh, sizeof(a->name_zh), "%s%s", first_zh[f], last_zh[l]);
	if (round > 0) {
		size_t n = strlen(a->name), z = strlen(a->name_zh);

		snprintf(a->name + n, sizeof(a->name) - n, " %zu", round + 1);
		snprintf(a->name_zh + z, sizeof(a->name_zh) - z, "%zu",
			 round + 1);
	}
}

static void
fill_county(const struct sim_conf *c, size_t i, struct sim_area *a)
{
	snprintf(a->code, sizeof(a->code), "99%03zu%02zu",
		 i / SIM_COUNTIES_A_CITY + 1, i % SIM_COUNTIES_A_CITY + 1);
	snprintf(a->parent, sizeof(a->parent), "99%03zu00",
		 i / SIM_COUNTIES_A_CITY + 1);
	a->level = "county";
	place_name(i, a);
	a->population = 1e4 * round(30 + 50 * sim_uniform(c->seed, 900, i, 0));
	a->lat = 30 + 0.25 * (double)(i / SIM_COUNTIES_A_CITY) +
		 0.2 * (double)(i % 3);
	a->lon = 100 + 0.25 * (double)(i % SIM_COUNTIES_A_CITY);
}

static void
fill_city(const struct sim_conf *c, size_t i, struct sim_area *a)
{
	size_t first = i * SIM_COUNTIES_A_CITY;
	struct sim_area county = { 0 };

	snprintf(a->code, sizeof(a->code), "99%03zu00", i + 1);
	snprintf(a->parent, sizeof(a->parent), "9900000");
	a->level = "city";
	place_name(i + 31, a);
	for (size_t k = 0; k < SIM_COUNTIES_A_CITY; k++) {
		if (first + k >= (size_t)c->counties)
			break;
		fill_county(c, first + k, &county);
		a->population += county.population;
	}
	a->lat = 30.2 + 0.25 * (double)i;
	a->lon = 101;
}

static void
fill_areas(const struct sim_conf *c, struct sim_area *area, size_t cities)
{
	struct sim_area *province = &area[0];

	snprintf(province->code, sizeof(province->code), "9900000");
	province->level = "province";
	snprintf(province->name, sizeof(province->name), "Wuyou");
	snprintf(province->name_zh, sizeof(province->name_zh), "乌有");
	province->lat = 31;
	province->lon = 101;
	for (size_t i = 0; i < cities; i++) {
		fill_city(c, i, &area[1 + i]);
		province->population += area[1 + i].population;
	}
	for (size_t i = 0; i < (size_t)c->counties; i++)
		fill_county(c, i, &area[1 + cities + i]);
}

static int
sites_of(const struct sim_kind *kind, int county)
{
	return kind->every == 0 || county % kind->every == 0 ? kind->a_county : 0;
}

static void
fill_site(const struct sim_conf *c, const struct sim_area *area, int kind,
	  int number, struct sim_site *s)
{
	const struct sim_kind *k = &sim_kind_table[kind];
	uint64_t key = (uint64_t)s->county * 64 + (uint64_t)kind;
	double u = sim_uniform(c->seed, 901, key, (uint64_t)number);

	s->kind = k->kind;
	s->kind_index = kind;
	s->reports_on = k->reports_on;
	s->period = k->week == SIM_WEEKLY ? 7 : 1;
	s->share = 1.0 / k->a_county;
	s->size = c->size *
		  exp(0.35 * sim_normal(c->seed, 902, key, (uint64_t)number));
	s->since = c->first_day;
	if (c->faults && u < 0.04)
		s->since += (int32_t)(u / 0.04 * c->days / 2);
	snprintf(s->area, sizeof(s->area), "%s", area->code);
	snprintf(s->gateway, sizeof(s->gateway), "gw-%.20s", area->code);
	snprintf(s->code, sizeof(s->code), "%.14s-%.7s-%d", k->kind, area->code,
		 number + 1);
	snprintf(s->name, sizeof(s->name), "%.20s %s %d", area->name, k->name,
		 number + 1);
}

/*
 * Sites of the kinds from..to-1, county by county, into site; returns their
 * number.  site NULL: counts only.
 */
static size_t
fill_sites(const struct sim_conf *c, const struct sim_area *county, int from,
	   int to, struct sim_site *site)
{
	size_t n = 0;

	for (int i = 0; i < c->counties; i++) {
		for (int k = from; k < to; k++) {
			int here = sites_of(&sim_kind_table[k], i);

			for (int j = 0; j < here && site != NULL; j++) {
				site[n + (size_t)j].county = i;
				fill_site(c, &county[i], k, j,
					  &site[n + (size_t)j]);
			}
			n += (size_t)here;
		}
	}
	return n;
}

int
sim_build(const struct sim_conf *c, struct sim_area **area, size_t *areas,
	  struct sim_site **site, size_t *sites)
{
	size_t cities = ((size_t)c->counties + SIM_COUNTIES_A_CITY - 1) /
			SIM_COUNTIES_A_CITY;
	int usual = (int)sim_kind_n();
	int all = c->all_sources ? (int)sim_all_kind_n() : usual;
	size_t first = fill_sites(c, NULL, 0, usual, NULL);
	const struct sim_area *county;

	*areas = 1 + cities + (size_t)c->counties;
	*sites = first + fill_sites(c, NULL, usual, all, NULL);
	*area = calloc(*areas, sizeof(**area));
	*site = calloc(*sites, sizeof(**site));
	if (*area == NULL || *site == NULL)
		return -1;
	fill_areas(c, *area, cities);
	county = &(*area)[1 + cities];
	/* The usual sites come first: a site's draws depend on its number. */
	fill_sites(c, county, 0, usual, *site);
	fill_sites(c, county, usual, all, *site + first);
	return 0;
}
