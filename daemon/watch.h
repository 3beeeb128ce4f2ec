#ifndef TOCSIN_DAEMON_WATCH_H
#define TOCSIN_DAEMON_WATCH_H

/*
 * When the operators' alerts and the clocks of the officers' are looked after.
 * By the system's clock a part of the sites every second, from
 * quality.first_look after the start on, so that senders may first hand in
 * what they kept meanwhile, and every clock; by a manual clock all of them
 * with every day that is weighed.  Forks, gaps and the disk are looked at
 * every second.
 */

#include <stdint.h>

struct centre;

/* With the weighing of the day, whose events it joins.  0, or -1 (logged). */
int watch_day(struct centre *c, int32_t day) __attribute__((warn_unused_result));

/* Once a second. */
void watch_tick(struct centre *c);

#endif
