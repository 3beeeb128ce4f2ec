/*
 * The configuration of tocsin-collect.
 */
#include "collectors/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/wire.h"

#define KEY(block, key, kind, field, def, min, max, help)                      \
	{                                                                      \
		key, kind, offsetof(struct settings_##block, field), def, min, \
			max, NULL, false, help                                 \
	}

static const struct conf_key site_keys[] = {
	KEY(site, "code", CONF_STRING, code, "", 0, 0,
	    "this site's code, or the gateway's that reports for its sites"),
	KEY(site, "state", CONF_STRING, state, "", 0, 0,
	    "folder of the outbox and the key"),
	KEY(site, "zone", CONF_ZONE, zone, "", 0, 0,
	    "time zone of the site's days, as Asia/Shanghai; empty: the "
	    "machine's"),
	KEY(site, "county", CONF_STRING, county, "", 0, 0,
	    "code of the county the site is in; needed for Kafka"),
	KEY(site, "counties", CONF_STRING, counties, "", 0, 0,
	    "a gateway's table of its sites: CSV with columns site and area"),
	KEY(site, "frame-counts", CONF_INT, frame_counts, "1000", 1,
	    WIRE_MAX_COUNTS, "counts in a frame, at most"),
	KEY(site, "log", CONF_STRING, log, "info", 0, 0,
	    "error, warn, notice, info or debug"),
	{ 0 },
};

static const struct conf_key outbox_keys[] = {
	KEY(outbox, "max", CONF_SIZE, max_bytes, "256MiB", 65536, 1e15,
	    "bytes that may wait for a centre; then new input is refused"),
	KEY(outbox, "max-age", CONF_DURATION, max_age_ms, "90d", 0, 0,
	    "age of the oldest waiting count at which new input is refused; "
	    "0: any"),
	KEY(outbox, "keep", CONF_DURATION, keep_ms, "30d", 0, 0,
	    "how long acknowledged counts are kept, for a centre that lost "
	    "them"),
	KEY(outbox, "keep-max", CONF_SIZE, keep_bytes, "256MiB", 65536, 1e15,
	    "bytes of acknowledged counts that are kept, at most"),
	{ 0 },
};

static const struct conf_key centre_keys[] = {
	KEY(centre, "address", CONF_STRING, address, NULL, 0, 0,
	    "tcp://host:port of the centre's ZeroMQ socket"),
	KEY(centre, "key", CONF_STRING, key, "", 0, 0,
	    "the centre's public key (40 characters); empty: no encryption"),
	{ 0 },
};

static const struct conf_key kafka_keys[] = {
	KEY(kafka, "brokers", CONF_STRING, brokers, "", 0, 0,
	    "host:port,...; set: counts go to Kafka and not to a centre"),
	KEY(kafka, "topic", CONF_STRING, topic, "tocsin.counts", 0, 0,
	    "the topic"),
	KEY(kafka, "options", CONF_LIST, options, "", 0, 0,
	    "name=value settings of librdkafka, such as security.protocol=ssl"),
	{ 0 },
};

static const struct conf_key drop_keys[] = {
	KEY(drop, "folder", CONF_STRING, folder, "", 0, 0,
	    "folder whose files are taken; empty: drop in the state folder"),
	KEY(drop, "rescan", CONF_DURATION, rescan_ms, "10s", 100, 3600000,
	    "how often the folder is looked through besides its notices"),
	KEY(drop, "settle", CONF_DURATION, settle_ms, "2s", 0, 3600000,
	    "how long a file that was not renamed in must be unchanged"),
	KEY(drop, "keep-done", CONF_DURATION, keep_done_ms, "90d", 0, 0,
	    "how long files stay in done/ before they are deleted; 0: for "
	    "ever"),
	{ 0 },
};

static const struct conf_key http_keys[] = {
	KEY(http, "listen", CONF_STRING, listen, "", 0, 0,
	    "127.0.0.1:port for POST /counts; empty: off"),
	KEY(http, "max-body", CONF_SIZE, body_bytes, "4MiB", 1024, 16777216,
	    "largest request body"),
	KEY(http, "deadline", CONF_DURATION, deadline_ms, "30s", 1000, 600000,
	    "time for a whole request"),
	{ 0 },
};

static const struct conf_key mllp_keys[] = {
	KEY(mllp, "listen", CONF_STRING, listen, "", 0, 0,
	    "127.0.0.1:port for HL7 version 2 messages; empty: off"),
	KEY(mllp, "syndromes", CONF_STRING, syndromes, "", 0, 0,
	    "the file that says which words and codes count as what"),
	KEY(mllp, "publish", CONF_DURATION, publish_ms, "5m", 100, 86400000,
	    "how often changed days are counted and put into the outbox"),
	KEY(mllp, "window", CONF_DURATION, window_ms, "60d", 86400000, 1e12,
	    "age of a visit after which it is forgotten and updates of it are "
	    "ignored"),
	KEY(mllp, "clients", CONF_INT, clients, "16", 1, 1000,
	    "connections at a time"),
	{ 0 },
};

static const struct conf_key command_keys[] = {
	KEY(command, "run", CONF_STRING, run, NULL, 0, 0,
	    "a shell command that writes counts as CSV to standard output"),
	KEY(command, "every", CONF_DURATION, every_ms, "1h", 1000, 1e12,
	    "how often it is run"),
	KEY(command, "deadline", CONF_DURATION, deadline_ms, "5m", 1000, 1e12,
	    "how long it may take"),
	KEY(command, "indicator", CONF_STRING, indicator, "", 0, 0,
	    "indicator of rows that name none"),
	{ 0 },
};

static const struct conf_key query_keys[] = {
	KEY(query, "database", CONF_STRING, database, NULL, 0, 0,
	    "an SQLite file, opened for reading only"),
	KEY(query, "sql", CONF_STRING, sql, NULL, 0, 0,
	    "a SELECT with columns named as those of a CSV file of counts"),
	KEY(query, "every", CONF_DURATION, every_ms, "1h", 1000, 1e12,
	    "how often it is asked"),
	KEY(query, "indicator", CONF_STRING, indicator, "", 0, 0,
	    "indicator of rows that name none"),
	{ 0 },
};

const struct conf_block settings_blocks[] = {
	{ "site", false, site_keys, sizeof(struct settings_site) },
	{ "outbox", false, outbox_keys, sizeof(struct settings_outbox) },
	{ "centre", true, centre_keys, sizeof(struct settings_centre) },
	{ "kafka", false, kafka_keys, sizeof(struct settings_kafka) },
	{ "drop", false, drop_keys, sizeof(struct settings_drop) },
	{ "http", false, http_keys, sizeof(struct settings_http) },
	{ "mllp", false, mllp_keys, sizeof(struct settings_mllp) },
	{ "command", true, command_keys, sizeof(struct settings_command) },
	{ "query", true, query_keys, sizeof(struct settings_query) },
	{ 0 },
};

static void
report(void *arg, const char *message)
{
	(void)arg;
	log_error("conf: %s", message);
}

static int
check(bool ok, const char *message)
{
	if (!ok)
		log_error("conf: %s", message);
	return ok ? 0 : -1;
}

/* As a code is on the wire: short, without spaces or control characters. */
static bool
is_code(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 127)
			return false;
	}
	return len > 0 && len <= WIRE_MAX_CODE;
}

/* The state folder: flag, file, service manager, then the user's own. */
static int
find_state(struct settings *s, const struct settings_flags *flags,
	   const char *from_file)
{
	const char *env = getenv("STATE_DIRECTORY");
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (flags->state != NULL)
		n = snprintf(s->state, sizeof(s->state), "%s", flags->state);
	else if (from_file[0] != '\0')
		n = snprintf(s->state, sizeof(s->state), "%s", from_file);
	else if (env != NULL)
		n = snprintf(s->state, sizeof(s->state), "%s", env);
	else if (xdg != NULL)
		n = snprintf(s->state, sizeof(s->state), "%s/tocsin-collect",
			     xdg);
	else
		n = snprintf(s->state, sizeof(s->state),
			     "%s/.local/state/tocsin-collect",
			     home != NULL ? home : "");
	return check(n > 0 && n < (int)sizeof(s->state),
		     "the state folder's path is empty or too long (--state)");
}

/* The file names the state folder, which may hold an enrolment to read too. */
static int
load_files(struct settings *s, const struct settings_flags *flags)
{
	const char *path[2];
	char enrolled[FILES_PATH_BYTES];
	const struct settings_site *site;
	size_t n = 0;

	if (flags->conf != NULL)
		path[n++] = flags->conf;
	s->conf = conf_load(path, n, settings_blocks, report, NULL);
	if (s->conf == NULL)
		return -1;
	site = conf_get(s->conf, "site");
	if (find_state(s, flags, site->state) < 0 ||
	    files_path(enrolled, s->state, SETTINGS_ENROLLED) < 0)
		return -1;
	if (access(enrolled, F_OK) != 0)
		return 0;
	conf_free(&s->conf);
	path[0] = enrolled;
	path[1] = flags->conf;
	s->conf = conf_load(path, n + 1, settings_blocks, report, NULL);
	return s->conf != NULL ? 0 : -1;
}

static int
add_centre(struct settings *s, const char *address, const char *key)
{
	struct settings_centre *c;

	if (check(s->centres < SETTINGS_CENTRES, "more than 8 centres") < 0 ||
	    check(strncmp(address, "tcp://", 6) == 0 ||
			  strncmp(address, "ipc://", 6) == 0,
		  "a centre's address looks like tcp://host:port") < 0 ||
	    check(key[0] == '\0' || strlen(key) == 40,
		  "a centre's key has 40 characters") < 0)
		return -1;
	c = &s->centre[s->centres++];
	c->address = (char *)(uintptr_t)address; /* read only from here on */
	c->key = (char *)(uintptr_t)key;
	return 0;
}

static int
find_centres(struct settings *s, const struct settings_flags *flags)
{
	int rc = 0;

	for (size_t i = 0; i < flags->centres; i++) {
		if (add_centre(s, flags->centre[i],
			       flags->key != NULL ? flags->key : "") < 0)
			rc = -1;
	}
	if (flags->centres > 0)
		return rc;
	for (size_t i = 0; i < conf_count(s->conf, "centre"); i++) {
		const struct settings_centre *c = conf_at(s->conf, "centre", i);

		if (add_centre(s, c->address, c->key) < 0)
			rc = -1;
	}
	return rc;
}

static int
resolve(struct settings *s, const struct settings_flags *flags, bool need_centre)
{
	int rc = find_centres(s, flags);

	snprintf(s->code, sizeof(s->code), "%s",
		 flags->site != NULL ? flags->site : s->site->code);
	snprintf(s->county, sizeof(s->county), "%s",
		 flags->county != NULL ? flags->county : s->site->county);
	s->brokers = flags->kafka != NULL ? flags->kafka
		     : flags->centres > 0 ? ""
					  : s->kafka->brokers;
	if (flags->drop != NULL || s->drop_conf->folder[0] != '\0')
		snprintf(s->drop, sizeof(s->drop), "%s",
			 flags->drop != NULL ? flags->drop
					     : s->drop_conf->folder);
	else if (files_path(s->drop, s->state, "drop") < 0)
		rc = -1;
	if (need_centre &&
	    check(is_code(s->code), "this site's code is missing or no code: "
				    "site { code = \"...\" } or --site") < 0)
		rc = -1;
	if (need_centre &&
	    check(s->centres > 0 || s->brokers[0] != '\0',
		  "no centre to send to: enroll first, or centre \"name\" { "
		  "address = ... }, or --centre tcp://host:port") < 0)
		rc = -1;
	if (s->brokers[0] != '\0' &&
	    check(is_code(s->county) || s->site->counties[0] != '\0',
		  "Kafka needs the county's code: site { county = ... } or "
		  "--county") < 0)
		rc = -1;
	return rc;
}

int
settings_load(struct settings *s, const struct settings_flags *flags,
	      bool need_centre)
{
	memset(s, 0, sizeof(*s));
	if (load_files(s, flags) < 0) {
		settings_free(s);
		return -1;
	}
	s->site = conf_get(s->conf, "site");
	s->outbox = conf_get(s->conf, "outbox");
	s->kafka = conf_get(s->conf, "kafka");
	s->drop_conf = conf_get(s->conf, "drop");
	s->http = conf_get(s->conf, "http");
	s->mllp = conf_get(s->conf, "mllp");
	if (check(log_set_level_name(s->site->log) == 0,
		  "log is none of error, warn, notice, info, debug") < 0 ||
	    resolve(s, flags, need_centre) < 0) {
		settings_free(s);
		return -1;
	}
	/* Before there is any thread. */
	if (s->site->zone[0] != '\0')
		setenv("TZ", s->site->zone, 1);
	tzset();
	return 0;
}

void
settings_free(struct settings *s)
{
	conf_free(&s->conf);
}

void
settings_limits(const struct settings *s, struct outbox_limits *out)
{
	out->waiting_bytes = s->outbox->max_bytes;
	out->waiting_ms = s->outbox->max_age_ms;
	out->keep_ms = s->outbox->keep_ms;
	out->keep_bytes = s->outbox->keep_bytes;
}

void
settings_show(const struct settings *s, FILE *out)
{
	fprintf(out, "# code %s, state %s, drop %s\n", s->code, s->state,
		s->drop);
	for (size_t i = 0; i < s->centres; i++)
		fprintf(out, "# centre %s%s\n", s->centre[i].address,
			s->centre[i].key[0] != '\0' ? " (encrypted)"
						    : " (not encrypted)");
	if (s->brokers[0] != '\0')
		fprintf(out, "# kafka %s\n", s->brokers);
	conf_show(s->conf, out);
}

size_t
settings_commands(const struct settings *s)
{
	return conf_count(s->conf, "command");
}

const struct settings_command *
settings_command(const struct settings *s, size_t i, const char **title)
{
	*title = conf_title(s->conf, "command", i);
	return conf_at(s->conf, "command", i);
}

size_t
settings_queries(const struct settings *s)
{
	return conf_count(s->conf, "query");
}

const struct settings_query *
settings_query(const struct settings *s, size_t i, const char **title)
{
	*title = conf_title(s->conf, "query", i);
	return conf_at(s->conf, "query", i);
}
