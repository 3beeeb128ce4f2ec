/*
 * Episodes of cases: what alerts have told already, and when more is told.
 *
 * A rule of cases counts its episode and not its window: from the first case
 * on, for as long as the alert's signal goes on.
 */
#include <math.h>
#include <string.h>

#include "base/day.h"
#include "daemon/desk/desk_rows.h"

/* Told again when the cases have grown by this factor and number. */
#define GROWTH_FACTOR 2
#define GROWTH_LEAST 5
/* The same of a rule of cases, where one case alone does not ring. */
#define EPISODE_FACTOR 1.5

/* Adds the days that alerts on the place have told, the newest ones first. */
static void
find_told(const struct desk *d, const struct desk_place *p,
	  const struct alert *current, struct weigh_past *past)
{
	for (size_t i = d->n; i-- > 0 && past->n < WEIGH_MAX_TOLD;) {
		const struct alert *a = &d->alert[i];

		if (a == current || a->trigger != p->trigger ||
		    a->area != p->area || a->site != p->site ||
		    a->indicator != p->indicator)
			continue;
		past->told[past->n].first = a->first_day;
		past->told[past->n++].last = a->last_day;
	}
}

void
desk_look(struct desk *d, const struct desk_place *p, const struct alert *a,
	  struct weighing *out)
{
	const struct trigger *t = &d->triggers->at[p->trigger];
	struct weigh_past past = { .since = d->since,
				   .own = a == NULL ? DAY_NONE : a->first_day,
				   .quality = d->quality };
	const struct weigh_place at = { p->area, p->site, p->indicator, d->as_of,
					t->rule == RULE_CASES ? &past : NULL };

	weigh(d->scale, t, &at, out);
	/* To look through all alerts is worth while where one matters. */
	if (out->late == COLOUR_NONE)
		return;
	find_told(d, p, a, &past);
	if (past.n > 0)
		weigh(d->scale, t, &at, out);
}

static bool
has_indicator(const json_t *list, const json_t *code)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		if (json_equal(json_object_get(row, "indicator"), code))
			return true;
	}
	return false;
}

/* One that the alert has not shown yet. */
static bool
is_new_indicator(const struct alert *a, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		if (!has_indicator(a->evidence,
				   json_object_get(row, "indicator")))
			return true;
	}
	return false;
}

static bool
episode_grew(const struct trigger *t, const struct alert *a,
	     const struct evidence *e)
{
	if (is_new_indicator(a, e->list))
		return true;
	if (t->step[0].cases <= 1)
		return e->cases > a->told_cases;
	return e->cases > a->told_cases &&
	       e->cases >= a->told_cases * EPISODE_FACTOR;
}

const char *
desk_growth(const struct desk *d, const struct alert *a,
	    const struct weighing *g, const struct evidence *e)
{
	const struct trigger *t = &d->triggers->at[a->trigger];

	if (g->colour > a->grade)
		return "regraded";
	if ((g->classes & ~a->classes) != 0)
		return "grew";
	if (isnan(a->told_cases))
		return e->cases > 0 ? "grew" : NULL;
	if (t->rule == RULE_CASES)
		return episode_grew(t, a, e) ? "grew" : NULL;
	return e->cases >= a->told_cases * GROWTH_FACTOR &&
			       e->cases >= a->told_cases + GROWTH_LEAST
		       ? "grew"
		       : NULL;
}
