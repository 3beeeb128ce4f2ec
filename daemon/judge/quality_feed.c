/*
 * What a feed does that no outbreak does, see quality_feed.h.
 */
#include "daemon/judge/quality_feed.h"

#include <math.h>
#include <string.h>

#include "base/day.h"
#include "daemon/judge/calendar.h"
#include "detectors/detect.h"

#define DROP_CELLS 63 /* what method "drop" reads with its defaults */
#define DROP_WINDOW 7
#define DROP_P 1e-4
#define DROP_SHARE 0.4
#define LEAST_REPORTS 14 /* that say what is usual */
#define USUAL_REPORTS 28
#define USUAL_SHARE 0.9
#define GONE 3	     /* reports without the series */
#define GONE_MOST 60 /* after which nobody waits for it any more */
#define JUMP_REPORTS 3
#define JUMP_FACTOR 8
#define JUMP_LEAST 5

/* The value; NaN = no report, or a part of a day's. */
static double
whole(const struct judge *j, uint32_t series, int32_t day)
{
	struct judge_cell cell;

	judge_cell(j, series, day, &cell);
	return cell.partial ? NAN : cell.value;
}

static uint32_t
next_of(const struct registry *r, uint32_t series)
{
	return registry_series_at(r, series)->next_of_site;
}

/* Period of the site's last report and of its first; false without any. */
static bool
span_of(const struct registry *r, const struct judge *j, uint32_t site,
	int32_t *first, int32_t *last)
{
	*first = *last = DAY_NONE;
	for (uint32_t i = registry_site_at(r, site)->first_series;
	     i != REG_NONE; i = next_of(r, i)) {
		int32_t from, to;

		judge_span(j, i, &from, &to);
		if (from == DAY_NONE)
			continue;
		if (*first == DAY_NONE || from < *first)
			*first = from;
		if (*last == DAY_NONE || to > *last)
			*last = to;
	}
	return *last != DAY_NONE;
}

/* Adds a series to the window of n cells that ends with the last day. */
static void
add_series(const struct judge *j, uint32_t series, int32_t last, int period,
	   double cell[DROP_CELLS])
{
	for (int i = 0; i < DROP_CELLS; i++)
		cell[i] += whole(j, series, last - (DROP_CELLS - 1 - i) * period);
}

static bool
is_drop(const double cell[DROP_CELLS], int32_t last, int period,
	struct quality_feed *out)
{
	const struct det_method *m = det_find("drop");
	const struct det_window w = {
		.count = cell,
		.n = DROP_CELLS,
		.first_t = 1,
		.first_day = last - (DROP_CELLS - 1) * period,
		.period = period == 7 ? DET_WEEK : DET_DAY,
		.dated = true,
	};
	double p[DET_MAX_PARAMS];
	struct det_verdict v;

	det_params_default(m, p);
	/* The method needs no work space. */
	if (det_judge(m, p, &w, DROP_CELLS - 1, NULL, &v) != DET_OK ||
	    !(v.p <= DROP_P))
		return false;
	out->seen = 0;
	out->usual = v.expected;
	out->since = last - (DROP_WINDOW - 1) * period;
	for (int i = DROP_CELLS - DROP_WINDOW; i < DROP_CELLS; i++)
		out->seen += isnan(cell[i]) ? 0 : cell[i];
	return out->seen < DROP_SHARE * out->usual;
}

/* Around the spring festival every clinic is half empty. */
static bool
near_holiday(const struct registry *r, uint32_t site, int32_t last)
{
	int period = registry_site_at(r, site)->period;

	for (int i = 0; i < DROP_WINDOW * period; i++) {
		if (calendar_is_holiday(registry_calendar_of(r, site),
					last + period - 1 - i))
			return true;
	}
	return false;
}

bool
quality_withered(const struct registry *r, const struct judge *j, uint32_t site,
		 struct quality_feed *out)
{
	const struct reg_site *s = registry_site_at(r, site);
	double cell[DROP_CELLS] = { 0 };
	int32_t first, last;
	bool any = false;

	*out = (struct quality_feed){ .series = REG_NONE };
	if (!span_of(r, j, site, &first, &last) || near_holiday(r, site, last))
		return false;
	for (uint32_t i = s->first_series; i != REG_NONE; i = next_of(r, i)) {
		if (isnan(whole(j, i, last)))
			continue;
		/* One that is missing on a day makes the day unknown. */
		add_series(j, i, last, s->period, cell);
		any = true;
	}
	return any && is_drop(cell, last, s->period, out);
}

/* Has the site any report but those of this series? */
static bool
others_came(const struct registry *r, const struct judge *j, uint32_t series,
	    int32_t day)
{
	uint32_t site = registry_series_at(r, series)->site;

	for (uint32_t i = registry_site_at(r, site)->first_series;
	     i != REG_NONE; i = next_of(r, i)) {
		struct judge_cell cell;

		judge_cell(j, i, day, &cell);
		if (i != series && !isnan(cell.value))
			return true;
	}
	return false;
}

static bool
has_stopped(const struct registry *r, const struct judge *j, uint32_t series,
	    int32_t first, struct quality_feed *out)
{
	const struct reg_series *row = registry_series_at(r, series);
	int period = registry_site_at(r, row->site)->period;
	int gone = 0, had = 0, of = 0;
	struct judge_cell cell;

	/* From the site's last report, which out->since is, backwards. */
	for (int32_t d = out->since;
	     d >= first && of < USUAL_REPORTS && gone <= GONE_MOST; d -= period) {
		judge_cell(j, series, d, &cell);
		if (!isnan(cell.value) && gone < GONE)
			return false;
		if (!others_came(r, j, series, d))
			continue;
		if (isnan(cell.value) && had == 0) {
			gone++;
			out->since = d;
			continue;
		}
		of++;
		had += !isnan(cell.value);
	}
	out->series = series;
	out->seen = gone;
	return had >= LEAST_REPORTS && had >= USUAL_SHARE * of;
}

bool
quality_stopped(const struct registry *r, const struct judge *j, uint32_t site,
		struct quality_feed *out)
{
	const struct reg_site *s = registry_site_at(r, site);
	int32_t first, last;

	if (!span_of(r, j, site, &first, &last))
		return false;
	for (uint32_t i = s->first_series; i != REG_NONE; i = next_of(r, i)) {
		*out = (struct quality_feed){ .since = last };
		if (has_stopped(r, j, i, first, out))
			return true;
	}
	return false;
}

static bool
has_jumped(const struct judge *j, uint32_t series, int period,
	   struct quality_feed *out)
{
	double least = INFINITY, largest = 0;
	int late = 0, before = 0;
	int32_t first, last;

	judge_span(j, series, &first, &last);
	if (first == DAY_NONE)
		return false;
	for (int32_t d = last; d >= first && before < USUAL_REPORTS; d -= period) {
		double x = whole(j, series, d);

		if (isnan(x))
			continue;
		if (late < JUMP_REPORTS) {
			late++;
			least = fmin(least, x);
			out->since = d;
			continue;
		}
		before++;
		largest = fmax(largest, x);
		if (largest * JUMP_FACTOR > least)
			return false;
	}
	out->series = series;
	out->seen = least;
	out->usual = largest;
	return before >= LEAST_REPORTS && largest >= JUMP_LEAST;
}

bool
quality_jumped(const struct registry *r, const struct judge *j, uint32_t site,
	       struct quality_feed *out)
{
	const struct reg_site *s = registry_site_at(r, site);

	for (uint32_t i = s->first_series; i != REG_NONE; i = next_of(r, i)) {
		*out = (struct quality_feed){ 0 };
		if (has_jumped(j, i, s->period, out))
			return true;
	}
	return false;
}
