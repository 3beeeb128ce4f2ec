/* See store_folder.h. */
#include "tests/unit/store_folder.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/store.h"

void
store_folder_make(struct store_folder *s)
{
	strcpy(s->dir, "/tmp/tocsin-store-XXXXXX");
	if (mkdtemp(s->dir) == NULL)
		abort();
	snprintf(s->path, sizeof(s->path), "%s/t.db", s->dir);
	s->base = event_base_new();
	s->store = store_open(s->path, s->base);
	if (s->store == NULL)
		abort();
}

void
store_folder_drop(struct store_folder *s)
{
	const char *const suffix[] = { "", "-wal", "-shm" };
	char name[128];

	store_close(&s->store);
	event_base_free(s->base);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, suffix[i]);
		unlink(name);
	}
	rmdir(s->dir);
}
