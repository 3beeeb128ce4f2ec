/*
 * How often a trigger may ring: its calibration, what the kinds' own p-values
 * do under the null, its share of the desk's budget, and the colours.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/desk/trigger_check.h"

static void
take_calibration(struct trigger_check *k, const char *key,
		 const struct conf_list *list, double tail, struct calib *c)
{
	*c = calib_uniform;
	if (list->n == 0)
		return;
	*c = (struct calib){ .tail = tail };
	for (size_t i = 0; trigger_each(k, list, i); i++) {
		char *end;
		double score = strtod(list->at[i], &end), rate = NAN;

		if (*end == ':')
			rate = strtod(end + 1, &end);
		if (*end != '\0' || c->n >= CALIB_MAX_POINTS) {
			trigger_wrong(
				k,
				"%s: \"%.40s\" is not SCORE:OPENINGS (at most"
				" %d of them)",
				key, list->at[i], CALIB_MAX_POINTS);
			k->line = 0;
			return;
		}
		c->at[c->n++] = (struct calib_point){ score, rate };
	}
	if (!calib_check(c))
		trigger_wrong(k,
			      "%s: scores must rise and openings fall and stay"
			      " above 0",
			      key);
	else if (k->t->budget > c->at[0].rate)
		trigger_wrong(k,
			      "budget: %g cannot be kept, for %s reaches %g"
			      " openings: lower thresholds only run episodes"
			      " into each other.  Take %g or less; or take out"
			      " %s, shorten quiet_days, and calibrate again",
			      k->t->budget, key, c->at[0].rate, c->at[0].rate,
			      key);
}

/* Splits "KIND:A:B:C"; the length of KIND, 0 where it is something else. */
static size_t
split_tail(const char *text, struct calib_tail *out)
{
	const char *colon = strchr(text, ':');
	const char *at = colon;
	char *end = NULL;

	for (size_t i = 0; i < CALIB_TAIL_POINTS && at != NULL; i++) {
		out->score[i] = strtod(at + 1, &end);
		if (end == at + 1)
			return 0;
		at = *end == ':' ? end : NULL;
		if (at == NULL && i + 1 < CALIB_TAIL_POINTS)
			return 0;
	}
	return colon == NULL || *end != '\0' || !calib_tail_check(out)
		       ? 0
		       : (size_t)(colon - text);
}

static void
take_kind_tails(struct trigger_check *k, const char *key,
		const struct conf_list *list, struct calib_tail *tails)
{
	const struct registry *r = k->registry;

	for (size_t i = 0; trigger_each(k, list, i); i++) {
		const char *word = list->at[i];
		struct calib_tail tail;
		size_t len = split_tail(word, &tail);
		uint32_t kind = registry_kind(r, word, len);

		if (len == 0)
			trigger_wrong(k,
				      "%s: \"%.64s\" is not KIND:A:B:C with"
				      " scores above 0 that rise",
				      key, word);
		else if (kind == REG_NONE)
			trigger_wrong_word(k, key, word,
					   registry_near_kind(r, word, len));
		else
			tails[kind] = tail;
	}
}

void
trigger_take_calibration(struct trigger_check *k)
{
	const struct trigger_conf *c = k->c;
	struct trigger *t = k->t;

	take_calibration(k, "calibration", &c->calibration, c->tail,
			 &t->calib[0]);
	take_calibration(k, "calibration_wide", &c->calibration_wide,
			 c->tail_wide, &t->calib[1]);
	take_kind_tails(k, "kind_tails", &c->kind_tails, t->kind_tail[0]);
	take_kind_tails(k, "kind_tails_wide", &c->kind_tails_wide,
			t->kind_tail[1]);
}

/* Does it take its share of the desk's budget at that level? */
static bool
is_counted(const struct trigger *t, int level)
{
	return t->fed && !t->statutory && (t->levels >> level & 1) != 0;
}

void
trigger_share_out(struct trigger_set *set)
{
	for (int l = 0; l < REG_LEVELS; l++) {
		double sum = 0, times = 1;

		for (size_t i = 0; i < set->n; i++) {
			if (is_counted(&set->at[i], l))
				sum += set->at[i].budget;
		}
		if (set->desk_budget > 0 && sum > set->desk_budget)
			times = set->desk_budget / sum;
		for (size_t i = 0; i < set->n; i++)
			set->at[i].share[l] =
				set->at[i].budget *
				(is_counted(&set->at[i], l) ? times : 1);
	}
}

double
trigger_interval(const struct trigger *t, enum reg_level level, enum colour c)
{
	static const double times[] = { 0, 1, 4, 20, 100 };

	return times[c] / t->share[level];
}

const struct calib *
trigger_calib(const struct trigger *t, enum reg_level level)
{
	return &t->calib[level < REG_COUNTY];
}

enum colour
trigger_colour(const struct trigger *t, enum reg_level level, double p)
{
	double interval = calib_interval(trigger_calib(t, level), p);
	enum colour c = COLOUR_NONE;

	/* NaN compares false: unknown earns no colour. */
	while (c < COLOUR_RED && interval >= trigger_interval(t, level, c + 1))
		c++;
	return c;
}
