#ifndef TOCSIN_JUDGE_VOCABULARY_H
#define TOCSIN_JUDGE_VOCABULARY_H

/*
 * Kinds of source and indicators: the lists that tocsin ships, built into
 * the program, or an operator's own folder with kinds.csv and indicators.csv.
 */

#include "daemon/judge/registry.h"
#include "daemon/judge/table.h"

/*
 * Adds both lists.  dir "" = the shipped ones.  0, or -1 where a list could
 * not be used as a whole; everything bad is reported.
 */
int vocabulary_read(struct registry *r, const char *dir, table_report *report,
		    void *arg) __attribute__((warn_unused_result));

/*
 * Text that is read like a file: makes one in memory, writes its name into
 * path (cap bytes) and returns a descriptor to close afterwards, or -1.
 */
int vocabulary_memory_file(const void *text, size_t len, char *path, size_t cap)
	__attribute__((warn_unused_result));

/* The shipped calendars, as a file of the same sort. */
int vocabulary_shipped_calendars(char *path, size_t cap)
	__attribute__((warn_unused_result));

#endif
