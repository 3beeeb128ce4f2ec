/*
 * Triggers under the null, see null.h.
 */
#include "daemon/cli/null.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/cli/replay.h"
#include "daemon/desk/weigh.h"
#include "daemon/judge/registry_csv.h"

static void
say(void *arg, bool error, const char *message)
{
	(void)arg;
	if (error)
		log_error("%s", message);
}

static int
add_areas(struct history *h, const struct sim *sim)
{
	char err[256];

	for (size_t i = 0; i < sim_areas(sim); i++) {
		const struct sim_area *a = sim_area(sim, i);
		const struct reg_area area = {
			.code = a->code,
			.name = a->name,
			.name_zh = a->name_zh,
			.level = (enum reg_level)registry_level_parse(a->level),
			.population = a->population,
			.lat = a->lat,
			.lon = a->lon
		};

		if (registry_add_area(h->registry, &area, a->parent, err,
				      sizeof(err)) == REG_NONE) {
			log_error("simulated area %s: %s", a->code, err);
			return -1;
		}
	}
	return 0;
}

static int
add_sites(struct history *h, const struct sim *sim)
{
	char err[256];

	for (size_t i = 0; i < sim_sites(sim); i++) {
		const struct sim_site *s = sim_site(sim, i);
		int expect = registry_expect_parse(s->reports_on);
		const struct reg_site site = {
			.code = s->code,
			.name = s->name,
			.gateway = s->gateway,
			.period = s->period,
			.expect = (enum reg_expect)(expect < 0 ? 0 : expect)
		};

		if (registry_add_site(h->registry, &site, s->kind, s->area, err,
				      sizeof(err)) == REG_NONE) {
			log_error("simulated site %s: %s", s->code, err);
			return -1;
		}
	}
	return 0;
}

/* Where counts go, and who wants them; NULL: all of them are wanted. */
struct taker {
	struct history *h;
	const struct trigger_set *set;
};

static bool
is_heard(const struct trigger_set *set, uint32_t indicator)
{
	for (size_t t = 0; t < set->n; t++) {
		if (!set->at[t].statutory && indicator < set->at[t].indicators &&
		    set->at[t].indicator[indicator])
			return true;
	}
	return false;
}

static int
take_count(void *arg, const struct sim_count *c)
{
	const struct taker *to = arg;
	struct history *h = to->h;
	uint32_t site =
		registry_site(h->registry, c->site->code, strlen(c->site->code));
	uint32_t ind = registry_indicator(h->registry, c->indicator,
					  strlen(c->indicator));
	struct history_count count = {
		.received = c->received,
		.day = c->day,
		.revision = (uint32_t)(c->received - c->day),
		.value = (double)c->value,
		.denominator = c->denominator > 0 ? (double)c->denominator : NAN
	};

	if (to->set != NULL && ind != REG_NONE && !is_heard(to->set, ind))
		return 0;
	count.series = registry_add_series(h->registry, site, ind, "", 0);
	if (count.series == REG_NONE) {
		log_error("simulated indicator %s is not known", c->indicator);
		return -1;
	}
	return history_put(h, &count);
}

static int
simulate(struct history *h, const char *etc_dir, const struct sim_conf *conf,
	 const struct sim_outbreak *outbreak, size_t outbreaks,
	 const struct trigger_set *set)
{
	struct taker to = { h, set };
	struct sim *sim;
	int rc = -1;

	if (history_vocabulary(h, etc_dir, say, NULL) != 0)
		return -1;
	sim = sim_new(conf, outbreak, outbreaks);
	if (sim == NULL) {
		log_error("no memory for a province");
		return -1;
	}
	if (add_areas(h, sim) == 0 && add_sites(h, sim) == 0)
		rc = 0;
	for (int d = 0; d < conf->days && rc == 0; d++)
		rc = sim_day(sim, conf->first_day + d, take_count, &to);
	sim_free(&sim);
	if (rc == 0)
		history_settle(h);
	/* As long for every year, whoever was late or reports by week. */
	h->first_received = conf->first_day;
	h->last_received = conf->first_day + conf->days - 1 +
			   (conf->faults ? SIM_LATEST_DAYS : 0);
	return rc;
}

int
null_simulate(struct history *h, const char *etc_dir, const struct sim_conf *conf,
	      const struct sim_outbreak *outbreak, size_t outbreaks)
{
	return simulate(h, etc_dir, conf, outbreak, outbreaks, NULL);
}

int
null_simulate_for(struct history *h, const char *etc_dir,
		  const struct sim_conf *conf, const struct trigger_set *set)
{
	struct sim_conf all = *conf;

	all.all_sources = true;
	return simulate(h, etc_dir, &all, NULL, 0, set);
}

void
null_free(struct null_scores *s)
{
	free(s->at);
	free(s->area);
	free(s->kind);
	*s = (struct null_scores){ 0 };
}

static int
make_room(const struct history *h, const struct trigger *t, bool wide,
	  struct null_scores *s)
{
	size_t areas = registry_areas(h->registry);
	int32_t from = h->first_received + NULL_WARM_DAYS;

	*s = (struct null_scores){ .first_day = from, .wide = wide };
	s->days = h->last_received < from
			  ? 0
			  : (size_t)(h->last_received - from) + 1;
	s->area = malloc((areas + 1) * sizeof(*s->area));
	s->at = malloc((areas * s->days + 1) * sizeof(*s->at));
	if (s->area == NULL || s->at == NULL) {
		log_error("no memory for %zu areas", areas);
		return -1;
	}
	for (uint32_t a = 0; a < areas; a++) {
		unsigned level = registry_area_at(h->registry, a)->level;

		if (!t->statutory && (t->levels >> level & 1) != 0 &&
		    (level < REG_COUNTY) == wide)
			s->area[s->areas++] = a;
	}
	return 0;
}

static void
weigh_one_day(struct scale *scale, const struct trigger *t, int32_t day,
	      struct null_scores *s)
{
	struct weighing g;

	for (size_t a = 0; a < s->areas; a++) {
		const struct weigh_place at = { s->area[a], REG_NONE, REG_NONE,
						day, NULL };

		weigh(scale, t, &at, &g);
		s->at[a * s->days + (size_t)(day - s->first_day)] =
			isnan(g.p) ? NAN : calib_score(g.p);
	}
}

/* Days lie close together and a window is a week: every second one will do. */
static void
count_kinds(struct scale *scale, const struct trigger *t, int32_t day,
	    struct null_scores *s)
{
	struct weighing g;

	for (size_t a = (size_t)day % 2; a < s->areas; a += 2) {
		weigh_kinds_of(scale, t, s->area[a], day, &g);
		for (size_t k = 0; k < g.kinds; k++)
			calib_count(&s->kind[g.kind[k].kind], g.kind[k].plain);
	}
}

static int
refuse_events(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return -1;
}

static int
make_all_room(const struct history *h, const struct trigger_set *set,
	      bool kinds, struct null_scores *out)
{
	for (size_t t = 0; t < 2 * set->n; t++) {
		size_t n = set->at[t / 2].kinds;

		if (make_room(h, &set->at[t / 2], t % 2 == 1, &out[t]) < 0)
			return -1;
		if (!kinds)
			continue;
		out[t].kinds = n;
		out[t].kind = calloc(n + 1, sizeof(*out[t].kind));
		if (out[t].kind == NULL) {
			log_error("no memory for %zu kinds", n);
			return -1;
		}
	}
	return 0;
}

int
null_weigh(const struct history *h, struct trigger_set *set,
	   struct null_scores *out)
{
	return null_weigh_kinds(h, set, h->first_received - 1, out);
}

int
null_weigh_kinds(const struct history *h, struct trigger_set *set,
		 int32_t until, struct null_scores *out)
{
	struct replay *r = replay_new(h, set, refuse_events, NULL);
	struct scale *scale = NULL;
	int rc = r == NULL ? -1 : 0;

	if (make_all_room(h, set, until >= h->first_received, out) < 0)
		rc = -1;
	if (rc == 0)
		scale = weigh_new(h->registry, replay_judge(r));
	if (scale == NULL)
		rc = -1;
	for (int32_t d = h->first_received; rc == 0 && d <= h->last_received;
	     d++) {
		replay_receive(r, d);
		for (size_t t = 0; t < 2 * set->n; t++) {
			if (d < out[t].first_day)
				continue;
			weigh_one_day(scale, &set->at[t / 2], d, &out[t]);
			if (d <= until)
				count_kinds(scale, &set->at[t / 2], d, &out[t]);
		}
	}
	weigh_free(&scale);
	replay_free(&r);
	return rc;
}

static int
append_kinds(struct null_scores *s, const struct null_scores *more)
{
	if (s->kind == NULL && more->kinds > 0) {
		s->kinds = more->kinds;
		s->kind = calloc(s->kinds, sizeof(*s->kind));
		if (s->kind == NULL) {
			log_error("no memory for %zu kinds", s->kinds);
			return -1;
		}
	}
	for (size_t k = 0; k < more->kinds; k++) {
		for (size_t b = 0; b < CALIB_BINS; b++)
			s->kind[k].n[b] += more->kind[k].n[b];
	}
	return 0;
}

int
null_append(struct null_scores *s, const struct null_scores *more)
{
	size_t n = s->areas * s->days, m = more->areas * more->days;
	double *at;

	if (s->areas == 0) {
		s->days = more->days;
		s->wide = more->wide;
	}
	if (more->days != s->days) {
		log_error("%zu days of scores do not fit %zu", more->days,
			  s->days);
		return -1;
	}
	at = realloc(s->at, (n + m + 1) * sizeof(*at));
	if (at == NULL) {
		log_error("no memory for %zu scores", n + m);
		return -1;
	}
	memcpy(at + n, more->at, m * sizeof(*at));
	s->at = at;
	s->areas += more->areas;
	return append_kinds(s, more);
}
