/*
 * Civil dates.  The conversion counts days from 0000-03-01, so that the leap
 * day is the last of its year.
 */
#include "base/day.h"

#include <stdio.h>

enum { DAYS_400Y = 146097, EPOCH_SHIFT = 719468 };

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

int32_t
day_from_civil(int year, int month, int mday)
{
	int y, era, yoe, doy, doe;

	if (year < 1 || year > 9999 || month < 1 || month > 12)
		return DAY_NONE;
	if (mday < 1 || mday > days_in_month(year, month))
		return DAY_NONE;
	y = month <= 2 ? year - 1 : year;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return (int32_t)(era * DAYS_400Y + doe - EPOCH_SHIFT);
}

void
day_to_civil(int32_t day, int *year, int *month, int *mday)
{
	int64_t z = (int64_t)day + EPOCH_SHIFT;
	int64_t era = (z >= 0 ? z : z - (DAYS_400Y - 1)) / DAYS_400Y;
	int doe = (int)(z - era * DAYS_400Y);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int)(yoe + era * 400) + (*month <= 2 ? 1 : 0);
}

static int
digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

int32_t
day_parse(const char *text, size_t len)
{
	int year, month, mday;

	if (len != DAY_TEXT_BYTES - 1 || text[4] != '-' || text[7] != '-')
		return DAY_NONE;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	mday = digits(text + 8, 2);
	if (year < 0 || month < 0 || mday < 0)
		return DAY_NONE;
	return day_from_civil(year, month, mday);
}

const char *
day_format(int32_t day, char buf[DAY_TEXT_BYTES])
{
	int year, month, mday;
	char text[48];

	buf[0] = '\0';
	if (day == DAY_NONE)
		return buf;
	day_to_civil(day, &year, &month, &mday);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, mday);
	for (size_t i = 0; i < DAY_TEXT_BYTES - 1; i++)
		buf[i] = text[i];
	buf[DAY_TEXT_BYTES - 1] = '\0';
	return buf;
}

int
day_weekday(int32_t day)
{
	int64_t d = ((int64_t)day + 3) % 7;

	return (int)(d < 0 ? d + 7 : d);
}

int32_t
day_monday(int32_t day)
{
	return day - day_weekday(day);
}

void
day_iso_week(int32_t day, int *year, int *week)
{
	int32_t thursday = day_monday(day) + 3;
	int month, mday;

	day_to_civil(thursday, year, &month, &mday);
	*week = (thursday - day_from_civil(*year, 1, 1)) / 7 + 1;
}
