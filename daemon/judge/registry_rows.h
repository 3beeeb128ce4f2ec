#ifndef TOCSIN_JUDGE_REGISTRY_ROWS_H
#define TOCSIN_JUDGE_REGISTRY_ROWS_H

/* The inside of struct registry, for registry*.c only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/judge/names.h"

struct registry;

/* A growing array of values of one size. */
struct rows {
	void *at;
	size_t n, cap;
};

/* Room for row i, which may be the next one; new rows are zero.  NULL: no
   memory. */
void *registry_row(struct rows *r, uint32_t i, size_t size);

/* Frees the zones and their names. */
void registry_free_zones(struct registry *r);

struct registry {
	struct names class_names, kind_names, ind_names, area_names, site_names;
	struct names strata, zone_names;
	struct rows kind, ind, area, site, series;
	struct rows zone; /* struct zone *, owned */
	const struct calendar *calendar;
	const struct calendars *calendars; /* that sites may name */
	bool days_changed;
};

#endif
