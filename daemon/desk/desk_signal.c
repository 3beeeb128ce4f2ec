/*
 * Signals of triggers at places: gathered by weighing, and made into the
 * events of their alerts, see desk_rows.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/desk_rows.h"

struct signal *
desk_signal_add(struct desk *d)
{
	struct signals *l = &d->signals;

	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct signal *at = realloc(l->at, cap * sizeof(*at));

		if (at == NULL) {
			log_error("desk: no memory for %zu signals", cap);
			return NULL;
		}
		l->at = at;
		l->cap = cap;
	}
	l->at[l->n] = (struct signal){ .alert = SIGNAL_NONE,
				       .site = REG_NONE,
				       .indicator = REG_NONE,
				       .parent = SIGNAL_NONE,
				       .whole = SIGNAL_NONE };
	return &l->at[l->n++];
}

void
desk_signals_clear(struct desk *d)
{
	for (size_t i = 0; i < d->signals.n; i++) {
		if (d->signals.at[i].on)
			evidence_fini(&d->signals.at[i].e);
	}
	d->signals.n = 0;
}

/* The alert behind a signal; one opened this very day has its id only. */
static const struct alert *
alert_of(const struct desk *d, const struct signal *s)
{
	return s->alert != SIGNAL_NONE ? &d->alert[s->alert]
				       : desk_find(d, s->id);
}

const json_t *
desk_signal_evidence(const struct desk *d, const struct signal *s)
{
	const struct alert *a = s->on ? NULL : alert_of(d, s);

	if (s->on)
		return s->e.list;
	return a == NULL ? NULL : a->evidence;
}

/* What evidence does to the alert, if there is one. */
static void
signal_on(const struct desk *d, const struct alert *a, struct signal *s)
{
	int32_t first = s->e.first_day == DAY_NONE ? s->g.as_of : s->e.first_day;

	s->name = a == NULL ? "opened" : desk_growth(d, a, &s->g, &s->e);
	s->replaces = a != NULL && alert_done(a->state) && s->name != NULL;
	s->grade = s->g.colour;
	s->active = a == NULL || s->replaces || !alert_done(a->state);
	if (a == NULL || s->replaces) {
		/* An episode never takes the id of the one before it. */
		desk_new_id(d, s->id, s, s->replaces ? s->g.as_of : first);
		return;
	}
	memcpy(s->id, a->id, sizeof(s->id));
	if (a->grade > s->grade)
		s->grade = a->grade;
}

static void
signal_off(const struct desk *d, const struct alert *a, struct signal *s)
{
	const struct trigger *t = &d->triggers->at[a->trigger];

	memcpy(s->id, a->id, sizeof(s->id));
	s->grade = a->grade;
	if (d->as_of - a->last_signal >= t->quiet_days)
		s->name = "ended";
	else if (evidence_stands(d->judge, d->registry, a->evidence) ==
		 a->unsupported)
		s->name = a->unsupported ? "supported" : "unsupported";
	s->active = !alert_done(a->state) &&
		    d->as_of - a->last_signal < t->quiet_days;
}

/* Is there anything to tell, now that the evidence is known? */
static bool
is_evident(const struct desk *d, const struct alert *a, const struct signal *s,
	   bool rings)
{
	if (rings || a == NULL)
		return true;
	/* An episode grows between its windows too, but none opens anew. */
	if (alert_done(a->state) && s->g.colour == COLOUR_NONE)
		return false;
	return desk_growth(d, a, &s->g, &s->e) != NULL;
}

static int
weigh_one(struct desk *d, const struct desk_place *p)
{
	const struct trigger *t = &d->triggers->at[p->trigger];
	const struct alert *a = desk_current(d, p);
	struct weighing g;
	struct signal *s;
	bool rings;

	desk_look(d, p, a, &g);
	rings = g.colour != COLOUR_NONE;
	if (a == NULL || alert_done(a->state) || g.late > a->grade)
		g.colour = g.late > g.colour ? g.late : g.colour;
	if (g.colour == COLOUR_NONE && a == NULL)
		return 0;
	s = desk_signal_add(d);
	if (s == NULL)
		return -1;
	s->trigger = p->trigger;
	s->area = p->area;
	s->site = p->site;
	s->indicator = p->indicator;
	s->g = g;
	if (a != NULL)
		s->alert = (uint32_t)(a - d->alert);
	if (rings || g.from != DAY_NONE) {
		if (evidence_collect(d->judge, d->registry, t, &g, &s->e) < 0)
			return -1;
		s->on = is_evident(d, a, s, rings);
		if (!s->on)
			evidence_fini(&s->e);
	}
	s->g.past = NULL;
	if (s->on)
		signal_on(d, a, s);
	else
		signal_off(d, a, s);
	return 0;
}

static int
weigh_place(struct desk *d, uint32_t trigger, uint32_t area, uint32_t site)
{
	const struct trigger *t = &d->triggers->at[trigger];
	struct desk_place p = { trigger, area, site, REG_NONE, false };

	if (!t->each)
		return weigh_one(d, &p);
	for (p.indicator = 0; p.indicator < t->indicators; p.indicator++) {
		if (t->indicator[p.indicator] && weigh_one(d, &p) < 0)
			return -1;
	}
	return 0;
}

/* Was the site weighed since the signal of that number? */
static bool
weighed(const struct desk *d, size_t since, uint32_t site)
{
	for (size_t i = since; i < d->signals.n; i++) {
		if (d->signals.at[i].site == site)
			return true;
	}
	return false;
}

/* Sites of the area that report something the trigger listens to. */
static int
weigh_sites(struct desk *d, uint32_t trigger, uint32_t area)
{
	const struct trigger *t = &d->triggers->at[trigger];
	uint32_t i = judge_sums_of(d->judge, area), last = REG_NONE;
	size_t since = d->signals.n;
	struct judge_sum s;

	for (; i != REG_NONE; i = s.next_of_area) {
		judge_sum_at(d->judge, i, &s);
		if (!weigh_listens(t, &s))
			continue;
		for (size_t m = 0; m < s.members; m++) {
			const struct reg_series *row =
				registry_series_at(d->registry, s.member[m]);

			if (row->site == last ||
			    registry_site_at(d->registry, row->site)->area !=
				    area ||
			    weighed(d, since, row->site))
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
desk_gather(struct desk *d)
{
	if (mark(d) < 0)
		return -1;
	for (unsigned level = REG_LEVELS; level-- > 0;) {
		for (uint32_t t = 0; t < d->triggers->n; t++) {
			if (weigh_level(d, t, level) < 0)
				return -1;
		}
	}
	return 0;
}

/* Puts what the weighing says into the alert. */
static void
take_weighing(const struct desk *d, struct alert *a, const struct signal *s)
{
	const struct trigger *t = &d->triggers->at[a->trigger];
	const struct evidence *e = &s->e;
	json_t *kinds = desk_union(a->kinds, e->kinds);

	json_decref(a->kinds);
	a->kinds = kinds;
	json_decref(a->evidence);
	a->evidence = json_incref(e->list);
	a->classes |= s->g.classes;
	a->points = desk_bits(a->classes);
	a->p = s->g.p;
	a->cases = e->cases;
	a->coverage = evidence_coverage(d->judge, d->registry, t, &s->g);
	if (e->last_day != DAY_NONE &&
	    (a->last_day == DAY_NONE || e->last_day > a->last_day))
		a->last_day = e->last_day;
	if (s->g.from != DAY_NONE && e->first_day < a->first_day)
		a->first_day = e->first_day;
	a->last_signal = s->g.as_of;
	a->unsupported = false;
	if (s->g.colour > a->grade)
		a->grade = s->g.colour;
}

/*
 * The city rings by itself after its counties had rung it: their merged alert
 * was told and may be worked on already, so only a higher colour is told
 * again, and whoever has the one has the other.
 */
static bool
follows_merged(struct desk *d, struct alert *a, const struct signal *s)
{
	const struct alert *m =
		desk_current(d, &DESK_AREA(s->trigger, s->area, true));
	json_t *owner;

	if (m == NULL || alert_done(m->state) || s->grade > m->grade)
		return false;
	a->state = m->state;
	owner = json_object_get(m->view, "owner");
	if (owner != NULL)
		json_object_set(a->view, "owner", owner);
	return true;
}

static int
open_alert(struct desk *d, const struct signal *s)
{
	const struct desk_place place = { s->trigger, s->area, s->site,
					  s->indicator, false };
	const struct alert *before = desk_latest(d, &place);
	struct alert a = { .trigger = s->trigger,
			   .area = s->area,
			   .site = s->site,
			   .indicator = s->indicator,
			   .opened = s->g.as_of,
			   .first_day = s->e.first_day,
			   .last_day = DAY_NONE,
			   .kinds = json_array(),
			   .evidence = json_array(),
			   .view = json_object() };
	struct desk_change change = { .name = "opened",
				      .covered = desk_covered(d, s) };

	memcpy(a.id, s->id, sizeof(a.id));
	if (a.first_day == DAY_NONE)
		a.first_day = s->g.as_of;
	if (before != NULL)
		memcpy(a.previous, before->id, sizeof(a.previous));
	take_weighing(d, &a, s);
	a.told_cases = a.cases;
	desk_link(d, s, &a);
	change.announce = !follows_merged(d, &a, s) && d->announce &&
			  !desk_told_by_whole(d, s);
	desk_work_open(d, s, &a);
	return desk_apply(d, NULL, &a, &change);
}

static int
end_alert(struct desk *d, struct alert *a, bool announce, uint32_t covered)
{
	struct alert next = desk_copy(a);
	const struct desk_change change = { .name = "ended",
					    .announce = announce,
					    .covered = covered };

	next.ended = true;
	return desk_apply(d, a, &next, &change);
}

static int
go_on(struct desk *d, struct alert *a, const struct signal *s)
{
	struct alert next = desk_copy(a);
	bool released = desk_released(d, s);
	const struct desk_change change = {
		.name = s->name != NULL ? s->name
			: released	? "released"
					: "continued",
		.announce = (s->name != NULL || released) && d->announce &&
			    !desk_told_by_whole(d, s),
		.state_only = s->name == NULL,
		.covered = desk_covered(d, s)
	};

	take_weighing(d, &next, s);
	desk_link(d, s, &next);
	if (released)
		desk_work_release(d, &next);
	if (s->name != NULL) {
		next.told_cases = next.cases;
		desk_work_grow(d, s, &next);
	}
	return desk_apply(d, a, &next, &change);
}

static int
apply_on(struct desk *d, struct signal *s)
{
	struct alert *a = s->alert == SIGNAL_NONE ? NULL : &d->alert[s->alert];

	if (s->replaces && end_alert(d, a, false, REG_NONE) < 0)
		return -1;
	if (a == NULL || s->replaces)
		return open_alert(d, s);
	if (s->name != NULL || a->unsupported || a->last_signal < s->g.as_of)
		return go_on(d, a, s);
	return 0;
}

/* Who was told of the alert by that of the area above hears there too that it
   is over. */
static uint32_t
was_covered(const struct desk *d, const struct alert *a)
{
	const struct alert *above =
		a->parent[0] == '\0' ? NULL : desk_find(d, a->parent);

	return above != NULL && above->grade >= a->grade ? above->area : REG_NONE;
}

int
desk_signal_apply(struct desk *d, struct signal *s)
{
	struct desk_change change = { .name = s->name,
				      .announce = d->announce &&
						  !desk_told_by_whole(d, s),
				      .covered = desk_covered(d, s) };
	struct alert *a, next;

	if (s->on)
		return apply_on(d, s);
	if (s->name == NULL)
		return 0;
	a = &d->alert[s->alert];
	if (strcmp(s->name, "ended") == 0)
		return end_alert(d, a, change.announce, was_covered(d, a));
	next = desk_copy(a);
	next.unsupported = !a->unsupported;
	return desk_apply(d, a, &next, &change);
}
