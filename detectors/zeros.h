#ifndef TOCSIN_ZEROS_H
#define TOCSIN_ZEROS_H

/*
 * JHU/APL's filter of over-long runs of zeros (openessence-legacy 822b5e8,
 * FilterBaselineZeros3): a feed that was down or a site that was shut must
 * not deflate a baseline.  Inside the library only.
 */

#include <stddef.h>
#include <stdint.h>

#include "detectors/cells.h"

/*
 * Zeros to leave out of a baseline of n >= 0 values in order of time.  The
 * longest run of zeros goes first, while one of its length is unlikely among
 * what would be left (p <= .01); the first that is likely ends it.
 */
size_t zeros_excess(const double *value, size_t n);

/*
 * Mean and standard deviation (n - 1) without `excess` of the zeros, and how
 * many values stay.  Below 2 positive values nothing stays: n is 0.
 */
struct zeros_base {
	double mean;
	double sd;
	size_t n;
};
struct zeros_base zeros_base(const double *value, size_t n, size_t excess);

#define ZEROS_MAX_BITS 64

/*
 * The same for n <= ZEROS_MAX_BITS values, when the low n bits of `zeros` say
 * which are zero.
 */
size_t zeros_excess_of_bits(uint64_t zeros, size_t n);

/*
 * The same again for n <= ZEROS_WORD values of which `all` are zero; 0 where
 * fewer than two are positive.
 */
#define ZEROS_WORD 32
size_t zeros_excess_of_word(uint32_t zeros, size_t n, size_t all);

/*
 * The shortest run of zeros that may go out of n <= ZEROS_WORD values of which
 * `all` are zero; more than n where none may.
 */
size_t zeros_least_run(size_t n, size_t all);

/* How many bits are set. */
size_t zeros_count_of_bits(uint64_t x);

#endif
