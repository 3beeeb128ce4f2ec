#ifndef TOCSIN_INTAKE_ACCESS_H
#define TOCSIN_INTAKE_ACCESS_H

/*
 * Who may send counts: invites a site, registers its key, lets a second one
 * in while a key is changed, revokes, gives tokens for HTTP.  What is shown
 * once (a secret, a token) is kept as a hash only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/intake/keyring.h"
#include "daemon/store/store.h"
#include "proto/enrol.h"

struct access;

/* Borrowed for its life. */
struct access_env {
	struct store *store;
	void *arg;
	int64_t (*wall_us)(void *arg);
};

/* Reads the keys in use.  NULL when already logged. */
struct access *access_new(const struct access_env *env);
void access_free(struct access **a);

struct keyring *access_keyring(struct access *a);

/*
 * Called exactly once, on the loop, after COMMIT: an HTTP status and a body
 * that is taken; from 400 on {"detail"}.
 */
typedef void access_done(void *arg, int status, json_t *body);

/*
 * An invitation for the sender, good once and for a week.  where has the
 * addresses and the centre's key; 201 {"site", "invitation", "ends"}.
 */
struct access_where {
	const char *enrol, *centre, *key;
};
void access_invite(struct access *a, const char *sender,
		   const struct access_where *where, access_done *done,
		   void *arg);

/* 201 {"site", "fingerprint"}: a key in Z85 that came by another way. */
void access_add_key(struct access *a, const char *sender, const char *z85,
		    access_done *done, void *arg);
/* 200 {"revoked"}; from the next message on. */
void access_revoke_key(struct access *a, const char *fingerprint,
		       access_done *done, void *arg);
/* Array of {"fingerprint", "added", "revoked"}; NULL when logged. */
json_t *access_keys(struct access *a, const char *sender);

/* 201 {"site", "token"}; with drop_old, those it had end. */
void access_add_token(struct access *a, const char *sender, bool drop_old,
		      access_done *done, void *arg);
/* Whose token is it?  1 = sender (cap bytes) gets the code; 0; -1. */
int access_token(struct access *a, const char *token, char *sender, size_t cap)
	__attribute__((warn_unused_result));

/* A registration: done gets the answer for the site. */
typedef void access_enrolled(void *arg, const struct enrol_reply *reply);
void access_enrol(struct access *a, const struct enrol_request *request,
		  access_enrolled *done, void *arg);

#endif
