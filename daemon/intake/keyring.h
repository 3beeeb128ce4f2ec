#ifndef TOCSIN_INTAKE_KEYRING_H
#define TOCSIN_INTAKE_KEYRING_H

/*
 * Which public key belongs to which sender.  Read by the loop at every
 * message and by the ZAP thread at every handshake; changed by the loop.  A
 * key is named by its fingerprint: the first 16 bytes of SHA-256 over its 32
 * bytes, as 32 hexadecimal digits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYRING_PRINT_BYTES 33
#define KEYRING_KEY_BYTES 32
#define KEYRING_PER_SENDER 2 /* the second while one is rotated */

struct keyring;

/* NULL when memory is short. */
struct keyring *keyring_new(void);
void keyring_free(struct keyring **k);

void keyring_print(const uint8_t key[KEYRING_KEY_BYTES],
		   char print[KEYRING_PRINT_BYTES]);

/* 0, or -1: no memory, or the sender has as many keys as it may. */
int keyring_add(struct keyring *k, const char *print, const char *sender)
	__attribute__((warn_unused_result));
/* Takes effect with the next message.  False where there is no such key. */
bool keyring_remove(struct keyring *k, const char *print);

/* Copies the sender's code into sender (cap bytes); false = not known. */
bool keyring_sender(const struct keyring *k, const char *print, char *sender,
		    size_t cap);
size_t keyring_count(const struct keyring *k, const char *sender);

#endif
