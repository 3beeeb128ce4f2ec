#ifndef TOCSIN_DESK_SCORE_H
#define TOCSIN_DESK_SCORE_H

/*
 * What became of each trigger's alerts: how often it rang against its budget,
 * how fast people answered, and how often they found an outbreak.
 */

#include <jansson.h>

#include "daemon/desk/desk.h"

/*
 * A new array over alerts that opened within from..to and are kept, one object
 * a trigger that rang or listens to anything somewhere, in the order of their
 * files, then those that are no more: trigger, title, title_zh, statutory,
 * budget (null of a rule of the law), areas (at its levels, where somebody
 * reports what it listens to; of rules that look at sites the areas of these),
 * opened, per_area_year (null without areas), colours (blue .. red: the
 * highest of each alert), parts (told as part of another), acknowledged,
 * in_time (of these, by their clock), median_minutes (from opening to
 * acknowledging, null: none), closed (discarded ones too), outcomes (word:
 * number) and confirmed (share of outbreaks among the closed ones that are no
 * duplicate; null: none).  Merged alerts are no openings of their own.
 * NULL: no memory.
 */
json_t *score_triggers(const struct desk *d, const struct registry *r,
		       const struct judge *judge, int32_t from, int32_t to);

#endif
