/*
 * Load and limits of the intake's bench (scripts/bench ingest).
 *
 *   bench-ingest VERB [KEY=VALUE...]
 *
 * send    pushes to the tocsind at to=ENDPOINT: one thread a sender "gate-S",
 *         which reports for its sites "s-S-I" every indicator for every day
 *         from first (days since 1970) on, frame counts a frame, as the window
 *         allows; rounds times over, each a revision of all counts, spread
 *         over so many seconds.  keys= is a file with a line "public secret" a
 *         sender, server= the centre's key.
 * raw     the same stream of keys as bare upserts into the same table in the
 *         file to=, 10,000 a transaction, an fsync each, written back from
 *         the log as rarely as tocsind does.
 * frames  the same frames through bare ZeroMQ with CURVE, only counted.
 * http    the same frames as bodies of requests to a bare evhttp.
 * fill    fills a database of tocsind (to=) with series and counts up to the
 *         day last=, for a start to rebuild.
 *
 * All but fill print JSON: counts, seconds; send also ack_p50_ms, ack_p99_ms.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/ingest_limits.h"
#include "tests/bench/ingest_load.h"

#define RAW_BATCH 10000

static void
must(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	fprintf(stderr, "bench: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void
sql(sqlite3 *db, const char *text)
{
	must(db, sqlite3_exec(db, text, NULL, NULL, NULL));
}

static sqlite3 *
open_raw(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"PRAGMA wal_autocheckpoint=16000; PRAGMA cache_size=-65536;"
		"PRAGMA mmap_size=0");
	return db;
}

static void
put_raw(sqlite3 *db, sqlite3_stmt *s, int32_t day, int series, int value)
{
	sqlite3_bind_int(s, 1, day);
	sqlite3_bind_int(s, 2, series + 1);
	sqlite3_bind_int(s, 3, value);
	must(db, sqlite3_step(s));
	sqlite3_reset(s);
}

/*
 * The order in which the frames of concurrent senders arrive: day by day,
 * sender by sender, frame by frame.
 */
static uint64_t
upsert_all(sqlite3 *db, const struct plan *p, int32_t first)
{
	int all = p->senders * p->sites * p->indicators;
	sqlite3_stmt *s;
	uint64_t n = 0;

	must(db, sqlite3_prepare_v2(
			 db,
			 "INSERT INTO counts(day, series, value, denominator,"
			 " revision, flags, recv, ledger)"
			 " VALUES(?, ?, ?, NULL, 1, 0, 1700000000, 1)"
			 " ON CONFLICT DO UPDATE SET value=excluded.value,"
			 " revision=excluded.revision"
			 " WHERE excluded.revision>revision",
			 -1, &s, NULL));
	sql(db, "BEGIN IMMEDIATE");
	for (int day = 0; day < p->days; day++) {
		for (int series = 0; series < all; series++) {
			put_raw(db, s, first + day, series,
				(int)load_value(series, day, 0));
			if (++n % RAW_BATCH == 0)
				sql(db, "COMMIT; BEGIN IMMEDIATE");
		}
	}
	sql(db, "COMMIT");
	sqlite3_finalize(s);
	return n;
}

static int
run_raw(const struct plan *p)
{
	sqlite3 *db = open_raw(p->to);
	double from;
	uint64_t n;

	sql(db, "CREATE TABLE counts(day INTEGER NOT NULL,"
		" series INTEGER NOT NULL, value INTEGER NOT NULL,"
		" denominator INTEGER, revision INTEGER NOT NULL,"
		" flags INTEGER NOT NULL, recv INTEGER NOT NULL,"
		" ledger INTEGER NOT NULL, PRIMARY KEY(day, series))"
		" STRICT, WITHOUT ROWID");
	from = load_now_s();
	n = upsert_all(db, p, p->first);
	from = load_now_s() - from;
	sqlite3_close(db);
	printf("{\"counts\": %llu, \"seconds\": %.6f}\n", (unsigned long long)n,
	       from);
	return 0;
}

static int
run_fill(const struct plan *p)
{
	int per_sender = p->sites * p->indicators;
	sqlite3 *db = open_raw(p->to);
	char name[160];

	sql(db, "BEGIN");
	for (int i = 0; i < p->senders * per_sender; i++) {
		snprintf(name, sizeof(name),
			 "INSERT INTO series(id, site, indicator, stratum)"
			 " VALUES(%d, 's-%d-%d', '%s', '')",
			 i + 1, i / per_sender, i % per_sender / p->indicators,
			 load_indicators[i % p->indicators]);
		sql(db, name);
	}
	sql(db, "COMMIT");
	upsert_all(db, p, p->last - p->days + 1);
	sqlite3_close(db);
	return 0;
}

/* The number behind KEY=, into the plan. */
static int
set_number(struct plan *p, const char *word)
{
	const struct {
		const char *key;
		int *at;
	} keys[] = {
		{ "senders", &p->senders },
		{ "sites", &p->sites },
		{ "indicators", &p->indicators },
		{ "days", &p->days },
		{ "frame", &p->frame },
		{ "first", &p->first },
		{ "last", &p->last },
		{ "rounds", &p->rounds },
		{ "seconds", &p->seconds },
	};
	const char *eq = strchr(word, '=');
	size_t len = eq == NULL ? 0 : (size_t)(eq - word);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strlen(keys[i].key) == len &&
		    strncmp(keys[i].key, word, len) == 0) {
			*keys[i].at = atoi(eq + 1);
			return 0;
		}
	}
	return -1;
}

static int
set_word(struct plan *p, const char *word)
{
	if (strncmp(word, "to=", 3) == 0)
		p->to = word + 3;
	else if (strncmp(word, "server=", 7) == 0)
		p->server_key = word + 7;
	else if (strncmp(word, "keys=", 5) == 0)
		return (p->keys = fopen(word + 5, "re")) == NULL ? -1 : 0;
	else
		return set_number(p, word);
	return 0;
}

int
main(int argc, char **argv)
{
	struct plan p = { .to = "",
			  .senders = 8,
			  .sites = 125,
			  .indicators = 8,
			  .days = 60,
			  .frame = 100,
			  .first = 18000,
			  .rounds = 1 };
	const struct {
		const char *name;
		int (*run)(const struct plan *p);
	} verbs[] = {
		{ "send", load_send },	     { "raw", run_raw },
		{ "frames", limits_frames }, { "http", limits_http },
		{ "fill", run_fill },
	};

	for (int i = 2; i < argc; i++) {
		if (set_word(&p, argv[i]) < 0) {
			fprintf(stderr, "bench: what is %s?\n", argv[i]);
			return 64;
		}
	}
	if (p.senders < 1 || p.senders > MAX_SENDERS || p.indicators < 1 ||
	    p.indicators > MAX_INDICATORS || p.frame < 1 || p.rounds < 1)
		return 64;
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(&p);
	}
	return 64;
}
