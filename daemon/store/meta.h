#ifndef TOCSIN_STORE_META_H
#define TOCSIN_STORE_META_H

/*
 * Small settings of the database.  Written on the store thread only, read
 * from either connection.
 */

#include <stdint.h>

#include "base/db.h"

/*
 * Known keys: "database_id"; "weighed_day" (last day weighed), "weighed_upto"
 * (ledger id up to which counts were weighed), "clock_day" (manual clock).
 */

/* The value, or otherwise where there is none; 0, or -1 already logged. */
int meta_get(struct db *db, const char *key, int64_t otherwise, int64_t *out)
	__attribute__((warn_unused_result));
int meta_set(struct db *db, const char *key, int64_t value)
	__attribute__((warn_unused_result));
/* The same where there is none yet. */
int meta_begin(struct db *db, const char *key, int64_t value)
	__attribute__((warn_unused_result));

/* Reads the database's id, or makes a random one. */
int meta_database_id(struct db *db, uint64_t *out)
	__attribute__((warn_unused_result));

#endif
