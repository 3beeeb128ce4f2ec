#ifndef TOCSIN_CONSOLE_EXPLAIN_H
#define TOCSIN_CONSOLE_EXPLAIN_H

/*
 * An alert in five lines of plain words, without a number but the cases and the
 * norm of a rule of the law: what rang, who agrees, what is clearest, how
 * complete the data are, what to do next.  The
 * page, the command line and the notices all show these.
 */

#include <jansson.h>

#include "daemon/console/catalogue.h"
#include "daemon/judge/registry.h"

/*
 * An alert of the operators' route is explained in five lines of its own, see
 * explain_operator.h.
 */

/* A new array of five strings; NULL when memory is short. */
json_t *explain_alert(const struct catalogue *c, enum catalogue_language lang,
		      const struct registry *r, const json_t *alert);

/*
 * Appends what a rule of the law stands on to lines; nothing for an alert
 * without a basis.  It has numbers, so the five lines do without it.
 */
void explain_basis(const struct catalogue *c, enum catalogue_language lang,
		   const json_t *alert, json_t *lines);

/*
 * One line: "Blue signal, Qinghe county: respiratory".  Into buf (cap bytes);
 * returns buf.
 */
const char *explain_title(const struct catalogue *c,
			  enum catalogue_language lang, const struct registry *r,
			  const json_t *alert, char *buf, size_t cap);

/* "about twice what is usual", from what came and what was expected. */
const char *explain_ratio(const struct catalogue *c, enum catalogue_language lang,
			  double observed, double expected);

#endif
