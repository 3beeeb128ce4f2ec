/*
 * Looks up what was compiled in.
 */
#include "daemon/console/assets.h"

#include <string.h>

const struct asset *
asset_find(const struct asset *table, const char *path)
{
	for (; table->path != NULL; table++) {
		if (strcmp(table->path, path) == 0)
			return table;
	}
	return NULL;
}
