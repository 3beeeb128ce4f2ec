/* Alerts, their events and the chain over them. */
#include "daemon/store/alerts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ALERTS_CHAIN_BYTES == crypto_hash_sha256_BYTES,
	       "the chain is SHA-256");

/* What the hash covers of an event, each field ended by a NUL. */
static void
chain_next(unsigned char chain[ALERTS_CHAIN_BYTES], const char *id,
	   const char *name, const int64_t number[3], const char *body)
{
	crypto_hash_sha256_state h;
	char text[80];
	int n = snprintf(text, sizeof(text), "%lld/%lld/%lld",
			 (long long)number[0], (long long)number[1],
			 (long long)number[2]);

	crypto_hash_sha256_init(&h);
	crypto_hash_sha256_update(&h, chain, ALERTS_CHAIN_BYTES);
	crypto_hash_sha256_update(&h, (const unsigned char *)id, strlen(id) + 1);
	crypto_hash_sha256_update(&h, (const unsigned char *)name,
				  strlen(name) + 1);
	crypto_hash_sha256_update(&h, (const unsigned char *)text,
				  (unsigned long long)n + 1);
	crypto_hash_sha256_update(&h, (const unsigned char *)body,
				  strlen(body) + 1);
	crypto_hash_sha256_final(&h, chain);
}

/* The chain of the newest event; zeros where there is none. */
static int
last_chain(struct db *db, unsigned char chain[ALERTS_CHAIN_BYTES])
{
	struct db_stmt *s = db_cached(
		db, "SELECT chain FROM alert_event ORDER BY number DESC"
		    " LIMIT 1");
	const void *blob;
	size_t len = 0;
	int rc;

	if (s == NULL)
		return -1;
	memset(chain, 0, ALERTS_CHAIN_BYTES);
	rc = db_step(s);
	if (rc == 1) {
		blob = db_blob(s, 0, &len);
		if (len == ALERTS_CHAIN_BYTES)
			memcpy(chain, blob, len);
	}
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

int
alerts_put_state(struct db *db, const struct alerts_event *e)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO alert(id, version, body) VALUES(?, ?, ?)"
		    " ON CONFLICT DO UPDATE SET version=excluded.version,"
		    " body=excluded.body WHERE excluded.version>=version");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, e->id);
	db_bind_int(s, 2, e->version);
	db_bind_text(s, 3, e->alert);
	return db_run(s);
}

int
alerts_put(struct db *db, const struct alerts_event *e, int64_t *number)
{
	unsigned char chain[ALERTS_CHAIN_BYTES];
	const int64_t numbers[3] = { e->version, e->as_of, e->at_us };
	struct db_stmt *s = db_cached(
		db, "INSERT INTO alert_event(alert, version, name, as_of,"
		    " at_us, body, chain) VALUES(?, ?, ?, ?, ?, ?, ?)");

	if (s == NULL || last_chain(db, chain) < 0)
		return -1;
	chain_next(chain, e->id, e->name, numbers, e->body);
	db_bind_text(s, 1, e->id);
	db_bind_int(s, 2, e->version);
	db_bind_text(s, 3, e->name);
	db_bind_int(s, 4, e->as_of);
	db_bind_int(s, 5, e->at_us);
	db_bind_text(s, 6, e->body);
	db_bind_blob(s, 7, chain, sizeof(chain));
	if (db_run(s) < 0)
		return -1;
	*number = db_last_rowid(db);
	return alerts_put_state(db, e);
}

int
alerts_verify(struct db *db, int64_t *number)
{
	unsigned char chain[ALERTS_CHAIN_BYTES] = { 0 };
	struct db_stmt *s = db_cached(
		db, "SELECT number, alert, name, version, as_of, at_us, body,"
		    " chain FROM alert_event ORDER BY number");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1) {
		const int64_t numbers[3] = { db_int(s, 3), db_int(s, 4),
					     db_int(s, 5) };
		size_t len;
		const void *kept = db_blob(s, 7, &len);

		chain_next(chain, db_text(s, 1), db_text(s, 2), numbers,
			   db_text(s, 6));
		if (len != sizeof(chain) || memcmp(chain, kept, len) != 0) {
			*number = db_int(s, 0);
			break;
		}
	}
	db_reset(s);
	return rc;
}

int
alerts_load(struct db *db, alerts_each *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT id, body FROM alert ORDER BY (SELECT min(number)"
		    " FROM alert_event WHERE alert=alert.id), id");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1)
		each(arg, db_text(s, 0), db_text(s, 1));
	db_reset(s);
	return rc;
}

static long
each_event(struct db_stmt *s, alerts_each_event *each, void *arg)
{
	long n = 0;
	int rc;

	while ((rc = db_step(s)) == 1) {
		struct alerts_stored e = {
			.number = db_int(s, 0),
			.id = db_text(s, 1),
			.name = db_text(s, 2),
			.body = db_text(s, 3),
			.version = db_int(s, 4),
			.at_us = db_int(s, 5),
		};

		each(arg, &e);
		n++;
	}
	db_reset(s);
	return rc < 0 ? -1 : n;
}

long
alerts_after(struct db *db, int64_t after, size_t max, alerts_each_event *each,
	     void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT number, alert, name, body, version, at_us"
		    " FROM alert_event WHERE number>? ORDER BY number LIMIT ?");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, after);
	db_bind_int(s, 2, (int64_t)max);
	return each_event(s, each, arg);
}

long
alerts_of(struct db *db, const char *id, alerts_each_event *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT number, alert, name, body, version, at_us"
		    " FROM alert_event WHERE alert=? ORDER BY version");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, id);
	return each_event(s, each, arg);
}
