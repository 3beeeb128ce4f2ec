/*
 * What an alert gives people to do when it opens or grows: clocks, tasks for
 * townships and sites, and charts as they stood.  A desk without a clock, that
 * of a back-test, gives none.
 */
#include "base/log.h"
#include "daemon/desk/chart.h"
#include "daemon/desk/deadline.h"
#include "daemon/desk/desk_rows.h"
#include "daemon/desk/task.h"

struct asking {
	const struct desk *d;
	const struct signal *s;
};

/* Does an alert below this one, that of the area's own county, ask there? */
static bool
asked_below(const void *arg, uint32_t area)
{
	const struct asking *asking = arg;
	const struct signals *all = &asking->d->signals;

	for (size_t i = 0; i < all->n; i++) {
		const struct signal *b = &all->at[i];

		if (b->parent != SIGNAL_NONE && &all->at[b->parent] == asking->s &&
		    registry_area_within(asking->d->registry, area, b->area))
			return true;
	}
	return false;
}

static void
add_tasks(const struct desk *d, const struct signal *s, struct alert *a,
	  int64_t now)
{
	const struct deadlines *due = d->triggers->at[a->trigger].deadlines;
	const struct asking asking = { d, s };
	const struct task_wish wish = {
		.registry = d->registry,
		.area = a->area,
		.today = d->as_of,
		.due_ms = due == NULL || due->ms[DEADLINE_VERIFY] == 0
				  ? -1
				  : now + due->ms[DEADLINE_VERIFY],
		.asked = asked_below,
		.arg = &asking,
	};

	task_add(a->view, a->evidence, &wish);
}

void
desk_work_grow(const struct desk *d, const struct signal *s, struct alert *a)
{
	if (d->now_ms == NULL)
		return;
	add_tasks(d, s, a, d->now_ms(d->now_arg));
	json_object_set_new(
		a->view, "charts",
		chart_freeze(d->judge, d->registry, a->evidence, d->as_of));
}

/* The steps that the state shows to be done. */
static void
meet_state(json_t *view, enum alert_state s, int64_t now)
{
	switch (s) {
	case ALERT_RESPONDING:
		deadline_meet(view, DEADLINE_RESPOND, now);
		/* fallthrough */
	case ALERT_CHARACTERISED:
		deadline_meet(view, DEADLINE_ASSESS, now);
		/* fallthrough */
	case ALERT_ASSESSING:
	case ALERT_MONITORING:
	case ALERT_DISCARDED:
	case ALERT_CLOSED:
	case ALERT_MERGED:
		deadline_meet(view, DEADLINE_VERIFY, now);
		/* fallthrough */
	case ALERT_ACKNOWLEDGED:
	case ALERT_VERIFYING:
		deadline_meet(view, DEADLINE_ACKNOWLEDGE, now);
		break;
	case ALERT_OPEN:
	case ALERT_REOPENED:
	case ALERT_STATES:
		break;
	}
}

void
desk_work_open(const struct desk *d, const struct signal *s, struct alert *a)
{
	const struct trigger *t = &d->triggers->at[a->trigger];
	int64_t now;

	if (d->now_ms == NULL)
		return;
	now = d->now_ms(d->now_arg);
	json_object_set_new(a->view, "opened_ms", json_integer(now));
	if (t->deadlines != NULL && d->announce &&
	    deadline_start(a->view, t->deadlines_name, t->deadlines, now) < 0)
		log_error("desk: no memory for the deadlines of %s", a->id);
	meet_state(a->view, a->state, now);
	desk_work_grow(d, s, a);
}

void
desk_work_release(const struct desk *d, struct alert *a)
{
	const json_t *opened = json_object_get(a->view, "opened_ms");

	if (d->now_ms != NULL && json_is_integer(opened))
		deadline_put_off(a->view, d->now_ms(d->now_arg) -
						  json_integer_value(opened));
}

void
desk_work_act(struct alert *a, const struct desk_act *act)
{
	if (act->verb == DESK_REPORT)
		deadline_meet(a->view, DEADLINE_REPORT, act->at_ms);
	if (act->verb == DESK_TASK)
		task_finish(task_find(a->view, act->outcome), act->actor,
			    act->note, act->at_ms);
	meet_state(a->view, a->state, act->at_ms);
	if (alert_done(a->state) || act->verb == DESK_REOPEN)
		deadline_off(a->view, alert_done(a->state), act->at_ms);
}
