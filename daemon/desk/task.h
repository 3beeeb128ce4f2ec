#ifndef TOCSIN_DESK_TASK_H
#define TOCSIN_DESK_TASK_H

/*
 * Tasks: what the township or the site of the evidence is asked to do for an
 * alert, verify the figures.  They stand in the alert's "tasks": n, what,
 * site (or null), area, state (open, done), opened (a day), due_ms (or null),
 * and once done actor, note and done_ms.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/judge/registry.h"

#define TASKS_MAX 20 /* of one alert */

struct task_wish {
	const struct registry *registry;
	uint32_t area; /* of the alert */
	int32_t today;
	int64_t due_ms; /* -1: no deadline */
	/* The area's own alert asks its sites already. */
	bool (*asked)(const void *arg, uint32_t area);
	const void *arg;
};

/* Adds tasks for the clearest rows of the evidence that have none yet. */
void task_add(json_t *view, const json_t *evidence, const struct task_wish *w);

/* The task of that number as it stands in the alert, or NULL. */
json_t *task_find(const json_t *view, const char *number);
bool task_is_done(const json_t *task);
void task_finish(json_t *task, const char *actor, const char *note,
		 int64_t now_ms);

#endif
