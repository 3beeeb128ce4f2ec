#ifndef TOCSIN_CLI_HISTORY_H
#define TOCSIN_CLI_HISTORY_H

/*
 * A data set in memory: what is known and every count in the order in which
 * it was received.  From a folder of CSV files or from the simulator; a
 * back-test and a calibration play it to judge and desk.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/judge/registry.h"
#include "daemon/judge/table.h"

/* One count that changed what was known when it was received. */
struct history_count {
	int32_t received, day;
	uint32_t series;
	uint32_t revision;
	double value;	    /* NaN = withdrawn */
	double denominator; /* NaN = none */
};

struct history {
	struct registry *registry;
	struct calendars *calendars; /* that sites may name */
	struct history_count *count;
	size_t n, cap;
	int32_t first_received, last_received; /* DAY_NONE without counts */
};

/*
 * Reads kinds.csv, indicators.csv and, for sites that name one, the calendars
 * from etc_dir, then areas.csv, sites.csv and counts.csv from dir.  Returns the number of bad rows (all reported), or
 * -1 where a file cannot be read; h is to be freed in any case.
 */
int history_read(struct history *h, const char *etc_dir, const char *dir,
		 table_report *report, void *arg)
	__attribute__((warn_unused_result));
void history_free(struct history *h);

/* Kinds and indicators only, for a data set that is filled by hand. */
int history_vocabulary(struct history *h, const char *etc_dir,
		       table_report *report, void *arg)
	__attribute__((warn_unused_result));
/* Adds one count; 0, or -1 without memory. */
int history_put(struct history *h, const struct history_count *c)
	__attribute__((warn_unused_result));
/*
 * Puts counts into the order of receipt and drops those that a count of a
 * larger revision had overtaken: the larger revision wins, at the same
 * revision the larger value, in whatever order they came.
 */
void history_settle(struct history *h);

/*
 * The folder with kinds.csv, indicators.csv and triggers.d: TOCSIN_ETC, the
 * etc/ of the build tree the program lies in, or the installed one; NULL
 * (said) where there is none.
 */
const char *history_etc(char *buf, size_t cap);

/* Say on standard error what is wrong with a row, and with a file of blocks. */
void history_say(void *arg, bool error, const char *message);
void history_say_conf(void *arg, const char *message);

#endif
