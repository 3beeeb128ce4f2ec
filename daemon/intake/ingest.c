/*
 * Frames on their way to the store and back.  In memory stands what is handed
 * over, in the database what is durable; the store thread checks the sequence
 * once more, so that after a failed transaction nothing later slips past the
 * hole.
 */
#include "daemon/intake/ingest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/store/frames.h"

struct ingest {
	struct ingest_env env;
	struct series_ids *ids;
	struct feed_set *feeds;
	enum ingest_disk disk;
	struct ingest_stats stats;
	struct log_fault by_hand; /* spoken of once */
	struct wire_batch scratch;
};

struct frame_job {
	struct store_job job;
	struct ingest *in;
	struct ingest_door door;
	struct feed *feed;
	struct batch *batch;
	bool logged;
};

/* Frames that will never come. */
struct gap_job {
	struct store_job job;
	struct ingest *in;
	struct ingest_door door;
	struct feed *feed;
	char sender[REG_CODE_BYTES];
	uint64_t epoch, first, last;
	int64_t now_us;
};

struct ingest *
ingest_new(const struct ingest_env *env)
{
	struct ingest *in = calloc(1, sizeof(*in));

	if (in != NULL) {
		in->env = *env;
		in->ids = series_ids_new();
		in->feeds = feed_set_new(store_reader(env->store),
					 (size_t)env->conf->feeds);
		store_split_above(env->store, (size_t)env->conf->at_once);
	}
	if (in == NULL || in->ids == NULL || in->feeds == NULL) {
		log_error("ingest: out of memory");
		ingest_free(&in);
	}
	return in;
}

void
ingest_free(struct ingest **pin)
{
	struct ingest *in = *pin;

	*pin = NULL;
	if (in == NULL)
		return;
	if (in->feeds != NULL)
		feed_set_free(&in->feeds);
	if (in->ids != NULL)
		series_ids_free(&in->ids);
	free(in);
}

struct feed_set *
ingest_feeds(struct ingest *in)
{
	return in->feeds;
}

struct series_ids *
ingest_series(struct ingest *in)
{
	return in->ids;
}

struct wire_batch *
ingest_scratch(struct ingest *in)
{
	return &in->scratch;
}

void
ingest_set_disk(struct ingest *in, enum ingest_disk disk)
{
	in->disk = disk;
}

enum ingest_disk
ingest_disk(const struct ingest *in)
{
	return in->disk;
}

bool
ingest_has_room(const struct ingest *in)
{
	return in->disk != INGEST_DISK_OUT &&
	       store_pending_weight(in->env.store) <
		       (size_t)in->env.conf->backlog;
}

uint32_t
ingest_window(const struct ingest *in)
{
	uint32_t full = (uint32_t)in->env.conf->window;
	size_t backlog = (size_t)in->env.conf->backlog;
	size_t pending = store_pending_weight(in->env.store);

	if (!ingest_has_room(in))
		return 0;
	if (in->disk == INGEST_DISK_LOW || pending > backlog / 4 * 3)
		return 1;
	return pending > backlog / 2 ? (full + 1) / 2 : full;
}

void
ingest_bad_frame(struct ingest *in, int wire_err)
{
	if (wire_err < 0 && wire_err > -INGEST_BAD)
		in->stats.bad_by[-wire_err]++;
}

struct batch *
ingest_stage(struct ingest *in, const struct batch_source *source,
	     const struct wire_batch *decoded, bool any_site)
{
	const struct batch_rules rules = {
		.registry = in->env.registry,
		.ids = in->ids,
		.now = in->env.now(in->env.arg),
		.horizon_days = in->env.conf->horizon_days,
		.series_per_site = in->env.conf->series_per_site,
		.any_site = any_site,
	};

	return batch_new(&rules, source, decoded);
}

static void
say_by_hand(struct ingest *in, const struct batch *b)
{
	log_fault_begin(&in->by_hand, "intake: sender=%s: " BATCH_HINT,
			b->sender);
}

void
ingest_apply(struct ingest *in, const struct batch *b)
{
	uint64_t by_hand = in->stats.tally.by_hand;
	const struct batch_to to = { .ids = in->ids,
				     .judge = in->env.judge,
				     .quality = in->env.quality,
				     .tally = &in->stats.tally };

	if (b->fate != BATCH_KEPT) {
		in->stats.again++;
		return;
	}
	in->stats.frames++;
	in->stats.ledger = b->ledger;
	in->stats.poison += b->poison[0] != '\0';
	in->stats.counts += b->rows_n;
	for (size_t i = 0; i < BATCH_CODES; i++)
		in->stats.refused_by[i] += b->refused_by[i];
	if (batch_apply(b, &to))
		in->env.changed(in->env.arg);
	if (in->stats.tally.by_hand > by_hand)
		say_by_hand(in, b);
}

static void __attribute__((format(printf, 5, 6)))
nack(struct ingest_reply *reply, uint32_t code, uint64_t seq, uint64_t expected,
     const char *fmt, ...)
{
	va_list ap;

	reply->say = INGEST_SAY_NACK;
	reply->code = code;
	reply->seq = seq;
	reply->expected = expected;
	va_start(ap, fmt);
	vsnprintf(reply->reason, sizeof(reply->reason), fmt, ap);
	va_end(ap);
}

static int
log_frame(struct store_job *job, struct db *db)
{
	struct frame_job *f = (struct frame_job *)job;

	return batch_log(f->batch, db, true, job->split);
}

static int
run_frame(struct store_job *job, struct db *db)
{
	struct frame_job *f = (struct frame_job *)job;

	if (batch_fold(f->batch, db) < 0)
		return -1;
	return job->split && job->last ? batch_folded(f->batch, db) : 0;
}

/* The transaction failed: all from here on must come again. */
static void
frame_failed(struct frame_job *f, struct ingest_reply *reply, enum db_fault fault)
{
	struct feed *s = f->feed;

	s->staged = s->durable;
	s->waiting = true;
	nack(reply, WIRE_NACK_BUSY, f->batch->seq, s->durable + 1,
	     fault == DB_FULL ? "the centre's disk is full"
			      : "the centre cannot store now");
}

/* The frame is durable, whether or not its counts are in place. */
static void
logged_frame(struct store_job *job)
{
	struct frame_job *f = (struct frame_job *)job;
	struct ingest_reply reply = { 0 };
	const struct batch *b = f->batch;

	f->logged = true;
	if (!job->split)
		reply.older = batch_older(b);
	if (b->fate != BATCH_KEPT) {
		f->feed->staged = f->feed->durable;
	} else {
		feed_commit(f->feed, b->seq, b->crc);
		f->feed->refused_total += b->refused_total;
		if (b->poison[0] != '\0')
			nack(&reply, WIRE_NACK_REJECT, b->seq, b->seq + 1, "%s",
			     b->poison);
		else
			reply.say = INGEST_SAY_ACK;
	}
	f->door.settled(f->door.arg, f->feed, b, &reply);
}

/*
 * An ACK more: who was sent away for want of room may go on, and what was
 * left aside was not known when the frame was acknowledged.
 */
static void
call_again(struct frame_job *f)
{
	struct ingest_reply reply = { .say = INGEST_SAY_ACK };

	if (f->job.split && f->batch->fate == BATCH_KEPT)
		reply.older = batch_older(f->batch);
	if (reply.older.all > 0 || (f->feed->waiting && ingest_has_room(f->in)))
		f->door.settled(f->door.arg, f->feed, NULL, &reply);
}

static void
done_frame(struct store_job *job, int rc, enum db_fault fault)
{
	struct frame_job *f = (struct frame_job *)job;
	struct ingest_reply reply = { 0 };

	f->feed->under_way--;
	if (rc == 0) {
		if (f->batch->fate == BATCH_KEPT)
			ingest_apply(f->in, f->batch);
		call_again(f);
	} else if (!f->logged) {
		frame_failed(f, &reply, fault);
		f->door.settled(f->door.arg, f->feed, f->batch, &reply);
	}
	batch_free(&f->batch);
	free(f);
}

static int
hand_over(struct ingest *in, const struct ingest_door *door, struct feed *feed,
	  struct batch *batch)
{
	struct frame_job *f = calloc(1, sizeof(*f));

	if (f == NULL || batch == NULL) {
		log_error("ingest: out of memory");
		free(f);
		batch_free(&batch);
		return -1;
	}
	f->job.log = log_frame;
	f->job.run = run_frame;
	f->job.logged = logged_frame;
	f->job.done = done_frame;
	f->job.weight = batch->rows_n;
	f->in = in;
	f->door = *door;
	f->feed = feed;
	f->batch = batch;
	feed->under_way++;
	feed_stage(feed, batch->seq, batch->crc);
	store_submit(in->env.store, &f->job);
	return 0;
}

static void
say_fork(struct ingest *in, struct feed *s, uint64_t seq,
	 struct ingest_reply *reply)
{
	in->stats.forks++;
	if (!s->fork_said)
		log_error("ingest: fork sender=%s seq=%llu: another frame of "
			  "this outbox has the number; the outbox was copied "
			  "or restored and needs a new epoch",
			  s->sender, (unsigned long long)seq);
	s->fork_said = true;
	if (in->env.quality != NULL)
		quality_fork(in->env.quality, s->sender,
			     in->env.now(in->env.arg).day);
	nack(reply, WIRE_NACK_FORK, seq, 0,
	     "frame %llu of this outbox was another one; the outbox was "
	     "copied or restored and needs a new epoch",
	     (unsigned long long)seq);
}

/* What came: a frame, the door it came by, how its body decoded. */
struct arrival {
	const struct ingest_door *door;
	const struct ingest_opened *o;
	int err;
};

/* A frame in its turn: stage it, or let it pass as poison. */
static void
take(struct ingest *in, struct feed *s, const struct arrival *a,
     struct ingest_reply *reply)
{
	const struct batch_source source = {
		.sender = s->sender,
		.epoch = s->epoch,
		.seq = a->o->head->seq,
		.partition = -1,
		.crc = a->o->head->crc,
		.recv_us = in->env.now_us(in->env.arg),
		.frame = a->o->frame,
		.len = a->o->len,
	};
	struct batch *b;

	if (a->err == WIRE_OK) {
		b = ingest_stage(in, &source, &in->scratch, false);
	} else {
		ingest_bad_frame(in, a->err);
		b = batch_poison(&source, wire_strerror(a->err));
	}
	if (hand_over(in, a->door, s, b) < 0)
		nack(reply, WIRE_NACK_BUSY, source.seq, s->staged + 1,
		     "the centre has no memory for it now");
}

static void
take_or_wait(struct ingest *in, struct feed *s, const struct arrival *a,
	     struct ingest_reply *reply)
{
	if (ingest_has_room(in)) {
		take(in, s, a, reply);
		return;
	}
	s->waiting = true;
	in->stats.busy++;
	nack(reply, WIRE_NACK_BUSY, a->o->head->seq, s->staged + 1,
	     "the centre is busy; wait");
}

static void
answer_frame(struct ingest *in, struct feed *s, const struct arrival *a,
	     struct ingest_reply *reply)
{
	uint64_t seq = a->o->head->seq;

	switch (feed_ask(in->feeds, s, seq, a->o->head->crc)) {
	case FEED_TAKE:
		take_or_wait(in, s, a, reply);
		return;
	case FEED_DURABLE:
		in->stats.again++;
		reply->say = INGEST_SAY_ACK;
		return;
	case FEED_ON_WAY:
		in->stats.again++;
		return;
	case FEED_FORK:
		say_fork(in, s, seq, reply);
		return;
	case FEED_EXPECTED:
		in->stats.early++;
		nack(reply, WIRE_NACK_EXPECTED, seq, s->staged + 1,
		     "frame %llu is expected",
		     (unsigned long long)(s->staged + 1));
		return;
	case FEED_FAILED:
		nack(reply, WIRE_NACK_BUSY, seq, s->staged + 1,
		     "the centre cannot read its ledger");
	}
}

static struct feed *
feed_of(struct ingest *in, const struct ingest_opened *o,
	const struct wire_text *sender, struct ingest_reply *reply)
{
	struct feed *s;

	if (o->as != NULL && (strlen(o->as) != sender->len ||
			      memcmp(o->as, sender->at, sender->len) != 0)) {
		in->stats.refused_by[WIRE_NACK_UNAUTHORISED]++;
		nack(reply, WIRE_NACK_UNAUTHORISED, o->head->seq, 0,
		     "the key is %s's, but the frame says %.*s", o->as,
		     (int)sender->len, sender->at);
		return NULL;
	}
	s = feed_find(in->feeds, sender->at, sender->len, o->head->epoch);
	if (s == NULL)
		nack(reply, WIRE_NACK_BUSY, o->head->seq, 0,
		     "too many senders at once; wait");
	return s;
}

/*
 * Whose frame is it, when its body cannot be read?  The authenticated
 * sender's, or that of the outbox whose epoch it bears.
 */
static struct feed *
poison_feed(struct ingest *in, const struct arrival *a, struct ingest_reply *reply)
{
	struct feed *s = NULL;

	if (a->o->as != NULL) {
		const struct wire_text as = { .at = a->o->as,
					      .len = strlen(a->o->as) };

		return feed_of(in, a->o, &as, reply);
	}
	while ((s = feed_next(in->feeds, s)) != NULL) {
		if (s->epoch == a->o->head->epoch)
			return s;
	}
	ingest_bad_frame(in, a->err);
	nack(reply, WIRE_NACK_FRAME, a->o->head->seq, 0, "%s",
	     wire_strerror(a->err));
	return NULL;
}

struct feed *
ingest_frame(struct ingest *in, const struct ingest_door *door,
	     const struct ingest_opened *o, struct ingest_reply *reply)
{
	struct arrival a = { .door = door, .o = o };
	struct feed *s;

	memset(reply, 0, sizeof(*reply));
	a.err = wire_batch_decode(o->body, o->head->body_bytes, &in->scratch);
	if (a.err == WIRE_OK)
		s = feed_of(in, o, &in->scratch.sender, reply);
	else
		s = poison_feed(in, &a, reply);
	if (s != NULL)
		answer_frame(in, s, &a, reply);
	return s;
}

static int
run_gap(struct store_job *job, struct db *db)
{
	struct gap_job *g = (struct gap_job *)job;
	const struct frames_key key = { g->sender, g->epoch, -1 };

	if (frames_gap(db, &key, g->first, g->last, g->now_us) < 0)
		return -1;
	return frames_advance(db, &key, g->last, 0, g->now_us);
}

static void
done_gap(struct store_job *job, int rc, enum db_fault fault)
{
	struct gap_job *g = (struct gap_job *)job;
	struct ingest_reply reply = { .say = INGEST_SAY_WELCOME };

	(void)fault;
	g->feed->under_way--;
	g->feed->gap_pending = false;
	if (rc == 0) {
		feed_commit(g->feed, g->last, 0);
		g->in->stats.gaps++;
		log_error("ingest: gap sender=%s first=%llu last=%llu: frames "
			  "that were acknowledged once are gone here and at "
			  "the sender",
			  g->sender, (unsigned long long)g->first,
			  (unsigned long long)g->last);
		if (g->in->env.quality != NULL)
			quality_gap(g->in->env.quality, g->sender,
				    g->in->env.now(g->in->env.arg).day,
				    g->last - g->first + 1);
	} else {
		nack(&reply, WIRE_NACK_BUSY, 0, g->feed->durable + 1,
		     "the centre cannot store now");
	}
	g->door.settled(g->door.arg, g->feed, NULL, &reply);
	free(g);
}

/* The frames up to first_seq are nowhere any more: write it down, go on. */
static void
record_gap(struct ingest *in, const struct ingest_door *door, struct feed *s,
	   uint64_t first_seq, struct ingest_reply *reply)
{
	struct gap_job *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		nack(reply, WIRE_NACK_BUSY, 0, s->durable + 1,
		     "the centre has no memory for it now");
		return;
	}
	g->job.run = run_gap;
	g->job.done = done_gap;
	g->in = in;
	g->door = *door;
	g->feed = s;
	snprintf(g->sender, sizeof(g->sender), "%s", s->sender);
	g->epoch = s->epoch;
	g->first = s->durable + 1;
	g->last = first_seq - 1;
	g->now_us = in->env.now_us(in->env.arg);
	s->gap_pending = true;
	s->under_way++;
	store_submit(in->env.store, &g->job);
}

struct feed *
ingest_hello(struct ingest *in, const struct ingest_door *door,
	     const struct ingest_opened *o, struct ingest_reply *reply)
{
	struct wire_hello hello;
	struct feed *s;
	int err = wire_hello_decode(o->body, o->head->body_bytes, &hello);

	memset(reply, 0, sizeof(*reply));
	if (err != WIRE_OK) {
		ingest_bad_frame(in, err);
		nack(reply, WIRE_NACK_FRAME, o->head->seq, 0, "%s",
		     wire_strerror(err));
		return NULL;
	}
	s = feed_of(in, o, &hello.sender, reply);
	if (s == NULL || s->gap_pending)
		return s;
	if (hello.last_acked_seq != 0 && hello.last_acked_seq <= s->durable &&
	    feed_ask(in->feeds, s, hello.last_acked_seq, hello.last_acked_crc) ==
		    FEED_FORK) {
		say_fork(in, s, hello.last_acked_seq, reply);
		return s;
	}
	reply->say = INGEST_SAY_WELCOME;
	if (hello.first_seq > s->staged + 1) {
		reply->say = INGEST_SAY_NOTHING;
		record_gap(in, door, s, hello.first_seq, reply);
	}
	return s;
}

void
ingest_stats(const struct ingest *in, struct ingest_stats *out)
{
	*out = in->stats;
	out->feeds = feed_set_n(in->feeds);
}
