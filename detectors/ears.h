#ifndef TOCSIN_EARS_H
#define TOCSIN_EARS_H

/* What ears.c and its batch form share.  Inside the library only. */

#define EARS_RED 2.0
#define EARS_YELLOW 1.5

enum { EARS_BASELINE, EARS_GUARD, EARS_MIN_SIGMA, EARS_K };

#endif
