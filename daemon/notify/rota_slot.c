/* Lines of a rota, see rota_slot.h. */
#include "daemon/notify/rota_slot.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/nearest.h"
#include "daemon/notify/notify.h"

#define DAY_MINUTES 1440
#define WORD_BYTES 64
#define DATE_BYTES 10 /* "2026-10-01" */

static const char *const day_name[] = { "mon", "tue", "wed", "thu",
					"fri", "sat", "sun" };

static int
day_of_week(const char *text, size_t len)
{
	for (int i = 0; i < 7; i++) {
		if (len == 3 && strncmp(text, day_name[i], 3) == 0)
			return i;
	}
	return -1;
}

/* "mon", "fri-mon" or "daily". */
static int
parse_days(struct rota_slot *s, const char *text)
{
	size_t len = strlen(text);
	int from, to;

	if (strcmp(text, "daily") == 0) {
		s->days = 0x7f;
		return 0;
	}
	from = day_of_week(text, len < 3 ? len : 3);
	to = len == 3			  ? from
	     : len == 7 && text[3] == '-' ? day_of_week(text + 4, 3)
					  : -1;
	if (from < 0 || to < 0)
		return -1;
	for (int d = from;; d = (d + 1) % 7) {
		s->days |= 1u << d;
		if (d == to)
			return 0;
	}
}

/* "2026-10-01" or "2026-10-01..2026-10-07". */
static int
parse_dates(struct rota_slot *s, const char *text)
{
	size_t len = strlen(text);

	if (len != DATE_BYTES && (len != 2 * DATE_BYTES + 2 ||
				  strncmp(text + DATE_BYTES, "..", 2) != 0))
		return -1;
	s->from = day_parse(text, DATE_BYTES);
	s->to = day_parse(text + len - DATE_BYTES, DATE_BYTES);
	return s->from == DAY_NONE || s->to == DAY_NONE || s->to < s->from ? -1
									   : 0;
}

int
rota_time_parse(const char *text, int most)
{
	int minutes;

	if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]) ||
	    text[2] != ':' || !isdigit((unsigned char)text[3]) ||
	    !isdigit((unsigned char)text[4]) || text[3] > '5')
		return -1;
	minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 +
		  (text[3] - '0') * 10 + text[4] - '0';
	return minutes > most ? -1 : minutes;
}

/* "HH:MM-HH:MM" */
static int
parse_hours(struct rota_slot *s, const char *text)
{
	int end;

	if (strlen(text) != 11 || text[5] != '-')
		return -1;
	s->start = rota_time_parse(text, DAY_MINUTES - 1);
	end = rota_time_parse(text + 6, DAY_MINUTES);
	if (s->start < 0 || end < 0)
		return -1;
	s->length =
		end > s->start ? end - s->start : end + DAY_MINUTES - s->start;
	return 0;
}

/* The next word; returns what is behind it and its blanks. */
static const char *
take_word(const char *text, char word[WORD_BYTES])
{
	size_t n = strcspn(text, " ");

	snprintf(word, WORD_BYTES, "%.*s", (int)n, text);
	return text + n + strspn(text + n, " ");
}

const char *
rota_slot_parse(struct rota_slot *s, const char *text, bool dated)
{
	char when[WORD_BYTES], hours[WORD_BYTES];

	*s = (struct rota_slot){ .dated = dated };
	text = take_word(text, when);
	text = take_word(text, hours);
	if ((dated ? parse_dates(s, when) : parse_days(s, when)) < 0)
		return dated ? "does not begin with a date or two, as "
			       "2026-10-01 or 2026-10-01..2026-10-07"
			     : "does not begin with days, as mon, mon-fri or "
			       "daily";
	if (parse_hours(s, hours) < 0)
		return "has no hours, as 08:00-18:00, behind its days";
	if (text[0] == '\0')
		return "names nobody behind its hours";
	s->receiver = strdup(text);
	return s->receiver == NULL ? "finds no memory" : NULL;
}

bool
rota_slot_covers(const struct rota_slot *s, int64_t minute)
{
	for (int64_t back = 0; back <= 1; back++) {
		int64_t day = minute / DAY_MINUTES - back;
		int64_t within = minute - day * DAY_MINUTES;
		bool theirs = s->dated ? day >= s->from && day <= s->to
				       : (s->days >> day_weekday((int32_t)day) &
					  1) != 0;

		if (theirs && within >= s->start && within < s->start + s->length)
			return true;
	}
	return false;
}

const char *
rota_moment(int64_t minute, char buf[16])
{
	int within = (int)(minute % DAY_MINUTES);

	snprintf(buf, 16, "%s %02d:%02d",
		 day_name[day_weekday((int32_t)(minute / DAY_MINUTES))],
		 within / 60, within % 60);
	return buf;
}

int
rota_receiver(const struct conf *conf, const char *name, const char **near)
{
	struct nearest n;

	nearest_begin(&n, name);
	for (size_t i = 0; i < conf_count(conf, "receiver"); i++) {
		const char *title = conf_title(conf, "receiver", i);

		if (strcmp(title, name) == 0)
			return (int)i;
		nearest_offer(&n, title);
	}
	*near = n.best;
	return -1;
}

const struct conf_list *
rota_receiver_areas(const struct conf *conf, int i)
{
	const struct notify_receiver *r = conf_at(conf, "receiver", (size_t)i);

	return &r->areas;
}

bool
rota_receiver_enabled(const struct conf *conf, int i)
{
	const struct notify_receiver *r = conf_at(conf, "receiver", (size_t)i);

	return r->enabled;
}
