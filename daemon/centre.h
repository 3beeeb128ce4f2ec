#ifndef TOCSIN_DAEMON_CENTRE_H
#define TOCSIN_DAEMON_CENTRE_H

/*
 * The daemon put together: every part, in the order in which they stand on
 * each other, and what happens once a second.  main.c gives it a loop and a
 * configuration.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/conf.h"
#include "daemon/dayclock.h"
#include "daemon/desk/desk.h"
#include "daemon/intake/ingest.h"
#include "daemon/intake/kafka.h"
#include "daemon/intake/zmqdoor.h"
#include "daemon/judge/judge.h"
#include "daemon/judge/mark.h"
#include "daemon/judge/quality.h"
#include "daemon/judge/registry.h"
#include "daemon/keeper.h"
#include "daemon/space.h"
#include "daemon/store/store.h"
#include "daemon/told.h"
#include "daemon/scales.h"

struct event_base;

/* How the configuration was last read. */
struct reloaded {
	int64_t at_ms;	   /* when what is in force was read */
	int64_t failed_ms; /* when the last reading failed; 0: it did not */
	char why[256];	   /* the first error of the last reading */
};

struct centre {
	struct conf *conf; /* owned */
	struct reloaded reloaded;
	struct event_base *base;
	struct dayclock clock;
	struct space space;
	struct keeper keeper;
	struct store *store;
	struct registry *registry;
	struct calendar *calendar;   /* NULL: weekends only */
	struct calendars *calendars; /* that sites may name */
	struct judge_conf judge_conf;
	const char **day_params, **week_params; /* for judge_conf */
	struct judge *judge;
	struct marks marks; /* in force */
	struct quality *quality;
	struct ingest_env ingest_env;
	struct ingest *ingest;
	struct told *told;
	struct scales *scales;
	struct trigger_set *triggers;
	struct desk *desk;
	struct upkeep *upkeep;
	struct log_fault watch_fault;
	struct access *access;
	struct zmqdoor *zmqdoor;
	struct kafka *kafka;
	struct api *api;
	bool ready;
	int lock_fd; /* of the state folder */
	int64_t started_ms;
};

/*
 * Opens the state, rebuilds the windows, then opens the doors.  conf is
 * taken, even on failure.  0, or -1 when already logged; call centre_fini()
 * in either case.
 */
int centre_init(struct centre *c, struct conf *conf, struct event_base *base)
	__attribute__((warn_unused_result));

/* Closes the doors, finishes what was taken in, closes the store. */
void centre_fini(struct centre *c);

/* Once a second.  False where something is stuck: no watchdog then. */
bool centre_tick(struct centre *c);

/* Figures for a person, on SIGUSR1. */
void centre_dump(const struct centre *c, FILE *out);

#endif
