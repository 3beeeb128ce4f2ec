/*
 * Mistakes of triggers as they are told, and the keys that name other blocks:
 * part_of and deadlines.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "daemon/desk/shipped.h"
#include "daemon/desk/trigger_check.h"

bool
trigger_each(struct trigger_check *k, const struct conf_list *list, size_t i)
{
	k->line = i < list->n ? list->line[i] : 0;
	return i < list->n;
}

/* "file:line" of the element or of the block. */
static void
where_of(const struct trigger_check *k, char *buf, size_t cap)
{
	const char *colon = strrchr(k->t->where, ':');

	if (k->line > 0 && colon != NULL)
		snprintf(buf, cap, "%.*s:%d", (int)(colon - k->t->where),
			 k->t->where, k->line);
	else
		snprintf(buf, cap, "%s", k->t->where);
}

void
trigger_wrong(struct trigger_check *k, const char *fmt, ...)
{
	char text[400], message[700], where[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	where_of(k, where, sizeof(where));
	snprintf(message, sizeof(message), "%.200s: trigger \"%.60s\": %s",
		 where, k->t->name, text);
	k->report(k->arg, message);
	k->errors++;
}

void
trigger_wrong_word(struct trigger_check *k, const char *key, const char *word,
		   const char *near)
{
	if (near != NULL)
		trigger_wrong(k, "%s: unknown \"%.64s\", did you mean \"%s\"?",
			      key, word, near);
	else
		trigger_wrong(k, "%s: unknown \"%.64s\"", key, word);
}

const char *
trigger_near(const struct trigger_set *set, const char *word)
{
	struct nearest near;

	nearest_begin(&near, word);
	for (size_t i = 0; i < set->n; i++)
		nearest_offer(&near, set->at[i].name);
	return near.best;
}

/* A name that is none here, nor shipped: the nearest of either. */
static void
wrong_name(struct trigger_check *k, const char *key, const char *word,
	   const char *near)
{
	const char *block = strcmp(key, "part_of") == 0 ? "trigger" : key;
	char name[64];

	if (near == NULL)
		near = shipped_near(block, word, name, sizeof(name));
	trigger_wrong_word(k, key, word, near);
}

static void
take_wholes(struct trigger_check *k, const struct trigger_set *set)
{
	const struct conf_list *list = &k->c->part_of;
	struct trigger *t = k->t;

	t->whole = calloc(list->n + 1, sizeof(*t->whole));
	if (t->whole == NULL) {
		trigger_wrong(k, "no memory");
		return;
	}
	if (list->n > 0 && t->statutory)
		trigger_wrong(
			k,
			"part_of: a statutory rule is never part of another");
	for (size_t i = 0; trigger_each(k, list, i); i++) {
		size_t w = trigger_find(set, list->at[i]);

		if (w == set->n && shipped_has("trigger", list->at[i]))
			continue; /* its file is not among those read */
		if (w == set->n)
			wrong_name(k, "part_of", list->at[i],
				   trigger_near(set, list->at[i]));
		else if (set->at[w].statutory)
			trigger_wrong(k,
				      "part_of: \"%.60s\" is a statutory rule; "
				      "it takes"
				      " nobody's notices",
				      list->at[i]);
		else if ((set->at[w].levels & t->levels) == 0)
			trigger_wrong(k,
				      "part_of: \"%.60s\" looks at no level of "
				      "area at"
				      " which this one looks, so this can "
				      "never apply",
				      list->at[i]);
		else
			t->whole[t->wholes++] = (uint32_t)w;
	}
}

static void
take_deadlines(struct trigger_check *k, const struct trigger_set *set)
{
	const char *word = k->c->deadlines;
	struct nearest near;

	nearest_begin(&near, word);
	if (word[0] == '\0')
		return;
	for (size_t i = 0; i < conf_count(set->conf, "deadlines"); i++) {
		const char *name = conf_title(set->conf, "deadlines", i);

		nearest_offer(&near, name);
		if (strcmp(name, word) == 0) {
			k->t->deadlines = conf_at(set->conf, "deadlines", i);
			k->t->deadlines_name = name;
			return;
		}
	}
	if (!shipped_has("deadlines", word))
		wrong_name(k, "deadlines", word, near.best);
}

/* The clocks that a block "deadlines" has told above. */
static unsigned
check_escalate(const struct trigger_set *set, size_t i, conf_report *report,
	       void *arg)
{
	const struct deadlines *d = conf_at(set->conf, "deadlines", i);
	unsigned errors = 0;

	for (size_t w = 0; w < d->escalate.n; w++) {
		const char *word = d->escalate.at[w];
		struct nearest near;
		char text[500];

		if (deadline_step_parse(word) >= 0 ||
		    strcmp(word, DEADLINE_NO_STEP) == 0)
			continue;
		nearest_begin(&near, word);
		for (int s = 0; s < DEADLINE_STEPS; s++)
			nearest_offer(&near,
				      deadline_step_str((enum deadline_step)s));
		snprintf(text, sizeof(text),
			 "%.200s: deadlines \"%.60s\": escalate: unknown "
			 "\"%.64s\"%s%s%s",
			 conf_where(set->conf, "deadlines", i),
			 conf_title(set->conf, "deadlines", i), word,
			 near.best != NULL ? ", did you mean \"" : "",
			 near.best != NULL ? near.best : "",
			 near.best != NULL ? "\"?" : "");
		report(arg, text);
		errors++;
	}
	return errors;
}

/* Is a trigger, by way of others, part of itself?  Marks grow until they no
   longer do. */
static bool
is_circular(const struct trigger_set *set, uint32_t of, bool *marked)
{
	bool more = true;

	memset(marked, 0, set->n * sizeof(*marked));
	for (size_t i = 0; i < set->at[of].wholes; i++)
		marked[set->at[of].whole[i]] = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < set->n; i++) {
			for (size_t w = 0; marked[i] && w < set->at[i].wholes;
			     w++) {
				more = more || !marked[set->at[i].whole[w]];
				marked[set->at[i].whole[w]] = true;
			}
		}
	}
	return marked[of];
}

unsigned
trigger_take_names(struct trigger_set *set, conf_report *report, void *arg)
{
	bool *marked = calloc(set->n + 1, sizeof(*marked));
	unsigned errors = 0;

	for (uint32_t i = 0; i < 2 * set->n; i++) {
		struct trigger_check k = { .c = conf_at(set->conf, "trigger",
							i % set->n),
					   .t = &set->at[i % set->n],
					   .report = report,
					   .arg = arg };

		if (i < set->n) {
			take_wholes(&k, set);
			take_deadlines(&k, set);
		} else if (marked != NULL && errors == 0 &&
			   is_circular(set, i % (uint32_t)set->n, marked))
			trigger_wrong(&k,
				      "part_of: by way of others it is part of"
				      " itself");
		errors += k.errors;
	}
	for (size_t i = 0; i < conf_count(set->conf, "deadlines"); i++)
		errors += check_escalate(set, i, report, arg);
	free(marked);
	return errors;
}

static bool
has_word(const struct conf_list *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i], word) == 0)
			return true;
	}
	return false;
}

/* Does the receiver take one of the routes? */
static bool
takes(const struct conf_list *routes, const struct conf_list *tell)
{
	for (size_t i = 0; i < tell->n; i++) {
		if (has_word(routes, tell->at[i]))
			return true;
	}
	return routes->n == 0;
}

bool
trigger_heard(const struct trigger_set *set,
	      const struct conf_list *const *routes, size_t n,
	      conf_report *report, void *arg)
{
	bool good = true;

	for (size_t i = 0; i < set->n; i++) {
		struct trigger_check k = { .t = &set->at[i],
					   .report = report,
					   .arg = arg };
		bool heard = false;

		for (size_t r = 0; r < n; r++)
			heard = heard || takes(routes[r], k.t->tell);
		if (heard)
			continue;
		trigger_wrong(&k,
			      "tell: nobody receives it: no receiver takes"
			      " \"%.60s\"%s",
			      k.t->tell->at[0],
			      k.t->tell->n > 1 ? " or its other routes" : "");
		good = false;
	}
	return good;
}
