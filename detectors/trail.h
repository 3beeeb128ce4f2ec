#ifndef TOCSIN_TRAIL_H
#define TOCSIN_TRAIL_H

/*
 * Judging one series again and again, as counts come, come late and are
 * revised.  What a recursive method carries from one period to the next is
 * saved every so many periods: a new period costs one step, and a revised one
 * is judged again from the last state saved before it, up to where the states
 * meet those saved before, or to the end.  Methods without such a state are
 * judged again as far as the revised cell reaches.
 *
 * The verdicts are those of det_judge() on the same window, bit for bit.  The
 * trail never changes a verdict, it saves time; whoever loses one begins a
 * new one.  Nothing here allocates.
 */

#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

/*
 * The caller sets the first five, and the rest to 0; then they are the
 * trail's.  A trail belongs to one series, method and set of parameters.
 */
struct det_trail {
	const struct det_method *method;
	const double *p;
	size_t every; /* periods from one saved state to the next, >= 1 */
	size_t cells; /* most cells its windows have */
	unsigned char *state; /* det_trail_bytes(), aligned as malloc aligns */

	size_t judged;	 /* cells whose verdicts are known */
	size_t low;	 /* first cell of these revised since, */
	size_t high;	 /* and the one behind the last; none: low >= high */
	size_t steps;	 /* periods the last det_trail_judge() went through */
	int64_t first_t; /* of the window, as in the last call */
	int32_t first_day;
};

/* Bytes of t->state; 0 where the method carries nothing. */
size_t det_trail_bytes(const struct det_method *m, size_t cells, size_t every);

/*
 * Says that the count, denominator or mark of cell i is no longer what it was
 * in the last call.  Cells behind the last window's end need no word.
 */
void det_trail_revise(struct det_trail *t, size_t i);

/*
 * Brings out[0..w->n-1], which holds the verdicts of the last call, up to
 * date.  A window that begins with another cell, or is shorter, is judged
 * anew from its beginning: that is where a method that reads back to the
 * start starts, and where one whose reference is learnt from the window's
 * first cells learns it.  scratch as for det_judge().  Returns DET_OK, or
 * DET_ERR_WINDOW with nothing written (a count out of range, more than
 * t->cells).
 */
int det_trail_judge(struct det_trail *t, const struct det_window *w,
		    void *scratch, struct det_verdict *out)
	__attribute__((warn_unused_result));

#endif
