/*
 * How signals belong together.
 *
 * Part of: a statistical signal whose trigger names stronger ones in part_of
 * is shown as part of such a one, and told by it, while that one rings in the
 * same area, from the same kinds and indicators, at the same colour or a
 * higher one.
 *
 * Rolling up: when areas ring by the same statistical trigger, the area above
 * them tells of it once: by its own alert if it rings too, else by one merged
 * alert as soon as there are two.  The lowest level comes first, so that a
 * province sees its cities' merged alerts.
 *
 * Statutory rules take no part in either.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/desk/desk_rows.h"

/* A merged alert is told again when it holds this many times the areas. */
#define GROWTH_FACTOR 2

static const struct trigger *
trigger_of(const struct desk *d, const struct signal *s)
{
	return &d->triggers->at[s->trigger];
}

static bool
same_source(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "kind"),
			  json_object_get(b, "kind")) &&
	       json_equal(json_object_get(a, "indicator"),
			  json_object_get(b, "indicator"));
}

/* Do both show a row of the same kind and indicator? */
static bool
same_evidence(const json_t *a, const json_t *b)
{
	const json_t *x, *y;
	size_t i, j;

	json_array_foreach (a, i, x) {
		json_array_foreach (b, j, y) {
			if (same_source(x, y))
				return true;
		}
	}
	return false;
}

static bool
names_as_whole(const struct trigger *part, uint32_t whole)
{
	for (size_t i = 0; i < part->wholes; i++) {
		if (part->whole[i] == whole)
			return true;
	}
	return false;
}

/* Once a part it stays one, even if people are done with the whole. */
static bool
is_part(const struct desk *d, const struct signal *s, const struct signal *w)
{
	const char *was = s->alert == SIGNAL_NONE ? "" : d->alert[s->alert].whole;

	if (w->area != s->area || w->site != REG_NONE ||
	    !names_as_whole(trigger_of(d, s), w->trigger) || w->grade < s->grade ||
	    (w->name != NULL && strcmp(w->name, "ended") == 0))
		return false;
	if (w->alert != SIGNAL_NONE && strcmp(was, d->alert[w->alert].id) == 0)
		return true;
	return w->active && same_evidence(desk_signal_evidence(d, s),
					  desk_signal_evidence(d, w));
}

static void
find_wholes(struct desk *d)
{
	struct signal *at = d->signals.at;

	for (size_t i = 0; i < d->signals.n; i++) {
		if (!at[i].active || at[i].site != REG_NONE)
			continue;
		for (uint32_t w = 0; w < d->signals.n; w++) {
			if (w == i || !is_part(d, &at[i], &at[w]))
				continue;
			at[i].whole = w;
			break;
		}
	}
}

static uint32_t
find_signal(const struct desk *d, uint32_t trigger, uint32_t area)
{
	for (uint32_t i = 0; i < d->signals.n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (s->trigger == trigger && s->area == area &&
		    s->site == REG_NONE)
			return i;
	}
	return SIGNAL_NONE;
}

/* The merged signal of an area that does not ring by itself. */
static uint32_t
add_merged(struct desk *d, uint32_t trigger, uint32_t area)
{
	const struct alert *a = desk_current(d, &DESK_AREA(trigger, area, true));
	struct signal *s = desk_signal_add(d);

	if (s == NULL)
		return SIGNAL_NONE;
	s->trigger = trigger;
	s->area = area;
	s->merged = true;
	if (a != NULL)
		s->alert = (uint32_t)(a - d->alert);
	return (uint32_t)(s - d->signals.at);
}

static int
join_above(struct desk *d, size_t i)
{
	const struct signal *s = &d->signals.at[i];
	uint32_t above = registry_area_at(d->registry, s->area)->parent;
	uint32_t trigger = s->trigger, p;

	if (above == REG_NONE)
		return 0;
	p = find_signal(d, trigger, above);
	if (p != SIGNAL_NONE && !d->signals.at[p].merged &&
	    !d->signals.at[p].active)
		return 0; /* people are done with the one above */
	if (p == SIGNAL_NONE)
		p = add_merged(d, trigger, above);
	if (p == SIGNAL_NONE)
		return -1;
	d->signals.at[i].parent = p;
	d->signals.at[p].below++;
	return 0;
}

static uint64_t
classes_below(const struct desk *d, uint32_t p)
{
	uint64_t all = 0;

	for (size_t i = 0; i < d->signals.n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (s->parent == p && s->alert != SIGNAL_NONE)
			all |= d->alert[s->alert].classes;
		if (s->parent == p && s->on)
			all |= s->g.classes;
	}
	return all;
}

/* What the areas below add to a merged alert, so that it is told again, or
   opens again if people are done: the event's name, or NULL. */
static const char *
merged_growth(const struct desk *d, const struct alert *a, uint32_t p)
{
	const struct signal *s = &d->signals.at[p];
	size_t told = a->told_children;
	bool many = alert_done(a->state) ? s->below > told
					 : s->below >= told * GROWTH_FACTOR;

	if (s->grade > a->grade)
		return "regraded";
	return many || (classes_below(d, p) & ~a->classes) != 0 ? "grew" : NULL;
}

/* What the areas below make of the merged signal, once all have joined. */
static void
settle_merged(struct desk *d, uint32_t p)
{
	struct signal *s = &d->signals.at[p];
	const struct alert *a =
		s->alert == SIGNAL_NONE ? NULL : &d->alert[s->alert];
	bool done = a != NULL && alert_done(a->state);

	for (size_t i = 0; i < d->signals.n; i++) {
		if (d->signals.at[i].parent == p &&
		    d->signals.at[i].grade > s->grade)
			s->grade = d->signals.at[i].grade;
	}
	s->name = a == NULL ? "opened" : merged_growth(d, a, p);
	s->active = s->name != NULL || !done;
	s->replaces = s->name != NULL && done;
	if (a == NULL || s->replaces) {
		desk_new_id(d, s->id, s, d->as_of);
		return;
	}
	memcpy(s->id, a->id, sizeof(s->id));
	if (a->grade > s->grade)
		s->grade = a->grade;
}

/* One area alone rings for itself. */
static void
give_up(struct desk *d, uint32_t p)
{
	for (size_t i = 0; i < d->signals.n; i++) {
		if (d->signals.at[i].parent == p)
			d->signals.at[i].parent = SIGNAL_NONE;
	}
	d->signals.at[p].below = 0;
}

static unsigned
level_of(const struct desk *d, const struct signal *s)
{
	return registry_area_at(d->registry, s->area)->level;
}

/* All below have joined: what comes of the level's merged signals, and which
   signals of the level join those above. */
static int
roll_level(struct desk *d, unsigned level)
{
	size_t n = d->signals.n;

	for (uint32_t i = 0; i < n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (!s->merged || level_of(d, s) != level)
			continue;
		if (s->below < 2 && s->alert == SIGNAL_NONE)
			give_up(d, i);
		else
			settle_merged(d, i);
	}
	for (size_t i = 0; i < n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (s->active && s->site == REG_NONE &&
		    s->whole == SIGNAL_NONE && !trigger_of(d, s)->statutory &&
		    level_of(d, s) == level && join_above(d, i) < 0)
			return -1;
	}
	return 0;
}

/* Merged alerts that nothing holds up any more, or that the area's own alert
   takes the place of. */
static int
find_dispersed(struct desk *d)
{
	for (size_t i = 0; i < d->current_n; i++) {
		uint32_t at = d->current[i], p;
		const struct alert *a = &d->alert[at];
		struct signal *s;

		if (!a->merged)
			continue;
		p = find_signal(d, a->trigger, a->area);
		if (p != SIGNAL_NONE && d->signals.at[p].merged)
			continue;
		s = desk_signal_add(d);
		if (s == NULL)
			return -1;
		s->trigger = a->trigger;
		s->area = a->area;
		s->merged = true;
		s->alert = at;
		s->grade = a->grade;
		s->name = "ended";
		memcpy(s->id, a->id, sizeof(s->id));
	}
	return 0;
}

int
desk_relate(struct desk *d)
{
	find_wholes(d);
	for (unsigned level = REG_LEVELS; level-- > 0;) {
		if (roll_level(d, level) < 0)
			return -1;
	}
	return find_dispersed(d);
}

uint32_t
desk_covered(const struct desk *d, const struct signal *s)
{
	const struct signal *p;

	if (s->parent == SIGNAL_NONE)
		return REG_NONE;
	p = &d->signals.at[s->parent];
	return p->grade >= s->grade ? p->area : REG_NONE;
}

bool
desk_told_by_whole(const struct desk *d, const struct signal *s)
{
	return s->whole != SIGNAL_NONE && d->signals.at[s->whole].active;
}

/* The ids and areas of what a signal holds, in the order of areas. */
static json_t *
list_below(const struct desk *d, uint32_t p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->signals.n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (s->parent == p)
			json_array_append_new(
				list,
				json_pack("{s:s, s:s}", "id", s->id, "area",
					  registry_area_at(d->registry, s->area)
						  ->code));
	}
	return list;
}

static bool
set_id(char id[DESK_ID_BYTES], const struct desk *d, uint32_t signal)
{
	const char *now = signal == SIGNAL_NONE ? "" : d->signals.at[signal].id;

	if (strcmp(id, now) == 0)
		return false;
	snprintf(id, DESK_ID_BYTES, "%s", now);
	return true;
}

bool
desk_link(const struct desk *d, const struct signal *s, struct alert *a)
{
	bool changed = set_id(a->parent, d, s->parent);
	json_t *list;

	changed = set_id(a->whole, d, s->whole) || changed;
	if (s->below == 0 && a->children == 0)
		return changed;
	list = list_below(d, (uint32_t)(s - d->signals.at));
	changed =
		changed || !json_equal(list, json_object_get(a->view, "below"));
	json_object_set_new(a->view, "below", list);
	a->children = s->below;
	return changed;
}

bool
desk_released(const struct desk *d, const struct signal *s)
{
	return s->alert != SIGNAL_NONE && s->whole == SIGNAL_NONE &&
	       d->alert[s->alert].whole[0] != '\0';
}

static int
link_one(struct desk *d, const struct signal *s)
{
	struct alert *a = &d->alert[s->alert], next = desk_copy(a);
	bool released = desk_released(d, s);
	const struct desk_change change = {
		.name = released ? "released" : "linked",
		.announce = released && d->announce,
		.state_only = true,
		.covered = desk_covered(d, s),
	};

	if (released)
		desk_work_release(d, &next);
	if (desk_link(d, s, &next))
		return desk_apply(d, a, &next, &change);
	alert_fini(&next);
	return 0;
}

int
desk_link_all(struct desk *d)
{
	for (size_t i = 0; i < d->signals.n; i++) {
		const struct signal *s = &d->signals.at[i];

		if (s->active && s->alert != SIGNAL_NONE && !s->replaces &&
		    link_one(d, s) < 0)
			return -1;
	}
	return 0;
}

/* Rows of all areas in turn, so that none is left out. */
static json_t *
evidence_below(const struct desk *d, uint32_t p)
{
	json_t *list = json_array();
	bool any = true;

	for (size_t row = 0; any; row++) {
		any = false;
		for (size_t i = 0; i < d->signals.n; i++) {
			const struct signal *s = &d->signals.at[i];
			json_t *e = s->parent != p
					    ? NULL
					    : json_array_get(
						      desk_signal_evidence(d, s),
						      row);

			if (e == NULL || json_array_size(list) >= EVIDENCE_MAX)
				continue;
			any = true;
			json_array_append(list, e);
		}
	}
	return list;
}

static void
widen(struct alert *a, int32_t first, int32_t last)
{
	if (a->first_day == DAY_NONE || first < a->first_day)
		a->first_day = first;
	if (a->last_day == DAY_NONE || last > a->last_day)
		a->last_day = last;
}

/* Puts what the areas below say into the merged alert. */
static void
take_below(const struct desk *d, struct alert *a, const struct signal *s)
{
	const struct weighing g = { .area = s->area,
				    .site = REG_NONE,
				    .indicator = REG_NONE,
				    .as_of = d->as_of };
	uint32_t p = (uint32_t)(s - d->signals.at);

	a->cases = 0;
	for (size_t i = 0; i < d->signals.n; i++) {
		const struct signal *b = &d->signals.at[i];
		const struct alert *one;
		json_t *kinds;

		if (b->parent != p)
			continue;
		one = desk_find(d, b->id);
		if (one == NULL)
			continue; /* it could not be opened */
		kinds = desk_union(a->kinds, one->kinds);
		json_decref(a->kinds);
		a->kinds = kinds;
		a->classes |= one->classes;
		a->cases += isnan(one->cases) ? 0 : one->cases;
		widen(a, one->first_day, one->last_day);
	}
	json_decref(a->evidence);
	a->evidence = evidence_below(d, p);
	a->points = desk_bits(a->classes);
	a->p = NAN;
	a->coverage =
		evidence_coverage(d->judge, d->registry, trigger_of(d, s), &g);
	a->last_signal = d->as_of;
	a->grade = s->grade;
	desk_link(d, s, a);
}

static int
open_merged(struct desk *d, const struct signal *s)
{
	const struct alert *before =
		desk_latest(d, &DESK_AREA(s->trigger, s->area, true));
	struct alert a = { .trigger = s->trigger,
			   .area = s->area,
			   .site = REG_NONE,
			   .indicator = REG_NONE,
			   .merged = true,
			   .opened = d->as_of,
			   .first_day = DAY_NONE,
			   .last_day = DAY_NONE,
			   .told_cases = NAN,
			   .kinds = json_array(),
			   .evidence = json_array(),
			   .view = json_object() };
	const struct desk_change change = { .name = "opened",
					    .announce = d->announce,
					    .covered = desk_covered(d, s) };

	memcpy(a.id, s->id, sizeof(a.id));
	if (before != NULL)
		memcpy(a.previous, before->id, sizeof(a.previous));
	take_below(d, &a, s);
	a.told_children = a.children;
	desk_work_open(d, s, &a);
	return desk_apply(d, NULL, &a, &change);
}

/* The area's own alert, where it has taken the place of the merged one. */
static const struct alert *
own_instead(const struct desk *d, const struct alert *a)
{
	return desk_current(d, &DESK_AREA(a->trigger, a->area, false));
}

/* Nothing below holds it up any more, or another takes its place. */
static int
end_merged(struct desk *d, struct alert *a, bool announce)
{
	const struct alert *own = own_instead(d, a);
	const struct desk_change change = { .name = "ended",
					    .announce = announce && own == NULL,
					    .covered = REG_NONE };
	struct alert next = desk_copy(a);

	next.ended = true;
	if (own != NULL && !alert_done(a->state)) {
		next.state = ALERT_MERGED;
		json_object_set_new(next.view, "merged_into",
				    json_string(own->id));
	}
	return desk_apply(d, a, &next, &change);
}

int
desk_merged_apply(struct desk *d, struct signal *s)
{
	struct alert *a = s->alert == SIGNAL_NONE ? NULL : &d->alert[s->alert];
	struct desk_change change = { .name = s->name,
				      .announce = d->announce,
				      .covered = desk_covered(d, s) };
	struct alert next;

	if (a == NULL && s->below == 0)
		return 0; /* one area alone */
	if (a == NULL)
		return open_merged(d, s);
	if (s->replaces)
		return end_merged(d, a, false) < 0 ? -1 : open_merged(d, s);
	if (s->name != NULL && strcmp(s->name, "ended") == 0)
		return end_merged(d, a, d->announce);
	if (s->name == NULL && a->last_signal >= d->as_of)
		return 0;
	if (s->name == NULL) {
		change.name = "continued";
		change.announce = false;
		change.state_only = true;
	}
	next = desk_copy(a);
	take_below(d, &next, s);
	if (s->name != NULL) {
		next.told_children = next.children;
		desk_work_grow(d, s, &next);
	}
	return desk_apply(d, a, &next, &change);
}
