#ifndef TOCSIN_INTAKE_ZMQCURVE_H
#define TOCSIN_INTAKE_ZMQCURVE_H

/* The centre's own CURVE key pair, and proof that strangers are kept out. */

#include <stdbool.h>

#include "base/zsock.h"
#include "daemon/intake/keyring.h"

struct zmqcurve {
	char public_key[ZSOCK_KEY_TEXT];
	char secret_key[ZSOCK_KEY_TEXT];
};

/*
 * Reads the pair from systemd's credential "curve.key" or else the state
 * folder's curve.key, which is made (0600) where it is missing.  0, or -1
 * when already logged.
 */
int zmqcurve_load(struct zmqcurve *keys, const char *state)
	__attribute__((warn_unused_result));

/* Fingerprint of a key in Z85; false where it is not one. */
bool zmqcurve_print(const char *z85, char print[KEYRING_PRINT_BYTES]);

/*
 * Connects to endpoint with a key that nobody knows and waits to be refused.
 * 0 = refused, as it must be; -1 = let in, or no answer; already logged.
 */
int zmqcurve_self_test(void *ctx, const char *endpoint, const char *server_key)
	__attribute__((warn_unused_result));

#endif
