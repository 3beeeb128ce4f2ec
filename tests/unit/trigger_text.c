/* Triggers from a text, by way of a file. */
#include "tests/unit/trigger_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct trigger_set *
trigger_text(const struct registry *r, const char *text, conf_report *report,
	     void *arg)
{
	char path[] = "/tmp/trigger-XXXXXX";
	const char *const paths[] = { path };
	struct trigger_set *set;
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	set = trigger_load(paths, 1, r, report, arg);
	unlink(path);
	return set;
}

static void
wrong(void *arg, const char *message)
{
	(void)arg;
	fail_msg("%s", message);
}

struct trigger_set *
trigger_right(const struct registry *r, const char *text)
{
	struct trigger_set *set = trigger_text(r, text, wrong, NULL);

	assert_non_null(set);
	return set;
}
