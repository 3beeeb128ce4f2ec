#ifndef TOCSIN_STORE_KEYS_H
#define TOCSIN_STORE_KEYS_H

/*
 * Who may send: public keys of senders, invitations to register one, and
 * tokens for HTTP.  Secrets are kept as SHA-256 of themselves only; they are
 * random and long, so that needs no salt and no slow hash.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"

#define KEYS_HASH_BYTES 32

void keys_hash(const char *secret, uint8_t hash[KEYS_HASH_BYTES]);

struct keys_row {
	const char *fingerprint; /* keyring_print() */
	const char *sender;
	const char *public_key; /* Z85 */
	int64_t added_us;
	int64_t revoked_us; /* 0 = in use */
};

enum keys_standing {
	KEYS_UNKNOWN,
	KEYS_IN_USE, /* by this sender */
	KEYS_REVOKED,
	KEYS_OTHERS /* another sender's, in use or revoked */
};
/* Writer: one of these, or -1. */
int keys_standing(struct db *db, const char *fingerprint, const char *sender)
	__attribute__((warn_unused_result));
/* Writer: adds a key, or takes a revoked one of the same sender back. */
int keys_put(struct db *db, const struct keys_row *row)
	__attribute__((warn_unused_result));
/* Writer: 1 = revoked now, 0 = no such key in use, -1. */
int keys_revoke(struct db *db, const char *fingerprint, int64_t now_us)
	__attribute__((warn_unused_result));

typedef void keys_each(void *arg, const struct keys_row *row);
/* Reader: keys in use, or with sender not NULL all keys of that sender. */
int keys_load(struct db *db, const char *sender, keys_each *each, void *arg)
	__attribute__((warn_unused_result));

/* Writer: an invitation of the sender, good once until ends_us. */
struct keys_invitation {
	uint8_t hash[KEYS_HASH_BYTES];
	const char *sender;
	int64_t made_us, ends_us;
};
int keys_put_invitation(struct db *db, const struct keys_invitation *in)
	__attribute__((warn_unused_result));
/* Writer: 1 = it was good and is used up now, 0 = it is not, -1. */
int keys_use_invitation(struct db *db, const struct keys_invitation *in,
			int64_t now_us) __attribute__((warn_unused_result));
/* Writer: 1 = it is used up or good, and its time is not over, 0, -1. */
int keys_was_invited(struct db *db, const struct keys_invitation *in,
		     int64_t now_us) __attribute__((warn_unused_result));

/* Writer: a token by which the sender may post over HTTP. */
struct keys_token {
	uint8_t hash[KEYS_HASH_BYTES];
	const char *owner;
	int64_t made_us;
};
int keys_put_token(struct db *db, const struct keys_token *token)
	__attribute__((warn_unused_result));
/* Writer: all tokens of the owner; how many, or -1. */
int keys_revoke_tokens(struct db *db, const char *owner, int64_t now_us)
	__attribute__((warn_unused_result));
/* Reader: 1 = the token is good, owner (cap bytes) gets whose; 0, -1. */
int keys_token_owner(struct db *db, const uint8_t hash[KEYS_HASH_BYTES],
		     char *owner, size_t cap) __attribute__((warn_unused_result));

#endif
