/*
 * Look-ups in what is known, see registry.h.
 */
#include "daemon/judge/registry.h"

#include <stdio.h>
#include <string.h>

#include "daemon/judge/names.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/registry_rows.h"

static const char *const level_name[REG_LEVELS] = { "nation", "province", "city",
						    "county", "township" };

uint32_t
registry_kind(const struct registry *r, const char *code, size_t len)
{
	return names_find(&r->kind_names, code, len);
}

uint32_t
registry_indicator(const struct registry *r, const char *code, size_t len)
{
	return names_find(&r->ind_names, code, len);
}

uint32_t
registry_area(const struct registry *r, const char *code, size_t len)
{
	return names_find(&r->area_names, code, len);
}

uint32_t
registry_site(const struct registry *r, const char *code, size_t len)
{
	return names_find(&r->site_names, code, len);
}

uint32_t
registry_series(const struct registry *r, uint32_t site, uint32_t indicator,
		const char *stratum, size_t stratum_len)
{
	const char *known;
	uint32_t i;

	if (site >= r->site.n)
		return REG_NONE;
	i = names_find(&r->strata, stratum, stratum_len);
	if (i == NAMES_NONE)
		return REG_NONE;
	known = r->strata.at[i];
	i = registry_site_at(r, site)->first_series;
	while (i != REG_NONE) {
		const struct reg_series *s = registry_series_at(r, i);

		if (s->indicator == indicator && s->stratum == known)
			break;
		i = s->next_of_site;
	}
	return i;
}

const char *
registry_near_kind(const struct registry *r, const char *code, size_t len)
{
	return names_near(&r->kind_names, code, len);
}

const char *
registry_near_indicator(const struct registry *r, const char *code, size_t len)
{
	return names_near(&r->ind_names, code, len);
}

const char *
registry_near_area(const struct registry *r, const char *code, size_t len)
{
	return names_near(&r->area_names, code, len);
}

const char *
registry_near_site(const struct registry *r, const char *code, size_t len)
{
	return names_near(&r->site_names, code, len);
}

size_t
registry_kinds(const struct registry *r)
{
	return r->kind.n;
}

size_t
registry_indicators(const struct registry *r)
{
	return r->ind.n;
}

size_t
registry_areas(const struct registry *r)
{
	return r->area.n;
}

size_t
registry_sites(const struct registry *r)
{
	return r->site.n;
}

size_t
registry_series_n(const struct registry *r)
{
	return r->series.n;
}

size_t
registry_classes(const struct registry *r)
{
	return r->class_names.n;
}

const struct reg_kind *
registry_kind_at(const struct registry *r, uint32_t i)
{
	return (const struct reg_kind *)r->kind.at + i;
}

const struct reg_indicator *
registry_indicator_at(const struct registry *r, uint32_t i)
{
	return (const struct reg_indicator *)r->ind.at + i;
}

const struct reg_area *
registry_area_at(const struct registry *r, uint32_t i)
{
	return (const struct reg_area *)r->area.at + i;
}

const struct reg_site *
registry_site_at(const struct registry *r, uint32_t i)
{
	return (const struct reg_site *)r->site.at + i;
}

const struct reg_series *
registry_series_at(const struct registry *r, uint32_t i)
{
	return (const struct reg_series *)r->series.at + i;
}

const char *
registry_class_at(const struct registry *r, uint32_t i)
{
	return r->class_names.at[i];
}

bool
registry_area_within(const struct registry *r, uint32_t a, uint32_t b)
{
	while (a != REG_NONE && a != b)
		a = registry_area_at(r, a)->parent;
	return a != REG_NONE;
}

uint32_t
registry_area_above(const struct registry *r, uint32_t area, enum reg_level level)
{
	while (area != REG_NONE && registry_area_at(r, area)->level != level)
		area = registry_area_at(r, area)->parent;
	return area;
}

const char *
registry_level_str(enum reg_level level)
{
	return level < REG_LEVELS ? level_name[level] : "?";
}

int
registry_level_parse(const char *text)
{
	for (int i = 0; i < REG_LEVELS; i++) {
		if (strcmp(level_name[i], text) == 0)
			return i;
	}
	return -1;
}

void
registry_set_calendar(struct registry *r, const struct calendar *c)
{
	r->calendar = c;
}

const struct calendar *
registry_calendar(const struct registry *r)
{
	return r->calendar;
}

void
registry_set_calendars(struct registry *r, const struct calendars *all)
{
	r->calendars = all;
	for (uint32_t i = 0; i < r->site.n; i++) {
		struct reg_site *s = (struct reg_site *)r->site.at + i;

		s->own = calendars_find(all, s->calendar);
	}
}

const struct calendars *
registry_calendars(const struct registry *r)
{
	return r->calendars;
}

bool
registry_knows_calendar(const struct registry *r, const char *name, char *err,
			size_t cap)
{
	const char *near = calendars_near(r->calendars, name);

	if (calendars_find(r->calendars, name) != NULL)
		return true;
	if (near != NULL)
		snprintf(err, cap,
			 "unknown calendar \"%.64s\", did you mean "
			 "\"%.64s\"?",
			 name, near);
	else
		snprintf(err, cap,
			 "unknown calendar \"%.64s\"; the key "
			 "calendars of tocsind says where they are",
			 name);
	return false;
}

const struct calendar *
registry_calendar_of(const struct registry *r, uint32_t site)
{
	const struct reg_site *s = registry_site_at(r, site);

	return s->own != NULL ? s->own : r->calendar;
}

bool
registry_days_changed(struct registry *r)
{
	bool changed = r->days_changed;

	r->days_changed = false;
	return changed;
}

bool
registry_expects(const struct registry *r, uint32_t site, int32_t day)
{
	const struct reg_site *s = registry_site_at(r, site);

	return !s->withdrawn &&
	       calendar_expects(registry_calendar_of(r, site), s->expect, day);
}
