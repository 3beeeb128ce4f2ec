#ifndef TOCSIN_DESK_EVIDENCE_H
#define TOCSIN_DESK_EVIDENCE_H

/*
 * What a signal shows for itself: the series at warning or alert within the
 * trigger's window, most extreme first, and how complete the reports were.
 * Where many small p add up and no series is at warning, the few that weigh
 * most, each with "weak": true, so that no signal is without a reason.  Where
 * the rule found a group of areas, only theirs.  A verdict on a new series has
 * "borrowed", and the method "peers".
 */

#include <jansson.h>

#include "daemon/desk/trigger.h"
#include "daemon/desk/weigh.h"

#define EVIDENCE_MAX 60 /* series listed with a signal */
#define EVIDENCE_WEAK 5 /* the same where none is at warning */

struct evidence {
	json_t *list;		     /* array of objects; owned */
	json_t *kinds;		     /* array of codes of kinds in it; owned */
	int32_t first_day, last_day; /* DAY_NONE without any */
	size_t more;		     /* series beyond EVIDENCE_MAX */
	double cases; /* excess over expectation, or cases of the rule */
};

/* 0, or -1 (already logged). */
int evidence_collect(struct judge *judge, const struct registry *registry,
		     const struct trigger *t, const struct weighing *g,
		     struct evidence *out) __attribute__((warn_unused_result));
void evidence_fini(struct evidence *e);

/*
 * Share of the reports expected within the window that are in; NaN where none
 * is expected.
 */
double evidence_coverage(const struct judge *judge,
			 const struct registry *registry,
			 const struct trigger *t, const struct weighing *g);

/*
 * Is at least one of the list's series still at warning or alert on its day,
 * or, if it is weak, still high?  True too where the judge no longer remembers
 * the day.
 */
bool evidence_stands(const struct judge *judge, const struct registry *registry,
		     const json_t *list);

#endif
