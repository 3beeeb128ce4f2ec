/*
 * The alert desk: episodes of triggers, and what people do to them, see
 * desk.h.  Every change is made on a copy that replaces the alert once the
 * sink has taken its event.
 */
#include "daemon/desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/desk_rows.h"

struct desk *
desk_new(const struct registry *registry, struct judge *judge,
	 struct trigger_set *triggers, desk_sink *sink, void *arg)
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
	d->since = DAY_NONE;
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
	free(d->signals.at);
	names_fini(&d->ids);
	weigh_free(&d->scale);
	free(d);
	*dp = NULL;
}

void
desk_set_clock(struct desk *d, int64_t (*now_ms)(void *arg), void *arg)
{
	d->now_ms = now_ms;
	d->now_arg = arg;
}

const struct trigger_set *
desk_triggers(const struct desk *d)
{
	return d->triggers;
}

void
desk_set_triggers(struct desk *d, struct trigger_set *triggers)
{
	desk_signals_clear(d); /* they speak of the old ones by number */
	for (size_t i = 0; i < d->n; i++) {
		struct alert *a = &d->alert[i];
		const char *name =
			json_string_value(json_object_get(a->view, "trigger"));
		size_t t = trigger_find(triggers, name == NULL ? "" : name);

		a->trigger = t < triggers->n ? (uint32_t)t : UINT32_MAX;
		a->indicator = alert_indicator(a->view, d->registry, triggers);
	}
	d->triggers = triggers;
}

static bool
is_about(const struct alert *a, const struct desk_place *p)
{
	return a->trigger == p->trigger && a->area == p->area &&
	       a->site == p->site && a->indicator == p->indicator &&
	       a->merged == p->merged;
}

struct alert *
desk_current(const struct desk *d, const struct desk_place *p)
{
	for (size_t i = 0; i < d->current_n; i++) {
		struct alert *a = &d->alert[d->current[i]];

		if (is_about(a, p))
			return a;
	}
	return NULL;
}

const struct alert *
desk_latest(const struct desk *d, const struct desk_place *p)
{
	const struct alert *found = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct alert *a = &d->alert[i];

		if (is_about(a, p) &&
		    (found == NULL || a->opened >= found->opened))
			found = a;
	}
	return found;
}

void
desk_new_id(const struct desk *d, char id[DESK_ID_BYTES],
	    const struct signal *s, int32_t day)
{
	/* No site is called so: an area's own and its merged alert differ. */
	const char *site = s->merged ? "+" : "", *each = "";
	char place[2 * REG_CODE_BYTES];

	if (s->site != REG_NONE)
		site = registry_site_at(d->registry, s->site)->code;
	if (s->indicator != REG_NONE)
		each = registry_indicator_at(d->registry, s->indicator)->code;
	snprintf(place, sizeof(place), "%s%s%s", site,
		 each[0] == '\0' ? "" : " ", each);
	do
		alert_id(id, d->triggers->at[s->trigger].name,
			 registry_area_at(d->registry, s->area)->code, place,
			 day++);
	while (names_find(&d->ids, id, strlen(id)) != NAMES_NONE);
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
	return a->ended || a->upkeep ? 0 : current_put(d, i);
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
	if (!a.upkeep && a.last_signal != DAY_NONE && a.last_signal > d->as_of)
		d->as_of = a.last_signal;
	return 0;
}

void
desk_set_quality(struct desk *d, const struct quality *quality)
{
	d->quality = quality;
}

int32_t
desk_as_of(const struct desk *d)
{
	return d->as_of;
}

void
desk_resume(struct desk *d, int32_t since, int32_t as_of)
{
	d->since = since;
	if (as_of != DAY_NONE && as_of > d->as_of)
		d->as_of = as_of;
}

size_t
desk_bits(uint64_t x)
{
	size_t n = 0;

	for (; x != 0; x &= x - 1)
		n++;
	return n;
}

json_t *
desk_union(const json_t *old, const json_t *more)
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
	   const struct desk_change *change)
{
	struct desk_event event = { .id = next->id,
				    .name = change->name,
				    .as_of = d->as_of,
				    .announce = change->announce,
				    .state_only = change->state_only,
				    .covered = change->covered,
				    .called = change->called,
				    .at_ms = change->at_ms,
				    .body = change->body };
	json_t *own = NULL;
	int rc = -1;

	event.version = ++next->version;
	if (event.at_ms == 0 && d->now_ms != NULL)
		event.at_ms = d->now_ms(d->now_arg);
	if (event.body == NULL) {
		own = alert_event_body(next, change->name, d->as_of,
				       d->registry, d->triggers);
		event.body = own;
	}
	if (event.body != NULL &&
	    alert_render(next, d->registry, d->triggers) == 0) {
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

static int
apply_all(struct desk *d)
{
	for (size_t i = 0; i < d->signals.n; i++) {
		struct signal *s = &d->signals.at[i];
		int rc = s->merged ? desk_merged_apply(d, s)
				   : desk_signal_apply(d, s);

		if (rc < 0)
			return -1;
	}
	return desk_link_all(d);
}

int
desk_weigh(struct desk *d, int32_t as_of, bool announce)
{
	int rc = -1;

	d->as_of = as_of;
	d->announce = announce;
	if (d->since == DAY_NONE)
		d->since = as_of;
	weigh_share_out(d->triggers, d->registry, d->judge);
	if (desk_gather(d) == 0 && desk_relate(d) == 0)
		rc = apply_all(d);
	desk_signals_clear(d);
	if (rc == 0)
		judge_touched_clear(d->judge);
	return rc;
}
