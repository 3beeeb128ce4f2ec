/*
 * Judged periods per second and core, for every method.
 *
 *   bench-detectors [REFERENCE.csv]
 *
 * First one new day of many series at once (batch.h), without and with p, the
 * quickest of some hundred days and the median one, over busy series (mean 15)
 * and sparse ones (mean 0.2); then every method
 * over whole series as a back-test does, one call for the last period of the
 * same series, and one that goes on from what the period before left (trail.h).
 * REFERENCE.csv (method,
 * periods_per_second), made by detectors_reference.R in the same run, adds
 * the ratio to the original.
 */
#include "detectors/batch.h"
#include "detectors/detect.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERIES 100000
#define ROWS 43
#define SECONDS 0.25
#define MAX_ROUNDS 1000
#define DAYS 1460
#define WEEKS 624

struct reference {
	char method[64];
	double rate;
};

static struct reference references[64];
static size_t n_references;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *
room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL) {
		fputs("bench-detectors: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

/* Poisson by the product of uniforms; the mean is small. */
static int32_t
draw(double mean)
{
	double limit = exp(-mean);
	double product = drand48();
	int32_t n = 0;

	for (; product > limit; n++)
		product *= drand48();
	return n;
}

static double
reference_of(const char *method)
{
	for (size_t i = 0; i < n_references; i++) {
		if (strcmp(references[i].method, method) == 0)
			return references[i].rate;
	}
	return NAN;
}

static void
read_references(const char *path)
{
	FILE *in = fopen(path, "r");
	struct reference *r = references;

	if (in == NULL) {
		perror(path);
		return;
	}
	while (n_references < 64 &&
	       fscanf(in, " %63[^,],%lf", r->method, &r->rate) == 2) {
		r++;
		n_references++;
	}
	fclose(in);
}

static void
print_rate(double rate)
{
	if (isnan(rate))
		printf("%15s", "");
	else
		printf("%15.0f", rate);
}

static void
print_ratio(const char *method, double rate)
{
	double reference = reference_of(method);

	if (isnan(reference))
		puts("");
	else
		printf("%13.0f%10.0fx\n", reference, rate / reference);
}

struct batch {
	int32_t *count;
	const int32_t *row[ROWS];
	double *sum; /* two a series */
	struct det_batch_out out;
};

/* Verdicts per second: of the quickest day, and of the middle one. */
struct speed {
	double best;
	double median;
};

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct speed
batch_rate(struct batch *b, const char *name, double *p_out)
{
	double day_rate[MAX_ROUNDS];
	const struct det_method *m = det_find(name);
	struct det_batch input = { b->row, ROWS, SERIES };
	double p[DET_MAX_PARAMS];
	double start = now();
	size_t n = 0;
	int32_t day = 0;
	int rc = DET_OK;

	det_params_default(m, p);
	b->out.p = p_out;
	while (now() - start < SECONDS && n < MAX_ROUNDS && rc == DET_OK) {
		double began = now();

		if (strcmp(name, "rnssp-switch") == 0)
			rc = det_batch_rnssp_switch(p, &input, day++, b->sum,
						    &b->out);
		else if (strcmp(name, "cusum") == 0)
			rc = det_batch_cusum(p, &input, b->sum, &b->out);
		else
			rc = det_batch_ears(m, p, &input, &b->out);
		day_rate[n++] = SERIES / (now() - began);
		/* the ring moves on by a day */
		memmove(b->row, b->row + 1, (ROWS - 1) * sizeof(b->row[0]));
		b->row[ROWS - 1] = b->row[0] == b->count
					   ? b->count + (size_t)(ROWS - 1) * SERIES
					   : b->row[0] - SERIES;
	}
	qsort(day_rate, n, sizeof(day_rate[0]), by_size);
	return (struct speed){ day_rate[n - 1], day_rate[n / 2] };
}

static void
bench_batch(double mean, const char *what)
{
	static const char *const names[] = { "ears-c1", "ears-c2", "ears-c3",
					     "cusum", "rnssp-switch" };
	struct batch b = { .count = room((size_t)ROWS * SERIES, sizeof(int32_t)) };
	double *tails = room(SERIES, sizeof(*tails));

	b.sum = room((size_t)2 * SERIES, sizeof(*b.sum));
	b.out.statistic = room(SERIES, sizeof(double));
	b.out.level = room(SERIES, 1);
	for (size_t i = 0; i < (size_t)ROWS * SERIES; i++)
		b.count[i] = draw(mean);
	for (size_t r = 0; r < ROWS; r++)
		b.row[r] = b.count + r * SERIES;
	printf("one day, %d %-6s series  without p      median         with p"
	       "      median    reference     ratio\n",
	       SERIES, what);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct speed without = batch_rate(&b, names[i], NULL);
		struct speed with = batch_rate(&b, names[i], tails);

		printf("  %-22s%15.0f%12.0f%15.0f%12.0f", names[i],
		       without.best, without.median, with.best, with.median);
		print_ratio(names[i], without.median);
	}
	free(tails);
	free(b.out.statistic);
	free(b.out.level);
	free(b.sum);
	free(b.count);
}

/* The defaults; for improved Farrington what detectors_reference.R runs. */
static void
set_params(const struct det_method *m, double p[DET_MAX_PARAMS])
{
	static const char *const same[][2] = {
		{ "b", "4" },	     { "periods", "10" },
		{ "past", "26" },    { "p_trend", "1" },
		{ "alpha", "0.01" }, { "threshold", "nbPlugin" },
	};

	det_params_default(m, p);
	if (strcmp(m->name, "r-farrington-flexible") != 0)
		return;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (det_params_set(m, p, same[i][0], same[i][1]) != DET_OK)
			fputs("bench-detectors: parameter refused\n", stderr);
	}
}

/* Every cell of the series in a call, or the last alone. */
static double
rate(const struct det_method *m, enum det_period period, const double *count,
     bool last)
{
	size_t n = period == DET_DAY ? DAYS : WEEKS;
	size_t from = last ? n - 1 : 0;
	struct det_window w = {
		.count = count, .n = n, .first_t = 1, .first_day = 4, .period = period
	};
	double p[DET_MAX_PARAMS];
	struct det_verdict *v = room(n, sizeof(*v));
	double judged = 0;
	double start;
	void *scratch;

	set_params(m, p);
	if (last && m->reach(p) < n) {
		/* as the daemon: no more cells than the method reads */
		size_t skip = n - m->reach(p);

		w.count += skip;
		w.n -= skip;
		w.first_t += (int64_t)skip;
		w.first_day += (int32_t)skip * (int)period;
		from = w.n - 1;
	}
	scratch = room(1, m->scratch(p, n) + 1);
	start = now();
	while (now() - start < SECONDS) {
		if (det_judge(m, p, &w, from, scratch, v) != DET_OK)
			break;
		for (size_t i = 0; i < w.n - from; i++)
			judged += v[i].level != DET_UNKNOWN;
	}
	judged /= now() - start;
	free(scratch);
	free(v);
	return judged;
}

/* The last periods one by one, with what the one before each left. */
static double
carried_rate(const struct det_method *m, enum det_period period,
	     const double *count)
{
	size_t n = period == DET_DAY ? DAYS : WEEKS;
	struct det_window w = {
		.count = count, .n = n, .first_t = 1, .first_day = 4, .period = period
	};
	double p[DET_MAX_PARAMS];
	struct det_verdict *v = room(n, sizeof(*v));
	double judged = 0;
	double start, spent = 0;
	void *scratch, *state;

	if (m->carry == NULL) {
		free(v);
		return NAN;
	}
	set_params(m, p);
	scratch = room(1, m->scratch(p, n) + 1);
	state = room(1, m->carry->bytes);
	while (spent < SECONDS) {
		struct det_walk k = { 0, n / 2, state, scratch, v };

		m->carry->walk(p, &w, &k);
		start = now();
		for (k.begin = n / 2; k.begin < n; k.begin++) {
			k.end = k.begin + 1;
			m->carry->walk(p, &w, &k);
			judged += v[0].level != DET_UNKNOWN;
		}
		spent += now() - start;
	}
	free(state);
	free(scratch);
	free(v);
	return judged / spent;
}

static void
bench_whole(void)
{
	double daily[DAYS];
	double weekly[WEEKS];

	for (size_t i = 0; i < DAYS; i++)
		daily[i] = draw(i % 7 < 5 ? 15 : 6);
	for (size_t i = 0; i < WEEKS; i++)
		weekly[i] = draw(10 + 6 * sin((double)i * 0.1208));
	puts("\nwhole series, each period with p              days"
	     "          weeks        the last        carried    reference     "
	     "ratio");
	for (size_t i = 0; det_at(i) != NULL; i++) {
		const struct det_method *m = det_at(i);
		double days = rate(m, DET_DAY, daily, false);
		double weeks = rate(m, DET_WEEK, weekly, false);
		double one = days > 0 ? rate(m, DET_DAY, daily, true)
				      : rate(m, DET_WEEK, weekly, true);

		printf("  %-33s", m->name);
		print_rate(days);
		print_rate(weeks);
		print_rate(one);
		print_rate(carried_rate(m, days > 0 ? DET_DAY : DET_WEEK,
					days > 0 ? daily : weekly));
		print_ratio(m->name, fmax(days, weeks));
	}
}

int
main(int argc, char **argv)
{
	srand48(20240229);
	if (argc > 1)
		read_references(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("judged periods per second on one core");
	bench_batch(15, "busy");
	bench_batch(0.2, "sparse");
	bench_whole();
	return 0;
}
