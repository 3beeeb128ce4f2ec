#ifndef TOCSIN_STORE_MARKS_H
#define TOCSIN_STORE_MARKS_H

/*
 * Marks of days with a known reason.  Append-only: one that does not hold any
 * more is withdrawn once, by somebody and at a time, and stays.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/db.h"

struct marks_row {
	int64_t number; /* given by marks_put() */
	const char *area, *site;
	const char *kinds, *indicators; /* codes, one blank between them */
	int32_t first, last;
	const char *why, *text, *alert, *actor;
	int64_t at_us;
	const char *withdrawn_by; /* "" = in force */
	int64_t withdrawn_us;	  /* 0 = in force */
};

/* Writer: *number gets the row. */
int marks_put(struct db *db, const struct marks_row *row, int64_t *number)
	__attribute__((warn_unused_result));

/* Writer: 1, 0 where there is none in force of that number, or -1. */
int marks_withdraw(struct db *db, int64_t number, const char *actor,
		   int64_t at_us) __attribute__((warn_unused_result));

/* Reader: in the order in which they were made; 0 or -1. */
typedef void marks_each(void *arg, const struct marks_row *row);
int marks_load(struct db *db, bool withdrawn_too, marks_each *each, void *arg)
	__attribute__((warn_unused_result));

#endif
