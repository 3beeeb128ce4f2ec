#ifndef TOCSIN_API_METRICS_H
#define TOCSIN_API_METRICS_H

/*
 * Writes figures in the text format 0.0.4 of Prometheus.  Names are given
 * without the prefix "tocsin_"; all values of one name in one go.
 */

#include <stddef.h>
#include <stdint.h>

struct metrics;

/* Appends to a buffer of its own; NULL when memory is short. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics **m);

/* HELP and TYPE of the values that follow; a _total is a counter. */
void metrics_name(struct metrics *m, const char *name, const char *help);

/*
 * One value.  label NULL = none; the label's value is escaped.  NaN is
 * written as "NaN".
 */
void metrics_value(struct metrics *m, const char *label,
		   const char *label_value, double value);

/* metrics_name() and one value without a label. */
void metrics_one(struct metrics *m, const char *name, const char *help,
		 double value);

/* The text so far, borrowed; "" when memory ran out on the way. */
const char *metrics_text(const struct metrics *m, size_t *len);

#endif
