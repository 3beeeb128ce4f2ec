#ifndef TOCSIN_DESK_ACCOUNT_H
#define TOCSIN_DESK_ACCOUNT_H

/*
 * Why did it ring, and why not: what every trigger makes of an area on a day,
 * what each kind contributed, and what was missing for the next colour.
 */

#include <jansson.h>

#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/mark.h"

/* Borrowed; desk may be NULL: no alert is named. */
struct account_env {
	const struct registry *registry;
	struct judge *judge;
	struct trigger_set *triggers;
	const struct desk *desk;
	const struct marks *marks; /* the judge's; NULL: none */
};

/* Share of the expected reports below which no colour is no "no signal". */
#define ACCOUNT_LEAST_COVERAGE 0.5

/*
 * A new array, one object a trigger that looks at the area or at sites in it,
 * those that hear anything here (streams > 0) first:
 * trigger, title, title_zh, rule, statutory, colour ("none" ..), coverage, p,
 * recurrence_years, points, streams; least_coverage, and unknown (why no colour says nothing:
 * too-few-reports, no-report, not-judged; null); kinds (kind, p,
 * class_p (of all kinds of its class, as points are counted), streams,
 * reporting, borrowed (of them, judged against peers), learning, silent (have
 * reported before and not within the window), silent_sites (site, last_day),
 * paused (nothing is expected of them)); next (colour, lacks: rarity, points
 * or cases, years, p, points, cases; null at the highest); basis, basis_zh, cases (null without a report), limit and steps
 * of statutory rules, where it looks at sites those of the site with the most, and sites
 * (site, cases, colour), too_late (days, where the day would have rung and no
 * alert tells of it); of rules neighbours and scan group (areas or sites),
 * score and score_days; alert (id, state, signal, part_of, parent) that covers
 * the day; marks (see mark_view.h) of days in the windows.  The judge must be idle.  What came in since the day is counted
 * too.  NULL: no memory.
 */
json_t *account_day(const struct account_env *env, uint32_t area, int32_t day);

#endif
