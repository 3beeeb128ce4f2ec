#ifndef TOCSIN_DESK_CHART_H
#define TOCSIN_DESK_CHART_H

/*
 * The charts of an alert, frozen with its evidence: what the clearest series
 * had reported and what was expected of them when the alert last spoke.
 */

#include <jansson.h>

#include "daemon/judge/judge.h"
#include "daemon/judge/registry.h"

/*
 * A new array, one object a series: site (or null), area, kind, indicator,
 * stratum, period, from (the first day), and columns of equal length: count,
 * expected, upper, p (null = unknown) and level.
 */
json_t *chart_freeze(struct judge *judge, const struct registry *registry,
		     const json_t *evidence, int32_t today);

#endif
