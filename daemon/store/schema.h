#ifndef TOCSIN_STORE_SCHEMA_H
#define TOCSIN_STORE_SCHEMA_H

/*
 * The tables, as numbered steps.  A step that was ever released is never
 * changed; a change is a new step.  The number of the last step done is
 * SQLite's user_version.
 */

#include "base/db.h"

/* Steps this program knows. */
int schema_version(void);

/*
 * Brings the file up to schema_version(), each step in a transaction of its
 * own.  A file of a newer program is refused, not touched.  0, or -1 when
 * already logged.
 */
int schema_migrate(struct db *db) __attribute__((warn_unused_result));

#endif
