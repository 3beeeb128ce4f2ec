#ifndef TOCSIN_API_SSE_H
#define TOCSIN_API_SSE_H

/*
 * The stream of alert events: who connects with the number of the last event
 * it saw gets what came after it, then everything as it happens.  A client
 * that reads too slowly is cut and comes again by itself.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/api/api.h"
#include "daemon/api/http.h"

struct sse;

/* env is borrowed; NULL when already logged. */
struct sse *sse_new(const struct api_env *env, size_t max_clients);
/* After http_free(), which ends the streams. */
void sse_free(struct sse **s);

/* Begins a stream; answers the request. */
void sse_open(struct sse *s, struct http_req *req);
void sse_event(struct sse *s, int64_t number, const char *body_json);

#endif
