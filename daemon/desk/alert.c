/*
 * One alert: its states, its identity and its JSON, see alert.h.
 */
#include "daemon/desk/alert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"

static const char *const state_name[ALERT_STATES] = {
	"open",	      "acknowledged", "verifying",     "discarded",
	"monitoring", "assessing",    "characterised", "responding",
	"closed",     "reopened",     "merged"
};

static const char *const verb_name[] = { "ack",	    "verify", "discard",
					 "monitor", "assess", "characterise",
					 "respond", "close",  "reopen",
					 "note",    "assign", "merge",
					 "report",  "task" };

static const char *const verb_event[] = {
	"acknowledged",	 "verifying",  "discarded", "monitoring", "assessing",
	"characterised", "responding", "closed",    "reopened",	  "noted",
	"assigned",	 "merged",     "reported",  "task-done"
};

#define VERBS (sizeof(verb_name) / sizeof(verb_name[0]))

const char *
alert_state_str(enum alert_state s)
{
	return state_name[s];
}

const char *
alert_verb_event(enum desk_verb verb)
{
	return verb_event[verb];
}

int
desk_verb_parse(const char *text)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verb_name[i], text) == 0)
			return (int)i;
	}
	return -1;
}

const char *
desk_verb_str(enum desk_verb verb)
{
	return (size_t)verb < VERBS ? verb_name[verb] : NULL;
}

bool
alert_done(enum alert_state s)
{
	return s == ALERT_DISCARDED || s == ALERT_CLOSED || s == ALERT_MERGED;
}

/* Each verb: the states it applies to, as bits, and where it leads. */
#define BIT(s) (1u << (s))
#define FRESH (BIT(ALERT_OPEN) | BIT(ALERT_REOPENED))
#define LOOKED (BIT(ALERT_ACKNOWLEDGED) | BIT(ALERT_VERIFYING))
#define AT_WORK                                                                \
	(BIT(ALERT_MONITORING) | BIT(ALERT_ASSESSING) |                        \
	 BIT(ALERT_CHARACTERISED) | BIT(ALERT_RESPONDING))
#define LIVING (FRESH | LOOKED | AT_WORK)
#define DONE (BIT(ALERT_DISCARDED) | BIT(ALERT_CLOSED) | BIT(ALERT_MERGED))

static const struct {
	unsigned from;
	int to; /* -1: stays */
} moves[VERBS] = {
	[DESK_ACK] = { FRESH, ALERT_ACKNOWLEDGED },
	[DESK_VERIFY] = { FRESH | BIT(ALERT_ACKNOWLEDGED) | BIT(ALERT_MONITORING),
			  ALERT_VERIFYING },
	[DESK_DISCARD] = { LOOKED | BIT(ALERT_MONITORING) | BIT(ALERT_ASSESSING),
			   ALERT_DISCARDED },
	[DESK_MONITOR] = { LOOKED | AT_WORK, ALERT_MONITORING },
	[DESK_ASSESS] = { LOOKED | AT_WORK, ALERT_ASSESSING },
	[DESK_CHARACTERISE] = { BIT(ALERT_ASSESSING), ALERT_CHARACTERISED },
	[DESK_RESPOND] = { BIT(ALERT_CHARACTERISED), ALERT_RESPONDING },
	[DESK_CLOSE] = { LIVING, ALERT_CLOSED },
	[DESK_REOPEN] = { DONE, ALERT_REOPENED },
	[DESK_NOTE] = { LIVING | DONE, -1 },
	[DESK_ASSIGN] = { LIVING, -1 },
	[DESK_MERGE] = { LIVING, ALERT_MERGED },
	[DESK_REPORT] = { LIVING, -1 },
	[DESK_TASK] = { LIVING | DONE, -1 },
};

int
alert_next(enum alert_state s, enum desk_verb verb)
{
	if ((moves[verb].from & BIT(s)) == 0)
		return -1;
	return moves[verb].to < 0 ? (int)s : moves[verb].to;
}

void
alert_fini(struct alert *a)
{
	json_decref(a->evidence);
	json_decref(a->kinds);
	json_decref(a->view);
	*a = (struct alert){ 0 };
}

static uint64_t
mix(uint64_t h, const char *text)
{
	do {
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	} while (*text++ != '\0');
	return h;
}

void
alert_id(char id[DESK_ID_BYTES], const char *trigger, const char *area,
	 const char *site, int32_t first_day)
{
	char day[DAY_TEXT_BYTES];
	uint64_t h = UINT64_C(14695981039346656037);

	h = mix(mix(mix(h, trigger), area), site);
	h = mix(h, day_format(first_day, day));
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	snprintf(id, DESK_ID_BYTES, "%016llx", (unsigned long long)h);
}

static json_t *
number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *
date(int32_t day)
{
	char text[DAY_TEXT_BYTES];

	return day == DAY_NONE ? json_null() : json_string(day_format(day, text));
}

static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static double
interval(const struct alert *a, const struct trigger *t, enum reg_level level)
{
	return t == NULL || t->statutory
		       ? NAN
		       : calib_interval(trigger_calib(t, level), a->p);
}

/* What events and alerts have in common. */
static json_t *
common(const struct alert *a, const struct registry *registry,
       const struct trigger_set *triggers)
{
	const struct reg_area *area = registry_area_at(registry, a->area);
	const struct trigger *t =
		a->trigger < triggers->n ? &triggers->at[a->trigger] : NULL;

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:O, s:I, s:o, s:o, s:o,"
		" s:o, s:o, s:o, s:O}",
		"id", a->id, "trigger", t == NULL ? "" : t->name, "area",
		area->code, "site",
		a->site == REG_NONE
			? json_null()
			: json_string(registry_site_at(registry, a->site)->code),
		"indicator",
		a->indicator == REG_NONE
			? json_null()
			: json_string(registry_indicator_at(registry, a->indicator)
					      ->code),
		"level", registry_level_str(area->level), "grade",
		colour_str(a->grade), "kinds", a->kinds, "points",
		(json_int_t)a->points, "p",
		t != NULL && t->statutory ? json_null() : number(a->p),
		"recurrence_years", number(interval(a, t, area->level)),
		"coverage", number(a->coverage), "cases", number(a->cases),
		"first_day", date(a->first_day), "last_day", date(a->last_day),
		"evidence", a->evidence);
}

json_t *
alert_event_body(const struct alert *a, const char *event, int32_t as_of,
		 const struct registry *registry,
		 const struct trigger_set *triggers)
{
	json_t *body =
		json_pack("{s:s, s:o}", "event", event, "as_of", date(as_of));
	json_t *rest = common(a, registry, triggers);

	if (body == NULL || rest == NULL || json_object_update(body, rest) < 0) {
		json_decref(body);
		body = NULL;
	}
	json_decref(rest);
	if (body != NULL && a->merged)
		json_object_set_new(body, "merged_below", json_true());
	return body;
}

static json_t *
class_list(const struct alert *a, const struct registry *registry)
{
	json_t *list = json_array();

	for (uint32_t c = 0; c < registry_classes(registry) && c < 64; c++) {
		if ((a->classes >> c & 1) != 0)
			json_array_append_new(
				list,
				json_string(registry_class_at(registry, c)));
	}
	return list;
}

static json_t *
tell_list(const struct trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->tell->n; i++)
		json_array_append_new(list, json_string(t->tell->at[i]));
	return list;
}

/* The trigger's, with what is counted where it asks each. */
static json_t *
title_of(const struct alert *a, const struct registry *registry,
	 const struct trigger *t, bool zh)
{
	const struct reg_indicator *i;
	const char *title = t == NULL ? "" : zh ? t->title_zh : t->title;

	if (a->indicator == REG_NONE || title[0] == '\0')
		return json_string(title);
	i = registry_indicator_at(registry, a->indicator);
	return json_sprintf(zh ? "%s：%s" : "%s: %s", title, zh ? i->zh : i->en);
}

static int
put_basis(json_t *view, const struct trigger *t)
{
	if (t->basis[0] == '\0') {
		json_object_del(view, "basis");
		json_object_del(view, "basis_zh");
		return 0;
	}
	return json_object_set_new(view, "basis", json_string(t->basis)) < 0 ||
			       json_object_set_new(view, "basis_zh",
						   json_string(t->basis_zh)) < 0
		       ? -1
		       : 0;
}

/* From how many cases a rule rings, and within how many days. */
static int
put_norm(json_t *view, const struct trigger *t)
{
	if (t->rule != RULE_CASES || t->steps == 0)
		return 0;
	return json_object_set_new(view, "norm", json_real(t->step[0].cases)) <
				       0 ||
			       json_object_set_new(view, "window_days",
						   json_integer(t->window)) < 0
		       ? -1
		       : 0;
}

/* The rarest that it has been; a day of less evidence takes nothing back. */
static int
put_peak(json_t *view, const json_t *now)
{
	const json_t *years = json_object_get(now, "recurrence_years");
	const json_t *peak = json_object_get(view, "peak_years");

	if (!json_is_number(years) ||
	    (json_is_number(peak) &&
	     json_number_value(peak) >= json_number_value(years)))
		return 0;
	return json_object_set_new(view, "peak_years",
				   json_real(json_number_value(years)));
}

int
alert_render(struct alert *a, const struct registry *registry,
	     const struct trigger_set *triggers)
{
	const struct reg_area *area = registry_area_at(registry, a->area);
	const struct trigger *t =
		a->trigger < triggers->n ? &triggers->at[a->trigger] : NULL;
	json_t *rest = common(a, registry, triggers);
	json_t *more = json_pack(
		"{s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:I,"
		" s:I, s:I, s:o, s:o, s:o, s:o}",
		"title", title_of(a, registry, t, false), "title_zh",
		title_of(a, registry, t, true), "area_name", area->name,
		"area_name_zh", area->name_zh, "state",
		alert_state_str(a->state), "signal",
		a->ended ? "ended" : "active", "unsupported", a->unsupported,
		"statutory", t != NULL && t->statutory, "merged_below",
		a->merged, "opened", date(a->opened), "last_signal",
		date(a->last_signal), "children", (json_int_t)a->children,
		"told_children", (json_int_t)a->told_children, "version",
		(json_int_t)a->version, "told_cases", number(a->told_cases),
		"previous", text_or_null(a->previous), "parent",
		text_or_null(a->parent), "part_of", text_or_null(a->whole));
	int rc = -1;

	if (t == NULL) {
		/* The trigger is gone; what the alert says of it stays. */
		json_object_del(rest, "trigger");
		json_object_del(more, "title");
		json_object_del(more, "title_zh");
		json_object_del(more, "statutory");
	}
	if (a->upkeep)
		json_object_set_new(rest, "grade", json_null());
	if (a->view == NULL)
		a->view = json_object();
	if (rest != NULL && more != NULL && a->view != NULL &&
	    put_peak(a->view, rest) == 0 &&
	    json_object_update(a->view, rest) == 0 &&
	    json_object_update(a->view, more) == 0)
		rc = json_object_set_new(a->view, "classes",
					 class_list(a, registry));
	if (rc == 0 && t != NULL)
		rc = json_object_set_new(a->view, "tell", tell_list(t));
	if (rc == 0 && t != NULL)
		rc = put_basis(a->view, t) < 0 ? -1 : put_norm(a->view, t);
	json_decref(rest);
	json_decref(more);
	return rc;
}

static const char *
text_of(const json_t *view, const char *key)
{
	const char *text = json_string_value(json_object_get(view, key));

	return text == NULL ? "" : text;
}

static int32_t
date_of(const json_t *view, const char *key)
{
	const char *text = text_of(view, key);

	return day_parse(text, strlen(text));
}

static double
number_of(const json_t *view, const char *key)
{
	const json_t *x = json_object_get(view, key);

	return json_is_number(x) ? json_number_value(x) : NAN;
}

static int
state_of(const char *text)
{
	for (int i = 0; i < ALERT_STATES; i++) {
		if (strcmp(state_name[i], text) == 0)
			return i;
	}
	return -1;
}

/* The classes of the kinds listed, and of those that joined earlier. */
static uint64_t
classes_of(const json_t *view, const struct registry *registry)
{
	const json_t *list = json_object_get(view, "classes"), *x;
	uint64_t bits = 0;
	size_t i;

	json_array_foreach (list, i, x) {
		for (uint32_t c = 0; c < registry_classes(registry) && c < 64;
		     c++) {
			if (strcmp(registry_class_at(registry, c),
				   json_string_value(x) == NULL
					   ? ""
					   : json_string_value(x)) == 0)
				bits |= UINT64_C(1) << c;
		}
	}
	return bits;
}

uint32_t
alert_indicator(const json_t *view, const struct registry *registry,
		const struct trigger_set *triggers)
{
	size_t t = trigger_find(triggers, text_of(view, "trigger"));
	const char *code = text_of(view, "indicator");

	if (t == triggers->n || !triggers->at[t].each)
		return REG_NONE;
	if (code[0] == '\0')
		code = text_of(
			json_array_get(json_object_get(view, "evidence"), 0),
			"indicator");
	return registry_indicator(registry, code, strlen(code));
}

static void
parse_fields(struct alert *a, const json_t *view, const struct registry *registry)
{
	int grade = colour_parse(text_of(view, "grade"));
	double points = number_of(view, "points");

	snprintf(a->id, sizeof(a->id), "%s", text_of(view, "id"));
	snprintf(a->previous, sizeof(a->previous), "%s",
		 text_of(view, "previous"));
	snprintf(a->parent, sizeof(a->parent), "%s", text_of(view, "parent"));
	snprintf(a->whole, sizeof(a->whole), "%s", text_of(view, "part_of"));
	a->grade = grade < 0 ? COLOUR_NONE : (enum colour)grade;
	a->ended = strcmp(text_of(view, "signal"), "ended") == 0;
	a->unsupported = json_is_true(json_object_get(view, "unsupported"));
	a->merged = json_is_true(json_object_get(view, "merged_below"));
	a->upkeep = strcmp(text_of(view, "route"), "operator") == 0;
	a->opened = date_of(view, "opened");
	a->first_day = date_of(view, "first_day");
	a->last_day = date_of(view, "last_day");
	a->last_signal = date_of(view, "last_signal");
	a->classes = classes_of(view, registry);
	a->points = points > 0 ? (size_t)points : 0;
	a->p = number_of(view, "p");
	a->coverage = number_of(view, "coverage");
	a->cases = number_of(view, "cases");
	a->told_cases = number_of(view, "told_cases");
	a->version = (int64_t)number_of(view, "version");
	a->children = (size_t)fmax(0, number_of(view, "children"));
	a->told_children = (size_t)fmax(0, number_of(view, "told_children"));
}

int
alert_parse(struct alert *a, const json_t *view, const struct registry *registry,
	    const struct trigger_set *triggers, char *err, size_t cap)
{
	const char *area = text_of(view, "area"), *site = text_of(view, "site");
	int state = state_of(text_of(view, "state"));
	size_t t = trigger_find(triggers, text_of(view, "trigger"));

	*a = (struct alert){ .trigger = t < triggers->n ? (uint32_t)t : UINT32_MAX,
			     .site = REG_NONE };
	a->area = registry_area(registry, area, strlen(area));
	a->indicator = alert_indicator(view, registry, triggers);
	if (site[0] != '\0')
		a->site = registry_site(registry, site, strlen(site));
	if (a->area == REG_NONE || state < 0 ||
	    strlen(text_of(view, "id")) != DESK_ID_BYTES - 1 ||
	    !json_is_number(json_object_get(view, "version"))) {
		snprintf(err, cap,
			 "alert \"%.20s\" is not one: area \"%.64s\","
			 " state \"%.20s\"",
			 text_of(view, "id"), area, text_of(view, "state"));
		return -1;
	}
	a->state = (enum alert_state)state;
	parse_fields(a, view, registry);
	a->evidence = json_deep_copy(json_object_get(view, "evidence"));
	a->kinds = json_deep_copy(json_object_get(view, "kinds"));
	a->view = json_deep_copy(view);
	if (json_is_array(a->evidence) && json_is_array(a->kinds) &&
	    a->view != NULL)
		return 0;
	snprintf(err, cap, "alert \"%s\" has no evidence or kinds", a->id);
	alert_fini(a);
	return -1;
}
