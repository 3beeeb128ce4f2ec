#ifndef TOCSIN_SCORE_H
#define TOCSIN_SCORE_H

/*
 * Scores the verdicts on one design's series: what share of outbreaks and of
 * outbreak periods is flagged, at what price in false flags.
 */

#include <stddef.h>
#include <stdint.h>

/* What one series came to at one threshold. */
struct score_row {
	uint32_t hits;	   /* outbreak periods flagged */
	uint32_t sick;	   /* outbreak periods */
	uint32_t false_on; /* other periods flagged */
	uint32_t well;	   /* other periods */
	uint32_t outbreak; /* 1 where there is one */
	uint32_t found;	   /* 1 where one of its periods is flagged */
	double delay;	   /* periods to the first flag; 0 if not found */
	double timeliness; /* delay / duration; 1 if not found */
};

/* Sums over series; percentages where the name says so. */
struct score {
	double fpr, se, pod, ppv, f1; /* percent */
	double delay;		      /* mean over the found ones */
	double timeliness;	      /* mean over all outbreaks */
};

/*
 * Scores one series: flag[i] != 0 is a flag, sick[i] != 0 an outbreak period,
 * for n periods.
 */
struct score_row score_series(const uint8_t *flag, const uint8_t *sick, size_t n);

/* Sums n rows, or those picked by index where pick is not NULL. */
struct score score_sum(const struct score_row *row, const uint32_t *pick,
		       size_t n);

/*
 * The largest threshold t for which no more than the share `fpr` of the n
 * p-values is <= t; sorts p.  -1 where even the smallest is too many.
 */
double score_threshold(double *p, size_t n, double fpr);

/* 95% percentile interval of a difference, from a paired bootstrap. */
struct score_interval {
	double low, high;
};

struct score_gain {
	struct score_interval pod, se, f1;
};

/* Ours minus theirs on the same n series, `draws` resamples. */
struct score_gain score_compare(const struct score_row *ours,
				const struct score_row *theirs, size_t n,
				size_t draws);

#endif
