/*
 * The zero-run filter.  Zeros are alike, so that it is enough to know how
 * many of them go.
 */
#include "detectors/zeros.h"

#define UNLIKELY 0.01

/*
 * Whether a run of zeros may go out of n values with that many zeros: a zero
 * being as frequent as among the others, so many in a row are unlikely.
 */
static bool
may_go(size_t n, size_t zeros, size_t run)
{
	double others = (double)(n - run);
	double share = fmax(1, (double)(zeros - run)) / others;
	double chance = share;

	if (n == run)
		return false;
	for (size_t i = 1; i < run; i++)
		chance *= share;
	return chance <= UNLIKELY;
}

/* The longest run of zeros shorter than `below`, and how many there are. */
static size_t
longest_run(const double *value, size_t n, size_t below, size_t *times)
{
	size_t best = 0;
	size_t run = 0;

	*times = 0;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && value[i] == 0) {
			run++;
			continue;
		}
		if (run > best && run < below) {
			best = run;
			*times = 1;
		} else if (run > 0 && run == best) {
			(*times)++;
		}
		run = 0;
	}
	return best;
}

static size_t
count_zeros(const double *value, size_t n)
{
	size_t zeros = 0;

	for (size_t i = 0; i < n; i++)
		zeros += value[i] == 0;
	return zeros;
}

static size_t
excess_of_long(const double *value, size_t n)
{
	size_t zeros = count_zeros(value, n);
	size_t gone = 0;
	size_t times;
	size_t run = n + 1;

	while ((run = longest_run(value, n, run, &times)) > 0) {
		for (; times > 0; times--) {
			if (!may_go(n - gone, zeros - gone, run))
				return gone;
			gone += run;
		}
	}
	return gone;
}

struct zeros_base
zeros_base(const double *value, size_t n, size_t excess)
{
	struct zeros_base b = { NAN, NAN, 0 };
	double sum = 0;
	double square = 0;
	size_t zeros = count_zeros(value, n);

	if (n - zeros < 2)
		return b;
	b.n = n - excess;
	for (size_t i = 0; i < n; i++)
		sum += value[i];
	b.mean = sum / (double)b.n;
	for (size_t i = 0; i < n; i++) {
		double d = value[i] - b.mean;

		square += value[i] > 0 ? d * d : 0;
	}
	square += (double)(zeros - excess) * b.mean * b.mean;
	b.sd = sqrt(square / (double)(b.n - 1));
	return b;
}

size_t
zeros_count_of_bits(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}

size_t
zeros_excess_of_bits(uint64_t zeros, size_t n)
{
	uint64_t longer[ZEROS_MAX_BITS + 1]; /* ones where such a run begins */
	size_t all = zeros_count_of_bits(zeros);
	size_t run = 1;
	size_t gone = 0;
	size_t times = 0; /* runs that were longer */

	/* one zero in so few values is never unlikely */
	if ((zeros & (zeros >> 1)) == 0)
		return 0;
	longer[1] = zeros;
	while (longer[run] != 0 && run < ZEROS_MAX_BITS) {
		longer[run + 1] = longer[run] & (longer[run] >> 1);
		run++;
	}
	for (; run > 0; run--) {
		uint64_t begins = longer[run] & ~(longer[run] << 1);
		size_t now = zeros_count_of_bits(begins);

		for (; times < now; times++) {
			if (!may_go(n - gone, all - gone, run))
				return gone;
			gone += run;
		}
	}
	return gone;
}

size_t
zeros_excess(const double *value, size_t n)
{
	uint64_t zeros = 0;

	if (n > ZEROS_MAX_BITS)
		return excess_of_long(value, n);
	for (size_t i = 0; i < n; i++)
		zeros = zeros << 1 | (uint64_t)(value[i] == 0);
	return zeros_excess_of_bits(zeros, n);
}
