#ifndef TOCSIN_DAEMON_RELOAD_H
#define TOCSIN_DAEMON_RELOAD_H

/*
 * The configuration read again while the centre runs: vocabulary, calendars,
 * time zones, triggers, rotas and the level of the log change at once, and
 * each key that changed and has to wait for a restart is named in the log.
 * Where something is wrong nothing changes at all.
 */

#include "daemon/centre.h"

/* Keeps the first message of a reading for those who ask how it went; by
   may be NULL. */
void reload_say(struct reloaded *by, const char *message);

/* The triggers that conf names, each with somebody who receives it; NULL when
   already logged, and said to by, which may be NULL. */
struct trigger_set *reload_read_triggers(const struct conf *conf,
					 const struct registry *registry,
					 struct reloaded *by);

/*
 * The calendar of all areas, NULL where conf names none, and those that sites
 * may name, both owned by the caller.  0, or -1 (logged) with both NULL.
 */
int reload_read_calendars(const struct conf *conf, struct calendar **calendar,
			  struct calendars **all, struct reloaded *by);

/* Before conf is read again. */
void reload_begin(struct centre *c);

/* Takes conf; NULL: it has errors, already logged. */
void reload_take(struct centre *c, struct conf *conf);

#endif
