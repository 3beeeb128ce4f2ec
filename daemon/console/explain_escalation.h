#ifndef TOCSIN_CONSOLE_EXPLAIN_ESCALATION_H
#define TOCSIN_CONSOLE_EXPLAIN_ESCALATION_H

/*
 * Plain words for a clock that was missed and told above, see
 * desk_escalate().
 */

#include <stddef.h>

#include <jansson.h>

#include "daemon/console/catalogue.h"

/*
 * One line of an event "escalated": "acknowledge: not done in time; Baisha was
 * told (city-desk)".  Into buf (cap bytes); returns buf.
 */
const char *explain_escalated(const struct catalogue *c,
			      enum catalogue_language lang, const json_t *event,
			      char *buf, size_t cap);

/*
 * Puts it before the title (cap bytes) and the lines of a notice whose body
 * holds "escalation"; without one nothing changes.
 */
void explain_escalation(const struct catalogue *c, enum catalogue_language lang,
			const json_t *body, char *title, size_t cap,
			json_t *lines);

#endif
