#ifndef TOCSIN_TRIGGER_WORLD_H
#define TOCSIN_TRIGGER_WORLD_H

/*
 * What the trigger bench plays: stretches of the invented province with
 * outbreaks in its counties, or none, weighed day by day by one trigger, by
 * the same trigger listening to one kind of source alone, and by a vote of
 * two kinds.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/cli/sim.h"
#include "daemon/desk/trigger.h"

#define WORLD_MAX_KINDS 16
#define WORLD_SIZES 4

/* Who weighs: the trigger, a vote of two kinds, then each kind alone. */
enum { WORLD_FUSED, WORLD_VOTE, WORLD_KINDS };

/* Cases in the county; the outbreaks last WORLD_DAYS days. */
extern const double world_size[WORLD_SIZES];
#define WORLD_DAYS 21

struct world_outbreak {
	size_t at;    /* index of its first day in the scores of a variant */
	size_t size;  /* index of world_size */
	size_t kinds; /* how many it touches */
	size_t only;  /* that one, if it touches one: its variant */
};

/* score[variant][county-stretch * days + day], -log10 p; NaN: not weighed. */
struct world {
	double *score[WORLD_KINDS + WORLD_MAX_KINDS];
	const char *kind[WORLD_MAX_KINDS];
	size_t kinds, rows, days;
	struct world_outbreak *outbreak;
	size_t outbreaks;
};

struct world_conf {
	const char *etc;
	const struct trigger *trigger; /* statistical, looks at counties */
	struct trigger_set *set;       /* it is in */
	enum sim_syndrome syndrome;
	struct sim_conf sim;
	bool ill; /* with outbreaks */
};

/* Plays one stretch and adds it to w; 0, or -1 (said on standard error). */
int world_add(struct world *w, const struct world_conf *conf)
	__attribute__((warn_unused_result));
void world_free(struct world *w);

#endif
