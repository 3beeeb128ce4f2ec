#include "daemon/desk/trigger.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/desk/shipped.h"
#include "daemon/judge/registry_csv.h"
#include "tests/unit/trigger_text.h"

static char said[8192];

static void
note(void *arg, const char *message)
{
	(void)arg;
	strncat(said, message, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static void
ignore(void *arg, bool error, const char *message)
{
	(void)arg;
	(void)error;
	(void)message;
}

static struct registry *
vocabulary(void)
{
	struct registry *r = registry_new();

	assert_int_equal(registry_read_kinds(r, "etc/kinds.csv", ignore, NULL),
			 0);
	assert_int_equal(
		registry_read_indicators(r, "etc/indicators.csv", ignore, NULL),
		0);
	return r;
}

static struct trigger_set *
load(const struct registry *r, const char *text)
{
	said[0] = '\0';
	return trigger_text(r, text, note, NULL);
}

static void
test_the_shipped_ones_are_right(void **state)
{
	const char *const paths[] = { "etc/triggers.d" };
	struct registry *r = vocabulary();
	struct trigger_set *set;
	const struct trigger *t;

	(void)state;
	said[0] = '\0';
	set = trigger_load(paths, 1, r, note, NULL);
	assert_string_equal(said, "");
	assert_non_null(set);
	t = &set->at[trigger_find(set, "respiratory")];
	assert_true(t->rule == RULE_FUSION && !t->statutory);
	assert_true(t->indicator[registry_indicator(r, "cli-visit", 9)]);
	assert_false(t->indicator[registry_indicator(r, "gi-visit", 8)]);
	assert_int_equal(t->lag[registry_kind(r, "lab", 3)], 3);
	assert_true(t->levels == (1u << REG_COUNTY | 1u << REG_CITY));
	assert_true(t->budget == 2);
	t = &set->at[trigger_find(set, "single-case")];
	assert_true(t->statutory && t->steps == 1);
	assert_true(t->step[0].colour == COLOUR_RED);
	assert_int_equal(trigger_find(set, "no-such"), set->n);
	trigger_free(&set);
	registry_free(&r);
}

static void
refused(const char *body, const char *why)
{
	struct registry *r = vocabulary();
	char text[1024];

	snprintf(text, sizeof(text),
		 "# a comment\ntrigger \"t\" {\n\ttell = { duty }\n%s}\n", body);
	assert_null(load(r, text));
	if (strstr(said, why) == NULL ||
	    (strstr(said, ":2: ") == NULL && strstr(said, ":3: ") == NULL &&
	     strstr(said, ":4: ") == NULL && strstr(said, ":5: ") == NULL &&
	     strstr(said, ":6: ") == NULL && strstr(said, ":7: ") == NULL))
		fail_msg("\"%s\" is not in \"%s\"", why, said);
	registry_free(&r);
}

static void
test_mistakes_are_named(void **state)
{
	(void)state;
	refused("indicators = { respiratry }\n",
		"unknown \"respiratry\", did you mean \"respiratory\"?");
	refused("indicators = { ili-vist }\n", "did you mean \"ili-visit\"?");
	refused("indicators = { fever }\nkinds = { \"ed\", \"phamacy:2\" }\n",
		"did you mean \"pharmacy\"?");
	refused("indicators = { fever }\nkinds = { \"ed:heavy\" }\n", "weight");
	refused("indicators = { fever }\nlag = { \"lab:99\" }\n",
		"is not KIND:DAYS");
	refused("indicators = { fever }\nwhere = { conty }\n",
		"did you mean \"county\"?");
	refused("indicators = { fever }\nwhere = { site }\n",
		"needs an area, not a site");
	refused("indicators = { fever }\nrule = kinds\nkinds = { ed }\n",
		"can never fire");
	refused("indicators = { fever }\nrule = kinds\n"
		"kinds = { ed, \"lab:0.5\" }\n",
		"its kinds weigh 1.5");
	refused("indicators = { fever }\nrule = neighbours\nwhere = { township "
		"}\n",
		"it can never fire");
	refused("indicators = { fever }\nbudget = 0\n",
		"budget = 0 is out of its range, 0.01 to 365");
	refused("indicators = { fever }\nrule = cases\ncases = { \"1 red\" }\n",
		"states its basis");
	refused("indicators = { fever }\nbasis_zh = law\n",
		"basis_zh: rule fusion does not read this key");
	refused("indicators = { fever }\nrule = cases\nbasis = law\n",
		"needs cases");
	refused("indicators = { fever }\nrule = cases\nbasis = law\n"
		"cases = { \"10 blue\", \"5 red\" }\n",
		"does not rise");
	refused("indicators = { fever }\nrule = cases\nbasis = law\n"
		"cases = { \"1 red\" }\neach = indicater\n",
		"did you mean \"indicator\"?");
	refused("indicators = { fever }\nlate = 3\n",
		"late: rule fusion does not read this key");
	refused("indicators = { fever }\nwindow = 20d\nlag = { \"lab:9\" }\n",
		"more than 28 days");
	refused("indicators = { fever }\ncalibration = { \"1:2\", \"2:3\" }\n",
		"scores must rise");
	refused("indicators = { fever }\nkind_tails = { \"pharmacy:1:2\" }\n",
		"kind_tails: \"pharmacy:1:2\" is not KIND:A:B:C");
	refused("indicators = { fever }\n"
		"kind_tails = { \"pharmacy:1:3:2\" }\n",
		"scores above 0 that rise");
	refused("indicators = { fever }\n"
		"kind_tails = { \"pharmacy:1:2:3:4\" }\n",
		"is not KIND:A:B:C");
	refused("indicators = { fever }\n"
		"kind_tails_wide = { \"pharmcy:1:2:3\" }\n",
		"did you mean \"pharmacy\"?");
	refused("indicators = { fever }\nrule = percentile\nbasis = law\n",
		"states its grade");
}

/* Mistakes in what one block says of another; whole is the second one. */
static void
refused_with(const char *body, const char *whole, const char *why)
{
	struct registry *r = vocabulary();
	char conf[1024];

	snprintf(conf, sizeof(conf),
		 "trigger \"t\" {\n\tindicators = { fever }\n"
		 "\ttell = { duty }\n%s}\n"
		 "trigger \"other\" {\n\tindicators = { fever }\n"
		 "\ttell = { duty }\n%s}\n"
		 "deadlines \"soon\" {\n\tverify = 1h\n}\n",
		 body, whole);
	assert_null(load(r, conf));
	if (strstr(said, why) == NULL || strstr(said, "trigger \"t\"") == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, said);
	registry_free(&r);
}

static void
test_names_of_other_blocks_are_checked(void **state)
{
	struct registry *r = vocabulary();
	struct trigger_set *set;

	(void)state;
	refused_with("part_of = { othr }\n", "", "did you mean \"other\"?");
	refused_with("part_of = { nobody-knows }\n", "",
		     "part_of: unknown \"nobody-knows\"");
	refused_with("part_of = { other }\n", "part_of = { t }\n",
		     "it is part of itself");
	refused_with("part_of = { t }\n", "", "it is part of itself");
	refused_with("part_of = { other }\n",
		     "rule = cases\nbasis = law\ncases = { \"1 red\" }\n",
		     "is a statutory rule");
	refused_with("rule = cases\nbasis = law\ncases = { \"1 red\" }\n"
		     "part_of = { other }\n",
		     "", "a statutory rule is never part of another");
	refused_with("where = { county }\npart_of = { other }\n",
		     "where = { city }\n", "this can never apply");
	refused_with("deadlines = son\n", "", "did you mean \"soon\"?");
	/* A shipped one whose file is not read is passed over. */
	set = load(r, "trigger \"a\" { indicators = { fever }\n"
		      "tell = { duty }\npart_of = { respiratory } }\n");
	assert_non_null(set);
	assert_int_equal(set->at[0].wholes, 0);
	trigger_free(&set);
	registry_free(&r);
}

static void
test_names_are_taken_once(void **state)
{
	struct registry *r = vocabulary();

	(void)state;
	assert_null(load(r, "trigger \"a\" { indicators = { fever }\n"
			    "tell = { duty } }\n"
			    "trigger \"a\" { indicators = { fever }\n"
			    "tell = { duty } }\n"));
	assert_non_null(strstr(said, "duplicate title"));
	assert_null(load(r, "# nothing\n"));
	assert_non_null(strstr(said, "there is no trigger"));
	registry_free(&r);
}

static void
test_colours_follow_the_budget(void **state)
{
	struct registry *r = vocabulary();
	struct trigger_set *set =
		load(r, "trigger \"a\" { indicators = { fever }\n"
			"budget = 2\ntell = { duty }\n"
			"calibration = { \"2:4\", \"3:0.4\" } }\n");
	const struct trigger *t;

	(void)state;
	assert_non_null(set);
	t = &set->at[0];
	assert_true(trigger_interval(t, REG_COUNTY, COLOUR_BLUE) == 0.5);
	assert_true(trigger_interval(t, REG_COUNTY, COLOUR_RED) == 50);
	assert_true(trigger_colour(t, REG_COUNTY, 0.01) == COLOUR_NONE);
	assert_true(trigger_colour(t, REG_COUNTY, 4.9e-3) == COLOUR_BLUE);
	assert_true(trigger_colour(t, REG_COUNTY, 1.2e-3) == COLOUR_YELLOW);
	assert_true(trigger_colour(t, REG_COUNTY, 2.4e-4) == COLOUR_ORANGE);
	assert_true(trigger_colour(t, REG_COUNTY, 4.9e-5) == COLOUR_RED);
	assert_true(trigger_colour(t, REG_COUNTY, NAN) == COLOUR_NONE);
	/* Above the county nothing was calibrated: p at its word. */
	assert_true(trigger_colour(t, REG_CITY, 5.6e-3) == COLOUR_NONE);
	assert_true(trigger_colour(t, REG_CITY, 5.4e-3) == COLOUR_BLUE);
	trigger_free(&set);
	registry_free(&r);
}

static void
test_the_desk_s_budget_is_shared_out(void **state)
{
	struct registry *r = vocabulary();
	struct trigger_set *set =
		load(r, "desk { budget = 4 }\n"
			"trigger \"a\" { indicators = { fever }\nbudget = 2\n"
			"where = { county, city }\ntell = { duty } }\n"
			"trigger \"b\" { indicators = { fever }\nbudget = 6\n"
			"where = { county, province }\ntell = { duty } }\n");

	(void)state;
	assert_non_null(set);
	assert_true(set->at[0].share[REG_COUNTY] == 1 &&
		    set->at[1].share[REG_COUNTY] == 3);
	/* An officer has a level: the city's has all of its trigger's budget,
	   the province's as much of the other's as the desk allows. */
	assert_true(set->at[0].share[REG_CITY] == 2 &&
		    set->at[1].share[REG_PROVINCE] == 4);
	/* What is blue for a trigger alone is nothing within the desk's. */
	assert_true(trigger_interval(&set->at[0], REG_COUNTY, COLOUR_BLUE) == 1);
	assert_true(trigger_interval(&set->at[0], REG_CITY, COLOUR_BLUE) == 0.5);
	assert_true(trigger_colour(&set->at[0], REG_COUNTY, 5.4e-3) ==
		    COLOUR_NONE);
	assert_true(trigger_colour(&set->at[0], REG_COUNTY, 2.7e-3) ==
		    COLOUR_BLUE);
	trigger_free(&set);
	registry_free(&r);
}

/* A moving percentile of three years needs three years in memory. */
static void
test_a_percentile_needs_its_years(void **state)
{
	struct registry *r = vocabulary();
	struct trigger_set *set =
		load(r, "trigger \"a\" { indicators = { fever }\n"
			"rule = percentile\ngrade = blue\nbasis = law\n"
			"window = 7d\nlag = { \"lab:3\" }\nyears = 3\n"
			"tell = { duty } }\n");

	(void)state;
	assert_non_null(set);
	said[0] = '\0';
	assert_true(trigger_remembered(set, 3 * 364 + 14 + 10, note, NULL));
	assert_string_equal(said, "");
	assert_false(trigger_remembered(set, 3 * 364 + 14 + 9, note, NULL));
	assert_non_null(strstr(said, "history_days is 1115"));
	trigger_free(&set);
	registry_free(&r);
}

static void
test_a_budget_out_of_reach_is_refused(void **state)
{
	(void)state;
	refused("indicators = { fever }\nbudget = 12\n"
		"calibration = { \"1:8\", \"2:3\" }\n",
		"budget: 12 cannot be kept, for calibration reaches 8 "
		"openings");
}

/* A list goes over many lines; its mistakes have their own. */
static void
test_mistakes_of_a_list_name_their_line(void **state)
{
	static const char *const told[] = {
		":3: trigger \"a\": indicators: unknown \"fevr\"",
		":7: trigger \"a\": kinds: unknown \"scool\"",
		":8: trigger \"a\": where: unknown \"countty\"",
		":11: trigger \"a\": part_of: unknown \"nobody\"",
		":10: trigger \"a\": calibration: \"2-1\" is not",
		":7: trigger \"a\": kinds: \"ed\" stands there twice",
		":1: trigger \"a\": window: whole days",
	};
	struct registry *r = vocabulary();

	(void)state;
	for (int names = 0; names < 2; names++) {
		char conf[512];

		/* Names of other blocks are looked up once all else is right. */
		snprintf(conf, sizeof(conf),
			 "trigger \"a\" { # a block\n"
			 "\tindicators = { fever,\n\t\t%s }\n"
			 "\tkinds = { ed, # which\n\n\t\t/* and\n"
			 "\t\t*/ %s }\n"
			 "\twhere = { %s }\n"
			 "\tcalibration = { \"1:2\",\n\t\t\"%s\" }\n"
			 "\tpart_of = { nobody }\n%s"
			 "\ttell = { duty }\n}\n",
			 names ? "ili-visit" : "fevr",
			 names ? "lab" : "scool, ed",
			 names ? "county" : "countty", names ? "2:1" : "2-1",
			 names ? "" : "\twindow = 36h\n");
		assert_null(load(r, conf));
		for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
			if (names == (strstr(told[i], "part_of") != NULL) &&
			    strstr(said, told[i]) == NULL)
				fail_msg("\"%s\" is not in \"%s\"", told[i],
					 said);
		}
	}
	registry_free(&r);
}

/* Who writes in Chinese only is understood; English readers see that. */
static void
test_one_language_is_enough(void **state)
{
	struct registry *r = vocabulary();
	struct trigger_set *set =
		load(r, "trigger \"a\" { indicators = { fever }\n"
			"rule = cases\ncases = { \"1 red\" }\n"
			"basis_zh = \"规定\"\ntell = { duty } }\n");

	(void)state;
	assert_non_null(set);
	assert_string_equal(set->at[0].basis, "规定");
	assert_string_equal(set->at[0].basis_zh, "规定");
	trigger_free(&set);
	registry_free(&r);
}

static void
test_the_program_has_what_the_folder_has(void **state)
{
	const char *const paths[] = { "etc/triggers.d" };
	struct registry *r = vocabulary();
	struct trigger_set *read = trigger_load(paths, 1, r, note, NULL);
	struct trigger_set *built = shipped_triggers(r, note, NULL);

	(void)state;
	assert_non_null(read);
	assert_non_null(built);
	assert_int_equal(read->n, built->n);
	assert_true(read->desk_budget > 0 &&
		    read->desk_budget == built->desk_budget);
	for (size_t i = 0; i < read->n; i++) {
		size_t k = trigger_find(built, read->at[i].name);

		assert_true(k < built->n &&
			    memcmp(built->at[k].share, read->at[i].share,
				   sizeof(built->at[k].share)) == 0 &&
			    built->at[k].deadlines != NULL);
	}
	trigger_free(&read);
	trigger_free(&built);
	registry_free(&r);
}

static void
test_every_key_is_in_the_manual(void **state)
{
	static char text[32768];
	FILE *f = fopen("docs/man/tocsin-triggers.5", "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	for (size_t b = 0; trigger_blocks[b].name != NULL; b++) {
		const struct conf_key *key = trigger_blocks[b].key;

		for (; key->name != NULL; key++) {
			char line[64];

			snprintf(line, sizeof(line), "\n.B %s\n", key->name);
			if (strstr(text, line) == NULL)
				fail_msg("%s is not in the manual", key->name);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_shipped_ones_are_right),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_names_of_other_blocks_are_checked),
		cmocka_unit_test(test_names_are_taken_once),
		cmocka_unit_test(test_colours_follow_the_budget),
		cmocka_unit_test(test_the_desk_s_budget_is_shared_out),
		cmocka_unit_test(test_a_percentile_needs_its_years),
		cmocka_unit_test(test_a_budget_out_of_reach_is_refused),
		cmocka_unit_test(test_mistakes_of_a_list_name_their_line),
		cmocka_unit_test(test_one_language_is_enough),
		cmocka_unit_test(test_the_program_has_what_the_folder_has),
		cmocka_unit_test(test_every_key_is_in_the_manual),
	};

	return cmocka_run_group_tests_name("trigger", tests, NULL, NULL);
}
