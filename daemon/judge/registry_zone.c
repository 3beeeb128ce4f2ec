/*
 * The time zones that sites name, each read once, see registry.h.
 */
#include "daemon/judge/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/judge/registry_rows.h"

static struct zone **
slot(const struct registry *r, uint32_t i)
{
	return (struct zone **)r->zone.at + i;
}

uint32_t
registry_zone(struct registry *r, const char *name, char *err, size_t cap)
{
	uint32_t i = names_find(&r->zone_names, name, strlen(name));
	struct zone *z;

	if (i != NAMES_NONE)
		return i;
	z = zone_open(name, err, cap);
	if (z == NULL)
		return REG_NONE;
	i = names_add(&r->zone_names, name, strlen(name));
	if (i == NAMES_NONE || registry_row(&r->zone, i, sizeof(z)) == NULL) {
		zone_free(&z);
		snprintf(err, cap, "no memory");
		return REG_NONE;
	}
	*slot(r, i) = z;
	return i;
}

void
registry_reread_zones(struct registry *r)
{
	char err[256];

	for (uint32_t i = 0; i < r->zone.n; i++) {
		struct zone *z = zone_open(r->zone_names.at[i], err, sizeof(err));

		if (z == NULL)
			continue;
		zone_free(slot(r, i));
		*slot(r, i) = z;
	}
}

void
registry_free_zones(struct registry *r)
{
	for (uint32_t i = 0; i < r->zone.n; i++)
		zone_free(slot(r, i));
	free(r->zone.at);
	names_fini(&r->zone_names);
}

const struct zone *
registry_zone_of(const struct registry *r, uint32_t site)
{
	uint32_t i = registry_site_at(r, site)->zone_index;

	return i == REG_NONE ? NULL : *slot(r, i);
}

int32_t
registry_today(const struct registry *r, uint32_t site, const struct zone_now *now)
{
	return zone_today(registry_zone_of(r, site), now);
}
