#ifndef TOCSIN_UNIT_DESK_WORLD_H
#define TOCSIN_UNIT_DESK_WORLD_H

/* A desk with one county, for its tests. */

#include <jansson.h>

#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/judge.h"

#define DAY0 18000

extern char world_err[256];

/* A county with three sites of three kinds, a trigger, and what was heard. */
struct world {
	struct registry *registry;
	struct judge *judge;
	struct trigger_set *set;
	struct desk *desk;
	uint32_t series[3];
	char heard[4096]; /* "opened opened grew ..." */
	json_t *last;	  /* alert after the last event */
	bool refuse;
};

/* With triggers of that text; world_drop() frees all. */
void world_make(struct world *w, const char *triggers);
void world_drop(struct world *w);
/* The count of the i-th site. */
void world_set(struct world *w, uint32_t i, int32_t day, double x);
/* Weighs the day DAY0 + d. */
void world_weigh(struct world *w, int32_t d);
/* A field of the last alert. */
const char *world_text(const struct world *w, const char *key);
/* A verb on the last alert; enum desk_refusal, with the reason in world_err. */
int world_act(struct world *w, enum desk_verb verb, const char *note,
	      const char *outcome);

#endif
