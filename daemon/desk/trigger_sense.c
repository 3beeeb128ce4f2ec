/*
 * Triggers that contradict themselves: each word may be known, and together
 * they mean nothing.
 */
#include <string.h>

#include "daemon/desk/trigger_check.h"

enum {
	FUSION = 1 << RULE_FUSION,
	KINDS = 1 << RULE_KINDS,
	NEIGHBOURS = 1 << RULE_NEIGHBOURS,
	SCAN = 1 << RULE_SCAN,
	CASES = 1 << RULE_CASES,
	PERCENTILE = 1 << RULE_PERCENTILE,
	STATISTICAL = FUSION | KINDS | NEIGHBOURS | SCAN,
	MOST_NAME = 60
};

/* Keys that not every rule reads, and the rules that do. */
static const struct {
	const char *key;
	unsigned rules;
} reads[] = {
	{ "budget", STATISTICAL },
	{ "calibration", STATISTICAL },
	{ "calibration_wide", STATISTICAL },
	{ "tail", STATISTICAL },
	{ "tail_wide", STATISTICAL },
	{ "at_least", KINDS | NEIGHBOURS },
	{ "alpha", KINDS | NEIGHBOURS },
	{ "distance_km", NEIGHBOURS | SCAN },
	{ "cases", CASES },
	{ "late", CASES },
	{ "each", CASES },
	{ "percentile", PERCENTILE },
	{ "years", PERCENTILE },
	{ "grade", PERCENTILE },
	{ "basis", CASES | PERCENTILE },
	{ "basis_zh", CASES | PERCENTILE },
};

static void
check_keys(struct trigger_check *k)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		if ((reads[i].rules >> k->t->rule & 1) == 0 &&
		    conf_is_set(k->conf, "trigger", k->nth, reads[i].key))
			trigger_wrong(k,
				      "%s: rule %s does not read this key;"
				      " take it out, or choose another rule",
				      reads[i].key, trigger_rule_str(k->t->rule));
	}
}

/* The same word of "word" or "word:number" twice. */
static void
check_list(struct trigger_check *k, const char *key, const struct conf_list *list)
{
	for (size_t i = 0; trigger_each(k, list, i); i++) {
		size_t len = strcspn(list->at[i], ":");

		for (size_t j = 0; j < i; j++) {
			if (strcspn(list->at[j], ":") != len ||
			    strncmp(list->at[i], list->at[j], len) != 0)
				continue;
			trigger_wrong(k, "%s: \"%.*s\" stands there twice", key,
				      (int)(len < 64 ? len : 64), list->at[i]);
			break;
		}
	}
}

static void
check_lags(struct trigger_check *k)
{
	for (uint32_t i = 0; i < k->t->kinds; i++) {
		if (k->t->lag[i] > 0 && !(k->t->kind_weight[i] > 0))
			trigger_wrong(k, "lag: it does not listen to \"%.64s\"",
				      registry_kind_at(k->registry, i)->code);
	}
}

/* Names stand in addresses and in ids; titles on one line. */
static void
check_names(struct trigger_check *k)
{
	const char *const titles[] = { k->c->title, k->c->title_zh, k->c->basis,
				       k->c->basis_zh };
	const char *name = k->t->name;
	size_t len = strlen(name);

	if (len == 0 || len > MOST_NAME ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len)
		trigger_wrong(k,
			      "its name is 1 to %d letters, digits, '-', '_'"
			      " and '.'; what people read is its title",
			      MOST_NAME);
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		for (const char *s = titles[i]; *s != '\0'; s++) {
			if ((unsigned char)*s >= ' ' && *s != 0x7f)
				continue;
			trigger_wrong(k,
				      "title, title_zh, basis and basis_zh are"
				      " one line each, without control"
				      " characters");
			return;
		}
	}
}

void
trigger_take_sense(struct trigger_check *k)
{
	check_names(k);
	check_keys(k);
	check_list(k, "indicators", &k->c->indicators);
	check_list(k, "kinds", &k->c->kinds);
	check_list(k, "lag", &k->c->lag);
	check_list(k, "where", &k->c->where);
	check_list(k, "tell", &k->c->tell);
	check_lags(k);
}
