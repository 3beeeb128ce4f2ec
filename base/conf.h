#ifndef TOCSIN_BASE_CONF_H
#define TOCSIN_BASE_CONF_H

/*
 * Configuration in blocks (libconfuse):
 *
 *	http {
 *		listen = "127.0.0.1:8650"
 *	}
 *	trigger "respiratory" {
 *		window = 7d
 *	}
 *
 * A module describes its block in a table; from the table come defaults,
 * checks, "config show", the manual and a test that the shipped files name
 * every key.  Unknown keys are errors; every message names file and line.
 * The trap of libconfuse, a missing '}' at the end of a file that it takes
 * in silence, is caught here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_STRING,   /* char *, owned by the configuration, never NULL */
	CONF_ZONE,     /* the same: "" or a time zone, see base/zone.h */
	CONF_INT,      /* int64_t */
	CONF_FLOAT,    /* double */
	CONF_BOOL,     /* bool; yes/no, true/false, on/off */
	CONF_DURATION, /* int64_t milliseconds; "250ms", "90s", "15m", "2h",
			  "7d"; a bare number is seconds */
	CONF_SIZE,     /* int64_t bytes; "64KiB", "4MiB", "1GiB" or a number */
	CONF_CHOICE,   /* int, index into choices */
	CONF_LIST      /* struct conf_list */
};

/* Strings owned by the configuration. */
struct conf_list {
	char **at;
	int *line; /* of each in its file; 0: a default */
	size_t n;
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;		    /* of the field in the block's struct */
	const char *def;	    /* as it would stand in a file; NULL:
				      required.  A list: "" or "a,b" */
	double min, max;	    /* numbers, durations (ms), sizes; both 0:
				      any */
	const char *const *choices; /* CONF_CHOICE, NULL-terminated */
	bool reloadable;
	const char *help; /* one sentence, for the manual */
};

struct conf_block {
	const char *name;
	bool titled;		    /* name "title" { ... }, many */
	const struct conf_key *key; /* ends with a NULL name */
	size_t size;		    /* of the struct that key.offset means */
};

struct conf;

/* Called for each message: "triggers.d/enteric.conf:12: no such key ...". */
typedef void conf_report(void *arg, const char *message);

/*
 * Reads paths (files, or folders whose *.conf are read in order of name)
 * against blocks (ended by a NULL name).  No path at all gives the defaults.
 * All errors that can be found are reported, then NULL is returned.
 */
struct conf *conf_load(const char *const *paths, size_t paths_n,
		       const struct conf_block *blocks, conf_report *report,
		       void *arg);
void conf_free(struct conf **c);

/* The struct of an untitled block; there with defaults if no file has it. */
const void *conf_get(const struct conf *c, const char *block);

/* Titled blocks in the order of the files. */
size_t conf_count(const struct conf *c, const char *block);
const void *conf_at(const struct conf *c, const char *block, size_t i);
const char *conf_title(const struct conf *c, const char *block, size_t i);
/* "file:line" of the block's begin, for messages of later checks. */
const char *conf_where(const struct conf *c, const char *block, size_t i);

/* Was the key written in a file for this block (i = 0 where untitled)? */
bool conf_is_set(const struct conf *c, const char *block, size_t i,
		 const char *key);

/*
 * Calls differs() for every key with another value in b, and with key NULL
 * for every titled block that only one of the two has.
 */
typedef void conf_differs(void *arg, const struct conf_block *block,
			  const char *title, const struct conf_key *key);
void conf_diff(const struct conf *a, const struct conf *b,
	       const struct conf_block *blocks, conf_differs *differs, void *arg);

/* Writes all effective values in the file's syntax, defaults marked. */
void conf_show(const struct conf *c, FILE *out);

#endif
