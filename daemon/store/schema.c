/*
 * The schema.  STRICT everywhere: a wrong type is our bug and must show.
 * Unsigned 64-bit numbers (epoch, seq, database id) are kept as the signed
 * number of the same bits.  Sites, indicators and areas are named by their
 * codes, series by a number of their own, because there are a thousand times
 * as many counts as series.
 */
#include "daemon/store/schema.h"

#include <stdio.h>

#include "base/log.h"

static const char *const step_1[] = {
	"CREATE TABLE meta("
	" key TEXT PRIMARY KEY NOT NULL,"
	" value ANY NOT NULL"
	") STRICT, WITHOUT ROWID",

	"CREATE TABLE area("
	" id INTEGER PRIMARY KEY,"
	" code TEXT NOT NULL UNIQUE,"
	" parent TEXT NOT NULL," /* '' at a root */
	" level INTEGER NOT NULL,"
	" name TEXT NOT NULL, name_zh TEXT NOT NULL,"
	" population REAL, lat REAL, lon REAL"
	") STRICT",

	"CREATE TABLE site("
	" id INTEGER PRIMARY KEY,"
	" code TEXT NOT NULL UNIQUE,"
	" kind TEXT NOT NULL, area TEXT NOT NULL,"
	" name TEXT NOT NULL, phone TEXT NOT NULL, gateway TEXT NOT NULL,"
	" period INTEGER NOT NULL, expect INTEGER NOT NULL,"
	" zone TEXT NOT NULL, withdrawn INTEGER NOT NULL"
	") STRICT",

	"CREATE TABLE series("
	" id INTEGER PRIMARY KEY,"
	" site TEXT NOT NULL, indicator TEXT NOT NULL, stratum TEXT NOT NULL,"
	" UNIQUE(site, indicator, stratum)"
	") STRICT",

	/* Frames as received: the order of ids is the order of decisions. */
	"CREATE TABLE ledger("
	" id INTEGER PRIMARY KEY,"
	" sender TEXT NOT NULL,"
	" epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" partition INTEGER NOT NULL," /* -1 where it is not Kafka's */
	" recv_us INTEGER NOT NULL,"
	" crc INTEGER NOT NULL,"
	" frame BLOB NOT NULL"
	") STRICT",
	"CREATE INDEX ledger_place ON ledger(sender, epoch, partition, seq)",

	"CREATE TABLE site_high_water("
	" sender TEXT NOT NULL, epoch INTEGER NOT NULL,"
	" partition INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, crc INTEGER NOT NULL, at_us INTEGER NOT NULL,"
	" PRIMARY KEY(sender, epoch, partition)"
	") STRICT, WITHOUT ROWID",

	/* What holds now, one row a cell; by day, so that a day is a range. */
	"CREATE TABLE counts("
	" day INTEGER NOT NULL, series INTEGER NOT NULL,"
	" value INTEGER NOT NULL, denominator INTEGER,"
	" revision INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" recv INTEGER NOT NULL," /* seconds */
	" ledger INTEGER NOT NULL,"
	" PRIMARY KEY(day, series)"
	") STRICT, WITHOUT ROWID",

	"CREATE TABLE counts_old("
	" day INTEGER NOT NULL, series INTEGER NOT NULL,"
	" value INTEGER NOT NULL, denominator INTEGER,"
	" revision INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" recv INTEGER NOT NULL, ledger INTEGER NOT NULL,"
	" replaced INTEGER NOT NULL" /* seconds */
	") STRICT",
	"CREATE INDEX counts_old_cell ON counts_old(day, series)",

	/* Days that a site declared complete. */
	"CREATE TABLE closed("
	" day INTEGER NOT NULL, site TEXT NOT NULL, recv INTEGER NOT NULL,"
	" PRIMARY KEY(day, site)"
	") STRICT, WITHOUT ROWID",

	"CREATE TABLE gap("
	" id INTEGER PRIMARY KEY,"
	" sender TEXT NOT NULL, epoch INTEGER NOT NULL,"
	" first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
	" at_us INTEGER NOT NULL"
	") STRICT",

	/* Frames and counts refused for ever, with the reason given. */
	"CREATE TABLE rejected("
	" id INTEGER PRIMARY KEY,"
	" sender TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" count_index INTEGER NOT NULL," /* -1: the whole frame */
	" code TEXT NOT NULL, reason TEXT NOT NULL,"
	" at_us INTEGER NOT NULL"
	") STRICT",

	/* One cell and revision that came with two values. */
	"CREATE TABLE conflict("
	" id INTEGER PRIMARY KEY,"
	" day INTEGER NOT NULL, series INTEGER NOT NULL,"
	" revision INTEGER NOT NULL,"
	" kept INTEGER NOT NULL, other INTEGER NOT NULL,"
	" at_us INTEGER NOT NULL"
	") STRICT",

	"CREATE TABLE kafka_offset("
	" topic TEXT NOT NULL, partition INTEGER NOT NULL,"
	" next INTEGER NOT NULL,"
	" PRIMARY KEY(topic, partition)"
	") STRICT, WITHOUT ROWID",

	/* Requests of the HTTP door that were answered 202. */
	"CREATE TABLE posted("
	" sender TEXT NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL,"
	" answer TEXT NOT NULL, at_us INTEGER NOT NULL,"
	" PRIMARY KEY(sender, key)"
	") STRICT, WITHOUT ROWID",

	/* Alerts as they stand, and how they came to. */
	"CREATE TABLE alert("
	" id TEXT PRIMARY KEY NOT NULL,"
	" version INTEGER NOT NULL,"
	" body TEXT NOT NULL"
	") STRICT, WITHOUT ROWID",

	"CREATE TABLE alert_event("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" alert TEXT NOT NULL, version INTEGER NOT NULL,"
	" name TEXT NOT NULL, as_of INTEGER NOT NULL,"
	" at_us INTEGER NOT NULL,"
	" body TEXT NOT NULL,"
	" chain BLOB NOT NULL," /* SHA-256 over the row and the last chain */
	" UNIQUE(alert, version)"
	") STRICT",
	"CREATE TRIGGER alert_event_stays BEFORE UPDATE ON alert_event BEGIN"
	" SELECT RAISE(ABORT, 'alert events are never changed'); END",
	"CREATE TRIGGER alert_event_remains BEFORE DELETE ON alert_event BEGIN"
	" SELECT RAISE(ABORT, 'alert events are never deleted'); END",

	"CREATE TABLE notice("
	" id INTEGER PRIMARY KEY,"
	" event INTEGER NOT NULL," /* alert_event.number */
	" receiver TEXT NOT NULL,"
	" message TEXT NOT NULL," /* the same on every try */
	" body TEXT NOT NULL,"
	" state TEXT NOT NULL," /* waiting, sent, dead */
	" tries INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL, done_ms INTEGER,"
	" error TEXT NOT NULL"
	") STRICT",
	"CREATE INDEX notice_due ON notice(state, next_ms)",

	/* Public keys of senders, two while one is rotated. */
	"CREATE TABLE site_key("
	" fingerprint TEXT PRIMARY KEY NOT NULL,"
	" sender TEXT NOT NULL, public_key TEXT NOT NULL,"
	" added_us INTEGER NOT NULL, revoked_us INTEGER"
	") STRICT, WITHOUT ROWID",
	"CREATE INDEX site_key_sender ON site_key(sender)",

	"CREATE TABLE invitation("
	" secret_hash BLOB PRIMARY KEY NOT NULL,"
	" sender TEXT NOT NULL,"
	" made_us INTEGER NOT NULL, ends_us INTEGER NOT NULL,"
	" used_us INTEGER"
	") STRICT, WITHOUT ROWID",

	/* Tokens of sites and people, hashed. */
	"CREATE TABLE token("
	" hash BLOB PRIMARY KEY NOT NULL,"
	" owner TEXT NOT NULL," /* a sender's code or a person's name */
	" role TEXT NOT NULL,"	/* site, reader, officer, operator */
	" made_us INTEGER NOT NULL, ends_us INTEGER, revoked_us INTEGER"
	") STRICT, WITHOUT ROWID",

	"CREATE TABLE person("
	" name TEXT PRIMARY KEY NOT NULL,"
	" role TEXT NOT NULL, area TEXT NOT NULL,"
	" contact TEXT NOT NULL," /* JSON */
	" made_us INTEGER NOT NULL, left_us INTEGER"
	") STRICT, WITHOUT ROWID",

	NULL,
};

static const char *const step_2[] = {
	/* Acknowledged and not yet in counts: see unfolded.h. */
	"CREATE TABLE unfolded("
	" ledger INTEGER PRIMARY KEY,"
	" recv INTEGER NOT NULL," /* seconds */
	" rows BLOB NOT NULL"
	") STRICT",

	NULL,
};

static const char *const step_3[] = {
	/* A site's own calendar, '' = the centre's. */
	"ALTER TABLE site ADD COLUMN calendar TEXT NOT NULL DEFAULT ''",

	NULL,
};

static const char *const step_4[] = {
	/* Days of a place whose counts have a known reason. */
	"CREATE TABLE mark("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" area TEXT NOT NULL, site TEXT NOT NULL,"	  /* one of them '' */
	" kinds TEXT NOT NULL, indicators TEXT NOT NULL," /* '' = all */
	" first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" why TEXT NOT NULL, text TEXT NOT NULL,"
	" alert TEXT NOT NULL," /* it was made from, or '' */
	" actor TEXT NOT NULL, at_us INTEGER NOT NULL,"
	" withdrawn_by TEXT, withdrawn_us INTEGER"
	") STRICT",
	"CREATE TRIGGER mark_stays BEFORE UPDATE OF number, area, site, kinds,"
	" indicators, first, last, why, text, alert, actor, at_us ON mark BEGIN"
	" SELECT RAISE(ABORT, 'marks are withdrawn, never changed'); END",
	"CREATE TRIGGER mark_withdrawn_once BEFORE UPDATE ON mark"
	" WHEN OLD.withdrawn_us IS NOT NULL BEGIN"
	" SELECT RAISE(ABORT, 'marks are withdrawn once'); END",
	"CREATE TRIGGER mark_remains BEFORE DELETE ON mark BEGIN"
	" SELECT RAISE(ABORT, 'marks are never deleted'); END",

	NULL,
};

static const char *const *const steps[] = { step_1, step_2, step_3, step_4 };

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

int
schema_version(void)
{
	return STEPS;
}

static int
read_version(struct db *db, int *version)
{
	struct db_stmt *s = db_cached(db, "PRAGMA user_version");
	int rc = -1;

	if (s == NULL)
		return -1;
	if (db_step(s) == 1) {
		*version = (int)db_int(s, 0);
		rc = 0;
	}
	db_reset(s);
	return rc;
}

static int
do_step(struct db *db, int step)
{
	char set[48];

	if (db_begin(db) < 0)
		return -1;
	for (const char *const *sql = steps[step]; *sql != NULL; sql++) {
		if (db_exec(db, *sql) < 0)
			goto fail;
	}
	snprintf(set, sizeof(set), "PRAGMA user_version=%d", step + 1);
	if (db_exec(db, set) == 0 && db_commit(db) == 0)
		return 0;
fail:
	log_error("store: step %d of the schema failed", step + 1);
	db_rollback(db);
	return -1;
}

int
schema_migrate(struct db *db)
{
	int version = 0;

	if (read_version(db, &version) < 0)
		return -1;
	if (version > STEPS || version < 0) {
		log_error("store: the database has schema %d, this program "
			  "knows up to %d; use the newer program",
			  version, STEPS);
		return -1;
	}
	for (; version < STEPS; version++) {
		if (do_step(db, version) < 0)
			return -1;
	}
	return 0;
}
