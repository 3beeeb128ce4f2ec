/* What webhooks and mails carry: signatures, bodies, headers. */
#include "daemon/notify/hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/notify/mail.h"

/* The example that the specification's own libraries are tested with. */
static void
signs_as_the_specification(void **state)
{
	static const char body[] = "{\"test\": 2432232314}";
	uint8_t key[HOOK_KEY_BYTES];
	char out[HOOK_SIGNATURE_TEXT];
	int len = hook_key_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key);

	(void)state;
	assert_int_equal(len, 24);
	hook_sign(key, (size_t)len, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		  body, sizeof(body) - 1, out);
	assert_string_equal(out,
			    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(hook_key_parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key),
			 -1);
	assert_int_equal(hook_key_parse("whsec_MfKQ", key), -1);
	assert_int_equal(hook_key_parse("whsec_!!!!", key), -1);
}

static void
mails_are_plain_bytes(void **state)
{
	char one[] = "li@example.org\r\nBcc: evil@example.org";
	char *to[] = { one };
	const struct conf_list list = { .at = to, .n = 1 };
	json_t *lines = json_pack("[s,s]", "清河县出现橙色信号。", "Second.");
	struct mail m = { .from = "tocsin@example.org",
			  .to = &list,
			  .subject =
				  "[tocsin] 清河县：呼吸道症候群橙色信号，清河"
				  "县：呼吸道症候群",
			  .message = "msg_1",
			  .thread = "aa",
			  .lines = lines,
			  .link = "Open: http://localhost/",
			  .foot = "Foot.",
			  .at_ms = 1614265330000 };
	char *text = mail_write(&m), *line, *rest;

	(void)state;
	assert_non_null(
		strstr(text, "Date: Thu, 25 Feb 2021 15:02:10 +0000\r\n"));
	assert_non_null(strstr(text, "To: li@example.orgBcc: evil"));
	assert_null(strstr(text, "\nBcc:"));
	assert_non_null(strstr(text, "Message-ID: <msg_1@tocsin>\r\n"));
	assert_non_null(
		strstr(text, "Subject: =?UTF-8?B?W3RvY3Npbl0g5riF5rKz"));
	for (char *c = text; *c != '\0'; c++)
		assert_true((unsigned char)*c < 128);
	for (line = strtok_r(text, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest))
		assert_true(strlen(line) <= 90);
	free(text);
	json_decref(lines);
}

static const char *
at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static void
puts_a_digest_as_alertmanager(void **state)
{
	json_t *lines = json_pack("[s,s,s]", "1. One.", "2. Two.", "and 4 more");
	json_t *body = json_pack(
		"{s:s,s:[{s:s,s:s,s:s,s:s},{s:s,s:s,s:s,s:s}],s:i}", "event",
		"digest", "alerts", "id", "aa", "grade", "yellow", "trigger",
		"fever", "title", "One", "id", "bb", "grade", "blue", "signal",
		"ended", "title", "Two", "more", 4);
	const struct hook_notice n = { .message = "dig_1500_103",
				       .receiver = "desk",
				       .title = "Digest",
				       .url = "",
				       .lines = lines,
				       .body = body,
				       .created_ms = 1500000 };
	json_t *out = hook_alertmanager(&n);
	const json_t *alerts = json_object_get(out, "alerts");
	const json_t *one = json_array_get(alerts, 0);

	(void)state;
	assert_string_equal(at(out, "groupKey"), "{}:{digest=\"desk\"}");
	assert_string_equal(
		at(json_object_get(out, "commonLabels"), "alertname"),
		"digest");
	assert_int_equal(
		json_integer_value(json_object_get(out, "truncatedAlerts")), 4);
	assert_int_equal(json_array_size(alerts), 2);
	assert_string_equal(at(one, "fingerprint"), "aa");
	assert_string_equal(at(one, "status"), "firing");
	assert_string_equal(at(json_object_get(one, "labels"), "severity"),
			    "yellow");
	assert_string_equal(
		at(json_object_get(one, "annotations"), "description"),
		"1. One.");
	assert_string_equal(at(json_array_get(alerts, 1), "status"),
			    "resolved");
	json_decref(out);
	json_decref(body);
	json_decref(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_the_specification),
		cmocka_unit_test(mails_are_plain_bytes),
		cmocka_unit_test(puts_a_digest_as_alertmanager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
