/*
 * What the readers share: civil dates (proto knows no other library of ours;
 * the arithmetic counts days from 0000-03-01, so that a leap day is the last
 * of its year) and the words for errors.
 */
#include "proto/text.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_400Y = 146097, EPOCH_SHIFT = 719468 };

static int32_t
from_civil(int year, int month, int mday)
{
	int y = year - (month <= 2), m = month + (month > 2 ? -3 : 9);
	int of_era = y % 400;

	return (y / 400) * DAYS_400Y + of_era * 365 + of_era / 4 -
	       of_era / 100 + (153 * m + 2) / 5 + mday - 1 - EPOCH_SHIFT;
}

/* day is within years 1 to 9999. */
static void
to_civil(int32_t day, int *year, int *month, int *mday)
{
	int z = day + EPOCH_SHIFT, era = z / DAYS_400Y, doe = z % DAYS_400Y;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int m = (5 * doy + 2) / 153;

	*mday = doy - (153 * m + 2) / 5 + 1;
	*month = m + (m < 10 ? 3 : -9);
	*year = yoe + era * 400 + (*month <= 2);
}

static int
number(const char *text, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

int32_t
text_day_parse(const char *text, size_t len)
{
	int year, month, mday, y, m, d;
	int32_t day;

	if (len != TEXT_DAY_BYTES - 1 || text[4] != '-' || text[7] != '-')
		return TEXT_DAY_NONE;
	year = number(text, 4);
	month = number(text + 5, 2);
	mday = number(text + 8, 2);
	if (year < 1 || month < 1 || month > 12 || mday < 1)
		return TEXT_DAY_NONE;
	day = from_civil(year, month, mday);
	to_civil(day, &y, &m, &d); /* no such day: it comes back as another */
	return y == year && m == month && d == mday ? day : TEXT_DAY_NONE;
}

const char *
text_day_format(int32_t day, char buf[TEXT_DAY_BYTES])
{
	char text[48];
	int year, month, mday;

	buf[0] = '\0';
	if (day < WIRE_DAY_MIN || day > WIRE_DAY_MAX)
		return buf;
	to_civil(day, &year, &month, &mday);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, mday);
	memcpy(buf, text, TEXT_DAY_BYTES - 1);
	buf[TEXT_DAY_BYTES - 1] = '\0';
	return buf;
}

const char *
text_strerror(int err)
{
	switch (err) {
	case TEXT_OK:
		return "no error";
	case TEXT_ERR_HEADER:
		return "no usable header";
	case TEXT_ERR_SYNTAX:
		return "not the JSON that is meant";
	case TEXT_ERR_SIZE:
		return "larger than allowed";
	case TEXT_ERR_STOPPED:
		return "stopped";
	case TEXT_ERR_MEMORY:
		return "out of memory";
	default:
		return "unknown error";
	}
}
