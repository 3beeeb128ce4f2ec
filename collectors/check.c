/*
 * tocsin-collect check: reads everything that run would read, so that a wrong
 * file is known before the service is started.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/collector.h"
#include "collectors/commands.h"
#include "collectors/input.h"
#include "collectors/keys.h"
#include "collectors/syndromes.h"

static int
check_counties(const struct settings *s)
{
	struct counties *c;

	if (s->site->counties[0] == '\0')
		return 0;
	c = counties_load(s->site->counties);
	if (c == NULL)
		return -1;
	counties_free(&c);
	return 0;
}

static int
check_syndromes(const struct settings *s)
{
	struct syndromes *rules;

	if (s->mllp->listen[0] == '\0')
		return 0;
	rules = syndromes_load(s->mllp->syndromes);
	if (rules == NULL)
		return -1;
	syndromes_free(&rules);
	return 0;
}

static int
check_http(const struct settings *s)
{
	if (s->http->listen[0] == '\0' || input_is_loopback(s->http->listen))
		return 0;
	log_error("check: http.listen = \"%s\" is not on loopback",
		  s->http->listen);
	return -1;
}

static int
check_key(const struct settings *s)
{
	struct keys keys;
	int rc;

	for (size_t i = 0; i < s->centres; i++) {
		if (s->centre[i].key[0] == '\0')
			continue;
		rc = keys_load(s->state, &keys);
		if (rc > 0)
			log_error("check: the centre %s has a key, but this "
				  "site has none: enroll first",
				  s->centre[i].address);
		return rc == 0 ? 0 : -1;
	}
	return 0;
}

static int
check_queries(const struct settings *s)
{
	int rc = 0;

	for (size_t i = 0; i < settings_queries(s); i++) {
		const char *title;
		const struct settings_query *q = settings_query(s, i, &title);

		if (access(q->database, R_OK) == 0)
			continue;
		log_error("check: query %s: cannot read %s: %m", title,
			  q->database);
		rc = -1;
	}
	return rc;
}

int
command_check(const struct command_args *a)
{
	struct settings s;
	int rc = 0;

	if (settings_load(&s, &a->flags, true) < 0)
		return EX_CONFIG;
	rc |= check_counties(&s);
	rc |= check_syndromes(&s);
	rc |= check_http(&s);
	rc |= check_key(&s);
	rc |= check_queries(&s);
	if (rc == 0)
		settings_show(&s, stdout);
	settings_free(&s);
	return rc == 0 ? EX_OK : EX_CONFIG;
}
