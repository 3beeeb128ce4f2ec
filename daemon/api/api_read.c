/*
 * What may be read: status, vocabulary, areas, sites, series, notices.
 * Lists are cut into pages: "next" of a reply is "after" of the next request.
 */
#include "daemon/api/api_own.h"

#include <math.h>
#include <string.h>

#include "base/day.h"
#include "daemon/api/view.h"
#include "daemon/console/explain_operator.h"

#define PAGE_DEFAULT 500
#define PAGE_MAX 2000
#define POINTS_DEFAULT 84
#define POINTS_MAX 800

/* What a list is narrowed to; REG_NONE = not by this. */
struct filter {
	uint32_t area, kind, site, indicator;
	int64_t after, limit;
	int state; /* enum quality_state, -1 = any */
};

/* Finds the code of a query; 0, or -1 with the request answered. */
static int
find_code(const struct registry *r, struct http_req *req, const char *key,
	  uint32_t (*find)(const struct registry *, const char *, size_t),
	  const char *(*near)(const struct registry *, const char *, size_t),
	  uint32_t *out)
{
	const char *code = http_query(req, key), *meant;

	*out = REG_NONE;
	if (code == NULL || code[0] == '\0')
		return 0;
	*out = find(r, code, strlen(code));
	if (*out != REG_NONE)
		return 0;
	meant = near(r, code, strlen(code));
	if (meant != NULL)
		http_problem(req, 404, NULL,
			     "There is no %s \"%s\"; did you mean \"%s\"?", key,
			     code, meant);
	else
		http_problem(req, 404, NULL, "There is no %s \"%s\".", key, code);
	return -1;
}

int
api_query_area(const struct api *a, struct http_req *req, uint32_t *out)
{
	return find_code(a->env.registry, req, "area", registry_area,
			 registry_near_area, out);
}

/* ?state=late of sites and series; 0, or -1 with the request answered. */
static int
find_state(struct api *a, struct http_req *req, int *out)
{
	const char *word = http_query(req, "state");

	*out = -1;
	if (word == NULL || word[0] == '\0')
		return 0;
	while (++*out < QUALITY_STATES) {
		if (a->env.quality != NULL &&
		    strcmp(quality_state_str((enum quality_state) * out),
			   word) == 0)
			return 0;
	}
	http_problem(req, 400, NULL,
		     "There is no state \"%s\"; there are new, on-time, late, "
		     "silent, back-filling and withdrawn.",
		     word);
	return -1;
}

static int
read_filter(struct api *a, struct http_req *req, struct filter *f)
{
	const struct registry *r = a->env.registry;

	if (api_query_area(a, req, &f->area) < 0 ||
	    find_code(r, req, "kind", registry_kind, registry_near_kind,
		      &f->kind) < 0 ||
	    find_code(r, req, "site", registry_site, registry_near_site,
		      &f->site) < 0 ||
	    find_code(r, req, "indicator", registry_indicator,
		      registry_near_indicator, &f->indicator) < 0 ||
	    find_state(a, req, &f->state) < 0)
		return -1;
	if (api_query_int(req, "after", 0, UINT32_MAX, 0, &f->after) < 0)
		return -1;
	return api_query_int(req, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &f->limit);
}

static bool
site_passes(const struct registry *r, const struct filter *f, uint32_t i)
{
	const struct reg_site *s = registry_site_at(r, i);

	return (f->site == REG_NONE || f->site == i) &&
	       (f->kind == REG_NONE || f->kind == s->kind) &&
	       (f->area == REG_NONE || registry_area_within(r, s->area, f->area));
}

static bool
series_passes(const struct registry *r, const struct filter *f, uint32_t i)
{
	const struct reg_series *s = registry_series_at(r, i);

	return (f->indicator == REG_NONE || f->indicator == s->indicator) &&
	       site_passes(r, f, s->site);
}

/* {"areas": [...], "next": 500 or null} */
static void
reply_page(struct http_req *req, const char *name, json_t *list, size_t next,
	   size_t end)
{
	json_t *cursor =
		next < end ? json_integer((json_int_t)next) : json_null();

	api_reply(req, 200, json_pack("{s:o,s:o}", name, list, "next", cursor));
}

void
api_get_areas(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct registry *r = a->env.registry;
	size_t n = registry_areas(r), i;
	struct filter f;
	json_t *list;

	if (read_filter(a, req, &f) < 0)
		return;
	list = json_array();
	for (i = (size_t)f.after; i < n; i++) {
		if (json_array_size(list) == (size_t)f.limit)
			break;
		if (f.area == REG_NONE ||
		    registry_area_within(r, (uint32_t)i, f.area))
			json_array_append_new(list, view_area(r, (uint32_t)i));
	}
	reply_page(req, "areas", list, i, n);
}

static bool
site_is(const struct api *a, uint32_t i, int state)
{
	const struct zone_now now = a->env.now(a->env.arg);
	struct quality_view v;

	if (state < 0)
		return true;
	quality_site(a->env.quality, i, &now, &v);
	return (int)v.state == state;
}

void
api_get_sites(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct registry *r = a->env.registry;
	const struct zone_now now = a->env.now(a->env.arg);
	size_t n = registry_sites(r), i;
	struct filter f;
	json_t *list;

	if (read_filter(a, req, &f) < 0)
		return;
	list = json_array();
	for (i = (size_t)f.after; i < n; i++) {
		if (json_array_size(list) == (size_t)f.limit)
			break;
		if (site_passes(r, &f, (uint32_t)i) &&
		    site_is(a, (uint32_t)i, f.state))
			json_array_append_new(
				list, view_site(r, a->env.judge, a->env.quality,
						(uint32_t)i, &now));
	}
	reply_page(req, "sites", list, i, n);
}

/* Adds the series to the list, if it is in the state (-1 = any). */
static void
put_series(const struct api *a, json_t *list, uint32_t i, int state)
{
	const struct zone_now now = a->env.now(a->env.arg);
	json_t *row = view_series(a->env.registry, i);
	struct quality_view v;

	if (a->env.quality != NULL) {
		quality_series(a->env.quality, i, &now, &v);
		view_quality(row, &v);
		if (state >= 0 && (int)v.state != state) {
			json_decref(row);
			return;
		}
	}
	json_array_append_new(list, row);
}

void
api_get_series(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct registry *r = a->env.registry;
	size_t n = registry_series_n(r), i;
	struct filter f;
	json_t *list;

	if (read_filter(a, req, &f) < 0)
		return;
	list = json_array();
	for (i = (size_t)f.after; i < n; i++) {
		if (json_array_size(list) == (size_t)f.limit)
			break;
		if (series_passes(r, &f, (uint32_t)i))
			put_series(a, list, (uint32_t)i, f.state);
	}
	reply_page(req, "series", list, i, n);
}

/*
 * The periods asked for, up to today if nothing is said; 0, or -1 with the
 * request answered.
 */
static int
read_span(struct http_req *req, int32_t today, int period, int32_t *from,
	  size_t *n)
{
	int32_t to;

	if (api_query_day(req, "to", today, &to) < 0)
		return -1;
	if (period == 7)
		to = day_monday(to);
	if (api_query_day(req, "from", to - (POINTS_DEFAULT - 1) * period,
			  from) < 0)
		return -1;
	if (period == 7)
		*from = day_monday(*from);
	if (*from > to || (to - *from) / period >= POINTS_MAX) {
		http_problem(req, 400, NULL,
			     "from must not lie after to, and at most %d "
			     "periods come in one reply.",
			     POINTS_MAX);
		return -1;
	}
	*n = (size_t)((to - *from) / period) + 1;
	return 0;
}

static json_t *
list_points(const struct registry *r, const struct judge_point *point, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, view_point(r, &point[i]));
	return list;
}

/*
 * Puts back what was known at the end of the day that the query names, if it
 * names one.  There are no verdicts then: they would be today's.  -1 = the
 * request is answered.
 */
static int
go_back(struct api *a, struct http_req *req, uint32_t series,
	struct judge_point *point, size_t n)
{
	int32_t as_of;

	if (api_query_day(req, "as_of", DAY_NONE, &as_of) < 0)
		return -1;
	if (as_of == DAY_NONE)
		return 0;
	if (a->env.cell_as_of == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no past.");
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct judge_cell nothing = { .value = NAN,
						    .denominator = NAN };
		int32_t day = point[i].day;

		memset(&point[i], 0, sizeof(point[i]));
		point[i].day = day;
		point[i].cell = nothing;
		if (a->env.cell_as_of(a->env.arg, series, day, as_of,
				      &point[i].cell) < 0) {
			http_problem(req, 500, NULL, "The past is unreadable.");
			return -1;
		}
	}
	return 0;
}

static void
reply_site_points(struct api *a, struct http_req *req, const struct filter *f)
{
	const struct registry *r = a->env.registry;
	const struct zone_now now = a->env.now(a->env.arg);
	const char *stratum = http_query(req, "stratum");
	struct judge_point point[POINTS_MAX];
	uint32_t series;
	int32_t from;
	json_t *body;
	size_t n;

	if (stratum == NULL)
		stratum = "";
	series = registry_series(r, f->site, f->indicator, stratum,
				 strlen(stratum));
	if (read_span(req, registry_today(r, f->site, &now),
		      registry_site_at(r, f->site)->period, &from, &n) < 0)
		return;
	if (series == REG_NONE ||
	    judge_points(a->env.judge, series, from, n, point) < 0) {
		http_problem(req, 404, NULL,
			     "The site has not reported this indicator in this "
			     "stratum yet; the list of series says what it "
			     "reports.");
		return;
	}
	if (go_back(a, req, series, point, n) < 0)
		return;
	body = view_series(r, series);
	json_object_set_new(body, "points", list_points(r, point, n));
	api_reply(req, 200, body);
}

static void
reply_area_points(struct api *a, struct http_req *req, const struct filter *f)
{
	const struct registry *r = a->env.registry;
	const struct reg_kind *kind = registry_kind_at(r, f->kind);
	struct judge_point point[POINTS_MAX];
	int32_t from;
	size_t n;

	if (read_span(req, a->env.now(a->env.arg).day, kind->period, &from, &n) <
	    0)
		return;
	if (judge_area_points(a->env.judge, f->area, f->kind, f->indicator,
			      from, n, point) < 0) {
		http_problem(req, 404, NULL,
			     "No site of this kind in the area has reported "
			     "this indicator yet.");
		return;
	}
	api_reply(req, 200,
		  json_pack("{s:s,s:s,s:s,s:i,s:o}", "area",
			    registry_area_at(r, f->area)->code, "kind",
			    kind->code, "indicator",
			    registry_indicator_at(r, f->indicator)->code, "period",
			    kind->period, "points", list_points(r, point, n)));
}

void
api_get_points(void *arg, struct http_req *req)
{
	struct api *a = arg;
	struct filter f;

	if (read_filter(a, req, &f) < 0)
		return;
	if (f.site != REG_NONE && f.indicator != REG_NONE)
		reply_site_points(a, req, &f);
	else if (f.area != REG_NONE && f.kind != REG_NONE &&
		 f.indicator != REG_NONE)
		reply_area_points(a, req, &f);
	else
		http_problem(req, 400, NULL,
			     "Points are asked for by site and indicator (and "
			     "stratum), or by area, kind and indicator.");
}

void
api_get_vocabulary(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct registry *r = a->env.registry;
	json_t *kinds = json_array(), *indicators = json_array();

	for (size_t i = 0; i < registry_kinds(r); i++)
		json_array_append_new(kinds, view_kind(r, (uint32_t)i));
	for (size_t i = 0; i < registry_indicators(r); i++)
		json_array_append_new(indicators, view_indicator(r, (uint32_t)i));
	api_reply(req, 200,
		  json_pack("{s:o,s:o}", "kinds", kinds, "indicators",
			    indicators));
}

static json_t *
view_judge(struct judge *j)
{
	struct judge_stats s;

	judge_stats(j, &s);
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "cells_set",
			 (json_int_t)s.cells_set, "verdicts",
			 (json_int_t)s.verdicts, "series", (json_int_t)s.series,
			 "dirty", (json_int_t)s.dirty, "bytes",
			 (json_int_t)s.bytes);
}

static json_t *
view_http(const struct http *h)
{
	struct http_stats s;

	http_stats(h, &s);
	return json_pack("{s:I,s:I,s:I,s:I}", "requests", (json_int_t)s.requests,
			 "connections", (json_int_t)s.connections, "streams",
			 (json_int_t)s.streams, "deadline_cut",
			 (json_int_t)s.deadline_cut);
}

/* Alerts of one route by state. */
static json_t *
count_alerts(const struct desk *d, bool operators)
{
	json_t *out = json_object();

	for (size_t i = 0; i < desk_alerts(d); i++) {
		const json_t *alert = desk_alert_at(d, i);
		const char *state =
			json_string_value(json_object_get(alert, "state"));
		json_t *n = json_object_get(out, state == NULL ? "?" : state);

		if (explain_is_operator(alert) != operators)
			continue;
		json_object_set_new(out, state == NULL ? "?" : state,
				    json_integer(json_integer_value(n) + 1));
	}
	return out;
}

/* Sites by how they report. */
static json_t *
count_sites(const struct api *a)
{
	const struct zone_now now = a->env.now(a->env.arg);
	size_t n[QUALITY_STATES];
	json_t *out;

	if (a->env.quality == NULL)
		return NULL;
	quality_count(a->env.quality, &now, n);
	out = json_object();
	for (int i = QUALITY_STATES; i-- > 0;)
		json_object_set_new(out, quality_state_str((enum quality_state)i),
				    json_integer((json_int_t)n[i]));
	return out;
}

void
api_get_status(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct api_env *e = &a->env;
	const struct registry *r = e->registry;
	const char *why = e->not_ready == NULL ? NULL : e->not_ready(e->arg);
	json_t *out;

	out = json_pack(
		"{s:s,s:b,s:s*,s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o*,s:o,s:"
		"o}",
		"version", TOCSIN_VERSION, "ready", why == NULL, "not_ready",
		why, "clock", e->clock_manual ? "manual" : "wall", "today",
		view_day(e->now(e->arg).day), "uptime_s",
		(json_int_t)((e->now_ms(e->arg) - a->started_ms) / 1000),
		"areas", (json_int_t)registry_areas(r), "sites",
		(json_int_t)registry_sites(r), "series",
		(json_int_t)registry_series_n(r), "kinds",
		(json_int_t)registry_kinds(r), "alerts",
		count_alerts(e->desk, false), "operator_alerts",
		count_alerts(e->desk, true), "reporting", count_sites(a),
		"judge", view_judge(e->judge), "http", view_http(a->http));
	if (out != NULL && e->status != NULL)
		e->status(e->arg, out);
	api_reply(req, 200, out);
}

void
api_get_notices(void *arg, struct http_req *req)
{
	struct api *a = arg;
	json_t *list;
	int64_t limit;

	if (api_query_int(req, "limit", 1, PAGE_MAX, 100, &limit) < 0)
		return;
	if (a->env.notices == NULL) {
		http_problem(req, 501, NULL, "This daemon keeps no notices.");
		return;
	}
	list = a->env.notices(a->env.arg, (size_t)limit);
	api_reply(req, list == NULL ? 500 : 200,
		  json_pack("{s:o*}", "notices", list));
}
