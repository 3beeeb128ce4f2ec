#ifndef TOCSIN_CONSOLE_EXPLAIN_OPERATOR_H
#define TOCSIN_CONSOLE_EXPLAIN_OPERATOR_H

/*
 * An operator's alert in plain words: what is wrong, what that means for the
 * figures, what to do, and who has it.
 */

#include <jansson.h>
#include <stdbool.h>

#include "daemon/console/catalogue.h"
#include "daemon/judge/registry.h"

/* Does the alert go the operator's route, and not the duty officers'? */
bool explain_is_operator(const json_t *alert);

/* As explain_alert() and explain_title(), for such an alert. */
json_t *explain_operator(const struct catalogue *c, enum catalogue_language lang,
			 const struct registry *r, const json_t *alert);
const char *explain_operator_title(const struct catalogue *c,
				   enum catalogue_language lang,
				   const struct registry *r,
				   const json_t *alert, char *buf, size_t cap);

#endif
