#ifndef TOCSIN_STORE_UNFOLDED_H
#define TOCSIN_STORE_UNFOLDED_H

/*
 * Counts that are acknowledged and not yet in the table `counts`: a frame's
 * rows as they passed the checks, kept in the transaction of the frame and
 * taken away in that which puts them in place.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/db.h"
#include "daemon/store/counts.h"

/* Writer: keeps the n rows of the ledger's frame that came at recv_s. */
int unfolded_put(struct db *db, int64_t ledger, int64_t recv_s,
		 const struct counts_row *row, size_t n)
	__attribute__((warn_unused_result));

/* Writer: those of the frames up to this one are in place. */
int unfolded_drop(struct db *db, int64_t ledger)
	__attribute__((warn_unused_result));

/* Writer, at start: puts in place what is left.  0 or -1. */
int unfolded_fold(struct db *db) __attribute__((warn_unused_result));

#endif
