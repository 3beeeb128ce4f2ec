/*
 * Episodes of a back-test, see rung.h; the pictures are in rung_text.c and
 * rung_svg.c.
 */
#include "daemon/cli/rung.h"

#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/desk/weigh.h"

#define DAYS_A_YEAR 365.25

static const char *
field(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text == NULL ? "" : text;
}

/* The newest episode of that id, or NULL. */
static struct rung_episode *
find(struct rung *r, const char *id)
{
	for (size_t i = r->n; i-- > 0;) {
		if (strcmp(r->at[i].id, id) == 0)
			return &r->at[i];
	}
	return NULL;
}

static struct rung_episode *
put(struct rung *r)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;
		struct rung_episode *at = realloc(r->at, cap * sizeof(*at));

		if (at == NULL) {
			cli_error("no memory for what rang");
			return NULL;
		}
		r->at = at;
		r->cap = cap;
	}
	return &r->at[r->n++];
}

static struct rung_episode *
open_episode(struct rung *r, const struct desk_event *event)
{
	const char *area = field(event->body, "area");
	struct rung_episode *e = put(r);

	if (e == NULL)
		return NULL;
	*e = (struct rung_episode){
		.trigger = trigger_find(r->set, field(event->body, "trigger")),
		.area = registry_area(r->registry, area, strlen(area)),
		.ended = DAY_NONE,
	};
	snprintf(e->id, sizeof(e->id), "%s", event->id);
	snprintf(e->site, sizeof(e->site), "%s", field(event->body, "site"));
	snprintf(e->each, sizeof(e->each), "%s", field(event->body, "indicator"));
	for (int c = 0; c <= COLOUR_RED; c++)
		e->since[c] = DAY_NONE;
	return e;
}

int
rung_take(struct rung *r, const struct desk_event *event)
{
	int grade = colour_parse(field(event->body, "grade"));
	struct rung_episode *e;

	if (grade < 0)
		return 0;
	e = strcmp(event->name, "opened") == 0 ? open_episode(r, event)
					       : find(r, event->id);
	if (e == NULL)
		return strcmp(event->name, "opened") == 0 ? -1 : 0;
	if (strcmp(event->name, "ended") == 0)
		e->ended = event->as_of;
	for (int c = COLOUR_NONE; c <= grade; c++) {
		if (e->since[c] == DAY_NONE)
			e->since[c] = event->as_of;
	}
	if (grade > (int)e->grade)
		e->grade = (enum colour)grade;
	e->points = (size_t)json_integer_value(
		json_object_get(event->body, "points"));
	return 0;
}

void
rung_fini(struct rung *r)
{
	free(r->at);
	free(r->areas);
	free(r->budget);
	*r = (struct rung){ 0 };
}

/* Sites right in the area of a kind that the trigger listens to. */
static size_t
sites_there(const struct rung *r, const struct trigger *t, uint32_t area)
{
	size_t n = 0;

	for (uint32_t s = 0; s < registry_sites(r->registry); s++) {
		const struct reg_site *site = registry_site_at(r->registry, s);

		n += site->area == area && site->series_n > 0 &&
		     t->kind_weight[site->kind] > 0;
	}
	return n;
}

int
rung_areas(struct rung *r, const struct judge *judge)
{
	r->areas = calloc(r->set->n + 1, sizeof(*r->areas));
	r->budget = calloc(r->set->n + 1, sizeof(*r->budget));
	if (r->areas == NULL || r->budget == NULL) {
		cli_error("no memory for what rang");
		return -1;
	}
	for (size_t t = 0; t < r->set->n; t++) {
		const struct trigger *of = &r->set->at[t];

		for (uint32_t a = 0; a < registry_areas(r->registry); a++) {
			enum reg_level level =
				registry_area_at(r->registry, a)->level;

			if (!weigh_hears(of, judge, a))
				continue;
			r->areas[t] += of->levels >> level & 1;
			if ((of->levels >> level & 1) != 0)
				r->budget[t] += of->share[level];
			if ((of->levels & TRIGGER_SITE) != 0)
				r->areas[t] += sites_there(r, of, a);
		}
	}
	return 0;
}

int32_t
rung_opened(const struct rung_episode *e)
{
	return e->since[COLOUR_NONE];
}

static int
place_order(const struct rung_episode *x, const struct rung_episode *y)
{
	if (x->trigger != y->trigger)
		return x->trigger < y->trigger ? -1 : 1;
	if (x->area != y->area)
		return x->area < y->area ? -1 : 1;
	return strcmp(x->site, y->site) != 0 ? strcmp(x->site, y->site)
					     : strcmp(x->each, y->each);
}

static int
compare(const void *a, const void *b)
{
	const struct rung_episode *x = a, *y = b;
	int order = place_order(x, y);

	if (order != 0)
		return order;
	return (rung_opened(x) > rung_opened(y)) -
	       (rung_opened(x) < rung_opened(y));
}

void
rung_sort(struct rung *r)
{
	if (r->n > 0)
		qsort(r->at, r->n, sizeof(*r->at), compare);
}

size_t
rung_lane(const struct rung *r, size_t i)
{
	size_t end = i + 1;

	while (end < r->n && place_order(&r->at[i], &r->at[end]) == 0)
		end++;
	return end;
}

void
rung_count(const struct rung *r, size_t trigger, size_t count[COLOUR_RED + 1])
{
	memset(count, 0, (COLOUR_RED + 1) * sizeof(*count));
	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].trigger != trigger)
			continue;
		count[COLOUR_NONE]++;
		count[r->at[i].grade]++;
	}
}

const char *
rung_say(const struct rung *r, const char *key)
{
	return catalogue_text(r->catalogue, r->lang, key);
}

const char *
rung_openings(const struct rung *r, size_t trigger, char *buf, size_t cap)
{
	const struct trigger *t = &r->set->at[trigger];
	double years = (double)(r->last - r->first + 1) / DAYS_A_YEAR;
	char n[COLOUR_RED + 1][24], span[24], places[24], where[64];
	size_t count[COLOUR_RED + 1];

	rung_count(r, trigger, count);
	for (int c = COLOUR_NONE; c <= COLOUR_RED; c++)
		snprintf(n[c], sizeof(n[c]), "%zu", count[c]);
	snprintf(span, sizeof(span), "%.1f", years);
	snprintf(places, sizeof(places), "%zu", r->areas[trigger]);
	catalogue_format(
		r->catalogue, r->lang,
		(t->levels & TRIGGER_SITE) != 0 ? "rung.sites" : "rung.areas",
		where, sizeof(where), (const char *[]){ "n", places, NULL });
	return catalogue_format(
		r->catalogue, r->lang, "rung.openings", buf, cap,
		(const char *[]){ "n", n[COLOUR_NONE], "blue", n[COLOUR_BLUE],
				  "yellow", n[COLOUR_YELLOW], "orange",
				  n[COLOUR_ORANGE], "red", n[COLOUR_RED],
				  "years", span, "places", where, NULL });
}

const char *
rung_rate(const struct rung *r, size_t trigger, char *buf, size_t cap)
{
	const struct trigger *t = &r->set->at[trigger];
	double years = (double)(r->last - r->first + 1) / DAYS_A_YEAR;
	char rate[24], budget[24];
	size_t count[COLOUR_RED + 1];
	double mean;

	buf[0] = '\0';
	if (t->statutory || r->areas[trigger] == 0)
		return buf;
	rung_count(r, trigger, count);
	snprintf(rate, sizeof(rate), "%.2g",
		 (double)count[COLOUR_NONE] / years / (double)r->areas[trigger]);
	mean = r->budget[trigger] / (double)r->areas[trigger];
	snprintf(budget, sizeof(budget), "%.3g", mean);
	return catalogue_format(
		r->catalogue, r->lang,
		mean < t->budget * (1 - 1e-9) ? "rung.share" : "rung.rate", buf,
		cap, (const char *[]){ "rate", rate, "budget", budget, NULL });
}

const char *
rung_title(const struct rung *r, size_t trigger, char *buf, size_t cap)
{
	const struct trigger *t = &r->set->at[trigger];
	bool zh = r->lang == CATALOGUE_ZH && t->title_zh[0] != '\0';

	snprintf(buf, cap, "%s: %s", t->name, zh ? t->title_zh : t->title);
	return buf;
}

const char *
rung_area_name(const struct rung *r, uint32_t i)
{
	const struct reg_area *a = registry_area_at(r->registry, i);

	if (r->lang == CATALOGUE_ZH && a->name_zh[0] != '\0')
		return a->name_zh;
	return a->name[0] != '\0' ? a->name : a->code;
}

const char *
rung_place(const struct rung *r, const struct rung_episode *e, char *buf,
	   size_t cap)
{
	bool named = e->site[0] != '\0' || e->area == REG_NONE;

	snprintf(buf, cap, "%s%s%s", named ? e->site : rung_area_name(r, e->area),
		 e->each[0] != '\0' ? " " : "", e->each);
	return buf;
}
