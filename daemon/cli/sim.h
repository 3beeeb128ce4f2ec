#ifndef TOCSIN_CLI_SIM_H
#define TOCSIN_CLI_SIM_H

/*
 * An invented province for demonstrations, calibration and benchmarks: areas,
 * sites of many kinds, realistic counts and labelled outbreaks that reach
 * several kinds of source with different lags.  Every number is drawn from
 * the seed and its own coordinates (site, indicator, day), so a day can be
 * asked for alone and in any order.  Nothing here is real.
 *
 * The null has what makes real counts hard: over-dispersion, weekday and
 * season with winters that differ from year to year, lunar and national
 * holidays with make-up workdays, school terms, promotions at pharmacies,
 * streams correlated within a county, missing and late reports, new sites.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_CODE_BYTES 36
#define SIM_NAME_BYTES 64
#define SIM_MAX_COUNTIES 3000
#define SIM_COUNTIES_A_CITY 10

enum sim_syndrome { SIM_RESPIRATORY, SIM_ENTERIC, SIM_SYNDROMES };

struct sim_conf {
	uint64_t seed;
	int32_t first_day; /* days since 1970-01-01 */
	int days;
	int counties; /* 1..SIM_MAX_COUNTIES */
	double size;  /* multiplies all counts; 1 = some 22 sites a county */
	double noise; /* multiplies the variance above Poisson's; 1 */
	bool faults;  /* missing and late reports, new sites, promotions */
};

/* cases are spread over counties, days and streams; see sim_stream. */
struct sim_outbreak {
	enum sim_syndrome syndrome;
	int county;	   /* where it begins, 0..counties-1 */
	int counties;	   /* how many it reaches, 1.. */
	int32_t first_day; /* onset of the first cases */
	int days;	   /* from the first onset to the last, per county */
	double cases;	   /* people ill, all counties together */
	uint32_t kinds;	   /* bit i: sim_kind(i) takes part */
};

struct sim_area {
	char code[SIM_CODE_BYTES], parent[SIM_CODE_BYTES];
	const char *level;
	char name[SIM_NAME_BYTES], name_zh[SIM_NAME_BYTES];
	double population, lat, lon;
};

struct sim_site {
	char code[SIM_CODE_BYTES], area[SIM_CODE_BYTES];
	char name[SIM_NAME_BYTES];
	const char *kind, *reports_on;
	char gateway[SIM_CODE_BYTES]; /* one a county */
	int county;
	int kind_index; /* of sim_kind() */
	double share;	/* of the kind's cases in the county */
	double size;	/* multiplies the site's means */
	int32_t since;	/* first day it reports */
};

struct sim_count {
	const struct sim_site *site;
	const char *indicator;
	int32_t day, received;
	uint32_t value;
	uint32_t denominator; /* 0 = none */
};

typedef int sim_each(void *arg, const struct sim_count *count);

struct sim;

/* Both are copied.  NULL: out of memory. */
struct sim *sim_new(const struct sim_conf *conf,
		    const struct sim_outbreak *outbreak, size_t outbreaks);
void sim_free(struct sim **s);

size_t sim_areas(const struct sim *s);
const struct sim_area *sim_area(const struct sim *s, size_t i);
size_t sim_sites(const struct sim *s);
const struct sim_site *sim_site(const struct sim *s, size_t i);

/*
 * Gives every count of that day, in order of sites.  Stops and returns what
 * each() returned when that is not 0.
 */
int sim_day(struct sim *s, int32_t day, sim_each *each, void *arg);

/*
 * Draws outbreaks at random: n of them after the first `quiet` days, of
 * 30..300 cases, 10..28 days, in 1..3 counties, touching two or more kinds.
 */
void sim_draw_outbreaks(const struct sim_conf *conf, int quiet,
			struct sim_outbreak *out, size_t n);

/* The kinds that see such an outbreak at all, as in sim_outbreak.kinds. */
uint32_t sim_kinds_of(enum sim_syndrome syndrome);

/* Code of the i-th kind of source; NULL after the last. */
const char *sim_kind(size_t i);

#endif
