/* Jobs in two parts: what is durable when, in which order, after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <event2/event.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/counts.h"
#include "daemon/store/meta.h"
#include "daemon/store/store.h"
#include "daemon/store/unfolded.h"
#include "tests/unit/store_folder.h"

#define DAY 18000

struct fixture {
	struct store_folder at;
	/* What happened on the thread: "lA" log of A, "rA" run of A. */
	char story[128];
	/* On the loop: "dA" logged() of A, "eA" done(), "fA" a failed one. */
	char told[128];
	atomic_bool hold; /* the thread waits in a job */
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	store_folder_make(&f->at);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	store_folder_drop(&f->at);
	free(f);
	return 0;
}

/* A frame of one count, as the intake has it. */
struct frame {
	struct store_job job;
	struct fixture *f;
	char name;
	struct counts_row row;
	int fail;	/* so many runs fail after they wrote */
	bool never_log; /* log fails */
	int rc, dones;
};

static void
note(char *story, char what, char name)
{
	size_t len = strlen(story);

	assert_true(len < 120);
	story[len] = what;
	story[len + 1] = name;
	story[len + 2] = '\0';
}

static int
log_one(struct store_job *job, struct db *db)
{
	struct frame *x = (struct frame *)job;

	note(x->f->story, 'l', x->name);
	if (x->never_log)
		return -1;
	return job->split ? unfolded_put(db, x->name, 1000, &x->row, 1) : 0;
}

static int
run_one(struct store_job *job, struct db *db)
{
	struct frame *x = (struct frame *)job;

	note(x->f->story, 'r', x->name);
	if (counts_put(db, &x->row, 1, x->name, 1000) < 0)
		return -1;
	if (job->log != NULL && job->split && job->last &&
	    unfolded_drop(db, x->name) < 0)
		return -1;
	return x->fail-- > 0 ? -1 : 0;
}

static void
logged_one(struct store_job *job)
{
	struct frame *x = (struct frame *)job;

	note(x->f->told, 'd', x->name);
}

static void
done_one(struct store_job *job, int rc, enum db_fault fault)
{
	struct frame *x = (struct frame *)job;

	(void)fault;
	note(x->f->told, rc == 0 ? 'e' : 'f', x->name);
	x->rc = rc;
	x->dones++;
}

static struct frame
make(struct fixture *f, char name, bool two_parts)
{
	struct frame x = {
		.job = { .run = run_one, .done = done_one },
		.f = f,
		.name = name,
		.row = { .day = DAY, .series = (uint32_t)name },
	};

	x.row.came = (struct cell){ .value = 5, .revision = 1 };
	if (two_parts) {
		x.job.log = log_one;
		x.job.logged = logged_one;
	}
	return x;
}

static int
run_hold(struct store_job *job, struct db *db)
{
	struct frame *x = (struct frame *)job;

	(void)db;
	while (atomic_load(&x->f->hold))
		usleep(1000);
	return 0;
}

/* Until let_go() the thread waits, so that all that follows waits too. */
static struct frame
hold(struct fixture *f)
{
	struct frame x = make(f, '-', false);

	x.job.run = run_hold;
	atomic_store(&f->hold, true);
	return x;
}

static bool
is_kept(struct fixture *f, char name)
{
	struct counts_vintage v;

	return counts_at(store_reader(f->at.store), DAY, (uint32_t)name,
			 INT64_MAX, &v) == 1;
}

static void
test_little_is_one_transaction(void **state)
{
	struct fixture *f = *state;
	struct frame a = make(f, 'A', true);

	store_split_above(f->at.store, 10);
	store_submit(f->at.store, &a.job);
	store_drain(f->at.store);
	assert_false(a.job.split);
	assert_string_equal(f->story, "lArA");
	assert_string_equal(f->told, "dAeA");
	assert_true(is_kept(f, 'A'));
}

/* First parts go before, second parts keep the order; C waits for B. */
static void
test_much_is_logged_first(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame a2 = make(f, 'a', true), b = make(f, 'B', false);
	struct frame c = make(f, 'C', true);

	store_split_above(f->at.store, 0);
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &a2.job);
	store_submit(f->at.store, &b.job);
	store_submit(f->at.store, &c.job);
	atomic_store(&f->hold, false);
	store_drain(f->at.store);
	assert_string_equal(f->story, "lAlarArarBlCrC");
	assert_true(a.job.split && c.job.split);
	assert_int_equal(a.rc + a2.rc + b.rc + c.rc, 0);
	assert_ptr_equal(strstr(f->told, "dA") < strstr(f->told, "eA"), true);
	assert_true(is_kept(f, 'A') && is_kept(f, 'a') && is_kept(f, 'B') &&
		    is_kept(f, 'C'));
}

static void
test_what_cannot_be_logged_fails_alone(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame b = make(f, 'B', true);

	store_split_above(f->at.store, 0);
	a.never_log = true;
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &b.job);
	atomic_store(&f->hold, false);
	store_drain(f->at.store);
	assert_int_equal(a.rc, -1);
	assert_int_equal(b.rc, 0);
	assert_null(strstr(f->told, "dA"));
	assert_false(is_kept(f, 'A'));
	assert_true(is_kept(f, 'B'));
}

/* A second part is tried until it can be done, and nothing overtakes it. */
static void
test_a_second_part_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame b = make(f, 'B', true);

	store_split_above(f->at.store, 0);
	a.fail = 2;
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &b.job);
	atomic_store(&f->hold, false);
	while (b.dones == 0)
		event_base_loop(f->at.base, EVLOOP_ONCE);
	assert_int_equal(a.dones, 1);
	assert_int_equal(a.rc + b.rc, 0);
	assert_ptr_equal(strstr(f->told, "eA") < strstr(f->told, "eB"), true);
	assert_true(is_kept(f, 'A') && is_kept(f, 'B'));
}

static int64_t
left(const struct fixture *f)
{
	struct db *db = db_open(f->at.path, DB_READ_ONLY, 1000, "test");
	struct db_stmt *s = db_prepare(db, "SELECT count(*) FROM unfolded");
	int64_t n;

	assert_int_equal(db_step(s), 1);
	n = db_int(s, 0);
	db_close(&db);
	return n;
}

static uint64_t
commits(struct fixture *f)
{
	struct store_stats stats;

	store_stats(f->at.store, &stats);
	return stats.commits;
}

/*
 * While frames wait, the second part of one is done in the transaction that
 * logs the next; A fills a transaction alone.
 */
static void
test_a_second_part_goes_with_what_waits(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame b = make(f, 'B', true), c = make(f, 'C', true);
	uint64_t before = commits(f);

	store_split_above(f->at.store, 0);
	a.job.weight = 1000000;
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &b.job);
	store_submit(f->at.store, &c.job);
	atomic_store(&f->hold, false);
	store_drain(f->at.store);
	assert_string_equal(f->story, "lArAlBlCrBrC");
	assert_int_equal(commits(f) - before, 4);
	assert_true(is_kept(f, 'A') && is_kept(f, 'B') && is_kept(f, 'C'));
	assert_int_equal(left(f), 0);
}

/* One that cannot be logged takes nothing else with it. */
static void
test_a_second_part_outlives_what_it_goes_with(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame b = make(f, 'B', true), c = make(f, 'C', true);

	store_split_above(f->at.store, 0);
	a.job.weight = 1000000;
	b.never_log = true;
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &b.job);
	store_submit(f->at.store, &c.job);
	atomic_store(&f->hold, false);
	store_drain(f->at.store);
	assert_string_equal(f->story, "lArAlBrAlBlBlCrC");
	assert_int_equal(b.rc, -1);
	assert_int_equal(a.rc + c.rc, 0);
	assert_null(strstr(f->told, "dB"));
	assert_true(is_kept(f, 'A') && is_kept(f, 'C'));
	assert_false(is_kept(f, 'B'));
	assert_int_equal(left(f), 0);
}

/* What is acknowledged and not in place at the end is at the next start. */
static void
test_a_start_puts_in_place_what_is_left(void **state)
{
	struct fixture *f = *state;
	struct frame h = hold(f), a = make(f, 'A', true);
	struct frame b = make(f, 'B', true);
	struct counts_vintage v;

	store_split_above(f->at.store, 0);
	a.fail = 1000;
	a.row.came = (struct cell){ .value = 7,
				    .denominator = 9,
				    .revision = 3,
				    .flags = CELL_DENOMINATOR | CELL_PARTIAL };
	store_submit(f->at.store, &h.job);
	store_submit(f->at.store, &a.job);
	store_submit(f->at.store, &b.job);
	atomic_store(&f->hold, false);
	store_drain(f->at.store);
	assert_int_equal(a.rc, -1);
	assert_non_null(strstr(f->told, "dA"));
	assert_false(is_kept(f, 'A'));
	store_close(&f->at.store);
	assert_int_not_equal(left(f), 0);
	f->at.store = store_open(f->at.path, f->at.base);
	assert_non_null(f->at.store);
	assert_int_equal(left(f), 0);
	assert_int_equal(
		counts_at(store_reader(f->at.store), DAY, 'A', INT64_MAX, &v), 1);
	assert_int_equal(v.cell.value, 7);
	assert_int_equal(v.cell.denominator, 9);
	assert_int_equal(v.cell.revision, 3);
	assert_int_equal(v.cell.flags, CELL_DENOMINATOR | CELL_PARTIAL);
	assert_int_equal(v.recv_s, 1000);
	assert_true(is_kept(f, 'B'));
}

static int
run_extremes(struct store_job *job, struct db *db)
{
	static const struct counts_row row[] = {
		{ .day = -40000,
		  .series = UINT32_MAX,
		  .came = { UINT32_MAX, UINT32_MAX, UINT32_MAX, 7 } },
		{ .day = INT32_MAX, .series = 1, .came = { 0, 0, 1, 0 } },
		{ .day = INT32_MIN, .series = 2, .came = { 3, 1, 1, 1 } },
		{ .day = 0, .series = UINT32_MAX, .came = { 1, 0, 9, 2 } },
	};

	(void)job;
	return unfolded_put(db, 77, -5, row, 4);
}

/* Any numbers come back as they were. */
static void
test_any_row_is_kept_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct frame x = make(f, 'X', false);
	struct counts_vintage v;
	struct db *db;

	x.job.run = run_extremes;
	store_submit(f->at.store, &x.job);
	store_drain(f->at.store);
	store_close(&f->at.store);
	f->at.store = store_open(f->at.path, f->at.base);
	assert_non_null(f->at.store);
	db = store_reader(f->at.store);
	assert_int_equal(counts_at(db, -40000, UINT32_MAX, INT64_MAX, &v), 1);
	assert_true(v.cell.value == UINT32_MAX &&
		    v.cell.denominator == UINT32_MAX &&
		    v.cell.revision == UINT32_MAX && v.cell.flags == 7);
	assert_int_equal(v.recv_s, -5);
	assert_int_equal(counts_at(db, INT32_MAX, 1, INT64_MAX, &v), 1);
	assert_true(v.cell.value == 0 && v.cell.revision == 1);
	assert_int_equal(counts_at(db, INT32_MIN, 2, INT64_MAX, &v), 1);
	assert_true(v.cell.value == 3 && v.cell.denominator == 1);
	assert_int_equal(counts_at(db, 0, UINT32_MAX, INT64_MAX, &v), 1);
	assert_true(v.cell.revision == 9 && v.cell.flags == 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_little_is_one_transaction,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_much_is_logged_first,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_cannot_be_logged_fails_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_second_part_is_tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_second_part_goes_with_what_waits, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_second_part_outlives_what_it_goes_with, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_start_puts_in_place_what_is_left, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_any_row_is_kept_as_it_is,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
