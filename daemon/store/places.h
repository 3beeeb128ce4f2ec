#ifndef TOCSIN_STORE_PLACES_H
#define TOCSIN_STORE_PLACES_H

/* Areas and sites as they were imported; a value for each row. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"

struct places_area {
	const char *code, *parent, *name, *name_zh;
	int level;		     /* enum reg_level */
	double population, lat, lon; /* NaN = unknown */
};

struct places_site {
	const char *code, *kind, *area, *name, *phone, *gateway, *zone, *calendar;
	int period, expect; /* days; enum reg_expect */
	bool withdrawn;
};

/* Writer: adds it, or changes its other fields.  0 or -1. */
int places_put_area(struct db *db, const struct places_area *area)
	__attribute__((warn_unused_result));
int places_put_site(struct db *db, const struct places_site *site)
	__attribute__((warn_unused_result));

typedef void places_each_area(void *arg, const struct places_area *area);
typedef void places_each_site(void *arg, const struct places_site *site);

/* Reader: in the order in which they were added, so parents come first. */
int places_load_areas(struct db *db, places_each_area *each, void *arg)
	__attribute__((warn_unused_result));
int places_load_sites(struct db *db, places_each_site *each, void *arg)
	__attribute__((warn_unused_result));

/* Each time zone that sites name, with the first of these; of any schema. */
typedef void places_each_zone(void *arg, const char *zone, const char *site);
int places_load_zones(struct db *db, places_each_zone *each, void *arg)
	__attribute__((warn_unused_result));

#endif
