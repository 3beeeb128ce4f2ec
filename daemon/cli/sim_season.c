/*
 * Time in the invented province: seasons, weeks, holidays and school terms.
 * Dates of the lunar new year are facts; a year outside the table takes that
 * of 19 years before, when the moon stood alike.
 */
#include "base/day.h"
#include "daemon/cli/sim_world.h"

#include <math.h>

enum { FIRST_LUNAR = 2010, LUNAR_YEARS = 26 };

/* Day of the year (1 January = 0) of the lunar new year. */
static const short lunar[LUNAR_YEARS] = {
	44, 33, 22, 40, 30, 49, 38, 27, 46, 35, /* 2010 .. 2019 */
	24, 42, 31, 21, 40, 28, 47, 36, 25, 43, /* 2020 .. 2029 */
	33, 22, 41, 30, 49, 38			/* 2030 .. 2035 */
};

static int32_t
new_year(int year)
{
	int y = year;

	while (y >= FIRST_LUNAR + LUNAR_YEARS)
		y -= 19;
	while (y < FIRST_LUNAR)
		y += 19;
	return day_from_civil(year, 1, 1) + lunar[y - FIRST_LUNAR];
}

/* Days from the lunar new year that lies nearest. */
static int
from_new_year(int32_t day)
{
	int year, month, mday;

	day_to_civil(day, &year, &month, &mday);
	return (int)(day - new_year(year));
}

static bool
is_holiday(int32_t day)
{
	int year, month, mday, spring = from_new_year(day);

	day_to_civil(day, &year, &month, &mday);
	if (spring >= -1 && spring <= 6)
		return true;
	return (month == 10 && mday <= 7) || (month == 1 && mday == 1) ||
	       (month == 5 && mday <= 3);
}

/* The weekend day beside a long holiday that is worked instead. */
static bool
is_make_up(int32_t day)
{
	int weekday = day_weekday(day);

	if (is_holiday(day))
		return false;
	for (int32_t near = 1; near <= 3; near++) {
		if (weekday == 6 && is_holiday(day + near))
			return true;
		if (weekday == 5 && is_holiday(day - near))
			return true;
	}
	return false;
}

static bool
is_workday(int32_t day)
{
	if (is_holiday(day))
		return false;
	return day_weekday(day) < 5 || is_make_up(day);
}

static bool
in_term(int32_t day)
{
	int year, month, mday, spring = from_new_year(day);

	day_to_civil(day, &year, &month, &mday);
	if (month == 7 && mday >= 5)
		return false;
	return month != 8 && (spring < -14 || spring > 18);
}

bool
sim_open(enum sim_week week, int32_t day)
{
	if (week == SIM_WORK)
		return is_workday(day);
	if (week == SIM_SCHOOL)
		return is_workday(day) && in_term(day);
	if (week == SIM_WEEKLY)
		return day_weekday(day) == 6;
	return true;
}

double
sim_week_factor(enum sim_week week, int32_t day)
{
	static const double clinic[7] = { 1.20, 1.06, 1.00, 0.98,
					  0.98, 0.92, 0.82 };
	static const double shop[7] = { 0.94, 0.92, 0.94, 0.96, 1.04, 1.14, 1.10 };
	static const double worked[7] = { 1.15, 1.02, 0.98, 0.96,
					  0.95, 0.80, 0.80 };
	static const double doses[7] = { 1.25, 1.20, 1.15, 1.15,
					 1.20, 0.70, 0.35 };
	static const double holiday[] = { 0.70, 0.60, 1.00, 0.75,
					  1.15, 0.30, 1.60, 1.00 };
	int weekday = is_make_up(day) ? 0 : day_weekday(day);
	double f = 0;

	if (week == SIM_CLINIC)
		f = log(clinic[weekday]);
	else if (week == SIM_SHOP)
		f = log(shop[weekday]);
	else if (week == SIM_WORK || week == SIM_SCHOOL)
		f = log(worked[weekday]);
	else if (week == SIM_DOSES)
		f = log(doses[weekday]);
	return is_holiday(day) ? f + log(holiday[week]) : f;
}

/*
 * A year's course: a cosine of that amplitude with its top at that part of
 * the year (radians after 1 January), and a wave of that mean height around
 * that date.  Latitude: how much stronger it is a degree north of 30.
 */
struct season {
	double amplitude, top, height;
	int month, mday;
	double latitude;
};

static const struct season season[SIM_SYNDROMES] = {
	[SIM_RESPIRATORY] = { .22, .3, .55, 1, 18, 0 },
	[SIM_ENTERIC] = { .25, 3.5, .35, 1, 18, 0 },
	[SIM_RASH] = { .55, 2.4, .35, 11, 20, 0 },
	[SIM_NEUROLOGICAL] = { .30, 3.6, .15, 8, 1, 0 },
	[SIM_POISONING] = { .60, .2, .30, 1, 10, .05 },
	[SIM_ANIMAL] = { .35, .4, .40, 1, 25, .05 },
	[SIM_VECTOR] = { .90, 3.7, .30, 9, 5, .05 },
	[SIM_VACCINE] = { .10, 4.9, .30, 10, 20, 0 },
	[SIM_MEDICINE] = { .05, .3, .00, 1, 18, 0 },
	[SIM_OVERSEAS] = { .25, .2, .50, 1, 10, 0 },
	[SIM_HOSPITAL] = { .05, .3, .00, 1, 18, 0 },
};

/* A wave around its peak, of a height and width drawn for that winter. */
static double
wave(uint64_t seed, enum sim_syndrome syndrome, int year, int32_t day)
{
	const struct season *s = &season[syndrome];
	uint64_t key = (uint64_t)(year + 4000) * 8 + (uint64_t)syndrome % 8 +
		       (uint64_t)syndrome / 8 * 1000000;
	double peak = day_from_civil(year, s->month, s->mday) +
		      14 * sim_normal(seed, key, 1, 0);
	double height = s->height * (0.4 + 1.2 * sim_uniform(seed, key, 2, 0));
	double width = 24 + 16 * sim_uniform(seed, key, 3, 0);
	double z = (day - peak) / width;

	return height * exp(-z * z / 2);
}

double
sim_season(uint64_t seed, enum sim_syndrome syndrome, int32_t day)
{
	const struct season *s = &season[syndrome];
	int year, month, mday;
	double turn, f;

	day_to_civil(day, &year, &month, &mday);
	turn = 2 * M_PI * (day - day_from_civil(year, 1, 1)) / 365.25;
	f = s->amplitude * cos(turn - s->top);
	if (s->month > 6)
		year--;
	return f + wave(seed, syndrome, year, day) +
	       wave(seed, syndrome, year + 1, day);
}

double
sim_season_at(enum sim_syndrome syndrome, double lat)
{
	return 1 + season[syndrome].latitude * (lat - 30);
}
