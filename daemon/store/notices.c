/*
 * The outbox of notices: rows that wait until they are sent or given up.  What
 * waits for a digest has "dig_", the second of the digest and the alert's id
 * as its message.
 */
#include "daemon/store/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 128

static const char *const state_text[] = {
	[ALERTS_NOTICE_WAITING] = "waiting",
	[ALERTS_NOTICE_SENT] = "sent",
	[ALERTS_NOTICE_DEAD] = "dead",
	[ALERTS_NOTICE_SUPERSEDED] = "superseded",
};

#define COLUMNS                                                                \
	"id, event, receiver, message, body, state, tries, created_ms,"        \
	" next_ms, done_ms, error"

/* A digest that was tried goes on as it is. */
static int
supersede(struct db *db, const struct alerts_notice *n)
{
	struct db_stmt *s = db_cached(
		db, "UPDATE notice SET state='superseded', done_ms=?"
		    " WHERE state='waiting' AND tries=0 AND receiver=?"
		    " AND message GLOB 'dig_*_' || ?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, n->created_ms);
	db_bind_text(s, 2, n->receiver);
	db_bind_text(s, 3, n->alert);
	return db_run(s);
}

int
alerts_put_notice(struct db *db, const struct alerts_notice *n)
{
	char message[MESSAGE_BYTES];
	struct db_stmt *s;

	if (!n->beside && supersede(db, n) < 0)
		return -1;
	s = db_cached(
		db, "INSERT INTO notice(event, receiver, message, body, state,"
		    " tries, created_ms, next_ms, error)"
		    " VALUES(?, ?, ?, ?, 'waiting', 0, ?, ?, '')");
	if (s == NULL)
		return -1;
	snprintf(message, sizeof(message), "dig_%" PRId64 "_%.64s",
		 n->digest_ms / 1000, n->alert);
	db_bind_int(s, 1, n->event);
	db_bind_text(s, 2, n->receiver);
	db_bind_text(s, 3, n->digest_ms != 0 ? message : n->message);
	db_bind_text(s, 4, n->body);
	db_bind_int(s, 5, n->created_ms);
	db_bind_int(s, 6, n->digest_ms != 0 ? n->digest_ms : n->created_ms);
	return db_run(s);
}

int
alerts_put_try(struct db *db, const struct alerts_try *t)
{
	struct db_stmt *s = db_cached(
		db, "UPDATE notice SET state=?, tries=tries+1, next_ms=?,"
		    " done_ms=?, error=? WHERE id=?");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, state_text[t->state]);
	db_bind_int(s, 2, t->next_ms);
	if (t->state == ALERTS_NOTICE_WAITING)
		db_bind_null(s, 3);
	else
		db_bind_int(s, 3, t->at_ms);
	db_bind_text(s, 4, t->error);
	db_bind_int(s, 5, t->notice);
	return db_run(s);
}

/* When the digest is due that the notice waits for; 0: it is none. */
static int64_t
digest_of(const char *message)
{
	int64_t s;

	return sscanf(message, "dig_%" SCNd64 "_", &s) == 1 ? s * 1000 : 0;
}

static long
each_notice(struct db_stmt *s, alerts_each_notice *each, void *arg)
{
	long n = 0;
	int rc;

	while ((rc = db_step(s)) == 1) {
		struct alerts_outbox row = {
			.id = db_int(s, 0),
			.event = db_int(s, 1),
			.receiver = db_text(s, 2),
			.message = db_text(s, 3),
			.body = db_text(s, 4),
			.state = db_text(s, 5),
			.tries = db_int(s, 6),
			.created_ms = db_int(s, 7),
			.next_ms = db_int(s, 8),
			.done_ms = db_int(s, 9),
			.error = db_text(s, 10),
		};

		row.digest_ms = digest_of(row.message);
		each(arg, &row);
		n++;
	}
	db_reset(s);
	return rc < 0 ? -1 : n;
}

#define DUE                                                                    \
	"state='waiting' AND next_ms<=max(?1, ?2) AND next_ms<="               \
	"CASE WHEN tries=0 AND message GLOB 'dig_*' THEN ?2 ELSE ?1 END"

long
alerts_due(struct db *db, const struct alerts_now *now, size_t max,
	   alerts_each_notice *each, void *arg)
{
	struct db_stmt *s =
		db_cached(db, "SELECT " COLUMNS " FROM notice WHERE " DUE
			      " ORDER BY next_ms, id LIMIT ?3");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now->wall_ms);
	db_bind_int(s, 2, now->clock_ms);
	db_bind_int(s, 3, (int64_t)max);
	return each_notice(s, each, arg);
}

long
alerts_digest(struct db *db, const struct alerts_now *now,
	      const struct alerts_outbox *one, alerts_each_notice *each,
	      void *arg)
{
	struct db_stmt *s =
		db_cached(db, "SELECT " COLUMNS " FROM notice WHERE " DUE
			      " AND receiver=?3 AND"
			      " message GLOB 'dig_' || ?4 || '_*'"
			      " ORDER BY id");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now->wall_ms);
	db_bind_int(s, 2, now->clock_ms);
	db_bind_text(s, 3, one->receiver);
	db_bind_int(s, 4, one->digest_ms / 1000);
	return each_notice(s, each, arg);
}

int
alerts_waits(struct db *db, alerts_each_wait *each, void *arg)
{
	struct db_stmt *s =
		db_cached(db, "SELECT receiver, count(*) FROM notice"
			      " WHERE state='waiting' AND"
			      " message GLOB 'dig_*'"
			      " GROUP BY receiver ORDER BY receiver");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1)
		each(arg, db_text(s, 0), db_int(s, 1));
	db_reset(s);
	return rc;
}

long
alerts_notices(struct db *db, size_t max, alerts_each_notice *each, void *arg)
{
	struct db_stmt *s = db_cached(db, "SELECT " COLUMNS " FROM notice"
					  " ORDER BY id DESC LIMIT ?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, (int64_t)max);
	return each_notice(s, each, arg);
}
