#ifndef TOCSIN_NOTIFY_DIGEST_H
#define TOCSIN_NOTIFY_DIGEST_H

/*
 * What waited for a digest as one message: a line an alert, the gravest
 * colour first, in each those still ringing and the newest first.  Pure.
 */

#include <stdint.h>

#include <jansson.h>

#include "daemon/console/catalogue.h"
#include "daemon/judge/registry.h"

#define DIGEST_LINES 20 /* then "and n more" */

/* The next time after now that the clock on the centre's wall shows so many
   minutes of the day; milliseconds since 1970. */
int64_t digest_next_ms(int minutes, int64_t now_ms);

/* For whom it is put. */
struct digest_for {
	const struct catalogue *c;
	enum catalogue_language lang;
	const struct registry *registry;
	const char *console_url; /* "" = no links */
	const char *below;	 /* the colour: "orange" */
};

/*
 * alerts: of each id the alert.  A new object {event: "digest", alerts: [{id,
 * trigger, area, level, grade, signal, state, first_day, title, url}], more,
 * n}, where n is how many alerts there are and more how many of them have no
 * line; the lines go into *lines, a new array.  NULL: no memory.
 */
json_t *digest_body(const struct digest_for *f, json_t *alerts, json_t **lines);

/* "Digest, signals below orange: 3" of n alerts. */
const char *digest_title(const struct digest_for *f, json_int_t n, char *buf,
			 size_t cap);

#endif
