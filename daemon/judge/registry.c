/*
 * Additions to what is known and their checks, see registry.h; the look-ups
 * are in registry_look.c.
 */
#include "daemon/judge/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/judge/calendar.h"
#include "daemon/judge/names.h"
#include "daemon/judge/registry_rows.h"

static uint32_t refuse(char *err, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static uint32_t
refuse(char *err, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, cap, fmt, ap);
	va_end(ap);
	return REG_NONE;
}

static uint32_t
refuse_unknown(char *err, size_t cap, const char *what, const char *code,
	       const char *near)
{
	if (near == NULL)
		return refuse(err, cap, "unknown %s \"%.64s\"", what, code);
	return refuse(err, cap, "unknown %s \"%.64s\", did you mean \"%s\"?",
		      what, code, near);
}

void *
registry_row(struct rows *r, uint32_t i, size_t size)
{
	if (i >= r->cap) {
		size_t cap = r->cap == 0 ? 16 : r->cap * 2;
		void *at = realloc(r->at, cap * size);

		if (at == NULL)
			return NULL;
		r->at = at;
		r->cap = cap;
	}
	if (i >= r->n) {
		r->n = (size_t)i + 1;
		memset((char *)r->at + i * size, 0, size);
	}
	return (char *)r->at + i * size;
}

/* Replaces a text that the registry owns. */
static int
set_text(const char **field, const char *value)
{
	char *copy;

	if (*field != NULL && value != NULL && strcmp(*field, value) == 0)
		return 0;
	copy = strdup(value == NULL ? "" : value);
	if (copy == NULL)
		return -1;
	free((void *)(uintptr_t)*field);
	*field = copy;
	return 0;
}

static void
drop_text(const char *field)
{
	free((void *)(uintptr_t)field);
}

static int
check_code(const char *what, const char *code, char *err, size_t cap)
{
	size_t len = code == NULL ? 0 : strlen(code);

	if (len == 0 || len >= REG_CODE_BYTES) {
		refuse(err, cap, "a %s code has 1 to %d bytes, this has %zu",
		       what, REG_CODE_BYTES - 1, len);
		return -1;
	}
	if (!names_printable(code, len) || memchr(code, ' ', len) != NULL) {
		refuse(err, cap, "a %s code is UTF-8 without spaces", what);
		return -1;
	}
	return 0;
}

struct registry *
registry_new(void)
{
	return calloc(1, sizeof(struct registry));
}

static void
free_places(struct registry *r)
{
	for (uint32_t i = 0; i < r->area.n; i++) {
		const struct reg_area *a = registry_area_at(r, i);

		drop_text(a->name);
		drop_text(a->name_zh);
	}
	for (uint32_t i = 0; i < r->site.n; i++) {
		const struct reg_site *s = registry_site_at(r, i);

		drop_text(s->name);
		drop_text(s->phone);
		drop_text(s->gateway);
		drop_text(s->zone);
		drop_text(s->calendar);
	}
}

static void
free_words(struct registry *r)
{
	for (uint32_t i = 0; i < r->kind.n; i++) {
		const struct reg_kind *k = registry_kind_at(r, i);

		drop_text(k->en);
		drop_text(k->zh);
	}
	for (uint32_t i = 0; i < r->ind.n; i++) {
		const struct reg_indicator *d = registry_indicator_at(r, i);

		drop_text(d->group);
		drop_text(d->unit);
		drop_text(d->denominator);
		drop_text(d->en);
		drop_text(d->zh);
	}
}

void
registry_free(struct registry **rp)
{
	struct registry *r = *rp;

	if (r == NULL)
		return;
	free_places(r);
	free_words(r);
	names_fini(&r->class_names);
	names_fini(&r->kind_names);
	names_fini(&r->ind_names);
	names_fini(&r->area_names);
	names_fini(&r->site_names);
	names_fini(&r->strata);
	registry_free_zones(r);
	free(r->kind.at);
	free(r->ind.at);
	free(r->area.at);
	free(r->site.at);
	free(r->series.at);
	free(r);
	*rp = NULL;
}

uint32_t
registry_add_kind(struct registry *r, const struct reg_kind *kind, char *err,
		  size_t cap)
{
	const char *class_code = kind->class_code;
	struct reg_kind *row;
	uint32_t i, class_index;

	if (check_code("kind", kind->code, err, cap) < 0)
		return REG_NONE;
	if (class_code == NULL || class_code[0] == '\0')
		class_code = kind->code;
	if (kind->period != 1 && kind->period != 7)
		return refuse(err, cap, "a kind's period is a day or a week");
	class_index = names_add(&r->class_names, class_code, strlen(class_code));
	i = names_add(&r->kind_names, kind->code, strlen(kind->code));
	if (i == NAMES_NONE || class_index == NAMES_NONE)
		return refuse(err, cap, "no memory");
	row = registry_row(&r->kind, i, sizeof(*row));
	if (row == NULL || set_text(&row->en, kind->en) < 0 ||
	    set_text(&row->zh, kind->zh) < 0)
		return refuse(err, cap, "no memory");
	row->code = r->kind_names.at[i];
	row->class_code = r->class_names.at[class_index];
	row->class_index = class_index;
	row->period = kind->period;
	row->expect = kind->expect;
	return i;
}

uint32_t
registry_add_indicator(struct registry *r, const struct reg_indicator *ind,
		       char *err, size_t cap)
{
	struct reg_indicator *row;
	uint32_t i;

	if (check_code("indicator", ind->code, err, cap) < 0)
		return REG_NONE;
	i = names_add(&r->ind_names, ind->code, strlen(ind->code));
	if (i == NAMES_NONE)
		return refuse(err, cap, "no memory");
	row = registry_row(&r->ind, i, sizeof(*row));
	if (row == NULL || set_text(&row->group, ind->group) < 0 ||
	    set_text(&row->unit, ind->unit) < 0 ||
	    set_text(&row->denominator, ind->denominator) < 0 ||
	    set_text(&row->en, ind->en) < 0 || set_text(&row->zh, ind->zh) < 0)
		return refuse(err, cap, "no memory");
	row->code = r->ind_names.at[i];
	row->direction = ind->direction;
	return i;
}

static struct reg_area *
area_row(const struct registry *r, uint32_t i)
{
	return (struct reg_area *)r->area.at + i;
}

/* Takes area i out of its parent's chain of children. */
static void
unlink_area(struct registry *r, uint32_t i)
{
	struct reg_area *row = area_row(r, i);
	uint32_t *link;

	if (row->parent == REG_NONE)
		return;
	link = &area_row(r, row->parent)->first_child;
	while (*link != REG_NONE && *link != i)
		link = &area_row(r, *link)->next_sibling;
	if (*link == i)
		*link = row->next_sibling;
	row->next_sibling = REG_NONE;
	row->parent = REG_NONE;
}

static void
link_area(struct registry *r, uint32_t i, uint32_t parent)
{
	uint32_t *link;

	area_row(r, i)->parent = parent;
	if (parent == REG_NONE)
		return;
	link = &area_row(r, parent)->first_child;
	while (*link != REG_NONE)
		link = &area_row(r, *link)->next_sibling;
	*link = i;
}

/* Would area (perhaps known as i) fit below the parent? */
static int
check_place(const struct registry *r, const struct reg_area *area, uint32_t i,
	    uint32_t parent, char *err, size_t cap)
{
	const struct reg_area *up;

	if (i != REG_NONE) {
		uint32_t c = registry_area_at(r, i)->first_child;

		for (; c != REG_NONE; c = registry_area_at(r, c)->next_sibling)
			if (registry_area_at(r, c)->level <= area->level) {
				refuse(err, cap,
				       "\"%s\" lies below it and is a %s",
				       registry_area_at(r, c)->code,
				       registry_level_str(
					       registry_area_at(r, c)->level));
				return -1;
			}
	}
	if (parent == REG_NONE)
		return 0;
	if (i != REG_NONE && registry_area_within(r, parent, i)) {
		refuse(err, cap, "a cycle: parent \"%s\" lies in \"%s\" itself",
		       registry_area_at(r, parent)->code, area->code);
		return -1;
	}
	up = registry_area_at(r, parent);
	if (area->level <= up->level) {
		refuse(err, cap, "a %s cannot lie in \"%s\", which is a %s",
		       registry_level_str(area->level), up->code,
		       registry_level_str(up->level));
		return -1;
	}
	return 0;
}

static struct reg_area *
new_area_row(struct registry *r, const char *code, uint32_t *i)
{
	size_t before = r->area.n;
	struct reg_area *row;

	*i = names_add(&r->area_names, code, strlen(code));
	if (*i == NAMES_NONE)
		return NULL;
	row = registry_row(&r->area, *i, sizeof(*row));
	if (row != NULL && r->area.n != before) {
		row->parent = REG_NONE;
		row->first_child = REG_NONE;
		row->next_sibling = REG_NONE;
	}
	return row;
}

uint32_t
registry_add_area(struct registry *r, const struct reg_area *area,
		  const char *parent_code, char *err, size_t cap)
{
	uint32_t parent = REG_NONE;
	struct reg_area *row;
	uint32_t i;

	if (check_code("area", area->code, err, cap) < 0)
		return REG_NONE;
	if (area->level >= REG_LEVELS)
		return refuse(err, cap, "no such level of area");
	i = registry_area(r, area->code, strlen(area->code));
	if (parent_code != NULL && parent_code[0] != '\0') {
		size_t len = strlen(parent_code);

		parent = registry_area(r, parent_code, len);
		if (parent == REG_NONE)
			return refuse_unknown(
				err, cap, "area", parent_code,
				registry_near_area(r, parent_code, len));
	}
	if (check_place(r, area, i, parent, err, cap) < 0)
		return REG_NONE;
	row = new_area_row(r, area->code, &i);
	if (row == NULL || set_text(&row->name, area->name) < 0 ||
	    set_text(&row->name_zh, area->name_zh) < 0)
		return refuse(err, cap, "no memory");
	row->code = r->area_names.at[i];
	row->level = area->level;
	row->population = area->population;
	row->lat = area->lat;
	row->lon = area->lon;
	if (row->parent != parent) {
		unlink_area(r, i);
		link_area(r, i, parent);
	}
	return i;
}

static int
set_site_texts(struct reg_site *row, const struct reg_site *site)
{
	if (set_text(&row->name, site->name) < 0 ||
	    set_text(&row->phone, site->phone) < 0 ||
	    set_text(&row->gateway, site->gateway) < 0)
		return -1;
	return set_text(&row->zone, site->zone) < 0
		       ? -1
		       : set_text(&row->calendar, site->calendar);
}

/* On which days a report is expected. */
static void
set_days(const struct registry *r, struct reg_site *row,
	 const struct reg_site *site)
{
	row->period = site->period;
	row->expect = site->expect;
	if (site->period == 0) {
		row->period = registry_kind_at(r, row->kind)->period;
		row->expect = registry_kind_at(r, row->kind)->expect;
	}
	row->own = calendars_find(r->calendars, row->calendar);
}

uint32_t
registry_add_site(struct registry *r, const struct reg_site *site,
		  const char *kind_code, const char *area_code, char *err,
		  size_t cap)
{
	uint32_t kind = registry_kind(r, kind_code, strlen(kind_code));
	uint32_t area = registry_area(r, area_code, strlen(area_code));
	size_t before = r->site.n;
	struct reg_site *row, was;
	uint32_t i;

	if (check_code("site", site->code, err, cap) < 0)
		return REG_NONE;
	if (kind == REG_NONE)
		return refuse_unknown(
			err, cap, "kind", kind_code,
			registry_near_kind(r, kind_code, strlen(kind_code)));
	if (area == REG_NONE)
		return refuse_unknown(
			err, cap, "area", area_code,
			registry_near_area(r, area_code, strlen(area_code)));
	if (site->period != 0 && site->period != 1 && site->period != 7)
		return refuse(err, cap, "a site's period is a day or a week");
	i = names_add(&r->site_names, site->code, strlen(site->code));
	row = i == NAMES_NONE ? NULL : registry_row(&r->site, i, sizeof(*row));
	if (row == NULL || set_site_texts(row, site) < 0)
		return refuse(err, cap, "no memory");
	if (r->site.n != before)
		row->first_series = REG_NONE;
	row->code = r->site_names.at[i];
	was = *row;
	row->kind = kind;
	row->area = area;
	set_days(r, row, site);
	row->withdrawn = site->withdrawn;
	r->days_changed = r->days_changed ||
			  (r->site.n == before &&
			   (row->expect != was.expect || row->own != was.own));
	row->zone_index =
		names_find(&r->zone_names, row->zone, strlen(row->zone));
	return i;
}

uint32_t
registry_add_series(struct registry *r, uint32_t site, uint32_t indicator,
		    const char *stratum, size_t stratum_len)
{
	uint32_t i = registry_series(r, site, indicator, stratum, stratum_len);
	struct reg_series *row;
	struct reg_site *owner;
	uint32_t name, *link;

	if (i != REG_NONE)
		return i;
	if (site >= r->site.n || indicator >= r->ind.n ||
	    r->series.n >= REG_NONE - 1)
		return REG_NONE;
	name = names_add(&r->strata, stratum, stratum_len);
	i = (uint32_t)r->series.n;
	row = name == NAMES_NONE ? NULL
				 : registry_row(&r->series, i, sizeof(*row));
	if (row == NULL)
		return REG_NONE;
	*row = (struct reg_series){ .site = site,
				    .indicator = indicator,
				    .stratum = r->strata.at[name],
				    .next_of_site = REG_NONE };
	owner = (struct reg_site *)r->site.at + site;
	link = &owner->first_series;
	while (*link != REG_NONE)
		link = &((struct reg_series *)r->series.at + *link)->next_of_site;
	*link = i;
	owner->series_n++;
	return i;
}
