#ifndef TOCSIN_NOTIFY_SEND_H
#define TOCSIN_NOTIFY_SEND_H

/*
 * The two ways out of the process: transfers by libcurl and programs, both on
 * the loop.  A send ends exactly once with a result.
 */

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct sender;

#define SEND_ERROR_BYTES 256

struct send_result {
	bool sent;
	bool never;	    /* the receiver wants no more: 410 */
	long retry_after_s; /* as the receiver asks; 0 = it does not */
	char error[SEND_ERROR_BYTES];
};
typedef void send_done(void *arg, const struct send_result *result);

/* NULL when already logged. */
struct sender *sender_new(struct event_base *base);
/* What is under way is cut and not reported. */
void sender_free(struct sender **s);

/* Everything is copied.  0, or -1 with a result's error in err. */
int sender_post(struct sender *s, const char *url, const char *const *headers,
		const char *body, size_t len, send_done *done, void *arg)
	__attribute__((warn_unused_result));

struct send_mail {
	const char *url, *user, *password; /* user "" = nobody signs in */
	const char *from;		   /* bare addresses */
	const char *const *to;		   /* NULL-terminated */
	const char *text;
};
int sender_mail(struct sender *s, const struct send_mail *mail, send_done *done,
		void *arg) __attribute__((warn_unused_result));

/* Runs a program with text on its input; exit status 0 is sent. */
int sender_run(struct sender *s, const char *const *argv, const char *text,
	       size_t len, send_done *done, void *arg)
	__attribute__((warn_unused_result));

#endif
