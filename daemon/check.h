#ifndef TOCSIN_DAEMON_CHECK_H
#define TOCSIN_DAEMON_CHECK_H

/*
 * What --check-config looks at beyond the keys themselves: the vocabulary, the
 * calendar, the triggers and whether somebody receives each, the receivers, the
 * rotas, the areas of both and the time zones of sites, as far as these are
 * known.  Nothing is changed.
 */

#include <stdbool.h>

#include "base/conf.h"
#include "daemon/judge/registry.h"

/* Is all well?  What is not has been logged, with file and line. */
bool check_all(const struct conf *conf);

/*
 * Do the receivers' areas exist?  Every unknown one is reported; true too
 * while there is no area at all.
 */
bool check_receiver_areas(const struct conf *conf,
			  const struct registry *registry, conf_report *report,
			  void *arg);

/*
 * Do the areas of rotas exist, as far as areas are known, and is somebody on
 * duty at every hour of the week?  What is not is reported.
 */
bool check_rotas(const struct conf *conf, const struct registry *registry,
		 conf_report *report, void *arg);

/* Is there a receiver for each trigger, if there are receivers at all? */
struct trigger_set;
bool check_told(const struct conf *conf, const struct trigger_set *set,
		conf_report *report, void *arg);

#endif
