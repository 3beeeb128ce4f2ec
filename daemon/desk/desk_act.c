/*
 * What people do to alerts, see desk.h: verbs, their checks, their traces.
 */
#include "daemon/desk/desk.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "base/nearest.h"
#include "daemon/desk/desk_rows.h"
#include "daemon/desk/task.h"

struct alert *
desk_find(const struct desk *d, const char *id)
{
	uint32_t i = names_find(&d->ids, id, strlen(id));

	return i == NAMES_NONE ? NULL : &d->alert[i];
}

/* The verbs that apply to a state, for the sentence of a refusal. */
static void
list_verbs(enum alert_state s, char *err, size_t cap)
{
	size_t n = strlen(err);

	for (int v = 0; desk_verb_str((enum desk_verb)v) != NULL; v++) {
		if (alert_next(s, (enum desk_verb)v) < 0 || n >= cap)
			continue;
		snprintf(err + n, cap - n, " %s",
			 desk_verb_str((enum desk_verb)v));
		n = strlen(err);
	}
}

static bool
needs_note(enum desk_verb v)
{
	return v == DESK_CLOSE || v == DESK_DISCARD || v == DESK_NOTE ||
	       v == DESK_REPORT || v == DESK_TASK;
}

static bool
needs_outcome(enum desk_verb v)
{
	return v == DESK_CLOSE || v == DESK_DISCARD || v == DESK_ASSIGN ||
	       v == DESK_MERGE || v == DESK_TASK;
}

/* What may be found behind an alert, and the risk that people assess. */
static const char *const outcomes[] = { "outbreak", "artefact",	 "known-event",
					"holiday",  "duplicate", "other",
					NULL };
static const char *const risks[] = { "very-low", "low", "medium", "high", NULL };

/* The words that the verb's outcome is one of; NULL: it is another thing. */
static const char *const *
words_of(const struct desk_act *act)
{
	if (act->verb == DESK_CLOSE || act->verb == DESK_DISCARD)
		return outcomes;
	if (act->verb == DESK_CHARACTERISE && act->outcome[0] != '\0')
		return risks;
	return NULL;
}

/* Is the outcome one of its verb's words? */
static int
check_word(const struct desk_act *act, char *err, size_t cap)
{
	const char *const *known = words_of(act);
	struct nearest near;
	int n;

	nearest_begin(&near, act->outcome);
	for (size_t i = 0; known != NULL && known[i] != NULL; i++) {
		if (strcmp(known[i], act->outcome) == 0)
			return DESK_DONE;
		nearest_offer(&near, known[i]);
	}
	if (known == NULL)
		return DESK_DONE;
	n = snprintf(err, cap, "there is no %s \"%.40s\"%s%s%s The words are",
		     known == risks ? "risk" : "outcome", act->outcome,
		     near.best != NULL ? ", did you mean \"" : "",
		     near.best != NULL ? near.best : "",
		     near.best != NULL ? "\"?" : ".");
	for (size_t i = 0; known[i] != NULL && n > 0 && (size_t)n < cap; i++)
		n += snprintf(err + n, cap - (size_t)n, "%s %s",
			      i > 0 ? "," : "", known[i]);
	return DESK_NEEDS_OUTCOME;
}

static int
check_task(const struct alert *a, const struct desk_act *act, char *err,
	   size_t cap)
{
	const json_t *task = task_find(a->view, act->outcome);

	if (task == NULL) {
		snprintf(err, cap, "the alert has no task \"%.20s\"",
			 act->outcome);
		return DESK_NEEDS_OUTCOME;
	}
	if (!task_is_done(task))
		return DESK_DONE;
	snprintf(err, cap, "task %.20s is done already", act->outcome);
	return DESK_WRONG_STATE;
}

/* Into another one, and never from the officers' into the operators'. */
static bool
may_merge(const struct alert *a, const struct alert *into)
{
	return into != NULL && into != a && into->upkeep == a->upkeep;
}

static int
check_act(const struct desk *d, const struct alert *a,
	  const struct desk_act *act, char *err, size_t cap)
{
	if (act->version >= 0 && act->version != a->version) {
		snprintf(err, cap,
			 "the alert has changed meanwhile: you saw version"
			 " %lld, it is at %lld",
			 (long long)act->version, (long long)a->version);
		return DESK_STALE;
	}
	if (alert_next(a->state, act->verb) < 0) {
		snprintf(err, cap,
			 "%s does not apply to an alert that is %s;"
			 " these do:",
			 desk_verb_str(act->verb), alert_state_str(a->state));
		list_verbs(a->state, err, cap);
		return DESK_WRONG_STATE;
	}
	if (needs_note(act->verb) && act->note[0] == '\0') {
		snprintf(err, cap, "%s needs a note that says %s",
			 desk_verb_str(act->verb),
			 act->verb == DESK_REPORT ? "to whom and how"
			 : act->verb == DESK_TASK ? "what was found"
						  : "why");
		return DESK_NEEDS_NOTE;
	}
	if (needs_outcome(act->verb) && act->outcome[0] == '\0') {
		snprintf(err, cap, "%s needs %s", desk_verb_str(act->verb),
			 act->verb == DESK_TASK ? "the task's number"
						: "an outcome");
		return DESK_NEEDS_OUTCOME;
	}
	if (act->verb == DESK_TASK)
		return check_task(a, act, err, cap);
	if (act->verb == DESK_MERGE && !may_merge(a, desk_find(d, act->outcome))) {
		snprintf(err, cap, "there is no other alert \"%.20s\"",
			 act->outcome);
		return DESK_NO_ALERT;
	}
	return check_word(act, err, cap);
}

/* What the verb leaves in the alert beside its state. */
static void
leave_traces(struct alert *a, const struct desk_act *act)
{
	if (act->verb == DESK_ACK)
		json_object_set_new(a->view, "acknowledged_ms",
				    json_integer(act->at_ms));
	if (act->verb == DESK_ACK || act->verb == DESK_ASSIGN)
		json_object_set_new(a->view, "owner",
				    json_string(act->verb == DESK_ACK
							? act->actor
							: act->outcome));
	if (act->verb == DESK_CLOSE || act->verb == DESK_DISCARD)
		json_object_set_new(a->view, "outcome",
				    json_string(act->outcome));
	if (act->verb == DESK_CHARACTERISE && act->outcome[0] != '\0')
		json_object_set_new(a->view, "risk", json_string(act->outcome));
	if (act->verb == DESK_MERGE)
		json_object_set_new(a->view, "merged_into",
				    json_string(act->outcome));
	if (act->verb == DESK_REOPEN)
		json_object_del(a->view, "outcome");
}

int
desk_act(struct desk *d, const char *id, const struct desk_act *act, char *err,
	 size_t cap)
{
	struct alert *a = desk_find(d, id);
	struct desk_change change = { .name = alert_verb_event(act->verb),
				      .covered = REG_NONE };
	char day[DAY_TEXT_BYTES];
	struct alert next;
	json_t *body;
	int rc;

	if (a == NULL) {
		snprintf(err, cap, "there is no alert \"%.20s\"", id);
		return DESK_NO_ALERT;
	}
	rc = check_act(d, a, act, err, cap);
	if (rc != DESK_DONE)
		return rc;
	next = desk_copy(a);
	next.state = (enum alert_state)alert_next(a->state, act->verb);
	leave_traces(&next, act);
	desk_work_act(&next, act);
	body = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "event",
		alert_verb_event(act->verb), "as_of", day_format(d->as_of, day),
		"id", a->id, "actor", act->actor, "note", act->note, "outcome",
		act->outcome, "from", alert_state_str(a->state), "to",
		alert_state_str(next.state), "at_ms", (json_int_t)act->at_ms);
	if (body == NULL) {
		log_error("desk: no memory for an event of %s", id);
		alert_fini(&next);
		return DESK_FAILED;
	}
	if (a->upkeep)
		json_object_set_new(body, "route", json_string("operator"));
	change.body = body;
	rc = desk_apply(d, a, &next, &change);
	json_decref(body);
	return rc < 0 ? DESK_FAILED : DESK_DONE;
}

const json_t *
desk_alert(const struct desk *d, const char *id)
{
	const struct alert *a = desk_find(d, id);

	return a == NULL ? NULL : a->view;
}

size_t
desk_alerts(const struct desk *d)
{
	return d->n;
}

const json_t *
desk_alert_at(const struct desk *d, size_t i)
{
	return d->alert[i].view;
}
