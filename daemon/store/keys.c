/* Keys, invitations and tokens. */
#include "daemon/store/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void
keys_hash(const char *secret, uint8_t hash[KEYS_HASH_BYTES])
{
	crypto_hash_sha256(hash, (const unsigned char *)secret, strlen(secret));
}

int
keys_standing(struct db *db, const char *fingerprint, const char *sender)
{
	struct db_stmt *s =
		db_cached(db, "SELECT sender=?, revoked_us IS NOT NULL"
			      " FROM site_key WHERE fingerprint=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, sender);
	db_bind_text(s, 2, fingerprint);
	rc = db_step(s);
	if (rc == 1 && db_int(s, 0) == 0)
		rc = KEYS_OTHERS;
	else if (rc == 1)
		rc = db_int(s, 1) != 0 ? KEYS_REVOKED : KEYS_IN_USE;
	else if (rc == 0)
		rc = KEYS_UNKNOWN;
	db_reset(s);
	return rc;
}

int
keys_put(struct db *db, const struct keys_row *row)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO site_key(fingerprint, sender, public_key,"
		    " added_us) VALUES(?, ?, ?, ?)"
		    " ON CONFLICT DO UPDATE SET revoked_us=NULL,"
		    " added_us=excluded.added_us WHERE sender=excluded.sender");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, row->fingerprint);
	db_bind_text(s, 2, row->sender);
	db_bind_text(s, 3, row->public_key);
	db_bind_int(s, 4, row->added_us);
	return db_run(s);
}

int
keys_revoke(struct db *db, const char *fingerprint, int64_t now_us)
{
	struct db_stmt *s =
		db_cached(db, "UPDATE site_key SET revoked_us=?"
			      " WHERE fingerprint=? AND revoked_us IS NULL");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now_us);
	db_bind_text(s, 2, fingerprint);
	if (db_run(s) < 0)
		return -1;
	return db_changes(db) > 0;
}

int
keys_load(struct db *db, const char *sender, keys_each *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT fingerprint, sender, public_key, added_us,"
		    " revoked_us FROM site_key"
		    " WHERE (?1 IS NULL AND revoked_us IS NULL) OR sender=?1"
		    " ORDER BY sender, added_us");
	int rc;

	if (s == NULL)
		return -1;
	if (sender != NULL)
		db_bind_text(s, 1, sender);
	else
		db_bind_null(s, 1);
	while ((rc = db_step(s)) == 1) {
		const struct keys_row row = {
			.fingerprint = db_text(s, 0),
			.sender = db_text(s, 1),
			.public_key = db_text(s, 2),
			.added_us = db_int(s, 3),
			.revoked_us = db_int(s, 4),
		};

		each(arg, &row);
	}
	db_reset(s);
	return rc;
}

int
keys_put_invitation(struct db *db, const struct keys_invitation *in)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO invitation(secret_hash, sender,"
			      " made_us, ends_us) VALUES(?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	db_bind_blob(s, 1, in->hash, sizeof(in->hash));
	db_bind_text(s, 2, in->sender);
	db_bind_int(s, 3, in->made_us);
	db_bind_int(s, 4, in->ends_us);
	return db_run(s);
}

int
keys_use_invitation(struct db *db, const struct keys_invitation *in,
		    int64_t now_us)
{
	struct db_stmt *s = db_cached(
		db, "UPDATE invitation SET used_us=?3 WHERE secret_hash=?1"
		    " AND sender=?2 AND used_us IS NULL AND ends_us>?3");

	if (s == NULL)
		return -1;
	db_bind_blob(s, 1, in->hash, sizeof(in->hash));
	db_bind_text(s, 2, in->sender);
	db_bind_int(s, 3, now_us);
	if (db_run(s) < 0)
		return -1;
	return db_changes(db) > 0;
}

int
keys_was_invited(struct db *db, const struct keys_invitation *in, int64_t now_us)
{
	struct db_stmt *s = db_cached(db, "SELECT 1 FROM invitation"
					  " WHERE secret_hash=? AND sender=?"
					  " AND ends_us>?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_blob(s, 1, in->hash, sizeof(in->hash));
	db_bind_text(s, 2, in->sender);
	db_bind_int(s, 3, now_us);
	rc = db_step(s);
	db_reset(s);
	return rc;
}

int
keys_put_token(struct db *db, const struct keys_token *token)
{
	struct db_stmt *s =
		db_cached(db, "INSERT INTO token(hash, owner, role, made_us)"
			      " VALUES(?, ?, 'site', ?)");

	if (s == NULL)
		return -1;
	db_bind_blob(s, 1, token->hash, sizeof(token->hash));
	db_bind_text(s, 2, token->owner);
	db_bind_int(s, 3, token->made_us);
	return db_run(s);
}

int
keys_revoke_tokens(struct db *db, const char *owner, int64_t now_us)
{
	struct db_stmt *s =
		db_cached(db, "UPDATE token SET revoked_us=?"
			      " WHERE owner=? AND revoked_us IS NULL");

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, now_us);
	db_bind_text(s, 2, owner);
	if (db_run(s) < 0)
		return -1;
	return (int)db_changes(db);
}

int
keys_token_owner(struct db *db, const uint8_t hash[KEYS_HASH_BYTES],
		 char *owner, size_t cap)
{
	struct db_stmt *s =
		db_cached(db, "SELECT hash, owner FROM token WHERE hash=?"
			      " AND revoked_us IS NULL");
	const void *kept;
	size_t len;
	int rc;

	if (s == NULL)
		return -1;
	db_bind_blob(s, 1, hash, KEYS_HASH_BYTES);
	rc = db_step(s);
	if (rc == 1) {
		kept = db_blob(s, 0, &len);
		if (len != KEYS_HASH_BYTES || sodium_memcmp(kept, hash, len) != 0)
			rc = 0;
		else
			snprintf(owner, cap, "%s", db_text(s, 1));
	}
	db_reset(s);
	return rc;
}
