#ifndef TOCSIN_DESK_MARK_VIEW_H
#define TOCSIN_DESK_MARK_VIEW_H

/* Marks as rows of the store and as JSON. */

#include <jansson.h>

#include "daemon/judge/mark.h"
#include "daemon/store/marks.h"

/* Room for the lists of codes of a row. */
struct mark_lists {
	char kinds[MARK_MAX_WORDS * REG_CODE_BYTES];
	char indicators[MARK_MAX_WORDS * REG_CODE_BYTES];
};

/* The row borrows from registry, mark and lists. */
void mark_view_row(const struct registry *r, const struct mark *m,
		   struct mark_lists *lists, struct marks_row *row);

/*
 * A new object: number, area (null: a site), site (null: an area), kinds,
 * indicators (empty: all), from, to, why, text, alert (or null), actor, at_ms;
 * withdrawn_by and withdrawn_ms where it is withdrawn.
 */
json_t *mark_view(const struct marks_row *row);

/* mark_view() of one in memory. */
json_t *mark_view_of(const struct registry *r, const struct mark *m);

/* A new array of those that meet the alert's place, kinds and days. */
json_t *mark_view_alert(const struct registry *r, const struct marks *marks,
			const json_t *alert);

#endif
