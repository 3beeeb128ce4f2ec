#ifndef TOCSIN_COLLECTORS_SENDER_H
#define TOCSIN_COLLECTORS_SENDER_H

/*
 * When to connect, greet, send, send again, and give up: the site's half of
 * the protocol in proto/README.md as a pure state machine.  It has no socket,
 * no file and no clock: what happened comes in as an event with its time, what
 * to do goes out in a sender_acts, and sender_want() names the next frame.
 *
 * What a centre has made durable is only ever learnt from WELCOME, ACK and
 * REJECT; everything else is a guess that leads to sending again, which the
 * centre takes as once.  Where a WELCOME claims more than was recorded here,
 * its last frame is sent again: the centre acknowledges it if it is the same,
 * and says FORK if a copy of this outbox was there in the meantime.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDER_WHY_BYTES 320
#define SENDER_MAX_WINDOW 1024
#define SENDER_MAX_REJECTS 64

/* All in ms. */
#define SENDER_HELLO_MS 15000	/* for a WELCOME, then the next centre */
#define SENDER_GREET_MS 5000	/* between two HELLOs that were sent */
#define SENDER_RETRY_MS 250	/* a HELLO that nobody could take */
#define SENDER_IDLE_MS 10000	/* silence that brings a PING */
#define SENDER_SILENCE_MS 30000 /* silence that ends a connection */
#define SENDER_RESEND_MS 10000	/* frames under way without progress */
#define SENDER_REFUSED_MS 60000 /* refused by every centre: try again */
#define SENDER_PREFER_MS 300000 /* away from the preferred centre */
#define SENDER_BACKOFF_MIN_MS 1000
#define SENDER_BACKOFF_MAX_MS 60000

enum sender_state {
	SENDER_IDLE,	/* not started */
	SENDER_BACKOFF, /* nobody answered; waiting */
	SENDER_GREET,	/* connecting, HELLO to be answered */
	SENDER_OPEN,	/* WELCOME received; frames go */
	SENDER_REFUSED, /* a centre answered and will not have us; waiting */
	SENDER_FORKED	/* the centre knows another outbox with our epoch;
			   stopped until a person mends it */
};

enum sender_kind {
	SENDER_EV_START,
	SENDER_EV_TIMER,       /* sender_deadline() is reached */
	SENDER_EV_LINK,	       /* the connection is made (also: made anew) */
	SENDER_EV_AUTH_FAILED, /* the centre refused our key */
	SENDER_EV_WELCOME,     /* seq, window */
	SENDER_EV_ACK,	       /* seq, window */
	SENDER_EV_NACK,	       /* seq, code, expected, reason */
	SENDER_EV_PONG,
	SENDER_EV_PUT /* the outbox has more: seq = its last */
};

struct sender_event {
	enum sender_kind kind;
	uint64_t seq;
	uint64_t expected;
	uint64_t known; /* WELCOME: what was recorded as durable there */
	uint32_t window;
	uint32_t code;	    /* enum wire_nack */
	const char *reason; /* borrowed; may be NULL */
};

/* What the caller must do now, in this order. */
struct sender_acts {
	bool connect; /* to centre, dropping what connection there is */
	bool hello;   /* then call sender_greeted() */
	bool ping;
	bool durable; /* record the position s->durable */
	bool reject;  /* record that the event's frame was refused for ever */
	bool gap;     /* frames durable + 1 .. first - 1 are gone for good */
	bool news;    /* state or why have changed */
};

struct sender {
	enum sender_state state;
	size_t centres;	      /* how many there are, in order of preference */
	size_t centre;	      /* the present one */
	uint64_t first, last; /* frames that the outbox holds */
	uint64_t durable;     /* at the present centre */
	uint64_t next;	      /* to be sent next */
	uint32_t window;
	unsigned failures; /* cycles without a WELCOME */
	bool refused;	   /* some centre of this cycle refused us */
	int64_t heard, pinged, greeted, opened, progress, gone_back;
	int64_t until; /* end of the present wait */
	int64_t greet_at;
	uint64_t back_to; /* last go-back */
	uint64_t rejects[SENDER_MAX_REJECTS];
	size_t rejects_n;
	uint32_t seed;		    /* of the jitter */
	char why[SENDER_WHY_BYTES]; /* what is wrong, in words; or "" */
};

/* centres >= 1; first and last as the outbox's. */
void sender_init(struct sender *s, size_t centres, uint64_t first,
		 uint64_t last, uint32_t seed);

/* Pure: the state that the event leads to.  now in ms, monotonic. */
enum sender_state sender_next(const struct sender *s,
			      const struct sender_event *ev, int64_t now);
/* Performs the event; *acts is overwritten. */
void sender_apply(struct sender *s, const struct sender_event *ev, int64_t now,
		  struct sender_acts *acts);

/* After acts.hello: whether the transport took it. */
void sender_greeted(struct sender *s, bool taken, int64_t now);

/* The frame to send now, or 0; sender_sent() when the transport took it. */
uint64_t sender_want(const struct sender *s);
void sender_sent(struct sender *s, int64_t now);

/* When SENDER_EV_TIMER is due, at most. */
int64_t sender_deadline(const struct sender *s);

/* Is everything that the outbox holds durable at the present centre? */
bool sender_done(const struct sender *s);

const char *sender_state_str(enum sender_state state);

#endif
