#ifndef TOCSIN_DESK_TRIGGER_VIEW_H
#define TOCSIN_DESK_TRIGGER_VIEW_H

/*
 * Triggers as the interface and "tocsin trigger list" show them: what they
 * listen to, where, with which budget and its shares, and which file says so.
 */

#include <jansson.h>

#include "daemon/desk/trigger.h"

/* A new array of them all, in their order; NULL: no memory. */
json_t *trigger_view_all(const struct trigger_set *set,
			 const struct registry *registry);

#endif
