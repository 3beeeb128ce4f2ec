#ifndef TOCSIN_DESK_ROWS_H
#define TOCSIN_DESK_ROWS_H

/*
 * The inside of struct desk, for desk.c, desk_act.c, desk_signal.c,
 * desk_roll.c, desk_call.c and upkeep_alert.c only.
 *
 * A weighing goes in three steps, so that what rings is known as a whole
 * before anything is told: the signals of all places are gathered; it is
 * found which is part of which, and which areas above are rung by several
 * below; then each becomes an event of its alert.
 */

#include "daemon/desk/alert.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/evidence.h"
#include "daemon/desk/weigh.h"
#include "daemon/judge/names.h"

#define SIGNAL_NONE UINT32_MAX

/* One trigger at one place in one weighing: evidence, an alert, or both. */
struct signal {
	uint32_t trigger, area, site;
	uint32_t indicator; /* REG_NONE unless the trigger asks each */
	uint32_t alert;	    /* index of the current alert, SIGNAL_NONE */
	bool on;	    /* there is evidence: g and e are filled in */
	bool active;	    /* its alert goes on, and people are not done */
	bool merged;	    /* of what areas below rang, not by itself */
	bool replaces;	   /* people are done with the alert; a new one opens */
	const char *name;  /* of its event; NULL: none, or "continued" */
	enum colour grade; /* of the alert after this day */
	uint32_t parent;   /* signal of the area above, SIGNAL_NONE */
	uint32_t whole;	   /* the stronger one it is part of, SIGNAL_NONE */
	size_t below;	   /* signals whose parent it is */
	struct weighing g;
	struct evidence e;
	char id[DESK_ID_BYTES]; /* of the alert after this day */
};

struct signals {
	struct signal *at;
	size_t n, cap;
};

struct desk {
	const struct registry *registry;
	struct judge *judge;
	struct trigger_set *triggers;
	desk_sink *sink;
	void *arg;
	struct scale *scale;
	struct alert *alert;
	size_t n, cap;
	struct names ids;  /* number = index of alert */
	uint32_t *current; /* alerts whose signal has not ended */
	size_t current_n, current_cap;
	uint8_t *marked; /* areas to weigh */
	size_t marked_n;
	struct signals signals;	      /* of the weighing under way */
	int64_t (*now_ms)(void *arg); /* NULL: no clock */
	void *now_arg;
	desk_reach *reach; /* NULL: nobody */
	desk_vacant *vacant;
	void *reach_arg;
	uint64_t escalations[REG_LEVELS];
	size_t looked; /* alerts whose clocks were looked at */
	int32_t as_of;
	int32_t since; /* the first day weighed ever; DAY_NONE: not yet */
	const struct quality *quality; /* NULL: no site hands in its past */
	bool announce;
};

/* What an alert is about. */
struct desk_place {
	uint32_t trigger, area, site, indicator;
	bool merged;
};

/* An area as a whole. */
#define DESK_AREA(trigger, area, merged)                                       \
	(const struct desk_place)                                              \
	{                                                                      \
		trigger, area, REG_NONE, REG_NONE, merged                      \
	}

/* How a change of an alert becomes known. */
struct desk_change {
	const char *name;   /* of the event */
	const json_t *body; /* what a person did; NULL: the signal's own */
	bool announce;
	bool state_only;	/* see desk_event */
	uint32_t covered;	/* see desk_event */
	int64_t at_ms;		/* 0: what the clock says */
	const uint32_t *called; /* see desk_event */
};

/* A copy that owns what it holds. */
struct alert desk_copy(const struct alert *a);

/*
 * The one place where an alert changes: numbers the event, renders the alert,
 * hands both to the sink, and only then lets next (taken over in any case)
 * take the place of a; a NULL = a new alert.  0, or -1 (logged) with the alert
 * as it was.
 */
int desk_apply(struct desk *d, struct alert *a, struct alert *next,
	       const struct desk_change *change)
	__attribute__((warn_unused_result));

/* The alert of that id, or NULL. */
struct alert *desk_find(const struct desk *d, const char *id);

/* The alert of the place whose signal has not ended, or NULL. */
struct alert *desk_current(const struct desk *d, const struct desk_place *p);

/* The newest alert of the place, whatever its state, or NULL. */
const struct alert *desk_latest(const struct desk *d, const struct desk_place *p);

/* An id that no alert has, from trigger, place and day or a later one. */
void desk_new_id(const struct desk *d, char id[DESK_ID_BYTES],
		 const struct signal *s, int32_t day);

/* Kinds of the first list, then those that the second adds; a new list. */
json_t *desk_union(const json_t *old, const json_t *more);
size_t desk_bits(uint64_t x);

/* desk_cases.c */
/* Weighs a place with what alerts have told of it; a: the current one. */
void desk_look(struct desk *d, const struct desk_place *p,
	       const struct alert *a, struct weighing *out);
/* What the weighing adds to an episode: the event's name, or NULL. */
const char *desk_growth(const struct desk *d, const struct alert *a,
			const struct weighing *g, const struct evidence *e);

/* desk_signal.c */
/* Weighs every place; what it finds is added to d->signals. */
int desk_gather(struct desk *d) __attribute__((warn_unused_result));
/* A further, empty one; NULL without memory (logged). */
struct signal *desk_signal_add(struct desk *d);
/* The event of a signal of its own. */
int desk_signal_apply(struct desk *d, struct signal *s)
	__attribute__((warn_unused_result));
void desk_signals_clear(struct desk *d);
/* The evidence of the signal's alert: today's, or what it last showed. */
const json_t *desk_signal_evidence(const struct desk *d, const struct signal *s);

/* desk_work.c: what there is to do when an alert opens or grows, and what a
   person has done. */
void desk_work_open(const struct desk *d, const struct signal *s,
		    struct alert *a);
void desk_work_grow(const struct desk *d, const struct signal *s,
		    struct alert *a);
/* It is told by itself from now on: its clocks begin anew. */
void desk_work_release(const struct desk *d, struct alert *a);
void desk_work_act(struct alert *a, const struct desk_act *act);

/* desk_roll.c */
/* Which signal is part of which; adds those of areas above. */
int desk_relate(struct desk *d) __attribute__((warn_unused_result));
/* The event of a merged alert. */
int desk_merged_apply(struct desk *d, struct signal *s)
	__attribute__((warn_unused_result));
/* Writes the relations of a signal into its alert; true: they changed. */
bool desk_link(const struct desk *d, const struct signal *s, struct alert *a);
/* Relations that changed without any other event. */
int desk_link_all(struct desk *d) __attribute__((warn_unused_result));
/* The stronger one tells of it. */
bool desk_told_by_whole(const struct desk *d, const struct signal *s);
/* It is no longer part of a stronger one, but its alert still says so. */
bool desk_released(const struct desk *d, const struct signal *s);
/* The area from which upwards others tell of the signal, or REG_NONE. */
uint32_t desk_covered(const struct desk *d, const struct signal *s);

#endif
