#ifndef TOCSIN_DESIGNS_H
#define TOCSIN_DESIGNS_H

/*
 * The two published simulation designs of outbreak detection, from seeds.
 * Weekly: Noufaily and others 2013 (Statistics in Medicine 32:1206), as used
 * by Bedubourg and Le Strat 2017.  Daily: Noufaily and others 2019
 * (Bioinformatics 35:3110) without bank holidays and seasonal extras.
 */

#include <stddef.h>
#include <stdint.h>

#include "detectors/detect.h"

#define DESIGN_MAX 2600

enum design_kind { DESIGN_WEEKLY, DESIGN_DAILY };

/* One series with the truth about it.  Cells before `test` are history. */
struct design_series {
	size_t n;
	size_t test;  /* the first scored cell */
	int scenario; /* 0-based */
	double k;     /* size of the outbreak in standard deviations */
	double phi;   /* variance over mean of what is drawn */
	double div;   /* counts are what is drawn, divided by this */
	double count[DESIGN_MAX];
	double mean[DESIGN_MAX];      /* of what is drawn; 0 where closed */
	uint8_t outbreak[DESIGN_MAX]; /* 1 where there are outbreak cases */
};

struct design {
	const char *name;
	enum det_period period;
	int scenarios;
	int sizes; /* different k */
};

extern const struct design design_weekly; /* 42 scenarios, k 1..10 */
extern const struct design design_daily;  /* 16 signals, k 2 3 5 10 */

/*
 * Makes series number `i` (0 .. reps * scenarios * sizes - 1) of a design;
 * every run of scenarios * sizes numbers holds each combination once.
 */
void design_make(const struct design *d, uint64_t seed, size_t i,
		 struct design_series *out);

/* The window of all its cells; first_day is a Monday. */
struct det_window design_window(const struct design *d,
				const struct design_series *s);

#endif
