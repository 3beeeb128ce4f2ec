/*
 * How fast the wire is on one core: counts a second through the decoder, the
 * encoder and the envelope's crc, for frames as sites send them.  Seconds
 * are the thread's processor time, the figure is the best of several rounds;
 * nothing is asserted but that all decodes.
 */
#include "proto/text.h"
#include "proto/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7 };

static struct wire_batch batch, decoded;
static uint8_t frame[WIRE_MAX_FRAME];
static char names[WIRE_MAX_SERIES][16];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* counts of n series, values and days spread as far as the shape says. */
static void
fill(size_t series, size_t counts, uint32_t values, uint32_t days)
{
	uint32_t state = 7;

	memset(&batch, 0, sizeof(batch));
	batch.sender = (struct wire_text){ "school-17", 9 };
	batch.series_n = series;
	for (size_t i = 0; i < series; i++) {
		snprintf(names[i], sizeof(names[i]), "ind-%u", (unsigned)i);
		batch.series[i].site = batch.sender;
		batch.series[i].indicator =
			(struct wire_text){ names[i], strlen(names[i]) };
		batch.series[i].stratum = (struct wire_text){ "", 0 };
	}
	batch.counts_n = counts;
	for (size_t i = 0; i < counts; i++) {
		struct wire_count *c = &batch.counts[i];

		c->series = (uint32_t)(i % series);
		c->day = 18000 + (int32_t)(next_random(&state) % days);
		c->value = next_random(&state) % values;
		c->revision = 1700000000u + next_random(&state) % 100;
		if (days > 1) {
			c->denominator = next_random(&state) % 5000;
			c->flags = WIRE_COUNT_DENOMINATOR;
		}
	}
}

static int
decode(long len)
{
	return wire_batch_decode(frame + WIRE_HEADER_BYTES,
				 (size_t)len - WIRE_HEADER_BYTES, &decoded);
}

static int
open_and_decode(long len)
{
	struct wire_header h;
	const uint8_t *body;
	int rc = wire_open(frame, (size_t)len, &h, &body);

	return rc < 0 ? rc : wire_batch_decode(body, h.body_bytes, &decoded);
}

static int
encode(long len)
{
	return wire_batch_encode(1, 1, &batch, frame, sizeof(frame)) == len
		       ? WIRE_OK
		       : WIRE_ERR_SPACE;
}

/* Counts a second, the best of some rounds of about a tenth of a second. */
static double
measure(int (*work)(long len), long len)
{
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t done = 0;
		double start = now(), took;

		do {
			if (work(len) != WIRE_OK)
				abort();
			done += batch.counts_n;
			took = now() - start;
		} while (took < 0.1);
		if ((double)done / took > best)
			best = (double)done / took;
	}
	return best;
}

static void
run(const char *what, size_t series, size_t counts, uint32_t values, uint32_t days)
{
	long len;

	fill(series, counts, values, days);
	len = wire_batch_encode(1, 1, &batch, frame, sizeof(frame));
	if (len < 0)
		abort();
	printf("%-34s %6zu %6zu %8.2f %9.1f %9.1f %9.1f\n", what, series,
	       counts, (double)len / (double)counts, measure(decode, len) / 1e6,
	       measure(open_and_decode, len) / 1e6, measure(encode, len) / 1e6);
}

static int
drop(void *arg, const struct text_row *row)
{
	*(size_t *)arg += row->value;
	return 0;
}

static void
run_text(void)
{
	enum { ROWS = 100000 };
	char *text = malloc((size_t)ROWS * 64);
	size_t len, sum = 0;
	struct text_sink sink = { &sum, drop, NULL, NULL };
	struct text_row row = { .day = 18000, .received = TEXT_DAY_NONE };
	struct text_tally tally;
	double start, took;

	if (!text)
		abort();
	strcpy(row.site, "school-17");
	strcpy(row.indicator, "absence");
	len = text_csv_write_header(text, TEXT_ROW_BYTES);
	for (uint32_t i = 0; i < ROWS; i++) {
		row.value = i % 1000;
		row.day = 18000 + (int32_t)(i / 200);
		len += text_csv_write(&row, text + len, 64);
	}
	start = now();
	if (text_csv_read(text, len, NULL, &sink, &tally) != TEXT_OK ||
	    tally.rows != ROWS)
		abort();
	took = now() - start;
	printf("CSV rows read: %.2f M/s (%.0f MB/s)\n", ROWS / took / 1e6,
	       (double)len / took / 1e6);
	free(text);
}

int
main(void)
{
	printf("%-34s %6s %6s %8s %9s %9s %9s\n", "frame (million counts/s)",
	       "series", "counts", "bytes/ct", "decode", "+crc", "encode");
	run("one site, one day, small counts", 20, 100, 60, 1);
	run("one site, one day, large frame", 120, 4096, 120, 1);
	run("mixed days, values, denominators", 200, 4096, 1000, 400);
	run("every count its own series", 4096, 4096, 120, 1);
	run_text();
	return 0;
}
