/* The outbox of notices: rows that wait until they are sent or given up. */
#include "daemon/store/alerts.h"

static const char *const state_text[] = {
	[ALERTS_NOTICE_WAITING] = "waiting",
	[ALERTS_NOTICE_SENT] = "sent",
	[ALERTS_NOTICE_DEAD] = "dead",
};

#define COLUMNS                                                                \
	"id, event, receiver, message, body, state, tries, created_ms,"        \
	" next_ms, done_ms, error"

int
alerts_put_notice(struct db *db, const struct alerts_notice *n)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO notice(event, receiver, message, body, state,"
		    " tries, created_ms, next_ms, error)"
		    " VALUES(?, ?, ?, ?, 'waiting', 0, ?5, ?5, '')");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, n->event);
	db_bind_text(s, 2, n->receiver);
	db_bind_text(s, 3, n->message);
	db_bind_text(s, 4, n->body);
	db_bind_int(s, 5, n->created_ms);
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

		each(arg, &row);
		n++;
	}
	db_reset(s);
	return rc < 0 ? -1 : n;
}

long
alerts_due(struct db *db, int64_t now_ms, size_t max, alerts_each_notice *each,
	   void *arg)
{
	struct db_stmt *s =
		db_cached(db, "SELECT " COLUMNS " FROM notice"
			      " WHERE state='waiting' AND next_ms<=?"
			      " ORDER BY next_ms, id LIMIT ?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now_ms);
	db_bind_int(s, 2, (int64_t)max);
	return each_notice(s, each, arg);
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
