/* The configuration of tocsind. */
#include "daemon/conf.h"

#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/intake/ingest.h"
#include "daemon/intake/kafka.h"
#include "daemon/intake/zmqdoor.h"
#include "daemon/judge/judge.h"
#include "daemon/judge/quality.h"
#include "daemon/notify/rota.h"
#include "daemon/told.h"

static const char *const clocks[] = { "system", "manual", NULL };

static const struct conf_key main_keys[] = {
	{ .name = "state",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, state),
	  .def = "/var/lib/tocsin",
	  .help = "Folder of the database, the keys and the tokens." },
	{ .name = "clock",
	  .type = CONF_CHOICE,
	  .offset = offsetof(struct conf_main, clock),
	  .def = "system",
	  .choices = clocks,
	  .help = "manual: the day stands still until \"tocsin clock "
		  "advance\"; only on loopback, for demonstrations and "
		  "exercises." },
	{ .name = "zone",
	  .type = CONF_ZONE,
	  .offset = offsetof(struct conf_main, zone),
	  .def = "",
	  .help = "Time zone of the centre and of sites that name none, as "
		  "\"Asia/Shanghai\"; empty: the machine's." },
	{ .name = "log_level",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, log_level),
	  .def = "info",
	  .reloadable = true,
	  .help = "error, warn, notice, info or debug." },
	{ .name = "vocabulary",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, vocabulary),
	  .def = "",
	  .reloadable = true,
	  .help = "Folder with kinds.csv and indicators.csv; empty: the "
		  "shipped lists." },
	{ .name = "calendar",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, calendar),
	  .def = "",
	  .reloadable = true,
	  .help = "File with the calendar of all areas, by which reports are "
		  "expected and detectors know holidays, as "
		  "/etc/tocsin/calendars/cn.conf; empty: weekends only." },
	{ .name = "calendars",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, calendars),
	  .def = "",
	  .reloadable = true,
	  .help = "File or folder with the calendars that sites may name as "
		  "theirs; empty: the shipped ones." },
	{ .name = "triggers",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_main, triggers),
	  .def = "",
	  .reloadable = true,
	  .help = "File or folder of triggers; empty: the shipped ones." },
	{ 0 },
};

static const struct conf_key judge_keys[] = {
	{ .name = "history_days",
	  .type = CONF_INT,
	  .offset = offsetof(struct conf_judge, history_days),
	  .def = "400",
	  .min = 56,
	  .max = 4000,
	  .help = "Days of every series kept in memory." },
	{ .name = "day_method",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_judge, day_method),
	  .def = JUDGE_DAY_METHOD,
	  .help = "Method that judges daily series." },
	{ .name = "week_method",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_judge, week_method),
	  .def = JUDGE_WEEK_METHOD,
	  .help = "Method that judges weekly series." },
	{ .name = "day_params",
	  .type = CONF_LIST,
	  .offset = offsetof(struct conf_judge, day_params),
	  .def = "",
	  .help = "Parameters of day_method, as \"key=value\"; without "
		  "any, " JUDGE_DAY_METHOD " is run with " JUDGE_DAY_PARAM "." },
	{ .name = "week_params",
	  .type = CONF_LIST,
	  .offset = offsetof(struct conf_judge, week_params),
	  .def = "",
	  .help = "Parameters of week_method, as \"key=value\"." },
	{ 0 },
};

static const struct conf_key store_keys[] = {
	{ .name = "file",
	  .type = CONF_STRING,
	  .offset = offsetof(struct conf_store, file),
	  .def = "tocsin.db",
	  .help = "Name of the database in the state folder." },
	{ .name = "reserve",
	  .type = CONF_SIZE,
	  .offset = offsetof(struct conf_store, reserve),
	  .def = "64MiB",
	  .max = 1e12,
	  .help = "Space kept aside, so that alerts can still be written on a "
		  "full disk; the write-ahead log is kept no larger, so that "
		  "it finds room." },
	{ .name = "low_percent",
	  .type = CONF_INT,
	  .offset = offsetof(struct conf_store, low_percent),
	  .def = "10",
	  .min = 1,
	  .max = 90,
	  .help = "Free space, in percent of the disk, below which senders "
		  "are slowed down." },
	{ .name = "out_percent",
	  .type = CONF_INT,
	  .offset = offsetof(struct conf_store, out_percent),
	  .def = "5",
	  .min = 0,
	  .max = 90,
	  .help = "Free space below which no counts are taken in." },
	{ .name = "keep_ledger",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct conf_store, keep_ledger_ms),
	  .def = "400d",
	  .max = 1e13,
	  .help = "How long frames are kept as they were received; 0: for "
		  "ever." },
	{ .name = "keep_counts",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct conf_store, keep_counts_ms),
	  .def = "0",
	  .max = 1e13,
	  .help = "How long counts are kept after their day; at least as long "
		  "as intake.horizon_days and judge.history_days; 0: for "
		  "ever." },
	{ .name = "keep_old",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct conf_store, keep_old_ms),
	  .def = "800d",
	  .max = 1e13,
	  .help = "How long superseded counts are kept, for \"as of\" "
		  "questions; 0: for ever." },
	{ .name = "keep_notes",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct conf_store, keep_notes_ms),
	  .def = "90d",
	  .max = 1e13,
	  .help = "How long refusals, conflicts and answered requests are "
		  "kept; 0: for ever." },
	{ .name = "keep_notices",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct conf_store, keep_notices_ms),
	  .def = "400d",
	  .max = 1e13,
	  .help = "How long notices are kept once they were sent or given up; "
		  "0: for ever." },
	{ 0 },
};

const struct conf_block conf_blocks[] = {
	{ "tocsind", false, main_keys, sizeof(struct conf_main) },
	{ "store", false, store_keys, sizeof(struct conf_store) },
	{ "intake", false, ingest_conf_keys, sizeof(struct ingest_conf) },
	{ "http", false, api_conf_keys, sizeof(struct api_conf) },
	{ "zmq", false, zmqdoor_conf_keys, sizeof(struct zmqdoor_conf) },
	{ "kafka", false, kafka_conf_keys, sizeof(struct kafka_conf) },
	{ "judge", false, judge_keys, sizeof(struct conf_judge) },
	{ "quality", false, quality_conf_keys, sizeof(struct quality_conf) },
	{ "notify", false, told_conf_keys, sizeof(struct told_conf) },
	{ "receiver", true, notify_receiver_keys, sizeof(struct notify_receiver) },
	{ "rota", true, rota_keys, sizeof(struct rota_conf) },
	{ 0 },
};

static bool
check(const struct conf *c, conf_report *report, void *arg)
{
	const struct conf_main *m = conf_get(c, "tocsind");
	const struct conf_store *s = conf_get(c, "store");
	const struct zmqdoor_conf *z = conf_get(c, "zmq");
	const struct ingest_conf *in = conf_get(c, "intake");
	const struct conf_judge *j = conf_get(c, "judge");
	bool local = zmqdoor_is_local(z->listen);
	bool good = true;

	if (!z->curve && z->listen[0] != '\0' && !local) {
		report(arg, "zmq: \"curve = no\" is for loopback only; listen "
			    "on tcp://127.0.0.1 or leave curve on");
		good = false;
	}
	if (m->clock == CONF_CLOCK_MANUAL && z->listen[0] != '\0' && !local) {
		report(arg, "tocsind: \"clock = manual\" is for loopback only; "
			    "zmq listens elsewhere too");
		good = false;
	}
	if (s->out_percent > s->low_percent) {
		report(arg, "store: out_percent is above low_percent");
		good = false;
	}
	if (s->keep_counts_ms != 0 &&
	    (s->keep_counts_ms / 86400000 < in->horizon_days ||
	     s->keep_counts_ms / 86400000 < j->history_days)) {
		report(arg, "store: keep_counts is shorter than "
			    "intake.horizon_days or judge.history_days");
		good = false;
	}
	if (strchr(s->file, '/') != NULL) {
		report(arg, "store: file is a name in the state folder, not a "
			    "path");
		good = false;
	}
	return good;
}

struct conf *
conf_read(const char *const *paths, size_t n, conf_report *report, void *arg)
{
	struct conf *c = conf_load(paths, n, conf_blocks, report, arg);

	if (c != NULL && !check(c, report, arg))
		conf_free(&c);
	return c;
}

void
conf_list_keys(FILE *out)
{
	for (const struct conf_block *b = conf_blocks; b->name != NULL; b++) {
		for (const struct conf_key *k = b->key; k->name != NULL; k++)
			fprintf(out, "%s%s\t%s\t%s\t%s\t%s\n", b->name,
				b->titled ? " TITLE" : "", k->name,
				k->def != NULL ? k->def : "(required)",
				k->reloadable ? "reload" : "start", k->help);
	}
}
