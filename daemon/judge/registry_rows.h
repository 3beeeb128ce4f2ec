#ifndef TOCSIN_JUDGE_REGISTRY_ROWS_H
#define TOCSIN_JUDGE_REGISTRY_ROWS_H

/* The inside of struct registry, for registry.c and registry_look.c only. */

#include <stddef.h>

#include "daemon/judge/names.h"

/* A growing array of values of one size. */
struct rows {
	void *at;
	size_t n, cap;
};

struct registry {
	struct names class_names, kind_names, ind_names, area_names, site_names;
	struct names strata;
	struct rows kind, ind, area, site, series;
	const struct calendar *calendar;
};

#endif
