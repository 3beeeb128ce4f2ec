/*
 * The alert desk: episodes of triggers, and what people do to them, see
 * desk.h.  Every change is made on a copy that replaces the alert once the
 * sink has taken its event.
 */
#include "daemon/desk/desk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/desk_rows.h"

/* Told again when the cases have grown by this factor and number. */
#define GROWTH_FACTOR 2
#define GROWTH_LEAST 5

struct desk *
desk_new(const struct registry *registry, struct judge *judge,
	 const struct trigger_set *triggers, desk_sink *sink, void *arg)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		log_error("desk: no memory");
		return NULL;
	}
	d->registry = registry;
	d->judge = judge;
	d->triggers = triggers;
	d->sink = sink;
	d->arg = arg;
	d->as_of = DAY_NONE;
	d->scale = weigh_new(registry, judge);
	if (d->scale == NULL)
		desk_free(&d);
	return d;
}

void
desk_free(struct desk **dp)
{
	struct desk *d = *dp;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		alert_fini(&d->alert[i]);
	free(d->alert);
	free(d->current);
	free(d->marked);
	names_fini(&d->ids);
	weigh_free(&d->scale);
	free(d);
	*dp = NULL;
}

int
desk_set_triggers(struct desk *d, const struct trigger_set *triggers)
{
	for (size_t i = 0; i < d->n; i++) {
		struct alert *a = &d->alert[i];
		const char *name =
			json_string_value(json_object_get(a->view, "trigger"));
		size_t t = trigger_find(triggers, name == NULL ? "" : name);

		a->trigger = t < triggers->n ? (uint32_t)t : UINT32_MAX;
	}
	d->triggers = triggers;
	return 0;
}

/* The alert whose signal has not ended, or NULL. */
static struct alert *
current(const struct desk *d, uint32_t trigger, uint32_t area, uint32_t site)
{
	for (size_t i = 0; i < d->current_n; i++) {
		struct alert *a = &d->alert[d->current[i]];

		if (a->trigger == trigger && a->area == area && a->site == site)
			return a;
	}
	return NULL;
}

static int
current_put(struct desk *d, uint32_t i)
{
	if (d->current_n == d->current_cap) {
		size_t cap = d->current_cap == 0 ? 32 : d->current_cap * 2;
		uint32_t *list = realloc(d->current, cap * sizeof(*list));

		if (list == NULL) {
			log_error("desk: no memory for alerts");
			return -1;
		}
		d->current = list;
		d->current_cap = cap;
	}
	d->current[d->current_n++] = i;
	return 0;
}

static void
current_drop(struct desk *d, uint32_t i)
{
	for (size_t k = 0; k < d->current_n; k++) {
		if (d->current[k] != i)
			continue;
		memmove(&d->current[k], &d->current[k + 1],
			(d->current_n - k - 1) * sizeof(*d->current));
		d->current_n--;
		return;
	}
}

/* Takes the alert over; 0, or -1 when already logged. */
static int
add(struct desk *d, const struct alert *a)
{
	uint32_t i;

	if (d->n == d->cap) {
		size_t cap = d->cap == 0 ? 64 : d->cap * 2;
		struct alert *list = realloc(d->alert, cap * sizeof(*list));

		if (list == NULL) {
			log_error("desk: no memory for alerts");
			return -1;
		}
		d->alert = list;
		d->cap = cap;
	}
	i = names_add(&d->ids, a->id, strlen(a->id));
	if (i != d->n) {
		log_error("desk: alert %s is there already", a->id);
		return -1;
	}
	d->alert[d->n++] = *a;
	return a->ended ? 0 : current_put(d, i);
}

int
desk_restore(struct desk *d, const json_t *view)
{
	char err[256];
	struct alert a;

	if (alert_parse(&a, view, d->registry, d->triggers, err, sizeof(err)) <
	    0) {
		log_error("desk: %s", err);
		return -1;
	}
	if (add(d, &a) < 0) {
		alert_fini(&a);
		return -1;
	}
	if (a.last_signal != DAY_NONE && a.last_signal > d->as_of)
		d->as_of = a.last_signal;
	return 0;
}

void
desk_resume(struct desk *d, int32_t as_of)
{
	if (as_of != DAY_NONE && as_of > d->as_of)
		d->as_of = as_of;
}

struct alert
desk_copy(const struct alert *a)
{
	struct alert next = *a;

	next.evidence = json_incref(a->evidence);
	next.kinds = json_incref(a->kinds);
	next.view = json_deep_copy(a->view);
	return next;
}

int
desk_apply(struct desk *d, struct alert *a, struct alert *next,
	   const char *name, const json_t *body, bool announce)
{
	struct desk_event event = { .id = next->id,
				    .name = name,
				    .as_of = d->as_of,
				    .announce = announce };
	json_t *own = NULL;
	int rc = -1;

	event.version = ++next->version;
	if (body == NULL) {
		own = alert_event_body(next, name, d->as_of, d->registry,
				       d->triggers);
		body = own;
	}
	if (body != NULL && alert_render(next, d->registry, d->triggers) == 0) {
		event.body = body;
		event.alert = next->view;
		rc = d->sink(d->arg, &event);
	} else {
		log_error("desk: no memory for an event of %s", next->id);
	}
	json_decref(own);
	if (rc == 0 && a == NULL)
		rc = add(d, next);
	else if (rc == 0) {
		alert_fini(a);
		*a = *next;
		if (a->ended)
			current_drop(d, (uint32_t)(a - d->alert));
	}
	if (rc < 0)
		alert_fini(next);
	return rc;
}

static size_t
bits(uint64_t x)
{
	size_t n = 0;

	for (; x != 0; x &= x - 1)
		n++;
	return n;
}

/* Kinds that were in it and kinds that are, in the order of the list. */
static json_t *
union_of(const json_t *old, const json_t *more)
{
	json_t *all = json_deep_copy(old), *k, *seen;
	size_t i, j;

	json_array_foreach (more, i, k) {
		bool found = false;

		json_array_foreach (all, j, seen)
			found = found || json_equal(seen, k);
		if (!found)
			json_array_append(all, k);
	}
	return all;
}

/* Puts what a weighing says into the alert. */
static void
take_weighing(struct desk *d, struct alert *a, const struct weighing *g,
	      const struct evidence *e)
{
	const struct trigger *t = &d->triggers->at[a->trigger];
	json_t *kinds = union_of(a->kinds, e->kinds);

	json_decref(a->kinds);
	a->kinds = kinds;
	json_decref(a->evidence);
	a->evidence = json_incref(e->list);
	a->classes |= g->classes;
	a->points = bits(a->classes);
	a->p = g->p;
	a->cases = e->cases;
	a->coverage = evidence_coverage(d->judge, d->registry, t, g);
	if (e->last_day != DAY_NONE &&
	    (a->last_day == DAY_NONE || e->last_day > a->last_day))
		a->last_day = e->last_day;
	a->last_signal = g->as_of;
	a->unsupported = false;
	if (g->colour > a->grade)
		a->grade = g->colour;
}

/* The newest alert of the place, whatever its state; for linking. */
static const struct alert *
latest(const struct desk *d, uint32_t trigger, const struct weighing *g)
{
	const struct alert *found = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct alert *a = &d->alert[i];

		if (a->trigger == trigger && a->area == g->area &&
		    a->site == g->site)
			found = a;
	}
	return found;
}

static int
open_alert(struct desk *d, uint32_t trigger, const struct weighing *g,
	   const struct evidence *e, bool fresh_id)
{
	const struct trigger *t = &d->triggers->at[trigger];
	const struct alert *before = latest(d, trigger, g);
	const char *site = g->site == REG_NONE
				   ? ""
				   : registry_site_at(d->registry, g->site)->code;
	struct alert a = { .trigger = trigger,
			   .area = g->area,
			   .site = g->site,
			   .opened = g->as_of,
			   .first_day = e->first_day,
			   .last_day = DAY_NONE,
			   .kinds = json_array(),
			   .evidence = json_array(),
			   .view = json_object() };
	int32_t named;

	if (a.first_day == DAY_NONE)
		a.first_day = g->as_of;
	if (before != NULL)
		snprintf(a.previous, sizeof(a.previous), "%s", before->id);
	/* An episode never takes the id of the one before it. */
	named = fresh_id ? g->as_of : a.first_day;
	alert_id(a.id, t->name, registry_area_at(d->registry, g->area)->code,
		 site, named);
	while (names_find(&d->ids, a.id, strlen(a.id)) != NAMES_NONE)
		alert_id(a.id, t->name,
			 registry_area_at(d->registry, g->area)->code, site,
			 ++named);
	take_weighing(d, &a, g, e);
	a.told_cases = a.cases;
	return desk_apply(d, NULL, &a, "opened", NULL, d->announce);
}

/* What the weighing adds to an episode: the event's name, or NULL. */
static const char *
growth(const struct alert *a, const struct weighing *g, const struct evidence *e)
{
	if (g->colour > a->grade)
		return "regraded";
	if ((g->classes & ~a->classes) != 0)
		return "grew";
	if (e->cases >= a->told_cases * GROWTH_FACTOR &&
	    e->cases >= a->told_cases + GROWTH_LEAST)
		return "grew";
	if (isnan(a->told_cases) && e->cases > 0)
		return "grew";
	return NULL;
}

static int
signal_on(struct desk *d, uint32_t trigger, struct alert *a,
	  const struct weighing *g)
{
	struct evidence e;
	const char *name;
	struct alert next;
	int rc;

	if (evidence_collect(d->judge, d->registry, &d->triggers->at[trigger],
			     g, &e) < 0)
		return -1;
	name = a == NULL ? "opened" : growth(a, g, &e);
	if (a == NULL) {
		rc = open_alert(d, trigger, g, &e, false);
	} else if (alert_done(a->state) && name != NULL) {
		/* People are done with it, and now it is more. */
		next = desk_copy(a);
		next.ended = true;
		rc = desk_apply(d, a, &next, "ended", NULL, false);
		if (rc == 0)
			rc = open_alert(d, trigger, g, &e, true);
	} else if (name != NULL || a->last_signal < g->as_of) {
		next = desk_copy(a);
		take_weighing(d, &next, g, &e);
		if (name != NULL)
			next.told_cases = next.cases;
		rc = desk_apply(d, a, &next, name != NULL ? name : "continued",
				NULL, name != NULL && d->announce);
	} else {
		rc = 0;
	}
	evidence_fini(&e);
	return rc;
}

static int
signal_off(struct desk *d, struct alert *a)
{
	const struct trigger *t = &d->triggers->at[a->trigger];
	bool stands;
	struct alert next;

	if (d->as_of - a->last_signal >= t->quiet_days) {
		next = desk_copy(a);
		next.ended = true;
		return desk_apply(d, a, &next, "ended", NULL, d->announce);
	}
	stands = evidence_stands(d->judge, d->registry, a->evidence);
	if (stands != a->unsupported)
		return 0;
	next = desk_copy(a);
	next.unsupported = !stands;
	return desk_apply(d, a, &next, stands ? "supported" : "unsupported",
			  NULL, d->announce);
}

static int
weigh_place(struct desk *d, uint32_t trigger, uint32_t area, uint32_t site)
{
	struct alert *a = current(d, trigger, area, site);
	struct weighing g;

	weigh(d->scale, &d->triggers->at[trigger], area, site, d->as_of, &g);
	if (g.colour != COLOUR_NONE)
		return signal_on(d, trigger, a, &g);
	return a == NULL ? 0 : signal_off(d, a);
}

/* Sites of the area that report something the trigger listens to. */
static int
weigh_sites(struct desk *d, uint32_t trigger, uint32_t area)
{
	const struct trigger *t = &d->triggers->at[trigger];
	uint32_t i = judge_sums_of(d->judge, area), last = REG_NONE;
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(d->judge, i, &s);
		if (!weigh_listens(t, &s))
			continue;
		for (size_t m = 0; m < s.members; m++) {
			const struct reg_series *row =
				registry_series_at(d->registry, s.member[m]);

			if (row->site == last ||
			    registry_site_at(d->registry, row->site)->area != area)
				continue;
			last = row->site;
			if (weigh_place(d, trigger, area, last) < 0)
				return -1;
		}
	}
	return 0;
}

/* Marks the areas where anything may have changed, and those above them. */
static int
mark(struct desk *d)
{
	size_t areas = registry_areas(d->registry);
	const uint32_t *touched;
	size_t n = judge_touched(d->judge, &touched);

	if (areas > d->marked_n) {
		uint8_t *marked = realloc(d->marked, areas);

		if (marked == NULL) {
			log_error("desk: no memory for %zu areas", areas);
			return -1;
		}
		d->marked = marked;
		d->marked_n = areas;
	}
	if (areas > 0) /* else there is nothing to point at */
		memset(d->marked, 0, areas);
	for (size_t i = 0; i < n + d->current_n; i++) {
		uint32_t a =
			i < n ? touched[i] : d->alert[d->current[i - n]].area;

		for (; a != REG_NONE && !d->marked[a];
		     a = registry_area_at(d->registry, a)->parent)
			d->marked[a] = 1;
	}
	return 0;
}

static int
weigh_level(struct desk *d, uint32_t trigger, unsigned level)
{
	const struct trigger *t = &d->triggers->at[trigger];

	for (uint32_t a = 0; a < registry_areas(d->registry); a++) {
		bool here = registry_area_at(d->registry, a)->level == level;

		if (!d->marked[a])
			continue;
		if (here && (t->levels & (1u << level)) != 0 &&
		    weigh_place(d, trigger, a, REG_NONE) < 0)
			return -1;
		if (here && (t->levels & TRIGGER_SITE) != 0 &&
		    weigh_sites(d, trigger, a) < 0)
			return -1;
	}
	return 0;
}

int
desk_weigh(struct desk *d, int32_t as_of, bool announce)
{
	if (mark(d) < 0)
		return -1;
	d->as_of = as_of;
	d->announce = announce;
	for (unsigned level = REG_LEVELS; level-- > 0;) {
		for (uint32_t t = 0; t < d->triggers->n; t++) {
			if (weigh_level(d, t, level) < 0)
				return -1;
		}
	}
	judge_touched_clear(d->judge);
	return 0;
}
