#ifndef TOCSIN_BASE_DAY_H
#define TOCSIN_BASE_DAY_H

/*
 * Civil dates as int32_t days since 1970-01-01, in the proleptic Gregorian
 * calendar.  A week is named by the day of its Monday.
 */

#include <stddef.h>
#include <stdint.h>

#define DAY_NONE INT32_MIN
#define DAY_TEXT_BYTES 11 /* "2020-02-29" and its NUL */

/* Days of a date in years 1..9999, or DAY_NONE where there is no such date. */
int32_t day_from_civil(int year, int month, int mday);
void day_to_civil(int32_t day, int *year, int *month, int *mday);

/*
 * Reads "YYYY-MM-DD" and nothing else (len bytes, no NUL needed).  Returns
 * DAY_NONE for any other text.
 */
int32_t day_parse(const char *text, size_t len);

/* Writes the date into buf and returns buf; DAY_NONE gives "". */
const char *day_format(int32_t day, char buf[DAY_TEXT_BYTES]);

int day_weekday(int32_t day);	 /* 0 = Monday .. 6 = Sunday */
int32_t day_monday(int32_t day); /* Monday of the day's ISO week */

/* ISO 8601 week of the day: its year and number, 1..53. */
void day_iso_week(int32_t day, int *year, int *week);

#endif
