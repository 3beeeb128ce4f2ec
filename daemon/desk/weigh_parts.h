#ifndef TOCSIN_DESK_WEIGH_PARTS_H
#define TOCSIN_DESK_WEIGH_PARTS_H

/* What weigh.c and weigh_rules.c share; nobody else needs it. */

#include "daemon/desk/weigh.h"

#define HISTORY_DAYS 42 /* of kinds' p, for their correlation */

/* One series or sum whose p is asked day by day. */
struct ref {
	uint32_t id;
	bool is_sum;
	int period;
};

/* A list of references, a level of them. */
struct refs {
	struct ref *at;
	size_t n, cap;
};

enum { LEVEL_OWN, LEVEL_BELOW, LEVEL_SERIES, LEVELS };

struct scale {
	const struct registry *registry;
	struct judge *judge;
	struct refs level[LEVELS]; /* of the kind at hand */
	int32_t told_from;	   /* its first day that may ring */
	double *p;		   /* room for the longest level */
	size_t p_cap;
	/* z[day * kinds + kind] and p[kind][day] of the area at hand */
	double score[HISTORY_DAYS * FUSE_MAX_KINDS];
	double day_p[FUSE_MAX_KINDS][HISTORY_DAYS];
	double r[FUSE_MAX_KINDS * FUSE_MAX_KINDS];
};

/* Fused p of the area by rule fusion, with kinds and points filled in. */
void weigh_fusion(struct scale *w, const struct trigger *t, uint32_t area,
		  int32_t as_of, struct weighing *out);

/* The other rules. */
void weigh_kinds(const struct trigger *t, struct weighing *out);
void weigh_neighbours(struct scale *w, const struct trigger *t,
		      struct weighing *out);
void weigh_scan(struct scale *w, const struct trigger *t, struct weighing *out);
void weigh_cases(struct scale *w, const struct trigger *t, struct weighing *out);
void weigh_percentile(struct scale *w, const struct trigger *t,
		      struct weighing *out);

/* Is b near a?  An area is near itself; unknown places are near nothing. */
bool weigh_near(const struct scale *w, const struct trigger *t, uint32_t a,
		uint32_t b);

/* Room for n numbers in w->p; false (logged) without memory. */
bool weigh_room(struct scale *w, size_t n);

#endif
