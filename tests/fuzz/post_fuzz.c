/*
 * Bodies of POST /api/v1/counts, as deep as the disk and the judge: a centre
 * of one county in a folder of its own.  The first byte says of what type the
 * body is and who sends it.  Every request is answered once and by a known
 * status; what was accepted is a duplicate the second time; what was refused
 * as a whole has stored nothing.
 */
#include "tests/fuzz/fuzz.h"

#include <event2/event.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/intake/post.h"
#include "daemon/judge/vocabulary.h"

#define TODAY 18400 /* 2020-05-18 */

struct centre {
	struct event_base *base;
	struct store *store;
	struct registry *registry;
	struct judge *judge;
	struct ingest_env env;
	struct ingest_conf conf;
	struct ingest *ingest;
	int64_t clock;
};

struct answer {
	int times, status;
	int64_t accepted, refused;
	bool duplicate;
};

static void
on_row(void *arg, bool error, const char *message)
{
	(void)arg;
	(void)message;
	FUZZ_CHECK(!error);
}

static struct zone_now
now(void *arg)
{
	(void)arg;
	return (struct zone_now){ TODAY, ZONE_NO_TIME };
}

static int64_t
now_us(void *arg)
{
	struct centre *c = arg;

	return TODAY * INT64_C(86400000000) + ++c->clock;
}

static void
changed(void *arg)
{
	(void)arg;
}

static void
add_places(struct registry *r)
{
	const struct reg_area area = { .code = "K1",
				       .name = "County",
				       .name_zh = "",
				       .level = REG_COUNTY,
				       .population = NAN,
				       .lat = NAN,
				       .lon = NAN };
	struct reg_site site = { .code = "school-1",
				 .name = "School",
				 .phone = "",
				 .gateway = "gate-1",
				 .zone = "",
				 .period = 1 };
	char err[256];

	FUZZ_CHECK(registry_add_area(r, &area, "", err, sizeof(err)) != REG_NONE);
	FUZZ_CHECK(registry_add_site(r, &site, "school", "K1", err,
				     sizeof(err)) != REG_NONE);
	site.code = "clinic-1";
	site.gateway = "";
	FUZZ_CHECK(registry_add_site(r, &site, "fever-clinic", "K1", err,
				     sizeof(err)) != REG_NONE);
}

/* A database without a name: the file is gone when the process is. */
static struct store *
open_store(struct event_base *base)
{
	char folder[] = "/tmp/fuzz-post.XXXXXX", path[64], other[80];
	struct store *s;

	FUZZ_CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/db", folder);
	s = store_open(path, base);
	FUZZ_CHECK(s != NULL);
	unlink(path);
	snprintf(other, sizeof(other), "%s-wal", path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-shm", path);
	unlink(other);
	rmdir(folder);
	return s;
}

static void
open_centre(struct centre *c)
{
	const struct judge_conf judge = { .history_days = 100,
					  .day_method = "ears-c2",
					  .week_method = "ears-c1" };

	FUZZ_CHECK(sodium_init() >= 0);
	c->base = event_base_new();
	FUZZ_CHECK(c->base != NULL);
	c->store = open_store(c->base);
	c->registry = registry_new();
	FUZZ_CHECK(c->registry != NULL);
	FUZZ_CHECK(vocabulary_read(c->registry, "", on_row, NULL) == 0);
	add_places(c->registry);
	c->judge = judge_new(&judge, c->registry);
	FUZZ_CHECK(c->judge != NULL);
	c->conf = (struct ingest_conf){ .horizon_days = 800,
					.series_per_site = 500,
					.backlog = 200000,
					.window = 16,
					.feeds = 100 };
	c->env = (struct ingest_env){ .conf = &c->conf,
				      .store = c->store,
				      .registry = c->registry,
				      .judge = c->judge,
				      .arg = c,
				      .now = now,
				      .now_us = now_us,
				      .changed = changed };
	c->ingest = ingest_new(&c->env);
	FUZZ_CHECK(c->ingest != NULL);
}

static void
done(void *arg, int status, json_t *body)
{
	struct answer *a = arg;

	a->times++;
	a->status = status;
	FUZZ_CHECK(json_is_object(body));
	a->accepted = json_integer_value(json_object_get(body, "accepted"));
	a->refused = json_integer_value(json_object_get(body, "refused_total"));
	a->duplicate = json_is_true(json_object_get(body, "duplicate"));
	FUZZ_CHECK(status == 202 ||
		   json_is_string(json_object_get(body, "detail")));
	json_decref(body);
}

static struct answer
post(struct centre *c, const struct post_request *request)
{
	struct answer a = { 0 };

	post_counts(c->ingest, &c->env, request, done, &a);
	store_drain(c->store);
	FUZZ_CHECK(a.times == 1);
	FUZZ_CHECK(a.status == 202 || a.status == 400 || a.status == 413 ||
		   a.status == 415 || a.status == 422);
	FUZZ_CHECK(a.accepted >= 0 && a.refused >= 0);
	while (judge_dirty(c->judge, 64) > 0)
		;
	return a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "text/csv", "application/json",
					     "text/csv; charset=utf-8",
					     "text/html" };
	static struct centre *c;
	struct ingest_stats before, after;
	struct answer first, second;
	struct post_request request;
	char *body;

	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		FUZZ_CHECK(c != NULL);
		log_set_level(LOG_LEVEL_ERROR);
		open_centre(c);
	}
	if (size == 0)
		return 0;
	/* As the server gives it: with a NUL behind. */
	body = calloc(1, size);
	FUZZ_CHECK(body != NULL);
	memcpy(body, data + 1, size - 1);
	request = (struct post_request){
		.sender = (data[0] & 8) != 0 ? "gate-1" : "school-1",
		.any_site = (data[0] & 4) != 0,
		.type = types[data[0] % 4],
		.key = "",
		.body = body,
		.len = size - 1,
	};
	ingest_stats(c->ingest, &before);
	first = post(c, &request);
	ingest_stats(c->ingest, &after);
	FUZZ_CHECK(first.status == 202 || before.frames == after.frames);
	second = post(c, &request);
	FUZZ_CHECK(first.status == second.status);
	if (first.status == 202 && first.refused == 0)
		FUZZ_CHECK(second.duplicate && first.accepted == second.accepted);
	free(body);
	return 0;
}
