#ifndef TOCSIN_BENCH_INGEST_LOAD_H
#define TOCSIN_BENCH_INGEST_LOAD_H

/* Senders for the intake's bench: who sends what, and how it is timed. */

#include <stdio.h>

#include "proto/wire.h"

#define MAX_SENDERS 64
#define MAX_INDICATORS 16

extern const char *const load_indicators[MAX_INDICATORS];

struct plan {
	const char *to; /* endpoint or file */
	int senders, sites, indicators, days, frame;
	int first, last; /* days since 1970 */
	const char *server_key;
	FILE *keys;	     /* "public secret" a sender */
	int rounds, seconds; /* each round is a revision of all counts */
};

/* Frames of one sender, encoded beforehand. */
struct frame {
	uint8_t *data;
	size_t len;
	double sent;
};

struct load;

struct load *load_new(const struct plan *p, int number, void *ctx);
void load_free(struct load **l);

/* All frames of a round, numbered from first_seq on; *n of them. */
struct frame *load_frames(struct load *l, int round, uint64_t first_seq,
			  size_t *n);
void load_frames_free(struct frame *f, size_t n);
/* A DEALER connected to the plan's endpoint. */
void *load_socket(struct load *l);

double load_now_s(void);

/* The value of a cell: small, and not the same every day and round. */
uint32_t load_value(int series, int day, int round);

/* Pushes it all to tocsind and prints the figures; 0 or 1. */
int load_send(const struct plan *p);

#endif
