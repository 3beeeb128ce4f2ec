#ifndef TOCSIN_SERIES_FILE_H
#define TOCSIN_SERIES_FILE_H

/*
 * A CSV file of series for offline use: columns series (optional), t or date,
 * count and denominator (optional), in any order; other columns are ignored.
 * Rows of a series may stand in any order and need not be together; periods
 * without a row become missing cells.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

/* One series, ready to be judged; n cells. */
struct series {
	char *name;	   /* "" without the column */
	int64_t first_t;   /* 1-based; of a dated series always 1 */
	int32_t first_day; /* of cell 0, a week's its Monday */
	int32_t *day;	   /* of a dated series' cells, as the file gave it */
	double *count;
	double *denom; /* NULL without the column */
	size_t n;
};

struct series_file {
	bool dated; /* the file has a date column */
	enum det_period period;
	struct series *series; /* in order of first appearance */
	size_t n;
};

/*
 * Reads path, "-" being standard input.  Returns NULL after one line on
 * standard error that names the file, the line and how to mend it.
 */
struct series_file *series_file_open(const char *path, enum det_period period);

/* Frees *f and sets it NULL; NULL is accepted. */
void series_file_free(struct series_file **f);

#endif
