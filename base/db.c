/*
 * The wrapper of SQLite.  Statements are kept in a list and finalised with
 * their connection, so that no caller has to.
 */
#include "base/db.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

struct db_stmt {
	sqlite3_stmt *raw;
	struct db *db;
	struct db_stmt *next;
};

/* Statements of db_cached() by the address of their text; open addressing. */
enum { CACHE_SLOTS = 512 };

struct db {
	sqlite3 *raw;
	struct db_stmt *stmts;
	struct {
		const char *sql;
		struct db_stmt *stmt;
	} cache[CACHE_SLOTS];
	unsigned cached;
	enum db_fault fault;
	char tag[24];
};

static enum db_fault
classify(int extended)
{
	if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC)
		return DB_FSYNC;
	switch (extended & 0xff) {
	case SQLITE_FULL:
		return DB_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return DB_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return DB_CORRUPT;
	default:
		return DB_OTHER;
	}
}

/* Logs what the connection last failed at; always -1. */
static int
fail(struct db *db, const char *doing)
{
	int extended = sqlite3_extended_errcode(db->raw);

	db->fault = classify(extended);
	log_error("%s: %s: %s (sqlite %d)", db->tag, doing,
		  sqlite3_errmsg(db->raw), extended);
	return -1;
}

/* SQLite gives new files 0644; ours hold health data. */
static int
make_private(const char *path, const char *tag)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		log_error("%s: cannot open database %s: %m", tag, path);
		return -1;
	}
	close(fd);
	return 0;
}

static int
check_durable(struct db *db)
{
	struct db_stmt *s = db_prepare(db, "PRAGMA synchronous");
	int level = -1;

	if (s == NULL)
		return -1;
	if (db_step(s) == 1)
		level = (int)db_int(s, 0);
	db_reset(s);
	if (level == 2)
		return 0;
	log_error("%s: synchronous is %d, not FULL", db->tag, level);
	return -1;
}

static int
set_up(struct db *db, enum db_mode mode, int busy_ms)
{
	sqlite3_extended_result_codes(db->raw, 1);
	sqlite3_busy_timeout(db->raw, busy_ms);
	if (db_exec(db, "PRAGMA mmap_size=0; PRAGMA foreign_keys=ON;"
			"PRAGMA trusted_schema=OFF;") < 0)
		return -1;
	if (mode == DB_READ_ONLY)
		return 0;
	if (db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"PRAGMA wal_autocheckpoint=4000;"
			"PRAGMA journal_size_limit=67108864;"
			"PRAGMA cache_size=-16384;") < 0)
		return -1;
	return check_durable(db);
}

struct db *
db_open(const char *path, enum db_mode mode, int busy_ms, const char *tag)
{
	int flags = mode == DB_READ_ONLY ? SQLITE_OPEN_READONLY
					 : SQLITE_OPEN_READWRITE;
	struct db *db;

	if (mode == DB_READ_WRITE && make_private(path, tag) < 0)
		return NULL;
	db = calloc(1, sizeof(*db));
	if (db == NULL) {
		log_error("%s: out of memory", tag);
		return NULL;
	}
	strncpy(db->tag, tag, sizeof(db->tag) - 1);
	if (sqlite3_open_v2(path, &db->raw, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK) {
		log_error("%s: cannot open database %s: %s", tag, path,
			  db->raw != NULL ? sqlite3_errmsg(db->raw)
					  : "out of memory");
		db_close(&db);
		return NULL;
	}
	if (set_up(db, mode, busy_ms) < 0)
		db_close(&db);
	return db;
}

void
db_close(struct db **pdb)
{
	struct db *db = *pdb;

	*pdb = NULL;
	if (db == NULL)
		return;
	while (db->stmts != NULL) {
		struct db_stmt *s = db->stmts;

		db->stmts = s->next;
		sqlite3_finalize(s->raw);
		free(s);
	}
	sqlite3_close(db->raw);
	free(db);
}

int
db_exec(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->raw, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, "exec");
	return 0;
}

struct db_stmt *
db_prepare(struct db *db, const char *sql)
{
	struct db_stmt *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		log_error("%s: out of memory", db->tag);
		return NULL;
	}
	if (sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &s->raw, NULL) != SQLITE_OK) {
		fail(db, "prepare");
		free(s);
		return NULL;
	}
	s->db = db;
	s->next = db->stmts;
	db->stmts = s;
	return s;
}

struct db_stmt *
db_cached(struct db *db, const char *sql)
{
	size_t i = (size_t)(((uintptr_t)sql >> 3) * 2654435761u) % CACHE_SLOTS;
	struct db_stmt *s;

	while (db->cache[i].sql != NULL && db->cache[i].sql != sql)
		i = (i + 1) % CACHE_SLOTS;
	if (db->cache[i].sql == sql)
		return db->cache[i].stmt;
	s = db_prepare(db, sql);
	/* A nearly full cache keeps what it has. */
	if (s != NULL && db->cached < CACHE_SLOTS * 3 / 4) {
		db->cache[i].sql = sql;
		db->cache[i].stmt = s;
		db->cached++;
	}
	return s;
}

void
db_bind_int(struct db_stmt *s, int i, int64_t value)
{
	sqlite3_bind_int64(s->raw, i, value);
}

void
db_bind_double(struct db_stmt *s, int i, double value)
{
	if (isnan(value))
		sqlite3_bind_null(s->raw, i);
	else
		sqlite3_bind_double(s->raw, i, value);
}

void
db_bind_text(struct db_stmt *s, int i, const char *text)
{
	sqlite3_bind_text(s->raw, i, text, -1, SQLITE_STATIC);
}

void
db_bind_text_n(struct db_stmt *s, int i, const char *text, size_t len)
{
	sqlite3_bind_text(s->raw, i, len > 0 ? text : "", (int)len,
			  SQLITE_STATIC);
}

void
db_bind_blob(struct db_stmt *s, int i, const void *data, size_t len)
{
	sqlite3_bind_blob64(s->raw, i, len > 0 ? data : "", len, SQLITE_STATIC);
}

void
db_bind_null(struct db_stmt *s, int i)
{
	sqlite3_bind_null(s->raw, i);
}

int
db_step(struct db_stmt *s)
{
	int rc = sqlite3_step(s->raw);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return fail(s->db, sqlite3_sql(s->raw));
}

void
db_reset(struct db_stmt *s)
{
	sqlite3_reset(s->raw);
	sqlite3_clear_bindings(s->raw);
}

int
db_run(struct db_stmt *s)
{
	int rc = db_step(s);

	db_reset(s);
	return rc < 0 ? -1 : 0;
}

int
db_run_on(struct db_stmt *s)
{
	int rc = db_step(s);

	sqlite3_reset(s->raw);
	return rc < 0 ? -1 : 0;
}

int64_t
db_int(struct db_stmt *s, int i)
{
	return sqlite3_column_int64(s->raw, i);
}

double
db_double(struct db_stmt *s, int i)
{
	if (sqlite3_column_type(s->raw, i) == SQLITE_NULL)
		return NAN;
	return sqlite3_column_double(s->raw, i);
}

const char *
db_text(struct db_stmt *s, int i)
{
	const unsigned char *text = sqlite3_column_text(s->raw, i);

	return text != NULL ? (const char *)text : "";
}

const void *
db_blob(struct db_stmt *s, int i, size_t *len)
{
	const void *data = sqlite3_column_blob(s->raw, i);

	*len = (size_t)sqlite3_column_bytes(s->raw, i);
	return data;
}

bool
db_is_null(struct db_stmt *s, int i)
{
	return sqlite3_column_type(s->raw, i) == SQLITE_NULL;
}

int
db_columns(struct db_stmt *s)
{
	return sqlite3_column_count(s->raw);
}

const char *
db_column_name(struct db_stmt *s, int i)
{
	const char *name = sqlite3_column_name(s->raw, i);

	return name != NULL ? name : "";
}

int
db_begin(struct db *db)
{
	return db_exec(db, "BEGIN IMMEDIATE");
}

int
db_commit(struct db *db)
{
	return db_exec(db, "COMMIT");
}

void
db_rollback(struct db *db)
{
	/* A full disk has already rolled back by itself. */
	if (sqlite3_get_autocommit(db->raw) == 0)
		sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
}

int64_t
db_changes(struct db *db)
{
	return sqlite3_changes(db->raw);
}

int64_t
db_last_rowid(struct db *db)
{
	return sqlite3_last_insert_rowid(db->raw);
}

enum db_fault
db_fault(const struct db *db)
{
	return db->fault;
}
