/* Tasks of an alert, see task.h. */
#include "daemon/desk/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"

#define PLACES 5 /* asked at a time: the clearest */

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

/* Is the place, "" = the area itself, asked already? */
static bool
is_there(const json_t *tasks, const char *site, const char *area)
{
	const json_t *task;
	size_t i;

	json_array_foreach (tasks, i, task) {
		if (strcmp(text_of(task, "site"), site) == 0 &&
		    (site[0] != '\0' || strcmp(text_of(task, "area"), area) == 0))
			return true;
	}
	return false;
}

static bool
add_one(json_t *tasks, const struct task_wish *w, const char *site,
	const char *area)
{
	char day[DAY_TEXT_BYTES];
	size_t n = json_array_size(tasks);

	if (n >= TASKS_MAX || is_there(tasks, site, area))
		return false;
	json_array_append_new(
		tasks,
		json_pack("{s:I, s:s, s:o, s:s, s:s, s:s, s:o}", "n",
			  (json_int_t)n + 1, "what", "verify", "site",
			  site[0] == '\0' ? json_null() : json_string(site),
			  "area", area, "state", "open", "opened",
			  day_format(w->today, day), "due_ms",
			  w->due_ms < 0 ? json_null() : json_integer(w->due_ms)));
	return true;
}

void
task_add(json_t *view, const json_t *evidence, const struct task_wish *w)
{
	json_t *tasks = json_object_get(view, "tasks");
	const json_t *row;
	size_t i, places = 0;

	if (tasks == NULL) {
		tasks = json_array();
		json_object_set_new(view, "tasks", tasks);
	}
	json_array_foreach (evidence, i, row) {
		const char *site = text_of(row, "site");
		const char *code = text_of(row, "area");
		uint32_t area = registry_area(w->registry, code, strlen(code));
		uint32_t town;

		if (places == PLACES || area == REG_NONE ||
		    (w->asked != NULL && w->asked(w->arg, area)))
			continue;
		town = registry_area_above(w->registry, area, REG_TOWNSHIP);
		if (town != REG_NONE && town != w->area)
			(void)add_one(tasks, w, "",
				      registry_area_at(w->registry, town)->code);
		if (site[0] != '\0')
			places += add_one(tasks, w, site, code);
	}
}

json_t *
task_find(const json_t *view, const char *number)
{
	const json_t *tasks = json_object_get(view, "tasks");
	char *end;
	unsigned long n = strtoul(number, &end, 10);

	if (end == number || *end != '\0' || n == 0)
		return NULL;
	return json_array_get(tasks, n - 1);
}

bool
task_is_done(const json_t *task)
{
	return strcmp(text_of(task, "state"), "done") == 0;
}

void
task_finish(json_t *task, const char *actor, const char *note, int64_t now_ms)
{
	json_object_set_new(task, "state", json_string("done"));
	json_object_set_new(task, "actor", json_string(actor));
	json_object_set_new(task, "note", json_string(note));
	json_object_set_new(task, "done_ms", json_integer(now_ms));
}
