#include "detectors/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_every_method_is_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; det_at(i) != NULL; i++)
		assert_ptr_equal(det_find(det_at(i)->name), det_at(i));
	assert_null(det_find("ears-c9"));
}

static void
test_defaults_lie_in_their_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; det_at(i) != NULL; i++) {
		const struct det_param *row = det_at(i)->param;

		for (; row->name != NULL; row++) {
			assert_true(row->def >= row->min);
			assert_true(row->def <= row->max);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_method_is_found_by_its_name),
		cmocka_unit_test(test_defaults_lie_in_their_ranges),
	};

	return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
