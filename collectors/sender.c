/*
 * The site's half of the protocol, as a pure state machine.
 */
#include "collectors/sender.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire.h"

#define GO_BACK_MS 1000 /* one go-back for a burst of equal NACKs */
#define QUIET_MS 2000	/* an unanswered HELLO is worth a word */

static int64_t
min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The last frame that need not be sent to this centre. */
static uint64_t
base(const struct sender *s)
{
	return s->durable + 1 > s->first ? s->durable : s->first - 1;
}

static bool
in_flight(const struct sender *s)
{
	return s->next > base(s) + 1;
}

void
sender_init(struct sender *s, size_t centres, uint64_t first, uint64_t last,
	    uint32_t seed)
{
	memset(s, 0, sizeof(*s));
	s->centres = centres;
	s->first = first;
	s->last = last;
	s->next = first;
	s->seed = seed | 1;
}

/* Where a cycle goes when the present centre failed or refused. */
static enum sender_state
after_failure(const struct sender *s, bool refused)
{
	if (s->centre + 1 < s->centres)
		return SENDER_GREET;
	return s->refused || refused ? SENDER_REFUSED : SENDER_BACKOFF;
}

static bool
silent(const struct sender *s, int64_t now)
{
	return now - s->heard >= SENDER_SILENCE_MS;
}

static bool
go_home(const struct sender *s, int64_t now)
{
	return s->centre > 0 && !in_flight(s) &&
	       now - s->opened >= SENDER_PREFER_MS;
}

static enum sender_state
next_on_timer(const struct sender *s, int64_t now)
{
	switch (s->state) {
	case SENDER_BACKOFF:
	case SENDER_REFUSED:
		return now >= s->until ? SENDER_GREET : s->state;
	case SENDER_GREET:
		return now >= s->until ? after_failure(s, false) : s->state;
	case SENDER_OPEN:
		if (silent(s, now))
			return s->centres > 1 ? SENDER_GREET : SENDER_BACKOFF;
		return go_home(s, now) ? SENDER_GREET : s->state;
	case SENDER_IDLE:
	case SENDER_FORKED:
		break;
	}
	return s->state;
}

static enum sender_state
next_on_nack(const struct sender *s, const struct sender_event *ev)
{
	switch (ev->code) {
	case WIRE_NACK_EXPECTED:
	case WIRE_NACK_REJECT:
	case WIRE_NACK_BUSY:
		return s->state;
	case WIRE_NACK_HELLO:
		return SENDER_GREET;
	case WIRE_NACK_FORK:
		return SENDER_FORKED;
	default:
		return after_failure(s, true);
	}
}

enum sender_state
sender_next(const struct sender *s, const struct sender_event *ev, int64_t now)
{
	bool talking = s->state == SENDER_GREET || s->state == SENDER_OPEN;

	if (s->state == SENDER_FORKED)
		return s->state;
	if (s->state == SENDER_IDLE)
		return ev->kind == SENDER_EV_START ? SENDER_GREET : s->state;
	if (ev->kind == SENDER_EV_TIMER)
		return next_on_timer(s, now);
	if (!talking) /* a straggler of the connection that was given up */
		return s->state;
	switch (ev->kind) {
	case SENDER_EV_LINK:
		return SENDER_GREET;
	case SENDER_EV_AUTH_FAILED:
		return after_failure(s, true);
	case SENDER_EV_WELCOME:
		return ev->seq > s->last ? SENDER_FORKED : SENDER_OPEN;
	case SENDER_EV_ACK:
		return ev->seq > s->last ? SENDER_FORKED : s->state;
	case SENDER_EV_NACK:
		return next_on_nack(s, ev);
	default:
		return s->state;
	}
}

static void
say(struct sender *s, struct sender_acts *acts, const char *why)
{
	if (strcmp(s->why, why) == 0)
		return;
	snprintf(s->why, sizeof(s->why), "%s", why);
	acts->news = true;
}

static void
say_nack(struct sender *s, const struct sender_event *ev, struct sender_acts *acts)
{
	char text[SENDER_WHY_BYTES];

	snprintf(text, sizeof(text), "the centre refuses us (%s)%s%s",
		 wire_nack_name(ev->code), ev->reason != NULL ? ": " : "",
		 ev->reason != NULL ? ev->reason : "");
	say(s, acts, text);
}

/* xorshift32: between half of ms and all of it. */
static int64_t
jitter(struct sender *s, int64_t ms)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 17;
	s->seed ^= s->seed << 5;
	return ms / 2 + (int64_t)(s->seed % (uint32_t)(ms / 2 + 1));
}

static int64_t
backoff(struct sender *s)
{
	int64_t ms = SENDER_BACKOFF_MIN_MS;

	for (unsigned i = 0; i < s->failures && ms < SENDER_BACKOFF_MAX_MS; i++)
		ms *= 2;
	s->failures++;
	return jitter(s, min64(ms, SENDER_BACKOFF_MAX_MS));
}

static void
greet(struct sender *s, int64_t now, struct sender_acts *acts)
{
	acts->hello = true;
	s->until = now + SENDER_HELLO_MS;
	s->greet_at = now;
	s->heard = now;
}

/* The present centre failed or refused: the next one, or a wait. */
static void
leave(struct sender *s, enum sender_state to, bool refused, int64_t now,
      struct sender_acts *acts)
{
	s->refused = s->refused || refused;
	s->rejects_n = 0;
	if (to == SENDER_GREET) {
		s->centre++;
		acts->connect = true;
		greet(s, now, acts);
		return;
	}
	s->centre = 0;
	s->refused = false;
	s->until = now + (to == SENDER_REFUSED ? jitter(s, SENDER_REFUSED_MS)
					       : backoff(s));
}

static void
begin(struct sender *s, int64_t now, struct sender_acts *acts)
{
	s->centre = 0;
	s->rejects_n = 0;
	acts->connect = true;
	greet(s, now, acts);
}

static void
timer_open(struct sender *s, enum sender_state to, int64_t now,
	   struct sender_acts *acts)
{
	if (to != SENDER_OPEN) {
		if (silent(s, now))
			say(s, acts, "the centre has stopped answering");
		if (to == SENDER_GREET)
			begin(s, now, acts);
		else
			leave(s, to, false, now, acts);
		return;
	}
	if (now - s->heard >= SENDER_IDLE_MS &&
	    now - s->pinged >= SENDER_IDLE_MS) {
		acts->ping = true;
		s->pinged = now;
	}
	if (in_flight(s) && now - s->progress >= SENDER_RESEND_MS) {
		s->next = base(s) + 1;
		s->progress = now;
	}
	/* The ACK that opens the window again may have been lost. */
	if (s->window == 0 && now - s->greeted >= SENDER_IDLE_MS) {
		acts->hello = true;
		s->greeted = now;
	}
}

static void
apply_timer(struct sender *s, enum sender_state to, int64_t now,
	    struct sender_acts *acts)
{
	switch (s->state) {
	case SENDER_BACKOFF:
	case SENDER_REFUSED:
		if (to == SENDER_GREET)
			begin(s, now, acts);
		break;
	case SENDER_GREET:
		if (now >= s->until) {
			say(s, acts, "the centre does not answer");
			leave(s, to, false, now, acts);
		} else if (now >= s->greet_at) {
			acts->hello = true;
			if (now >= s->until - SENDER_HELLO_MS + QUIET_MS)
				say(s, acts, "the centre does not answer");
		}
		break;
	case SENDER_OPEN:
		timer_open(s, to, now, acts);
		break;
	case SENDER_IDLE:
	case SENDER_FORKED:
		break;
	}
}

/* Moves durable forward over frames that were refused for ever. */
static void
absorb(struct sender *s)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < s->rejects_n; i++) {
			if (s->rejects[i] > base(s) + 1)
				continue;
			if (s->rejects[i] > s->durable)
				s->durable = s->rejects[i];
			s->rejects[i] = s->rejects[--s->rejects_n];
			moved = true;
			break;
		}
	}
}

static void
advance(struct sender *s, uint64_t seq, int64_t now, struct sender_acts *acts)
{
	uint64_t before = s->durable;

	if (seq > s->durable)
		s->durable = seq;
	absorb(s);
	if (s->durable == before)
		return;
	if (s->next <= base(s))
		s->next = base(s) + 1;
	s->progress = now;
	acts->durable = true;
}

static void
grant(struct sender *s, uint32_t window)
{
	s->window = window < SENDER_MAX_WINDOW ? window : SENDER_MAX_WINDOW;
}

static void
apply_welcome(struct sender *s, const struct sender_event *ev, int64_t now,
	      struct sender_acts *acts)
{
	s->durable = ev->seq;
	if (ev->seq > ev->known && ev->seq >= s->first)
		s->durable = ev->seq - 1; /* send it again: is it ours? */
	s->next = base(s) + 1;
	s->rejects_n = 0;
	s->failures = 0;
	s->refused = false;
	s->opened = s->progress = now;
	s->back_to = 0;
	grant(s, ev->window);
	acts->durable = true;
	acts->gap = s->durable + 1 < s->first;
	if (s->window > 0)
		say(s, acts, "");
	else
		say(s, acts, "the centre asks to wait");
}

/* Go back N, once for a burst of frames behind the same hole. */
static void
go_back(struct sender *s, const struct sender_event *ev, int64_t now,
	struct sender_acts *acts)
{
	if (ev->expected < s->first) {
		/* It has not heard yet which frames are still there. */
		acts->hello = now - s->greeted >= SENDER_GREET_MS;
		return;
	}
	if (ev->expected >= s->next || ev->expected <= s->durable)
		return;
	if (ev->expected == s->back_to && now - s->gone_back < GO_BACK_MS)
		return;
	s->next = ev->expected;
	s->back_to = ev->expected;
	s->gone_back = now;
}

static void
apply_reject(struct sender *s, const struct sender_event *ev, int64_t now,
	     struct sender_acts *acts)
{
	if (ev->seq < s->first || ev->seq > s->last ||
	    s->rejects_n == SENDER_MAX_REJECTS)
		return; /* not ours, or it will be said again */
	acts->reject = true;
	s->rejects[s->rejects_n++] = ev->seq;
	advance(s, s->durable, now, acts);
}

static void
apply_nack(struct sender *s, const struct sender_event *ev,
	   enum sender_state to, int64_t now, struct sender_acts *acts)
{
	switch (ev->code) {
	case WIRE_NACK_EXPECTED:
		go_back(s, ev, now, acts);
		break;
	case WIRE_NACK_REJECT:
		apply_reject(s, ev, now, acts);
		break;
	case WIRE_NACK_BUSY:
		s->window = 0;
		s->next = base(s) + 1;
		say(s, acts, "the centre asks to wait");
		break;
	case WIRE_NACK_HELLO:
		if (s->state == SENDER_OPEN)
			greet(s, now, acts);
		break;
	default:
		say_nack(s, ev, acts);
		leave(s, to, true, now, acts);
		break;
	}
}

static void
apply_fork(struct sender *s, const struct sender_event *ev,
	   struct sender_acts *acts)
{
	char text[SENDER_WHY_BYTES];

	if (ev->kind == SENDER_EV_NACK)
		snprintf(
			text, sizeof(text),
			"stopped: the centre already has another frame %" PRIu64
			" from this outbox, so this is a copy of it; run "
			"'tocsin-collect renew' to send everything it holds "
			"under a new name",
			ev->seq);
	else
		snprintf(text, sizeof(text),
			 "stopped: the centre has frames up to %" PRIu64
			 " from this outbox, which ends at %" PRIu64
			 ": it is an old copy; run 'tocsin-collect renew' to "
			 "go on under a new name",
			 ev->seq, s->last);
	say(s, acts, text);
}

static void
apply_talk(struct sender *s, const struct sender_event *ev,
	   enum sender_state to, int64_t now, struct sender_acts *acts)
{
	if (ev->kind != SENDER_EV_AUTH_FAILED)
		s->heard = now;
	switch (ev->kind) {
	case SENDER_EV_LINK:
		greet(s, now, acts);
		break;
	case SENDER_EV_AUTH_FAILED:
		say(s, acts,
		    "the centre does not accept this site's key; ask it for an "
		    "invitation and run tocsin-collect enroll with it");
		leave(s, to, true, now, acts);
		break;
	case SENDER_EV_WELCOME:
		apply_welcome(s, ev, now, acts);
		break;
	case SENDER_EV_ACK:
		grant(s, ev->window);
		advance(s, ev->seq, now, acts);
		if (s->state == SENDER_OPEN && s->window > 0)
			say(s, acts, "");
		break;
	case SENDER_EV_NACK:
		apply_nack(s, ev, to, now, acts);
		break;
	default:
		break;
	}
}

void
sender_apply(struct sender *s, const struct sender_event *ev, int64_t now,
	     struct sender_acts *acts)
{
	enum sender_state to = sender_next(s, ev, now);
	bool talking = s->state == SENDER_GREET || s->state == SENDER_OPEN;

	memset(acts, 0, sizeof(*acts));
	if (ev->kind == SENDER_EV_PUT) {
		assert(ev->seq >= s->last);
		s->last = ev->seq;
	} else if (to == SENDER_FORKED) {
		if (s->state != SENDER_FORKED)
			apply_fork(s, ev, acts);
	} else if (ev->kind == SENDER_EV_START) {
		if (s->state == SENDER_IDLE)
			begin(s, now, acts);
	} else if (ev->kind == SENDER_EV_TIMER) {
		apply_timer(s, to, now, acts);
	} else if (talking) {
		apply_talk(s, ev, to, now, acts);
	}
	if (s->state != to)
		acts->news = true;
	s->state = to;
}

void
sender_greeted(struct sender *s, bool taken, int64_t now)
{
	s->greet_at = now + (taken ? SENDER_GREET_MS : SENDER_RETRY_MS);
	if (taken)
		s->greeted = now;
}

uint64_t
sender_want(const struct sender *s)
{
	if (s->state != SENDER_OPEN || s->next > s->last ||
	    s->next - base(s) > s->window)
		return 0;
	return s->next;
}

void
sender_sent(struct sender *s, int64_t now)
{
	assert(s->next <= s->last);
	if (!in_flight(s))
		s->progress = now;
	s->next++;
}

int64_t
sender_deadline(const struct sender *s)
{
	int64_t at;

	switch (s->state) {
	case SENDER_BACKOFF:
	case SENDER_REFUSED:
		return s->until;
	case SENDER_GREET:
		return min64(s->until, s->greet_at);
	case SENDER_OPEN:
		at = s->heard > s->pinged ? s->heard : s->pinged;
		at = min64(at + SENDER_IDLE_MS, s->heard + SENDER_SILENCE_MS);
		if (in_flight(s))
			at = min64(at, s->progress + SENDER_RESEND_MS);
		if (s->window == 0)
			at = min64(at, s->greeted + SENDER_IDLE_MS);
		if (s->centre > 0 && !in_flight(s))
			at = min64(at, s->opened + SENDER_PREFER_MS);
		return at;
	case SENDER_IDLE:
	case SENDER_FORKED:
		break;
	}
	return INT64_MAX;
}

bool
sender_done(const struct sender *s)
{
	return s->state == SENDER_OPEN && base(s) >= s->last;
}

const char *
sender_state_str(enum sender_state state)
{
	static const char *const name[] = { "idle",	  "waiting",
					    "connecting", "connected",
					    "refused",	  "stopped" };

	return name[state];
}
