/* The store: its thread, its tables, and what a transaction keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/alerts.h"
#include "daemon/store/counts.h"
#include "daemon/store/frames.h"
#include "daemon/store/meta.h"
#include "daemon/store/retention.h"
#include "daemon/store/schema.h"
#include "daemon/store/sound.h"
#include "daemon/store/store.h"
#include "tests/unit/store_folder.h"

static int
set_up(void **state)
{
	struct store_folder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	store_folder_make(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct store_folder *f = *state;

	store_folder_drop(f);
	free(f);
	return 0;
}

struct put {
	struct store_job job;
	struct counts_row row[4];
	size_t n;
	int64_t recv_s;
	bool refuse; /* run() fails after it wrote */
	int rc;
	int runs, dones;
};

static int
run_put(struct store_job *job, struct db *db)
{
	struct put *p = (struct put *)job;

	p->runs++;
	if (counts_put(db, p->row, p->n, 7, p->recv_s) < 0)
		return -1;
	return p->refuse ? -1 : 0;
}

static void
done_put(struct store_job *job, int rc, enum db_fault fault)
{
	struct put *p = (struct put *)job;

	(void)fault;
	p->rc = rc;
	p->dones++;
}

static struct put
make_put(int32_t day, uint32_t value, uint32_t revision)
{
	struct put p = {
		.job = { .run = run_put, .done = done_put },
		.n = 1,
		.recv_s = 1000,
	};

	p.row[0].day = day;
	p.row[0].series = 3;
	p.row[0].came = (struct cell){ .value = value, .revision = revision };
	return p;
}

static void
put_now(struct store_folder *f, struct put *p)
{
	store_submit(f->store, &p->job);
	store_drain(f->store);
	assert_int_equal(p->rc, 0);
}

static void
test_first_count_is_kept(void **state)
{
	struct store_folder *f = *state;
	struct put p = make_put(18000, 5, 1);
	struct counts_vintage v;

	put_now(f, &p);
	assert_int_equal(p.row[0].outcome, CELL_NEW);
	assert_int_equal(
		counts_at(store_reader(f->store), 18000, 3, INT64_MAX, &v), 1);
	assert_int_equal(v.cell.value, 5);
	assert_int_equal(v.recv_s, 1000);
	assert_int_equal(
		counts_at(store_reader(f->store), 18001, 3, INT64_MAX, &v), 0);
}

static void
test_any_past_day_can_be_asked(void **state)
{
	struct store_folder *f = *state;
	struct put a = make_put(18000, 5, 1), b = make_put(18000, 9, 2);
	struct counts_vintage v;
	struct db *reader = store_reader(f->store);

	b.recv_s = 2000;
	put_now(f, &a);
	put_now(f, &b);
	assert_int_equal(b.row[0].outcome, CELL_REPLACED);
	assert_int_equal(counts_at(reader, 18000, 3, 999, &v), 0);
	assert_int_equal(counts_at(reader, 18000, 3, 1500, &v), 1);
	assert_int_equal(v.cell.value, 5);
	assert_int_equal(v.replaced_s, 2000);
	assert_int_equal(counts_at(reader, 18000, 3, 2000, &v), 1);
	assert_int_equal(v.cell.value, 9);
}

static void
test_an_older_revision_changes_nothing(void **state)
{
	struct store_folder *f = *state;
	struct put a = make_put(18000, 5, 2), b = make_put(18000, 9, 1);

	put_now(f, &a);
	put_now(f, &b);
	assert_int_equal(b.row[0].outcome, CELL_OLDER);
	assert_int_equal(b.row[0].held.value, 5);
}

static void
test_a_count_without_revision_gets_a_larger_one(void **state)
{
	struct store_folder *f = *state;
	struct put a = make_put(18000, 5, 0), b = make_put(18000, 6, 0);
	struct put c = make_put(18000, 6, 0);

	put_now(f, &a);
	assert_int_equal(a.row[0].held.revision, 1000);
	put_now(f, &b);
	assert_int_equal(b.row[0].held.revision, 1001);
	put_now(f, &c);
	assert_int_equal(c.row[0].outcome, CELL_SAME);
}

/* Two values of one revision: the order in which they come does not matter. */
static void
test_conflicts_settle_the_same_in_any_order(void **state)
{
	struct store_folder *f = *state;
	struct put a = make_put(18000, 5, 1), b = make_put(18000, 9, 1);
	struct put c = make_put(18001, 9, 1), d = make_put(18001, 5, 1);

	put_now(f, &a);
	put_now(f, &b);
	put_now(f, &c);
	put_now(f, &d);
	assert_int_equal(b.row[0].outcome, CELL_CONFLICTED);
	assert_int_equal(d.row[0].outcome, CELL_CONFLICTED);
	assert_memory_equal(&b.row[0].held, &d.row[0].held, sizeof(struct cell));
	assert_int_equal(d.row[0].held.value, 9);
	assert_int_equal(d.row[0].held.flags, CELL_CONFLICT);
}

#define MANY 125 /* cells, of which some are there already */

struct many {
	struct store_job job;
	struct counts_row row[MANY];
	bool one_by_one;
	int64_t ledger;
};

static int
run_many(struct store_job *job, struct db *db)
{
	struct many *m = (struct many *)job;
	int64_t recv_s = 1900 + m->ledger; /* which is 100 and more */

	for (size_t i = 0; m->one_by_one && i < MANY; i++) {
		if (counts_put(db, &m->row[i], 1, m->ledger, recv_s) < 0)
			return -1;
	}
	return m->one_by_one ? 0
			     : counts_put(db, m->row, MANY, m->ledger, recv_s);
}

static void
done_many(struct store_job *job, int rc, enum db_fault fault)
{
	(void)job;
	(void)fault;
	assert_int_equal(rc, 0);
}

/* In the third frame the last six are of one cell. */
static void
make_many(struct many *m, uint32_t series, uint32_t times)
{
	*m = (struct many){ .job = { .run = run_many, .done = done_many },
			    .one_by_one = series == 501,
			    .ledger = 100 + times };
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t cell = times == 2 && i > MANY - 6 ? MANY - 6 : i;

		m->row[i].day = 18000 + (int32_t)cell;
		m->row[i].series = series;
		m->row[i].came = (struct cell){
			.value = i * 5 % 7,
			.revision = i < 9 ? i % 3 : i * 3 % 5 + 1 + times
		};
	}
}

/* What is there before: some cells, all of the last 32 among them. */
static void
put_some(struct store_folder *f, uint32_t series)
{
	static const int32_t at[] = { 9, 12, 24, 25, 26, 27, 28, 29, 30, 31, 33 };

	for (int32_t i = 0; i < 32; i++) {
		struct put p = make_put(18000 + 64 + i, 3, 1 + (uint32_t)i % 4);

		p.row[0].series = series;
		put_now(f, &p);
	}
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		struct put p = make_put(18000 + at[i], (uint32_t)i % 3,
					1 + (uint32_t)i % 4);

		p.row[0].series = series;
		put_now(f, &p);
	}
}

/* The cell of day as it stood at as_of; all zeros: it did not stand then. */
static struct counts_vintage
vintage(struct store_folder *f, int32_t day, uint32_t series, int64_t as_of_s)
{
	struct counts_vintage v = { 0 };

	assert_int_not_equal(
		counts_at(store_reader(f->store), day, series, as_of_s, &v), -1);
	return v;
}

/* Rows that go in together end as those that go in one by one. */
static void
test_rows_together_are_rows_alone(void **state)
{
	struct store_folder *f = *state;
	static struct many a, b;
	struct counts_vintage x, y;

	put_some(f, 500);
	put_some(f, 501);
	for (uint32_t times = 0; times < 3; times++) {
		make_many(&a, 500, times);
		make_many(&b, 501, times);
		store_submit(f->store, &a.job);
		store_submit(f->store, &b.job);
		store_drain(f->store);
		for (size_t i = 0; i < MANY; i++) {
			int32_t day = a.row[i].day;

			assert_int_equal(a.row[i].outcome, b.row[i].outcome);
			assert_memory_equal(&a.row[i].held, &b.row[i].held,
					    sizeof(struct cell));
			for (int64_t at = 1999; at < 2004; at++) {
				x = vintage(f, day, 500, at);
				y = vintage(f, day, 501, at);
				assert_memory_equal(&x, &y, sizeof(x));
			}
			assert_int_not_equal(x.recv_s, 0);
		}
	}
}

/* One job of a group fails: the others are kept, it is not. */
static void
test_a_failing_job_takes_nobody_with_it(void **state)
{
	struct store_folder *f = *state;
	struct put block = make_put(17000, 1, 1);
	struct put a = make_put(18000, 5, 1), b = make_put(18001, 6, 1),
		   c = make_put(18002, 7, 1);
	struct counts_vintage v;
	struct db *reader = store_reader(f->store);

	b.refuse = true;
	store_submit(f->store, &block.job);
	store_submit(f->store, &a.job);
	store_submit(f->store, &b.job);
	store_submit(f->store, &c.job);
	store_drain(f->store);
	assert_int_equal(a.rc, 0);
	assert_int_equal(b.rc, -1);
	assert_int_equal(c.rc, 0);
	assert_int_equal(a.dones + b.dones + c.dones, 3);
	assert_int_equal(counts_at(reader, 18000, 3, INT64_MAX, &v), 1);
	assert_int_equal(counts_at(reader, 18001, 3, INT64_MAX, &v), 0);
	assert_int_equal(counts_at(reader, 18002, 3, INT64_MAX, &v), 1);
}

static int
run_much(struct store_job *job, struct db *db)
{
	(void)job;
	return db_exec(db, "CREATE TABLE IF NOT EXISTS much(x);"
			   "INSERT INTO much VALUES (zeroblob(400000))");
}

/* What is written back leaves room, on a small disk too. */
static void
test_the_log_stays_as_small_as_asked(void **state)
{
	struct store_folder *f = *state;
	struct put p = { .job = { .run = run_much, .done = done_put } };
	struct store_stats stats;

	store_limit_log(f->store, 1);
	for (int i = 0; i < 20; i++) {
		store_submit(f->store, &p.job);
		store_drain(f->store);
		assert_int_equal(p.rc, 0);
	}
	store_stats(f->store, &stats);
	assert_true(stats.wal_bytes > 0);
	assert_true(stats.wal_bytes < 2 * STORE_LOG_LEAST);
}

static void
test_the_database_keeps_its_id(void **state)
{
	struct store_folder *f = *state;
	uint64_t id = store_database_id(f->store);

	assert_int_not_equal(id, 0);
	store_close(&f->store);
	f->store = store_open(f->path, f->base);
	assert_non_null(f->store);
	assert_int_equal(store_database_id(f->store), id);
}

static void
test_the_file_is_private(void **state)
{
	struct store_folder *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
test_a_newer_schema_is_refused(void **state)
{
	struct store_folder *f = *state;
	struct db *db;
	char sql[64];
	struct store *again;

	store_close(&f->store);
	db = db_open(f->path, DB_READ_WRITE, 0, "test");
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d",
		 schema_version() + 1);
	assert_int_equal(db_exec(db, sql), 0);
	db_close(&db);
	again = store_open(f->path, f->base);
	assert_null(again);
}

struct ring {
	struct store_job job;
	int64_t version;
	int64_t number;
};

static int
run_ring(struct store_job *job, struct db *db)
{
	struct ring *r = (struct ring *)job;
	const struct alerts_event e = {
		.id = "0123456789abcdef",
		.name = "opened",
		.version = r->version,
		.body = "{}",
		.alert = "{\"state\":\"open\"}",
	};

	return alerts_put(db, &e, &r->number);
}

static void
done_ring(struct store_job *job, int rc, enum db_fault fault)
{
	(void)job;
	(void)fault;
	assert_int_equal(rc, 0);
}

static void
test_alert_events_can_only_be_added(void **state)
{
	struct store_folder *f = *state;
	struct ring a = { .job = { .run = run_ring, .done = done_ring },
			  .version = 1 };
	struct ring b = { .job = { .run = run_ring, .done = done_ring },
			  .version = 2 };
	struct db *db;
	int64_t broken = 0;

	store_submit(f->store, &a.job);
	store_submit(f->store, &b.job);
	store_drain(f->store);
	assert_int_equal(b.number, a.number + 1);
	assert_int_equal(alerts_verify(store_reader(f->store), &broken), 0);
	store_close(&f->store);

	db = db_open(f->path, DB_READ_WRITE, 0, "test");
	assert_int_equal(db_exec(db, "DELETE FROM alert_event"), -1);
	assert_int_equal(db_exec(db, "UPDATE alert_event SET body='[]'"), -1);
	/* Who takes the triggers away is found by the chain. */
	assert_int_equal(
		db_exec(db, "DROP TRIGGER alert_event_stays;"
			    "UPDATE alert_event SET body='[]' WHERE number=1"),
		0);
	assert_int_equal(alerts_verify(db, &broken), 1);
	assert_int_equal(broken, 1);
	db_close(&db);
	f->store = store_open(f->path, f->base);
}

static void
on_slice(void *arg, long rows)
{
	*(long *)arg = rows;
}

#define DAY_US INT64_C(86400000000)

/* Only what is older than its age goes; an age of 0 keeps for ever. */
static void
test_what_is_old_is_deleted(void **state)
{
	struct store_folder *f = *state;
	struct put a = make_put(18000, 5, 1), b = make_put(18100, 6, 1);
	const int64_t now_us[2] = { 18110 * DAY_US, 18110 * DAY_US };
	struct retention_ages ages = { .counts = 50 };
	struct counts_vintage v;
	struct db *reader = store_reader(f->store);
	long rows = -2;

	put_now(f, &a);
	put_now(f, &b);
	assert_int_equal(
		retention_slice(f->store, &ages, now_us, on_slice, &rows), 0);
	store_drain(f->store);
	assert_int_equal(rows, 1);
	assert_int_equal(counts_at(reader, 18000, 3, INT64_MAX, &v), 0);
	assert_int_equal(counts_at(reader, 18100, 3, INT64_MAX, &v), 1);
	ages.counts = 0;
	assert_int_equal(
		retention_slice(f->store, &ages, now_us, on_slice, &rows), 0);
	store_drain(f->store);
	assert_int_equal(rows, 0);
	assert_int_equal(counts_at(reader, 18100, 3, INT64_MAX, &v), 1);
}

static int
look(const struct store_folder *f, int64_t bytes)
{
	struct db *db = db_open(f->path, DB_READ_WRITE, 0, "test");
	int rc;

	assert_non_null(db);
	rc = sound_pages(db, f->path, bytes);
	db_close(&db);
	return rc;
}

/* Spoils the first page of a table; put back by the next call of it. */
static void
flip_page(const struct store_folder *f, const char *table)
{
	struct db *db = db_open(f->path, DB_READ_WRITE, 0, "test");
	struct db_stmt *s =
		db_prepare(db, "SELECT (rootpage - 1) * page_size FROM"
			       " sqlite_schema, pragma_page_size WHERE name=?");
	FILE *file;
	long at;
	int c;

	db_bind_text(s, 1, table);
	assert_int_equal(db_step(s), 1);
	at = (long)db_int(s, 0);
	db_reset(s);
	db_close(&db);
	file = fopen(f->path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	c = fgetc(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fputc(c ^ 0x55, file), c ^ 0x55);
	assert_int_equal(fclose(file), 0);
}

/* Of a large file only the tables that do not grow with the counts. */
static void
test_damaged_pages_are_found(void **state)
{
	struct store_folder *f = *state;

	store_close(&f->store);
	assert_int_equal(look(f, 0), 0);
	assert_int_equal(look(f, INT64_MAX), 0);
	flip_page(f, "site_key");
	assert_int_equal(look(f, 0), -1);
	assert_int_equal(look(f, INT64_MAX), -1);
	flip_page(f, "site_key");
	flip_page(f, "counts");
	assert_int_equal(look(f, 0), -1);
	assert_int_equal(look(f, INT64_MAX), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
		TEST(test_first_count_is_kept),
		TEST(test_any_past_day_can_be_asked),
		TEST(test_an_older_revision_changes_nothing),
		TEST(test_a_count_without_revision_gets_a_larger_one),
		TEST(test_conflicts_settle_the_same_in_any_order),
		TEST(test_rows_together_are_rows_alone),
		TEST(test_a_failing_job_takes_nobody_with_it),
		TEST(test_the_log_stays_as_small_as_asked),
		TEST(test_the_database_keeps_its_id),
		TEST(test_the_file_is_private),
		TEST(test_a_newer_schema_is_refused),
		TEST(test_alert_events_can_only_be_added),
		TEST(test_what_is_old_is_deleted),
		TEST(test_damaged_pages_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
