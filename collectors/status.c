/*
 * tocsin-collect status: how the outbox stands, in words for a site's clerk.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/commands.h"
#include "collectors/files.h"
#include "collectors/outbox.h"
#include "collectors/told.h"

#define SHOWN 10

struct report {
	struct settings settings;
	struct outbox_depth depth;
	bool running;
	char state[16];
	char why[OUTBOX_WHY_BYTES];
	char error[OUTBOX_WHY_BYTES];
	int64_t error_ms;
	char hint[OUTBOX_WHY_BYTES];
	int64_t hint_ms;
};

static const char *
local_time(int64_t ms, char buf[32])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || localtime_r(&t, &tm) == NULL)
		return "never";
	strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

static int
read_report(struct report *r, struct outbox *o)
{
	char at[32], hint_at[32];

	if (outbox_depth(o, &r->depth) < 0 ||
	    outbox_noted(o, "state", r->state, sizeof(r->state)) < 0 ||
	    outbox_noted(o, "why", r->why, sizeof(r->why)) < 0 ||
	    outbox_noted(o, "error", r->error, sizeof(r->error)) < 0 ||
	    outbox_noted(o, "error_at", at, sizeof(at)) < 0 ||
	    outbox_noted(o, TOLD_HINT, r->hint, sizeof(r->hint)) < 0 ||
	    outbox_noted(o, TOLD_HINT_AT, hint_at, sizeof(hint_at)) < 0)
		return -1;
	r->error_ms = strtoll(at, NULL, 10);
	r->hint_ms = strtoll(hint_at, NULL, 10);
	r->running = files_locked(r->settings.state) == 1;
	return 0;
}

/* One sentence that says whether somebody must do something. */
static void
print_verdict(const struct report *r)
{
	if (r->depth.frames == 0)
		printf("Everything has been delivered.\n");
	else if (strcmp(r->state, "refused") == 0)
		printf("The centre refuses this site; please call it.%s\n",
		       r->running ? "" : "  Then push again.");
	else if (strcmp(r->state, "stopped") == 0)
		printf("Delivery has stopped and needs a person.\n");
	else if (!r->running)
		printf("Counts are waiting, and no collector is running: "
		       "start tocsin-collect run, or push again.\n");
	else if (strcmp(r->state, "connected") == 0)
		printf("Counts are being delivered now.\n");
	else
		printf("The centre cannot be reached; counts are kept safely "
		       "and delivery is tried again by itself.\n");
}

static void
print_rejected(void *arg, uint64_t seq, int64_t index, const char *reason,
	       int64_t at_ms)
{
	char at[32];

	(void)arg;
	printf("  %s  frame %" PRIu64, local_time(at_ms, at), seq);
	if (index >= 0)
		printf(" count %" PRId64, index + 1);
	printf(": %s\n", reason);
}

static int
print_text(const struct report *r, struct outbox *o)
{
	const struct outbox_depth *d = &r->depth;
	char at[32];

	print_verdict(r);
	printf("waiting:              %" PRId64 " counts in %" PRId64
	       " frames (%" PRId64 " KiB)\n",
	       d->counts, d->frames, d->bytes / 1024);
	if (d->frames > 0)
		printf("oldest waiting since: %s\n",
		       local_time(d->oldest_ms, at));
	printf("last acknowledged:    %s\n", local_time(d->acked_ms, at));
	printf("collector:            %s%s%s\n",
	       r->running ? "running" : "not running", r->running ? ", " : "",
	       r->running ? r->state : "");
	if (r->running && r->why[0] != '\0')
		printf("now:                  %s\n", r->why);
	if (r->error[0] != '\0')
		printf("last trouble:         %s (%s)\n", r->error,
		       local_time(r->error_ms, at));
	if (r->hint[0] != '\0')
		printf("last left aside:      %s (%s)\n", r->hint,
		       local_time(r->hint_ms, at));
	if (d->rejected == 0)
		return 0;
	printf("refused by the centre: %" PRId64 ", the newest:\n", d->rejected);
	return outbox_each_rejected(o, SHOWN, print_rejected, NULL);
}

static void
add_rejected(void *arg, uint64_t seq, int64_t index, const char *reason,
	     int64_t at_ms)
{
	json_array_append_new(arg, json_pack("{s:I, s:I, s:s, s:I}", "frame",
					     (json_int_t)seq, "count",
					     (json_int_t)index, "reason", reason,
					     "at_ms", (json_int_t)at_ms));
}

static int
print_json(const struct report *r, struct outbox *o)
{
	const struct outbox_depth *d = &r->depth;
	json_t *list = json_array(), *j;
	int rc = outbox_each_rejected(o, SHOWN, add_rejected, list);

	j = json_pack(
		"{s:s, s:b, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I,"
		" s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"site", r->settings.code, "running", r->running, "state",
		r->state, "why", r->why, "error", r->error, "error_at_ms",
		(json_int_t)r->error_ms, "hint", r->hint, "hint_at_ms",
		(json_int_t)r->hint_ms, "waiting_counts", (json_int_t)d->counts,
		"waiting_frames", (json_int_t)d->frames, "waiting_bytes",
		(json_int_t)d->bytes, "kept_bytes", (json_int_t)d->kept_bytes,
		"oldest_ms", (json_int_t)d->oldest_ms, "acked_ms",
		(json_int_t)d->acked_ms, "durable", (json_int_t)d->durable,
		"last", (json_int_t)d->last, "refused", (json_int_t)d->rejected,
		"newest_refused", list);
	if (j == NULL || rc < 0) {
		json_decref(j);
		return -1;
	}
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(j);
	return 0;
}

int
command_status(const struct command_args *a)
{
	struct report r = { .running = false };
	struct outbox_limits limits;
	struct outbox *o = NULL;
	char path[FILES_PATH_BYTES];
	int rc = EX_IOERR;

	if (settings_load(&r.settings, &a->flags, false) < 0)
		return EX_CONFIG;
	if (files_path(path, r.settings.state, "outbox.db") < 0)
		goto out;
	if (access(path, F_OK) != 0) {
		log_error("status: nothing was ever taken here: there is no "
			  "outbox in %s; tocsin-collect push or run makes one",
			  r.settings.state);
		rc = EX_NOINPUT;
		goto out;
	}
	settings_limits(&r.settings, &limits);
	o = outbox_open(path, true, &limits);
	if (o == NULL || read_report(&r, o) < 0)
		goto out;
	if ((a->json ? print_json(&r, o) : print_text(&r, o)) == 0)
		rc = EX_OK;
out:
	outbox_close(&o);
	settings_free(&r.settings);
	return rc;
}
