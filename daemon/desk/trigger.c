/*
 * Reading and checking of triggers, see trigger.h.
 */
#include "daemon/desk/trigger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "daemon/desk/trigger_check.h"

static const char *const colour_name[] = { "none", "blue", "yellow", "orange",
					   "red" };

const char *
colour_str(enum colour c)
{
	return colour_name[c];
}

int
colour_parse(const char *text)
{
	for (int i = COLOUR_BLUE; i <= COLOUR_RED; i++) {
		if (strcmp(colour_name[i], text) == 0)
			return i;
	}
	return -1;
}

const char *
trigger_rule_str(enum trigger_rule r)
{
	return trigger_rules[r];
}

/*
 * Splits "name:number" at its colon; without one the number stays as it is.
 * Returns the length of the name, 0 where the number is none.
 */
static size_t
split(const char *text, double *number)
{
	const char *colon = strrchr(text, ':');
	char *end;

	if (colon == NULL)
		return strlen(text);
	*number = strtod(colon + 1, &end);
	if (colon[1] == '\0' || *end != '\0' || !isfinite(*number))
		return 0;
	return (size_t)(colon - text);
}

static const char *
near_group(const struct registry *r, const char *word)
{
	struct nearest near;

	nearest_begin(&near, word);
	for (uint32_t i = 0; i < registry_indicators(r); i++)
		nearest_offer(&near, registry_indicator_at(r, i)->group);
	return near.best;
}

static void
take_indicators(struct trigger_check *k)
{
	const struct registry *r = k->registry;

	for (size_t i = 0; trigger_each(k, &k->c->indicators, i); i++) {
		const char *word = k->c->indicators.at[i];
		size_t len = strlen(word);
		uint32_t one = registry_indicator(r, word, len);
		bool found = one != REG_NONE;

		if (found)
			k->t->indicator[one] = true;
		for (uint32_t d = 0; d < registry_indicators(r); d++) {
			if (strcmp(registry_indicator_at(r, d)->group, word) != 0)
				continue;
			k->t->indicator[d] = true;
			found = true;
		}
		if (!found)
			trigger_wrong_word(
				k, "indicators", word,
				near_group(r, word) != NULL
					? near_group(r, word)
					: registry_near_indicator(r, word, len));
	}
	if (k->c->indicators.n == 0)
		trigger_wrong(k,
			      "it listens to no indicator and can never fire");
}

static void
take_kinds(struct trigger_check *k)
{
	const struct registry *r = k->registry;

	for (uint32_t i = 0; k->c->kinds.n == 0 && i < k->t->kinds; i++)
		k->t->kind_weight[i] = 1;
	for (size_t i = 0; trigger_each(k, &k->c->kinds, i); i++) {
		const char *word = k->c->kinds.at[i];
		double weight = 1;
		size_t len = split(word, &weight);
		uint32_t kind = registry_kind(r, word, len);

		if (len == 0 || weight <= 0 || weight > 100)
			trigger_wrong(
				k,
				"kinds: the weight in \"%.64s\" is no number"
				" above 0 and up to 100",
				word);
		else if (kind == REG_NONE)
			trigger_wrong_word(k, "kinds", word,
					   registry_near_kind(r, word, len));
		else
			k->t->kind_weight[kind] = weight;
	}
}

static void
take_lags(struct trigger_check *k)
{
	for (size_t i = 0; trigger_each(k, &k->c->lag, i); i++) {
		const char *word = k->c->lag.at[i];
		double days = NAN;
		size_t len = split(word, &days);
		uint32_t kind = registry_kind(k->registry, word, len);

		if (len == 0 || !(days >= 0 && days <= TRIGGER_MAX_LAG))
			trigger_wrong(
				k,
				"lag: \"%.64s\" is not KIND:DAYS with 0 to %d"
				" days",
				word, TRIGGER_MAX_LAG);
		else if (kind == REG_NONE)
			trigger_wrong_word(
				k, "lag", word,
				registry_near_kind(k->registry, word, len));
		else
			k->t->lag[kind] = (int)days;
	}
}

static void
take_where(struct trigger_check *k)
{
	static const char *const levels[] = { "nation", "province", "city",
					      "county", "township", "site" };
	const size_t n = sizeof(levels) / sizeof(levels[0]);
	struct nearest near;

	for (size_t i = 0; trigger_each(k, &k->c->where, i); i++) {
		const char *word = k->c->where.at[i];
		size_t l = 0;

		nearest_begin(&near, word);
		for (size_t o = 0; o < n; o++)
			nearest_offer(&near, levels[o]);
		while (l < n && strcmp(levels[l], word) != 0)
			l++;
		if (l == n)
			trigger_wrong_word(k, "where", word, near.best);
		else
			k->t->levels |= 1u << l;
	}
	if (k->c->where.n == 0)
		trigger_wrong(k, "where: it looks nowhere and can never fire");
	if ((k->t->levels & TRIGGER_SITE) != 0 && !k->t->statutory)
		trigger_wrong(k, "where: rule %s needs an area, not a site",
			      trigger_rule_str(k->t->rule));
}

static void
take_steps(struct trigger_check *k)
{
	struct trigger *t = k->t;

	if (k->c->cases.n == 0 || k->c->cases.n > TRIGGER_MAX_STEPS)
		trigger_wrong(
			k,
			"rule cases needs cases = {\"10 yellow\"}, 1 to %d"
			" steps",
			TRIGGER_MAX_STEPS);
	for (size_t i = 0;
	     trigger_each(k, &k->c->cases, i) && i < TRIGGER_MAX_STEPS; i++) {
		const char *text = k->c->cases.at[i];
		char *end;
		double cases = strtod(text, &end);
		int colour = *end == ' ' ? colour_parse(end + 1) : -1;

		if (end == text || !(cases >= 1 && cases <= 1e9) || colour < 0)
			trigger_wrong(
				k,
				"cases: \"%.40s\" is not a number of cases"
				" and a colour, as in \"10 yellow\"",
				text);
		else if (t->steps > 0 &&
			 (cases <= t->step[t->steps - 1].cases ||
			  colour <= (int)t->step[t->steps - 1].colour))
			trigger_wrong(
				k,
				"cases: \"%.40s\" does not rise above the step"
				" before it",
				text);
		if (colour < 0)
			continue;
		t->step[t->steps].cases = cases;
		t->step[t->steps++].colour = (enum colour)colour;
	}
	k->line = 0;
}

static void
take_late(struct trigger_check *k)
{
	struct trigger *t = k->t;

	t->late = (int)k->c->late;
	if (t->steps > 0 && t->step[0].cases <= 1 &&
	    !conf_is_set(k->conf, "trigger", k->nth, "late"))
		t->late = TRIGGER_LATE_ONE;
	t->each = strcmp(k->c->each, "indicator") == 0;
	if (!t->each && k->c->each[0] != '\0')
		trigger_wrong_word(k, "each", k->c->each, "indicator");
}

static void
check_statutory(struct trigger_check *k)
{
	if (k->t->basis[0] == '\0')
		trigger_wrong(k, "a rule without a p-value states its basis");
	if (k->t->rule == RULE_CASES) {
		take_steps(k);
		take_late(k);
	}
	if (k->t->rule == RULE_PERCENTILE) {
		int colour = colour_parse(k->c->grade);

		if (colour < 0)
			trigger_wrong(k,
				      "rule percentile states its grade: blue,"
				      " yellow, orange or red");
		else
			k->t->colour = (enum colour)colour;
	}
}

/* What the rule asks for must be within reach. */
static void
check_at_least(struct trigger_check *k)
{
	double weight = 0;

	for (size_t i = 0; i < k->t->kinds; i++)
		weight += k->t->kind_weight[i];
	if (k->t->rule == RULE_KINDS && k->t->at_least > weight)
		trigger_wrong(k,
			      "at_least = %d, but its kinds weigh %g and it can"
			      " never fire",
			      k->t->at_least, weight);
	if (k->t->rule == RULE_NEIGHBOURS && k->t->levels == 1u << REG_TOWNSHIP)
		trigger_wrong(k,
			      "where: rule %s looks at the areas below, which a"
			      " township has not; it can never fire",
			      trigger_rule_str(k->t->rule));
	if (k->t->rule == RULE_NEIGHBOURS && k->t->at_least < 2)
		trigger_wrong(k, "at_least: one area has no neighbours");
}

static void
check_days(struct trigger_check *k)
{
	struct trigger *t = k->t;

	for (size_t i = 0; i < t->kinds; i++) {
		if (t->lag[i] + t->window > TRIGGER_MAX_DAYS) {
			trigger_wrong(k,
				      "window and lag are more than %d days"
				      " together",
				      TRIGGER_MAX_DAYS);
			return;
		}
	}
	if (k->c->window_ms % DAY_MS != 0)
		trigger_wrong(k, "window: whole days, please");
}

static void
fill(struct trigger_check *k)
{
	struct trigger *t = k->t;
	const struct trigger_conf *c = k->c;

	t->title = c->title[0] != '\0' ? c->title : t->name;
	t->title_zh = c->title_zh;
	t->rule = (enum trigger_rule)c->rule;
	t->statutory = t->rule == RULE_CASES || t->rule == RULE_PERCENTILE;
	t->basis = c->basis[0] != '\0' ? c->basis : c->basis_zh;
	t->basis_zh = c->basis_zh;
	t->window = (int)(c->window_ms / DAY_MS);
	t->quiet_days = (int)c->quiet_days;
	t->budget = c->budget;
	t->at_least = (int)c->at_least;
	t->alpha = c->alpha;
	t->distance_km = c->distance_km;
	t->percentile = c->percentile;
	t->years = (int)c->years;
	t->tell = &c->tell;
	take_indicators(k);
	take_kinds(k);
	take_lags(k);
	take_where(k);
	trigger_take_calibration(k);
	if (t->statutory)
		check_statutory(k);
	check_at_least(k);
	check_days(k);
	trigger_take_sense(k);
	if (c->tell.n == 0)
		trigger_wrong(k, "tell: nobody receives it");
}

static int
make(struct trigger *t, const struct registry *r)
{
	t->indicators = registry_indicators(r);
	t->kinds = registry_kinds(r);
	t->indicator = calloc(t->indicators + 1, sizeof(*t->indicator));
	t->kind_weight = calloc(t->kinds + 1, sizeof(*t->kind_weight));
	t->lag = calloc(t->kinds + 1, sizeof(*t->lag));
	for (int w = 0; w < 2; w++) {
		t->kind_tail[w] = calloc(t->kinds + 1, sizeof(**t->kind_tail));
		if (t->kind_tail[w] == NULL)
			return -1;
	}
	return t->indicator == NULL || t->kind_weight == NULL || t->lag == NULL
		       ? -1
		       : 0;
}

static unsigned
fill_all(struct trigger_set *set, const struct registry *registry,
	 conf_report *report, void *arg)
{
	unsigned errors = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct trigger *t = &set->at[i];
		struct trigger_check k = { .registry = registry,
					   .conf = set->conf,
					   .nth = i,
					   .c = conf_at(set->conf, "trigger", i),
					   .t = t,
					   .report = report,
					   .arg = arg };

		t->name = conf_title(set->conf, "trigger", i);
		t->where = conf_where(set->conf, "trigger", i);
		if (make(t, registry) < 0) {
			trigger_wrong(&k, "no memory");
			return 1;
		}
		fill(&k);
		errors += k.errors;
	}
	return errors;
}

static void
report_none(const char *const *paths, size_t n, conf_report *report, void *arg)
{
	char message[400];

	snprintf(message, sizeof(message),
		 "%.200s%sthere is no trigger: nothing could ever ring",
		 n > 0 ? paths[0] : "", n > 0 ? ": " : "");
	report(arg, message);
}

struct trigger_set *
trigger_load(const char *const *paths, size_t n,
	     const struct registry *registry, conf_report *report, void *arg)
{
	struct trigger_set *set = calloc(1, sizeof(*set));
	const struct desk_conf *desk;

	if (set == NULL)
		return NULL;
	set->conf = conf_load(paths, n, trigger_blocks, report, arg);
	if (set->conf == NULL)
		goto fail;
	set->n = conf_count(set->conf, "trigger");
	set->at = calloc(set->n + 1, sizeof(*set->at));
	if (set->at == NULL)
		goto fail;
	if (set->n == 0)
		report_none(paths, n, report, arg);
	if (set->n == 0 || fill_all(set, registry, report, arg) > 0 ||
	    trigger_take_names(set, report, arg) > 0)
		goto fail;
	desk = conf_get(set->conf, "desk");
	set->desk_budget = desk->budget;
	for (size_t i = 0; i < set->n; i++)
		set->at[i].fed = true;
	trigger_share_out(set);
	return set;
fail:
	trigger_free(&set);
	return NULL;
}

bool
trigger_remembered(const struct trigger_set *set, int history_days,
		   conf_report *report, void *arg)
{
	bool good = true;

	for (size_t i = 0; i < set->n; i++) {
		const struct trigger *t = &set->at[i];
		int lag = 0, days;
		struct trigger_check k = { .t = &set->at[i],
					   .report = report,
					   .arg = arg };

		if (t->rule != RULE_PERCENTILE)
			continue;
		for (size_t n = 0; n < t->kinds; n++)
			lag = t->lag[n] > lag ? t->lag[n] : lag;
		days = 364 * t->years + 7 * TRIGGER_SEASON_WEEKS + t->window +
		       lag;
		if (days <= history_days)
			continue;
		trigger_wrong(
			&k,
			"it compares with days %d back, but judge.history_days"
			" is %d",
			days, history_days);
		good = false;
	}
	return good;
}

void
trigger_free(struct trigger_set **sp)
{
	struct trigger_set *set = *sp;

	if (set == NULL)
		return;
	for (size_t i = 0; set->at != NULL && i < set->n; i++) {
		free(set->at[i].indicator);
		free(set->at[i].kind_weight);
		free(set->at[i].lag);
		free(set->at[i].kind_tail[0]);
		free(set->at[i].kind_tail[1]);
		free(set->at[i].whole);
	}
	free(set->at);
	conf_free(&set->conf);
	free(set);
	*sp = NULL;
}

size_t
trigger_find(const struct trigger_set *set, const char *name)
{
	size_t i = 0;

	while (i < set->n && strcmp(set->at[i].name, name) != 0)
		i++;
	return i;
}
