#ifndef TOCSIN_NOTIFY_SEND_OWN_H
#define TOCSIN_NOTIFY_SEND_OWN_H

/* What send.c and send_run.c share and nobody else sees. */

#include "daemon/notify/send.h"

struct event;

struct sender {
	struct event_base *base;
	void *multi; /* CURLM */
	struct event *timer;
	struct transfer *transfers;
	struct program *programs;
};

/* Kills and reaps the programs that run. */
void send_programs_end(struct sender *s);

#endif
