/*
 * The map: what is known of the areas right below one, with all that lies
 * below them.  What nobody reports is told as unknown, not as quiet.
 */
#include "daemon/api/api_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/view.h"
#include "daemon/console/explain_operator.h"

/* Of an area and all areas below it. */
struct tally {
	size_t sites, heard; /* without withdrawn ones */
	size_t state[QUALITY_STATES];
	size_t active, ended; /* alerts nobody has closed, by their signal */
	int colour;	      /* highest of the active ones; -1 = none */
	const json_t *top;    /* such an alert, the newest of that colour */
};

/* The colours of a signal in their order. */
int
api_alert_rank(const json_t *alert)
{
	static const char *const colour[] = { "blue", "yellow", "orange", "red" };
	const char *grade = view_text(alert, "grade");

	for (int i = 0; i < (int)(sizeof(colour) / sizeof(colour[0])); i++) {
		if (strcmp(colour[i], grade) == 0)
			return i;
	}
	return -1;
}

static void
add_alert(struct tally *t, const json_t *alert)
{
	int colour = api_alert_rank(alert);

	if (strcmp(view_text(alert, "signal"), "ended") == 0) {
		t->ended++;
		return;
	}
	t->active++;
	if (colour < t->colour || (colour == t->colour && t->top != NULL &&
				   strcmp(view_text(alert, "last_day"),
					  view_text(t->top, "last_day")) <= 0))
		return;
	t->colour = colour;
	t->top = alert;
}

static void
count_alerts(const struct api *a, struct tally *tally)
{
	const struct registry *r = a->env.registry;

	for (size_t i = 0; i < desk_alerts(a->env.desk); i++) {
		const json_t *alert = desk_alert_at(a->env.desk, i);
		const char *code = view_text(alert, "area");

		if (explain_is_operator(alert) || api_alert_over(alert))
			continue;
		for (uint32_t k = registry_area(r, code, strlen(code));
		     k != REG_NONE; k = registry_area_at(r, k)->parent)
			add_alert(&tally[k], alert);
	}
}

/*
 * A site is heard when no due report of it is missing and it has reported
 * long enough to be judged.
 */
static void
count_sites(const struct api *a, struct tally *tally)
{
	const struct registry *r = a->env.registry;
	const struct zone_now now = a->env.now(a->env.arg);

	for (uint32_t i = 0; i < registry_sites(r); i++) {
		const struct reg_site *s = registry_site_at(r, i);
		struct quality_view v;

		quality_site(a->env.quality, i, &now, &v);
		for (uint32_t k = s->area; k != REG_NONE;
		     k = registry_area_at(r, k)->parent) {
			tally[k].state[v.state]++;
			if (s->withdrawn)
				continue;
			tally[k].sites++;
			tally[k].heard +=
				v.missing == 0 && v.state != QUALITY_NEW;
		}
	}
}

/* Which alert gives the colour: enough to name it and to open it. */
static json_t *
view_top(const struct registry *r, const json_t *alert)
{
	static const char *const key[] = { "id",	"trigger",     "title",
					   "title_zh",	"grade",       "area",
					   "area_name", "area_name_zh" };
	json_t *row, *out;

	if (alert == NULL)
		return json_null();
	row = view_alert_row(r, alert);
	out = json_object();
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		json_t *value = json_object_get(row, key[i]);

		if (value != NULL)
			json_object_set(out, key[i], value);
	}
	json_decref(row);
	return out;
}

static size_t
children_of(const struct registry *r, uint32_t area)
{
	uint32_t i = registry_area_at(r, area)->first_child;
	size_t n = 0;

	for (; i != REG_NONE; i = registry_area_at(r, i)->next_sibling)
		n++;
	return n;
}

static json_t *
view_tally(const struct api *a, uint32_t area, const struct tally *t)
{
	const struct registry *r = a->env.registry;
	json_t *out = view_area(r, area), *state = json_object();

	for (int i = 0; i < QUALITY_STATES; i++)
		json_object_set_new(state,
				    quality_state_str((enum quality_state)i),
				    json_integer((json_int_t)t->state[i]));
	json_object_set_new(out, "children",
			    json_integer((json_int_t)children_of(r, area)));
	json_object_set_new(
		out, "signal",
		t->top == NULL ? json_null()
			       : json_incref(json_object_get(t->top, "grade")));
	json_object_set_new(out, "top", view_top(r, t->top));
	json_object_set_new(out, "active", json_integer((json_int_t)t->active));
	json_object_set_new(out, "ended", json_integer((json_int_t)t->ended));
	json_object_set_new(out, "sites", json_integer((json_int_t)t->sites));
	json_object_set_new(
		out, "coverage",
		t->sites == 0 ? json_null()
			      : json_real((double)t->heard / (double)t->sites));
	json_object_set_new(out, "reporting", state);
	return out;
}

/* From the root to the area above it. */
static json_t *
view_above(const struct registry *r, uint32_t area)
{
	json_t *list = json_array();

	if (area == REG_NONE)
		return list;
	for (uint32_t i = registry_area_at(r, area)->parent; i != REG_NONE;
	     i = registry_area_at(r, i)->parent)
		json_array_insert_new(list, 0, view_area(r, i));
	return list;
}

/* The only root; REG_NONE where there are several, or none. */
static uint32_t
only_root(const struct registry *r)
{
	uint32_t root = REG_NONE;

	for (uint32_t i = 0; i < registry_areas(r); i++) {
		if (registry_area_at(r, i)->parent != REG_NONE)
			continue;
		if (root != REG_NONE)
			return REG_NONE;
		root = i;
	}
	return root;
}

static void
reply(struct api *a, struct http_req *req, uint32_t area,
      const struct tally *tally)
{
	const struct registry *r = a->env.registry;
	json_t *below = json_array();

	for (uint32_t i = 0; i < registry_areas(r); i++) {
		if (registry_area_at(r, i)->parent == area)
			json_array_append_new(below, view_tally(a, i, &tally[i]));
	}
	api_reply(req, 200,
		  json_pack("{s:o,s:o,s:o,s:o}", "day",
			    view_day(a->env.now(a->env.arg).day), "area",
			    area == REG_NONE ? json_null()
					     : view_tally(a, area, &tally[area]),
			    "above", view_above(r, area), "areas", below));
}

/* ?area= (the root where there is one, else the roots are the areas) */
void
api_get_map(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct registry *r = a->env.registry;
	struct tally *tally;
	uint32_t area;

	if (api_query_area(a, req, &area) < 0)
		return;
	if (a->env.quality == NULL) {
		http_problem(req, 501, NULL,
			     "This daemon does not know how sites report.");
		return;
	}
	tally = calloc(registry_areas(r) + 1, sizeof(*tally));
	if (tally == NULL) {
		http_problem(req, 500, NULL, "There is no memory for it.");
		return;
	}
	for (size_t i = 0; i < registry_areas(r); i++)
		tally[i].colour = -1;
	count_alerts(a, tally);
	count_sites(a, tally);
	reply(a, req, area == REG_NONE ? only_root(r) : area, tally);
	free(tally);
}
