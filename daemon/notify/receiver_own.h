#ifndef TOCSIN_NOTIFY_RECEIVER_OWN_H
#define TOCSIN_NOTIFY_RECEIVER_OWN_H

/* What receiver.c and receiver_send.c share and nobody else sees. */

#include "base/log.h"
#include "daemon/notify/receiver.h"

#define SECRET_TEXT 512

/* What a reload changes. */
struct receiver_switches {
	bool enabled;
	int min_grade;
	int digest_at; /* minutes of the day; -1: it has no digest */
	int digest_below;
};

struct receiver {
	const char *name;
	const struct notify_receiver *conf;
	struct receiver_switches on;
	char secret[SECRET_TEXT]; /* first line of its file; "" = none */
	uint8_t key[HOOK_KEY_BYTES];
	int key_len; /* 0 = bodies are not signed */
	struct log_fault fault;
};

#endif
