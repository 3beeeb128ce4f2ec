#ifndef TOCSIN_DAEMON_MARKING_H
#define TOCSIN_DAEMON_MARKING_H

/*
 * Marks of people: written down first, then judged by.  See
 * daemon/judge/mark.h.
 */

#include "daemon/api/api.h"
#include "daemon/centre.h"

/* At start, once the registry is there: those in force.  0 or -1. */
int marking_restore(struct centre *c) __attribute__((warn_unused_result));

/*
 * From a JSON body: area or site, kinds and indicators (arrays), from, to, why
 * and text; with alert what is not given comes from the alert.  201 and
 * mark_view() with "series", how many it is about; or 422 with a reason.
 */
void marking_add(struct centre *c, const char *actor, const json_t *body,
		 api_done *done, void *done_arg);

/* 200 and {"number"}; 404 where none of that number is in force. */
void marking_withdraw(struct centre *c, const char *actor, int64_t number,
		      api_done *done, void *done_arg);

/*
 * A new array in the order in which they were made, of those that meet the
 * area (REG_NONE: all); NULL: they cannot be read.
 */
json_t *marking_list(struct centre *c, uint32_t area, bool withdrawn_too);

#endif
