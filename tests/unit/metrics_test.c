/* The text of Prometheus: names, escapes, unknown numbers. */
#include "daemon/api/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
writes_names_types_and_values(void **state)
{
	struct metrics *m = metrics_new();
	size_t len;

	(void)state;
	metrics_one(m, "sites", "Sites known.", 3);
	metrics_name(m, "counts_total", "Counts.");
	metrics_value(m, "result", "a\"b\\c\nd", 12345678901.0);
	metrics_value(m, NULL, NULL, NAN);
	assert_string_equal(metrics_text(m, &len),
			    "# HELP tocsin_sites Sites known.\n"
			    "# TYPE tocsin_sites gauge\n"
			    "tocsin_sites 3\n"
			    "# HELP tocsin_counts_total Counts.\n"
			    "# TYPE tocsin_counts_total counter\n"
			    "tocsin_counts_total{result=\"a\\\"b\\\\c\\nd\"} "
			    "12345678901\n"
			    "tocsin_counts_total NaN\n");
	assert_int_equal(len, strlen(metrics_text(m, &len)));
	metrics_free(&m);
	assert_null(m);
}

static void
grows_as_far_as_it_must(void **state)
{
	struct metrics *m = metrics_new();
	size_t len;

	(void)state;
	for (int i = 0; i < 2000; i++)
		metrics_one(m, "x", "Again.", i);
	metrics_text(m, &len);
	assert_true(len > 2000 * 40);
	assert_non_null(strstr(metrics_text(m, &len), "tocsin_x 1999\n"));
	metrics_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_names_types_and_values),
		cmocka_unit_test(grows_as_far_as_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
