/*
 * How a fault becomes an alert of the desk and ends, see upkeep.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/desk_rows.h"
#include "daemon/desk/upkeep_rows.h"

#define KEY_BYTES (REG_CODE_BYTES + 24)

const char *
upkeep_cause_str(enum upkeep_cause cause)
{
	static const char *const name[UPKEEP_CAUSES] = {
		[UPKEEP_SILENCE] = "silence",
		[UPKEEP_GATEWAY] = "silence-gateway",
		[UPKEEP_MANY] = "silence-many",
		[UPKEEP_DROP] = "drop",
		[UPKEEP_STOPPED] = "stopped-series",
		[UPKEEP_JUMP] = "unit-jump",
		[UPKEEP_REFUSED] = "refused",
		[UPKEEP_FORK] = "fork",
		[UPKEEP_GAP] = "gap",
		[UPKEEP_DISK] = "disk",
		[UPKEEP_WAL] = "wal",
	};

	return name[cause];
}

static const char *
key_of(enum upkeep_cause cause, const char *code, char key[KEY_BYTES])
{
	snprintf(key, KEY_BYTES, "%s %s", upkeep_cause_str(cause), code);
	return key;
}

/* Remembers the desk's alert number i as the newest of its kind. */
static int
keep(struct upkeep *u, enum upkeep_cause cause, const char *code, size_t i)
{
	char key[KEY_BYTES];
	uint32_t k;

	key_of(cause, code, key);
	k = names_add(&u->keys, key, strlen(key));
	if (k != NAMES_NONE && k >= u->rows_cap) {
		size_t cap = u->rows_cap == 0 ? 64 : u->rows_cap * 2;
		struct upkeep_row *row = realloc(u->row, cap * sizeof(*row));

		if (row != NULL) {
			u->row = row;
			u->rows_cap = cap;
		}
	}
	if (k == NAMES_NONE || k >= u->rows_cap) {
		log_error("upkeep: no memory for %s", key);
		return -1;
	}
	u->row[k] = (struct upkeep_row){ .cause = cause,
					 .alert = (uint32_t)i,
					 .opened = u->desk->alert[i].opened };
	return 0;
}

static const char *
text_of(const json_t *view, const char *key)
{
	const char *text = json_string_value(json_object_get(view, key));

	return text == NULL ? "" : text;
}

static int
cause_of(const char *text)
{
	for (int i = 0; i < UPKEEP_CAUSES; i++) {
		if (strcmp(upkeep_cause_str((enum upkeep_cause)i), text) == 0)
			return i;
	}
	return -1;
}

int
upkeep_restore(struct upkeep *u)
{
	for (size_t i = 0; i < u->desk->n; i++) {
		const struct alert *a = &u->desk->alert[i];
		int cause = cause_of(text_of(a->view, "cause"));

		if (a->upkeep && cause >= 0 &&
		    keep(u, (enum upkeep_cause)cause,
			 text_of(a->view, "sender"), i) < 0)
			return -1;
	}
	return 0;
}

static struct alert *
newest(const struct upkeep *u, enum upkeep_cause cause, const char *code)
{
	char key[KEY_BYTES];
	uint32_t k;

	key_of(cause, code, key);
	k = names_find(&u->keys, key, strlen(key));
	return k == NAMES_NONE ? NULL : &u->desk->alert[u->row[k].alert];
}

bool
upkeep_is_on(const struct upkeep *u, enum upkeep_cause cause, const char *code)
{
	const struct alert *a = newest(u, cause, code);

	return a != NULL && !a->ended;
}

uint32_t
upkeep_root(const struct upkeep *u)
{
	for (uint32_t i = 0; i < registry_areas(u->registry); i++) {
		if (registry_area_at(u->registry, i)->parent == REG_NONE)
			return i;
	}
	return REG_NONE;
}

void
upkeep_find_sender(const struct upkeep *u, const char *code,
		   struct upkeep_fault *f)
{
	f->site = registry_site(u->registry, code, strlen(code));
	f->area = f->site == REG_NONE
			  ? upkeep_root(u)
			  : registry_site_at(u->registry, f->site)->area;
	for (uint32_t i = 0;
	     f->site == REG_NONE && i < registry_sites(u->registry); i++) {
		if (strcmp(registry_site_at(u->registry, i)->gateway, code) == 0) {
			f->area = registry_site_at(u->registry, i)->area;
			return;
		}
	}
}

/* What every event of an operator's alert says. */
static json_t *
event_body(const struct upkeep *u, const struct alert *a, const char *name)
{
	char today[DAY_TEXT_BYTES], since[DAY_TEXT_BYTES];
	const struct reg_area *area = registry_area_at(u->registry, a->area);

	return json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:s, s:s?, s:s,"
			 " s:O}",
			 "event", name, "as_of", day_format(u->today, today),
			 "id", a->id, "route", "operator", "trigger",
			 json_object_get(a->view, "trigger"), "cause",
			 json_object_get(a->view, "cause"), "sender",
			 json_object_get(a->view, "sender"), "area", area->code,
			 "site",
			 a->site == REG_NONE
				 ? NULL
				 : registry_site_at(u->registry, a->site)->code,
			 "first_day", day_format(a->first_day, since), "facts",
			 json_object_get(a->view, "facts"));
}

/* Hands the alert to the desk in the place of a (NULL: a new one). */
static int
apply(struct upkeep *u, struct alert *a, struct alert *next, const char *name)
{
	json_t *body = event_body(u, next, name);
	struct desk_change change = {
		.name = name, .body = body, .announce = true, .covered = REG_NONE
	};
	int rc;

	if (body == NULL) {
		log_error("upkeep: no memory for an event of %s", next->id);
		alert_fini(next);
		return -1;
	}
	rc = desk_apply(u->desk, a, next, &change);
	json_decref(body);
	return rc;
}

static void
name_alert(const struct upkeep *u, struct alert *a, const char *trigger,
	   const char *code)
{
	int32_t day = a->opened;

	do
		alert_id(a->id, trigger,
			 registry_area_at(u->registry, a->area)->code, code,
			 day++);
	while (names_find(&u->desk->ids, a->id, strlen(a->id)) != NAMES_NONE);
}

int
upkeep_raise(struct upkeep *u, const struct upkeep_fault *f)
{
	const struct alert *before = newest(u, f->cause, f->code);
	const char *cause = upkeep_cause_str(f->cause);
	struct alert a = { .trigger = UINT32_MAX,
			   .indicator = REG_NONE,
			   .upkeep = true,
			   .area = f->area,
			   .site = f->site,
			   .grade = COLOUR_NONE,
			   .opened = u->today,
			   .first_day = f->since,
			   .last_day = u->today,
			   .last_signal = u->today,
			   .p = NAN,
			   .coverage = NAN,
			   .cases = NAN,
			   .told_cases = NAN };
	char trigger[40];

	if (f->area == REG_NONE) { /* there is no place to show it at yet */
		json_decref(f->facts);
		return 0;
	}
	log_warn("upkeep: raised cause=%s of=%s", cause,
		 f->code[0] == '\0' ? "centre" : f->code);
	snprintf(trigger, sizeof(trigger), "operator-%s", cause);
	a.kinds = json_array();
	a.evidence = json_array();
	a.view = json_pack("{s:s, s:s, s:s, s:s, s:o}", "trigger", trigger,
			   "route", "operator", "cause", cause, "sender",
			   f->code, "facts", f->facts);
	if (before != NULL)
		snprintf(a.previous, sizeof(a.previous), "%s", before->id);
	name_alert(u, &a, trigger, f->code);
	if (apply(u, NULL, &a, "raised") < 0)
		return -1;
	return keep(u, f->cause, f->code, u->desk->n - 1);
}

int
upkeep_mend(struct upkeep *u, enum upkeep_cause cause, const char *code)
{
	struct alert *a = newest(u, cause, code);
	struct alert next;

	if (a == NULL || a->ended)
		return 0;
	log_notice("upkeep: mended cause=%s of=%s", upkeep_cause_str(cause),
		   code[0] == '\0' ? "centre" : code);
	next = desk_copy(a);
	next.ended = true;
	next.last_signal = u->today;
	return apply(u, a, &next, "mended");
}
