/* Alert events, their notices and the last day weighed, as one value. */
#include "daemon/store/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/store/meta.h"

void
events_init(struct events *e)
{
	memset(e, 0, sizeof(*e));
	e->weighed_day = DAY_NONE;
	e->clock_day = DAY_NONE;
}

static void
free_one(struct events_one *one)
{
	for (size_t i = 0; i < one->told_n; i++)
		free(one->told[i].receiver);
	free(one->told);
	free(one->id);
	free(one->name);
	free(one->body);
	free(one->alert);
	free(one->notice);
}

void
events_fini(struct events *e)
{
	for (size_t i = 0; i < e->n; i++)
		free_one(&e->at[i]);
	free(e->at);
	events_init(e);
}

static int
make_room(struct events *e)
{
	size_t cap = e->cap == 0 ? 8 : e->cap * 2;
	struct events_one *at;

	if (e->n < e->cap)
		return 0;
	at = realloc(e->at, cap * sizeof(*at));
	if (at == NULL)
		return -1;
	e->at = at;
	e->cap = cap;
	return 0;
}

struct events_one *
events_add(struct events *e, const struct alerts_event *event)
{
	struct events_one *one;

	if (make_room(e) < 0)
		return NULL;
	one = &e->at[e->n];
	memset(one, 0, sizeof(*one));
	one->id = strdup(event->id);
	one->name = strdup(event->name);
	one->body = strdup(event->body);
	one->alert = strdup(event->alert);
	one->as_of = event->as_of;
	one->version = event->version;
	one->at_us = event->at_us;
	if (one->id == NULL || one->name == NULL || one->body == NULL ||
	    one->alert == NULL) {
		free_one(one);
		return NULL;
	}
	e->n++;
	return one;
}

int
events_add_receiver(struct events_one *one, const char *name, int64_t digest_ms)
{
	struct events_told *told =
		realloc(one->told, (one->told_n + 1) * sizeof(*told));

	if (told == NULL)
		return -1;
	one->told = told;
	told[one->told_n].digest_ms = digest_ms;
	told[one->told_n].receiver = strdup(name);
	if (told[one->told_n].receiver == NULL)
		return -1;
	one->told_n++;
	return 0;
}

/* The notices name the event that caused them. */
static int
write_notices(const struct events_one *one, int64_t number, struct db *db)
{
	char message[64];

	for (size_t i = 0; i < one->told_n; i++) {
		const struct alerts_notice notice = {
			.event = number,
			.alert = one->id,
			.receiver = one->told[i].receiver,
			.message = message,
			.body = one->notice,
			.created_ms = one->at_us / 1000,
			.digest_ms = one->told[i].digest_ms,
			.beside = one->beside,
		};

		snprintf(message, sizeof(message), "msg_%s_%lld_%zu", one->id,
			 (long long)one->version, i);
		if (alerts_put_notice(db, &notice) < 0)
			return -1;
	}
	return 0;
}

/* *last: the event written last, which gets this one's number. */
static int
write_one(struct events_one *one, int64_t *last, struct db *db)
{
	const struct alerts_event event = {
		.id = one->id,
		.name = one->name,
		.as_of = one->as_of,
		.version = one->version,
		.at_us = one->at_us,
		.body = one->body,
		.alert = one->alert,
	};

	one->number = 0;
	if (one->state_only) {
		if (alerts_put_state(db, &event) < 0)
			return -1;
	} else {
		if (alerts_put(db, &event, &one->number) < 0)
			return -1;
		*last = one->number;
	}
	return one->notice != NULL ? write_notices(one, *last, db) : 0;
}

static int
write_weighed(const struct events *e, struct db *db)
{
	if (e->clock_day != DAY_NONE &&
	    meta_set(db, "clock_day", e->clock_day) < 0)
		return -1;
	if (e->weighed_day == DAY_NONE)
		return 0;
	if (meta_set(db, "weighed_upto", e->weighed_upto) < 0 ||
	    meta_begin(db, "weighed_since", e->weighed_day) < 0)
		return -1;
	return meta_set(db, "weighed_day", e->weighed_day);
}

int
events_write(struct events *e, struct db *db)
{
	int64_t last = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (write_one(&e->at[i], &last, db) < 0)
			return -1;
	}
	return write_weighed(e, db);
}
