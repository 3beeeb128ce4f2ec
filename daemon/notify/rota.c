/* The duty rota, see rota.h. */
#include "daemon/notify/rota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/day.h"
#include "daemon/notify/rota_slot.h"

#define DAY_MINUTES 1440
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define AHEAD_MINUTES (8 * DAY_MINUTES)
#define MINUTE_MS 60000

struct rota {
	char *name, *area, *where;
	struct rota_slot *slot;
	size_t n;
};

struct rotas {
	struct rota *at;
	size_t n;
};

#define AT(field) offsetof(struct rota_conf, field)

const struct conf_key rota_keys[] = {
	{ "area", CONF_STRING, AT(area), NULL, 0, 0, NULL, true,
	  "Code of the area whose duty it is." },
	{ "week", CONF_LIST, AT(week), NULL, 0, 0, NULL, true,
	  "Days, hours and the receiver on duty, as \"mon-fri 18:00-08:00 "
	  "night-phone\" or \"daily 00:00-24:00 desk\"; hours that end when "
	  "they begin or before go on into the next day." },
	{ "except", CONF_LIST, AT(except), "", 0, 0, NULL, true,
	  "Dates that differ, as \"2026-10-01..2026-10-07 08:00-08:00 "
	  "weekend-phone\"; where one applies the week does not." },
	{ NULL, CONF_STRING, 0, NULL, 0, 0, NULL, false, NULL },
};

/* While the blocks are read. */
struct reading {
	const struct conf *conf;
	struct rota *rota;
	conf_report *report;
	void *arg;
	unsigned errors;
};

static void
wrong(struct reading *k, const char *key, const char *word, const char *why)
{
	char text[700];

	snprintf(text, sizeof(text), "%.200s: rota \"%.60s\": %s: \"%.80s\" %s",
		 k->rota->where, k->rota->name, key, word, why);
	k->report(k->arg, text);
	k->errors++;
}

static bool
names_area(const struct conf_list *areas, const char *area)
{
	for (size_t i = 0; i < areas->n; i++) {
		if (strcmp(areas->at[i], area) == 0)
			return true;
	}
	return areas->n == 0;
}

static void
check_receiver(struct reading *k, const char *key, const char *name)
{
	const char *near = NULL;
	char why[200];
	int found = rota_receiver(k->conf, name, &near);

	if (found < 0) {
		snprintf(why, sizeof(why), "is no receiver%s%.60s%s",
			 near != NULL ? ", did you mean \"" : "",
			 near != NULL ? near : "", near != NULL ? "\"?" : "");
		wrong(k, key, name, why);
	} else if (!rota_receiver_enabled(k->conf, found)) {
		wrong(k, key, name,
		      "is a receiver that is switched off (enabled = no)");
	} else if (!names_area(rota_receiver_areas(k->conf, found),
			       k->rota->area)) {
		snprintf(why, sizeof(why),
			 "is a receiver whose areas do not name \"%.60s\"",
			 k->rota->area);
		wrong(k, key, name, why);
	}
}

static void
take_slots(struct reading *k, const char *key, const struct conf_list *list,
	   bool dated)
{
	for (size_t i = 0; i < list->n; i++) {
		struct rota_slot *s = &k->rota->slot[k->rota->n];
		const char *why = rota_slot_parse(s, list->at[i], dated);

		if (why != NULL) {
			wrong(k, key, list->at[i], why);
			continue;
		}
		k->rota->n++;
		check_receiver(k, key, s->receiver);
	}
}

static void
take_rota(struct reading *k, struct rotas *r, size_t i)
{
	const struct rota_conf *c = conf_at(k->conf, "rota", i);
	struct rota *rota = &r->at[i];

	rota->name = strdup(conf_title(k->conf, "rota", i));
	rota->where = strdup(conf_where(k->conf, "rota", i));
	rota->area = strdup(c->area);
	rota->slot = calloc(c->week.n + c->except.n + 1, sizeof(*rota->slot));
	k->rota = rota;
	r->n = i + 1;
	if (rota->name == NULL || rota->where == NULL || rota->area == NULL ||
	    rota->slot == NULL) {
		k->report(k->arg, "rota: no memory");
		k->errors++;
		return;
	}
	for (size_t before = 0; before < i; before++) {
		if (strcmp(r->at[before].area, rota->area) == 0)
			wrong(k, "area", rota->area, "has a rota already");
	}
	take_slots(k, "week", &c->week, false);
	take_slots(k, "except", &c->except, true);
}

struct rotas *
rotas_new(const struct conf *conf, conf_report *report, void *arg)
{
	size_t n = conf_count(conf, "rota");
	struct reading k = { .conf = conf, .report = report, .arg = arg };
	struct rotas *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->at = calloc(n + 1, sizeof(*r->at));
	if (r == NULL || r->at == NULL) {
		report(arg, "rota: no memory");
		rotas_free(&r);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		take_rota(&k, r, i);
	if (k.errors > 0)
		rotas_free(&r);
	return r;
}

void
rotas_free(struct rotas **rp)
{
	struct rotas *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t s = 0; s < r->at[i].n; s++)
			free(r->at[i].slot[s].receiver);
		free(r->at[i].slot);
		free(r->at[i].name);
		free(r->at[i].area);
		free(r->at[i].where);
	}
	free(r->at);
	free(r);
}

/* Minutes of the clock on the wall since 1970-01-01 00:00 there. */
static int64_t
wall_minute(int64_t at_ms)
{
	time_t s = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&s, &tm);
	return (int64_t)day_from_civil(tm.tm_year + 1900, tm.tm_mon + 1,
				       tm.tm_mday) *
		       DAY_MINUTES +
	       tm.tm_hour * 60 + tm.tm_min;
}

/* Do exceptions apply at that minute? */
static bool
is_exception(const struct rota *r, int64_t minute)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->slot[i].dated && rota_slot_covers(&r->slot[i], minute))
			return true;
	}
	return false;
}

/* The slot, if it is the duty of that minute. */
static bool
is_duty(const struct rota *r, const struct rota_slot *s, int64_t minute)
{
	return s->dated == is_exception(r, minute) && rota_slot_covers(s, minute);
}

static bool
is_vacant(const struct rota *r, int64_t minute)
{
	for (size_t i = 0; i < r->n; i++) {
		if (is_duty(r, &r->slot[i], minute))
			return false;
	}
	return true;
}

static const struct rota *
rota_of(const struct rotas *r, const char *area)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->at[i].area, area) == 0)
			return &r->at[i];
	}
	return NULL;
}

bool
rotas_have(const struct rotas *r, const char *area)
{
	return rota_of(r, area) != NULL;
}

bool
rotas_name(const struct rotas *r, const char *receiver)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t s = 0; s < r->at[i].n; s++) {
			if (strcmp(r->at[i].slot[s].receiver, receiver) == 0)
				return true;
		}
	}
	return false;
}

bool
rotas_on_duty(const struct rotas *r, const char *receiver, const char *area,
	      int64_t at_ms)
{
	int64_t minute = wall_minute(at_ms);

	for (size_t i = 0; i < r->n; i++) {
		const struct rota *one = &r->at[i];

		for (size_t s = 0; s < one->n; s++) {
			if ((area == NULL || strcmp(one->area, area) == 0) &&
			    strcmp(one->slot[s].receiver, receiver) == 0 &&
			    is_duty(one, &one->slot[s], minute))
				return true;
		}
	}
	return false;
}

bool
rotas_vacant(const struct rotas *r, const char *area, int64_t at_ms)
{
	const struct rota *one = rota_of(r, area);

	return one != NULL && is_vacant(one, wall_minute(at_ms));
}

/* Is nobody on duty by the week alone? */
static bool
is_gap(const struct rota *r, int64_t minute)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->slot[i].dated && rota_slot_covers(&r->slot[i], minute))
			return false;
	}
	return true;
}

static void
say_gap(const struct rota *r, int64_t from, int64_t to, conf_report *report,
	void *arg)
{
	char text[500], a[16], b[16];

	snprintf(text, sizeof(text),
		 "%.200s: rota \"%.60s\": week: nobody is on duty from %s to "
		 "%s",
		 r->where, r->name, rota_moment(from, a), rota_moment(to, b));
	report(arg, text);
}

/* From the first minute that has somebody, once around the week; a week has
   at least one. */
static size_t
gaps_of(const struct rota *r, conf_report *report, void *arg)
{
	int64_t first = 0, from = -1;
	size_t n = 0;

	while (first < WEEK_MINUTES && is_gap(r, first))
		first++;
	for (int64_t m = first; m <= first + WEEK_MINUTES; m++) {
		bool gap = is_gap(r, m);

		if (gap && from < 0)
			from = m;
		if (gap || from < 0)
			continue;
		say_gap(r, from, m, report, arg);
		from = -1;
		n++;
	}
	return n;
}

size_t
rotas_gaps(const struct rotas *r, conf_report *report, void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += gaps_of(&r->at[i], report, arg);
	return n;
}

static json_t *
duty_at(const struct rota *r, int64_t minute)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++) {
		if (is_duty(r, &r->slot[i], minute))
			json_array_append_new(list,
					      json_string(r->slot[i].receiver));
	}
	return list;
}

static json_t *
rota_json(const struct rota *r, const struct registry *registry, int64_t at_ms)
{
	uint32_t i = registry_area(registry, r->area, strlen(r->area));
	const struct reg_area *area =
		i == REG_NONE ? NULL : registry_area_at(registry, i);
	int64_t minute = wall_minute(at_ms), ahead = 0;
	json_t *now = duty_at(r, minute), *next = NULL;

	do {
		json_decref(next);
		next = duty_at(r, minute + ++ahead);
	} while (ahead < AHEAD_MINUTES && json_equal(now, next));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "rota", r->name, "area",
		r->area, "area_name", area == NULL ? "" : area->name,
		"area_name_zh", area == NULL ? "" : area->name_zh, "now", now,
		"until_ms",
		ahead == AHEAD_MINUTES ? json_null()
				       : json_integer(at_ms - at_ms % MINUTE_MS +
						      ahead * MINUTE_MS),
		"next", next);
}

json_t *
rotas_json(const struct rotas *r, const struct registry *registry, int64_t at_ms)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list,
				      rota_json(&r->at[i], registry, at_ms));
	return list;
}
