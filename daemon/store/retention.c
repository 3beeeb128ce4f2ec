/* Deletion by age. */
#include "daemon/store/retention.h"

#include <stdlib.h>

#include "base/log.h"

#define DAY_US INT64_C(86400000000)

struct slice {
	struct store_job job;
	struct retention_ages ages;
	int64_t now_us, wall_us;
	long rows;
	retention_done *done;
	void *arg;
};

/* One table: a statement whose only parameter is the age's limit. */
struct rule {
	const char *sql;
	int64_t limit;
	bool on;
};

static int
apply(struct slice *s, struct db *db, const struct rule *rule)
{
	struct db_stmt *stmt;

	if (!rule->on)
		return 0;
	stmt = db_cached(db, rule->sql);
	if (stmt == NULL)
		return -1;
	db_bind_int(stmt, 1, rule->limit);
	if (db_run(stmt) < 0)
		return -1;
	s->rows += (long)db_changes(db);
	return 0;
}

static int
run_slice(struct store_job *job, struct db *db)
{
	struct slice *s = (struct slice *)job;
	const struct retention_ages *a = &s->ages;
	const int64_t notes = s->now_us - a->notes * DAY_US;
	const struct rule rules[] = {
		{ "DELETE FROM ledger WHERE id IN (SELECT id FROM ledger"
		  " WHERE recv_us<? ORDER BY id LIMIT 500)",
		  s->now_us - a->ledger * DAY_US, a->ledger > 0 },
		/* A day is a range of the key: cheap to find and to delete. */
		{ "DELETE FROM counts WHERE day=(SELECT min(day) FROM counts)"
		  " AND day<?",
		  s->now_us / DAY_US - a->counts, a->counts > 0 },
		{ "DELETE FROM closed WHERE day=(SELECT min(day) FROM closed)"
		  " AND day<?",
		  s->now_us / DAY_US - a->counts, a->counts > 0 },
		{ "DELETE FROM counts_old WHERE rowid IN (SELECT rowid FROM"
		  " counts_old WHERE replaced<? ORDER BY rowid LIMIT 5000)",
		  (s->now_us - a->old * DAY_US) / 1000000, a->old > 0 },
		{ "DELETE FROM rejected WHERE id IN (SELECT id FROM rejected"
		  " WHERE at_us<? ORDER BY id LIMIT 5000)",
		  notes, a->notes > 0 },
		{ "DELETE FROM conflict WHERE id IN (SELECT id FROM conflict"
		  " WHERE at_us<? ORDER BY id LIMIT 5000)",
		  notes, a->notes > 0 },
		{ "DELETE FROM posted WHERE (sender, key) IN (SELECT sender,"
		  " key FROM posted WHERE at_us<? LIMIT 5000)",
		  notes, a->notes > 0 },
		{ "DELETE FROM notice WHERE id IN (SELECT id FROM notice"
		  " WHERE done_ms<? ORDER BY id LIMIT 5000)",
		  (s->wall_us - a->notices * DAY_US) / 1000, a->notices > 0 },
	};

	s->rows = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (apply(s, db, &rules[i]) < 0)
			return -1;
	}
	return 0;
}

static void
done_slice(struct store_job *job, int rc, enum db_fault fault)
{
	struct slice *s = (struct slice *)job;

	(void)fault;
	s->done(s->arg, rc < 0 ? -1 : s->rows);
	free(s);
}

int
retention_slice(struct store *store, const struct retention_ages *ages,
		const int64_t now_us[2], retention_done *done, void *arg)
{
	struct slice *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		log_error("retention: out of memory");
		return -1;
	}
	s->job.run = run_slice;
	s->job.done = done_slice;
	s->job.weight = 5000;
	s->ages = *ages;
	s->now_us = now_us[0];
	s->wall_us = now_us[1];
	s->done = done;
	s->arg = arg;
	store_submit(store, &s->job);
	return 0;
}
