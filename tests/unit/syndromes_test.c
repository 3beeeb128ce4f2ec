#include "collectors/syndromes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct syndromes *rules;

/* The names of the set bits, in order, joined by spaces. */
static const char *
names(uint64_t mask)
{
	static char buf[512];

	buf[0] = '\0';
	for (size_t i = 0; i < syndromes_count(rules); i++) {
		if ((mask >> i & 1) == 0)
			continue;
		if (buf[0] != '\0')
			strcat(buf, " ");
		strcat(buf, syndromes_name(rules, i));
	}
	return buf;
}

static void
assert_words(const char *text, const char *want)
{
	assert_string_equal(
		names(syndromes_by_text(
			rules, (struct wire_text){ text, strlen(text) })),
		want);
}

static void
assert_code(const char *code, const char *want)
{
	assert_string_equal(
		names(syndromes_by_code(
			rules, (struct wire_text){ code, strlen(code) })),
		want);
}

static void
test_words(void **state)
{
	(void)state;
	assert_words("FEVER and Cough since Monday",
		     "fever-visit ili-visit ari-visit");
	assert_words("no fever, cough", "ari-visit");
	assert_words("coughing", "ari-visit");
	assert_words("hay fever", "");
	assert_words("fluid in the knee", "");
	assert_words("wants a flu shot", "");
	assert_words("flu", "ili-visit");
	assert_words("Vomiting/diarrhoea x3", "gi-visit");
	assert_words("发热伴咳嗽三天", "fever-visit ili-visit ari-visit");
	assert_words("否认发热，腹泻", "gi-visit");
	assert_words("COVID19 contact", "cli-visit");
	assert_words("", "");
	assert_words("broken arm", "");
}

static void
test_codes(void **state)
{
	(void)state;
	assert_code("J11.1", "ili-visit ari-visit");
	assert_code("j111", "ili-visit ari-visit");
	assert_code("R197", "gi-visit");
	assert_code("R19.1", "");
	assert_code("R1", "");
	assert_code("U071", "ari-visit cli-visit");
	assert_code("", "");
}

static void
test_bytes_of_any_kind(void **state)
{
	char text[600];

	(void)state;
	srand(11);
	for (int i = 0; i < 3000; i++) {
		size_t n = (size_t)rand() % sizeof(text);

		for (size_t k = 0; k < n; k++)
			text[k] = (char)(rand() % 3 == 0
						 ? "fever+cou gh*"[rand() % 13]
						 : rand() % 256);
		syndromes_by_text(rules, (struct wire_text){ text, n });
		syndromes_by_code(rules, (struct wire_text){ text, n });
	}
}

static void
test_bad_files(void **state)
{
	static const char *const bad[] = { "", "syndrome \"\" { }\n",
					   "syndrome \"a\" { wods = {} }\n" };
	char path[] = "/tmp/syndromes-test.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	if (freopen("/dev/null", "w", stderr) == NULL)
		fail();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bad[i], strlen(bad[i]), 0),
				 strlen(bad[i]));
		assert_null(syndromes_load(path));
	}
	close(fd);
	unlink(path);
	assert_null(syndromes_load("/nonexistent"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_bytes_of_any_kind),
		cmocka_unit_test(test_bad_files),
	};
	int rc;

	rules = syndromes_load("etc/syndromes.conf");
	if (rules == NULL)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	syndromes_free(&rules);
	return rc;
}
