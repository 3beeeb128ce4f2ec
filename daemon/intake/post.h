#ifndef TOCSIN_INTAKE_POST_H
#define TOCSIN_INTAKE_POST_H

/*
 * The door for counts over HTTP: a body of JSON or CSV becomes frames and
 * goes the way of every frame, all of it in one transaction.  The same
 * request twice counts once: it is known by its Idempotency-Key or, without
 * one, by its body.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/intake/ingest.h"

/* A request; borrowed for the call. */
struct post_request {
	const char *sender; /* whose word it is; a site, or a person */
	bool any_site;	    /* a person may post for every site */
	const char *type;   /* "application/json", "text/csv" */
	const char *key;    /* "" = none */
	const char *body;
	size_t len;
};

/*
 * Called exactly once, at once or later, on the loop.  202 only after
 * COMMIT.  body is the caller's: {"accepted", "duplicate", "refused": [
 * {"at", "code", "detail"}]} or, from 400 on, {"detail", "errors": [...]}.
 */
typedef void post_done(void *arg, int status, json_t *body);

void post_counts(struct ingest *in, const struct ingest_env *env,
		 const struct post_request *request, post_done *done, void *arg);

#endif
