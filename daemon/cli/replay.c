/*
 * Plays a data set to judge and desk, see replay.h.
 */
#include "daemon/cli/replay.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/judge/quality.h"

#define MAX_HISTORY_DAYS 3653
#define TURN 100000 /* series judged at a time */

int
replay_triggers_put(struct replay_triggers *t, const char *path)
{
	if (t->n < REPLAY_MAX_TRIGGERS) {
		t->at[t->n++] = path;
		return 0;
	}
	log_error("at most %d --triggers", REPLAY_MAX_TRIGGERS);
	return -1;
}

struct trigger_set *
replay_triggers_read(const struct replay_triggers *t, const char *etc,
		     const struct registry *registry)
{
	char shipped[PATH_MAX];
	const char *const one[] = { shipped };

	snprintf(shipped, sizeof(shipped), "%s/triggers.d", etc);
	return trigger_load(t->n > 0 ? t->at : one, t->n > 0 ? t->n : 1,
			    registry, history_say_conf, NULL);
}

struct replay {
	const struct history *h;
	struct judge *judge;
	struct quality *quality;
	struct desk *desk;
	size_t next; /* count to be received */
};

struct replay *
replay_new(const struct history *h, struct trigger_set *triggers,
	   desk_sink *sink, void *arg)
{
	int32_t days = h->n == 0 ? 1 : h->last_received - h->first_received + 40;
	const struct judge_conf conf = {
		.history_days =
			days > MAX_HISTORY_DAYS ? MAX_HISTORY_DAYS : (int)days,
		.day_method = JUDGE_DAY_METHOD,
		.week_method = JUDGE_WEEK_METHOD,
	};
	static const struct quality_conf late = { .back_fill_days =
							  QUALITY_HISTORY_DAYS };
	struct replay *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		log_error("replay: no memory");
		return NULL;
	}
	r->h = h;
	r->judge = judge_new(&conf, h->registry);
	if (r->judge != NULL)
		r->quality = quality_new(&late, h->registry, r->judge);
	if (r->quality != NULL)
		r->desk = desk_new(h->registry, r->judge, triggers, sink, arg);
	if (r->desk == NULL)
		replay_free(&r);
	else
		desk_set_quality(r->desk, r->quality);
	return r;
}

void
replay_free(struct replay **rp)
{
	struct replay *r = *rp;

	if (r == NULL)
		return;
	desk_free(&r->desk);
	quality_free(&r->quality);
	judge_free(&r->judge);
	free(r);
	*rp = NULL;
}

/* Does it hand in its past?  A revision of an old report is not that. */
static void
see_receipt(struct replay *r, const struct history_count *c)
{
	const struct zone_now at = { c->received, ZONE_NO_TIME };
	struct judge_cell was;

	if (c->received - c->day <= QUALITY_HISTORY_DAYS)
		return;
	judge_cell(r->judge, c->series, c->day, &was);
	if (isnan(was.value))
		quality_received(r->quality, c->series, c->day, &at);
}

void
replay_set_marks(struct replay *r, const struct marks *marks)
{
	judge_set_marks(r->judge, marks);
}

void
replay_receive(struct replay *r, int32_t day)
{
	const struct history *h = r->h;

	for (; r->next < h->n && h->count[r->next].received <= day; r->next++) {
		const struct history_count *c = &h->count[r->next];
		const struct judge_cell cell = { .value = c->value,
						 .denominator = c->denominator };

		see_receipt(r, c);
		judge_set(r->judge, c->series, c->day, &cell);
	}
	while (judge_dirty(r->judge, TURN) > 0)
		;
}

int
replay_run(struct replay *r, const struct replay_conf *conf)
{
	const struct history *h = r->h;
	int32_t from = conf->from, to = conf->to;

	if (h->n == 0)
		return 0;
	if (from == DAY_NONE || from < h->first_received)
		from = h->first_received;
	if (to == DAY_NONE || to > h->last_received)
		to = h->last_received;
	for (int32_t d = h->first_received; d <= to; d++) {
		replay_receive(r, d);
		if (d >= from && desk_weigh(r->desk, d, true) < 0)
			return -1;
	}
	return 0;
}

struct judge *
replay_judge(struct replay *r)
{
	return r->judge;
}

struct desk *
replay_desk(struct replay *r)
{
	return r->desk;
}
