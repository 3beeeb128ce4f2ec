#ifndef TOCSIN_STORE_STORE_H
#define TOCSIN_STORE_STORE_H

/*
 * The database and its one writing thread.  The loop hands over a job, a
 * value with everything the thread needs; the thread runs it and gives it
 * back through a queue that wakes the loop.  A slow disk so delays results
 * and nothing else.  Reads go through a read-only connection of the loop.
 * Only this folder knows SQL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"

struct event_base;
struct store;
struct store_job;

/*
 * Runs on the store thread inside a transaction that the thread commits
 * afterwards; several jobs may share one.  Returns 0, or -1 (already logged):
 * then nothing of this job is kept.  Where another job of the transaction
 * failed it runs a second time, so it leaves what it was given as it was.
 */
typedef int store_run(struct store_job *job, struct db *db);

/*
 * Runs on the loop after COMMIT (rc 0) or after a failure (rc -1, with the
 * fault).  The job is the caller's again and may be freed here.
 */
typedef void store_done(struct store_job *job, int rc, enum db_fault fault);

/*
 * A job may be in two parts, log and run.  When little waits, both are one
 * transaction.  When much does (store_split_above()), log is committed in
 * time, with job->split set, so that what it keeps suffices to do the rest
 * even after a crash; run follows in a later transaction.  Second parts are
 * run in the order in which jobs were handed over, jobs in one part among
 * them; one that fails is tried again until it can be done.
 *
 * Runs on the loop once log is committed, and before done(): never after a
 * log that failed.  The thread may be at run by then.
 */
typedef void store_logged(struct store_job *job);

/* Embedded as the first member of a caller's own struct. */
struct store_job {
	store_run *log; /* or NULL: in one part */
	store_run *run;
	store_logged *logged; /* with log */
	/* After logged(), rc -1 means: left to the next start. */
	store_done *done;
	size_t weight; /* rows it writes, about; 0 counts as 1 */
	bool patient;  /* does not fail because others do */
	/* The store's: */
	bool split;
	bool last; /* run() of this one ends its transaction */
	struct store_job *next, *told_next;
	int rc;
	enum db_fault fault;
};

/*
 * Opens path (0600), migrates its schema, does the second parts that a last
 * run left, starts the thread.  NULL when already logged; a newer schema than
 * ours is refused.
 */
struct store *store_open(const char *path, struct event_base *base);

/* Runs what is queued to its end, joins the thread, closes. */
void store_close(struct store **s);

/*
 * Jobs that wait together with more than this weight are split where they can
 * be; SIZE_MAX, the default: never.
 */
void store_split_above(struct store *s, size_t weight);

/*
 * The write-ahead log is written back, and its file cut, at so many bytes;
 * held within STORE_LOG_LEAST and STORE_LOG_MOST, the default.  One that is no
 * larger than the space kept aside always finds room in the file.
 */
#define STORE_LOG_LEAST (1 << 20)
#define STORE_LOG_MOST (64 << 20)
void store_limit_log(struct store *s, int64_t bytes);

/* Hands a job over; it stays in order with the others. */
void store_submit(struct store *s, struct store_job *job);

/*
 * Calls fn on the loop, once everything handed over before it is done (or
 * has failed).
 */
void store_barrier(struct store *s, void (*fn)(void *arg), void *arg);

/* Jobs handed over and not yet given back, and the sum of their weights. */
size_t store_pending(const struct store *s);
size_t store_pending_weight(const struct store *s);

/*
 * Milliseconds since the thread last finished something while work was
 * waiting for it; 0 when nothing waits.  The watchdog asks.
 */
int64_t store_stalled_ms(const struct store *s);

/*
 * Waits until all jobs handed over are done, their done() called; second parts
 * that cannot be done are left to the next start.
 */
void store_drain(struct store *s);

/* The loop's read-only connection; statements live as long as the store. */
struct db *store_reader(struct store *s);

/* Random, made with the database; a restored copy keeps it. */
uint64_t store_database_id(const struct store *s);

const char *store_path(const struct store *s);

/* Figures for status and metrics. */
struct store_stats {
	uint64_t commits;
	uint64_t jobs;
	uint64_t failures;
	uint64_t damaged; /* frames of the ledger, when it was opened */
	int64_t wal_bytes;
	int64_t file_bytes;
	int64_t last_commit_us; /* how long the last COMMIT took */
	int64_t worst_commit_us;
};
void store_stats(const struct store *s, struct store_stats *out);

#endif
