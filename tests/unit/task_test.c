/* Tasks: whom an alert asks to verify. */
#include "daemon/desk/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TODAY 20000

static char err[256];

/* A county, a township t in it, another county k2. */
static struct registry *
world(void)
{
	static const struct {
		const char *code, *parent;
		enum reg_level level;
	} areas[] = { { "p", NULL, REG_PROVINCE },
		      { "k1", "p", REG_COUNTY },
		      { "t", "k1", REG_TOWNSHIP },
		      { "k2", "p", REG_COUNTY } };
	struct registry *r = registry_new();

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		const struct reg_area a = { .code = areas[i].code,
					    .name = areas[i].code,
					    .level = areas[i].level };

		assert_int_equal(registry_add_area(r, &a, areas[i].parent, err,
						   sizeof(err)),
				 i);
	}
	return r;
}

static json_t *
row(const char *site, const char *area)
{
	return json_pack("{s:s?, s:s}", "site", site, "area", area);
}

static const char *
text(const json_t *view, size_t i, const char *key)
{
	const char *t = json_string_value(json_object_get(
		json_array_get(json_object_get(view, "tasks"), i), key));

	return t == NULL ? "" : t;
}

static size_t
tasks(const json_t *view)
{
	return json_array_size(json_object_get(view, "tasks"));
}

static void
test_a_township_is_asked_with_its_site(void **state)
{
	struct registry *r = world();
	const struct task_wish wish = {
		.registry = r, .area = 1, .today = TODAY, .due_ms = 7
	};
	json_t *view = json_object(), *evidence = json_array();

	(void)state;
	json_array_append_new(evidence, row("school", "t"));
	json_array_append_new(evidence, row(NULL, "k1"));
	json_array_append_new(evidence, row("clinic", "k1"));
	task_add(view, evidence, &wish);
	assert_int_equal(tasks(view), 3);
	assert_string_equal(text(view, 0, "site"), "");
	assert_string_equal(text(view, 0, "area"), "t");
	assert_string_equal(text(view, 1, "site"), "school");
	assert_string_equal(text(view, 2, "site"), "clinic");
	assert_string_equal(text(view, 2, "state"), "open");
	assert_string_equal(text(view, 2, "what"), "verify");
	/* Nobody is asked twice. */
	task_add(view, evidence, &wish);
	assert_int_equal(tasks(view), 3);
	json_decref(evidence);
	json_decref(view);
	registry_free(&r);
}

static bool
in_k2(const void *arg, uint32_t area)
{
	(void)arg;
	return area == 3;
}

static void
test_the_clearest_are_asked_where_nobody_else_does(void **state)
{
	struct registry *r = world();
	const struct task_wish wish = {
		.registry = r, .area = 0, .today = TODAY, .due_ms = -1, .asked = in_k2
	};
	json_t *view = json_object(), *evidence = json_array();

	(void)state;
	json_array_append_new(evidence, row("theirs", "k2"));
	for (int i = 0; i < 9; i++) {
		char site[16];

		snprintf(site, sizeof(site), "s%d", i);
		json_array_append_new(evidence, row(site, "k1"));
	}
	task_add(view, evidence, &wish);
	assert_int_equal(tasks(view), 5);
	assert_string_equal(text(view, 0, "site"), "s0");
	assert_true(json_is_null(json_object_get(
		json_array_get(json_object_get(view, "tasks"), 0), "due_ms")));
	for (int i = 0; i < 9; i++)
		task_add(view, evidence, &wish);
	assert_int_equal(tasks(view), 9);
	json_decref(evidence);
	json_decref(view);
	registry_free(&r);
}

static void
test_a_task_is_found_by_its_number(void **state)
{
	struct registry *r = world();
	const struct task_wish wish = {
		.registry = r, .area = 1, .today = TODAY, .due_ms = -1
	};
	json_t *view = json_object(), *evidence = json_array();

	(void)state;
	assert_null(task_find(view, "1"));
	json_array_append_new(evidence, row("clinic", "k1"));
	task_add(view, evidence, &wish);
	assert_null(task_find(view, "0"));
	assert_null(task_find(view, "2"));
	assert_null(task_find(view, "-1"));
	assert_null(task_find(view, "1x"));
	assert_null(task_find(view, ""));
	assert_null(task_find(view, "99999999999999999999999"));
	assert_false(task_is_done(task_find(view, "1")));
	task_finish(task_find(view, "1"), "li", "true", 9);
	assert_true(task_is_done(task_find(view, "1")));
	json_decref(evidence);
	json_decref(view);
	registry_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_township_is_asked_with_its_site),
		cmocka_unit_test(
			test_the_clearest_are_asked_where_nobody_else_does),
		cmocka_unit_test(test_a_task_is_found_by_its_number),
	};

	return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
