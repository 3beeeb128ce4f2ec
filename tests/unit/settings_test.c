#include "collectors/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char *
slurp(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Every key stands in etc/collect.conf, below its block's name. */
static void
test_shipped_file_names_every_key(void **state)
{
	const char *text = slurp("etc/collect.conf");

	(void)state;
	for (const struct conf_block *b = settings_blocks; b->name != NULL; b++) {
		char head[64];
		const char *at, *end;

		snprintf(head, sizeof(head), b->titled ? "# %s \"" : "\n%s {",
			 b->name);
		at = strstr(text, head);
		if (at == NULL)
			fail_msg("no block %s", b->name);
		end = strstr(at, b->titled ? "\n# }" : "\n}");
		assert_non_null(end);
		for (const struct conf_key *k = b->key; k->name != NULL; k++) {
			char line[64];
			const char *found;

			snprintf(line, sizeof(line), "%s = ", k->name);
			found = strstr(at, line);
			if (found == NULL || found > end)
				fail_msg("%s: no key %s", b->name, k->name);
		}
	}
}

static void
test_manual_names_every_key(void **state)
{
	const char *text = slurp("docs/man/tocsin-collect.1");

	(void)state;
	for (const struct conf_block *b = settings_blocks; b->name != NULL; b++) {
		for (const struct conf_key *k = b->key; k->name != NULL; k++) {
			char item[96];

			snprintf(item, sizeof(item), ".It Cm %s.%s\n", b->name,
				 k->name);
			if (strstr(text, item) == NULL)
				fail_msg("no %s", item);
		}
	}
}

static void
test_shipped_file_loads(void **state)
{
	const struct settings_flags flags = { .conf = "etc/collect.conf",
					      .state = "/tmp/none",
					      .site = "school-7",
					      .centre = { "tcp://127.0.0.1:1" },
					      .centres = 1 };
	struct settings s;

	(void)state;
	assert_int_equal(settings_load(&s, &flags, true), 0);
	assert_string_equal(s.code, "school-7");
	assert_string_equal(s.drop, "/tmp/none/drop");
	assert_string_equal(s.centre[0].address, "tcp://127.0.0.1:1");
	assert_string_equal(s.brokers, "");
	assert_true(s.outbox->keep_ms == 30LL * 86400000);
	settings_free(&s);
}

static void
test_what_is_refused(void **state)
{
	static const struct settings_flags bad[] = {
		{ .state = "/tmp/none", .site = "school-7" }, /* no centre */
		{ .state = "/tmp/none",
		  .site = "",
		  .centre = { "tcp://a:1" },
		  .centres = 1 },
		{ .state = "/tmp/none",
		  .site = "two words",
		  .centre = { "tcp://a:1" },
		  .centres = 1 },
		{ .state = "/tmp/none",
		  .site = "a",
		  .centre = { "a:1" },
		  .centres = 1 },
		{ .state = "/tmp/none",
		  .site = "a",
		  .centre = { "tcp://a:1" },
		  .centres = 1,
		  .key = "short" },
		{ .state = "/tmp/none", .site = "a", .kafka = "b:1" },
		{ .state = "/tmp/none", .conf = "/nonexistent/file" },
	};
	struct settings s;

	(void)state;
	if (freopen("/dev/null", "w", stderr) == NULL)
		fail();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(settings_load(&s, &bad[i], true), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_file_names_every_key),
		cmocka_unit_test(test_manual_names_every_key),
		cmocka_unit_test(test_shipped_file_loads),
		cmocka_unit_test(test_what_is_refused),
	};

	unsetenv("STATE_DIRECTORY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
