#ifndef TOCSIN_DESK_DESK_H
#define TOCSIN_DESK_DESK_H

/*
 * The alert desk: triggers weigh the evidence of areas, alerts are opened,
 * grow, are regraded and end as signals; people acknowledge and close them.
 * Knows no clock (the day comes in as an argument) and no store: every event
 * goes to a sink, which the daemon implements with the store and a back-test
 * with a printer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/judge/judge.h"
#include "daemon/judge/registry.h"

struct desk;
struct quality;
struct trigger_set; /* daemon/desk/trigger.h */

#define DESK_ID_BYTES                                                          \
	17 /* 16 hex digits of a hash of (trigger, area, first
			    day), and a NUL */

enum desk_verb {
	DESK_ACK,
	DESK_VERIFY,
	DESK_DISCARD,
	DESK_MONITOR,
	DESK_ASSESS,
	DESK_CHARACTERISE,
	DESK_RESPOND,
	DESK_CLOSE,
	DESK_REOPEN,
	DESK_NOTE,
	DESK_ASSIGN,
	DESK_MERGE,
	DESK_REPORT,
	DESK_TASK
};

/* What a person does to an alert. */
struct desk_act {
	enum desk_verb verb;
	const char *actor;   /* who; never empty */
	const char *note;    /* "" = none; close, discard, report and task need
				one */
	const char *outcome; /* close, discard: "outbreak", "artefact",
				"known-event", "holiday", "duplicate" or
				"other"; characterise: "" or "very-low", "low",
				"medium" or "high"; assign: to whom; merge: into
				which alert; task: its number */
	int64_t version;     /* the version the person saw, or -1 */
	int64_t at_ms;	     /* wall clock, shown, never compared */
};

/*
 * One alert event.  body is the object that a back-test prints and the API
 * serves: event, as_of, id, trigger, area, level, grade, kinds, points, p,
 * coverage, first_day, last_day, evidence[...], and merged_below where the
 * alert merges what areas below rang; the event of a person has
 * event, as_of, id, actor, note, from and to.  alert is the alert as it
 * stands after the event: the same fields and state, version, signal, title.
 */
struct desk_event {
	const char *id;
	const char *name; /* "opened", "grew", "acknowledged" ... */
	int32_t as_of;
	int64_t version; /* of the alert, from 1, one an event */
	const json_t *body;
	const json_t *alert;
	bool announce;	 /* people are told */
	bool state_only; /* the alert is kept, the event makes no history */
	/*
	 * From this area upwards people are told of it by the merged alert of
	 * that area; who looks after a place below is told of this one.
	 * REG_NONE: everybody is.
	 */
	uint32_t covered;
	int64_t at_ms; /* by the desk's clock; 0: it has none */
	/*
	 * The one area whose people are told, because a clock was missed in an
	 * area below; NULL: those whom the alert concerns.
	 */
	const uint32_t *called;
};

/*
 * Takes an event; borrowed for the call.  0, or -1 (already logged): the
 * alert then stays as it was, and the desk stops weighing until desk_weigh()
 * is called again.
 *
 * Events of the signal: opened, grew, regraded, ended, unsupported, supported.
 * Of its clocks: escalated, see desk_escalate().
 * Further ones follow from these and so make no history: continued keeps the
 * last day with a signal, so that a start knows when the signal ends; linked
 * writes down which alert is part of which; released says that an alert is no
 * longer part of another.
 */
typedef int desk_sink(void *arg, const struct desk_event *event);

/* All borrowed for the desk's life. */
struct desk *desk_new(const struct registry *registry, struct judge *judge,
		      struct trigger_set *triggers, desk_sink *sink, void *arg);
void desk_free(struct desk **d);

/*
 * Where the wall clock comes from; without one alerts have no deadlines, no
 * tasks and no frozen charts, as in a back-test.
 */
void desk_set_clock(struct desk *d, int64_t (*now_ms)(void *arg), void *arg);

/*
 * Who knows which sites hand in their past, of which nothing is told.  Without
 * it, none does.
 */
void desk_set_quality(struct desk *d, const struct quality *quality);

/*
 * Who would be told of the event, as names into out (at most cap, borrowed);
 * how many.
 */
typedef size_t desk_reach(void *arg, const struct desk_event *event,
			  const char **out, size_t cap);

/* Should somebody be on duty in the area then, and nobody is? */
typedef bool desk_vacant(void *arg, uint32_t area, int64_t at_ms);

/* Without reach nobody is told of missed clocks; vacant may be NULL. */
void desk_set_reach(struct desk *d, desk_reach *reach, desk_vacant *vacant,
		    void *arg);

/*
 * Looks which clocks of living alerts are missed at that time.  The area above
 * is told once of each, and after the block's next_level the one above that;
 * an area where nobody can be told is passed over at once.  Where nobody is on
 * duty in the alert's own area, the clock for its acknowledgement is told above
 * at once, and the event says vacant.  Each telling is an event "escalated": clocks [{step, due_ms}], to (area, area_name,
 * area_name_zh, level; null: nobody above could be told), told (names), passed
 * (codes of areas) and at_ms, beside what names the alert.  At most so many
 * alerts are looked at, going on where the last call ended; 0: all.
 */
int desk_escalate(struct desk *d, int64_t now_ms, size_t most)
	__attribute__((warn_unused_result));

/* How often an area of that level was told, since the start. */
uint64_t desk_escalations(const struct desk *d, enum reg_level level);

/* Puts back an alert from its stored form; 0, or -1 when already logged. */
int desk_restore(struct desk *d, const json_t *alert)
	__attribute__((warn_unused_result));

/*
 * After all are restored: the days of the first desk_weigh() ever (DAY_NONE:
 * not known, it begins anew) and of the last one.
 */
void desk_resume(struct desk *d, int32_t since, int32_t as_of);
/* The day of the last desk_weigh(); DAY_NONE without any. */
int32_t desk_as_of(const struct desk *d);

/*
 * Weighs every trigger for every area as of the end of the day, with what
 * the judge holds now; the judge must be idle.  Weighing the same day again
 * with nothing changed gives no event.  announce = false: history is being
 * back-filled, events carry announce = false.
 */
int desk_weigh(struct desk *d, int32_t as_of, bool announce)
	__attribute__((warn_unused_result));

enum desk_refusal {
	DESK_DONE = 0,
	DESK_NO_ALERT = -1,
	DESK_STALE = -2,       /* version is not the current one */
	DESK_WRONG_STATE = -3, /* the verb does not apply; err says which do */
	DESK_NEEDS_NOTE = -4,
	DESK_NEEDS_OUTCOME = -5, /* there is none, or no such word */
	DESK_FAILED = -6	 /* the sink refused; already logged */
};
/* err (cap bytes) gets a sentence for the person after a refusal. */
int desk_act(struct desk *d, const char *id, const struct desk_act *act,
	     char *err, size_t cap) __attribute__((warn_unused_result));

/* The alert as it stands (borrowed until the next call), or NULL. */
const json_t *desk_alert(const struct desk *d, const char *id);
size_t desk_alerts(const struct desk *d);
const json_t *desk_alert_at(const struct desk *d, size_t i);

int desk_verb_parse(const char *text); /* -1 = no such verb */
/* "ack" ..; NULL past the last verb. */
const char *desk_verb_str(enum desk_verb verb);

/* Those in force. */
const struct trigger_set *desk_triggers(const struct desk *d);

/*
 * New triggers after a reload, borrowed from now on; alerts of triggers that
 * are gone stay, without further weighing.  The next desk_weigh() goes by them.
 */
void desk_set_triggers(struct desk *d, struct trigger_set *triggers);

#endif
