/* Triggers as JSON, see trigger_view.h. */
#include "daemon/desk/trigger_view.h"

#include <stdint.h>

static json_t *
levels_of(const struct trigger *t)
{
	json_t *list = json_array();

	for (unsigned l = 0; l < REG_LEVELS; l++) {
		if ((t->levels >> l & 1) != 0)
			json_array_append_new(
				list, json_string(registry_level_str(l)));
	}
	if ((t->levels & TRIGGER_SITE) != 0)
		json_array_append_new(list, json_string("site"));
	return list;
}

static json_t *
kinds_of(const struct trigger *t, const struct registry *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->kinds; i++) {
		if (t->kind_weight[i] > 0)
			json_array_append_new(
				list, json_string(registry_kind_at(r, i)->code));
	}
	return list;
}

static json_t *
indicators_of(const struct trigger *t, const struct registry *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->indicators; i++) {
		if (t->indicator[i])
			json_array_append_new(
				list,
				json_string(registry_indicator_at(r, i)->code));
	}
	return list;
}

/* The stronger triggers that it may be part of. */
static json_t *
wholes_of(const struct trigger *t, const struct trigger_set *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->wholes; i++)
		json_array_append_new(list,
				      json_string(set->at[t->whole[i]].name));
	return list;
}

static json_t *
tell_of(const struct trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->tell->n; i++)
		json_array_append_new(list, json_string(t->tell->at[i]));
	return list;
}

/* What is known of its kinds' own p: A, B and C of kind_tails by kind. */
static json_t *
tails_of(const struct trigger *t, const struct registry *r, bool wide)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < t->kinds; i++) {
		const struct calib_tail *tail = &t->kind_tail[wide][i];

		if (t->kind_weight[i] > 0 && tail->score[0] > 0)
			json_object_set_new(
				all, registry_kind_at(r, i)->code,
				json_pack("[f, f, f]", tail->score[0],
					  tail->score[1], tail->score[2]));
	}
	return all;
}

/* Its budget at each level after the desk's own. */
static json_t *
shares_of(const struct trigger *t)
{
	json_t *all = json_object();

	for (int l = 0; l < REG_LEVELS && !t->statutory; l++) {
		if ((t->levels >> l & 1) != 0)
			json_object_set_new(all,
					    registry_level_str((enum reg_level)l),
					    json_real(t->share[l]));
	}
	return all;
}

/* One of them. */
static json_t *
view(const struct trigger *t, const struct trigger_set *set,
     const struct registry *r)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:s, s:s, s:s,"
		" s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}",
		"name", t->name, "title", t->title, "title_zh", t->title_zh,
		"rule", trigger_rule_str(t->rule), "budget",
		t->statutory ? json_null() : json_real(t->budget), "levels",
		levels_of(t), "window_days", t->window, "quiet_days",
		t->quiet_days, "basis", t->basis, "basis_zh", t->basis_zh,
		"file", t->where, "indicators", indicators_of(t, r), "kinds",
		kinds_of(t, r), "part_of", wholes_of(t, set), "deadlines",
		t->deadlines_name, "tell", tell_of(t), "shares", shares_of(t),
		"kind_tails", tails_of(t, r, false), "kind_tails_wide",
		tails_of(t, r, true));
}

json_t *
trigger_view_all(const struct trigger_set *set, const struct registry *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->n; i++)
		json_array_append_new(list, view(&set->at[i], set, r));
	return list;
}
