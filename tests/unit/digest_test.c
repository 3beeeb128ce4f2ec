/*
 * Digests and short messages: when a digest is due, what it says in which
 * order, what fits into an SMS; and the rows that wait for one in the store.
 */
#include "daemon/notify/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "daemon/notify/sms.h"
#include "daemon/store/alerts.h"
#include "daemon/store/schema.h"

#define MINUTES(h, m) ((h)*60 + (m))

static int64_t
next_in(const char *zone, int minutes, int64_t now_s)
{
	setenv("TZ", zone, 1);
	tzset();
	return digest_next_ms(minutes, now_s * 1000) / 1000;
}

static void
is_due_by_the_clock_on_the_wall(void **state)
{
	(void)state;
	/* 2025-03-07 12:00 and 2025-03-08 08:00 in Shanghai */
	assert_int_equal(next_in("Asia/Shanghai", MINUTES(8, 0), 1741320000),
			 1741392000);
	assert_int_equal(next_in("Asia/Shanghai", MINUTES(8, 0), 1741391999),
			 1741392000);
	/* On the second it is the next day's. */
	assert_int_equal(next_in("Asia/Shanghai", MINUTES(8, 0), 1741392000),
			 1741392000 + 86400);
	/* The night to 2025-03-30 has 23 hours in Berlin. */
	assert_int_equal(next_in("Europe/Berlin", MINUTES(8, 0), 1743231600),
			 1743231600 + 23 * 3600);
	/* 02:30 is not shown that night; what comes is after now. */
	assert_in_range(next_in("Europe/Berlin", MINUTES(2, 30), 1743289200),
			1743289201, 1743289200 + 86400);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
is_one_short_message(void **state)
{
	static const char link[] =
		"https://watch.example.org/#/alerts/0123456789abcdef";
	char buf[SMS_BYTES], title[400], want[SMS_BYTES];

	(void)state;
	assert_string_equal(sms_text("Blue signal, Qinghe: fever", "", buf),
			    "Blue signal, Qinghe: fever");
	/* 69 of 70 units */
	snprintf(want, sizeof(want), "清河县：呼吸道症候群黄色信号 %s", link);
	assert_string_equal(sms_text("清河县：呼吸道症候群黄色信号", link, buf),
			    want);
	/* 18 are left: 15 and the dots. */
	snprintf(want, sizeof(want), "白沙市清河县人民医院发热门诊呼... %s",
		 link);
	assert_string_equal(
		sms_text("白沙市清河县人民医院发热门诊呼吸道症候群", link, buf),
		want);
	memset(title, 'x', sizeof(title));
	title[sizeof(title) - 1] = '\0';
	assert_int_equal(strlen(sms_text(title, link, buf)), 160);
	assert_non_null(strstr(buf, "x... https://"));
	/* A bracket takes two of the 160, and the whole must fit. */
	title[160] = '\0';
	assert_int_equal(strlen(sms_text(title, "", buf)), 160);
	title[7] = '[';
	assert_int_equal(strlen(sms_text(title, "", buf)), 159);
	/* A link that leaves no room for words is left out. */
	memset(title, 'y', sizeof(title));
	title[140] = '\0';
	assert_string_equal(sms_text("Blue signal", title, buf), "Blue signal");
}

static const struct digest_for *
english(void)
{
	static struct digest_for f = { .lang = CATALOGUE_EN,
				       .console_url = "http://localhost",
				       .below = "red" };

	return &f;
}

static void
put(json_t *alerts, const char *id, const char *grade, const char *signal,
    const char *first_day)
{
	json_object_set_new(alerts, id,
			    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", id,
				      "grade", grade, "signal", signal,
				      "first_day", first_day, "area", "c",
				      "trigger", "t", "state", "open"));
}

static void
tells_the_gravest_first(void **state)
{
	static const char *const order[] = { "e", "c", "b", "d", "a" };
	struct digest_for f = *english();
	struct catalogue *c = catalogue_new();
	struct registry *r = registry_new();
	json_t *alerts = json_object(), *lines = NULL, *body, *row;
	char title[128];
	size_t i;

	(void)state;
	f.c = c;
	f.registry = r;
	put(alerts, "a", "blue", "active", "2025-03-09");
	put(alerts, "b", "yellow", "active", "2025-03-01");
	put(alerts, "c", "yellow", "active", "2025-03-02");
	put(alerts, "d", "yellow", "ended", "2025-03-08");
	put(alerts, "e", "orange", "ended", "2025-02-01");
	body = digest_body(&f, alerts, &lines);
	assert_int_equal(json_array_size(lines), 5);
	json_array_foreach (json_object_get(body, "alerts"), i, row)
		assert_string_equal(
			json_string_value(json_object_get(row, "id")), order[i]);
	assert_string_equal(
		json_string_value(json_array_get(lines, 4)),
		"5. Blue signal, c: t. No single series stands out; many small "
		"rises add up. Since 2025-03-09. Not acknowledged. "
		"http://localhost/#/alerts/a");
	assert_string_equal(digest_title(&f, 5, title, sizeof(title)),
			    "Digest, signals below red: 5");
	f.lang = CATALOGUE_ZH;
	assert_string_equal(digest_title(&f, 5, title, sizeof(title)),
			    "每日汇总：红色以下信号5条");
	json_decref(body);
	json_decref(lines);
	json_decref(alerts);
	registry_free(&r);
	catalogue_free(&c);
}

static void
says_how_many_more(void **state)
{
	struct digest_for f = *english();
	struct catalogue *c = catalogue_new();
	struct registry *r = registry_new();
	json_t *alerts = json_object(), *lines = NULL, *body;
	char id[16];

	(void)state;
	f.c = c;
	f.registry = r;
	for (int i = 0; i < DIGEST_LINES + 3; i++) {
		snprintf(id, sizeof(id), "%d", i);
		put(alerts, id, "blue", "active", "2025-03-09");
	}
	body = digest_body(&f, alerts, &lines);
	assert_int_equal(json_array_size(lines), DIGEST_LINES + 1);
	assert_string_equal(json_string_value(json_array_get(lines, DIGEST_LINES)),
			    "and 3 more, see the desk");
	assert_int_equal(json_integer_value(json_object_get(body, "more")), 3);
	json_decref(body);
	json_decref(lines);
	json_decref(alerts);
	registry_free(&r);
	catalogue_free(&c);
}

/* What was read of the outbox: its messages in order. */
struct seen {
	char text[512];
	struct alerts_outbox last;
};

static void
see(void *arg, const struct alerts_outbox *row)
{
	struct seen *s = arg;
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof(s->text) - len, "%s%s",
		 len > 0 ? " " : "", row->message);
	s->last = *row;
}

static void
count_wait(void *arg, const char *receiver, int64_t n)
{
	char *text = arg;
	size_t len = strlen(text);

	snprintf(text + len, 64 - len, "%s=%d ", receiver, (int)n);
}

static void
put_notice(struct db *db, const char *alert, const char *receiver,
	   int64_t digest_ms, bool beside)
{
	const struct alerts_notice n = { .alert = alert,
					 .receiver = receiver,
					 .message = "msg",
					 .body = "{}",
					 .created_ms = 5000,
					 .digest_ms = digest_ms,
					 .beside = beside };

	assert_int_equal(alerts_put_notice(db, &n), 0);
}

static const char *
due(struct db *db, struct seen *s, int64_t wall_ms, int64_t clock_ms)
{
	const struct alerts_now now = { wall_ms, clock_ms };

	s->text[0] = '\0';
	assert_true(alerts_due(db, &now, 10, see, s) >= 0);
	return s->text;
}

static void
rows_wait_for_their_digest(void **state)
{
	char dir[] = "/tmp/tocsin-digest-XXXXXX", path[64], line[96];
	struct db *db;
	struct alerts_now later = { 6000, 91000 };
	struct alerts_outbox one = { .receiver = "r", .digest_ms = 90000 };
	struct alerts_try failed = { .state = ALERTS_NOTICE_WAITING,
				     .next_ms = 7000,
				     .error = "" };
	struct seen s = { .text = "" };
	char waits[64] = "";

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	db = db_open(path, DB_READ_WRITE, 1000, "test");
	assert_non_null(db);
	assert_int_equal(schema_migrate(db), 0);
	put_notice(db, "aa", "r", 90000, false);
	put_notice(db, "bb", "r", 90000, false);
	put_notice(db, "aa", "other", 90000, false);
	/* A clock that was missed is told beside it. */
	put_notice(db, "aa", "r", 0, true);
	assert_string_equal(due(db, &s, 6000, 89999), "msg");
	assert_int_equal(alerts_waits(db, count_wait, waits), 0);
	assert_string_equal(waits, "other=1 r=2 ");
	/* By the centre's clock, whatever the wall's says; told only once. */
	put_notice(db, "bb", "r", 90000, false);
	assert_string_equal(due(db, &s, 6000, 90000),
			    "msg dig_90_aa dig_90_aa dig_90_bb");
	s.text[0] = '\0';
	assert_int_equal(alerts_digest(db, &later, &one, see, &s), 2);
	assert_string_equal(s.text, "dig_90_aa dig_90_bb");
	assert_int_equal(s.last.digest_ms, 90000);
	/* What rose to its colour is told at once and leaves it. */
	put_notice(db, "aa", "r", 0, false);
	s.text[0] = '\0';
	assert_int_equal(alerts_digest(db, &later, &one, see, &s), 1);
	assert_string_equal(s.text, "dig_90_bb");
	/* Further tries go by the wall's clock. */
	failed.notice = s.last.id;
	assert_int_equal(alerts_put_try(db, &failed), 0);
	assert_int_equal(alerts_digest(db, &later, &one, see, &s), 0);
	later.wall_ms = 7000;
	assert_int_equal(alerts_digest(db, &later, &one, see, &s), 1);
	db_close(&db);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	assert_int_equal(system(line), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_due_by_the_clock_on_the_wall),
		cmocka_unit_test(is_one_short_message),
		cmocka_unit_test(tells_the_gravest_first),
		cmocka_unit_test(says_how_many_more),
		cmocka_unit_test(rows_wait_for_their_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
