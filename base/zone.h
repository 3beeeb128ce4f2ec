#ifndef TOCSIN_BASE_ZONE_H
#define TOCSIN_BASE_ZONE_H

/*
 * Local time in the zones of the IANA time zone database, read from its
 * compiled files (RFC 9636) as the package tzdata installs them.  libc knows
 * one zone a process, and changing TZ under running threads is not safe;
 * here a zone is a value, and the instant is an argument.  Instants are
 * seconds since 1970-01-01 00:00 UTC.
 */

#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME_BYTES 64
#define ZONE_NO_TIME INT64_MIN

struct zone;

/* What time it is: the centre's day, and the instant where it is known. */
struct zone_now {
	int32_t day; /* since 1970-01-01 */
	int64_t s;   /* ZONE_NO_TIME: the day alone, the same everywhere */
};

/*
 * The zone of that name, from TZDIR or the system's folder; UTC needs no
 * file.  NULL with a reason in err: no name of a zone, unknown (the nearest
 * is named), no database, a damaged file.
 */
struct zone *zone_open(const char *name, char *err, size_t cap);
void zone_free(struct zone **z);

/* The zone of a file's bytes; NULL where they are none or memory is short. */
struct zone *zone_parse(const uint8_t *bytes, size_t n);

/* Seconds that local time is ahead of UTC. */
int32_t zone_offset(const struct zone *z, int64_t s);

/* The local day now; z NULL: the centre's. */
int32_t zone_today(const struct zone *z, const struct zone_now *now);

#endif
