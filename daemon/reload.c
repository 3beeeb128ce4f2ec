/* What SIGHUP changes, see reload.h. */
#include "daemon/reload.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/check.h"
#include "daemon/conf.h"
#include "daemon/desk/shipped.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/vocabulary.h"

void
reload_say(struct reloaded *by, const char *message)
{
	if (by != NULL && by->why[0] == '\0')
		snprintf(by->why, sizeof(by->why), "%s", message);
}

static void
say_trigger(void *arg, const char *message)
{
	reload_say(arg, message);
	log_error("triggers: %s", message);
}

struct trigger_set *
reload_read_triggers(const struct conf *conf, const struct registry *registry,
		     struct reloaded *by)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	const struct conf_judge *j = conf_get(conf, "judge");
	const char *path = m->triggers;
	struct trigger_set *set;

	set = path[0] == '\0'
		      ? shipped_triggers(registry, say_trigger, by)
		      : trigger_load(&path, 1, registry, say_trigger, by);
	if (set != NULL &&
	    (!trigger_remembered(set, (int)j->history_days, say_trigger, by) ||
	     !check_told(conf, set, say_trigger, by)))
		trigger_free(&set);
	return set;
}

static void
say_calendar(void *arg, const char *message)
{
	reload_say(arg, message);
	log_error("calendar: %s", message);
}

int
reload_read_calendars(const struct conf *conf, struct calendar **calendar,
		      struct calendars **all, struct reloaded *by)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	const char *path = m->calendar;
	bool named = path[0] != '\0';

	*calendar = NULL;
	if (named)
		*calendar = calendar_load(&path, 1, NULL, say_calendar, by);
	*all = calendars_load(m->calendars, say_calendar, by);
	if (*all != NULL && (!named || *calendar != NULL))
		return 0;
	calendar_free(calendar);
	calendars_free(all);
	return -1;
}

static void
say_word(void *arg, bool error, const char *message)
{
	if (error)
		reload_say(arg, message);
	if (error)
		log_error("vocabulary: %s", message);
	else
		log_warn("vocabulary: %s", message);
}

/* What was read anew, before any of it is in force. */
struct reading {
	struct registry *words; /* the vocabulary, and the areas there are */
	struct calendar *calendar;
	struct calendars *calendars;
};

/* Always false. */
static bool
say_stays(struct centre *c, const char *what)
{
	reload_say(&c->reloaded, what);
	log_error("tocsind: the %s have errors; the old ones stay, and so does "
		  "the old configuration",
		  what);
	return false;
}

/* Reads everything on trial; false when something is wrong (logged). */
static bool
read_all(struct reading *r, struct centre *c, const struct conf *conf)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	struct trigger_set *set;

	r->words = registry_new();
	if (r->words == NULL ||
	    vocabulary_read(r->words, m->vocabulary, say_word, &c->reloaded) < 0 ||
	    registry_copy_areas(r->words, c->registry) < 0)
		return say_stays(c, "kinds and indicators");
	if (reload_read_calendars(conf, &r->calendar, &r->calendars,
				  &c->reloaded) < 0)
		return say_stays(c, "calendars");
	set = reload_read_triggers(conf, r->words, &c->reloaded);
	if (set == NULL)
		return say_stays(c, "triggers");
	trigger_free(&set);
	return true;
}

/* What is gone from the vocabulary cannot go while series count it. */
static void
say_what_stays(const struct registry *live, const struct registry *words)
{
	for (uint32_t i = 0; i < registry_kinds(live); i++) {
		const char *code = registry_kind_at(live, i)->code;

		if (registry_kind(words, code, strlen(code)) == REG_NONE)
			log_notice("tocsind: kind %s is gone: it stays until a "
				   "restart",
				   code);
	}
	for (uint32_t i = 0; i < registry_indicators(live); i++) {
		const char *code = registry_indicator_at(live, i)->code;

		if (registry_indicator(words, code, strlen(code)) == REG_NONE)
			log_notice("tocsind: indicator %s is gone: it stays "
				   "until a restart",
				   code);
	}
}

/* True where verdicts may now be others. */
static bool
take_words(struct centre *c, const struct registry *words)
{
	say_what_stays(c->registry, words);
	if (registry_has_words(c->registry, words))
		return false;
	if (registry_copy_words(c->registry, words) < 0)
		log_error("tocsind: no memory for all of the vocabulary");
	log_info("tocsind: reloaded kinds=%zu indicators=%zu",
		 registry_kinds(c->registry), registry_indicators(c->registry));
	return true;
}

/* Likewise; what is not taken is left to be freed. */
static bool
take_calendars(struct centre *c, struct reading *r)
{
	struct calendar *calendar = c->calendar;
	struct calendars *calendars = c->calendars;

	if (calendar_is_same(calendar, r->calendar) &&
	    calendars_are_same(calendars, r->calendars))
		return false;
	c->calendar = r->calendar;
	c->calendars = r->calendars;
	r->calendar = calendar;
	r->calendars = calendars;
	registry_set_calendar(c->registry, c->calendar);
	registry_set_calendars(c->registry, c->calendars);
	log_info("tocsind: reloaded calendars");
	return true;
}

static void
take_triggers(struct centre *c, const struct conf *conf)
{
	struct trigger_set *set = reload_read_triggers(conf, c->registry, NULL);

	if (set == NULL)
		return;
	desk_set_triggers(c->desk, set);
	trigger_free(&c->triggers);
	c->triggers = set;
	log_info("tocsind: reloaded triggers=%zu", set->n);
}

static void
say_rota(void *arg, const char *message)
{
	(void)arg;
	log_warn("config: %s", message);
}

static void
say_what_waits(void *arg, const struct conf_block *block, const char *title,
	       const struct conf_key *key)
{
	const char *name = key == NULL ? "" : key->name;
	const char *dot = key == NULL ? "" : ".";

	(void)arg;
	/* A rota that comes or goes does so as its keys do. */
	if (key != NULL ? key->reloadable : block->key[0].reloadable)
		return;
	if (block->titled)
		log_notice("tocsind: %s \"%s\"%s%s changed: needs a restart",
			   block->name, title, dot, name);
	else
		log_notice("tocsind: %s.%s changed: needs a restart",
			   block->name, name);
}

void
reload_begin(struct centre *c)
{
	c->reloaded.why[0] = '\0';
}

/* Puts in force what was read without errors. */
static void
take_all(struct centre *c, struct conf *conf, struct reading *r)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	bool again = take_words(c, r->words);

	again = take_calendars(c, r) || again;
	registry_reread_zones(c->registry);
	take_triggers(c, conf);
	(void)check_rotas(conf, c->registry, say_rota, NULL);
	if (again)
		judge_all_again(c->judge);
	scales_changed(c->scales);
	(void)log_set_level_name(m->log_level);
	conf_diff(c->conf, conf, conf_blocks, say_what_waits, NULL);
}

void
reload_take(struct centre *c, struct conf *conf)
{
	int64_t now_ms = dayclock_wall_us() / 1000;
	struct reading r = { 0 };

	if (conf == NULL) {
		log_error("tocsind: the configuration has errors; the old one "
			  "stays");
		c->reloaded.failed_ms = now_ms;
		return;
	}
	if (read_all(&r, c, conf) &&
	    (told_reload(c->told, conf) == 0 || say_stays(c, "receivers"))) {
		take_all(c, conf, &r);
		c->reloaded = (struct reloaded){ .at_ms = now_ms };
	} else {
		c->reloaded.failed_ms = now_ms;
	}
	registry_free(&r.words);
	calendar_free(&r.calendar);
	calendars_free(&r.calendars);
	conf_free(&conf);
}
