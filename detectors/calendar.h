#ifndef TOCSIN_CALENDAR_H
#define TOCSIN_CALENDAR_H

/*
 * The same period of earlier years, in days since 1970-01-01.  Inside the
 * library only, which knows nothing of base/.
 */

#include <stdint.h>

/* The same date `years` earlier; 29 February becomes the 28th. */
int32_t calendar_years_back(int32_t day, int years);

/*
 * Monday of the same ISO week `years` ISO years before that of the Monday
 * given; of week 52 where that year has no week 53.
 */
int32_t calendar_iso_years_back(int32_t monday, int years);

#endif
