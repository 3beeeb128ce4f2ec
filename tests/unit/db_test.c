#include "base/db.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/db_testXXXXXX";
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", dir);
	return 0;
}

static int
tear_down(void **state)
{
	char file[80];

	(void)state;
	for (int i = 0; i < 3; i++) {
		static const char *const tail[] = { "", "-wal", "-shm" };

		snprintf(file, sizeof(file), "%s%s", path, tail[i]);
		unlink(file);
	}
	return rmdir(dir);
}

static void
test_rows_and_nulls(void **state)
{
	struct db *db = db_open(path, DB_READ_WRITE, 100, "test");
	struct db_stmt *put, *get;
	struct stat st;

	(void)state;
	assert_non_null(db);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(db_exec(db, "CREATE TABLE t(a INT, b REAL, c TEXT)"), 0);
	put = db_prepare(db, "INSERT INTO t VALUES(?,?,?)");
	assert_non_null(put);
	assert_int_equal(db_begin(db), 0);
	db_bind_int(put, 1, 7);
	db_bind_double(put, 2, NAN);
	db_bind_text(put, 3, "x");
	assert_int_equal(db_run(put), 0);
	assert_int_equal(db_commit(db), 0);
	get = db_prepare(db, "SELECT a, b, c FROM t");
	assert_int_equal(db_step(get), 1);
	assert_int_equal(db_int(get, 0), 7);
	assert_true(isnan(db_double(get, 1)));
	assert_string_equal(db_text(get, 2), "x");
	assert_int_equal(db_step(get), 0);
	db_reset(get);
	db_close(&db);
	assert_null(db);
}

static void
test_a_reader_cannot_write(void **state)
{
	struct db *db = db_open(path, DB_READ_ONLY, 100, "test");

	(void)state;
	assert_non_null(db);
	assert_int_equal(db_exec(db, "DELETE FROM t"), -1);
	db_close(&db);
	assert_null(db_open("/nonexistent/x.db", DB_READ_ONLY, 1, "test"));
}

static void
test_rollback(void **state)
{
	struct db *db = db_open(path, DB_READ_WRITE, 100, "test");
	struct db_stmt *n;

	(void)state;
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_exec(db, "DELETE FROM t"), 0);
	db_rollback(db);
	n = db_prepare(db, "SELECT count(*) FROM t");
	assert_int_equal(db_step(n), 1);
	assert_int_equal(db_int(n, 0), 1);
	db_close(&db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_and_nulls),
		cmocka_unit_test(test_a_reader_cannot_write),
		cmocka_unit_test(test_rollback),
	};

	return cmocka_run_group_tests_name("db", tests, set_up, tear_down);
}
