#ifndef TOCSIN_COLLECTORS_KEYS_H
#define TOCSIN_COLLECTORS_KEYS_H

/*
 * The site's CURVE key pair: made here, kept in a file of mode 0600, never
 * sent anywhere.  Where the service manager passes a credential "site.key",
 * that one is used.
 */

#include "base/zsock.h"

struct keys {
	char public_key[ZSOCK_KEY_TEXT];
	char secret_key[ZSOCK_KEY_TEXT];
};

/* Reads the pair of the state folder.  0; 1 = there is none; -1 logged. */
int keys_load(const char *state, struct keys *out)
	__attribute__((warn_unused_result));
/*
 * The pair to enroll with: a new one that is not in use yet, and the same one
 * again until it is taken or dropped; or else the credential's.  0 or -1.
 */
int keys_make(const char *state, struct keys *out)
	__attribute__((warn_unused_result));
/* After the centre's answer: the new pair is this site's from now on. */
int keys_take(const char *state) __attribute__((warn_unused_result));
/* Or is not wanted; logs what it cannot do. */
void keys_drop(const char *state);

#endif
