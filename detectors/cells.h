#ifndef TOCSIN_CELLS_H
#define TOCSIN_CELLS_H

/*
 * Reading a window: which cells are reports, the last reports before a cell,
 * and their moments.  Inside the library only.
 */

#include <math.h>

#include "detectors/detect.h"

/*
 * A baseline of `want` reports skips cells without one, but reads no further
 * back than this many times as many cells.
 */
#define CELLS_MAX_AGE 3

/* A threshold counts as reached this close to it: ties alarm. */
#define CELLS_TIE 1e-9

/*
 * The count of cell i, or NaN: no report, or a zero where the site is closed,
 * which is no report either.
 */
static inline double
cells_count(const struct det_window *w, size_t i)
{
	if (w->mark != NULL && (w->mark[i] & DET_MARK_CLOSED) != 0 &&
	    w->count[i] == 0)
		return NAN;
	return w->count[i];
}

/*
 * A holiday, a worked weekend day or a day that is not over: it says nothing
 * about ordinary days.
 */
static inline bool
cells_special(const struct det_window *w, size_t i)
{
	return w->mark != NULL &&
	       (w->mark[i] &
		(DET_MARK_HOLIDAY | DET_MARK_WORKED | DET_MARK_PARTIAL)) != 0;
}

/*
 * Weekday of cell i of a daily window, 0 = Monday .. 6 = Sunday; 0 in a
 * weekly one.
 */
int cells_weekday(const struct det_window *w, size_t i);

/*
 * Writes the last `want` reports before cell i, newest first, leaving out
 * special days, the `guard` cells next to it and whatever is older than CELLS_MAX_AGE * want
 * cells behind those.  Returns how many there are, at most want.
 */
size_t cells_before(const struct det_window *w, size_t i, size_t guard,
		    size_t want, double *value);

/* The denominators of the same reports, of a window that has denominators. */
size_t cells_denoms_before(const struct det_window *w, size_t i, size_t guard,
			   size_t want, double *denom);

/* Cells that cells_before() may read, and the judged one. */
static inline size_t
cells_reach(size_t guard, size_t want)
{
	return 1 + guard + CELLS_MAX_AGE * want;
}

/* Why fewer than wanted were found: the series' age, or holes in it. */
enum det_reason cells_why_short(const struct det_window *w, size_t i,
				size_t guard, size_t want);

/*
 * Recursive methods run in chains, so that a verdict is a function of its
 * reach: time is cut into blocks of `horizon` periods, counted from
 * 1970-01-01, and the verdicts of a block come from a chain that starts with
 * the block before it, that is at least `horizon` periods back.
 */
struct cells_chain {
	size_t start; /* first cell of the chain */
	size_t end;   /* cell behind the block of cell i, at most w->n */
};
struct cells_chain cells_chain(const struct det_window *w, size_t i,
			       size_t horizon);

/* Cells from the chain's start to the last cell it judges. */
static inline size_t
cells_chain_reach(size_t horizon)
{
	return 2 * horizon;
}

struct cells_moments {
	double mean;
	double sd; /* n - 1 */
};

/* n >= 2; two passes, so that large counts lose nothing. */
struct cells_moments cells_moments(const double *value, size_t n);

/*
 * judge() of a method that carries a state: walks from the window's first
 * cell, with verdicts from cell `from` on.  k names state, scratch and out.
 */
int cells_walk(const struct det_carry *carry, const double *p,
	       const struct det_window *w, size_t from, struct det_walk *k);

/* scratch() of a method that needs none. */
size_t cells_no_scratch(const double *p, size_t n);

/* Whether the cells lo..hi-1 keep the window's contract. */
bool cells_ok(const struct det_window *w, size_t lo, size_t hi);

/* Takes back what a tail of libRmath passed 1 by: a rounding. */
static inline void
cells_clamp(struct det_verdict *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i].p = out[i].p > 1 ? 1 : out[i].p;
}

/* A verdict of level unknown. */
struct det_verdict cells_unknown(enum det_reason reason);

/* The upper tail of the standard normal distribution. */
double cells_normal_tail(double z);

#endif
