/*
 * Who is told when a clock is missed: the area above, then the one above that,
 * see desk_escalate().
 */
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/deadline.h"
#include "daemon/desk/desk_rows.h"

#define NAMES_MAX 64 /* told at once */

/* One telling. */
struct calling {
	struct deadline_miss miss;
	int64_t now_ms;
	uint32_t area; /* REG_NONE: nobody above */
	const char *name[NAMES_MAX];
	size_t names;
	json_t *passed; /* codes of areas where nobody could be told */
	bool vacant;	/* nobody is on duty in the alert's own area */
};

void
desk_set_reach(struct desk *d, desk_reach *reach, desk_vacant *vacant, void *arg)
{
	d->reach = reach;
	d->vacant = vacant;
	d->reach_arg = arg;
}

uint64_t
desk_escalations(const struct desk *d, enum reg_level level)
{
	return d->escalations[level];
}

static uint32_t
above(const struct desk *d, uint32_t area)
{
	return registry_area_at(d->registry, area)->parent;
}

/* The nearest area above where somebody can be told. */
static void
find_called(const struct desk *d, const struct alert *a, struct calling *c)
{
	uint32_t last =
		registry_area(d->registry, c->miss.last, strlen(c->miss.last));
	struct desk_event event = { .id = a->id,
				    .name = "escalated",
				    .as_of = d->as_of,
				    .alert = a->view,
				    .announce = true,
				    .covered = REG_NONE,
				    .at_ms = c->now_ms,
				    .called = &c->area };

	c->area = above(d, last == REG_NONE ? a->area : last);
	for (; c->area != REG_NONE; c->area = above(d, c->area)) {
		c->names = d->reach(d->reach_arg, &event, c->name, NAMES_MAX);
		if (c->names > 0)
			return;
		json_array_append_new(
			c->passed,
			json_string(registry_area_at(d->registry, c->area)->code));
	}
}

/* {area, area_name, area_name_zh, level}, or null. */
static json_t *
place_of(const struct desk *d, uint32_t area)
{
	const struct reg_area *at;

	if (area == REG_NONE)
		return json_null();
	at = registry_area_at(d->registry, area);
	return json_pack("{s:s, s:s, s:s, s:s}", "area", at->code, "area_name",
			 at->name, "area_name_zh", at->name_zh, "level",
			 registry_level_str(at->level));
}

static json_t *
names_of(const struct calling *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->names; i++)
		json_array_append_new(list, json_string(c->name[i]));
	return list;
}

/* What the event says; new, or NULL. */
static json_t *
body_of(const struct desk *d, const struct alert *a, const struct calling *c)
{
	static const char *const same[] = { "trigger", "area", "site", "level",
					    "grade" };
	char day[DAY_TEXT_BYTES];
	json_t *body =
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:O, s:I}", "event",
			  "escalated", "as_of", day_format(d->as_of, day), "id",
			  a->id, "clocks", deadline_list(a->view, c->miss.steps),
			  "to", place_of(d, c->area), "told", names_of(c),
			  "passed", c->passed, "at_ms", (json_int_t)c->now_ms);

	for (size_t i = 0; body != NULL && i < sizeof(same) / sizeof(same[0]); i++)
		json_object_set(body, same[i], json_object_get(a->view, same[i]));
	if (body != NULL && c->vacant)
		json_object_set_new(body, "vacant", json_true());
	return body;
}

/* Writes the telling into the alert, and that it was. */
static int
call(struct desk *d, struct alert *a, const struct calling *c)
{
	struct desk_change change = { .name = "escalated",
				      .announce = c->names > 0,
				      .covered = REG_NONE,
				      .at_ms = c->now_ms,
				      .called = &c->area };
	json_t *body = body_of(d, a, c), *entry = place_of(d, c->area);
	struct alert next = desk_copy(a);
	int rc = -1;

	if (json_is_null(entry))
		entry = json_pack("{s:n}", "area");
	if (body != NULL && entry != NULL &&
	    json_object_set_new(entry, "told", names_of(c)) == 0 &&
	    json_object_set_new(entry, "at_ms", json_integer(c->now_ms)) == 0) {
		deadline_escalated(next.view, c->miss.steps, entry);
		change.body = body;
		rc = desk_apply(d, a, &next, &change);
	} else {
		log_error("desk: no memory for a missed clock of %s", a->id);
		alert_fini(&next);
	}
	if (rc == 0 && c->area != REG_NONE)
		d->escalations[registry_area_at(d->registry, c->area)->level]++;
	json_decref(entry);
	json_decref(body);
	return rc;
}

/* Nobody is left to be told, or that is written down already. */
static bool
is_vain(const struct calling *c)
{
	return c->names == 0 &&
	       (c->miss.again || json_array_size(c->passed) == 0);
}

/* Tells the nearest area above, if somebody is to be told. */
static int
tell_above(struct desk *d, struct alert *a, struct calling *c)
{
	int rc = 0;

	c->passed = json_array();
	find_called(d, a, c);
	if (!is_vain(c))
		rc = call(d, a, c);
	json_decref(c->passed);
	return rc;
}

static int
look_at(struct desk *d, struct alert *a, int64_t now_ms)
{
	struct calling c = { .now_ms = now_ms, .vacant = true };
	unsigned skip = 0;
	int rc = 0;

	if (d->vacant != NULL && deadline_unheard(a->view, &c.miss) &&
	    d->vacant(d->reach_arg, a->area, now_ms))
		rc = tell_above(d, a, &c);
	while (rc == 0) {
		c = (struct calling){ .now_ms = now_ms };
		if (!deadline_missed(a->view, now_ms, skip, &c.miss))
			break;
		skip |= c.miss.steps;
		rc = tell_above(d, a, &c);
	}
	return rc;
}

int
desk_escalate(struct desk *d, int64_t now_ms, size_t most)
{
	if (d->reach == NULL)
		return 0;
	if (most == 0 || most >= d->n) {
		most = d->n;
		d->looked = 0;
	}
	for (; most > 0; most--) {
		struct alert *a = &d->alert[d->looked++ % d->n];

		/* A part is told by its whole. */
		if (!a->upkeep && !alert_done(a->state) &&
		    a->whole[0] == '\0' && look_at(d, a, now_ms) < 0)
			return -1;
	}
	return 0;
}
