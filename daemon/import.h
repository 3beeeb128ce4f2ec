#ifndef TOCSIN_DAEMON_IMPORT_H
#define TOCSIN_DAEMON_IMPORT_H

/*
 * Areas and sites from a person's CSV: checked as a whole against a copy of
 * the registry first, so that a file with a bad row changes nothing, then
 * written down, then known.
 */

#include <stddef.h>

#include <jansson.h>

#include "daemon/judge/registry.h"
#include "daemon/store/store.h"

enum import_what { IMPORT_AREAS, IMPORT_SITES };

/*
 * Called exactly once, on the loop: 200 {"added", "changed"} after COMMIT,
 * 422 {"detail", "errors": [{"at", "detail"}]}, or 5xx.  body is taken.
 */
typedef void import_done(void *arg, int status, json_t *body);

struct import_env {
	struct store *store;
	struct registry *registry;
};
void import_csv(const struct import_env *env, enum import_what what,
		const char *body, size_t len, import_done *done, void *arg);

#endif
