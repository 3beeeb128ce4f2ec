#ifndef TOCSIN_DESK_ALERT_H
#define TOCSIN_DESK_ALERT_H

/*
 * One alert: an episode of a trigger in an area (or at a site) that people
 * work to its end.  Two things that never mix: its state, which only people
 * change, through alert_next(), and its signal, which only weighing changes.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/desk/desk.h"
#include "daemon/desk/evidence.h"
#include "daemon/desk/trigger.h"
#include "daemon/desk/weigh.h"

enum alert_state {
	ALERT_OPEN,
	ALERT_ACKNOWLEDGED,
	ALERT_VERIFYING,
	ALERT_DISCARDED,
	ALERT_MONITORING,
	ALERT_ASSESSING,
	ALERT_CHARACTERISED,
	ALERT_RESPONDING,
	ALERT_CLOSED,
	ALERT_REOPENED,
	ALERT_MERGED,
	ALERT_STATES
};

const char *alert_state_str(enum alert_state s);

/* The state after the verb, or -1 where the verb does not apply. */
int alert_next(enum alert_state s, enum desk_verb verb);
/* "acknowledged" ..., the event's name for a verb. */
const char *alert_verb_event(enum desk_verb verb);
/* Nobody works on it any more: closed, discarded or merged. */
bool alert_done(enum alert_state s);

struct alert {
	char id[DESK_ID_BYTES];
	char previous[DESK_ID_BYTES]; /* the episode it follows, or "" */
	char parent[DESK_ID_BYTES];   /* that of the area above, or "" */
	char whole[DESK_ID_BYTES];    /* the stronger one of the same area that
					 it is part of, or "" */
	uint32_t trigger;	      /* index; UINT32_MAX: no longer there */
	uint32_t area, site;	      /* site: REG_NONE unless asked */
	uint32_t indicator; /* REG_NONE unless the trigger asks each */
	enum alert_state state;
	enum colour grade; /* highest so far */
	bool ended;	   /* the signal */
	bool unsupported;  /* the data that held it up were corrected away */
	bool upkeep;	   /* for the operator, see upkeep.h; no trigger */
	bool merged;	   /* opened for what areas below rang, not by itself */
	int32_t opened, first_day, last_day, last_signal; /* days */
	uint64_t classes; /* that have joined so far */
	size_t points;
	size_t children, told_children; /* alerts below it, and when told */
	double p, coverage, cases, told_cases;
	int64_t version;
	json_t *evidence, *kinds; /* as of the last event; owned */
	json_t *view;		  /* the alert as the API serves it; owned */
};

void alert_fini(struct alert *a);

/* 16 hex digits from trigger, place and first day. */
void alert_id(char id[DESK_ID_BYTES], const char *trigger, const char *area,
	      const char *site, int32_t first_day);

/*
 * The indicator that the alert of that view is about, REG_NONE where its
 * trigger does not ask each; where the view names none, its evidence does.
 */
uint32_t alert_indicator(const json_t *view, const struct registry *registry,
			 const struct trigger_set *triggers);

/* Writes a->view anew from the fields; keeps what people added.  0 or -1. */
int alert_render(struct alert *a, const struct registry *registry,
		 const struct trigger_set *triggers)
	__attribute__((warn_unused_result));

/* The event object of a signal's event; new reference or NULL. */
json_t *alert_event_body(const struct alert *a, const char *event,
			 int32_t as_of, const struct registry *registry,
			 const struct trigger_set *triggers);

/* Reads an alert back from its view; 0, or -1 with a reason in err. */
int alert_parse(struct alert *a, const json_t *view,
		const struct registry *registry,
		const struct trigger_set *triggers, char *err, size_t cap)
	__attribute__((warn_unused_result));

#endif
