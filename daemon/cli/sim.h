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
#define SIM_LATEST_DAYS 3 /* a report is received so late at most */

enum sim_syndrome {
	SIM_RESPIRATORY,
	SIM_ENTERIC,
	SIM_RASH, /* this and the following only with all_sources */
	SIM_NEUROLOGICAL,
	SIM_POISONING,
	SIM_ANIMAL,
	SIM_VECTOR,
	SIM_VACCINE,  /* reactions after vaccination */
	SIM_MEDICINE, /* reactions to medicines */
	SIM_OVERSEAS,
	SIM_HOSPITAL, /* infections caught in hospital */
	SIM_SYNDROMES,
	SIM_USUAL = SIM_RASH
};

struct sim_conf {
	uint64_t seed;
	int32_t first_day; /* days since 1970-01-01 */
	int days;
	int counties; /* 1..SIM_MAX_COUNTIES */
	double size;  /* multiplies all counts; 1 = some 22 sites a county */
	double noise; /* multiplies the variance above Poisson's; 1 */
	bool faults;  /* missing and late reports, new sites, promotions */
	/*
	 * Also what the other shipped triggers listen to: rash, nerves,
	 * poisoning, food, reactions, waste water, markets, animals, vectors,
	 * supply and places abroad, some 12 sites more a county.  None of it
	 * changes a count of the others.
	 */
	bool all_sources;
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
	int period;	/* 1 or 7 days */
	double share;	/* of the kind's cases in the county */
	double size;	/* multiplies the site's means */
	int32_t since;	/* first day it reports */
};

struct sim_count {
	const struct sim_site *site;
	const char *indicator;
	int32_t day, received; /* a week's day is its Monday */
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
 * 30..300 cases, 10..28 days, in 1..3 counties, touching two or more kinds;
 * with all_sources of any syndrome, those from SIM_RASH on in all their kinds.
 */
void sim_draw_outbreaks(const struct sim_conf *conf, int quiet,
			struct sim_outbreak *out, size_t n);

/*
 * The kinds that see such an outbreak at all, as in sim_outbreak.kinds: of
 * those that report always, and of all of them.
 */
uint32_t sim_kinds_of(enum sim_syndrome syndrome);
uint32_t sim_all_kinds_of(enum sim_syndrome syndrome);

/* Its word in labels and options; NULL after the last. */
const char *sim_syndrome_str(enum sim_syndrome syndrome);

/* Code of the i-th kind of source; NULL after the last. */
const char *sim_kind(size_t i);

#endif
