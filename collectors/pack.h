#ifndef TOCSIN_COLLECTORS_PACK_H
#define TOCSIN_COLLECTORS_PACK_H

/*
 * Packs counts into frames and puts them into the outbox: a frame holds
 * counts of one county (Kafka's partitions need that), sorted by series, and
 * never more bytes than the centre said it takes, nor than WIRE_MAX_FRAME.
 *
 * Counts that bring no revision get the outbox's, one for a whole input; a
 * second value for the same cell within an input gets the next one, so that
 * the later row wins.
 */

#include <stddef.h>
#include <stdint.h>

#include "collectors/outbox.h"

struct text_row;
struct text_closed;
struct counties;
struct pack;

struct pack_conf {
	const char *sender; /* this collector's code; borrowed */
	const char *county; /* of sites that counties does not name */
	const struct counties *counties; /* may be NULL; borrowed */
	size_t frame_counts;		 /* at most, 1..WIRE_MAX_COUNTS */
};

struct pack *pack_new(struct outbox *o, const struct pack_conf *conf);
void pack_free(struct pack **p);

/* Inside outbox_begin() .. outbox_commit(): starts an input. */
void pack_begin(struct pack *p, int64_t now_ms);
/* 0; 1 = the outbox is full; -1 = already logged. */
int pack_row(struct pack *p, const struct text_row *row)
	__attribute__((warn_unused_result));
int pack_closed(struct pack *p, const struct text_closed *closed)
	__attribute__((warn_unused_result));
/* Puts what is left; before outbox_commit(). */
int pack_finish(struct pack *p) __attribute__((warn_unused_result));

/* Which county a site is in, from a table like sites.csv. */
struct counties *counties_load(const char *path);
void counties_free(struct counties **c);
/* NULL where the table does not name the site. */
const char *counties_find(const struct counties *c, const char *site);

#endif
