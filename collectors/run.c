/*
 * tocsin-collect run: takes what comes, sends it, until it is told to end.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/collector.h"
#include "collectors/commands.h"
#include "collectors/drop.h"
#include "collectors/handover.h"
#include "collectors/input.h"

#define LOCK_TRIES 30
#define LOCK_US 100000

struct run {
	struct collector c;
	struct drop *drop;
	struct handover *handover;
	struct input_http *http;
	struct input_commands *commands;
	struct input_queries *queries;
	struct input_mllp *mllp;
	struct event *term, *intr, *watchdog;
};

static void
on_took(void *arg)
{
	struct run *r = arg;

	if (r->c.output != NULL)
		output_put(r->c.output);
}

static void
on_change(void *arg)
{
	struct run *r = arg;

	if (r->c.output != NULL)
		sd_notifyf(0, "STATUS=%s",
			   r->c.output->why[0] != '\0' ? r->c.output->why
			   : r->c.output->done	       ? "all acknowledged"
						       : "sending");
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd;
	(void)what;
	sd_notify(0, "STOPPING=1");
	event_base_loopbreak(r->c.base);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
}

static int
arm_watchdog(struct run *r)
{
	uint64_t usec = 0;
	struct timeval tv;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	tv.tv_sec = (time_t)(usec / 3 / 1000000);
	tv.tv_usec = (suseconds_t)(usec / 3 % 1000000);
	r->watchdog = event_new(r->c.base, -1, EV_PERSIST, on_watchdog, r);
	return r->watchdog != NULL ? event_add(r->watchdog, &tv) : -1;
}

static int
open_inputs(struct run *r)
{
	struct collector *c = &r->c;
	const struct drop_conf drop = {
		.base = c->base,
		.outbox = c->outbox,
		.take = c->take,
		.folder = c->settings.drop,
		.rescan_ms = c->settings.drop_conf->rescan_ms,
		.settle_ms = c->settings.drop_conf->settle_ms,
		.keep_done_ms = c->settings.drop_conf->keep_done_ms,
		.took = on_took,
		.arg = r
	};

	const struct input_env env = { .base = c->base,
				       .outbox = c->outbox,
				       .pack = c->pack,
				       .take = c->take,
				       .settings = &c->settings,
				       .took = on_took,
				       .arg = r };

	if (input_http_open(&env, &r->http) < 0 ||
	    input_mllp_open(&env, &r->mllp) < 0 ||
	    input_commands_open(&env, &r->commands) < 0 ||
	    input_queries_open(&env, &r->queries) < 0)
		return -1;
	r->drop = drop_open(&drop);
	r->handover = handover_open(c->base, c->outbox, c->take,
				    c->settings.state, on_took, r);
	return r->drop != NULL && r->handover != NULL ? 0 : -1;
}

static int
open_all(struct run *r)
{
	struct collector *c = &r->c;

	r->term = evsignal_new(c->base, SIGTERM, on_signal, r);
	r->intr = evsignal_new(c->base, SIGINT, on_signal, r);
	if (r->term == NULL || r->intr == NULL ||
	    event_add(r->term, NULL) < 0 || event_add(r->intr, NULL) < 0)
		return EX_OSERR;
	if (collector_connect(c, on_change, r) < 0)
		return EX_CONFIG;
	if (open_inputs(r) < 0)
		return EX_CANTCREAT;
	return arm_watchdog(r) < 0 ? EX_OSERR : 0;
}

static void
close_all(struct run *r)
{
	input_http_close(&r->http);
	input_mllp_close(&r->mllp);
	input_commands_close(&r->commands);
	input_queries_close(&r->queries);
	drop_close(&r->drop);
	handover_close(&r->handover);
	if (r->term != NULL)
		event_free(r->term);
	if (r->intr != NULL)
		event_free(r->intr);
	if (r->watchdog != NULL)
		event_free(r->watchdog);
	collector_close(&r->c);
}

int
command_run(const struct command_args *a)
{
	struct run r = { .c = { .lock = -1 } };
	int rc;

	if (a->files > 0) {
		log_error("run: takes no files; push does");
		return EX_USAGE;
	}
	if (settings_load(&r.c.settings, &a->flags, true) < 0)
		return EX_CONFIG;
	rc = collector_open(&r.c);
	for (int i = 0; rc > 0 && i < LOCK_TRIES; i++) {
		usleep(LOCK_US); /* a push may have it for a moment */
		rc = collector_open(&r.c);
	}
	if (rc > 0) {
		log_error("run: another tocsin-collect has the outbox in %s",
			  r.c.settings.state);
		rc = EX_TEMPFAIL;
	} else if (rc < 0) {
		rc = EX_CANTCREAT;
	} else {
		rc = open_all(&r);
	}
	if (rc == 0) {
		log_notice("run: site=%s drop=%s", r.c.settings.code,
			   r.c.settings.drop);
		sd_notify(0, "READY=1");
		event_base_dispatch(r.c.base);
		log_notice("run: ends; what is not acknowledged stays in the "
			   "outbox");
	}
	close_all(&r);
	return rc;
}
