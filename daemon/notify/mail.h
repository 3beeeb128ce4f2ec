#ifndef TOCSIN_NOTIFY_MAIL_H
#define TOCSIN_NOTIFY_MAIL_H

/*
 * A notice as an e-mail (RFC 5322, plain text in UTF-8).  All mails of one
 * alert are one thread.  Pure.
 */

#include <stdint.h>

#include <jansson.h>

#include "base/conf.h"

struct mail {
	const char *from;
	const struct conf_list *to;
	const char *subject;
	const char *message; /* id of the notice, the same on every try */
	const char *thread;  /* id of the alert; "" = of many */
	const json_t *lines;
	const char *link; /* a line; "" = none */
	const char *foot; /* a line */
	int64_t at_ms;
};

/* The whole message with CRLF, the caller's to free; NULL: no memory. */
char *mail_write(const struct mail *m);

#endif
