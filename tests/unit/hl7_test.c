#include "collectors/hl7.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"

static struct hl7 m;
static const char message[] =
	"MSH|^~\\&|ADT|HOSP|X|Y|20260301103000||ADT^A04^ADT_A01|m-17|P|2.3\r"
	"EVN|A04|20260301102900\r"
	"PID|1||4711^^^HOSP~0815^^^OTHER||DOE^J||19800101|F\r"
	"PV1|1|E|||||||||||||||||V-9\r"
	"PV2|||R05^cough and fever\r"
	"DG1|1||J11.1^Influenza^I10\r\n"
	"DG1|2||R50\r";

static void
assert_text(struct wire_text t, const char *want)
{
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.at, want, t.len);
}

static void
test_reads(void **state)
{
	int msh, pid, pv1;

	(void)state;
	assert_int_equal(hl7_parse(&m, message, sizeof(message) - 1), HL7_OK);
	assert_int_equal(m.segments, 7);
	msh = hl7_find(&m, "MSH", 0);
	pid = hl7_find(&m, "PID", 0);
	pv1 = hl7_find(&m, "PV1", 0);
	assert_text(hl7_get(&m, msh, 1, 0, 0), "|");
	assert_text(hl7_get(&m, msh, 2, 0, 0), "^~\\&");
	assert_text(hl7_get(&m, msh, 9, 0, 2), "A04");
	assert_text(hl7_get(&m, msh, 10, 0, 0), "m-17");
	assert_text(hl7_get(&m, pid, 3, 0, 1), "4711");
	assert_text(hl7_get(&m, pid, 3, 1, 1), "0815");
	assert_text(hl7_get(&m, pid, 3, 1, 4), "OTHER");
	assert_text(hl7_get(&m, pid, 3, 2, 1), "");
	assert_text(hl7_get(&m, pid, 99, 0, 1), "");
	assert_text(hl7_get(&m, pid, 5, 0, 0), "DOE^J");
	assert_text(hl7_get(&m, pv1, 19, 0, 1), "V-9");
	assert_text(hl7_get(&m, hl7_find(&m, "DG1", 1), 3, 0, 1), "R50");
	assert_int_equal(hl7_find(&m, "DG1", 2), -1);
	assert_int_equal(hl7_find(&m, "OBX", 0), -1);
	assert_text(hl7_get(&m, -1, 3, 0, 1), "");
}

static void
test_other_separators(void **state)
{
	static const char other[] = "MSH#!;\\&#A#B\rPID###1!2;3!4\r";

	(void)state;
	assert_int_equal(hl7_parse(&m, other, sizeof(other) - 1), HL7_OK);
	assert_text(hl7_get(&m, 1, 3, 1, 2), "4");
}

/* Nothing lies behind the name of a header that ends there. */
static void
test_cut_header(void **state)
{
	static const char cut[] = "MSH|^~\\&|A\rMSH";

	(void)state;
	assert_int_equal(hl7_parse(&m, cut, sizeof(cut) - 1), HL7_OK);
	assert_text(hl7_get(&m, 0, 1, 0, 0), "|");
	assert_text(hl7_get(&m, 1, 1, 0, 0), "");
}

static void
test_refuses(void **state)
{
	static char long_one[HL7_MAX_MESSAGE + 10];
	char many[8 + 4 * (HL7_MAX_SEGMENTS + 2)];
	size_t n = 0;

	(void)state;
	assert_int_equal(hl7_parse(&m, "", 0), HL7_ERR_HEADER);
	assert_int_equal(hl7_parse(&m, "PID|1", 5), HL7_ERR_HEADER);
	assert_int_equal(hl7_parse(&m, "MSH|^~\\", 7), HL7_ERR_HEADER);
	assert_int_equal(hl7_parse(&m, "MSH||||||", 9), HL7_ERR_HEADER);
	assert_int_equal(hl7_parse(&m, "MSH|^~\\&|\0|", 11), HL7_ERR_BYTES);
	memset(long_one, 'x', sizeof(long_one));
	assert_int_equal(hl7_parse(&m, long_one, sizeof(long_one)), HL7_ERR_SIZE);
	n += (size_t)sprintf(many, "MSH|^~\\&");
	for (int i = 0; i < HL7_MAX_SEGMENTS; i++)
		n += (size_t)sprintf(many + n, "\rZ|1");
	assert_int_equal(hl7_parse(&m, many, n), HL7_ERR_SEGMENTS);
}

static void
test_days(void **state)
{
	const struct wire_text good = { "20260301103000+0800", 19 };
	const struct wire_text bad = { "20260230", 8 }, shorter = { "202603", 6 };

	(void)state;
	assert_int_equal(hl7_day(good), day_from_civil(2026, 3, 1));
	assert_int_equal(hl7_day(bad), INT32_MIN);
	assert_int_equal(hl7_day(shorter), INT32_MIN);
}

static void
test_answers(void **state)
{
	char buf[512];

	(void)state;
	assert_int_equal(hl7_parse(&m, message, sizeof(message) - 1), HL7_OK);
	assert_true(hl7_answer(&m, "AA", "", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "ACK^A04|m-17|P|2.3\rMSA|AA|m-17|\r"));
	assert_true(hl7_answer(NULL, "AR", "why", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "MSA|AR||why\r"));
	assert_int_equal(hl7_answer(&m, "AA", "", buf, 20), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_other_separators),
		cmocka_unit_test(test_cut_header),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
