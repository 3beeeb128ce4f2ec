#ifndef TOCSIN_DESK_ADVISE_H
#define TOCSIN_DESK_ADVISE_H

/*
 * What people found behind a trigger's alerts, and what that says of its
 * budget: how many of the alerts with and without an outbreak would still have
 * rung with a smaller one.  It advises and changes nothing.
 */

#include <jansson.h>

#include "daemon/desk/desk.h"

/* Fewer closed alerts than this and nothing is advised. */
#define ADVISE_LEAST 10

struct advise_ask {
	const char *trigger; /* NULL: all */
	uint32_t area;	     /* this one and below; REG_NONE: everywhere */
	int32_t from, to;    /* days of opening */
};

/*
 * A new array, one object a trigger of the desk, in the order of their files;
 * of those not named only the ones with a finding.  A finding is an alert that
 * opened by itself in these days and was closed or discarded with an outcome
 * other than duplicate, and whose rarity is kept; outcome "outbreak" is one,
 * every other is none.
 *
 * trigger, title, title_zh, statutory, area (asked for, or null), file
 * ("file:line"; null: built in), budget (null: statutory), least
 * (ADVISE_LEAST), closed, outbreaks, share (of outbreaks; null: none closed),
 * low, high (its 95 % interval by Wilson), budgets: [{budget, outbreaks,
 * others}], as it is, half and a quarter, each with the alerts that would
 * still have rung, by the greatest rarity that each reached (statutory: none);
 * groups: the same figures where there are ADVISE_LEAST of them, each with
 * level, area (and area_name, area_name_zh) or quarter (1..4, by opening);
 * missed: ids of alerts of other triggers about the same indicators where
 * people found an outbreak and this one had no alert in or above or below the
 * area within ADVISE_NEAR days; advice: "norm", "too-few", "lower", "raise" or
 * "keep"; new_budget: the one that it names, else null.
 * NULL: no memory.
 */
json_t *advise_triggers(const struct desk *d, const struct registry *r,
			const struct judge *judge, const struct advise_ask *ask);

#define ADVISE_NEAR 14

#endif
