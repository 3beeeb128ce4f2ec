#ifndef TOCSIN_API_VIEW_H
#define TOCSIN_API_VIEW_H

/*
 * What is known and judged as JSON.  Pure: registry, judge and alert in, a
 * new object out; NULL when memory is short.  An unknown number is null.
 */

#include <jansson.h>

#include "daemon/judge/judge.h"
#include "daemon/judge/quality.h"
#include "daemon/judge/registry.h"

#define VIEW_RECENT 14 /* periods of a site's row that show who reported */

json_t *view_number(double value); /* NaN = null */
json_t *view_day(int32_t day);	   /* DAY_NONE = null */

json_t *view_kind(const struct registry *r, uint32_t i);
json_t *view_indicator(const struct registry *r, uint32_t i);
json_t *view_area(const struct registry *r, uint32_t i);
/*
 * With "today", the day at the site; "recent": for each of the last
 * VIEW_RECENT periods up to it how many of the site's series reported, oldest
 * first, and "last_day"; and how it reports, as view_quality() says it.
 */
json_t *view_site(const struct registry *r, struct judge *j,
		  const struct quality *q, uint32_t i,
		  const struct zone_now *now);
json_t *view_series(const struct registry *r, uint32_t i);
/* Adds "state", "missing" and "missing_since". */
void view_quality(json_t *out, const struct quality_view *v);
/* Cell and verdict of one period. */
json_t *view_point(const struct registry *r, const struct judge_point *p);

/* The text of a key; "" where there is none. */
const char *view_text(const json_t *object, const char *key);

/* "Linhai / Qinghe", from below the root to the area, in either language. */
json_t *view_area_path(const struct registry *r, uint32_t area, bool zh);

/* The alert without its evidence, with names; for a list. */
json_t *view_alert_row(const struct registry *r, const json_t *alert);
/* Events of an alert without their evidence; events is taken. */
json_t *view_events(json_t *events);
/* The whole alert with the names of every code in it. */
json_t *view_alert(const struct registry *r, const json_t *alert);

#endif
