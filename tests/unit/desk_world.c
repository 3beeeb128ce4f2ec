#include "tests/unit/desk_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/desk/alert.h"
#include "tests/unit/trigger_text.h"

char world_err[256];

static int
hear(void *arg, const struct desk_event *event)
{
	struct world *w = arg;

	if (w->refuse)
		return -1;
	if (strcmp(event->name, "continued") != 0) {
		strcat(w->heard, event->name);
		strcat(w->heard, " ");
	}
	assert_string_equal(
		json_string_value(json_object_get(event->body, "event")),
		event->name);
	assert_int_equal(
		json_integer_value(json_object_get(event->alert, "version")),
		event->version);
	json_decref(w->last);
	w->last = json_deep_copy(event->alert);
	return 0;
}

void
world_make(struct world *w, const char *triggers)
{
	static const char *const kind[] = { "ed", "school", "lab" };
	const struct judge_conf conf = { .history_days = 400,
					 .day_method = "rnssp-switch",
					 .week_method = "ears-c2" };
	struct reg_indicator ind = { .code = "ili", .group = "resp" };
	struct reg_area area = { .code = "c1",
				 .name = "County",
				 .level = REG_COUNTY };

	*w = (struct world){ 0 };
	w->registry = registry_new();
	registry_add_indicator(w->registry, &ind, world_err, sizeof(world_err));
	registry_add_area(w->registry, &area, NULL, world_err, sizeof(world_err));
	for (uint32_t i = 0; i < 3; i++) {
		struct reg_kind k = { .code = kind[i],
				      .class_code = kind[i],
				      .period = 1 };
		struct reg_site site = { .code = kind[i] };

		registry_add_kind(w->registry, &k, world_err, sizeof(world_err));
		registry_add_site(w->registry, &site, kind[i], "c1", world_err,
				  sizeof(world_err));
		w->series[i] = registry_add_series(w->registry, i, 0, "", 0);
	}
	w->judge = judge_new(&conf, w->registry);
	w->set = trigger_right(w->registry, triggers);
	assert_non_null(w->set);
	w->desk = desk_new(w->registry, w->judge, w->set, hear, w);
	assert_non_null(w->desk);
}

void
world_drop(struct world *w)
{
	json_decref(w->last);
	desk_free(&w->desk);
	trigger_free(&w->set);
	judge_free(&w->judge);
	registry_free(&w->registry);
}

void
world_set(struct world *w, uint32_t i, int32_t day, double x)
{
	struct judge_cell cell = { .value = x, .denominator = NAN };

	judge_set(w->judge, w->series[i], day, &cell);
}

void
world_weigh(struct world *w, int32_t d)
{
	assert_int_equal(desk_weigh(w->desk, DAY0 + d, true), 0);
}

const char *
world_text(const struct world *w, const char *key)
{
	return json_string_value(json_object_get(w->last, key));
}

int
world_act(struct world *w, enum desk_verb verb, const char *note_text,
	  const char *outcome)
{
	char id[DESK_ID_BYTES];
	const struct desk_act a = { .verb = verb,
				    .actor = "li",
				    .note = note_text,
				    .outcome = outcome,
				    .version = -1 };

	snprintf(id, sizeof(id), "%s", world_text(w, "id"));
	return desk_act(w->desk, id, &a, world_err, sizeof(world_err));
}
