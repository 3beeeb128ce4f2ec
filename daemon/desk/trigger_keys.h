#ifndef TOCSIN_DESK_TRIGGER_KEYS_H
#define TOCSIN_DESK_TRIGGER_KEYS_H

/* The keys of a trigger as they stand in a file; for trigger*.c only. */

#include "base/conf.h"

#define DAY_MS (24 * 3600 * 1000)
#define TRIGGER_MAX_LAG 14
#define TRIGGER_MAX_DAYS 28 /* window and lag together */
#define TRIGGER_LATE_ONE 14 /* days, where one case rings */

extern const char *const trigger_rules[]; /* in order of enum trigger_rule */

struct trigger_conf {
	char *title, *title_zh, *basis, *basis_zh, *grade, *deadlines, *each;
	struct conf_list indicators, kinds, where, lag, cases, calibration,
		calibration_wide, kind_tails, kind_tails_wide, part_of, tell;
	int rule;
	int64_t window_ms, quiet_days, at_least, years, late;
	double budget, alpha, distance_km, percentile, tail, tail_wide;
};

struct desk_conf {
	double budget;
};

#endif
