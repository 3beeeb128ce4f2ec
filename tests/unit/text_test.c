/* Counts as CSV and JSON: what is read, what is refused, with which place. */
#include "proto/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEPT = 32 };

struct seen {
	struct text_row rows[KEPT];
	size_t rows_n;
	struct text_closed closed[KEPT];
	size_t closed_n;
	char problems[KEPT][400]; /* "where: reason", '!' before a warning */
	size_t problems_n;
	size_t stop_after; /* rows; 0: never */
};

static struct seen seen;
static struct text_tally tally;

static int
on_row(void *arg, const struct text_row *row)
{
	struct seen *s = arg;

	assert_true(s->rows_n < KEPT);
	s->rows[s->rows_n++] = *row;
	return s->stop_after == s->rows_n ? 1 : 0;
}

static int
on_closed(void *arg, const struct text_closed *closed)
{
	struct seen *s = arg;

	assert_true(s->closed_n < KEPT);
	s->closed[s->closed_n++] = *closed;
	return 0;
}

static void
on_problem(void *arg, const struct text_problem *problem)
{
	struct seen *s = arg;

	assert_true(s->problems_n < KEPT);
	snprintf(s->problems[s->problems_n++], sizeof(s->problems[0]), "%s%s: %s",
		 problem->warning ? "!" : "", problem->where, problem->reason);
}

static const struct text_sink sink = { &seen, on_row, on_closed, on_problem };

static int
csv(const char *text, const struct text_options *options)
{
	memset(&seen, 0, sizeof(seen));
	return text_csv_read(text, strlen(text), options, &sink, &tally);
}

static int
json(const char *text, const struct text_options *options)
{
	memset(&seen, 0, sizeof(seen));
	return text_json_read(text, strlen(text), options, &sink, &tally);
}

static void
assert_problem(size_t i, const char *want)
{
	assert_true(i < seen.problems_n);
	assert_string_equal(seen.problems[i], want);
}

static void
assert_row(size_t i, const char *date, const char *site, uint32_t value,
	   uint32_t flags)
{
	char day[TEXT_DAY_BYTES];

	assert_true(i < seen.rows_n);
	assert_string_equal(text_day_format(seen.rows[i].day, day), date);
	assert_string_equal(seen.rows[i].site, site);
	assert_int_equal(seen.rows[i].value, value);
	assert_int_equal(seen.rows[i].flags, flags);
}

static void
test_days(void **state)
{
	char day[TEXT_DAY_BYTES];

	(void)state;
	assert_int_equal(text_day_parse("1970-01-01", 10), 0);
	assert_int_equal(text_day_parse("2020-02-29", 10), 18321);
	assert_int_equal(text_day_parse("0001-01-01", 10), WIRE_DAY_MIN);
	assert_int_equal(text_day_parse("9999-12-31", 10), WIRE_DAY_MAX);
	assert_int_equal(text_day_parse("2021-02-29", 10), TEXT_DAY_NONE);
	assert_int_equal(text_day_parse("2021-04-31", 10), TEXT_DAY_NONE);
	assert_int_equal(text_day_parse("2021-13-01", 10), TEXT_DAY_NONE);
	assert_int_equal(text_day_parse("2021-00-01", 10), TEXT_DAY_NONE);
	assert_int_equal(text_day_parse("0000-01-01", 10), TEXT_DAY_NONE);
	assert_int_equal(text_day_parse("2021-1-01", 9), TEXT_DAY_NONE);
	assert_string_equal(text_day_format(TEXT_DAY_NONE, day), "");
	for (int32_t d = WIRE_DAY_MIN; d <= WIRE_DAY_MAX; d += 17) {
		text_day_format(d, day);
		assert_int_equal(text_day_parse(day, strlen(day)), d);
	}
}

static void
test_csv_good(void **state)
{
	(void)state;
	assert_int_equal(
		csv("\xef\xbb\xbf\"Site\",count,DATE,indicator,denominator,"
		    "revision,received,stratum,partial,withdrawn\r\n"
		    "s1, 3 ,2020-02-29,ili,70,5,2020-03-01T23:59:00+08:00,"
		    "65+,1,0\r\n"
		    "\r\n"
		    "\"s,\"\"2\"\"\",,2020-02-28,ili,,,,,,0\r\n"
		    "s3,0,2020-02-27,\xe6\xb5\x81\xe6\x84\x9f,,,,,no,yes",
		    NULL),
		TEXT_OK);
	assert_int_equal(seen.problems_n, 0);
	assert_int_equal(tally.rows, 3);
	assert_row(0, "2020-02-29", "s1", 3,
		   WIRE_COUNT_DENOMINATOR | WIRE_COUNT_PARTIAL);
	assert_int_equal(seen.rows[0].denominator, 70);
	assert_int_equal(seen.rows[0].revision, 5);
	assert_int_equal(seen.rows[0].received, seen.rows[0].day + 1);
	assert_string_equal(seen.rows[0].stratum, "65+");
	assert_string_equal(seen.rows[0].where, "line 2");
	assert_row(1, "2020-02-28", "s,\"2\"", 0, WIRE_COUNT_WITHDRAWN);
	assert_int_equal(seen.rows[1].line, 4);
	assert_int_equal(seen.rows[1].received, TEXT_DAY_NONE);
	assert_row(2, "2020-02-27", "s3", 0, WIRE_COUNT_WITHDRAWN);
}

static void
test_csv_pieces(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "date,site,indicator,count\r\n"
				   "2020-01-01,a,\"x\r\ny\",1\r\n"
				   "2020-01-01,a,x,2\r\n";
	struct text_csv *reader;

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		memset(&seen, 0, sizeof(seen));
		reader = text_csv_new(NULL, &sink);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t left = sizeof(text) - 1 - at;
			size_t n = left < piece ? left : piece;

			assert_int_equal(text_csv_feed(reader, text + at, n),
					 TEXT_OK);
		}
		assert_int_equal(text_csv_finish(reader, &tally), TEXT_OK);
		text_csv_free(&reader);
		assert_null(reader);
		assert_int_equal(tally.rows, 1);
		assert_int_equal(tally.bad, 1);
		assert_int_equal(seen.rows[0].line, 4);
		assert_true(strstr(seen.problems[0], "line 2: indicator"));
	}
}

static void
test_csv_bad_rows(void **state)
{
	(void)state;
	assert_int_equal(csv("date,site,indicator,count,denominator,note\n"
			     "2020-02-30,s,i,1,,\n"
			     "2020-02-01,,i,1,,\n"
			     "2020-02-01,s,,1,,\n"
			     "2020-02-01,s,i,-1,,\n"
			     "2020-02-01,s,i,2147483648,,\n"
			     "2020-02-01,s,i,2147483647,,\n"
			     "2020-02-01,s,i,1.5,,\n"
			     "2020-02-01,s,i,1,x,\n"
			     "2020-02-01,s,i,1\n"
			     "2020-02-01,\xff,i,1,,\n"
			     "2020-02-01,s,i,1,,\"stray\"quote\"\n"
			     ",s,i,1,,\n"
			     "2020-02-01,s,i,99999999999999999999999,,\n"
			     "2020-02-01,s,i,1,,,7\n"
			     "2020-02-02,s,i,4,,\xff\n",
			     NULL),
			 TEXT_OK);
	assert_int_equal(tally.rows, 2);
	assert_int_equal(tally.bad, 13);
	assert_int_equal(tally.warnings, 1);
	assert_problem(0, "!line 1: column \"note\" is unknown and ignored");
	assert_problem(1, "line 2: date \"2020-02-30\" is not a date as "
			  "2020-02-29");
	assert_problem(2, "line 3: no site");
	assert_problem(3, "line 4: no indicator");
	assert_problem(4, "line 5: count \"-1\" is not a whole number from 0 "
			  "to 2147483647");
	assert_true(strstr(seen.problems[5], "line 6: count"));
	assert_true(strstr(seen.problems[6], "line 8: count \"1.5\""));
	assert_true(strstr(seen.problems[7], "line 9: denominator \"x\""));
	assert_problem(8, "line 10: row has 4 fields, the header 6");
	assert_problem(9, "line 11: site \"?\" is not plain UTF-8 text (save "
			  "the file as UTF-8)");
	assert_true(strstr(seen.problems[10], "line 12: a quote stands"));
	assert_problem(11, "line 13: no date");
	assert_true(strstr(seen.problems[12], "line 14: count \"9999"));
	assert_problem(13, "line 15: row has 7 fields, the header 6");
	assert_row(1, "2020-02-02", "s", 4, 0);
	assert_int_equal(seen.rows[1].line, 16);
}

static void
test_csv_header(void **state)
{
	static const char *const bad[] = {
		"",
		"\n\n",
		"date;site;indicator;count\n",
		"date,site,indicator\n2020-01-01,s,i\n",
		"date,site,indicator,count,date\n",
		"\xff\xfe\x64",
		"date,site,indicator,count,\"x\"y\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(csv(bad[i], NULL), TEXT_ERR_HEADER);
		assert_int_equal(seen.rows_n, 0);
		assert_int_equal(tally.bad, 1);
	}
	assert_int_equal(csv("date,site,indicator,count", NULL), TEXT_OK);
	assert_int_equal(tally.rows, 0);
}

static void
test_csv_options(void **state)
{
	struct text_options options = { "me", "ili", 0, 2 };

	(void)state;
	assert_int_equal(csv("date,count\n2020-01-01,7\n", &options), TEXT_OK);
	assert_row(0, "2020-01-01", "me", 7, 0);
	assert_string_equal(seen.rows[0].indicator, "ili");
	assert_int_equal(csv("date,count,site\n2020-01-01,7,you\n", &options),
			 TEXT_OK);
	assert_row(0, "2020-01-01", "you", 7, 0);
	assert_int_equal(csv("date,count\n2020-01-01,1\n2020-01-01,2\n"
			     "2020-01-01,3\n",
			     &options),
			 TEXT_ERR_SIZE);
	assert_problem(0, "line 4: more rows than allowed");
	options.max_bytes = 20;
	assert_int_equal(csv("date,count\n2020-01-01,7\n", &options),
			 TEXT_ERR_SIZE);
}

static int
stop(void *arg, const struct text_row *row)
{
	(void)arg;
	(void)row;
	return 1;
}

static void
test_stop(void **state)
{
	static const char text[] = "date,site,indicator,count\n"
				   "2020-01-01,s,i,1\n2020-01-02,s,i,1\n";
	static const char object[] =
		"{\"counts\":[{\"date\":\"2020-01-01\",\"site\":\"s\","
		"\"indicator\":\"i\",\"count\":1},{}]}";
	const struct text_sink stopper = { NULL, stop, NULL, NULL };

	(void)state;
	assert_int_equal(
		text_csv_read(text, sizeof(text) - 1, NULL, &stopper, &tally),
		TEXT_ERR_STOPPED);
	assert_int_equal(tally.rows, 1);
	assert_int_equal(text_json_read(object, sizeof(object) - 1, NULL,
					&stopper, &tally),
			 TEXT_ERR_STOPPED);
	assert_int_equal(tally.rows, 1);
}

static void
test_csv_long(void **state)
{
	static const char head[] = "date,site,indicator,count,note\n"
				   "2020-01-01,s,i,1,\"";
	static const char tail[] = "\n2020-01-02,s,i,2,x\n";
	const size_t fill = 3 * TEXT_MAX_RECORD;
	char *text = malloc(sizeof(head) + fill + sizeof(tail));
	size_t n = sizeof(head) - 1;

	(void)state;
	assert_non_null(text);
	memcpy(text, head, n);
	memset(text + n, 'x', fill);
	memcpy(text + n + fill, tail, sizeof(tail));
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(text_csv_read(text, n + fill + sizeof(tail) - 1, NULL,
				       &sink, &tally),
			 TEXT_OK);
	assert_problem(1, "line 2: a field has more than 16 KiB: is a quote "
			  "not closed?");
	assert_row(0, "2020-01-02", "s", 2, 0);
	free(text);
	assert_int_equal(csv("date,site,indicator,count\n"
			     "2020-01-02,s,i,2\n"
			     "2020-01-02,s,i,\"2\n",
			     NULL),
			 TEXT_OK);
	assert_problem(0, "line 3: a quote is not closed");
	assert_int_equal(tally.rows, 1);
}

static void
test_json_good(void **state)
{
	(void)state;
	assert_int_equal(
		json("{\"site\":\"s\",\"counts\":[{\"date\":\"2020-02-29\","
		     "\"indicator\":\"ili\",\"count\":3,\"denominator\":70,"
		     "\"stratum\":\"65+\",\"revision\":9,\"partial\":true},"
		     "{\"date\":\"2020-02-28\",\"site\":\"t\","
		     "\"indicator\":\"ili\",\"count\":null},"
		     "{\"date\":\"2020-02-28\",\"indicator\":\"x\","
		     "\"withdrawn\":true}],"
		     "\"columns\":[\"date\",\"indicator\",\"count\"],"
		     "\"rows\":[[\"2020-02-27\",\"ili\",0]],"
		     "\"closed\":[{\"date\":\"2020-02-28\"}]}",
		     NULL),
		TEXT_OK);
	assert_int_equal(seen.problems_n, 0);
	assert_row(0, "2020-02-29", "s", 3,
		   WIRE_COUNT_DENOMINATOR | WIRE_COUNT_PARTIAL);
	assert_int_equal(seen.rows[0].revision, 9);
	assert_row(1, "2020-02-28", "t", 0, WIRE_COUNT_WITHDRAWN);
	assert_row(2, "2020-02-28", "s", 0, WIRE_COUNT_WITHDRAWN);
	assert_row(3, "2020-02-27", "s", 0, 0);
	assert_string_equal(seen.rows[3].where, "/rows/0");
	assert_int_equal(tally.closed, 1);
	assert_string_equal(seen.closed[0].site, "s");
	assert_int_equal(seen.closed[0].day, 18320);
}

static void
test_json_bad_elements(void **state)
{
	(void)state;
	assert_int_equal(
		json("{\"x\":1,\"counts\":[7,"
		     "{\"date\":\"2020-2-1\"},"
		     "{\"date\":\"2020-02-01\",\"site\":\"s\","
		     "\"indicator\":\"i\"},"
		     "{\"date\":\"2020-02-01\",\"site\":\"s\","
		     "\"indicator\":\"i\",\"count\":\"3\"},"
		     "{\"date\":\"2020-02-01\",\"site\":\"s\","
		     "\"indicator\":\"i\",\"count\":-3},"
		     "{\"date\":\"2020-02-01\",\"site\":\"s\","
		     "\"indicator\":\"i\",\"count\":3,\"withdrawn\":true},"
		     "{\"date\":\"2020-02-01\",\"site\":5,"
		     "\"indicator\":\"i\",\"count\":3},"
		     "{\"date\":\"2020-02-01\",\"site\":\"s\",\"y\":1,"
		     "\"indicator\":\"i\",\"count\":3}],"
		     "\"columns\":[\"date\"],\"rows\":[[],[\"2020-01-01\"]],"
		     "\"closed\":[{\"date\":\"2020-01-01\"},3]}",
		     NULL),
		TEXT_OK);
	assert_int_equal(tally.rows, 1);
	assert_problem(0, "!/: member \"x\" is unknown and ignored");
	assert_problem(1, "/counts/0: is not an object");
	assert_problem(2, "/counts/1/date: date \"2020-2-1\" is not a date as "
			  "2020-02-29");
	assert_problem(3, "/counts/2: no count (null, or withdrawn, is \"no "
			  "report\")");
	assert_problem(4, "/counts/3/count: count is not a whole number");
	assert_true(strstr(seen.problems[5], "/counts/4/count: count \"-3\""));
	assert_problem(6, "/counts/5: withdrawn, and yet with a count");
	assert_problem(7, "/counts/6/site: site is not a string");
	assert_problem(8, "!/counts/7: member \"y\" is unknown and ignored");
	assert_problem(9, "/rows/0: is not an array as long as \"columns\"");
	assert_true(strstr(seen.problems[10], "/rows/1: no count"));
	assert_problem(11, "/closed/0: needs a date and a site");
	assert_problem(12, "/closed/1: needs a date and a site");
	assert_int_equal(tally.bad, 11);
}

static void
test_json_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} bad[] = {
		{ "", TEXT_ERR_SYNTAX },
		{ "[]", TEXT_ERR_SYNTAX },
		{ "{}", TEXT_ERR_SYNTAX },
		{ "{\"counts\":{}}", TEXT_ERR_SYNTAX },
		{ "{\"counts\":[]} x", TEXT_ERR_SYNTAX },
		{ "{\"counts\":[],\"counts\":[]}", TEXT_ERR_SYNTAX },
		{ "{\"counts\":[],\"site\":3}", TEXT_ERR_SYNTAX },
		{ "{\"rows\":[]}", TEXT_ERR_SYNTAX },
		{ "{\"rows\":[],\"columns\":[\"date\",\"date\"]}",
		  TEXT_ERR_SYNTAX },
		{ "{\"rows\":[],\"columns\":[3]}", TEXT_ERR_SYNTAX },
		{ "{\"rows\":3,\"columns\":[\"date\"]}", TEXT_ERR_SYNTAX },
		{ "{\"closed\":3}", TEXT_ERR_SYNTAX },
		{ "{\"counts\":[\"\xff\"]}", TEXT_ERR_SYNTAX },
		{ "{\"counts\":[99999999999999999999]}", TEXT_ERR_SYNTAX },
		{ "[[[[[[[[[]]]]]]]]]", TEXT_ERR_SIZE },
	};
	struct text_options options = { NULL, NULL, 0, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(json(bad[i].text, NULL), bad[i].rc);
		assert_int_equal(tally.bad, 1);
	}
	assert_int_equal(json("{\"counts\":[1,2]}", &options), TEXT_ERR_SIZE);
	options.max_bytes = 4;
	assert_int_equal(json("{\"counts\":[]}", &options), TEXT_ERR_SIZE);
	/* Brackets within strings are no depth. */
	assert_int_equal(json("{\"counts\":[],\"x\":\"\\\"[[[[[[[[[[\"}", NULL),
			 TEXT_OK);
}

static void
test_write(void **state)
{
	struct text_row row = { .day = 18321,
				.received = 18322,
				.value = 3,
				.denominator = 70,
				.revision = 8,
				.flags = WIRE_COUNT_DENOMINATOR |
					 WIRE_COUNT_PARTIAL,
				.site = "a \"b\", c",
				.indicator = "ili",
				.stratum = " x" };
	char text[2 * TEXT_ROW_BYTES], object[TEXT_ROW_BYTES + 32];
	size_t n = text_csv_write_header(text, sizeof(text));

	(void)state;
	n += text_csv_write(&row, text + n, sizeof(text) - n);
	assert_string_equal(text,
			    "date,site,indicator,count,denominator,stratum,"
			    "received,revision,partial\n"
			    "2020-02-29,\"a \"\"b\"\", c\",ili,3,70,\" x\","
			    "2020-03-01,8,1\n");
	assert_int_equal(csv(text, NULL), TEXT_OK);
	assert_string_equal(seen.rows[0].site, row.site);
	assert_string_equal(seen.rows[0].stratum, row.stratum);
	assert_int_equal(seen.rows[0].flags, row.flags);
	assert_int_equal(text_csv_write(&row, text, 40), 0);

	row.flags = WIRE_COUNT_WITHDRAWN;
	row.value = 0;
	row.revision = 0;
	row.received = TEXT_DAY_NONE;
	assert_true(text_csv_write(&row, text, sizeof(text)) > 0);
	assert_string_equal(text, "2020-02-29,\"a \"\"b\"\", c\",ili,,,\" x\","
				  ",,\n");
	assert_int_equal(text_json_write(&row, text, 20), 0);
	assert_true(text_json_write(&row, text, sizeof(text)) > 0);
	assert_string_equal(text, "{\"date\":\"2020-02-29\",\"site\":\"a "
				  "\\\"b\\\", c\",\"indicator\":\"ili\","
				  "\"count\":null,\"stratum\":\" x\"}");
	snprintf(object, sizeof(object), "{\"counts\":[%.1000s]}", text);
	assert_int_equal(json(object, NULL), TEXT_OK);
	assert_row(0, "2020-02-29", row.site, 0, WIRE_COUNT_WITHDRAWN);
}

static int
on_record(void *arg, size_t line, const struct wire_text *fields)
{
	(void)arg;
	assert_int_equal(line, 2);
	assert_string_equal(fields[0].at, "36005");
	assert_null(fields[1].at);
	assert_string_equal(fields[2].at, "");
	return 0;
}

static void
test_table(void **state)
{
	static const struct text_column columns[] = { { "area", true },
						      { "parent", false },
						      { "name", true } };
	static const char text[] = "name,area\n,36005\n";
	const struct text_table_spec spec = { columns, 3,	  0,	     0,
					      &seen,   on_record, on_problem };
	struct text_table *table = text_table_new(&spec);

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(text_table_feed(table, text, sizeof(text) - 1), 0);
	assert_int_equal(text_table_finish(table), 0);
	text_table_free(&table);
	assert_int_equal(seen.problems_n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_csv_good),
		cmocka_unit_test(test_csv_pieces),
		cmocka_unit_test(test_csv_bad_rows),
		cmocka_unit_test(test_csv_header),
		cmocka_unit_test(test_csv_options),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_csv_long),
		cmocka_unit_test(test_json_good),
		cmocka_unit_test(test_json_bad_elements),
		cmocka_unit_test(test_json_refused),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
