#ifndef TOCSIN_INTAKE_SERIES_IDS_H
#define TOCSIN_INTAKE_SERIES_IDS_H

/*
 * The store numbers series for ever, the registry in the order in which they
 * came to memory.  This is the way between the two, and which series are
 * known to be durable: a frame that uses one that is not carries it along.
 */

#include <stdbool.h>
#include <stdint.h>

struct series_ids;

/* NULL when memory is short. */
struct series_ids *series_ids_new(void);
void series_ids_free(struct series_ids **ids);

/* At start: the stored series id is the registry's index.  0 or -1. */
int series_ids_put(struct series_ids *ids, uint32_t id, uint32_t index)
	__attribute__((warn_unused_result));

/* At start: the id is in use, but what it names is not known any more. */
void series_ids_skip(struct series_ids *ids, uint32_t id);

/*
 * The id of the registry's series, a new one where it has none (not durable
 * then).  0 when memory is short; ids begin with 1.
 */
uint32_t series_ids_of(struct series_ids *ids, uint32_t index);

/* The registry's index of an id, or UINT32_MAX. */
uint32_t series_ids_index(const struct series_ids *ids, uint32_t id);

bool series_ids_durable(const struct series_ids *ids, uint32_t id);
void series_ids_set_durable(struct series_ids *ids, uint32_t id);

#endif
