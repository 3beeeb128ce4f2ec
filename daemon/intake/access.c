/*
 * Keys and tokens.  Everything that changes is one store job; the keyring in
 * memory follows after COMMIT, so that a key works only when it is durable
 * and a revocation survives a crash.
 */
#include "daemon/intake/access.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "daemon/intake/zmqcurve.h"
#include "daemon/intake/zmqdoor.h"
#include "daemon/store/keys.h"

#define SECRET_BYTES 24
#define SECRET_TEXT 33 /* base64url of them, and a NUL */
#define INVITATION_US (7 * 86400 * INT64_C(1000000))

struct access {
	struct access_env env;
	struct keyring *keyring;
};

enum verb { INVITE, ENROL, ADD_KEY, REVOKE_KEY, ADD_TOKEN };

struct order {
	struct store_job job;
	struct access *a;
	enum verb verb;
	char sender[WIRE_MAX_CODE + 1];
	char secret[SECRET_TEXT]; /* shown once */
	uint8_t hash[KEYS_HASH_BYTES];
	char key[ENROL_KEY_TEXT];
	char print[KEYRING_PRINT_BYTES];
	char text[ENROL_TEXT_BYTES]; /* of the invitation */
	int64_t now_us;
	bool drop_old;
	int found;    /* the thread's: was there what was meant? */
	int standing; /* the thread's: of the key, enum keys_standing */
	access_done *done;
	access_enrolled *enrolled;
	void *arg;
};

static void
on_key(void *arg, const struct keys_row *row)
{
	if (keyring_add(arg, row->fingerprint, row->sender) < 0)
		log_error("access: key %s of %s is left out", row->fingerprint,
			  row->sender);
}

struct access *
access_new(const struct access_env *env)
{
	struct access *a = calloc(1, sizeof(*a));

	if (a == NULL)
		goto fail;
	a->env = *env;
	a->keyring = keyring_new();
	if (a->keyring == NULL)
		goto fail;
	if (keys_load(store_reader(env->store), NULL, on_key, a->keyring) < 0)
		access_free(&a);
	return a;
fail:
	log_error("access: out of memory");
	access_free(&a);
	return NULL;
}

void
access_free(struct access **pa)
{
	struct access *a = *pa;

	*pa = NULL;
	if (a == NULL)
		return;
	if (a->keyring != NULL)
		keyring_free(&a->keyring);
	free(a);
}

struct keyring *
access_keyring(struct access *a)
{
	return a->keyring;
}

static int
put_key(struct order *o, struct db *db)
{
	const struct keys_row row = {
		.fingerprint = o->print,
		.sender = o->sender,
		.public_key = o->key,
		.added_us = o->now_us,
	};

	return keys_put(db, &row);
}

/*
 * Who asks again because our answer was lost is known by the key.  A revoked
 * key may be in wrong hands, so that it takes more than an invitation.
 */
static int
run_enrol(struct order *o, struct db *db)
{
	struct keys_invitation in = { .sender = o->sender };

	memcpy(in.hash, o->hash, sizeof(in.hash));
	o->standing = keys_standing(db, o->print, o->sender);
	if (o->standing < 0)
		return -1;
	if (o->standing == KEYS_REVOKED || o->standing == KEYS_OTHERS)
		return 0;
	o->found = keys_use_invitation(db, &in, o->now_us);
	if (o->found == 0 && o->standing == KEYS_IN_USE)
		o->found = keys_was_invited(db, &in, o->now_us);
	if (o->found != 1)
		return o->found;
	return put_key(o, db);
}

static int
run_add_key(struct order *o, struct db *db)
{
	o->standing = keys_standing(db, o->print, o->sender);
	if (o->standing < 0)
		return -1;
	return o->standing == KEYS_OTHERS ? 0 : put_key(o, db);
}

static int
run_invite(struct order *o, struct db *db)
{
	struct keys_invitation in = {
		.sender = o->sender,
		.made_us = o->now_us,
		.ends_us = o->now_us + INVITATION_US,
	};

	memcpy(in.hash, o->hash, sizeof(in.hash));
	return keys_put_invitation(db, &in);
}

static int
run_token(struct order *o, struct db *db)
{
	struct keys_token token = { .owner = o->sender, .made_us = o->now_us };

	memcpy(token.hash, o->hash, sizeof(token.hash));
	if (o->drop_old && keys_revoke_tokens(db, o->sender, o->now_us) < 0)
		return -1;
	return keys_put_token(db, &token);
}

static int
run_order(struct store_job *job, struct db *db)
{
	struct order *o = (struct order *)job;

	switch (o->verb) {
	case INVITE:
		return run_invite(o, db);
	case ENROL:
		return run_enrol(o, db);
	case ADD_KEY:
		return run_add_key(o, db);
	case REVOKE_KEY:
		o->found = keys_revoke(db, o->print, o->now_us);
		return o->found < 0 ? -1 : 0;
	case ADD_TOKEN:
		return run_token(o, db);
	}
	return -1;
}

static json_t *
detail(const char *text)
{
	return json_pack("{s:s}", "detail", text);
}

static void
finish(struct order *o, int status, json_t *body)
{
	o->done(o->arg, status, body);
	sodium_memzero(o, sizeof(*o));
	free(o);
}

static const char *
why_not_enrolled(const struct order *o, int rc)
{
	if (rc < 0)
		return "the centre cannot store the key now; try again";
	if (o->standing == KEYS_REVOKED)
		return "this key was revoked; enroll with another one";
	if (o->standing == KEYS_OTHERS)
		return "this key is another site's; enroll with one of your "
		       "own";
	return "this invitation is used up, too old, or another site's; ask "
	       "for a new one";
}

static void
finish_enrol(struct order *o, int rc)
{
	struct enrol_reply reply = { 0 };

	if (rc == 0 && o->found == 1) {
		reply.accepted =
			keyring_add(o->a->keyring, o->print, o->sender) == 0;
		snprintf(reply.sentence, sizeof(reply.sentence),
			 "the key %s is now known as %s's", o->print, o->sender);
		log_notice("access: enrolled sender=%s key=%s", o->sender,
			   o->print);
	} else {
		snprintf(reply.sentence, sizeof(reply.sentence), "%s",
			 why_not_enrolled(o, rc));
	}
	o->enrolled(o->arg, &reply);
	sodium_memzero(o, sizeof(*o));
	free(o);
}

static void
finish_invite(struct order *o)
{
	char ends[32];
	time_t at = (time_t)((o->now_us + INVITATION_US) / 1000000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(ends, sizeof(ends), "%Y-%m-%dT%H:%M:%SZ", &tm);
	finish(o, 201,
	       json_pack("{s:s, s:s, s:s}", "site", o->sender, "invitation",
			 o->text, "ends", ends));
}

static void
finish_add_key(struct order *o)
{
	if (o->standing == KEYS_OTHERS) {
		finish(o, 409, detail("this key is another site's"));
		return;
	}
	if (keyring_add(o->a->keyring, o->print, o->sender) < 0) {
		finish(o, 500, detail("the key is stored, but not in use"));
		return;
	}
	log_notice("access: added key sender=%s key=%s", o->sender, o->print);
	finish(o, 201,
	       json_pack("{s:s, s:s}", "site", o->sender, "fingerprint",
			 o->print));
}

static void
finish_revoke(struct order *o)
{
	if (o->found != 1) {
		finish(o, 404, detail("no key in use has this fingerprint"));
		return;
	}
	keyring_remove(o->a->keyring, o->print);
	log_notice("access: revoked key=%s", o->print);
	finish(o, 200, json_pack("{s:s}", "revoked", o->print));
}

static void
done_order(struct store_job *job, int rc, enum db_fault fault)
{
	struct order *o = (struct order *)job;

	if (o->verb == ENROL) {
		finish_enrol(o, rc);
		return;
	}
	if (rc < 0) {
		finish(o, fault == DB_FULL ? 507 : 503,
		       detail("it could not be stored; nothing was changed"));
		return;
	}
	switch (o->verb) {
	case INVITE:
		finish_invite(o);
		break;
	case ADD_KEY:
		finish_add_key(o);
		break;
	case REVOKE_KEY:
		finish_revoke(o);
		break;
	default:
		finish(o, 201,
		       json_pack("{s:s, s:s}", "site", o->sender, "token",
				 o->secret));
	}
}

static struct order *
new_order(struct access *a, enum verb verb, const char *sender)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		log_error("access: out of memory");
		return NULL;
	}
	o->job.run = run_order;
	o->job.done = done_order;
	o->a = a;
	o->verb = verb;
	o->now_us = a->env.wall_us(a->env.arg);
	snprintf(o->sender, sizeof(o->sender), "%s", sender);
	return o;
}

static void
make_secret(struct order *o)
{
	unsigned char raw[SECRET_BYTES];

	randombytes_buf(raw, sizeof(raw));
	sodium_bin2base64(o->secret, sizeof(o->secret), raw, sizeof(raw),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	keys_hash(o->secret, o->hash);
	sodium_memzero(raw, sizeof(raw));
}

/* Hands the order over; answers at once where there is none. */
static void
submit(struct access *a, struct order *o, access_done *done, void *arg)
{
	if (o == NULL) {
		done(arg, 500, detail("out of memory"));
		return;
	}
	o->done = done;
	o->arg = arg;
	store_submit(a->env.store, &o->job);
}

static bool
is_wildcard(const char *endpoint)
{
	return strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 ||
	       strncmp(endpoint, "tcp://[::]:", 11) == 0 ||
	       strncmp(endpoint, "tcp://*:", 8) == 0;
}

/* What hinders sites elsewhere from using these addresses, or NULL. */
static const char *
why_unreachable(const struct access_where *where)
{
	if (is_wildcard(where->centre))
		return "no site can reach the address that zmq.listen has; set "
		       "zmq.public_address to the one that they can";
	if (is_wildcard(where->enrol) ||
	    (zmqdoor_is_local(where->enrol) && !zmqdoor_is_local(where->centre)))
		return "no site can reach the address that zmq.enrol has; set "
		       "zmq.public_enrol to the one that they can";
	return NULL;
}

void
access_invite(struct access *a, const char *sender,
	      const struct access_where *where, access_done *done, void *arg)
{
	struct enrol_invitation in = { 0 };
	const char *why = why_unreachable(where);
	struct order *o;

	if (where->enrol[0] == '\0' || where->key == NULL) {
		done(arg, 409,
		     detail("this centre enrols nobody: set zmq.enrol and "
			    "leave zmq.curve on"));
		return;
	}
	if (why != NULL) {
		done(arg, 409, detail(why));
		return;
	}
	o = new_order(a, INVITE, sender);
	if (o != NULL) {
		make_secret(o);
		snprintf(in.site, sizeof(in.site), "%s", sender);
		snprintf(in.enrol, sizeof(in.enrol), "%s", where->enrol);
		snprintf(in.centre, sizeof(in.centre), "%s", where->centre);
		snprintf(in.key, sizeof(in.key), "%s", where->key);
		snprintf(in.secret, sizeof(in.secret), "%s", o->secret);
		if (enrol_invitation_write(&in, o->text, sizeof(o->text)) == 0) {
			free(o);
			done(arg, 500, detail("the addresses are too long"));
			return;
		}
	}
	submit(a, o, done, arg);
}

/* For one more key, or for one that it has. */
static bool
has_room(struct access *a, const char *sender, const char *print)
{
	char owner[WIRE_MAX_CODE + 1];

	if (keyring_sender(a->keyring, print, owner, sizeof(owner)) &&
	    strcmp(owner, sender) == 0)
		return true;
	return keyring_count(a->keyring, sender) < KEYRING_PER_SENDER;
}

void
access_add_key(struct access *a, const char *sender, const char *z85,
	       access_done *done, void *arg)
{
	struct order *o;
	char print[KEYRING_PRINT_BYTES];

	if (!zmqcurve_print(z85, print)) {
		done(arg, 422, detail("a key is 40 characters of Z85"));
		return;
	}
	if (!has_room(a, sender, print)) {
		done(arg, 409,
		     detail("this sender has two keys; revoke one first"));
		return;
	}
	o = new_order(a, ADD_KEY, sender);
	if (o != NULL) {
		snprintf(o->key, sizeof(o->key), "%s", z85);
		memcpy(o->print, print, sizeof(print));
	}
	submit(a, o, done, arg);
}

void
access_revoke_key(struct access *a, const char *fingerprint, access_done *done,
		  void *arg)
{
	struct order *o = new_order(a, REVOKE_KEY, "");

	if (o != NULL)
		snprintf(o->print, sizeof(o->print), "%s", fingerprint);
	submit(a, o, done, arg);
}

void
access_add_token(struct access *a, const char *sender, bool drop_old,
		 access_done *done, void *arg)
{
	struct order *o = new_order(a, ADD_TOKEN, sender);

	if (o != NULL) {
		o->drop_old = drop_old;
		make_secret(o);
	}
	submit(a, o, done, arg);
}

int
access_token(struct access *a, const char *token, char *sender, size_t cap)
{
	uint8_t hash[KEYS_HASH_BYTES];

	keys_hash(token, hash);
	return keys_token_owner(store_reader(a->env.store), hash, sender, cap);
}

static void
collect_key(void *arg, const struct keys_row *row)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:I, s:b}",
					     "fingerprint", row->fingerprint,
					     "key", row->public_key, "added_ms",
					     (json_int_t)(row->added_us / 1000),
					     "revoked", row->revoked_us != 0));
}

json_t *
access_keys(struct access *a, const char *sender)
{
	json_t *all = json_array();

	if (keys_load(store_reader(a->env.store), sender, collect_key, all) < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}

static void
refuse_enrol(access_enrolled *done, void *arg, const char *why)
{
	struct enrol_reply reply = { 0 };

	snprintf(reply.sentence, sizeof(reply.sentence), "%s", why);
	done(arg, &reply);
}

void
access_enrol(struct access *a, const struct enrol_request *request,
	     access_enrolled *done, void *arg)
{
	struct order *o;

	o = new_order(a, ENROL, request->site);
	if (o == NULL || !zmqcurve_print(request->key, o->print)) {
		free(o);
		refuse_enrol(done, arg, "the centre cannot take the key");
		return;
	}
	if (!has_room(a, request->site, o->print)) {
		free(o);
		refuse_enrol(done, arg,
			     "this site has two keys; the centre must revoke "
			     "one first");
		return;
	}
	snprintf(o->key, sizeof(o->key), "%s", request->key);
	keys_hash(request->secret, o->hash);
	o->enrolled = done;
	o->arg = arg;
	store_submit(a->env.store, &o->job);
}
