#ifndef TOCSIN_NOTIFY_NOTIFY_H
#define TOCSIN_NOTIFY_NOTIFY_H

/*
 * Delivery of notices: who is told of an alert event, by webhook, e-mail,
 * command or journal.  A notice is a row that is committed with its event;
 * here it is sent, tried again after 5 s, 15 s, 1 m, 5 m and then every 15 m,
 * and after give_up it is a dead letter that stays visible.  At least once:
 * every try of one notice carries the same id.
 *
 * Low colours may wait: a receiver with a digest gets what is below its
 * digest_below once a day in one message, a line an alert.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/desk/desk.h"

struct notify;
struct event_base;

enum notify_type {
	NOTIFY_WEBHOOK,
	NOTIFY_EMAIL,
	NOTIFY_COMMAND,
	NOTIFY_JOURNAL
};
enum notify_tell { NOTIFY_OFFICER, NOTIFY_OPERATOR, NOTIFY_BOTH };
enum notify_format { NOTIFY_TOCSIN, NOTIFY_ALERTMANAGER };

/* The titled block "receiver". */
struct notify_receiver {
	int type;	   /* enum notify_type */
	int format;	   /* enum notify_format, of a webhook's body */
	char *url;	   /* webhook: http(s)://; email: smtp(s)://host:port */
	char *secret_file; /* webhook: "whsec_..." to sign with; email: the
			      password; "" = none */
	char *user;	   /* email: who signs in at the server; "" = nobody */
	char *from;	   /* email */
	struct conf_list to;	  /* email */
	struct conf_list command; /* program and arguments; JSON on its input */
	struct conf_list routes;  /* of triggers; empty = all */
	struct conf_list areas;	  /* codes; their subtrees count; empty = all */
	int tell;		  /* enum notify_tell */
	int min_grade;		  /* 0 blue .. 3 red */
	bool enabled;
	char *digest;	    /* "08:00"; "" = everything at once */
	int digest_below;   /* graver waits for no digest */
	int language;	    /* 0 = en, 1 = zh-CN */
	int64_t give_up_ms; /* from the event to a dead letter */
};
extern const struct conf_key notify_receiver_keys[];

enum notify_outcome { NOTIFY_SENT, NOTIFY_AGAIN, NOTIFY_DEAD };

/* A row of the outbox as the deliverer reads it; borrowed for the call. */
struct notify_row {
	int64_t id;
	const char *receiver; /* the block's title */
	const char *message;  /* the same on every try: "msg_..." */
	const char *body;     /* JSON of notify_body() */
	int64_t created_ms;
	int64_t digest_ms; /* see notify_digest_ms() */
	int64_t tries;	   /* so far */
};

/* What came of one try. */
struct notify_try {
	int64_t id;
	enum notify_outcome outcome;
	int64_t at_ms;
	int64_t next_ms;   /* when to try again; NOTIFY_AGAIN only */
	const char *error; /* "" = none */
};

typedef void notify_each(void *each_arg, const struct notify_row *row);

/* Borrowed for the deliverer's life; arg goes to every function. */
struct notify_env {
	struct event_base *base;
	const struct registry *registry;
	const char *console_url; /* for links in messages; "" = none */
	void *arg;
	int64_t (*now_ms)(void *arg);
	/* Rows not sent, not dead and due by now, oldest first, at most max;
	   returns how many, or -1 when already logged. */
	int (*due)(void *arg, int64_t now_ms, size_t max, notify_each *each,
		   void *each_arg);
	/* The centre's clock, by which digests are due. */
	int64_t (*clock_ms)(void *arg);
	/* All due rows of the digest that one is of, oldest first; called
	   inside due(). */
	int (*digest)(void *arg, int64_t now_ms, const struct notify_row *one,
		      notify_each *each, void *each_arg);
	/* The alert as it stands, borrowed until the next call; or NULL. */
	const json_t *(*alert)(void *arg, const char *id);
	/* Writes down a try; durable some time later. */
	void (*tried)(void *arg, const struct notify_try *try);
};

/* NULL when already logged: an unreadable secret, a bad address. */
struct notify *notify_new(const struct conf *conf, const struct notify_env *env);
void notify_free(struct notify **n);

/*
 * Who is to be told of an event, as names of receivers into out (cap of
 * them, borrowed from the configuration).  Only events that announce, and
 * people's acts never, are told.  Returns how many.
 */
size_t notify_plan(const struct notify *n, const struct desk_event *event,
		   const char **out, size_t cap);

/*
 * When the digest is due, by the centre's clock, in which the receiver is
 * told of the event; 0: it is told at once.  Statutory rules, operators'
 * alerts and missed clocks never wait.
 */
int64_t notify_digest_ms(const struct notify *n, const struct desk_event *event,
			 const char *receiver);

/*
 * What a notice keeps of its event: a new object with the event's name, the
 * alert as it stood, and of a missed clock "escalation": clocks, to, told and
 * at_ms; or NULL.
 */
json_t *notify_body(const struct desk_event *event);

/* Is there a rota of the area, and nobody on duty then? */
bool notify_vacant(const struct notify *n, uint32_t area, int64_t at_ms);
/* Who is on duty, see rotas_json(). */
json_t *notify_rota(const struct notify *n, int64_t at_ms);
/* Takes the rotas and the receivers' switches of another configuration; 0, or
   -1 (logged): the old stay. */
int notify_reload(struct notify *n, const struct conf *conf)
	__attribute__((warn_unused_result));

/* Looks for due notices now; to be called when new ones are committed. */
void notify_wake(struct notify *n);

/* Figures for status and metrics. */
struct notify_stats {
	uint64_t sent, again, dead;
	size_t under_way;
};
void notify_stats(const struct notify *n, struct notify_stats *out);

#endif
