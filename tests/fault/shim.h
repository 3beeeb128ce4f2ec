#ifndef TOCSIN_TESTS_FAULT_SHIM_H
#define TOCSIN_TESTS_FAULT_SHIM_H

/*
 * What a test and the preloaded faultshim.so share.  faults.py writes the
 * same struct with Python's struct module: keep the two alike.
 */

#include <stdint.h>

/* The file "control" in the folder that FAULT_DIR names, mapped shared. */
struct shim_control {
	int64_t clock_us;   /* added to the wall clock */
	int64_t sync_ms;    /* every fsync takes so much longer */
	int64_t sync_fails; /* not 0: every fsync fails with EIO */
	int64_t cut_at; /* SIGKILL before this operation of files; 0 never */
	int64_t operations; /* of traced files, counted here */
	int64_t syncs;	    /* fsync and fdatasync, counted here */
};

/*
 * The file "trace" in the same folder, where it is there at the start: what
 * SQLite did to its files, as records of this head, the file's name and the
 * bytes.  Each is one write, so a killed process leaves whole records only.
 */
struct shim_record {
	char kind; /* 'W' write, 'T' truncate, 'S' sync, 'D' delete */
	char pad[3];
	uint32_t name_len;
	int64_t offset; /* T: the new size */
	int64_t len;	/* bytes after the name; 0 but for W */
};

#endif
