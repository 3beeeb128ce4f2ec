#ifndef TOCSIN_CONSOLE_ADVICE_H
#define TOCSIN_CONSOLE_ADVICE_H

/* What daemon/desk/advise.h found, in words. */

#include <jansson.h>

#include "daemon/console/catalogue.h"

/*
 * A new array of lines about one trigger, as advise_triggers() gives it: what
 * people found, what follows for its budget, and how to do it.  NULL: no
 * memory.
 */
json_t *advice_words(const struct catalogue *c, enum catalogue_language lang,
		     const json_t *advice);

#endif
