/* The catalogue, and an alert in plain words in both languages. */
#include "daemon/console/explain.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/console/why.h"

static struct catalogue *texts;
static struct registry *places;

static const char alert_json[] =
	"{'trigger':'respiratory','area':'c1','level':'county','grade':'orange'"
	","
	"'state':'open','signal':'active','kinds':['pharmacy','school'],"
	"'classes':['retail','institution'],"
	"'points':2,'p':0.0001,'coverage':0.62,'evidence':["
	"{'site':'s1','area':'c1','kind':'pharmacy','indicator':'cough-sales',"
	"'observed':31,'expected':10.5,'p':0.001},"
	"{'site':'s2','area':'c1','kind':'school','indicator':'absent',"
	"'observed':4,'expected':1,'p':0.04}]}";

static json_t *
alert_new(void)
{
	char text[sizeof(alert_json)];

	for (size_t i = 0; i < sizeof(alert_json); i++)
		text[i] = alert_json[i] == '\'' ? '"' : alert_json[i];
	return json_loads(text, 0, NULL);
}

static int
set_up(void **state)
{
	struct reg_kind pharmacy = { .code = "pharmacy",
				     .en = "pharmacy",
				     .zh = "药店",
				     .class_code = "retail",
				     .period = 1 };
	struct reg_kind school = { .code = "school",
				   .en = "school",
				   .zh = "school",
				   .class_code = "institution",
				   .period = 1 };
	struct reg_kind drugstore = { .code = "drugstore",
				      .en = "drugstore",
				      .zh = "药房",
				      .class_code = "retail",
				      .period = 1 };
	struct reg_area county = { .code = "c1",
				   .name = "Qinghe",
				   .name_zh = "清河县",
				   .level = REG_COUNTY };
	struct reg_site site = { .code = "s1",
				 .name = "Renmin Pharmacy",
				 .phone = "",
				 .gateway = "",
				 .zone = "",
				 .period = 1 };
	char err[256] = "";

	(void)state;
	texts = catalogue_new();
	places = registry_new();
	assert_non_null(texts);
	assert_int_not_equal(
		registry_add_kind(places, &pharmacy, err, sizeof(err)), REG_NONE);
	assert_int_not_equal(
		registry_add_kind(places, &drugstore, err, sizeof(err)),
		REG_NONE);
	assert_int_not_equal(
		registry_add_kind(places, &school, err, sizeof(err)), REG_NONE);
	assert_int_not_equal(
		registry_add_area(places, &county, NULL, err, sizeof(err)),
		REG_NONE);
	assert_int_not_equal(registry_add_site(places, &site, "pharmacy", "c1",
					       err, sizeof(err)),
			     REG_NONE);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	registry_free(&places);
	catalogue_free(&texts);
	return 0;
}

static const char *
line(const json_t *lines, size_t i)
{
	return json_string_value(json_array_get(lines, i));
}

static void
tells_in_english(void **state)
{
	json_t *alert = alert_new();
	json_t *lines = explain_alert(texts, CATALOGUE_EN, places, alert);

	(void)state;
	assert_int_equal(json_array_size(lines), 5);
	assert_non_null(strstr(line(lines, 0), "Orange signal for Qinghe"));
	assert_non_null(strstr(line(lines, 1), "pharmacy and school"));
	assert_non_null(strstr(line(lines, 2), "Renmin Pharmacy (pharmacy): "
					       "about three times"));
	assert_non_null(strstr(line(lines, 3), "Many expected reports"));
	assert_non_null(strstr(line(lines, 4), "Nobody has acknowledged"));
	json_decref(lines);
	json_decref(alert);
}

static void
tells_in_chinese(void **state)
{
	json_t *alert = alert_new();
	json_t *lines = explain_alert(texts, CATALOGUE_ZH, places, alert);

	(void)state;
	assert_non_null(strstr(line(lines, 0), "清河县"));
	assert_non_null(strstr(line(lines, 0), "橙色信号"));
	assert_null(strstr(line(lines, 0), "预警"));
	assert_non_null(strstr(line(lines, 1), "药店和school"));
	assert_non_null(strstr(line(lines, 2), "约为平常的三倍"));
	json_decref(lines);
	json_decref(alert);
}

static void
tells_what_belongs_together(void **state)
{
	json_t *alert = alert_new(), *lines;

	(void)state;
	json_object_set_new(alert, "merged_below", json_true());
	json_object_set_new(
		alert, "below",
		json_pack("[{s:s},{s:s}]", "area", "c1", "area", "elsewhere"));
	json_object_set_new(alert, "part_of", json_string("0123"));
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_non_null(strstr(line(lines, 0), "Qinghe and elsewhere"));
	assert_non_null(strstr(line(lines, 4), "part of a stronger alert"));
	json_decref(lines);
	json_object_set_new(alert, "state", json_string("verifying"));
	lines = explain_alert(texts, CATALOGUE_ZH, places, alert);
	assert_non_null(strstr(line(lines, 0), "清河县和elsewhere"));
	assert_non_null(strstr(line(lines, 4), "正在核实"));
	json_decref(lines);
	json_decref(alert);
}

/* Words come first: no line holds a digit, whatever the figures are. */
static void
holds_no_digits(void **state)
{
	static const char *const states[] = { "open", "acknowledged", "closed",
					      "reopened", "nonsense" };
	json_t *alert = alert_new();

	(void)state;
	for (size_t s = 0; s < 5; s++) {
		json_t *lines;

		json_object_set_new(alert, "state", json_string(states[s]));
		lines = explain_alert(texts, CATALOGUE_EN, places, alert);
		for (size_t i = 0; i < 5; i++) {
			for (const char *p = line(lines, i); *p != '\0'; p++)
				assert_false(isdigit((unsigned char)*p));
		}
		json_decref(lines);
	}
	json_decref(alert);
}

/* A rule of the law compares with nothing, and so nothing is "usual". */
static void
tells_of_a_rule(void **state)
{
	json_t *alert = alert_new(), *lines, *row;
	size_t i;

	(void)state;
	json_object_set_new(alert, "statutory", json_true());
	json_array_foreach (json_object_get(alert, "evidence"), i, row)
		json_object_set_new(row, "expected", json_null());
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_non_null(strstr(line(lines, 0), "is met"));
	assert_null(strstr(line(lines, 1), "agree"));
	assert_null(strstr(line(lines, 2), "usual"));
	json_decref(lines);
	json_decref(alert);
}

/* Only the kinds of the points say so; the others stand beside them. */
static void
tells_points_from_the_rest(void **state)
{
	json_t *alert = alert_new(), *lines;

	(void)state;
	json_object_set_new(alert, "points", json_integer(1));
	json_object_set_new(alert, "classes", json_pack("[s]", "retail"));
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_string_equal(line(lines, 1),
			    "Only one class of source says so, so an error of "
			    "its own is possible: pharmacy. Also a little "
			    "raised: school.");
	json_decref(lines);
	json_object_set_new(alert, "points", json_integer(0));
	json_object_set_new(alert, "classes", json_array());
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_string_equal(line(lines, 1),
			    "No class of source is unusual by itself; a little "
			    "raised are: pharmacy and school.");
	json_decref(lines);
	json_decref(alert);
}

/* The count beside the norm; of an episode longer than the window, since when. */
static void
tells_the_norm(void **state)
{
	json_t *alert = alert_new(), *lines;

	(void)state;
	json_object_update_new(alert, json_pack("{s:b,s:i,s:i,s:i,s:s,s:s}",
						"statutory", 1, "cases", 27,
						"norm", 10, "window_days", 7,
						"first_day", "2026-03-03",
						"last_day", "2026-03-09"));
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_string_equal(line(lines, 1),
			    "Cases within 7 d: 27; the norm is 10. "
			    "Reported by: pharmacy and school.");
	json_decref(lines);
	json_object_set_new(alert, "last_day", json_string("2026-03-10"));
	lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	assert_non_null(strstr(
		line(lines, 1),
		"Cases since 2026-03-03: 27; the norm is 10 within 7 d."));
	json_decref(lines);
	lines = explain_alert(texts, CATALOGUE_ZH, places, alert);
	assert_non_null(strstr(line(lines, 1), "标准为 7 天内 10 例"));
	json_decref(lines);
	json_decref(alert);
}

/* What a rule stands on, in the language; in the other where it has no own. */
static void
tells_the_basis(void **state)
{
	json_t *alert = alert_new(), *lines = json_array();

	(void)state;
	explain_basis(texts, CATALOGUE_EN, alert, lines);
	assert_int_equal(json_array_size(lines), 0);
	json_object_set_new(alert, "basis", json_string("a norm"));
	json_object_set_new(alert, "basis_zh", json_string(""));
	explain_basis(texts, CATALOGUE_ZH, alert, lines);
	json_object_set_new(alert, "basis_zh", json_string("某规定"));
	explain_basis(texts, CATALOGUE_ZH, alert, lines);
	explain_basis(texts, CATALOGUE_EN, alert, lines);
	assert_string_equal(line(lines, 0), "依据：a norm");
	assert_string_equal(line(lines, 1), "依据：某规定");
	assert_string_equal(line(lines, 2), "Stands on: a norm");
	json_decref(lines);
	json_decref(alert);
}

static void
bears_an_alert_without_anything(void **state)
{
	json_t *alert = json_object();
	json_t *lines = explain_alert(texts, CATALOGUE_EN, places, alert);
	char title[64];

	(void)state;
	assert_int_equal(json_array_size(lines), 5);
	explain_title(texts, CATALOGUE_EN, places, alert, title, sizeof(title));
	json_decref(lines);
	json_decref(alert);
}

static void
formats_within_the_buffer(void **state)
{
	const char *args[] = { "title", "清河县", NULL };
	char buf[32];

	(void)state;
	for (size_t cap = 1; cap <= sizeof(buf); cap++) {
		catalogue_format(texts, CATALOGUE_EN, "mail.subject", buf, cap,
				 args);
		assert_true(strlen(buf) < cap);
		assert_int_not_equal((unsigned char)buf[strlen(buf)] & 0xC0,
				     0x80);
	}
	assert_string_equal(buf, "[tocsin] 清河县");
	catalogue_format(texts, CATALOGUE_EN, "mail.subject", buf, 12, args);
	assert_string_equal(buf, "[tocsin] ");
	catalogue_format(texts, CATALOGUE_EN, "no.such.key", buf, sizeof(buf),
			 args);
	assert_string_equal(buf, "no.such.key");
}

static void
knows_languages(void **state)
{
	(void)state;
	assert_int_equal(catalogue_language("zh_CN.UTF-8"), CATALOGUE_ZH);
	assert_int_equal(catalogue_language("zh-CN,zh;q=0.9"), CATALOGUE_ZH);
	assert_int_equal(catalogue_language("de"), CATALOGUE_EN);
	assert_int_equal(catalogue_language(NULL), CATALOGUE_EN);
}

static const char *
together(double years, char *buf, size_t cap)
{
	json_t *account = json_pack(
		"{s:s,s:s,s:s,s:f,s:f,s:i,s:i,s:[],s:{s:s,s:s,s:s}}", "title",
		"T", "title_zh", "", "colour", "none", "p", 0.5,
		"recurrence_years", years, "points", 0, "streams", 1, "kinds",
		"next", "colour", "blue", "lacks", "rarity", "years", "-");
	json_t *lines = why_words(texts, CATALOGUE_EN, places, account), *text;
	size_t i;

	buf[0] = '\0';
	json_array_foreach (lines, i, text) {
		if (strstr(json_string_value(text), "all together") != NULL)
			snprintf(buf, cap, "%s", json_string_value(text));
	}
	json_decref(lines);
	json_decref(account);
	return buf;
}

static void
tells_spans_as_people_do(void **state)
{
	static const struct {
		double years;
		const char *said;
	} is[] = { { 0.0001, "once in a day;" },
		   { 0.0706, "once in 26 days;" },
		   { 0.771, "once in 9 months;" },
		   { 6.162, "once in 6.2 years;" },
		   { 60.9, "once in 61 years;" },
		   { 999, "once in 1000 years;" },
		   { 14687, "once in more than 1000 years;" } };
	char buf[256];

	(void)state;
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
		assert_non_null(strstr(together(is[i].years, buf, sizeof(buf)),
				       is[i].said));
}

static json_t *
why_of(const char *text, enum catalogue_language lang)
{
	char *json = strdup(text);
	json_t *account, *lines;

	for (char *p = json; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	account = json_loads(json, 0, NULL);
	assert_non_null(account);
	lines = why_words(texts, lang, places, account);
	json_decref(account);
	free(json);
	return lines;
}

static const char rule_json[] =
	"{'title':'Varicella','title_zh':'','colour':'yellow','statutory':true,"
	"'rule':'cases','window_days':7,'streams':1,'kinds':[],'cases':12,"
	"'limit':null,'steps':[{'cases':10,'colour':'yellow'},"
	"{'cases':30,'colour':'orange'}],'next':{'colour':'orange','lacks':"
	"'cases','cases':30},'sites':[{'site':'s1','cases':12}]}";

static void
tells_what_a_rule_lacks(void **state)
{
	static const char *const said[] = {
		"Varicella: Yellow signal",
		"nobody here reports anything that it listens to",
		"Renmin Pharmacy (s1): cases: 12",
		("rings from so many cases at one site within 7 days:"
		 " 10 (Yellow signal), 30 (Orange signal)"),
		"missing for Orange signal: 18 more, 30 in all",
	};
	json_t *lines;

	(void)state;
	lines = why_of(rule_json, CATALOGUE_EN);
	assert_int_equal(json_array_size(lines), sizeof(said) / sizeof(said[0]));
	for (size_t i = 0; i < json_array_size(lines); i++)
		assert_string_equal(line(lines, i), said[i]);
	json_decref(lines);
}

/* Unknown is neither "no signal" nor no case. */
static void
tells_what_is_unknown(void **state)
{
	static const char silent[] =
		"{'title':'T','title_zh':'','colour':'none','unknown':'%s',"
		"'least_coverage':0.5,'statutory':%s,'coverage':0.01,"
		"'window_days':7,'streams':1,'cases':null,'sites':[],'kinds':"
		"[{'kind':'pharmacy','streams':1,'reporting':0,'learning':0,"
		"'silent':1,'paused':0,'silent_sites':[{'site':'s1',"
		"'last_day':'2026-03-01'}]}],'next':{'colour':'blue',"
		"'lacks':'cases','cases':10}}";
	static const struct {
		const char *unknown, *statutory, *said, *zh;
	} is[] = {
		{ "too-few-reports", "false",
		  ("T: unknown, too few usable reports (1% of those expected "
		   "are in; below 50% no colour does not mean no signal)"),
		  "T：情况不明" },
		{ "not-judged", "false", "T: unknown, nothing could be judged",
		  "T：情况不明" },
		{ "no-report", "true", "T: unknown, no report",
		  "T：情况不明，没有上报" },
	};
	char text[1024], *all;

	(void)state;
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		json_t *lines;

		snprintf(text, sizeof(text), silent, is[i].unknown,
			 is[i].statutory);
		lines = why_of(text, CATALOGUE_EN);
		assert_string_equal(line(lines, 0), is[i].said);
		all = json_dumps(lines, 0);
		assert_non_null(strstr(all, "whole window: Renmin Pharmacy (s1)"
					    " since 2026-03-01"));
		assert_null(strstr(all, "cases within 7 days"));
		assert_null(strstr(all, "missing for"));
		assert_int_equal(strstr(all, "no report within 7 days") != NULL,
				 i == 2);
		free(all);
		json_decref(lines);
		lines = why_of(text, CATALOGUE_ZH);
		assert_int_equal(
			strncmp(line(lines, 0), is[i].zh, strlen(is[i].zh)), 0);
		json_decref(lines);
	}
}

/* Kinds of one class make one point, if any. */
static void
tells_who_shares_a_point(void **state)
{
	json_t *lines =
		why_of("{'title':'T','title_zh':'','colour':'none','p':0.04,"
		       "'recurrence_years':1,'points':0,'streams':3,'kinds':["
		       "{'kind':'pharmacy','p':0.037,'class_p':0.074},"
		       "{'kind':'drugstore','p':0.8,'class_p':0.074},"
		       "{'kind':'school','p':0.03,'class_p':0.03}]}",
		       CATALOGUE_EN);
	char *all = json_dumps(lines, 0);

	(void)state;
	assert_non_null(strstr(all, "one class of source, pooled: pharmacy, "
				    "drugstore: p 0.074 ("));
	assert_null(strstr(all, "pooled: school"));
	free(all);
	json_decref(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_in_english),
		cmocka_unit_test(tells_spans_as_people_do),
		cmocka_unit_test(tells_what_a_rule_lacks),
		cmocka_unit_test(tells_what_is_unknown),
		cmocka_unit_test(tells_who_shares_a_point),
		cmocka_unit_test(tells_in_chinese),
		cmocka_unit_test(tells_what_belongs_together),
		cmocka_unit_test(holds_no_digits),
		cmocka_unit_test(tells_of_a_rule),
		cmocka_unit_test(tells_the_basis),
		cmocka_unit_test(tells_the_norm),
		cmocka_unit_test(tells_points_from_the_rest),
		cmocka_unit_test(bears_an_alert_without_anything),
		cmocka_unit_test(formats_within_the_buffer),
		cmocka_unit_test(knows_languages),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
