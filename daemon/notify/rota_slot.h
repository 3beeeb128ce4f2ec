#ifndef TOCSIN_NOTIFY_ROTA_SLOT_H
#define TOCSIN_NOTIFY_ROTA_SLOT_H

/* One line of a rota, for rota.c: days, hours, receiver. */

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

struct rota_slot {
	bool dated;	   /* of dates, not of the week */
	int32_t from, to;  /* dated: days since 1970 */
	unsigned days;	   /* of the week: bits, Monday first */
	int start, length; /* minutes of the day; they may go beyond it */
	char *receiver;	   /* owned */
};

/* NULL, or what is wrong with the text. */
const char *rota_slot_parse(struct rota_slot *s, const char *text, bool dated);

/* Does it cover the minute, counted from 1970-01-01 00:00 of the wall? */
bool rota_slot_covers(const struct rota_slot *s, int64_t minute);

/* "mon 08:00" */
const char *rota_moment(int64_t minute, char buf[16]);

/* "HH:MM" as minutes, at most that many; or -1.  What follows is not read. */
int rota_time_parse(const char *text, int most);

/* The number of the receiver of that name, or -1 and the nearest name. */
int rota_receiver(const struct conf *conf, const char *name, const char **near);
const struct conf_list *rota_receiver_areas(const struct conf *conf, int i);
bool rota_receiver_enabled(const struct conf *conf, int i);

#endif
