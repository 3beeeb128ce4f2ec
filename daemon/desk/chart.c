/* Frozen charts, see chart.h. */
#include "daemon/desk/chart.h"

#include <math.h>
#include <string.h>

#include "base/day.h"

#define SERIES 4   /* as many as the page shows at first */
#define PERIODS 63 /* of each, up to today: eight weeks before the last */

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

static bool
same_series(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "site", "area", "kind", "indicator",
					    "stratum" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])) != 0)
			return false;
	}
	return true;
}

static bool
is_there(const json_t *charts, const json_t *row)
{
	const json_t *c;
	size_t i;

	json_array_foreach (charts, i, c) {
		if (same_series(c, row))
			return true;
	}
	return false;
}

/* Three digits behind the point are more than a chart shows. */
static json_t *
number(double x)
{
	return isfinite(x) ? json_real(round(x * 1000) / 1000) : json_null();
}

static void
add_point(json_t *chart, const struct judge_point *p)
{
	const struct det_verdict *v = &p->verdict;
	bool known = p->judged && v->level != DET_UNKNOWN;

	json_array_append_new(json_object_get(chart, "count"),
			      number(p->cell.value));
	json_array_append_new(json_object_get(chart, "expected"),
			      number(p->judged ? v->expected : NAN));
	json_array_append_new(json_object_get(chart, "upper"),
			      number(p->judged ? v->upper : NAN));
	json_array_append_new(json_object_get(chart, "p"),
			      known ? json_real(v->p) : json_null());
	json_array_append_new(
		json_object_get(chart, "level"),
		json_string(known ? det_level_str(v->level) : "unknown"));
}

/* Points of the row's series up to today; their number, 0 for none. */
static size_t
read_points(struct judge *judge, const struct registry *r, const json_t *row,
	    int32_t today, struct judge_point *out)
{
	const char *site = text_of(row, "site"), *area = text_of(row, "area");
	const char *kind = text_of(row, "kind");
	const char *ind = text_of(row, "indicator");
	const char *stratum = text_of(row, "stratum");
	uint32_t i = registry_indicator(r, ind, strlen(ind)), k, s, a;
	int period, rc;

	if (site[0] != '\0') {
		s = registry_site(r, site, strlen(site));
		if (s == REG_NONE)
			return 0;
		period = registry_site_at(r, s)->period;
		s = registry_series(r, s, i, stratum, strlen(stratum));
		rc = s == REG_NONE ? -1
				   : judge_points(judge, s,
						  today - (PERIODS - 1) * period,
						  PERIODS, out);
		return rc < 0 ? 0 : PERIODS;
	}
	a = registry_area(r, area, strlen(area));
	k = registry_kind(r, kind, strlen(kind));
	if (a == REG_NONE || k == REG_NONE)
		return 0;
	period = registry_kind_at(r, k)->period;
	rc = judge_area_points(judge, a, k, i, today - (PERIODS - 1) * period,
			       PERIODS, out);
	return rc < 0 ? 0 : PERIODS;
}

static json_t *
freeze_one(struct judge *judge, const struct registry *r, const json_t *row,
	   int32_t today)
{
	struct judge_point point[PERIODS];
	size_t n = read_points(judge, r, row, today, point);
	char from[DAY_TEXT_BYTES];
	json_t *chart;

	if (n == 0)
		return NULL;
	chart = json_pack("{s:O?, s:O?, s:O?, s:O?, s:O?, s:i, s:s, s:[], s:[],"
			  " s:[], s:[], s:[]}",
			  "site", json_object_get(row, "site"), "area",
			  json_object_get(row, "area"), "kind",
			  json_object_get(row, "kind"), "indicator",
			  json_object_get(row, "indicator"), "stratum",
			  json_object_get(row, "stratum"), "period",
			  point[0].period, "from", day_format(point[0].day, from),
			  "count", "expected", "upper", "p", "level");
	for (size_t i = 0; chart != NULL && i < n; i++)
		add_point(chart, &point[i]);
	return chart;
}

json_t *
chart_freeze(struct judge *judge, const struct registry *registry,
	     const json_t *evidence, int32_t today)
{
	json_t *charts = json_array(), *one;
	const json_t *row;
	size_t i;

	json_array_foreach (evidence, i, row) {
		if (json_array_size(charts) == SERIES)
			break;
		if (is_there(charts, row))
			continue;
		one = freeze_one(judge, registry, row, today);
		if (one != NULL)
			json_array_append_new(charts, one);
	}
	return charts;
}
