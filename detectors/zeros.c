/*
 * The zero-run filter.  Zeros are alike, so that it is enough to know how
 * many of them go.
 */
#include "detectors/zeros.h"

#define UNLIKELY 0.01

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

			if (left == 0 ||
			    pow(likely / left, (double)run) > UNLIKELY)
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
