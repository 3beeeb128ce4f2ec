/*
 * The table of a back-test: an event a line, in a person's words.
 */
#include <string.h>

#include "daemon/cli/grid.h"
#include "daemon/cli/rung.h"

enum { YEARS_CARRIED = 1000 };

static const char *
field(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text == NULL ? "" : text;
}

/* The catalogue's word in Chinese; English has the words of --json. */
static const char *
word(const struct rung *r, const char *prefix, const char *value)
{
	const char *text;
	char key[64];

	if (r->lang != CATALOGUE_ZH)
		return value;
	snprintf(key, sizeof(key), "%s.%s", prefix, value);
	text = rung_say(r, key);
	return text == key ? value : text;
}

/* Years to three digits, as far as calibration carries; not of a rule. */
static void
years_of(const json_t *body, char *buf, size_t cap)
{
	double years =
		json_number_value(json_object_get(body, "recurrence_years"));

	if (!json_is_number(json_object_get(body, "p")))
		snprintf(buf, cap, "-");
	else if (years > YEARS_CARRIED)
		snprintf(buf, cap, "> %d", YEARS_CARRIED);
	else
		snprintf(buf, cap, years >= 999.5 ? "%.0f" : "%.3g", years);
}

static void
kinds_of(const struct rung *r, const json_t *body, char *buf, size_t cap)
{
	const json_t *kinds = json_object_get(body, "kinds"), *kind;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach (kinds, i, kind) {
		const char *code = json_string_value(kind);
		uint32_t k = registry_kind(r->registry, code, strlen(code));
		const char *name = r->lang == CATALOGUE_ZH && k != REG_NONE
					   ? registry_kind_at(r->registry, k)->zh
					   : code;

		if (len < cap)
			len += (size_t)snprintf(
				buf + len, cap - len, "%s%s",
				i == 0 ? "" : rung_say(r, "list.comma"), name);
	}
}

static const char *
place_of(const struct rung *r, const json_t *body)
{
	const char *area = field(body, "area");
	uint32_t i = registry_area(r->registry, area, strlen(area));

	if (field(body, "site")[0] != '\0')
		return field(body, "site");
	return i == REG_NONE ? area : rung_area_name(r, i);
}

/* The trigger and, where it asks each, the indicator. */
static void
name_of(const struct rung *r, const json_t *body, char *buf, size_t cap)
{
	const char *name = field(body, "trigger"),
		   *each = field(body, "indicator");
	size_t t = trigger_find(r->set, name);
	uint32_t i = registry_indicator(r->registry, each, strlen(each));

	if (r->lang == CATALOGUE_ZH && t < r->set->n &&
	    r->set->at[t].title_zh[0] != '\0')
		name = r->set->at[t].title_zh;
	if (r->lang == CATALOGUE_ZH && i != REG_NONE)
		each = registry_indicator_at(r->registry, i)->zh;
	snprintf(buf, cap, "%s%s%s", name, each[0] == '\0' ? "" : " ", each);
}

enum { DAY, EVENT, SIGNAL, PLACE, POINTS, YEARS, KINDS, TRIGGER, CELLS };

/* One trigger alone needs no column. */
static void
leave_out(const struct rung *r, const char *cell[CELLS + 1])
{
	cell[CELLS] = NULL;
	if (r->set->n == 1)
		cell[TRIGGER] = NULL;
}

struct grid *
rung_table_new(const struct rung *r)
{
	const char *name[CELLS + 1] = {
		[DAY] = rung_say(r, "rung.day"),
		[EVENT] = rung_say(r, "rung.event"),
		[SIGNAL] = rung_say(r, "cli.signal"),
		[PLACE] = rung_say(r, "cli.area"),
		[POINTS] = rung_say(r, "rung.points"),
		[YEARS] = rung_say(r, "rung.years"),
		[KINDS] = rung_say(r, "cli.kinds"),
		[TRIGGER] = rung_say(r, "cli.trigger"),
	};

	leave_out(r, name);
	return grid_new(name);
}

void
rung_table_add(const struct rung *r, struct grid *g,
	       const struct desk_event *event)
{
	const json_t *body = event->body;
	char years[32], points[24] = "-", kinds[256], name[256];
	const char *cell[CELLS + 1] = {
		[DAY] = field(body, "as_of"),
		[EVENT] = word(r, "event", event->name),
		[SIGNAL] = word(r, "colour", field(body, "grade")),
		[PLACE] = place_of(r, body),
		[POINTS] = points,
		[YEARS] = years,
		[KINDS] = kinds,
		[TRIGGER] = name,
	};

	name_of(r, body, name, sizeof(name));
	years_of(body, years, sizeof(years));
	kinds_of(r, body, kinds, sizeof(kinds));
	if (strcmp(years, "-") != 0)
		snprintf(points, sizeof(points), "%lld",
			 (long long)json_integer_value(
				 json_object_get(body, "points")));
	leave_out(r, cell);
	grid_add(g, cell);
}
