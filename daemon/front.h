#ifndef TOCSIN_DAEMON_FRONT_H
#define TOCSIN_DAEMON_FRONT_H

/*
 * What the HTTP interface stands on: its questions and orders, answered from
 * the parts of the centre.
 */

#include "daemon/api/api.h"
#include "daemon/centre.h"

/* Fills env; c is its arg and must outlive it. */
void front_env(struct centre *c, struct api_env *env);

#endif
