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
/* The same, but makes one where there is none. */
int keys_make(const char *state, struct keys *out)
	__attribute__((warn_unused_result));

#endif
