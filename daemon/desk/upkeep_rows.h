#ifndef TOCSIN_DESK_UPKEEP_ROWS_H
#define TOCSIN_DESK_UPKEEP_ROWS_H

/* The inside of struct upkeep, for upkeep.c and upkeep_alert.c only. */

#include <jansson.h>

#include "daemon/desk/upkeep.h"
#include "daemon/judge/names.h"

/* The newest alert of one cause and one site, sender or the centre. */
struct upkeep_row {
	enum upkeep_cause cause;
	uint32_t alert; /* index in the desk */
	int32_t opened;
};

struct upkeep_gateway {
	uint32_t area; /* of one of its sites */
	size_t sites, silent;
	int32_t since; /* all are silent */
	bool wrong;
};

struct upkeep {
	const struct registry *registry;
	struct judge *judge;
	const struct quality *quality;
	struct desk *desk;
	struct names keys; /* "silence school-1" */
	struct upkeep_row *row;
	size_t rows_cap;
	struct zone_now now;
	int32_t today; /* the centre's */
	uint32_t next; /* site to look at */
	struct names gateways;
	struct upkeep_gateway *gateway, all;
	size_t gateways_cap;
	bool many;
	unsigned fine[UPKEEP_CAUSES]; /* looks in a row */
};

/* code: of the site or sender, "" = the centre; facts are taken. */
struct upkeep_fault {
	enum upkeep_cause cause;
	const char *code;
	uint32_t site, area; /* REG_NONE = none */
	int32_t since;
	json_t *facts; /* texts for the explanation */
};

/* Finds the operators' alerts that the desk holds.  0, or -1 (logged). */
int upkeep_restore(struct upkeep *u) __attribute__((warn_unused_result));

/* Is there an alert whose fault is not over? */
bool upkeep_is_on(const struct upkeep *u, enum upkeep_cause cause,
		  const char *code);
int upkeep_raise(struct upkeep *u, const struct upkeep_fault *f)
	__attribute__((warn_unused_result));
/* The fault, if there was one, is over. */
int upkeep_mend(struct upkeep *u, enum upkeep_cause cause, const char *code)
	__attribute__((warn_unused_result));

/* The first area without a parent, or REG_NONE. */
uint32_t upkeep_root(const struct upkeep *u);
/* Where the sender is: its own site, or the area of one that names it. */
void upkeep_find_sender(const struct upkeep *u, const char *code,
			struct upkeep_fault *f);

#endif
