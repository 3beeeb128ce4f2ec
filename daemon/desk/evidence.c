/*
 * What a signal shows for itself, see evidence.h.
 */
#include "daemon/desk/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/borrowed.h"

#define WEAK_P 0.25 /* up to which a series that is not at warning stands */

/* A series or a sum with its worst day. */
struct item {
	uint32_t id, area, kind, indicator;
	bool is_sum;
	int32_t day;
	double p;      /* NaN: a rule of cases */
	double cases;  /* within the window: a rule of cases */
	int32_t first; /* the first day of them */
};

struct items {
	struct item *at;
	size_t n, cap;
	enum det_level least; /* of what is taken */
};

static struct item *
put(struct items *list)
{
	if (list->n == list->cap) {
		size_t cap = list->cap == 0 ? 32 : list->cap * 2;
		struct item *at = realloc(list->at, cap * sizeof(*at));

		if (at == NULL) {
			log_error("desk: no memory for evidence");
			return NULL;
		}
		list->at = at;
		list->cap = cap;
	}
	return &list->at[list->n++];
}

/* The worst day of a series or sum from `from` on, at the least level. */
static bool
worst_day(const struct judge *judge, struct item *it, int period,
	  const int32_t span[2], enum det_level least)
{
	int32_t from = span[0], as_of = span[1];

	it->p = NAN;
	for (int32_t d = from; d <= as_of; d++) {
		enum det_level level;
		double p;

		if (period == 7 && day_weekday(d) != 6)
			continue;
		p = it->is_sum ? judge_sum_p(judge, it->id, d, &level)
			       : judge_series_p(judge, it->id, d, &level);
		if (level < least || isnan(p) || (!isnan(it->p) && p >= it->p))
			continue;
		it->p = p;
		it->day = period == 7 ? day_monday(d) : d;
	}
	return !isnan(it->p);
}

static int
take_sum(struct judge *judge, const struct registry *registry,
	 const struct trigger *t, uint32_t i, int32_t as_of, struct items *list)
{
	struct judge_sum s;
	struct item it;
	int32_t span[2] = { 0, as_of };

	judge_sum_at(judge, i, &s);
	span[0] = weigh_from(t, s.kind, as_of);
	it = (struct item){ i, s.area, s.kind, s.indicator, true, 0, NAN, 0, 0 };
	if (s.members > 1 && worst_day(judge, &it, s.period, span, list->least)) {
		struct item *to = put(list);

		if (to == NULL)
			return -1;
		*to = it;
	}
	for (size_t m = 0; m < s.members; m++) {
		const struct reg_series *row =
			registry_series_at(registry, s.member[m]);
		struct item *to;

		it = (struct item){ s.member[m],
				    registry_site_at(registry, row->site)->area,
				    s.kind,
				    s.indicator,
				    false,
				    0,
				    NAN,
				    0,
				    0 };
		if (!worst_day(judge, &it, s.period, span, list->least))
			continue;
		to = put(list);
		if (to == NULL)
			return -1;
		*to = it;
	}
	return 0;
}

/* The first day whose cases are shown. */
static int32_t
first_of(const struct trigger *t, const struct weighing *g, uint32_t kind)
{
	return g->from != DAY_NONE ? g->from : weigh_from(t, kind, g->as_of);
}

/* Rules of cases: every series with cases in the window or the episode. */
static int
take_cases(struct judge *judge, const struct registry *registry,
	   const struct trigger *t, const struct weighing *g, uint32_t i,
	   struct items *list)
{
	struct judge_sum s;

	judge_sum_at(judge, i, &s);
	for (size_t m = 0; m < s.members; m++) {
		const struct reg_series *row =
			registry_series_at(registry, s.member[m]);
		struct item it = { s.member[m],
				   registry_site_at(registry, row->site)->area,
				   s.kind,
				   s.indicator,
				   false,
				   DAY_NONE,
				   NAN,
				   0,
				   DAY_NONE };
		struct item *to;

		if (g->site != REG_NONE && row->site != g->site)
			continue;
		for (int32_t d = first_of(t, g, s.kind); d <= g->as_of; d++) {
			const struct weigh_report r = {
				s.kind, row->site,
				s.period == 7 ? day_monday(d) : d, d
			};
			struct judge_cell cell;

			if (s.period == 7 && day_weekday(d) != 6)
				continue;
			judge_case_cell(judge, s.member[m], d, &cell);
			if (!(cell.value > 0) || weigh_left_out(t, g, &r))
				continue;
			it.cases += cell.value;
			it.day = r.day;
			if (it.first == DAY_NONE)
				it.first = r.day;
		}
		if (it.day == DAY_NONE)
			continue;
		to = put(list);
		if (to == NULL)
			return -1;
		*to = it;
	}
	return 0;
}

/* Most extreme first; then by place, so that the order is always the same. */
static int
compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->p < y->p || x->p > y->p)
		return x->p < y->p ? -1 : 1;
	if (x->cases < y->cases || x->cases > y->cases)
		return x->cases > y->cases ? -1 : 1;
	if (x->area != y->area)
		return x->area < y->area ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->indicator != y->indicator)
		return x->indicator < y->indicator ? -1 : 1;
	return x->is_sum != y->is_sum ? (x->is_sum ? -1 : 1) : 0;
}

static json_t *
number(double x)
{
	return isnan(x) ? json_null() : json_real(x);
}

static const char *
method_of(const struct judge *judge, const struct item *it,
	  const struct judge_point *at)
{
	if (isnan(it->p))
		return NULL;
	return at->borrowed.peers > 0 ? "peers" : judge_method(judge, at->period);
}

static json_t *
item_json(struct judge *judge, const struct registry *registry,
	  const struct item *it, double *excess)
{
	char day[DAY_TEXT_BYTES];
	struct judge_point at;
	const char *site = NULL, *stratum = "";
	const struct reg_series *row = NULL;
	json_t *out;
	int rc;

	if (!it->is_sum) {
		row = registry_series_at(registry, it->id);
		site = registry_site_at(registry, row->site)->code;
		stratum = row->stratum;
	}
	rc = it->is_sum ? judge_area_points(judge, it->area, it->kind,
					    it->indicator, it->day, 1, &at)
			: judge_points(judge, it->id, it->day, 1, &at);
	if (rc < 0)
		return NULL;
	if (isnan(it->p)) {
		at.cell.value = it->cases;
		at.verdict.expected = NAN;
		at.verdict.upper = NAN;
	} else if (!it->is_sum) {
		*excess += fmax(0, at.cell.value - at.verdict.expected);
	}
	out = json_pack(
		"{s:s?, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?}",
		"site", site, "area", registry_area_at(registry, it->area)->code,
		"kind", registry_kind_at(registry, it->kind)->code, "indicator",
		registry_indicator_at(registry, it->indicator)->code, "stratum",
		stratum, "day", day_format(it->day, day), "observed",
		number(at.cell.value), "expected", number(at.verdict.expected),
		"upper", number(at.verdict.upper), "p",
		isnan(it->p) ? json_null() : number(at.verdict.p), "method",
		method_of(judge, it, &at));
	if (isnan(it->p))
		json_object_set_new(out, "first_day",
				    json_string(day_format(it->first, day)));
	if (!isnan(it->p) && at.borrowed.peers > 0)
		json_object_set_new(out, "borrowed",
				    borrowed_json(registry, &at.borrowed));
	return out;
}

static bool
has_kind(const json_t *kinds, const char *code)
{
	const json_t *k;
	size_t i;

	json_array_foreach (kinds, i, k) {
		if (strcmp(json_string_value(k), code) == 0)
			return true;
	}
	return false;
}

static int
write_out(struct judge *judge, const struct registry *registry,
	  const struct items *list, struct evidence *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct item *it = &list->at[i];
		const char *kind = registry_kind_at(registry, it->kind)->code;

		if (out->first_day == DAY_NONE || it->day < out->first_day)
			out->first_day = it->day;
		if (out->last_day == DAY_NONE || it->day > out->last_day)
			out->last_day = it->day;
		if (!has_kind(out->kinds, kind) &&
		    json_array_append_new(out->kinds, json_string(kind)) < 0)
			return -1;
		if (i >= EVIDENCE_MAX) {
			out->more++;
			continue;
		}
		if (json_array_append_new(out->list, item_json(judge, registry, it,
							       &out->cases)) < 0)
			return -1;
	}
	return 0;
}

/* What one area's sums have to say. */
static int
take_area(struct judge *judge, const struct registry *registry,
	  const struct trigger *t, const struct weighing *g, uint32_t area,
	  struct items *list)
{
	uint32_t i = judge_sums_of(judge, area);
	struct judge_sum s;
	int rc = 0;

	for (; i != REG_NONE && rc == 0; i = s.next_of_area) {
		judge_sum_at(judge, i, &s);
		if (!weigh_takes(t, g, &s))
			continue;
		rc = t->statutory
			     ? take_cases(judge, registry, t, g, i, list)
			     : take_sum(judge, registry, t, i, g->as_of, list);
	}
	return rc;
}

static bool
is_of_group(const struct registry *registry, const struct weighing *g,
	    const struct item *it)
{
	for (size_t k = 0; !it->is_sum && k < g->group_n; k++) {
		if (registry_series_at(registry, it->id)->site == g->group[k])
			return true;
	}
	return false;
}

/* Of the areas or sites of the group that neighbours or scan found. */
static int
take_group(struct judge *judge, const struct registry *registry,
	   const struct trigger *t, const struct weighing *g, struct items *list)
{
	size_t kept = list->n;
	int rc = 0;

	for (size_t k = 0; !g->group_of_sites && k < g->group_n && rc == 0; k++)
		rc = take_area(judge, registry, t, g, g->group[k], list);
	if (!g->group_of_sites)
		return rc;
	rc = take_area(judge, registry, t, g, g->area, list);
	for (size_t i = kept; i < list->n; i++) {
		if (is_of_group(registry, g, &list->at[i]))
			list->at[kept++] = list->at[i];
	}
	list->n = kept;
	return rc;
}

static int
take_all(struct judge *judge, const struct registry *registry,
	 const struct trigger *t, const struct weighing *g, struct items *list)
{
	int rc = g->group_n > 0
			 ? take_group(judge, registry, t, g, list)
			 : take_area(judge, registry, t, g, g->area, list);

	if (list->n > 0)
		qsort(list->at, list->n, sizeof(*list->at), compare);
	return rc;
}

/* Many small p together, none at warning: those that weigh most. */
static int
take_weak(struct judge *judge, const struct registry *registry,
	  const struct trigger *t, const struct weighing *g, struct items *list)
{
	int rc;

	list->least = DET_NORMAL;
	rc = take_all(judge, registry, t, g, list);
	if (list->n > EVIDENCE_WEAK)
		list->n = EVIDENCE_WEAK;
	return rc;
}

static int
mark_weak(json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (json_object_set_new(item, "weak", json_true()) < 0)
			return -1;
	}
	return 0;
}

int
evidence_collect(struct judge *judge, const struct registry *registry,
		 const struct trigger *t, const struct weighing *g,
		 struct evidence *out)
{
	struct items list = { .least = DET_WARNING };
	bool weak = false;
	int rc;

	*out = (struct evidence){ .list = json_array(),
				  .kinds = json_array(),
				  .first_day = DAY_NONE,
				  .last_day = DAY_NONE };
	rc = take_all(judge, registry, t, g, &list);
	if (rc == 0 && list.n == 0 && !t->statutory) {
		weak = true;
		rc = take_weak(judge, registry, t, g, &list);
	}
	if (rc == 0)
		rc = write_out(judge, registry, &list, out);
	if (rc == 0 && weak)
		rc = mark_weak(out->list);
	if (t->statutory)
		out->cases = g->from != DAY_NONE ? g->episode : g->cases;
	if (g->from != DAY_NONE)
		out->first_day = g->from;
	free(list.at);
	if (rc < 0) {
		log_error("desk: no memory for evidence");
		evidence_fini(out);
	}
	return rc;
}

void
evidence_fini(struct evidence *e)
{
	json_decref(e->list);
	json_decref(e->kinds);
	e->list = NULL;
	e->kinds = NULL;
}

/* The days of a window, and the last of them that is due by now. */
struct cover {
	int32_t from, to, due;
	size_t expected, in;
};

/*
 * Days that marks make no evidence of are expected and not there.  What may
 * still be under way is not missing, and what a site that has closed
 * its day did not report will not come: nothing is left to wait for.
 */
static void
cover_series(const struct judge *judge, const struct registry *registry,
	     uint32_t series, struct cover *c)
{
	const struct reg_series *row = registry_series_at(registry, series);
	int32_t first, last;

	judge_span(judge, series, &first, &last);
	if (first == DAY_NONE)
		return;
	for (int32_t d = c->from > first ? c->from : first; d <= c->to; d++) {
		bool closed = judge_closed(judge, row->site, d);
		struct judge_cell cell;

		if (!registry_expects(registry, row->site, d) ||
		    (d > c->due && !closed))
			continue;
		judge_cell(judge, series, d, &cell);
		c->expected++;
		c->in += !judge_is_void(judge, series, d) &&
			 (closed || !isnan(cell.value));
	}
}

double
evidence_coverage(const struct judge *judge, const struct registry *registry,
		  const struct trigger *t, const struct weighing *g)
{
	uint32_t i = judge_sums_of(judge, g->area);
	struct cover c = { .to = g->as_of };
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(judge, i, &s);
		if (!weigh_takes(t, g, &s))
			continue;
		c.from = weigh_from(t, s.kind, g->as_of);
		c.due = g->as_of - t->lag[s.kind];
		for (size_t m = 0; m < s.members; m++)
			cover_series(judge, registry, s.member[m], &c);
	}
	return c.expected == 0 ? NAN : (double)c.in / (double)c.expected;
}

static bool
item_stands(const struct judge *judge, const struct registry *registry,
	    const json_t *item)
{
	const char *site = json_string_value(json_object_get(item, "site"));
	const char *ind = json_string_value(json_object_get(item, "indicator"));
	const char *stratum =
		json_string_value(json_object_get(item, "stratum"));
	const char *day = json_string_value(json_object_get(item, "day"));
	struct judge_cell cell;
	enum det_level level;
	uint32_t s, d;
	int32_t at;
	double p;

	if (site == NULL || ind == NULL || day == NULL || stratum == NULL)
		return false;
	s = registry_site(registry, site, strlen(site));
	d = registry_indicator(registry, ind, strlen(ind));
	s = registry_series(registry, s, d, stratum, strlen(stratum));
	if (s == REG_NONE)
		return false;
	at = day_parse(day, strlen(day));
	if (json_is_null(json_object_get(item, "p"))) {
		judge_case_cell(judge, s, at, &cell);
		return cell.value > 0;
	}
	if (judge_is_void(judge, s, at))
		return false;
	p = judge_series_p(judge, s, at, &level);
	if (!isnan(p) && json_is_true(json_object_get(item, "weak")))
		return p <= fmax(WEAK_P,
				 json_number_value(json_object_get(item, "p")));
	if (!isnan(p))
		return level >= DET_WARNING;
	/* Withdrawn, or so long ago that the judge has forgotten it. */
	judge_cell(judge, s, at, &cell);
	return !isnan(cell.value);
}

bool
evidence_stands(const struct judge *judge, const struct registry *registry,
		const json_t *list)
{
	const json_t *item;
	bool any_site = false;
	size_t i;

	json_array_foreach (list, i, item) {
		any_site = any_site ||
			   !json_is_null(json_object_get(item, "site"));
		if (item_stands(judge, registry, item))
			return true;
	}
	return !any_site;
}
