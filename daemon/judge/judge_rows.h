#ifndef TOCSIN_JUDGE_ROWS_H
#define TOCSIN_JUDGE_ROWS_H

/* The inside of struct judge, for the files judge*.c. */

#include "daemon/judge/judge.h"
#include "daemon/judge/mark.h"
#include "daemon/judge/stream.h"

/* A method with its parameters and work space, for days or for weeks. */
struct bench {
	const struct det_method *method;
	double p[DET_MAX_PARAMS];
	double past; /* reports that an expectation rests on, at most */
	size_t reach;
	bool capped; /* the method reads to the start: reach is our limit */
	void *scratch;
	void *state;	/* what the method carries, of the series at hand */
	size_t carried; /* bytes of it; 0: nothing */
	uint32_t limit; /* periods in memory */
	uint32_t keep;	/* periods whose verdicts are kept */
};

struct sum {
	uint32_t area, kind, indicator;
	int period;
	uint32_t up;	       /* the parent area's sum, or REG_NONE */
	uint32_t next_of_area; /* chain */
	uint32_t *member;
	size_t members, cap;
	int32_t first, last; /* periods any member has reported on */
	int32_t dirty_from;
	struct judged judged;
	struct lent **lent; /* places by period; NULL until asked for */
	uint32_t moved;	    /* the turn in which a member was judged */
};

/* Periods that a site declared complete: bit i is the one i before last. */
struct closed {
	int32_t last;
	uint64_t marks; /* 0 = none yet */
};

/*
 * All members of a sum together, period by period from lo to hi: their counts,
 * and for how many periods by then every one of them has reported.
 */
struct columns {
	double *count;
	uint32_t *full;
	int32_t lo, hi;
	int32_t least; /* first report of any member */
};

/* Periods of a series that marks are about; events are not among them. */
struct span {
	int32_t first, last;
	enum mark_why why;
};

struct spans {
	struct span *at;
	size_t n;
};

/* Numbers of streams or sums that wait to be judged. */
struct queue {
	uint32_t *at;
	size_t n, cap;
};

/* Rows of peers, and new series; see judge_peers.c. */
struct lender;

struct judge {
	const struct registry *registry;
	struct bench day, week;
	struct stream *series;
	uint32_t *sum_of; /* of a series: its own area's sum, or REG_NONE */
	size_t series_n, series_cap;
	struct sum *sum;
	size_t sums, sums_cap;
	uint32_t *sum_first; /* of an area */
	size_t areas;
	struct closed *closed; /* of a site */
	size_t closed_n;
	const struct marks *marks; /* NULL: none */
	struct spans *spans;	   /* of a series; beyond spans_n: none */
	size_t spans_n;
	struct queue dirty_series, dirty_sums;
	uint32_t *touched; /* list, and a flag an area */
	uint8_t *is_touched;
	size_t touched_n;
	/* One window, as long as the longest history. */
	double *count, *denom, *weight, *denom_weight;
	uint32_t *cells, *denoms; /* the same of one stream, as it lies there */
	uint8_t *mark;
	struct columns columns;		     /* of the sum at hand */
	uint32_t *chosen;		     /* members of the sum at hand */
	const struct calendar *sum_calendar; /* of the sum at hand */
	size_t chosen_cap;
	struct det_verdict *verdict;
	double *prudent; /* p for fusion, of judge_sum_run() */
	size_t verdict_cap;
	struct lender *lender;
	struct judge_stats stats;
};

/* The bench of a period of 1 or 7 days. */
const struct bench *judge_bench(const struct judge *j, int period);

/*
 * Judges the periods from..to of one series or sum into j->verdict, turned
 * towards the indicator's worrying side.  The periods must lie at or after
 * the first report.  0, or -1 when already logged.
 */
int judge_series_run(struct judge *j, uint32_t series, int32_t from, int32_t to);
int judge_sum_run(struct judge *j, uint32_t sum, int32_t from, int32_t to);

/*
 * The marks of the window's periods, of a site that reports on such days, in
 * j->mark; NULL without a calendar.
 */
const uint8_t *judge_marks(struct judge *j, const struct calendar *c,
			   enum reg_expect expect, const struct det_window *w);

/* Marks cell i of the window as of a period that is not over. */
void judge_mark_partial(struct judge *j, struct det_window *w, size_t i);

/* Room for n verdicts; 0 or -1 (logged). */
int judge_room(struct judge *j, size_t n);

/* The verdict's p, held above what its expectation and our modesty allow. */
double judge_prudent_p(double count, const struct det_verdict *v, double past);

/* Turns a verdict on high counts to the indicator's worrying side. */
void judge_turn(struct det_verdict *v, enum reg_direction direction);

/* The sum over the settled reporters of period t; NaN without any. */
void judge_sum_cell(struct judge *j, uint32_t sum, int32_t t,
		    struct judge_cell *out);

/* Sees to it that the series is in the sums of its areas; 0 or -1. */
int judge_sum_join(struct judge *j, uint32_t series);

/* Marks the sums that hold the series from period t on. */
void judge_sum_mark(struct judge *j, uint32_t series, int32_t t);

/* Has the series settled by period t?  Its site's period. */
bool judge_has_settled(const struct judge *j, uint32_t series, int32_t t,
		       int period);

/* The area has been judged again. */
void judge_touch(struct judge *j, uint32_t area);

/*
 * What a new series may borrow: its verdict on period t against peers.  peers
 * 0: nothing, for it has no report, has settled or reported before, reports
 * when it likes, or no area up to the province has enough of them.  Reads
 * what is in memory only, and what peers of an area say is kept in the sum
 * until one of their cells up to t changes.  The verdict's upper is found on
 * wish: it costs more than all the rest.
 */
struct loan {
	struct judge_borrowed from;
	struct det_verdict verdict;
};
void judge_borrow(const struct judge *j, uint32_t series, int32_t t, bool upper,
		  struct loan *out);

struct lender *judge_lender_new(void);
void judge_lender_free(struct lender **l);
/* What was lent of the sum from period t on is to be found anew. */
void judge_lent_forget(struct sum *s, int32_t t);
void judge_lent_free(struct sum *s);
/* A series has been judged: remembers new ones, and who moved. */
void judge_lender_note(struct judge *j, uint32_t series);
/* Touches the areas of new series whose peers have moved. */
void judge_lender_touch(struct judge *j);

int judge_queue_put(struct queue *q, uint32_t i);

/* From period t on the series has to be judged again, and its sums. */
void judge_mark(struct judge *j, uint32_t series, int32_t t);

/* What marks say of the series; NULL: nothing. */
const struct spans *judge_spans(const struct judge *j, uint32_t series);
/* Finds it out, for a series that is new or whose marks changed; 0 or -1. */
int judge_spans_find(struct judge *j, uint32_t series);
void judge_spans_free(struct judge *j);

/* x may be NULL in all of these. */
/* Is period t, where it is judged itself, as if there were no report? */
bool spans_void(const struct spans *x, int32_t t);
/* Are its counts wrong? */
bool spans_fault(const struct spans *x, int32_t t);
/* Is t missing from the window in which period `judged` is judged? */
bool spans_leave_out(const struct spans *x, int32_t t, int32_t judged);
/* The same of a window's cells, n from period begin on. */
void spans_empty(const struct spans *x, int32_t begin, size_t n, int32_t judged,
		 uint32_t *cell);
/* Why period t is marked, the strongest reason; NULL: it is not. */
const char *spans_why(const struct spans *x, int32_t t);
/* Does any lie in from..to? */
bool spans_meet(const struct spans *x, int32_t from, int32_t to);

#endif
