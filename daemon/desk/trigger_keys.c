/*
 * The keys of a trigger and of the desk as they stand in etc/triggers.d.
 */
#include "daemon/desk/trigger_keys.h"

#include <stddef.h>

#include "daemon/desk/trigger.h"

const char *const trigger_rules[] = { "fusion", "kinds", "neighbours",
				      "scan",	"cases", "percentile",
				      NULL };

#define AT(field) offsetof(struct trigger_conf, field)

static const struct conf_key trigger_keys[] = {
	{ "title", CONF_STRING, AT(title), "", 0, 0, NULL, true,
	  "what the duty officer reads; the name where it is empty" },
	{ "title_zh", CONF_STRING, AT(title_zh), "", 0, 0, NULL, true,
	  "the same in Chinese" },
	{ "indicators", CONF_LIST, AT(indicators), NULL, 0, 0, NULL, true,
	  "indicators, or groups of them, that it listens to" },
	{ "kinds", CONF_LIST, AT(kinds), "", 0, 0, NULL, true,
	  "kinds of source that it listens to, KIND or KIND:WEIGHT; empty:"
	  " every kind that reports one of the indicators" },
	{ "where", CONF_LIST, AT(where), "county,city", 0, 0, NULL, true,
	  "where it looks: nation, province, city, county, township, or site" },
	{ "rule", CONF_CHOICE, AT(rule), "fusion", 0, 0, trigger_rules, true,
	  "how evidence becomes a signal" },
	{ "window", CONF_DURATION, AT(window_ms), "7d", DAY_MS, 28.0 * DAY_MS,
	  NULL, true, "days whose evidence is weighed together" },
	{ "lag", CONF_LIST, AT(lag), "", 0, 0, NULL, true,
	  "KIND:DAYS, how much longer the window is for a kind that comes"
	  " late" },
	{ "budget", CONF_FLOAT, AT(budget), "2", 0.01, 365, NULL, true,
	  "false openings of any colour that are accepted, per area and"
	  " year" },
	{ "quiet_days", CONF_INT, AT(quiet_days), "14", 1, 365, NULL, true,
	  "days after the last one on which it rang, after which the signal has"
	  " ended" },
	{ "at_least", CONF_INT, AT(at_least), "2", 1, 100, NULL, true,
	  "rule kinds: so many kinds; rule neighbours: so many areas" },
	{ "alpha", CONF_FLOAT, AT(alpha), "0.05", 1e-6, 0.2, NULL, true,
	  "rules kinds and neighbours: the p-value below which a kind or an"
	  " area counts" },
	{ "distance_km", CONF_FLOAT, AT(distance_km), "60", 1, 2000, NULL, true,
	  "rules neighbours and scan: how far apart neighbours lie" },
	{ "cases", CONF_LIST, AT(cases), "", 0, 0, NULL, true,
	  "rule cases: \"CASES COLOUR\", rising" },
	{ "late", CONF_INT, AT(late), "7", 0, TRIGGER_MAX_LATE, NULL, true,
	  "rule cases: so many days after its day a case may be reported and"
	  " still ring; 14 unless set where one case rings" },
	{ "each", CONF_STRING, AT(each), "", 0, 0, NULL, true,
	  "rule cases: indicator, and every indicator is counted by itself"
	  " and has an alert of its own" },
	{ "percentile", CONF_FLOAT, AT(percentile), "80", 1, 99.9, NULL, true,
	  "rule percentile: of the same weeks of earlier years" },
	{ "years", CONF_INT, AT(years), "3", 1, 5, NULL, true,
	  "rule percentile: so many years back" },
	{ "grade", CONF_STRING, AT(grade), "", 0, 0, NULL, true,
	  "rule percentile: the colour of its signal" },
	{ "basis", CONF_STRING, AT(basis), "", 0, 0, NULL, true,
	  "rules cases and percentile: the norm they come from" },
	{ "basis_zh", CONF_STRING, AT(basis_zh), "", 0, 0, NULL, true,
	  "the same in Chinese; where only one of the two stands, it is shown"
	  " in both languages" },
	{ "calibration", CONF_LIST, AT(calibration), "", 0, 0, NULL, true,
	  "SCORE:OPENINGS, rising: openings per area and year by chance at"
	  " the score -log10 p, from tocsin calibrate; empty: p-values are"
	  " taken at their word" },
	{ "tail", CONF_FLOAT, AT(tail), "1", 0.05, 10, NULL, true,
	  "decades by which openings fall a unit of score, beyond the"
	  " calibration's last point" },
	{ "calibration_wide", CONF_LIST, AT(calibration_wide), "", 0, 0, NULL,
	  true,
	  "the same for areas above the county, whose larger sums scatter"
	  " less" },
	{ "tail_wide", CONF_FLOAT, AT(tail_wide), "1", 0.05, 10, NULL, true,
	  "the same for areas above the county" },
	{ "kind_tails", CONF_LIST, AT(kind_tails), "", 0, 0, NULL, true,
	  "KIND:A:B:C, the scores -log10 p that the kind alone reaches by"
	  " chance on one day in 10, in 100 and in 1000, from tocsin"
	  " calibrate; its p is corrected by them before kinds are weighed"
	  " together; a kind that is not here keeps p at its word" },
	{ "kind_tails_wide", CONF_LIST, AT(kind_tails_wide), "", 0, 0, NULL,
	  true, "the same for areas above the county" },
	{ "part_of", CONF_LIST, AT(part_of), "", 0, 0, NULL, true,
	  "stronger triggers: while one rings in the same area from the same"
	  " kinds and indicators, at the same colour or a higher one, this one"
	  " is shown as part of it and not told by itself" },
	{ "deadlines", CONF_STRING, AT(deadlines), DEADLINES_USUAL, 0, 0, NULL,
	  true,
	  "name of the block deadlines that says by when people acknowledge,"
	  " verify, assess, report and respond" },
	{ "tell", CONF_LIST, AT(tell), NULL, 0, 0, NULL, true,
	  "who is told: routes of notices" },
	{ 0 },
};

static const struct conf_key desk_keys[] = {
	{ "budget", CONF_FLOAT, offsetof(struct desk_conf, budget), "0", 0,
	  10000, NULL, true,
	  "false openings accepted per area and year from all statistical"
	  " triggers together; 0: each trigger's own budget is the only one" },
	{ 0 },
};

const struct conf_block trigger_blocks[] = {
	{ "trigger", true, trigger_keys, sizeof(struct trigger_conf) },
	{ "deadlines", true, deadline_keys, sizeof(struct deadlines) },
	{ "desk", false, desk_keys, sizeof(struct desk_conf) },
	{ 0 },
};
