#ifndef TOCSIN_DAEMON_RELOAD_H
#define TOCSIN_DAEMON_RELOAD_H

/*
 * The configuration read again while the centre runs: the triggers and the
 * level of the log change at once, everything else at the next start, or
 * nothing at all where something is wrong.
 */

#include "daemon/centre.h"

/* The triggers that conf names, each with somebody who receives it; NULL when
   already logged. */
struct trigger_set *reload_read_triggers(const struct conf *conf,
					 const struct registry *registry);

/* Takes conf, which was read without errors. */
void reload_take(struct centre *c, struct conf *conf);

#endif
