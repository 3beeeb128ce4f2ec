/* The store's series ids and the registry's indexes. */
#include "daemon/intake/series_ids.h"

#include <stdlib.h>
#include <string.h>

struct series_ids {
	uint32_t *index_of; /* by id; UINT32_MAX = none */
	bool *durable;	    /* by id */
	uint32_t ids_cap;
	uint32_t next;
	uint32_t *id_of; /* by index; 0 = none */
	uint32_t indexes_cap;
};

struct series_ids *
series_ids_new(void)
{
	struct series_ids *ids = calloc(1, sizeof(*ids));

	if (ids != NULL)
		ids->next = 1;
	return ids;
}

void
series_ids_free(struct series_ids **pids)
{
	struct series_ids *ids = *pids;

	*pids = NULL;
	if (ids == NULL)
		return;
	free(ids->index_of);
	free(ids->durable);
	free(ids->id_of);
	free(ids);
}

static uint32_t
grown(uint32_t cap, uint32_t wanted)
{
	uint32_t n = cap < 1024 ? 1024 : cap;

	while (n <= wanted && n < UINT32_MAX / 2)
		n *= 2;
	return n;
}

static int
reach_id(struct series_ids *ids, uint32_t id)
{
	uint32_t cap = grown(ids->ids_cap, id);
	uint32_t *index_of;
	bool *durable;

	if (id < ids->ids_cap)
		return 0;
	index_of = realloc(ids->index_of, cap * sizeof(*index_of));
	if (index_of == NULL)
		return -1;
	ids->index_of = index_of;
	durable = realloc(ids->durable, cap * sizeof(*durable));
	if (durable == NULL)
		return -1;
	ids->durable = durable;
	memset(index_of + ids->ids_cap, 0xff,
	       (cap - ids->ids_cap) * sizeof(*index_of));
	memset(durable + ids->ids_cap, 0,
	       (cap - ids->ids_cap) * sizeof(*durable));
	ids->ids_cap = cap;
	return 0;
}

static int
reach_index(struct series_ids *ids, uint32_t index)
{
	uint32_t cap = grown(ids->indexes_cap, index);
	uint32_t *id_of;

	if (index < ids->indexes_cap)
		return 0;
	id_of = realloc(ids->id_of, cap * sizeof(*id_of));
	if (id_of == NULL)
		return -1;
	memset(id_of + ids->indexes_cap, 0,
	       (cap - ids->indexes_cap) * sizeof(*id_of));
	ids->id_of = id_of;
	ids->indexes_cap = cap;
	return 0;
}

int
series_ids_put(struct series_ids *ids, uint32_t id, uint32_t index)
{
	if (reach_id(ids, id) < 0 || reach_index(ids, index) < 0)
		return -1;
	ids->index_of[id] = index;
	ids->durable[id] = true;
	ids->id_of[index] = id;
	if (id >= ids->next)
		ids->next = id + 1;
	return 0;
}

void
series_ids_skip(struct series_ids *ids, uint32_t id)
{
	if (id >= ids->next)
		ids->next = id + 1;
}

uint32_t
series_ids_of(struct series_ids *ids, uint32_t index)
{
	uint32_t id;

	if (index < ids->indexes_cap && ids->id_of[index] != 0)
		return ids->id_of[index];
	id = ids->next;
	if (series_ids_put(ids, id, index) < 0)
		return 0;
	ids->durable[id] = false;
	return id;
}

uint32_t
series_ids_index(const struct series_ids *ids, uint32_t id)
{
	return id < ids->ids_cap ? ids->index_of[id] : UINT32_MAX;
}

bool
series_ids_durable(const struct series_ids *ids, uint32_t id)
{
	return id < ids->ids_cap && ids->durable[id];
}

void
series_ids_set_durable(struct series_ids *ids, uint32_t id)
{
	if (id < ids->ids_cap)
		ids->durable[id] = true;
}
