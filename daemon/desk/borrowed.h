#ifndef TOCSIN_DESK_BORROWED_H
#define TOCSIN_DESK_BORROWED_H

/* Whose counts a verdict on a new series rests on, for people. */

#include <jansson.h>

#include "daemon/judge/judge.h"

/*
 * A new object: peers (their number), own (earlier reports of its own), area
 * (where the peers are).
 */
json_t *borrowed_json(const struct registry *registry,
		      const struct judge_borrowed *from);

#endif
