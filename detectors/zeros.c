/*
 * The zero-run filter.  Zeros are alike, so that it is enough to know how
 * many of them go.
 */
#include "detectors/zeros.h"

#define UNLIKELY 0.01

/* Whether `run` zeros in a row are unlikely: share^run <= .01. */
static bool
is_unlikely(double likely, double left, size_t run)
{
	double share = likely / left;
	double chance = share;

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

size_t
zeros_excess(const double *value, size_t n)
{
	size_t zeros = count_zeros(value, n);
	size_t gone = 0;
	size_t times;
	size_t run = n + 1;

	while ((run = longest_run(value, n, run, &times)) > 0) {
		for (; times > 0; times--) {
			double left = (double)(n - gone - run);
			double likely = fmax(1, (double)(zeros - gone - run));

			if (left == 0 || !is_unlikely(likely, left, run))
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

static size_t
count_bits(uint32_t x)
{
	x -= x >> 1 & 0x55555555;
	x = (x & 0x33333333) + (x >> 2 & 0x33333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f;
	return x * 0x01010101 >> 24;
}

size_t
zeros_kept_of_bits(uint32_t zeros, size_t n)
{
	uint32_t longer[33]; /* ones where a run of so many begins */
	size_t all = count_bits(zeros);
	size_t run = 1;
	size_t gone = 0;
	size_t times = 0; /* runs that were longer */

	if (n - all < 2)
		return 0;
	longer[1] = zeros;
	while (longer[run] != 0 && run < 32) {
		longer[run + 1] = longer[run] & (longer[run] >> 1);
		run++;
	}
	for (; run > 0; run--) {
		uint32_t begins = longer[run] & ~(longer[run] << 1);
		size_t now = count_bits(begins);

		for (; times < now; times++) {
			double left = (double)(n - gone - run);
			double likely = (double)(all - gone - run);

			if (!is_unlikely(likely > 1 ? likely : 1, left, run))
				return n - gone;
			gone += run;
		}
	}
	return n - gone;
}
