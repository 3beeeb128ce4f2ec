/*
 * Marks as values, see mark.h.
 */
#include "daemon/judge/mark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "base/nearest.h"
#include "daemon/judge/names.h"

static const char *const why_name[] = { "outbreak", "cause", "fault", "event" };

#define SEPARATORS " ,|"

#define WHYS (sizeof(why_name) / sizeof(why_name[0]))

const char *
mark_why_str(enum mark_why why)
{
	return why_name[why];
}

void
mark_free_all(struct marks *all)
{
	free(all->at);
	*all = (struct marks){ 0 };
}

int
mark_put(struct marks *all, const struct mark *m)
{
	if (all->n == all->cap) {
		size_t cap = all->cap == 0 ? 8 : all->cap * 2;
		struct mark *at = realloc(all->at, cap * sizeof(*at));

		if (at == NULL) {
			log_error("marks: no memory for %zu", cap);
			return -1;
		}
		all->at = at;
		all->cap = cap;
	}
	all->at[all->n++] = *m;
	return 0;
}

const struct mark *
mark_find(const struct marks *all, int64_t number)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->at[i].number == number)
			return &all->at[i];
	}
	return NULL;
}

void
mark_drop(struct marks *all, int64_t number)
{
	const struct mark *m = mark_find(all, number);
	size_t i;

	if (m == NULL)
		return;
	i = (size_t)(m - all->at);
	memmove(&all->at[i], &all->at[i + 1], (all->n - i - 1) * sizeof(*m));
	all->n--;
}

/* Words on their way to a mark. */
struct reading {
	const struct registry *r;
	const struct mark_words *w;
	struct mark *out;
	char *err;
	size_t cap;
};

static int
refuse(const struct reading *q, const char *what, const char *code,
       const char *near)
{
	snprintf(q->err, q->cap, "unknown %s \"%.64s\"%s%s%s", what, code,
		 near != NULL ? ", did you mean \"" : "",
		 near != NULL ? near : "", near != NULL ? "\"?" : "");
	return -1;
}

static int
read_place(const struct reading *q)
{
	const char *area = q->w->area, *site = q->w->site;
	size_t area_len = strlen(area), site_len = strlen(site);
	struct mark *out = q->out;

	if ((area_len == 0) == (site_len == 0)) {
		snprintf(q->err, q->cap, "a mark has an area or a site%s",
			 area_len == 0 ? "" : ", not both");
		return -1;
	}
	out->site = REG_NONE;
	if (site_len == 0) {
		out->area = registry_area(q->r, area, area_len);
		return out->area != REG_NONE
			       ? 0
			       : refuse(q, "area", area,
					registry_near_area(q->r, area, area_len));
	}
	out->site = registry_site(q->r, site, site_len);
	if (out->site == REG_NONE)
		return refuse(q, "site", site,
			      registry_near_site(q->r, site, site_len));
	out->area = registry_site_at(q->r, out->site)->area;
	return 0;
}

/* One sort of words: kinds, or indicators. */
struct sort {
	const char *name;
	uint32_t (*find)(const struct registry *r, const char *code, size_t len);
	const char *(*near)(const struct registry *r, const char *code,
			    size_t len);
};

static int
read_list(const struct reading *q, const struct sort *sort, const char *list,
	  uint32_t *out, size_t *n)
{
	char code[REG_CODE_BYTES];

	*n = 0;
	for (list += strspn(list, SEPARATORS); *list != '\0';
	     list += strspn(list, SEPARATORS)) {
		size_t len = strcspn(list, SEPARATORS);

		if (*n == MARK_MAX_WORDS) {
			snprintf(q->err, q->cap, "more than %d %ss",
				 MARK_MAX_WORDS, sort->name);
			return -1;
		}
		out[*n] = sort->find(q->r, list, len);
		snprintf(code, sizeof(code), "%.*s", (int)len, list);
		if (out[*n] == REG_NONE)
			return refuse(q, sort->name, code,
				      sort->near(q->r, list, len));
		*n += 1;
		list += len;
	}
	return 0;
}

static int
read_lists(const struct reading *q)
{
	static const struct sort kind = { "kind", registry_kind,
					  registry_near_kind };
	static const struct sort indicator = { "indicator", registry_indicator,
					       registry_near_indicator };

	if (read_list(q, &kind, q->w->kinds, q->out->kind, &q->out->kinds) < 0)
		return -1;
	return read_list(q, &indicator, q->w->indicators, q->out->indicator,
			 &q->out->indicators);
}

static int
read_days(const struct reading *q)
{
	const struct mark_words *w = q->w;
	struct mark *out = q->out;

	out->first = day_parse(w->from, strlen(w->from));
	out->last = day_parse(w->to, strlen(w->to));
	if (out->first == DAY_NONE || out->last == DAY_NONE)
		snprintf(q->err, q->cap,
			 "%s \"%.40s\" is no date like 2020-02-29",
			 out->first == DAY_NONE ? "from" : "to",
			 out->first == DAY_NONE ? w->from : w->to);
	else if (out->first > out->last)
		snprintf(q->err, q->cap, "from %s is after to %s", w->from,
			 w->to);
	else if (out->last - out->first >= MARK_MAX_DAYS)
		snprintf(q->err, q->cap, "%d days; a mark has at most %d",
			 out->last - out->first + 1, MARK_MAX_DAYS);
	else
		return 0;
	return -1;
}

static int
read_why(const struct reading *q)
{
	const char *why = q->w->why;
	struct nearest near;

	nearest_begin(&near, why);
	for (size_t i = 0; i < WHYS; i++) {
		nearest_offer(&near, why_name[i]);
		if (strcmp(why, why_name[i]) != 0)
			continue;
		q->out->why = (enum mark_why)i;
		return 0;
	}
	if (near.best != NULL && why[0] != '\0')
		return refuse(q, "why", why, near.best);
	snprintf(q->err, q->cap,
		 "why \"%.40s\" is none of outbreak, cause, fault, event", why);
	return -1;
}

static int
read_text(const struct reading *q)
{
	const char *text = q->w->text;
	size_t len = strlen(text);

	if (strspn(text, " ") == len)
		snprintf(q->err, q->cap, "the text is empty: say what happened");
	else if (len > MARK_MAX_TEXT)
		snprintf(q->err, q->cap, "the text has %zu bytes, at most %d",
			 len, MARK_MAX_TEXT);
	else if (!names_printable(text, len))
		snprintf(q->err, q->cap, "the text must be one line of UTF-8");
	else {
		memcpy(q->out->text, text, len + 1);
		return 0;
	}
	return -1;
}

int
mark_read(const struct registry *r, const struct mark_words *w,
	  struct mark *out, char *err, size_t cap)
{
	const struct reading q = { r, w, out, err, cap };

	if (read_place(&q) < 0 || read_lists(&q) < 0 || read_days(&q) < 0 ||
	    read_why(&q) < 0)
		return -1;
	return read_text(&q);
}

/* Field of a row: who withdrew it. */
#define WITHDRAWN 12

struct filling {
	struct marks *all;
	const struct registry *r;
};

static int
take_row(void *arg, size_t line, const char *const *f, char *err, size_t cap)
{
	const struct filling *to = arg;
	const struct mark_words w = { .area = f[0],
				      .site = f[1],
				      .kinds = f[2],
				      .indicators = f[3],
				      .from = f[4],
				      .to = f[5],
				      .why = f[6],
				      .text = f[7] };
	struct mark m = { 0 };

	(void)line;
	if (f[WITHDRAWN][0] != '\0')
		return 0;
	if (mark_read(to->r, &w, &m, err, cap) < 0)
		return -1;
	if (to->all->n >= MARK_MAX) {
		snprintf(err, cap, "more than %d marks", MARK_MAX);
		return -1;
	}
	m.number = (int64_t)to->all->n + 1;
	return mark_put(to->all, &m);
}

int
mark_read_csv(struct marks *all, const struct registry *r, const char *path,
	      table_report *report, void *arg)
{
	static const struct table_column column[] = {
		{ "area", TABLE_OPTIONAL },
		{ "site", TABLE_OPTIONAL },
		{ "kinds", TABLE_OPTIONAL },
		{ "indicators", TABLE_OPTIONAL },
		{ "from", TABLE_FILLED },
		{ "to", TABLE_FILLED },
		{ "why", TABLE_FILLED },
		{ "text", TABLE_FILLED },
		{ "number", TABLE_OPTIONAL },
		{ "alert", TABLE_OPTIONAL },
		{ "actor", TABLE_OPTIONAL },
		{ "at_ms", TABLE_OPTIONAL },
		{ "withdrawn_by", TABLE_OPTIONAL },
		{ "withdrawn_ms", TABLE_OPTIONAL },
		{ NULL, TABLE_OPTIONAL }
	};
	struct filling to = { all, r };
	const struct table_spec spec = { column, take_row, &to, report, arg };

	return table_read(path, &spec);
}

static bool
is_in(const uint32_t *list, size_t n, uint32_t x)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == x)
			return true;
	}
	return n == 0;
}

bool
mark_has_kind(const struct mark *m, uint32_t kind)
{
	return is_in(m->kind, m->kinds, kind);
}

bool
mark_has_indicator(const struct mark *m, uint32_t indicator)
{
	return is_in(m->indicator, m->indicators, indicator);
}

bool
mark_is_about(const struct mark *m, const struct registry *r, uint32_t series)
{
	const struct reg_series *row = registry_series_at(r, series);
	const struct reg_site *site = registry_site_at(r, row->site);

	if (m->site != REG_NONE && m->site != row->site)
		return false;
	return mark_has_kind(m, site->kind) &&
	       mark_has_indicator(m, row->indicator) &&
	       (m->site != REG_NONE ||
		registry_area_within(r, site->area, m->area));
}

bool
mark_meets(const struct mark *m, const struct registry *r, uint32_t area,
	   uint32_t site)
{
	if (site != REG_NONE && m->site != REG_NONE)
		return m->site == site;
	if (site != REG_NONE || m->site != REG_NONE)
		return m->site != REG_NONE
			       ? registry_area_within(r, m->area, area)
			       : registry_area_within(r, area, m->area);
	return registry_area_within(r, m->area, area) ||
	       registry_area_within(r, area, m->area);
}
