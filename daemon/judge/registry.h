#ifndef TOCSIN_JUDGE_REGISTRY_H
#define TOCSIN_JUDGE_REGISTRY_H

/*
 * What is known: kinds of source, indicators, the tree of areas, the sites
 * and the series they report.  In memory, read by everybody on the loop,
 * filled from the store at start or from CSV files by a back-test; it does
 * no I/O, but for registry_zone().  Indexes are dense, given in order of addition, and never change or
 * disappear while the registry lives.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/day.h"
#include "base/zone.h"

#define REG_NONE UINT32_MAX
#define REG_CODE_BYTES 65 /* 64 and a NUL, as on the wire */

enum reg_level {
	REG_NATION,
	REG_PROVINCE,
	REG_CITY,
	REG_COUNTY,
	REG_TOWNSHIP,
	REG_LEVELS
};

enum reg_direction { REG_HIGH, REG_LOW, REG_BOTH };
/* When a report is expected; unscheduled: never, one comes when it comes. */
enum reg_expect {
	REG_DAILY,
	REG_WORKDAYS,
	REG_SCHOOLDAYS,
	REG_WEEKLY,
	REG_UNSCHEDULED
};

struct reg_kind {
	const char *code, *en, *zh;
	const char *class_code; /* kinds of one class are one point */
	uint32_t class_index;
	int period; /* 1 or 7 days */
	enum reg_expect expect;
};

struct reg_indicator {
	const char *code, *group, *unit, *denominator, *en, *zh;
	enum reg_direction direction;
};

struct reg_area {
	const char *code, *name, *name_zh; /* name_zh may be "" */
	uint32_t parent;		   /* REG_NONE at a root */
	enum reg_level level;
	double population;		    /* NaN unknown */
	double lat, lon;		    /* NaN unknown */
	uint32_t first_child, next_sibling; /* REG_NONE ends */
};

struct reg_site {
	const char *code, *name, *phone, *gateway; /* "" where not given */
	uint32_t kind, area;
	int period; /* 1 or 7 days */
	enum reg_expect expect;
	const char *zone;     /* IANA name, "" = the centre's */
	uint32_t zone_index;  /* set by the registry; REG_NONE: the centre's */
	const char *calendar; /* its name, "" = the centre's */
	const struct calendar *own; /* set by the registry; NULL: the centre's */
	bool withdrawn;		    /* no longer reports */
	uint32_t first_series;	    /* chain by reg_series.next_of_site */
	uint32_t series_n;
};

struct reg_series {
	uint32_t site, indicator;
	const char *stratum; /* "" = all */
	uint32_t next_of_site;
};

struct registry;

struct calendar; /* daemon/judge/calendar.h */
struct calendars;

struct registry *registry_new(void);
void registry_free(struct registry **r);

/*
 * Additions copy their texts.  Each returns the new or existing index, or
 * REG_NONE with a reason in err (cap bytes): unknown parent, kind or area
 * (the nearest known one is named), a cycle, a code too long or not
 * printable, a level that does not lie below its parent's.  Adding an
 * existing code changes its other fields.  A site whose period is 0 takes
 * its kind's period and expectation.
 */
uint32_t registry_add_kind(struct registry *r, const struct reg_kind *kind,
			   char *err, size_t cap);
uint32_t registry_add_indicator(struct registry *r,
				const struct reg_indicator *ind, char *err,
				size_t cap);
uint32_t registry_add_area(struct registry *r, const struct reg_area *area,
			   const char *parent_code, char *err, size_t cap);
uint32_t registry_add_site(struct registry *r, const struct reg_site *site,
			   const char *kind_code, const char *area_code,
			   char *err, size_t cap);
/* Series come into being with their first count. */
uint32_t registry_add_series(struct registry *r, uint32_t site,
			     uint32_t indicator, const char *stratum,
			     size_t stratum_len);

/* Kinds and indicators, or areas, of another registry; 0 or -1. */
int registry_copy_words(struct registry *to, const struct registry *from)
	__attribute__((warn_unused_result));
int registry_copy_areas(struct registry *to, const struct registry *from)
	__attribute__((warn_unused_result));
/* Does r have all kinds and indicators of the other, just as they are? */
bool registry_has_words(const struct registry *r, const struct registry *of);

/* REG_NONE where there is none; text need not end with a NUL. */
uint32_t registry_kind(const struct registry *r, const char *code, size_t len);
uint32_t registry_indicator(const struct registry *r, const char *code,
			    size_t len);
uint32_t registry_area(const struct registry *r, const char *code, size_t len);
uint32_t registry_site(const struct registry *r, const char *code, size_t len);
uint32_t registry_series(const struct registry *r, uint32_t site,
			 uint32_t indicator, const char *stratum,
			 size_t stratum_len);

/* The nearest known code, for "did you mean"; NULL if none is near. */
const char *registry_near_kind(const struct registry *r, const char *code,
			       size_t len);
const char *registry_near_indicator(const struct registry *r, const char *code,
				    size_t len);
const char *registry_near_area(const struct registry *r, const char *code,
			       size_t len);
const char *registry_near_site(const struct registry *r, const char *code,
			       size_t len);

size_t registry_kinds(const struct registry *r);
size_t registry_indicators(const struct registry *r);
size_t registry_areas(const struct registry *r);
size_t registry_sites(const struct registry *r);
size_t registry_series_n(const struct registry *r);
size_t registry_classes(const struct registry *r);

/* Pointers live until the next addition of the same sort. */
const struct reg_kind *registry_kind_at(const struct registry *r, uint32_t i);
const struct reg_indicator *registry_indicator_at(const struct registry *r,
						  uint32_t i);
const struct reg_area *registry_area_at(const struct registry *r, uint32_t i);
const struct reg_site *registry_site_at(const struct registry *r, uint32_t i);
const struct reg_series *registry_series_at(const struct registry *r, uint32_t i);
const char *registry_class_at(const struct registry *r, uint32_t i);

/* Is area a, or does it lie below, area b? */
bool registry_area_within(const struct registry *r, uint32_t a, uint32_t b);
/* The ancestor of area at that level, the area itself included, or none. */
uint32_t registry_area_above(const struct registry *r, uint32_t area,
			     enum reg_level level);

/*
 * The calendar of all areas, by which reports are expected and detectors know
 * holidays; NULL, the default: weekends only.  Borrowed for the registry's
 * life; where it changes, judge_all_again() is due.
 */
void registry_set_calendar(struct registry *r, const struct calendar *c);
const struct calendar *registry_calendar(const struct registry *r);
/*
 * Calendars that sites may name, borrowed likewise; sites that are there are
 * looked up again.  Who brings sites in asks registry_knows_calendar() first
 * (false with a reason in err): a site with an unknown calendar is taken all
 * the same and has the centre's.
 */
void registry_set_calendars(struct registry *r, const struct calendars *all);
const struct calendars *registry_calendars(const struct registry *r);
bool registry_knows_calendar(const struct registry *r, const char *name,
			     char *err, size_t cap);
/* The site's own, or the centre's. */
const struct calendar *registry_calendar_of(const struct registry *r,
					    uint32_t site);
/*
 * Has a site that was known got another calendar or other days to report on
 * since the last call?  Then judge_all_again() is due.
 */
bool registry_days_changed(struct registry *r);
/* Is a report about that day expected from the site? */
bool registry_expects(const struct registry *r, uint32_t site, int32_t day);

/*
 * The number of the time zone, read with its first mention; REG_NONE with a
 * reason in err.  Who brings sites in asks here first: a site whose zone was
 * not read is taken all the same and lives in the centre's.
 */
uint32_t registry_zone(struct registry *r, const char *name, char *err,
		       size_t cap);
/* Reads the zones again; one that cannot be read stays as it was. */
void registry_reread_zones(struct registry *r);
/* The site's own zone, or NULL: the centre's. */
const struct zone *registry_zone_of(const struct registry *r, uint32_t site);
/* The local day at the site. */
int32_t registry_today(const struct registry *r, uint32_t site,
		       const struct zone_now *now);

const char *registry_level_str(enum reg_level level); /* "county" */
int registry_level_parse(const char *text);	      /* -1 = no such level */

#endif
