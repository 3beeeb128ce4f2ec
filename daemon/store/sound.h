#ifndef TOCSIN_STORE_SOUND_H
#define TOCSIN_STORE_SOUND_H

/*
 * Is what lies on the disk what was written?  Asked at every start, before
 * anything is read or changed.
 */

#include <stdint.h>

#include "base/db.h"

/*
 * Looks through the pages of the file, bytes long: through all of them up to
 * SOUND_WHOLE_BYTES (a second or two), beyond through those of all tables but
 * the four that grow with the counts, whose pages are looked at as they are
 * read.  0, or -1 when already logged, with how to mend it.
 */
#define SOUND_WHOLE_BYTES (INT64_C(256) << 20)
int sound_pages(struct db *db, const char *path, int64_t bytes)
	__attribute__((warn_unused_result));

/*
 * Compares frames of the ledger with their crc.  One whose counts are not in
 * place yet and that is damaged: -1, already logged.  Of the others the
 * newest 1000; damaged ones are logged and counted, no more: their counts
 * are in place, and what came is the one thing lost.
 */
int sound_frames(struct db *db, const char *path, uint64_t *damaged)
	__attribute__((warn_unused_result));

#endif
