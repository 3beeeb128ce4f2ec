/* The day, as the rest of the daemon is told it. */
#include "daemon/dayclock.h"

#include <assert.h>
#include <time.h>

#include "base/day.h"

#define DAY_US 86400000000

static int32_t
day_of(time_t s)
{
	struct tm tm;

	localtime_r(&s, &tm);
	return day_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void
dayclock_init(struct dayclock *c, bool manual, int32_t day)
{
	c->manual = manual;
	c->day = day;
	c->now_s = INT64_MIN;
	c->received = 0;
}

struct zone_now
dayclock_now(struct dayclock *c)
{
	time_t now = time(NULL);
	int32_t day;

	if (c->manual)
		return (struct zone_now){ c->day == DAY_NONE ? 0 : c->day,
					  ZONE_NO_TIME };
	/* A clock that was set back brings no day back, here or at a site. */
	if (now > c->now_s) {
		c->now_s = now;
		day = day_of(now);
		c->day = c->day == DAY_NONE || day > c->day ? day : c->day;
	}
	return (struct zone_now){ c->day, c->now_s };
}

int32_t
dayclock_today(struct dayclock *c)
{
	return dayclock_now(c).day;
}

void
dayclock_set(struct dayclock *c, int32_t day)
{
	assert(c->manual && (c->day == DAY_NONE || day >= c->day));
	if (day != c->day)
		c->received = 0;
	c->day = day;
}

int64_t
dayclock_wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The moment of the day at that hour, in the time zone of the process. */
static time_t
moment(int32_t day, int hour)
{
	struct tm tm = { .tm_hour = hour, .tm_isdst = -1 };
	int year, month, mday;

	day_to_civil(day, &year, &month, &mday);
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = mday;
	return mktime(&tm);
}

int64_t
dayclock_now_ms(struct dayclock *c)
{
	return c->manual ? (int64_t)moment(dayclock_today(c), 12) * 1000
			 : dayclock_wall_us() / 1000;
}

int64_t
dayclock_received_us(struct dayclock *c)
{
	if (!c->manual)
		return dayclock_wall_us();
	if (c->received < DAY_US / 2 - 1)
		c->received++;
	return (int64_t)dayclock_today(c) * DAY_US + DAY_US / 2 + c->received;
}

int64_t
dayclock_end_s(const struct dayclock *c, int32_t day)
{
	if (c->manual)
		return ((int64_t)day + 1) * 86400 - 1;
	return (int64_t)moment(day + 1, 0) - 1;
}
