#ifndef TOCSIN_DETECT_H
#define TOCSIN_DETECT_H

/*
 * The contract between tocsin and an outbreak detector: a verdict is a pure
 * function of a window, which is a series' recent past with holes.  Nothing
 * here allocates, reads a clock, logs or keeps state between calls; whoever
 * calls owns every byte.  A revision is "change a cell, judge again".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DET_MAX_PARAMS 16
#define DET_MAX_COUNT 9007199254740992.0 /* 2^53: exact in a double */
#define DET_REACH_ALL SIZE_MAX

enum det_period { DET_DAY = 1, DET_WEEK = 7 };

/* Unknown is not zero and not normal: it says nothing about the count. */
enum det_level { DET_UNKNOWN, DET_NORMAL, DET_WARNING, DET_ALERT };

/* Why a level is unknown; DET_JUDGED with every other level. */
enum det_reason {
	DET_JUDGED,
	DET_LEARNING,	      /* the series is still too short */
	DET_BASELINE_MISSING, /* too few reports in the baseline */
	DET_REPORT_MISSING,   /* the judged cell itself is missing */
	DET_DEGENERATE	      /* the method has no answer here */
};

/* What a call can refuse; see det_strerror(). */
enum det_error {
	DET_OK = 0,
	DET_ERR_PARAM = -1,  /* unknown parameter name */
	DET_ERR_RANGE = -2,  /* value out of the parameter's range */
	DET_ERR_CHOICE = -3, /* not one of the parameter's choices */
	DET_ERR_METHOD = -4, /* unknown method */
	DET_ERR_WINDOW = -5  /* window breaks the contract below */
};

/* Marks of a cell, or'ed. */
#define DET_MARK_HOLIDAY 1u /* a public holiday at the site */
#define DET_MARK_CLOSED 2u  /* no report is expected */
#define DET_MARK_WORKED 4u  /* a Saturday or Sunday that is worked */
#define DET_MARK_PARTIAL                                                       \
	8u /* the period is not over: count and denominator \
			       are of what is in by now */

/*
 * n cells in order of time, one a period, oldest first.  Borrowed for the
 * call.  A count is 0..DET_MAX_COUNT, or NaN where there is no report.
 */
struct det_window {
	const double *count;
	const double *denom; /* NULL, or n cells: > 0, or NaN */
	const uint8_t *mark; /* NULL, or n cells of DET_MARK_* */
	size_t n;
	int64_t first_t; /* 1-based index of cell 0 in its series */
	int32_t first_day; /* cell 0, within 10^9: days since 1970-01-01; a week's is
				   its Monday.  Without dates t = 1 is
				   Monday 1970-01-05 */
	enum det_period period;
	bool dated; /* first_day is a real date: weeks are ISO weeks.
		       Otherwise a year has 52 weeks */
};

/* NaN stands wherever a method gives no such number; p is one-sided. */
struct det_verdict {
	double expected;
	double upper; /* the alarm limit in counts: those above it alarm, one
			 on it where the method's page says ties alarm; of the
			 sum where a method adds up periods */
	double statistic;
	double p;
	enum det_level level;
	enum det_reason reason;
};

struct det_param {
	const char *name; /* the key of --set and of the configuration */
	const char *unit; /* "sd", "probability", ""; whole numbers only
			     with "periods", "years" and "cases" */
	double def;	  /* index into choices where there are any */
	double min;
	double max;
	const char *const *choices; /* NULL, or NULL-terminated names */
	const char *help;
};

/*
 * A walk over cells begin..end-1 of a window, with what a method carries from
 * one cell to the next.  *state is what the cells before `begin` left, and
 * becomes what those before `end` leave; at begin 0 it is overwritten by a
 * first one.
 */
struct det_walk {
	size_t begin;
	size_t end;
	void *state;		 /* det_carry.bytes, aligned as malloc aligns */
	void *scratch;		 /* as for judge() */
	struct det_verdict *out; /* end - begin verdicts, or NULL: none wanted */
};

/*
 * How a method goes on from a saved state instead of from its beginning: what
 * detectors/trail.h rests on.  A state is good for any window with the same
 * first cell, and the same cells up to it; where reach is finite, for any that
 * holds the reach of the cell it is before.  There, all bytes 0 are a state
 * too, the one of knowing nothing: verdicts are the same, and cost more.
 */
struct det_carry {
	size_t bytes; /* of a state; those with equal bytes are equal */
	/*
	 * Cells before cell i that judging it, or any later cell, may read
	 * besides the state before it.
	 */
	size_t (*behind)(const double *p, const void *state, size_t i);
	/* Leaves the verdicts that det_method.judge() gives. */
	void (*walk)(const double *p, const struct det_window *w,
		     const struct det_walk *k);
	/*
	 * Reported periods after which what came before them is forgotten up
	 * to rounding, so that a window of as many gives the same verdict;
	 * NULL: never.
	 */
	size_t (*memory)(const double *p);
};

/*
 * One method.  Every slot is mandatory but carry.  p has one value a row of
 * param, in its order, already checked by det_params_set().
 */
struct det_method {
	const char *name;      /* "ears-c2" */
	const char *summary;   /* one line, for tocsin methods */
	const char *reference; /* paper and equation, or implementation */
	const struct det_param *param; /* ends with a NULL name */
	/*
	 * Periods one verdict reads, the judged one included, or
	 * DET_REACH_ALL where it reads back to the start of the series.
	 */
	size_t (*reach)(const double *p);
	/* Bytes of work space for a window of n cells. */
	size_t (*scratch)(const double *p, size_t n);
	/*
	 * Judges the cells from..w->n-1, each from what came up to and
	 * including it, into out[0..w->n-1-from].  scratch is aligned as
	 * malloc aligns.  Judging one cell or many gives the same verdicts.
	 * Returns DET_OK, or DET_ERR_WINDOW with nothing written.
	 */
	int (*judge)(const double *p, const struct det_window *w, size_t from,
		     void *scratch, struct det_verdict *out);
	/*
	 * NULL where nothing is worth carrying; never NULL where reach is
	 * DET_REACH_ALL.
	 */
	const struct det_carry *carry;
};

/* The method of that name, or NULL. */
const struct det_method *det_find(const char *name);

/* All methods in the order of the manual; NULL at and after the end. */
const struct det_method *det_at(size_t i);

/* Number of rows of m->param; fills p with the defaults. */
size_t det_params_default(const struct det_method *m, double p[DET_MAX_PARAMS]);

/*
 * True where a parameter takes whole numbers only, by its unit.
 */
bool det_param_whole(const struct det_param *param);

/*
 * Sets one parameter from text, a number or the name of a choice.  Returns
 * DET_OK or DET_ERR_PARAM, DET_ERR_RANGE, DET_ERR_CHOICE; p is unchanged
 * after an error.
 */
int det_params_set(const struct det_method *m, double p[DET_MAX_PARAMS],
		   const char *name, const char *value)
	__attribute__((warn_unused_result));

/*
 * m->judge() behind a check of the window: what a caller with data from
 * outside should use.  p needs no further check when it came from
 * det_params_default() and det_params_set().  scratch has at least
 * m->scratch(p, w->n) bytes.  Returns DET_OK, or DET_ERR_WINDOW (from > n, a
 * count or denominator out of range) with nothing written.
 */
int det_judge(const struct det_method *m, const double *p,
	      const struct det_window *w, size_t from, void *scratch,
	      struct det_verdict *out) __attribute__((warn_unused_result));

const char *det_strerror(int err);
const char *det_level_str(enum det_level level);    /* "alert" */
const char *det_reason_str(enum det_reason reason); /* "learning" */

#endif
