/* Keys of senders, behind a lock that is held for a look-up. */
#include "daemon/intake/keyring.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
	char print[KEYRING_PRINT_BYTES];
	char sender[65];
	UT_hash_handle hh;
};

struct keyring {
	pthread_mutex_t lock;
	struct entry *at;
};

struct keyring *
keyring_new(void)
{
	struct keyring *k = calloc(1, sizeof(*k));

	if (k != NULL)
		pthread_mutex_init(&k->lock, NULL);
	return k;
}

void
keyring_free(struct keyring **pk)
{
	struct keyring *k = *pk;
	struct entry *e, *next;

	*pk = NULL;
	if (k == NULL)
		return;
	HASH_ITER (hh, k->at, e, next) {
		HASH_DEL(k->at, e);
		free(e);
	}
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void
keyring_print(const uint8_t key[KEYRING_KEY_BYTES],
	      char print[KEYRING_PRINT_BYTES])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, key, KEYRING_KEY_BYTES);
	sodium_bin2hex(print, KEYRING_PRINT_BYTES, hash, 16);
}

static size_t
count_locked(const struct keyring *k, const char *sender)
{
	struct entry *e;
	size_t n = 0;

	for (e = k->at; e != NULL; e = e->hh.next)
		n += strcmp(e->sender, sender) == 0;
	return n;
}

int
keyring_add(struct keyring *k, const char *print, const char *sender)
{
	struct entry *e;
	int rc = -1;

	pthread_mutex_lock(&k->lock);
	HASH_FIND_STR(k->at, print, e);
	if (e == NULL && count_locked(k, sender) < KEYRING_PER_SENDER) {
		e = calloc(1, sizeof(*e));
		if (e != NULL) {
			snprintf(e->print, sizeof(e->print), "%s", print);
			HASH_ADD_STR(k->at, print, e);
		}
	}
	if (e != NULL) {
		snprintf(e->sender, sizeof(e->sender), "%s", sender);
		rc = 0;
	}
	pthread_mutex_unlock(&k->lock);
	return rc;
}

bool
keyring_remove(struct keyring *k, const char *print)
{
	struct entry *e;

	pthread_mutex_lock(&k->lock);
	HASH_FIND_STR(k->at, print, e);
	if (e != NULL) {
		HASH_DEL(k->at, e);
		free(e);
	}
	pthread_mutex_unlock(&k->lock);
	return e != NULL;
}

static pthread_mutex_t *
lock_of(const struct keyring *k)
{
	return (pthread_mutex_t *)(uintptr_t)&k->lock;
}

bool
keyring_sender(const struct keyring *k, const char *print, char *sender,
	       size_t cap)
{
	struct entry *e;

	pthread_mutex_lock(lock_of(k));
	HASH_FIND_STR(k->at, print, e);
	if (e != NULL)
		snprintf(sender, cap, "%s", e->sender);
	pthread_mutex_unlock(lock_of(k));
	return e != NULL;
}

size_t
keyring_count(const struct keyring *k, const char *sender)
{
	size_t n;

	pthread_mutex_lock(lock_of(k));
	n = count_locked(k, sender);
	pthread_mutex_unlock(lock_of(k));
	return n;
}
