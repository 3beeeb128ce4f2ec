/* The clocks of an alert, see deadline.h. */
#include "daemon/desk/deadline.h"

#include <stddef.h>
#include <string.h>

static const char *const step_name[DEADLINE_STEPS] = { "acknowledge", "verify",
						       "assess", "report",
						       "respond" };

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
deadline_start(json_t *view, const char *name, const struct deadlines *d,
	       int64_t now_ms)
{
	json_t *list = json_array();

	for (int i = 0; i < DEADLINE_STEPS; i++) {
		if (d->ms[i] == 0)
			continue;
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:n, s:b}", "step",
						step_name[i], "due_ms",
						(json_int_t)(now_ms + d->ms[i]),
						"met_ms", "off", false));
	}
	return json_object_set_new(view, "deadlines",
				   json_pack("{s:s, s:s, s:s, s:o}", "name",
					     name, "basis", d->basis, "basis_zh",
					     d->basis_zh, "steps", list));
}

static json_t *
steps_of(const json_t *view)
{
	return json_object_get(json_object_get(view, "deadlines"), "steps");
}

void
deadline_meet(json_t *view, enum deadline_step step, int64_t now_ms)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		const char *name =
			json_string_value(json_object_get(row, "step"));

		if (name != NULL && strcmp(name, step_name[step]) == 0 &&
		    json_is_null(json_object_get(row, "met_ms")))
			json_object_set_new(row, "met_ms", json_integer(now_ms));
	}
}

void
deadline_off(json_t *view, bool off)
{
	json_t *row;
	size_t i;

	json_array_foreach (steps_of(view), i, row) {
		if (json_is_null(json_object_get(row, "met_ms")))
			json_object_set_new(row, "off", json_boolean(off));
	}
}
