#ifndef TOCSIN_JUDGE_MARK_H
#define TOCSIN_JUDGE_MARK_H

/*
 * Marks: days of a place whose counts have a known reason.  What each does to
 * verdicts is said here and in docs/marks.md; judge_set_marks() does it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/judge/registry.h"
#include "daemon/judge/table.h"

#define MARK_MAX_DAYS 400
#define MARK_MAX_WORDS 32 /* kinds, and indicators, of one mark */
#define MARK_MAX_TEXT 500 /* bytes */
#define MARK_MAX 1000	  /* marks in force */
#define MARK_ID_BYTES 17  /* of an alert */
#define MARK_ACTOR_BYTES 128

enum mark_why {
	/* No part of other days' baselines; judged itself. */
	MARK_OUTBREAK,
	/* No part of baselines, and no evidence: the verdict is unknown. */
	MARK_CAUSE,
	/* Missing everywhere in judging, in rules of cases too. */
	MARK_FAULT,
	/* Shown; changes no verdict. */
	MARK_EVENT
};

struct mark {
	int64_t number; /* the store's, from 1; 0 = not stored */
	uint32_t area;	/* of the place, or of the site */
	uint32_t site;	/* REG_NONE: the whole area */
	uint32_t kind[MARK_MAX_WORDS], indicator[MARK_MAX_WORDS];
	size_t kinds, indicators; /* 0 = all */
	int32_t first, last;	  /* days */
	enum mark_why why;
	char text[MARK_MAX_TEXT + 1];
	char alert[MARK_ID_BYTES]; /* it was made from, or "" */
	char actor[MARK_ACTOR_BYTES];
	int64_t at_us; /* when it was made */
};

/* Those in force, in the order in which they were made. */
struct marks {
	struct mark *at;
	size_t n, cap;
};

void mark_free_all(struct marks *all);
/* Copies it; 0, or -1 without memory (logged). */
int mark_put(struct marks *all, const struct mark *m)
	__attribute__((warn_unused_result));
const struct mark *mark_find(const struct marks *all, int64_t number);
void mark_drop(struct marks *all, int64_t number);

/* A mark in words, as the command line, JSON and CSV have it; none NULL. */
struct mark_words {
	const char *area, *site; /* one of them "" */
	/* Codes with blanks, commas or bars between them; "" = all. */
	const char *kinds, *indicators;
	const char *from, *to; /* dates */
	const char *why, *text;
};

/* 0, or -1 with a reason in err (cap bytes); number, alert, actor stay. */
int mark_read(const struct registry *r, const struct mark_words *w,
	      struct mark *out, char *err, size_t cap)
	__attribute__((warn_unused_result));

/*
 * Reads marks from a CSV file with the columns area, site, kinds, indicators,
 * from, to, why, text; rows with withdrawn_by are passed over, as are the other
 * columns of the interface.  The number of bad rows (all reported), or -1.
 */
int mark_read_csv(struct marks *all, const struct registry *r, const char *path,
		  table_report *report, void *arg)
	__attribute__((warn_unused_result));

const char *mark_why_str(enum mark_why why); /* "outbreak" */

/* Is the series one of those that the mark is about? */
bool mark_is_about(const struct mark *m, const struct registry *r,
		   uint32_t series);
/* Does it lie in the area, at the site, or the other way round? */
bool mark_meets(const struct mark *m, const struct registry *r, uint32_t area,
		uint32_t site);
bool mark_has_kind(const struct mark *m, uint32_t kind);
bool mark_has_indicator(const struct mark *m, uint32_t indicator);

#endif
