/*
 * Stretches of the invented province for the trigger bench, see
 * trigger_world.h.
 */
#include "tests/bench/trigger_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/null.h"
#include "daemon/cli/replay.h"
#include "daemon/cli/sim_world.h"
#include "daemon/desk/weigh.h"

#define EVERY 80	/* days from one outbreak of a county to the next */
#define FIRST 20	/* day of the scores before which there is none */
#define MAX_OUTBREAKS 6 /* of a county in one stretch */

const double world_size[WORLD_SIZES] = { 400, 800, 1600, 3200 };

static uint32_t
usual_kinds(enum sim_syndrome syndrome)
{
	uint32_t kinds = sim_kinds_of(syndrome);

	for (size_t k = 0; k < sim_kind_n(); k++) {
		if (sim_kind_table[k].every != 0)
			kinds &= ~(UINT32_C(1) << k);
	}
	return kinds;
}

/* One kind for every third outbreak, else each with probability .6. */
static uint32_t
draw_kinds(const struct world_conf *c, uint64_t who)
{
	uint32_t all = usual_kinds(c->syndrome), some = 0;
	bool one = sim_uniform(c->sim.seed, 80, who, 0) < 1.0 / 3;

	for (uint64_t try = 1; some == 0; try++) {
		for (size_t k = 0; k < sim_kind_n(); k++) {
			if ((all >> k & 1) != 0 &&
			    sim_uniform(c->sim.seed, 81 + k, who, try) < .6)
				some |= UINT32_C(1) << k;
		}
		if ((some & (some - 1)) == 0 && !one)
			some = 0;
	}
	while (one && (some & (some - 1)) != 0) {
		size_t k = (size_t)(sim_uniform(c->sim.seed, 79, who, some) *
				    (double)sim_kind_n());

		if ((some >> k & 1) != 0)
			some = UINT32_C(1) << k;
		else
			some &= some - 1;
	}
	return some;
}

static size_t
draw_outbreaks(const struct world_conf *c, struct sim_outbreak *out)
{
	size_t n = 0;
	int last = c->sim.days - 2 * WORLD_DAYS;

	for (int i = 0; i < c->sim.counties; i++) {
		int d = NULL_WARM_DAYS + FIRST + i * 37 % EVERY;

		for (int k = 0; d < last && k < MAX_OUTBREAKS; k++, d += EVERY) {
			uint64_t who = (uint64_t)(i * MAX_OUTBREAKS + k);

			out[n++] = (struct sim_outbreak){
				.syndrome = c->syndrome,
				.county = i,
				.counties = 1,
				.first_day = c->sim.first_day + d,
				.days = WORLD_DAYS,
				.cases = world_size[(size_t)(i + k) % WORLD_SIZES],
				.kinds = draw_kinds(c, who)
			};
		}
	}
	return n;
}

/* The kinds of source that see the syndrome, by their order in the sim. */
static void
name_kinds(struct world *w, enum sim_syndrome syndrome)
{
	uint32_t kinds = usual_kinds(syndrome);

	w->kinds = 0;
	for (size_t k = 0; sim_kind(k) != NULL; k++) {
		if ((kinds >> k & 1) != 0)
			w->kind[w->kinds++] = sim_kind(k);
	}
}

static size_t
variant_of(const struct world *w, uint32_t kinds)
{
	for (size_t k = 0; sim_kind(k) != NULL; k++) {
		for (size_t v = 0; v < w->kinds && (kinds >> k & 1) != 0; v++) {
			if (strcmp(w->kind[v], sim_kind(k)) == 0)
				return WORLD_KINDS + v;
		}
	}
	return WORLD_FUSED;
}

static int
note_outbreaks(struct world *w, const struct world_conf *c,
	       const struct sim_outbreak *o, size_t n)
{
	struct world_outbreak *more = realloc(
		w->outbreak, (w->outbreaks + n + 1) * sizeof(*w->outbreak));

	if (more == NULL)
		return -1;
	w->outbreak = more;
	for (size_t i = 0; i < n; i++) {
		struct world_outbreak *to = &w->outbreak[w->outbreaks++];
		size_t day = (size_t)(o[i].first_day - c->sim.first_day) -
			     NULL_WARM_DAYS;

		*to = (struct world_outbreak){
			.at = (w->rows + (size_t)o[i].county) * w->days + day
		};
		while (world_size[to->size] < o[i].cases)
			to->size++;
		for (uint32_t k = o[i].kinds; k != 0; k &= k - 1)
			to->kinds++;
		if (to->kinds == 1)
			to->only = variant_of(w, o[i].kinds);
	}
	return 0;
}

static int
refuse_events(void *arg, const struct desk_event *event)
{
	(void)arg;
	(void)event;
	return -1;
}

/* The trigger as it would be if it listened to one kind. */
static int
listen_alone(struct world *w, const struct trigger *t, const struct registry *r,
	     struct trigger *alone)
{
	for (size_t v = 0; v < w->kinds; v++) {
		uint32_t k = registry_kind(r, w->kind[v], strlen(w->kind[v]));

		alone[v] = *t;
		alone[v].kind_weight = calloc(t->kinds, sizeof(double));
		if (alone[v].kind_weight == NULL)
			return -1;
		alone[v].kind_weight[k] = 1;
	}
	return 0;
}

static double
score(struct scale *scale, const struct trigger *t, uint32_t area, int32_t day)
{
	const struct weigh_place at = { area, REG_NONE, REG_NONE, day, NULL };
	struct weighing g;

	weigh(scale, t, &at, &g);
	return isnan(g.p) ? NAN : calib_score(g.p);
}

static void
weigh_day(struct world *w, struct scale *scale, const struct trigger *t,
	  const struct trigger *alone, const uint32_t *county, size_t counties,
	  size_t day, int32_t as_of)
{
	for (size_t a = 0; a < counties; a++) {
		size_t at = (w->rows + a) * w->days + day;
		double first = 0, second = 0;

		w->score[WORLD_FUSED][at] = score(scale, t, county[a], as_of);
		for (size_t v = 0; v < w->kinds; v++) {
			double s = score(scale, &alone[v], county[a], as_of);

			w->score[WORLD_KINDS + v][at] = s;
			if (s > first) {
				second = first;
				first = s;
			} else if (s > second) {
				second = s;
			}
		}
		w->score[WORLD_VOTE][at] = second;
	}
}

static int
make_room(struct world *w, size_t counties)
{
	for (size_t v = 0; v < WORLD_KINDS + w->kinds; v++) {
		double *more =
			realloc(w->score[v],
				(w->rows + counties) * w->days * sizeof(*more));

		if (more == NULL)
			return -1;
		w->score[v] = more;
	}
	return 0;
}

static int
play(struct world *w, const struct world_conf *c, const struct history *h)
{
	size_t counties = (size_t)c->sim.counties, n = 0;
	struct trigger alone[WORLD_MAX_KINDS] = { 0 };
	uint32_t *county = calloc(counties, sizeof(*county));
	struct replay *r = replay_new(h, c->set, refuse_events, NULL);
	struct scale *scale =
		r == NULL ? NULL : weigh_new(h->registry, replay_judge(r));
	int rc = -1;

	if (county == NULL || scale == NULL || make_room(w, counties) < 0 ||
	    listen_alone(w, c->trigger, h->registry, alone) < 0)
		goto out;
	for (uint32_t a = 0; a < registry_areas(h->registry); a++) {
		if (registry_area_at(h->registry, a)->level == REG_COUNTY)
			county[n++] = a;
	}
	for (int d = 0; d < c->sim.days; d++) {
		replay_receive(r, c->sim.first_day + d);
		if (d >= NULL_WARM_DAYS)
			weigh_day(w, scale, c->trigger, alone, county, n,
				  (size_t)(d - NULL_WARM_DAYS),
				  c->sim.first_day + d);
	}
	w->rows += counties;
	rc = 0;
out:
	for (size_t v = 0; v < w->kinds; v++)
		free(alone[v].kind_weight);
	free(county);
	weigh_free(&scale);
	replay_free(&r);
	return rc;
}

int
world_add(struct world *w, const struct world_conf *c)
{
	struct sim_outbreak *o =
		calloc((size_t)c->sim.counties * MAX_OUTBREAKS + 1, sizeof(*o));
	struct history h = { 0 };
	size_t n = 0;
	int rc = -1;

	if (o == NULL)
		return -1;
	w->days = (size_t)(c->sim.days - NULL_WARM_DAYS);
	name_kinds(w, c->syndrome);
	if (c->ill)
		n = draw_outbreaks(c, o);
	if (note_outbreaks(w, c, o, n) == 0 &&
	    null_simulate(&h, c->etc, &c->sim, o, n) == 0)
		rc = play(w, c, &h);
	history_free(&h);
	free(o);
	return rc;
}

void
world_free(struct world *w)
{
	for (size_t v = 0; v < WORLD_KINDS + WORLD_MAX_KINDS; v++)
		free(w->score[v]);
	free(w->outbreak);
	*w = (struct world){ 0 };
}
