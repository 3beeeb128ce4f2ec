#ifndef TOCSIN_TRIGGER_PARTS_H
#define TOCSIN_TRIGGER_PARTS_H

/* The parts of bench-trigger; each prints its own section in Markdown. */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/desk/trigger.h"

struct bench {
	const char *etc;  /* folder of kinds.csv and triggers.d */
	const char *city; /* folder of New York's counts; NULL: not here */
	bool quick;	  /* few years and counties: a look, no measurement */
};

/* Shipped triggers by the names of their files; NULL: said. */
struct trigger_set *bench_load(const char *etc, const char *const *name,
			       size_t n);
/* Seconds of processor; the bench has one thread. */
double bench_seconds(void);

/* 0, or -1 (said on standard error). */
int bench_budget(const struct bench *b);
int bench_gain(const struct bench *b);
int bench_city(const struct bench *b);

#endif
