#ifndef TOCSIN_CONSOLE_WHY_H
#define TOCSIN_CONSOLE_WHY_H

/* What daemon/desk/account.h found, in words. */

#include <jansson.h>

#include "daemon/console/catalogue.h"
#include "daemon/judge/registry.h"

/*
 * A new array of lines about one trigger, as account_day() gives it: first
 * whether it rang, then why and why not.  NULL: no memory.
 */
json_t *why_words(const struct catalogue *c, enum catalogue_language lang,
		  const struct registry *r, const json_t *account);

#endif
