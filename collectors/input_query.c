/*
 * A SELECT over an SQLite file, at an interval.  The result becomes the CSV
 * that its column names say, so that one reader checks everything.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/db.h"
#include "base/log.h"
#include "collectors/input.h"
#include "collectors/settings.h"

#define TEXT_MAX (64u << 20)
#define BUSY_MS 2000

struct query {
	const struct input_env *env;
	const struct settings_query *conf;
	const char *title;
	struct event *due;
};

struct input_queries {
	struct input_env env;
	size_t n;
	struct query *at;
};

struct csv {
	char *text;
	size_t len, cap;
	bool full;
};

static void
add(struct csv *c, char byte)
{
	if (c->len == c->cap) {
		size_t cap = c->cap == 0 ? 65536 : c->cap * 2;
		char *grown = cap <= TEXT_MAX ? realloc(c->text, cap) : NULL;

		if (grown == NULL) {
			c->full = true;
			return;
		}
		c->text = grown;
		c->cap = cap;
	}
	c->text[c->len++] = byte;
}

/* One field, always quoted. */
static void
add_field(struct csv *c, const char *value, bool last)
{
	add(c, '"');
	for (; *value != '\0' && !c->full; value++) {
		if (*value == '"')
			add(c, '"');
		add(c, *value);
	}
	add(c, '"');
	add(c, last ? '\n' : ',');
}

/* The whole result as CSV.  0, or -1 when logged. */
static int
read_result(const char *title, struct db_stmt *s, struct csv *out)
{
	int n = db_columns(s), rc;

	for (int i = 0; i < n; i++)
		add_field(out, db_column_name(s, i), i + 1 == n);
	while ((rc = db_step(s)) > 0 && !out->full) {
		for (int i = 0; i < n; i++)
			add_field(out, db_text(s, i), i + 1 == n);
	}
	db_reset(s);
	if (out->full) {
		log_error("query %s: the result is larger than 64 MiB", title);
		return -1;
	}
	return rc;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct query *q = arg;
	const struct timeval tv = {
		.tv_sec = q->conf->every_ms / 1000,
		.tv_usec = q->conf->every_ms % 1000 * 1000,
	};
	struct csv csv = { 0 };
	struct db *db;
	struct db_stmt *s;

	(void)fd;
	(void)what;
	event_add(q->due, &tv);
	db = db_open(q->conf->database, DB_READ_ONLY, BUSY_MS, q->title);
	s = db != NULL ? db_prepare(db, q->conf->sql) : NULL;
	if (s != NULL && read_result(q->title, s, &csv) == 0)
		(void)input_take(q->env, q->title, q->conf->indicator, csv.text,
				 csv.len);
	db_close(&db);
	free(csv.text);
}

int
input_queries_open(const struct input_env *env, struct input_queries **out)
{
	static const struct timeval now = { 0 };
	size_t n = settings_queries(env->settings);
	struct input_queries *all;

	*out = NULL;
	if (n == 0)
		return 0;
	all = calloc(1, sizeof(*all));
	if (all != NULL)
		all->at = calloc(n, sizeof(*all->at));
	if (all == NULL || all->at == NULL)
		goto bad;
	all->env = *env;
	all->n = n;
	for (size_t i = 0; i < n; i++) {
		struct query *q = &all->at[i];

		q->env = &all->env;
		q->conf = settings_query(env->settings, i, &q->title);
		q->due = evtimer_new(env->base, on_due, q);
		if (q->due == NULL || event_add(q->due, &now) < 0)
			goto bad;
	}
	*out = all;
	return 0;
bad:
	log_error("query: out of memory");
	input_queries_close(&all);
	return -1;
}

void
input_queries_close(struct input_queries **qp)
{
	struct input_queries *all = *qp;

	*qp = NULL;
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++) {
		if (all->at[i].due != NULL)
			event_free(all->at[i].due);
	}
	free(all->at);
	free(all);
}
