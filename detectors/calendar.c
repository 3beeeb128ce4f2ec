/*
 * Dates of earlier years, by the proleptic Gregorian calendar.
 */
#include "detectors/calendar.h"

#include <stdbool.h>

#define DAYS_400_YEARS 146097

struct date {
	int64_t year;
	int month; /* 1..12 */
	int mday;
};

/* Day number of a date; a year is counted from March to February. */
static int64_t
day_of(struct date d)
{
	int64_t year = d.month > 2 ? d.year : d.year - 1;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int month = (d.month + 9) % 12; /* March = 0 */
	int64_t of_year = (153 * month + 2) / 5 + d.mday - 1;

	return era * DAYS_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static struct date
date_of(int64_t day)
{
	int64_t from_0 = day + 719468;
	int64_t era = (from_0 >= 0 ? from_0 : from_0 - 146096) / DAYS_400_YEARS;
	int64_t of_era = from_0 - era * DAYS_400_YEARS;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct date d;

	d.mday = (int)(of_year - (153 * month + 2) / 5 + 1);
	d.month = (int)(month < 10 ? month + 3 : month - 9);
	d.year = year + era * 400 + (d.month <= 2);
	return d;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int32_t
calendar_years_back(int32_t day, int years)
{
	struct date d = date_of(day);

	d.year -= years;
	if (d.month == 2 && d.mday == 29 && !is_leap(d.year))
		d.mday = 28;
	return (int32_t)day_of(d);
}

/* Monday of week 1, the week of 4 January. */
static int64_t
first_monday(int64_t year)
{
	int64_t fourth = day_of((struct date){ year, 1, 4 });

	return fourth - ((fourth + 3) % 7 + 7) % 7;
}

int32_t
calendar_iso_years_back(int32_t monday, int years)
{
	int64_t year = date_of((int64_t)monday + 3).year;
	int64_t weeks = (monday - first_monday(year)) / 7;
	int64_t then = first_monday(year - years) + weeks * 7;

	if (then >= first_monday(year - years + 1))
		then -= 7;
	return (int32_t)then;
}
