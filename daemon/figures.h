#ifndef TOCSIN_DAEMON_FIGURES_H
#define TOCSIN_DAEMON_FIGURES_H

/* The centre's numbers, for "tocsin status" and for /metrics. */

#include <jansson.h>

#include "daemon/centre.h"

struct metrics;

/* Adds the members "store", "intake", "scales", "reload", "door" and the like to out. */
void figures_status(const struct centre *c, json_t *out);

/*
 * How the configuration was last read: read_at_ms of what is in force, and
 * after a failure failed_at_ms and failed, the first error.
 */
json_t *figures_reload(const struct centre *c);

/* Appends to a page of Prometheus's text format. */
void figures_metrics(const struct centre *c, struct metrics *m);

#endif
