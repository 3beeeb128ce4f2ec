/*
 * Rule cases: so many cases within the window.
 *
 * With a past it looks back: a case that was reported late may have filled a
 * window that ended some days ago.  What alerts have told of already is left
 * out there, and what sites hand in as their past.
 */
#include <math.h>

#include "base/day.h"
#include "daemon/desk/weigh_parts.h"

/* Windows by how many days ago they ended. */
struct windows {
	int32_t oldest; /* the first one looked at */
	double cases[TRIGGER_MAX_LATE + 1];
	int32_t first[TRIGGER_MAX_LATE + 1]; /* day with cases; DAY_NONE */
	bool filled[TRIGGER_MAX_LATE + 1];   /* by cases of its last day */
};

static bool
is_told(const struct weigh_past *past, int32_t day)
{
	for (size_t i = 0; i < past->n; i++) {
		if (day >= past->told[i].first && day <= past->told[i].last)
			return true;
	}
	return false;
}

bool
weigh_left_out(const struct trigger *t, const struct weighing *g,
	       const struct weigh_report *r)
{
	if (g->past == NULL || r->end >= weigh_from(t, r->kind, g->as_of) ||
	    (g->past->own != DAY_NONE && r->day >= g->past->own))
		return false;
	return is_told(g->past, r->day) ||
	       (g->past->quality != NULL &&
		quality_was_history(g->past->quality, r->site, r->day));
}

static void
add_case(const struct trigger *t, const struct weighing *g,
	 const struct weigh_report *r, double cases, struct windows *w)
{
	int32_t last = r->end + t->window + t->lag[r->kind] - 1;
	int32_t from = r->end > w->oldest ? r->end : w->oldest;

	if (from < g->as_of && weigh_left_out(t, g, r))
		return;
	for (int32_t end = from; end <= last && end <= g->as_of; end++) {
		int32_t i = g->as_of - end;

		w->cases[i] += cases;
		w->filled[i] = w->filled[i] || end == r->end;
		if (w->first[i] == DAY_NONE || r->day < w->first[i])
			w->first[i] = r->day;
	}
}

/* Reports with cases from a day on: into the windows, or into the episode. */
static void
take_series(const struct scale *s, const struct trigger *t, struct weighing *g,
	    const struct judge_sum *sum, uint32_t series, struct windows *w)
{
	struct weigh_report r = {
		.kind = sum->kind,
		.site = registry_series_at(s->registry, series)->site
	};
	int32_t from = w == NULL ? g->from : weigh_from(t, sum->kind, w->oldest);

	if (g->site != REG_NONE && r.site != g->site)
		return;
	for (r.end = from; r.end <= g->as_of; r.end++) {
		struct judge_cell cell;

		if (sum->period == 7 && day_weekday(r.end) != 6)
			continue;
		judge_case_cell(s->judge, series, r.end, &cell);
		if (!(cell.value > 0))
			continue;
		r.day = sum->period == 7 ? day_monday(r.end) : r.end;
		if (w != NULL)
			add_case(t, g, &r, cell.value, w);
		else if (!weigh_left_out(t, g, &r))
			g->episode += cell.value;
	}
}

static void
take_place(const struct scale *s, const struct trigger *t, struct weighing *g,
	   struct windows *w)
{
	uint32_t i = judge_sums_of(s->judge, g->area);
	struct judge_sum sum;

	for (; i != REG_NONE; i = sum.next_of_area) {
		judge_sum_at(s->judge, i, &sum);
		if (!weigh_takes(t, g, &sum))
			continue;
		for (size_t m = 0; m < sum.members; m++)
			take_series(s, t, g, &sum, sum.member[m], w);
	}
}

static enum colour
colour_of(const struct trigger *t, double cases)
{
	enum colour c = COLOUR_NONE;

	for (size_t i = 0; i < t->steps; i++) {
		if (cases >= t->step[i].cases)
			c = t->step[i].colour;
	}
	return c;
}

void
weigh_cases(struct scale *s, const struct trigger *t, struct weighing *out)
{
	struct windows w = { .oldest = out->as_of };

	if (out->past != NULL) {
		w.oldest -= t->late;
		if (out->past->since != DAY_NONE && w.oldest < out->past->since)
			w.oldest = out->past->since < out->as_of
					   ? out->past->since
					   : out->as_of;
		out->from = out->past->own;
	}
	for (int i = 0; i <= TRIGGER_MAX_LATE; i++)
		w.first[i] = DAY_NONE;
	take_place(s, t, out, &w);
	for (int32_t i = 0; i <= out->as_of - w.oldest; i++) {
		enum colour c = colour_of(t, w.cases[i]);

		/* Those after it hold no more: the last case was so late. */
		if (i > 0 && !w.filled[i])
			continue;
		if (i == 0)
			out->colour = c;
		else if (c > out->late)
			out->late = c;
		if (c != COLOUR_NONE &&
		    (out->from == DAY_NONE || w.first[i] < out->from))
			out->from = w.first[i];
	}
	out->cases = w.cases[0];
	out->earned = out->colour;
	if (out->from != DAY_NONE)
		take_place(s, t, out, NULL);
}
