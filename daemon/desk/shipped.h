#ifndef TOCSIN_DESK_SHIPPED_H
#define TOCSIN_DESK_SHIPPED_H

/* The triggers of etc/triggers.d as they are built into the program. */

#include "daemon/desk/trigger.h"

#define SHIPPED_WHERE "built in" /* where they stand */

/* NULL when already reported. */
struct trigger_set *shipped_triggers(const struct registry *registry,
				     conf_report *report, void *arg);

/* Is there such a block, trigger "name" or deadlines "name", among them? */
bool shipped_has(const char *block, const char *name);

/*
 * The name of a shipped block nearest to a word, into out (cap bytes), for
 * "did you mean"; returns out, or NULL: none is near.
 */
const char *shipped_near(const char *block, const char *word, char *out,
			 size_t cap);

#endif
