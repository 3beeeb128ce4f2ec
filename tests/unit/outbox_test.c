#include "collectors/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/db.h"
#include "base/log.h"
#include "proto/wire.h"

#define DAY_MS 86400000LL

static char dir[64], path[96];
static struct wire_batch batch;
static uint8_t buf[WIRE_MAX_FRAME];
static const struct outbox_limits wide = { .waiting_bytes = 1 << 30,
					   .waiting_ms = 90 * DAY_MS,
					   .keep_ms = 30 * DAY_MS,
					   .keep_bytes = 1 << 30 };

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/outbox-test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/outbox.db", dir);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static struct outbox *
open_it(const struct outbox_limits *limits)
{
	struct outbox *o = outbox_open(path, false, limits);

	assert_non_null(o);
	return o;
}

static int
add(struct outbox *o, uint32_t value)
{
	long n;

	memset(&batch, 0, sizeof(batch));
	batch.sender = (struct wire_text){ "school-7", 8 };
	batch.series_n = batch.counts_n = 1;
	batch.series[0].site = batch.sender;
	batch.series[0].indicator = (struct wire_text){ "absence", 7 };
	batch.counts[0].day = 18321;
	batch.counts[0].value = value;
	batch.counts[0].revision = 1;
	n = wire_batch_encode(outbox_epoch(o), outbox_last(o) + 1, &batch, buf,
			      sizeof(buf));
	assert_true(n > 0);
	return outbox_add(o, buf, (size_t)n, 1, "420102");
}

static void
put(struct outbox *o, uint32_t value, int64_t now)
{
	assert_int_equal(outbox_begin(o, now), 0);
	assert_int_equal(add(o, value), 0);
	assert_int_equal(outbox_commit(o), 0);
}

static uint32_t
value_of(struct outbox *o, uint64_t seq)
{
	const uint8_t *frame, *body;
	const char *county;
	struct wire_header h;
	size_t len;

	assert_int_equal(outbox_frame(o, seq, &frame, &len, &county), 1);
	assert_int_equal(wire_open(frame, len, &h, &body), WIRE_OK);
	assert_int_equal(h.seq, seq);
	assert_true(h.epoch == outbox_epoch(o));
	assert_string_equal(county, "420102");
	assert_int_equal(wire_batch_decode(body, h.body_bytes, &batch), WIRE_OK);
	return batch.counts_n == 0 ? UINT32_MAX : batch.counts[0].value;
}

static void
test_keeps_across_open(void **state)
{
	struct outbox *o = open_it(&wide);
	uint64_t epoch = outbox_epoch(o);
	uint32_t revision;

	(void)state;
	assert_int_equal(outbox_last(o), 0);
	assert_int_equal(outbox_first(o), 1);
	put(o, 11, 1000);
	put(o, 12, 2000);
	assert_int_equal(outbox_begin(o, 3000), 0);
	assert_int_equal(add(o, 13), 0);
	revision = outbox_revision(o, 500);
	assert_int_equal(outbox_last(o), 3);
	outbox_rollback(o);
	assert_int_equal(outbox_last(o), 2);
	assert_int_equal(outbox_begin(o, 3000), 0);
	assert_int_equal(outbox_revision(o, 500), revision);
	assert_int_equal(outbox_revision(o, 500), revision + 1);
	assert_int_equal(outbox_revision(o, 400), revision + 2);
	assert_int_equal(outbox_commit(o), 0);
	outbox_close(&o);
	o = open_it(&wide);
	assert_true(outbox_epoch(o) == epoch);
	assert_int_equal(outbox_last(o), 2);
	assert_int_equal(value_of(o, 1), 11);
	assert_int_equal(value_of(o, 2), 12);
	assert_int_equal(outbox_begin(o, 3000), 0);
	assert_int_equal(outbox_revision(o, 400), revision + 3);
	outbox_rollback(o);
	outbox_close(&o);
}

/* A process that dies at every step leaves all of a commit or nothing. */
static void
test_dies_at_every_step(void **state)
{
	(void)state;
	for (int step = 0; step < 5; step++) {
		struct outbox_input in = { .rows = 1 };
		struct outbox *o;
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			o = outbox_open(path, false, &wide);
			if (step > 0 && outbox_begin(o, 1000) != 0)
				_exit(1);
			if (step > 1 && add(o, 100 + (uint32_t)step) != 0)
				_exit(1);
			if (step > 2 &&
			    outbox_input_put(o, "token", "a.csv", &in) < 0)
				_exit(1);
			if (step > 3 && outbox_commit(o) != 0)
				_exit(1);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		o = open_it(&wide);
		assert_int_equal(outbox_last(o), step > 3 ? 1 : 0);
		assert_int_equal(outbox_input_get(o, "token", &in),
				 step > 3 ? 1 : 0);
		if (step > 3)
			assert_int_equal(value_of(o, 1), 104);
		outbox_close(&o);
	}
}

static void
test_full_refuses_and_keeps(void **state)
{
	struct outbox_limits small = wide;
	struct outbox *o;
	int n = 0, rc = 0;

	(void)state;
	small.waiting_bytes = 1000;
	o = open_it(&small);
	while (rc == 0) {
		assert_int_equal(outbox_begin(o, 1000), 0);
		rc = add(o, (uint32_t)n);
		if (rc != 0) {
			outbox_rollback(o);
			break;
		}
		assert_int_equal(outbox_commit(o), 0);
		n++;
	}
	assert_int_equal(rc, 1);
	assert_in_range(n, 5, 20);
	assert_non_null(strstr(outbox_why(o), "nothing is lost"));
	assert_int_equal(outbox_last(o), n);
	for (int i = 0; i < n; i++)
		assert_int_equal(value_of(o, (uint64_t)i + 1), i);
	/* A centre takes some: there is room again. */
	assert_int_equal(outbox_durable(o, "a", "tcp://a", 3, true, 2000), 0);
	put(o, 77, 3000);
	outbox_close(&o);
	/* The oldest has waited too long. */
	o = open_it(&wide);
	assert_int_equal(outbox_begin(o, 1000 + 91 * DAY_MS), 1);
	assert_non_null(strstr(outbox_why(o), "91 days"));
	outbox_close(&o);
}

/* SQLite says FULL for a file that may not grow as for a full disk. */
static void
test_full_disk_refuses_and_keeps(void **state)
{
	struct outbox *o = open_it(&wide);
	int n = 0, rc = 0;

	(void)state;
	assert_int_equal(db_exec(outbox_db(o), "PRAGMA max_page_count = 24"), 0);
	while (rc == 0 && n < 2000) {
		assert_int_equal(outbox_begin(o, 1000), 0);
		rc = add(o, (uint32_t)n);
		if (rc == 0)
			rc = outbox_commit(o);
		else
			outbox_rollback(o);
		n += rc == 0;
	}
	assert_int_equal(rc, 1);
	assert_non_null(strstr(outbox_why(o), "disk is full"));
	assert_int_equal(outbox_last(o), n);
	assert_int_equal(value_of(o, (uint64_t)n), n - 1);
	assert_int_equal(db_exec(outbox_db(o), "PRAGMA max_page_count = 10000"),
			 0);
	put(o, 7, 2000);
	assert_int_equal(value_of(o, (uint64_t)n + 1), 7);
	outbox_close(&o);
}

static void
test_positions_of_centres(void **state)
{
	struct outbox *o = open_it(&wide);
	struct outbox_centre c;
	struct outbox_depth d;

	(void)state;
	for (uint32_t i = 1; i <= 10; i++)
		put(o, i, 1000 * i);
	assert_int_equal(outbox_centre(o, "a", &c), 0);
	assert_int_equal(c.seq, 0);
	assert_int_equal(outbox_durable(o, "a", "tcp://a", 7, true, 20000), 0);
	assert_int_equal(outbox_depth(o, &d), 0);
	assert_int_equal(d.frames, 3);
	assert_int_equal(d.counts, 3);
	assert_int_equal(d.oldest_ms, 8000);
	assert_int_equal(d.acked_ms, 20000);
	/* The other centre has less; then the first is back, restored. */
	assert_int_equal(outbox_durable(o, "b", "tcp://b", 2, false, 21000), 0);
	assert_int_equal(outbox_depth(o, &d), 0);
	assert_int_equal(d.frames, 8);
	assert_int_equal(outbox_durable(o, "a2", "tcp://a", 5, false, 22000), 0);
	assert_int_equal(outbox_centre_at(o, "tcp://a", &c), 0);
	assert_string_equal(c.id, "a2");
	assert_int_equal(c.seq, 5);
	assert_true(c.crc != 0);
	outbox_close(&o);
	o = open_it(&wide);
	assert_int_equal(outbox_depth(o, &d), 0);
	assert_int_equal(d.durable, 5);
	assert_int_equal(d.frames, 5);
	assert_int_equal(value_of(o, 1), 1);
	outbox_close(&o);
}

static void
test_prunes_only_what_may_go(void **state)
{
	struct outbox *o = open_it(&wide);
	struct outbox_centre c;

	(void)state;
	for (uint32_t i = 1; i <= 10; i++)
		put(o, i, DAY_MS);
	assert_int_equal(outbox_durable(o, "a", "x", 4, true, DAY_MS), 0);
	assert_int_equal(outbox_durable(o, "a", "x", 8, true, 20 * DAY_MS), 0);
	assert_int_equal(outbox_first(o), 1);
	assert_int_equal(outbox_durable(o, "a", "x", 8, false, 40 * DAY_MS), 0);
	assert_int_equal(outbox_first(o), 5);
	/* Not past what a restored centre has. */
	assert_int_equal(outbox_durable(o, "a", "x", 6, false, 90 * DAY_MS), 0);
	assert_int_equal(outbox_durable(o, "a", "x", 6, false, 190 * DAY_MS), 0);
	assert_int_equal(outbox_first(o), 7);
	assert_int_equal(value_of(o, 7), 7);
	/* All gone: the numbers go on, the last crc is still known. */
	assert_int_equal(outbox_durable(o, "a", "x", 10, true, 200 * DAY_MS), 0);
	assert_int_equal(outbox_durable(o, "a", "x", 10, false, 300 * DAY_MS), 0);
	assert_int_equal(outbox_first(o), 11);
	assert_int_equal(outbox_centre(o, "a", &c), 0);
	assert_true(c.crc != 0);
	outbox_close(&o);
	o = open_it(&wide);
	assert_int_equal(outbox_first(o), 11);
	put(o, 11, 301 * DAY_MS);
	assert_int_equal(value_of(o, 11), 11);
	outbox_close(&o);
}

static void
test_kept_bytes_are_bounded(void **state)
{
	struct outbox_limits small = wide;
	struct outbox *o;
	struct outbox_depth d;

	(void)state;
	small.keep_bytes = 2000;
	o = open_it(&small);
	for (uint32_t i = 1; i <= 200; i++) {
		put(o, i, 1000);
		assert_int_equal(outbox_durable(o, "a", "x", i, true, 1000), 0);
	}
	assert_int_equal(outbox_depth(o, &d), 0);
	assert_in_range(d.kept_bytes, 1000, 2200);
	assert_int_equal(value_of(o, 200), 200);
	outbox_close(&o);
}

static void
test_damaged_frame_does_not_block(void **state)
{
	struct outbox *o = open_it(&wide);
	struct outbox_depth d;
	struct db *db;

	(void)state;
	put(o, 1, 1000);
	put(o, 2, 1000);
	outbox_close(&o);
	db = db_open(path, DB_READ_WRITE, 100, "test");
	assert_int_equal(db_exec(db, "UPDATE frames SET frame ="
				     " CAST(substr(frame, 1, length(frame) - 1)"
				     " || x'aa' AS BLOB)"
				     " WHERE seq = 1"),
			 0);
	db_close(&db);
	o = open_it(&wide);
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(value_of(o, 1), UINT32_MAX);
	assert_int_equal(value_of(o, 1), UINT32_MAX);
	assert_int_equal(value_of(o, 2), 2);
	assert_int_equal(outbox_depth(o, &d), 0);
	assert_int_equal(d.rejected, 1);
	outbox_close(&o);
}

static void
test_renew(void **state)
{
	struct outbox *o = open_it(&wide);
	uint64_t epoch = outbox_epoch(o);

	(void)state;
	for (uint32_t i = 1; i <= 10; i++)
		put(o, i, DAY_MS);
	assert_int_equal(outbox_durable(o, "a", "x", 4, true, DAY_MS), 0);
	assert_int_equal(outbox_durable(o, "a", "x", 4, true, 40 * DAY_MS), 0);
	assert_int_equal(outbox_first(o), 5);
	assert_int_equal(outbox_renew(o), 6);
	assert_true(outbox_epoch(o) != epoch);
	assert_int_equal(outbox_first(o), 1);
	assert_int_equal(outbox_last(o), 6);
	for (uint32_t i = 1; i <= 6; i++)
		assert_int_equal(value_of(o, i), i + 4);
	outbox_close(&o);
	o = open_it(&wide);
	assert_int_equal(outbox_last(o), 6);
	assert_int_equal(value_of(o, 6), 10);
	outbox_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keeps_across_open, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_dies_at_every_step, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_full_refuses_and_keeps,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk_refuses_and_keeps,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_positions_of_centres,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prunes_only_what_may_go,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kept_bytes_are_bounded,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_damaged_frame_does_not_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renew, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
