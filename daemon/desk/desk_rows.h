#ifndef TOCSIN_DESK_ROWS_H
#define TOCSIN_DESK_ROWS_H

/* The inside of struct desk, for desk.c and desk_act.c only. */

#include "daemon/desk/alert.h"
#include "daemon/desk/desk.h"
#include "daemon/judge/names.h"

struct desk {
	const struct registry *registry;
	struct judge *judge;
	const struct trigger_set *triggers;
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
	int32_t as_of;
	bool announce;
};

/* A copy that owns what it holds. */
struct alert desk_copy(const struct alert *a);

/*
 * The one place where an alert changes: numbers the event, renders the alert,
 * hands both to the sink, and only then lets next (taken over in any case)
 * take the place of a; a NULL = a new alert.  body: what a person did, NULL =
 * the signal's own event.  0, or -1 (logged) with the alert as it was.
 */
int desk_apply(struct desk *d, struct alert *a, struct alert *next,
	       const char *name, const json_t *body, bool announce)
	__attribute__((warn_unused_result));

/* The alert of that id, or NULL. */
struct alert *desk_find(const struct desk *d, const char *id);

#endif
