#ifndef TOCSIN_BENCH_INGEST_LIMITS_H
#define TOCSIN_BENCH_INGEST_LIMITS_H

/* How fast the doors could be: the plan's frames, only counted. */

#include "tests/bench/ingest_load.h"

/* ZeroMQ with CURVE, as fast as it goes.  Prints JSON; 0 or 1. */
int limits_frames(const struct plan *p);

/* POST to evhttp, a connection a sender, each request answered. */
int limits_http(const struct plan *p);

#endif
