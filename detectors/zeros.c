/*
 * The zero-run filter.  Zeros are alike, so that it is enough to know how
 * many of them go.
 */
#include "detectors/zeros.h"

#define UNLIKELY 0.01
#define WORD ZEROS_WORD

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

/*
 * least_run[p - 2][z]: the shortest run of zeros for which may_go() is true
 * among p positive values and z zeros, p + z <= WORD; NEVER where there is
 * none.  Longer runs may go too, but for one: see zeros_excess_of_word().
 */
#define NEVER 33
static const uint8_t least_run[WORD - 1][WORD - 1] = {
	{ 33, 33, 33, 33, 33, 33, 5,  6,  7,  7,  8,  9,  10, 10, 11, 12,
	  12, 13, 14, 14, 15, 16, 17, 17, 18, 19, 19, 20, 21, 21, 22 },
	{ 33, 33, 33, 33, 33, 4,  5,  6,  6,  7,  7,  8,  9,  9,  10,
	  10, 11, 12, 12, 13, 13, 14, 15, 15, 16, 17, 17, 18, 18, 19 },
	{ 33, 33, 33, 33, 3,  4,  5,  5,  6,  6,  7,  7,  8,  8, 9,
	  10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 17 },
	{ 33, 33, 33, 3,  3,  4,  4,  5,  5,  6,  6,  7,  7,  8,
	  8,  9,  9,  10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15 },
	{ 33, 33, 33, 3, 3,  4,	 4,  5,	 5,  6,	 6,  6,	 7, 7,
	  8,  8,  9,  9, 10, 10, 10, 11, 11, 12, 12, 13, 13 },
	{ 33, 33, 33, 3, 3, 4, 4, 4,  5,  5,  6,  6,  6,
	  7,  7,  8,  8, 9, 9, 9, 10, 10, 11, 11, 11, 12 },
	{ 33, 33, 33, 3, 3, 3, 4, 4, 5,	 5,  5,	 6, 6,
	  7,  7,  7,  8, 8, 8, 9, 9, 10, 10, 10, 11 },
	{ 33, 33, 33, 3, 3, 3, 4, 4, 4, 5, 5, 6,
	  6,  6,  7,  7, 7, 8, 8, 8, 9, 9, 9, 10 },
	{ 33, 33, 33, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9 },
	{ 33, 33, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8 },
	{ 33, 33, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 8 },
	{ 33, 33, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7 },
	{ 33, 33, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6 },
	{ 33, 33, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6 },
	{ 33, 33, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6 },
	{ 33, 33, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5 },
	{ 33, 33, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3, 3, 4 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3, 3 },
	{ 33, 33, 2, 2, 2, 3, 3, 3, 3 },
	{ 33, 33, 2, 2, 2, 3, 3, 3 },
	{ 33, 33, 2, 2, 2, 3, 3 },
	{ 33, 33, 2, 2, 2, 3 },
	{ 33, 33, 2, 2, 2 },
	{ 33, 33, 2, 2 },
	{ 33, 33, 2 },
	{ 33, 33 },
	{ 33 },
};

/* Bits at which `run` or more ones begin; 2 <= run, above 32 as 32. */
static inline uint64_t
runs_of(uint64_t ones, size_t run)
{
	size_t have = 1;

	for (int doubling = 0; doubling < 5; doubling++) {
		size_t more = run - have < have ? run - have : have;

		ones &= ones >> more;
		have += more;
	}
	return ones;
}

size_t
zeros_least_run(size_t n, size_t all)
{
	return n >= all + 2 ? least_run[n - all - 2][all] : NEVER;
}

size_t
zeros_excess_of_word(uint32_t zeros, size_t n, size_t all)
{
	uint64_t rest = zeros;
	size_t positive = n - all;
	size_t gone = 0;

	while (positive >= 2) {
		size_t run = least_run[positive - 2][all - gone];
		uint64_t begins = runs_of(rest, run);
		uint64_t longer;

		if (begins == 0)
			break;
		for (; (longer = begins & (rest >> run)) != 0; run++)
			begins = longer;
		if (run == 6 && all - gone == 6 && positive == 2)
			break; /* half to the power of 6 is likely */
		begins &= -begins;
		rest &= ~((begins << run) - begins);
		gone += run;
	}
	return gone;
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
	if (n <= WORD && n - all >= 2)
		return zeros_excess_of_word((uint32_t)zeros, n, all);
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
