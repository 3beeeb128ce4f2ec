/* What SIGHUP changes, see reload.h. */
#include "daemon/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/check.h"
#include "daemon/conf.h"
#include "daemon/desk/shipped.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/calendar.h"

static void
say_trigger(void *arg, const char *message)
{
	(void)arg;
	log_error("triggers: %s", message);
}

struct trigger_set *
reload_read_triggers(const struct conf *conf, const struct registry *registry)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	const struct conf_judge *j = conf_get(conf, "judge");
	const char *path = m->triggers;
	struct trigger_set *set;

	set = path[0] == '\0'
		      ? shipped_triggers(registry, say_trigger, NULL)
		      : trigger_load(&path, 1, registry, say_trigger, NULL);
	if (set != NULL &&
	    (!trigger_remembered(set, (int)j->history_days, say_trigger, NULL) ||
	     !check_told(conf, set, say_trigger, NULL)))
		trigger_free(&set);
	return set;
}

static void
say_calendar(void *arg, const char *message)
{
	(void)arg;
	log_error("calendar: %s", message);
}

int
reload_read_calendars(const struct conf *conf, struct calendar **calendar,
		      struct calendars **all)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	const char *path = m->calendar;
	bool named = path[0] != '\0';

	*calendar = NULL;
	if (named)
		*calendar = calendar_load(&path, 1, NULL, say_calendar, NULL);
	*all = calendars_load(m->calendars, say_calendar, NULL);
	if (*all != NULL && (!named || *calendar != NULL))
		return 0;
	calendar_free(calendar);
	calendars_free(all);
	return -1;
}

/* The next line of *text that a reload does not put into force, or NULL. */
static const char *
next_line(char **text)
{
	bool rota = false;
	char *line;

	while ((line = strsep(text, "\n")) != NULL) {
		rota = (rota && line[0] != '}') || strncmp(line, "rota ", 5) == 0;
		if (!rota && line[0] != '}' &&
		    strstr(line, "log_level =") == NULL &&
		    strstr(line, "\ttriggers =") == NULL)
			return line;
	}
	return NULL;
}

static bool
is_same(char *a, char *b)
{
	const char *la, *lb;

	do {
		la = next_line(&a);
		lb = next_line(&b);
	} while (la != NULL && lb != NULL && strcmp(la, lb) == 0);
	return la == NULL && lb == NULL;
}

/* Blocks and keys that a reload cannot change are compared as text. */
static void
say_what_waits(const struct conf *old, const struct conf *new)
{
	char *a = NULL, *b = NULL;
	size_t an = 0, bn = 0;
	FILE *fa = open_memstream(&a, &an), *fb = open_memstream(&b, &bn);

	if (fa != NULL && fb != NULL) {
		conf_show(old, fa);
		conf_show(new, fb);
	}
	if (fa != NULL)
		fclose(fa);
	if (fb != NULL)
		fclose(fb);
	if (a != NULL && b != NULL && !is_same(a, b))
		log_notice("tocsind: some changes of the configuration take "
			   "effect at the next start");
	free(a);
	free(b);
}

static void
say_rota(void *arg, const char *message)
{
	(void)arg;
	log_warn("config: %s", message);
}

static void
take_triggers(struct centre *c, struct trigger_set *set)
{
	desk_set_triggers(c->desk, set);
	trigger_free(&c->triggers);
	c->triggers = set;
	scales_changed(c->scales);
	log_info("tocsind: reloaded triggers=%zu", set->n);
}

void
reload_take(struct centre *c, struct conf *conf)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	struct trigger_set *set = reload_read_triggers(conf, c->registry);
	bool good = set != NULL && told_reload(c->told, conf) == 0;

	if (good) {
		take_triggers(c, set);
		(void)check_rotas(conf, c->registry, say_rota, NULL);
		(void)log_set_level_name(m->log_level);
		say_what_waits(c->conf, conf);
	} else {
		log_error("tocsind: the %s have errors; the old ones stay, and "
			  "so does the old configuration",
			  set == NULL ? "triggers" : "rotas");
		trigger_free(&set);
	}
	conf_free(&conf);
}
