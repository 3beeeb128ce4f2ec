#ifndef TOCSIN_BASE_DB_H
#define TOCSIN_BASE_DB_H

/*
 * A thin wrapper of SQLite: one connection, prepared statements kept for its
 * life, errors logged where they happen.  It knows no table.
 *
 * Exactly one connection a file may write or checkpoint (the WAL reset race
 * of SQLite up to 3.51.2); every other one is opened with DB_READ_ONLY.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_stmt;

enum db_mode {
	DB_READ_ONLY,
	DB_READ_WRITE, /* made where it is missing, mode 0600 */
};

/*
 * Opens the file with WAL, synchronous=FULL (read back and checked) and
 * mmap_size=0.  busy_ms: how long a lock is waited for.  Returns NULL when
 * already logged under tag.
 */
struct db *db_open(const char *path, enum db_mode mode, int busy_ms,
		   const char *tag);
void db_close(struct db **db);

/* Runs statements without results.  0, or -1 when already logged. */
int db_exec(struct db *db, const char *sql) __attribute__((warn_unused_result));

/*
 * Prepares a statement that lives until db_close().  NULL when already
 * logged.
 */
struct db_stmt *db_prepare(struct db *db, const char *sql);

/*
 * The statement of this text, prepared at its first use and kept: sql is a
 * constant, told from others by its address.  NULL when already logged.
 */
struct db_stmt *db_cached(struct db *db, const char *sql);

/* Parameters from 1.  Text and blobs are borrowed until db_reset(). */
void db_bind_int(struct db_stmt *s, int i, int64_t value);
void db_bind_double(struct db_stmt *s, int i, double value); /* NaN = NULL */
void db_bind_text(struct db_stmt *s, int i, const char *text);
void db_bind_text_n(struct db_stmt *s, int i, const char *text, size_t len);
void db_bind_blob(struct db_stmt *s, int i, const void *data, size_t len);
void db_bind_null(struct db_stmt *s, int i);

/* 1 = a row is there, 0 = done, -1 = already logged. */
int db_step(struct db_stmt *s) __attribute__((warn_unused_result));
/* Makes the statement ready for its next use; parameters are cleared. */
void db_reset(struct db_stmt *s);
/* db_step() that expects no row, then db_reset().  0 or -1. */
int db_run(struct db_stmt *s) __attribute__((warn_unused_result));

/* db_run() that leaves the parameters bound, for the next time: numbers only. */
int db_run_on(struct db_stmt *s) __attribute__((warn_unused_result));

/* Columns from 0 of the current row; pointers live until the next step. */
int64_t db_int(struct db_stmt *s, int i);
double db_double(struct db_stmt *s, int i);    /* NULL = NaN */
const char *db_text(struct db_stmt *s, int i); /* NULL = "" */
const void *db_blob(struct db_stmt *s, int i, size_t *len);
bool db_is_null(struct db_stmt *s, int i);
/* Of the result, for a statement that somebody else wrote. */
int db_columns(struct db_stmt *s);
const char *db_column_name(struct db_stmt *s, int i);

/* BEGIN IMMEDIATE, COMMIT, ROLLBACK. */
int db_begin(struct db *db) __attribute__((warn_unused_result));
int db_commit(struct db *db) __attribute__((warn_unused_result));
void db_rollback(struct db *db);

int64_t db_changes(struct db *db);
int64_t db_last_rowid(struct db *db);

/*
 * What the last failed call means to its caller.  After DB_FSYNC the process
 * must end: a second fsync may report success for pages that are lost.
 */
enum db_fault { DB_FINE, DB_FULL, DB_FSYNC, DB_BUSY, DB_CORRUPT, DB_OTHER };
enum db_fault db_fault(const struct db *db);

/* A table "meta(key TEXT PRIMARY KEY, value)" of small settings is usual. */

#endif
