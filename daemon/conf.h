#ifndef TOCSIN_DAEMON_CONF_H
#define TOCSIN_DAEMON_CONF_H

/*
 * What tocsind reads from tocsin.conf: the blocks of its parts gathered, and
 * checks that need more than one key.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/conf.h"

/* The block "tocsind". */
struct conf_main {
	char *state; /* folder of the database, keys and tokens */
	int clock;   /* enum conf_clock */
	char *zone;  /* IANA name of the centre's time zone; "" = TZ */
	char *log_level;
	char *vocabulary; /* folder with kinds.csv, indicators.csv; "" = ours */
	char *calendar;	  /* file of a calendar; "" = weekends only */
	char *calendars;  /* file or folder of those of sites; "" = ours */
	char *triggers;	  /* file or folder of triggers; "" = ours */
};
enum conf_clock { CONF_CLOCK_SYSTEM, CONF_CLOCK_MANUAL };

/* The block "judge". */
struct conf_judge {
	int64_t history_days;
	char *day_method;
	char *week_method;
	struct conf_list day_params;
	struct conf_list week_params;
};

/* The block "store". */
struct conf_store {
	char *file;	     /* within the state folder */
	int64_t reserve;     /* bytes kept aside for a full disk */
	int64_t low_percent; /* free space below which windows shrink */
	int64_t out_percent; /* below which intake stops */
	/* How long is kept, in milliseconds; 0 = for ever. */
	int64_t keep_ledger_ms, keep_counts_ms, keep_old_ms, keep_notes_ms,
		keep_notices_ms;
};

/* All blocks of tocsind, ended by a NULL name. */
extern const struct conf_block conf_blocks[];

/*
 * Reads the files (none: the defaults) and checks them together; NULL after
 * every error has been reported.
 */
struct conf *conf_read(const char *const *paths, size_t n, conf_report *report,
		       void *arg);

/* One line a key: block, key, default, reloadable, meaning; by tabs. */
void conf_list_keys(FILE *out);

#endif
