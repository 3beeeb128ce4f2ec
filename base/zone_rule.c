/* The rule for later years, see zone_rule.h. */
#include "base/zone_rule.h"

#include <string.h>

#include "base/day.h"

#define DAY_S 86400

struct reader {
	const char *at, *end;
	bool bad;
};

static bool
take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void
need(struct reader *r, char c)
{
	if (!take(r, c))
		r->bad = true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
number(struct reader *r, int min, int max)
{
	const char *from = r->at;
	int n = 0;

	while (r->at < r->end && is_digit(*r->at) && n <= max)
		n = n * 10 + (*r->at++ - '0');
	if (r->at == from || n < min || n > max) {
		r->bad = true;
		return min;
	}
	return n;
}

/* "CET" or "<+0330>". */
static void
skip_name(struct reader *r)
{
	const char *from = r->at;

	if (take(r, '<')) {
		while (r->at < r->end && *r->at != '>')
			r->at++;
		need(r, '>');
		return;
	}
	while (r->at < r->end && ((*r->at >= 'A' && *r->at <= 'Z') ||
				  (*r->at >= 'a' && *r->at <= 'z')))
		r->at++;
	r->bad = r->bad || r->at - from < 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t
clock_time(struct reader *r, int hours)
{
	int sign = take(r, '-') ? -1 : 1;
	int s;

	if (sign > 0)
		(void)take(r, '+');
	s = number(r, 0, hours) * 3600;
	if (take(r, ':')) {
		s += number(r, 0, 59) * 60;
		if (take(r, ':'))
			s += number(r, 0, 59);
	}
	return sign * s;
}

static void
read_change(struct reader *r, struct zone_change *c)
{
	need(r, ',');
	c->form = '0';
	if (take(r, 'M')) {
		c->form = 'M';
		c->month = number(r, 1, 12);
		need(r, '.');
		c->week = number(r, 1, 5);
		need(r, '.');
		c->day = number(r, 0, 6);
	} else if (take(r, 'J')) {
		c->form = 'J';
		c->day = number(r, 1, 365);
	} else {
		c->day = number(r, 0, 365);
	}
	c->at = take(r, '/') ? clock_time(r, 167) : 2 * 3600;
}

int
zone_rule_parse(const char *text, size_t len, struct zone_rule *out)
{
	struct reader r = { text, text + len, false };

	memset(out, 0, sizeof(*out));
	skip_name(&r);
	out->standard = -clock_time(&r, 24);
	if (r.at == r.end || r.bad)
		return r.bad ? -1 : 0;
	out->changes = true;
	skip_name(&r);
	out->summer = out->standard + 3600;
	if (r.at < r.end && *r.at != ',')
		out->summer = -clock_time(&r, 24);
	read_change(&r, &out->begin);
	read_change(&r, &out->end);
	return r.bad || r.at != r.end ? -1 : 0;
}

/* Seconds since 1970, by the clock before the change. */
static int64_t
change_in(const struct zone_change *c, int year)
{
	int32_t first = day_from_civil(year, 1, 1), day;
	bool leap = day_from_civil(year, 2, 29) != DAY_NONE;
	int next_year = c->month == 12 ? year + 1 : year;

	if (c->form != 'M') {
		day = first + c->day;
		/* J1 is the first of January, and 29 February has no number. */
		if (c->form == 'J' && !(leap && c->day >= 60))
			day--;
		return (int64_t)day * DAY_S + c->at;
	}
	first = day_from_civil(year, c->month, 1);
	/* day_weekday() counts from Monday, the rule from Sunday. */
	day = first + (c->day + 6 - day_weekday(first)) % 7 + (c->week - 1) * 7;
	while (day >= day_from_civil(next_year, c->month % 12 + 1, 1))
		day -= 7;
	return (int64_t)day * DAY_S + c->at;
}

int32_t
zone_rule_offset(const struct zone_rule *r, int64_t s)
{
	int64_t local = s + r->standard, begin, end;
	int32_t day =
		(int32_t)((local - (local % DAY_S + DAY_S) % DAY_S) / DAY_S);
	int year, month, mday;
	bool summer;

	if (!r->changes)
		return r->standard;
	day_to_civil(day, &year, &month, &mday);
	begin = change_in(&r->begin, year) - r->standard;
	end = change_in(&r->end, year) - r->summer;
	if (begin < end)
		summer = s >= begin && s < end;
	else
		summer = s >= begin || s < end;
	return summer ? r->summer : r->standard;
}
