/* JSON rows as CSV: which cell a value becomes, and what is quoted. */
#include "daemon/console/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct sheet sample = {
	.list = { "rows", "more" },
	.columns = "of=/name a b part=c/d",
};

static void
expect(const struct sheet *s, const char *reply, const char *eol, const char *want)
{
	json_t *value = json_loads(reply, JSON_ALLOW_NUL, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(value);
	assert_non_null(out);
	sheet_print(s, value, eol, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, want);
	free(text);
	json_decref(value);
}

#define HEAD "of,a,b,part\n"

static void
values_become_cells(void **state)
{
	(void)state;
	expect(&sample, "{}", SHEET_CRLF, "of,a,b,part\r\n");
	expect(&sample, "{\"rows\": [{\"a\": 1, \"b\": 0.1}, {\"a\": 0}]}",
	       SHEET_CRLF, "of,a,b,part\r\n,1,0.1,\r\n,0,,\r\n");
	expect(&sample,
	       "{\"name\": \"n\", \"more\": [{\"a\": 2.0}],"
	       " \"rows\": [{\"a\": true, \"b\": false, \"c\": {\"d\": 7}}]}",
	       SHEET_LF, HEAD "n,TRUE,FALSE,7\nn,2.0,,\n");
	/* Unknown is not zero, and there is no row where there is no object. */
	expect(&sample, "{\"rows\": [{\"a\": null, \"b\": \"\", \"c\": null}]}",
	       SHEET_LF, HEAD ",,,\n");
	expect(&sample, "{\"rows\": 3, \"more\": null}", SHEET_LF, HEAD);
	expect(&sample, "{\"rows\": [3, [{\"a\": 1}]]}", SHEET_LF,
	       HEAD ",,,\n,,,\n");
}

static void
lists_are_joined(void **state)
{
	(void)state;
	expect(&sample,
	       "{\"rows\": [{\"a\": [\"x\", \"y\", 3], \"b\": [],"
	       " \"c\": {\"d\": [true]}}]}",
	       SHEET_LF, HEAD ",x|y|3,,TRUE\n");
	expect(&sample, "{\"rows\": [{\"a\": {\"k\": 1, \"l\": \"m,n\"}}]}",
	       SHEET_LF, HEAD ",\"k=1|l=m,n\",,\n");
	/* Parts of parts are in JSON alone. */
	expect(&sample, "{\"rows\": [{\"a\": [[1], {\"k\": 2}, 3]}]}", SHEET_LF,
	       HEAD ",||3,,\n");
}

static void
text_stays_what_it_is(void **state)
{
	(void)state;
	expect(&sample,
	       "{\"rows\": [{\"a\": \"a,b\", \"b\": \"say \\\"x\\\"\"},"
	       " {\"a\": \"two\\nlines\", \"b\": \" blank\"},"
	       " {\"a\": \"\\t\", \"b\": \"cr\\r\"}]}",
	       SHEET_LF,
	       HEAD ",\"a,b\",\"say \"\"x\"\"\",\n"
		    ",\"two\nlines\",\" blank\",\n"
		    ",\"\t\",\"cr\r\",\n");
	/* Also what a spreadsheet takes for a formula. */
	expect(&sample,
	       "{\"rows\": [{\"a\": \"=1+1\", \"b\": \"清河县\"},"
	       " {\"a\": \"-2\", \"b\": \"it's\"}]}",
	       SHEET_LF, HEAD ",=1+1,清河县,\n,-2,it's,\n");
}

static void
a_status_is_unfolded(void **state)
{
	(void)state;
	expect(&sheet_status,
	       "{\"today\": \"2025-03-11\", \"ready\": true,"
	       " \"reporting\": {\"late\": 2},"
	       " \"intake\": {\"refused\": {\"day\": 80}}}",
	       SHEET_LF,
	       "today,part,name,value\n"
	       "2025-03-11,,today,2025-03-11\n"
	       "2025-03-11,,ready,TRUE\n"
	       "2025-03-11,reporting,late,2\n"
	       "2025-03-11,intake,refused day,80\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_become_cells),
		cmocka_unit_test(lists_are_joined),
		cmocka_unit_test(text_stays_what_it_is),
		cmocka_unit_test(a_status_is_unfolded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
