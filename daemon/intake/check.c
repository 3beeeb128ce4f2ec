/* Checks of single counts against the registry. */
#include "daemon/intake/check.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"

bool
check_may_report(const struct registry *registry, const char *sender,
		 uint32_t site)
{
	const struct reg_site *s = registry_site_at(registry, site);

	if (strcmp(s->code, sender) == 0)
		return true;
	return s->gateway[0] != '\0' && strcmp(s->gateway, sender) == 0;
}

static uint32_t
look(const struct batch_rules *rules, const char *sender,
     const struct wire_series *series, struct check_entry *e)
{
	e->looked = true;
	e->site = registry_site(rules->registry, series->site.at,
				series->site.len);
	if (e->site == REG_NONE)
		return WIRE_NACK_UNKNOWN_SITE;
	e->today = registry_today(rules->registry, e->site, &rules->now);
	if (!rules->any_site &&
	    !check_may_report(rules->registry, sender, e->site))
		return WIRE_NACK_UNAUTHORISED;
	if (registry_site_at(rules->registry, e->site)->withdrawn)
		return WIRE_NACK_UNKNOWN_SITE;
	e->indicator = registry_indicator(rules->registry, series->indicator.at,
					  series->indicator.len);
	if (e->indicator == REG_NONE)
		return WIRE_NACK_UNKNOWN_INDICATOR;
	return 0;
}

/* The known series, or one that comes into being now. */
static uint32_t
find_series(const struct batch_rules *rules, const struct wire_series *series,
	    struct check_entry *e)
{
	uint32_t index = registry_series(rules->registry, e->site, e->indicator,
					 series->stratum.at, series->stratum.len);

	if (index == REG_NONE) {
		if (registry_site_at(rules->registry, e->site)->series_n >=
		    rules->series_per_site)
			return WIRE_NACK_LIMIT;
		index = registry_add_series(rules->registry, e->site,
					    e->indicator, series->stratum.at,
					    series->stratum.len);
	}
	if (index == REG_NONE)
		return WIRE_NACK_LIMIT;
	e->id = series_ids_of(rules->ids, index);
	return e->id == 0 ? WIRE_NACK_LIMIT : 0;
}

static uint32_t
check_day(const struct batch_rules *rules, const struct check_entry *e,
	  int32_t day)
{
	const struct reg_site *site = registry_site_at(rules->registry, e->site);

	if (day > e->today + 1 || day < e->today - rules->horizon_days)
		return WIRE_NACK_DAY;
	if (site->period == 7 && day_monday(day) != day)
		return WIRE_NACK_DAY;
	return 0;
}

static void
explain_unknown(const char *what, const struct wire_text *code,
		const char *near, char reason[BATCH_REASON_BYTES])
{
	int len = (int)code->len;

	if (near != NULL)
		snprintf(reason, BATCH_REASON_BYTES,
			 "unknown %s %.*s; did you mean %s?", what, len,
			 code->at, near);
	else
		snprintf(reason, BATCH_REASON_BYTES, "unknown %s %.*s", what,
			 len, code->at);
}

static void
explain_site(const struct batch_rules *rules, const struct wire_series *series,
	     const struct check_entry *e, char reason[BATCH_REASON_BYTES])
{
	if (e->site == REG_NONE)
		explain_unknown("site", &series->site,
				registry_near_site(rules->registry,
						   series->site.at,
						   series->site.len),
				reason);
	else
		snprintf(reason, BATCH_REASON_BYTES, "site %.*s is withdrawn",
			 (int)series->site.len, series->site.at);
}

static void
explain_day(const struct batch_rules *rules, const struct check_entry *e,
	    int32_t day, char reason[BATCH_REASON_BYTES])
{
	const struct reg_site *site = registry_site_at(rules->registry, e->site);
	char text[DAY_TEXT_BYTES], today[DAY_TEXT_BYTES];
	bool zoned = site->zone_index != REG_NONE;

	day_format(day, text);
	day_format(e->today, today);
	if (day > e->today + 1)
		snprintf(reason, BATCH_REASON_BYTES,
			 "%s is beyond tomorrow (today is %s%s%s)", text, today,
			 zoned ? " in " : "", zoned ? site->zone : "");
	else if (day < e->today - rules->horizon_days)
		snprintf(reason, BATCH_REASON_BYTES,
			 "%s is older than the horizon of %lld days", text,
			 (long long)rules->horizon_days);
	else
		snprintf(reason, BATCH_REASON_BYTES,
			 "site %s reports by week, and %s is not a Monday",
			 site->code, text);
}

static void
explain(const struct batch_rules *rules, const char *sender,
	const struct wire_series *series, const struct check_entry *e,
	uint32_t code, char reason[BATCH_REASON_BYTES])
{
	switch (code) {
	case WIRE_NACK_UNKNOWN_SITE:
		explain_site(rules, series, e, reason);
		break;
	case WIRE_NACK_UNKNOWN_INDICATOR:
		explain_unknown("indicator", &series->indicator,
				registry_near_indicator(rules->registry,
							series->indicator.at,
							series->indicator.len),
				reason);
		break;
	case WIRE_NACK_UNAUTHORISED:
		snprintf(reason, BATCH_REASON_BYTES,
			 "%s may not report for site %.*s", sender,
			 (int)series->site.len, series->site.at);
		break;
	default:
		snprintf(reason, BATCH_REASON_BYTES,
			 "site %.*s has its limit of %lld series",
			 (int)series->site.len, series->site.at,
			 (long long)rules->series_per_site);
	}
}

uint32_t
check_count(const struct batch_rules *rules, const char *sender,
	    const struct wire_series *series, const struct wire_count *count,
	    struct check_entry *e, uint32_t *id, char reason[BATCH_REASON_BYTES])
{
	uint32_t code;

	if (!e->looked)
		e->code = look(rules, sender, series, e);
	if (e->code != 0) {
		explain(rules, sender, series, e, e->code, reason);
		return e->code;
	}
	code = check_day(rules, e, count->day);
	if (code != 0) {
		explain_day(rules, e, count->day, reason);
		return code;
	}
	if (e->id == 0)
		e->code = find_series(rules, series, e);
	if (e->code != 0) {
		explain(rules, sender, series, e, e->code, reason);
		return e->code;
	}
	*id = e->id;
	return 0;
}
