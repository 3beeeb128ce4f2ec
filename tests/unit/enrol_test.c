#include "proto/enrol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct enrol_invitation sample = {
	.site = "学校-7",
	.enrol = "tcp://192.0.2.1:8652",
	.centre = "tcp://192.0.2.1:8651",
	.key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
	.secret = "Zq3-x_9",
};

static void
test_invitation(void **state)
{
	char text[ENROL_TEXT_BYTES];
	struct enrol_invitation back;
	size_t n = enrol_invitation_write(&sample, text, sizeof(text));

	(void)state;
	assert_true(n > 0);
	assert_int_equal(strlen(text), n);
	assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				      "nopqrstuvwxyz0123456789-_."),
			 n);
	assert_int_equal(enrol_invitation_read(text, n, &back), 0);
	assert_string_equal(back.site, sample.site);
	assert_string_equal(back.enrol, sample.enrol);
	assert_string_equal(back.centre, sample.centre);
	assert_string_equal(back.key, sample.key);
	assert_string_equal(back.secret, sample.secret);
	assert_int_equal(enrol_invitation_write(&sample, text, 40), 0);
}

static void
test_bad_invitations(void **state)
{
	char text[ENROL_TEXT_BYTES];
	struct enrol_invitation back;
	size_t n = enrol_invitation_write(&sample, text, sizeof(text));

	(void)state;
	for (size_t cut = 0; cut + 1 < n; cut++)
		assert_int_equal(enrol_invitation_read(text, cut, &back), -1);
	text[20] = '*';
	assert_int_equal(enrol_invitation_read(text, n, &back), -1);
	srand(5);
	for (int i = 0; i < 20000; i++) {
		enrol_invitation_write(&sample, text, sizeof(text));
		for (int k = 0; k < 4; k++)
			text[(size_t)rand() % n] = (char)(rand() % 256);
		(void)(enrol_invitation_read(text, n, &back) == 0);
	}
}

static void
test_request_and_reply(void **state)
{
	char text[ENROL_TEXT_BYTES];
	struct enrol_request q = { .site = "s", .secret = "x" }, q2;
	struct enrol_reply r = { true, "welcome, s" }, r2;
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"site\":\"s\",\"secret\":\"x\",\"key\":\"k\"}",
		"{\"site\":7,\"secret\":\"x\",\"key\":\"k\"}",
		"{\"site\":"
	};
	size_t n;

	(void)state;
	memcpy(q.key, sample.key, sizeof(q.key));
	n = enrol_request_write(&q, text, sizeof(text));
	assert_int_equal(enrol_request_read(text, n, &q2), 0);
	assert_string_equal(q2.key, q.key);
	assert_string_equal(q2.site, "s");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(enrol_request_read(bad[i], strlen(bad[i]), &q2),
				 -1);
	n = enrol_reply_write(&r, text, sizeof(text));
	assert_int_equal(enrol_reply_read(text, n, &r2), 0);
	assert_true(r2.accepted);
	assert_string_equal(r2.sentence, r.sentence);
	assert_int_equal(enrol_reply_read("{}", 2, &r2), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invitation),
		cmocka_unit_test(test_bad_invitations),
		cmocka_unit_test(test_request_and_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
