/* The clocks of an alert, see deadline.h. */
#include "daemon/desk/deadline.h"

#include <stddef.h>
#include <string.h>

#include "daemon/desk/trigger.h"

static const char *const step_name[DEADLINE_STEPS] = { "acknowledge", "verify",
						       "assess", "report",
						       "respond" };

static const char *const colours[] = { "blue", "yellow", "orange", "red", NULL };

#define STEP(name, step, text)                                                 \
	{                                                                      \
		name, CONF_DURATION, offsetof(struct deadlines, ms[step]),     \
			"0", 0, 365.0 * 86400000, NULL, true, text             \
	}

const struct conf_key deadline_keys[] = {
	STEP("acknowledge", DEADLINE_ACKNOWLEDGE,
	     "time from the opening of an alert until somebody has"
	     " acknowledged it; 0: no deadline"),
	STEP("verify", DEADLINE_VERIFY,
	     "until it is verified, that is discarded, watched or assessed;"
	     " also the time that a task may take"),
	STEP("assess", DEADLINE_ASSESS, "until its risk has been assessed"),
	STEP("report", DEADLINE_REPORT, "until it is reported upwards"),
	STEP("respond", DEADLINE_RESPOND, "until a response is under way"),
	{ "escalate", CONF_LIST, offsetof(struct deadlines, escalate),
	  "acknowledge,verify,assess,report", 0, 0, NULL, true,
	  "clocks of these that are told to the area above when they are"
	  " missed; none: no clock" },
	{ "escalate_from", CONF_CHOICE,
	  offsetof(struct deadlines, escalate_from), "blue", 0, 0, colours, true,
	  "lowest colour of which missed clocks are told above; statutory rules"
	  " are told whatever their colour" },
	{ "next_level", CONF_DURATION, offsetof(struct deadlines, next_level_ms),
	  "1h", 0, 365.0 * 86400000, NULL, true,
	  "time after which the area above that one is told too, and so on; 0:"
	  " only the next one" },
	{ "basis", CONF_STRING, offsetof(struct deadlines, basis), "", 0, 0,
	  NULL, true, "the rule that sets these times, shown beside them" },
	{ "basis_zh", CONF_STRING, offsetof(struct deadlines, basis_zh), "", 0,
	  0, NULL, true, "the same in Chinese" },
	{ 0 },
};

const char *
deadline_step_str(enum deadline_step step)
{
	return step_name[step];
}

int
deadline_step_parse(const char *name)
{
	for (int i = 0; i < DEADLINE_STEPS; i++) {
		if (strcmp(step_name[i], name) == 0)
			return i;
	}
	return -1;
}

static bool
escalates(const struct deadlines *d, int step)
{
	for (size_t i = 0; i < d->escalate.n; i++) {
		if (strcmp(d->escalate.at[i], step_name[step]) == 0)
			return true;
	}
	return false;
}

int
deadline_start(json_t *view, const char *name, const struct deadlines *d,
	       int64_t now_ms)
{
	json_t *list = json_array();

	for (int i = 0; i < DEADLINE_STEPS; i++) {
		if (d->ms[i] == 0)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:n, s:b, s:b, s:[]}",
					"step", step_name[i], "due_ms",
					(json_int_t)(now_ms + d->ms[i]),
					"met_ms", "off", false, "escalates",
					escalates(d, i), "escalated"));
	}
	return json_object_set_new(
		view, "deadlines",
		json_pack("{s:s, s:s, s:s, s:I, s:s, s:o}", "name", name, "basis",
			  d->basis, "basis_zh", d->basis_zh, "next_level_ms",
			  (json_int_t)d->next_level_ms, "escalate_from",
			  colours[d->escalate_from], "steps", list));
}

static json_t *
steps_of(const json_t *view)
{
	return json_object_get(json_object_get(view, "deadlines"), "steps");
}

static int
step_of(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "step"));

	return name == NULL ? -1 : deadline_step_parse(name);
}

static bool
is_met(const json_t *row)
{
	return !json_is_null(json_object_get(row, "met_ms"));
}

static int64_t
time_of(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

void
deadline_meet(json_t *view, enum deadline_step step, int64_t now_ms)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		if (step_of(row) == (int)step && !is_met(row))
			json_object_set_new(row, "met_ms", json_integer(now_ms));
	}
}

static void
put_off(json_t *row, int64_t ms)
{
	json_object_set_new(row, "due_ms",
			    json_integer(time_of(row, "due_ms") + ms));
}

static void
set_off(json_t *row, bool off, int64_t now_ms)
{
	if (off == json_is_true(json_object_get(row, "off")))
		return;
	if (off)
		json_object_set_new(row, "off_ms", json_integer(now_ms));
	else if (json_is_integer(json_object_get(row, "off_ms")))
		put_off(row, now_ms - time_of(row, "off_ms"));
	json_object_set_new(row, "off", json_boolean(off));
}

void
deadline_off(json_t *view, bool off, int64_t now_ms)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		if (!is_met(row))
			set_off(row, off, now_ms);
	}
}

void
deadline_put_off(json_t *view, int64_t ms)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		if (!is_met(row))
			put_off(row, ms);
	}
}

/* The last entry of "escalated", or NULL. */
static const json_t *
last_of(const json_t *row)
{
	const json_t *list = json_object_get(row, "escalated");
	size_t n = json_array_size(list);

	return n == 0 ? NULL : json_array_get(list, n - 1);
}

static const char *
last_area(const json_t *row)
{
	const char *code =
		json_string_value(json_object_get(last_of(row), "area"));

	return code == NULL ? "" : code;
}

/* Does the clock run, and is it told above? */
static bool
is_watched(const json_t *row)
{
	return json_is_true(json_object_get(row, "escalates")) &&
	       !is_met(row) && !json_is_true(json_object_get(row, "off"));
}

/* Is the next level to be told of the step? */
static bool
is_missed(const json_t *row, int64_t next_level_ms, int64_t now_ms)
{
	if (!is_watched(row) || now_ms <= time_of(row, "due_ms"))
		return false;
	return last_area(row)[0] == '\0' ||
	       (next_level_ms > 0 &&
		now_ms > time_of(last_of(row), "at_ms") + next_level_ms);
}

bool
deadline_unheard(const json_t *view, struct deadline_miss *out)
{
	const json_t *row;
	size_t i;

	*out = (struct deadline_miss){ .last = "" };
	json_array_foreach (steps_of(view), i, row) {
		if (step_of(row) == DEADLINE_ACKNOWLEDGE && is_watched(row) &&
		    last_of(row) == NULL)
			out->steps = 1u << DEADLINE_ACKNOWLEDGE;
	}
	return out->steps != 0;
}

/* Of a colour whose missed clocks are told to nobody? */
static bool
is_minor(const json_t *view)
{
	const char *from = json_string_value(json_object_get(
		json_object_get(view, "deadlines"), "escalate_from"));
	const char *grade = json_string_value(json_object_get(view, "grade"));

	return from != NULL && grade != NULL &&
	       !json_is_true(json_object_get(view, "statutory")) &&
	       colour_parse(grade) < colour_parse(from);
}

bool
deadline_missed(const json_t *view, int64_t now_ms, unsigned skip,
		struct deadline_miss *out)
{
	int64_t next =
		time_of(json_object_get(view, "deadlines"), "next_level_ms");
	const json_t *row;
	size_t i;

	*out = (struct deadline_miss){ .last = "" };
	if (is_minor(view))
		return false;
	json_array_foreach (steps_of(view), i, row) {
		int step = step_of(row);
		bool first = out->steps == 0;

		if (step < 0 || (skip >> step & 1) != 0 ||
		    !is_missed(row, next, now_ms) ||
		    (!first && strcmp(out->last, last_area(row)) != 0))
			continue;
		out->steps |= 1u << step;
		out->last = last_area(row);
		out->again = (first || out->again) && last_of(row) != NULL;
	}
	return out->steps != 0;
}

void
deadline_escalated(json_t *view, unsigned steps, json_t *entry)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		int step = step_of(row);

		if (step >= 0 && (steps >> step & 1) != 0)
			json_array_append(json_object_get(row, "escalated"),
					  entry);
	}
}

json_t *
deadline_list(const json_t *view, unsigned steps)
{
	json_t *list = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		int step = step_of(row);

		if (step >= 0 && (steps >> step & 1) != 0)
			json_array_append_new(
				list,
				json_pack("{s:s, s:I}", "step", step_name[step],
					  "due_ms",
					  (json_int_t)time_of(row, "due_ms")));
	}
	return list;
}
