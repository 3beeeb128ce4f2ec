/* What --check-config looks at, see check.h. */
#include "daemon/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/db.h"
#include "base/log.h"
#include "daemon/conf.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/calendar.h"
#include "daemon/judge/vocabulary.h"
#include "daemon/notify/notify.h"
#include "daemon/notify/receiver.h"
#include "daemon/reload.h"
#include "daemon/store/places.h"

#define BUSY_MS 5000

static void
say(void *arg, const char *message)
{
	(void)arg;
	log_error("config: %s", message);
}

static void
say_row(void *arg, bool error, const char *message)
{
	(void)arg;
	if (error)
		log_error("vocabulary: %s", message);
	else
		log_warn("vocabulary: %s", message);
}

/* A word of the block that should be the code of an area. */
struct code {
	const char *block, *key, *word;
	size_t i; /* of the block */
};

static bool
check_code(const struct conf *conf, const struct registry *r,
	   const struct code *c, conf_report *report, void *arg)
{
	size_t len = strlen(c->word);
	const char *near = registry_near_area(r, c->word, len);
	char text[400];

	if (registry_area(r, c->word, len) != REG_NONE)
		return true;
	snprintf(text, sizeof(text),
		 "%.200s: %s \"%.60s\": %s: unknown \"%.64s\"%s%s%s",
		 conf_where(conf, c->block, c->i), c->block,
		 conf_title(conf, c->block, c->i), c->key, c->word,
		 near != NULL ? ", did you mean \"" : "",
		 near != NULL ? near : "", near != NULL ? "\"?" : "");
	report(arg, text);
	return false;
}

bool
check_receiver_areas(const struct conf *conf, const struct registry *r,
		     conf_report *report, void *arg)
{
	struct code code = { "receiver", "areas", NULL, 0 };
	bool good = true;

	for (; registry_areas(r) > 0 && code.i < conf_count(conf, "receiver");
	     code.i++) {
		const struct notify_receiver *c =
			conf_at(conf, "receiver", code.i);

		for (size_t k = 0; k < c->areas.n; k++) {
			code.word = c->areas.at[k];
			good = check_code(conf, r, &code, report, arg) && good;
		}
	}
	return good;
}

static void
say_nothing(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

bool
check_rotas(const struct conf *conf, const struct registry *r,
	    conf_report *report, void *arg)
{
	/* Mistakes in them are named with the receivers. */
	struct rotas *rotas = rotas_new(conf, say_nothing, NULL);
	struct code code = { "rota", "area", NULL, 0 };
	bool good = rotas != NULL && rotas_gaps(rotas, report, arg) == 0;

	rotas_free(&rotas);
	for (; registry_areas(r) > 0 && code.i < conf_count(conf, "rota");
	     code.i++) {
		const struct rota_conf *c = conf_at(conf, "rota", code.i);

		code.word = c->area;
		good = check_code(conf, r, &code, report, arg) && good;
	}
	return good;
}

bool
check_told(const struct conf *conf, const struct trigger_set *set,
	   conf_report *report, void *arg)
{
	size_t n = conf_count(conf, "receiver"), heard = 0;
	const struct conf_list **routes = calloc(n + 1, sizeof(*routes));
	bool good;

	if (routes == NULL) {
		report(arg, "no memory");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const struct notify_receiver *c = conf_at(conf, "receiver", i);

		if (c->enabled && c->tell != NOTIFY_OPERATOR)
			routes[heard++] = &c->routes;
	}
	/* Nobody at all: the page alone shows what rings. */
	good = heard == 0 || trigger_heard(set, routes, heard, report, arg);
	free(routes);
	return good;
}

/* The codes alone: the tree was checked when it was imported. */
static void
on_area(void *arg, const struct places_area *a)
{
	const struct reg_area area = { .code = a->code,
				       .name = a->name,
				       .name_zh = a->name_zh,
				       .level = (enum reg_level)a->level };
	char err[256];

	(void)registry_add_area(arg, &area, NULL, err, sizeof(err));
}

/* No reason not to start: the site lives by the centre's days meanwhile. */
static void
on_zone(void *arg, const char *zone, const char *site)
{
	char err[512];

	if (registry_zone(arg, zone, err, sizeof(err)) == REG_NONE)
		log_warn("config: site %s: %s; until it is imported anew the "
			 "centre's days hold for it",
			 site, err);
}

/* What was imported: the areas into r, and the sites' time zones. */
static bool
read_places(const struct conf *conf, struct registry *r)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	const struct conf_store *s = conf_get(conf, "store");
	char path[4096];
	struct db *db;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", m->state, s->file);
	if (access(path, R_OK) != 0)
		return true; /* the first start is still to come */
	db = db_open(path, DB_READ_ONLY, BUSY_MS, "config");
	if (db == NULL)
		return false;
	rc = places_load_areas(db, on_area, r);
	if (rc == 0)
		rc = places_load_zones(db, on_zone, r);
	db_close(&db);
	return rc == 0;
}

static bool
check_calendar(const struct conf *conf)
{
	struct calendar *calendar;
	struct calendars *calendars;
	bool good = reload_read_calendars(conf, &calendar, &calendars, NULL) == 0;

	calendar_free(&calendar);
	calendars_free(&calendars);
	return good;
}

static bool
check_triggers(const struct conf *conf, const struct registry *r)
{
	struct trigger_set *set = reload_read_triggers(conf, r, NULL);
	bool good = set != NULL;

	trigger_free(&set);
	return good;
}

static bool
check_receivers(const struct conf *conf, const struct registry *r)
{
	struct receivers *receivers = receivers_new(conf, r);
	bool good = receivers != NULL;

	receivers_free(&receivers);
	return good;
}

bool
check_all(const struct conf *conf)
{
	const struct conf_main *m = conf_get(conf, "tocsind");
	struct registry *r = registry_new();
	bool good = r != NULL &&
		    vocabulary_read(r, m->vocabulary, say_row, NULL) >= 0;

	if (!good) {
		registry_free(&r);
		return false;
	}
	good = check_calendar(conf);
	good = check_triggers(conf, r) && good;
	good = check_receivers(conf, r) && good;
	good = read_places(conf, r) &&
	       check_receiver_areas(conf, r, say, NULL) && good;
	good = check_rotas(conf, r, say, NULL) && good;
	registry_free(&r);
	return good;
}
