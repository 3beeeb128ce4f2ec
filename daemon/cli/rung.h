#ifndef TOCSIN_CLI_RUNG_H
#define TOCSIN_CLI_RUNG_H

/*
 * What a back-test rang, kept for a chart: the episodes of each trigger and
 * area, and pictures of them in text and as SVG.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/console/catalogue.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"

struct rung_episode {
	char id[DESK_ID_BYTES];
	size_t trigger;		   /* index in the set */
	uint32_t area;		   /* index in the registry */
	char site[REG_CODE_BYTES]; /* "" unless the trigger asks sites */
	char each[REG_CODE_BYTES]; /* indicator; "" unless it asks each */
	size_t points;
	int32_t ended;		       /* DAY_NONE: it went on to the end */
	int32_t since[COLOUR_RED + 1]; /* first day of a colour or a higher
					  one; DAY_NONE */
	enum colour grade;	       /* the highest */
};

/* All zero but the first four, which are borrowed, is empty. */
struct rung {
	const struct trigger_set *set;
	const struct registry *registry;
	const struct catalogue *catalogue;
	enum catalogue_language lang;
	struct rung_episode *at; /* in order of opening until rung_sort() */
	size_t n, cap;
	int32_t first, last; /* days weighed */
	size_t *areas;	     /* by trigger: areas or sites that it weighs */
	double *budget;	     /* by trigger: of all these areas, a year */
};

/* Takes in one event; others than a signal's are left out.  0, or -1: said. */
int rung_take(struct rung *r, const struct desk_event *event)
	__attribute__((warn_unused_result));
void rung_fini(struct rung *r);

/* Counts the areas with something to weigh; 0, or -1: said. */
int rung_areas(struct rung *r, const struct judge *judge)
	__attribute__((warn_unused_result));

/* By trigger, level from above, area, site and day. */
void rung_sort(struct rung *r);

/* The end of the lane (the same trigger and place) that begins with i. */
size_t rung_lane(const struct rung *r, size_t i);

/* Openings of a trigger by colour, and all of them in [COLOUR_NONE]. */
void rung_count(const struct rung *r, size_t trigger,
		size_t count[COLOUR_RED + 1]);

/* First day of the episode. */
int32_t rung_opened(const struct rung_episode *e);

/* One line on the trigger's openings, into buf. */
const char *rung_openings(const struct rung *r, size_t trigger, char *buf,
			  size_t cap);

/* How many an area and year that is; "" for a rule without a budget. */
const char *rung_rate(const struct rung *r, size_t trigger, char *buf,
		      size_t cap);

/* The trigger's name and title. */
const char *rung_title(const struct rung *r, size_t trigger, char *buf,
		       size_t cap);

/* The catalogue's text. */
const char *rung_say(const struct rung *r, const char *key);

/* The area's name in the language; its code where it has none. */
const char *rung_area_name(const struct rung *r, uint32_t area);

/* The name of a lane's place: a site's code, or an area's name. */
const char *rung_place(const struct rung *r, const struct rung_episode *e,
		       char *buf, size_t cap);

/* A table of events: a heading, and a line for each; see grid.h. */
struct grid *rung_table_new(const struct rung *r);
void rung_table_add(const struct rung *r, struct grid *g,
		    const struct desk_event *event);

/* A chart of width cells; coloured with ANSI codes where asked. */
void rung_print(const struct rung *r, FILE *out, size_t width, bool colour);

/* The same as a picture that stands by itself. */
void rung_svg(const struct rung *r, FILE *out);

#endif
