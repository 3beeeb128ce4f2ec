#ifndef TOCSIN_CLI_SIM_WORLD_H
#define TOCSIN_CLI_SIM_WORLD_H

/* The parts of the invented province that sim.c is made of. */

#include "daemon/cli/sim.h"

/* Whose weekly rhythm a kind follows. */
enum sim_week {
	SIM_CLINIC,
	SIM_WORK,
	SIM_SCHOOL,
	SIM_SHOP,
	SIM_EVEN,
	SIM_DOSES,  /* vaccination: little at weekends */
	SIM_TRAVEL, /* holidays bring travellers */
	SIM_WEEKLY  /* one report a week, on its Sunday */
};

struct sim_kind {
	const char *kind, *reports_on;
	const char *name, *name_zh;
	int a_county; /* sites in each county */
	int every;    /* or one in every so many counties; 0 = each */
	enum sim_week week;
};

/* One indicator of one kind.  Means and sizes of a weekly kind are a week's. */
struct sim_stream {
	int kind; /* row of the table of kinds */
	const char *indicator;
	enum sim_syndrome syndrome;
	double mean;	    /* a period and site */
	double denominator; /* mean of it; 0 = none */
	double size;	    /* of the negative binomial: var = mu + mu^2/size */
	double season;	    /* how much of the season it shows, 0..1 */
	double detected;    /* share of an outbreak's cases it counts */
	double lag;	    /* days from onset to report, mean */
	double scatter;	    /* > 0: a reading, log-normal with this log sd */
};

extern const struct sim_kind sim_kind_table[];
extern const struct sim_stream sim_stream_table[];
/* The first of them report always, all of them with all_sources. */
size_t sim_kind_n(void);
size_t sim_all_kind_n(void);
size_t sim_stream_n(void);
size_t sim_all_stream_n(void);

/* Uniform in (0,1), standard normal: from the seed and three coordinates. */
double sim_uniform(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
double sim_normal(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);

/* Log of the season's factor on that day; differs from year to year. */
double sim_season(uint64_t seed, enum sim_syndrome syndrome, int32_t day);
/* What that log is multiplied by at a latitude; 1 where it does not matter. */
double sim_season_at(enum sim_syndrome syndrome, double lat);
/* Log of the weekday's and the holiday's factor for a kind's rhythm. */
double sim_week_factor(enum sim_week week, int32_t day);
/* Does a site of that rhythm report on that day? */
bool sim_open(enum sim_week week, int32_t day);

/* Fills area and site tables; 0, or -1 out of memory. */
int sim_build(const struct sim_conf *conf, struct sim_area **area,
	      size_t *areas, struct sim_site **site, size_t *sites);

#endif
