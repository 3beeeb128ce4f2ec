/*
 * Counts that come twice, out of order and revised, and a centre that is
 * started again at any day: the episodes are those of a fresh back-test.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/desk/desk.h"
#include "daemon/desk/trigger.h"

#define DAY0 18000
#define DAYS 150
#define SITES 6
#define ROUNDS 12

static const char rules[] =
	"trigger \"resp\" { indicators = { ili }\nwhere = { county, city }\n"
	"quiet_days = 5\nbudget = 6\ntell = { duty } }\n"
	"trigger \"many\" { indicators = { ili }\nwhere = { site }\n"
	"rule = cases\nbasis = norm\nwindow = 3d\nquiet_days = 5\n"
	"cases = { \"130 blue\", \"200 red\" }\ntell = { duty } }\n";

static char err[256];
static uint64_t state;

static uint64_t
draw(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % n;
}

struct world {
	struct registry *registry;
	struct trigger_set *set;
	struct judge *judge;
	struct desk *desk;
	char *log;
	size_t len, cap;
};

static int
record(void *arg, const struct desk_event *event)
{
	struct world *w = arg;
	char *text = json_dumps(event->body, JSON_COMPACT | JSON_SORT_KEYS);
	size_t n = strlen(text);

	if (w->len + n + 2 > w->cap) {
		w->cap = (w->len + n + 2) * 2;
		w->log = realloc(w->log, w->cap);
	}
	memcpy(w->log + w->len, text, n);
	w->len += n;
	w->log[w->len++] = '\n';
	w->log[w->len] = '\0';
	free(text);
	return 0;
}

static void
note(void *arg, const char *message)
{
	(void)arg;
	fail_msg("%s", message);
}

static void
start(struct world *w)
{
	const struct judge_conf conf = { .history_days = 300,
					 .day_method = JUDGE_DAY_METHOD,
					 .week_method = JUDGE_WEEK_METHOD };

	w->judge = judge_new(&conf, w->registry);
	assert_non_null(w->judge);
	w->desk = desk_new(w->registry, w->judge, w->set, record, w);
	assert_non_null(w->desk);
}

static void
add_area(struct registry *r, const char *code, const char *parent,
	 enum reg_level level)
{
	struct reg_area a = { .code = code, .name = code, .level = level };

	registry_add_area(r, &a, parent, err, sizeof(err));
}

static void
make(struct world *w)
{
	static const char *const kinds[] = { "ed", "school", "lab" };
	struct reg_indicator ind = { .code = "ili", .group = "resp" };
	char path[] = "/tmp/replay-XXXXXX";
	const char *const paths[] = { path };
	FILE *f = fdopen(mkstemp(path), "w");

	*w = (struct world){ 0 };
	w->registry = registry_new();
	registry_add_indicator(w->registry, &ind, err, sizeof(err));
	add_area(w->registry, "city", NULL, REG_CITY);
	add_area(w->registry, "c1", "city", REG_COUNTY);
	add_area(w->registry, "c2", "city", REG_COUNTY);
	for (uint32_t i = 0; i < SITES; i++) {
		char code[8];
		struct reg_site site = { .code = code };
		struct reg_kind k = { .code = kinds[i % 3],
				      .class_code = kinds[i % 3],
				      .period = 1 };

		snprintf(code, sizeof(code), "s%u", i);
		registry_add_kind(w->registry, &k, err, sizeof(err));
		registry_add_site(w->registry, &site, kinds[i % 3],
				  i < 3 ? "c1" : "c2", err, sizeof(err));
	}
	assert_non_null(f);
	fputs(rules, f);
	fclose(f);
	w->set = trigger_load(paths, 1, w->registry, note, NULL);
	unlink(path);
	assert_non_null(w->set);
	start(w);
}

static void
stop(struct world *w)
{
	desk_free(&w->desk);
	judge_free(&w->judge);
}

static void
drop(struct world *w)
{
	stop(w);
	trigger_free(&w->set);
	registry_free(&w->registry);
	free(w->log);
}

static void
set(struct world *w, uint32_t site, int32_t day, double x)
{
	struct judge_cell cell = { .value = x, .denominator = NAN };
	uint32_t series = registry_add_series(w->registry, site, 0, "", 0);

	judge_set(w->judge, series, DAY0 + day, &cell);
}

/* What the centre knows at the end of each day: truth[as of][site][day]. */
struct truth {
	double x[SITES][DAYS];
	int32_t arrives[SITES][DAYS]; /* the day it is received */
};

static void
invent(struct truth *t)
{
	int32_t from = 60 + (int32_t)draw(60);

	for (int i = 0; i < SITES; i++) {
		for (int32_t d = 0; d < DAYS; d++) {
			bool ill = d >= from && d < from + 9 && i != 4;

			t->x[i][d] = (double)(25 + draw(12)) + (ill ? 35 : 0);
			t->arrives[i][d] =
				d + (draw(9) == 0 ? (int32_t)draw(6) : 0);
			if (draw(25) == 0)
				t->x[i][d] = NAN;
		}
	}
}

static void
judge_all(struct world *w)
{
	while (judge_dirty(w->judge, 1 + draw(7)) > 0)
		;
}

/* In order, once. */
static void
play(struct world *w, const struct truth *t)
{
	for (int32_t now = 0; now < DAYS; now++) {
		for (uint32_t i = 0; i < SITES; i++) {
			for (int32_t d = 0; d <= now; d++)
				if (t->arrives[i][d] == now)
					set(w, i, d, t->x[i][d]);
		}
		judge_all(w);
		assert_int_equal(desk_weigh(w->desk, DAY0 + now, true), 0);
	}
}

/* Sets what arrives on the day in a random order, some of it wrong first. */
static void
arrive_badly(struct world *w, const struct truth *t, int32_t now)
{
	for (int pass = 0; pass < 2; pass++) {
		for (int k = 0; k < 400; k++) {
			uint32_t i = (uint32_t)draw(SITES);
			int32_t d = (int32_t)draw((uint64_t)now + 1);

			if (t->arrives[i][d] != now)
				continue;
			set(w, i, d,
			    pass == 0 && draw(2) == 0 ? 500.0 : t->x[i][d]);
			if (draw(5) == 0)
				judge_dirty(w->judge, 2);
		}
	}
	for (uint32_t i = SITES; i-- > 0;) {
		for (int32_t d = now; d >= 0; d--)
			if (t->arrives[i][d] == now)
				set(w, i, d, t->x[i][d]);
	}
}

/* A new process: windows from the counts, alerts from their last views. */
static void
restart(struct world *w, const struct truth *t, int32_t now)
{
	json_t *views = json_array();
	size_t before = w->len;

	for (size_t i = 0; i < desk_alerts(w->desk); i++)
		json_array_append_new(views,
				      json_deep_copy(desk_alert_at(w->desk, i)));
	stop(w);
	start(w);
	for (int32_t d = now; d >= 0; d--) {
		for (uint32_t i = 0; i < SITES; i++)
			if (t->arrives[i][d] <= now)
				set(w, i, d, t->x[i][d]);
	}
	judge_all(w);
	for (size_t i = 0; i < json_array_size(views); i++)
		assert_int_equal(desk_restore(w->desk, json_array_get(views, i)),
				 0);
	json_decref(views);
	desk_resume(w->desk, DAY0, DAY0 + now);
	assert_int_equal(desk_weigh(w->desk, DAY0 + now, true), 0);
	assert_int_equal(w->len, before);
}

static void
play_badly(struct world *w, const struct truth *t)
{
	for (int32_t now = 0; now < DAYS; now++) {
		arrive_badly(w, t, now);
		judge_all(w);
		assert_int_equal(desk_weigh(w->desk, DAY0 + now, true), 0);
		if (draw(4) == 0)
			assert_int_equal(desk_weigh(w->desk, DAY0 + now, true),
					 0);
		if (draw(15) == 0)
			restart(w, t, now);
	}
}

static void
test_the_way_counts_come_does_not_matter(void **unused)
{
	struct truth *t = malloc(sizeof(*t));
	size_t events = 0;

	(void)unused;
	for (int round = 0; round < ROUNDS; round++) {
		struct world a, b;

		state = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(round + 1);
		invent(t);
		make(&a);
		make(&b);
		play(&a, t);
		play_badly(&b, t);
		assert_non_null(a.log);
		assert_non_null(b.log);
		if (strcmp(a.log, b.log) != 0)
			fail_msg("round %d differs:\n%s\n--\n%s", round, a.log,
				 b.log);
		for (const char *c = a.log; *c != '\0'; c++)
			events += *c == '\n';
		drop(&a);
		drop(&b);
	}
	free(t);
	print_message("%zu events alike\n", events);
	assert_true(events > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_way_counts_come_does_not_matter),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
