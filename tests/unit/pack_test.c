#include "collectors/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/text.h"
#include "proto/wire.h"

static char dir[64], path[96];
static struct outbox *box;
static struct wire_batch batch;
static const struct outbox_limits wide = { .waiting_bytes = 1 << 30,
					   .keep_ms = 1,
					   .keep_bytes = 1 << 30 };

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/pack-test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/outbox.db", dir);
	box = outbox_open(path, false, &wide);
	return box != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	outbox_close(&box);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static struct text_row
row(const char *site, const char *indicator, int32_t day, uint32_t value)
{
	struct text_row r = { .day = day, .value = value };

	snprintf(r.site, sizeof(r.site), "%s", site);
	snprintf(r.indicator, sizeof(r.indicator), "%s", indicator);
	return r;
}

static void
add(struct pack *p, struct text_row r)
{
	assert_int_equal(pack_row(p, &r), 0);
}

/* Decodes frame seq into batch; returns its county. */
static const char *
read_frame(uint64_t seq)
{
	const uint8_t *frame, *body;
	const char *county;
	struct wire_header h;
	size_t len;

	assert_int_equal(outbox_frame(box, seq, &frame, &len, &county), 1);
	assert_true(len <= WIRE_MAX_FRAME);
	assert_int_equal(wire_open(frame, len, &h, &body), WIRE_OK);
	assert_int_equal(wire_batch_decode(body, h.body_bytes, &batch), WIRE_OK);
	return county;
}

static void
begin(struct pack *p, int64_t now_ms)
{
	assert_int_equal(outbox_begin(box, now_ms), 0);
	pack_begin(p, now_ms);
}

static void
finish(struct pack *p)
{
	assert_int_equal(pack_finish(p), 0);
	assert_int_equal(outbox_commit(box), 0);
}

static void
test_one_county_a_frame(void **state)
{
	char table[96];
	struct pack_conf conf = { .sender = "gate",
				  .county = "home",
				  .frame_counts = 100 };
	struct counties *counties;
	struct pack *p;
	FILE *f;
	size_t total = 0;

	(void)state;
	snprintf(table, sizeof(table), "%s/sites.csv", dir);
	f = fopen(table, "w");
	assert_non_null(f);
	fputs("site,kind,area,name\na,school,north,A\nb,school,south,B\n", f);
	fclose(f);
	counties = counties_load(table);
	assert_non_null(counties);
	assert_null(counties_find(counties, "zz"));
	conf.counties = counties;
	p = pack_new(box, &conf);
	begin(p, 5000000);
	for (int i = 0; i < 250; i++) {
		add(p, row("b", "x", i, 1));
		add(p, row("a", "x", i, 1));
		add(p, row("c", "x", i, 1));
	}
	finish(p);
	for (uint64_t seq = 1; seq <= outbox_last(box); seq++) {
		const char *county = read_frame(seq);

		total += batch.counts_n;
		assert_int_equal(batch.series_n, 1);
		assert_string_equal(
			county, batch.series[0].site.at[0] == 'a'   ? "north"
				: batch.series[0].site.at[0] == 'b' ? "south"
								    : "home");
	}
	assert_int_equal(total, 750);
	pack_free(&p);
	counties_free(&counties);
}

static void
test_long_codes_still_fit(void **state)
{
	const struct pack_conf conf = { .sender = "gate",
					.county = "",
					.frame_counts = WIRE_MAX_COUNTS };
	struct pack *p = pack_new(box, &conf);
	size_t total = 0;

	(void)state;
	begin(p, 5000000);
	for (int i = 0; i < WIRE_MAX_COUNTS; i++) {
		struct text_row r = row("", "", i, 7);

		memset(r.site, 's', WIRE_MAX_CODE);
		memset(r.indicator, 'i', WIRE_MAX_CODE);
		memset(r.stratum, 't', WIRE_MAX_CODE);
		r.stratum[0] = (char)('a' + i / 256);
		r.stratum[1] = (char)('a' + i / 16 % 16);
		r.stratum[2] = (char)('a' + i % 16);
		add(p, r);
	}
	finish(p);
	assert_in_range(outbox_last(box), 4, 16);
	for (uint64_t seq = 1; seq <= outbox_last(box); seq++) {
		read_frame(seq);
		total += batch.counts_n;
	}
	assert_int_equal(total, WIRE_MAX_COUNTS);
	pack_free(&p);
}

static void
test_revisions(void **state)
{
	const struct pack_conf conf = { .sender = "s",
					.county = "",
					.frame_counts = 1000 };
	struct pack *p = pack_new(box, &conf);
	struct text_row given = row("s", "x", 3, 1);

	(void)state;
	begin(p, 5000000);
	add(p, row("s", "x", 1, 1));
	add(p, row("s", "x", 2, 1));
	given.revision = 17;
	add(p, given);
	add(p, row("s", "x", 1, 9)); /* the same cell again */
	add(p, row("s", "y", 1, 9));
	finish(p);
	read_frame(1);
	assert_int_equal(batch.counts_n, 5);
	assert_int_equal(batch.counts[0].revision, 5000);
	assert_int_equal(batch.counts[1].revision, 5001);
	assert_int_equal(batch.counts[1].value, 9);
	assert_int_equal(batch.counts[2].revision, 5000);
	assert_int_equal(batch.counts[3].revision, 17);
	assert_int_equal(batch.counts[4].revision, 5001);
	/* The next input, within the same second and after a clock step. */
	begin(p, 5000500);
	add(p, row("s", "x", 1, 1));
	finish(p);
	begin(p, 1000000);
	add(p, row("s", "x", 1, 1));
	finish(p);
	read_frame(2);
	assert_int_equal(batch.counts[0].revision, 5002);
	read_frame(3);
	assert_int_equal(batch.counts[0].revision, 5003);
	pack_free(&p);
}

static void
test_closed_days_follow_their_counts(void **state)
{
	const struct pack_conf conf = { .sender = "s",
					.county = "",
					.frame_counts = 10 };
	struct pack *p = pack_new(box, &conf);
	struct text_closed closed = { .day = 4, .site = "s" };

	(void)state;
	begin(p, 5000000);
	assert_int_equal(pack_closed(p, &closed), 0);
	add(p, row("s", "x", 4, 1));
	finish(p);
	assert_int_equal(outbox_last(box), 2);
	read_frame(1);
	assert_int_equal(batch.counts_n, 1);
	read_frame(2);
	assert_int_equal(batch.counts_n, 0);
	assert_int_equal(batch.closed_n, 1);
	assert_int_equal(batch.closed[0].day, 4);
	pack_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_county_a_frame, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_long_codes_still_fit,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_revisions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_closed_days_follow_their_counts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
