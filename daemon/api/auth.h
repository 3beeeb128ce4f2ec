#ifndef TOCSIN_API_AUTH_H
#define TOCSIN_API_AUTH_H

/*
 * Who writes.  A request has an actor when it comes over the Unix socket
 * (the peer's login name), with "Authorization: Bearer" and the token, or
 * with the cookie of a page that signed in with the token.  What comes from a
 * browser must also come from this daemon's own page, and every request over
 * TCP must call the daemon by a name it knows, so that no foreign page can
 * reach it under another name.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "daemon/api/http.h"

struct auth;

#define AUTH_NAME_BYTES 64

/*
 * Reads state_dir/token, or makes it (0600).  hosts are names besides
 * loopback's.  NULL when already logged.
 */
struct auth *auth_new(const char *state_dir, const struct conf_list *hosts);
void auth_free(struct auth **a);

/*
 * Whose token is it, if a site's?  1 = site (cap bytes) gets its code.  Such
 * an actor is called "site:CODE" and may post counts, nothing else.
 */
typedef int auth_site_token(void *arg, const char *token, char *site, size_t cap);
void auth_set_sites(struct auth *a, auth_site_token *fn, void *arg);

/* The code of an actor that is a site, or NULL. */
const char *auth_site_of(const char *actor);

/*
 * Gives the request its actor.  false = it may not go on and has been
 * answered: a foreign Host always, no actor or a foreign Origin only where
 * guard is set.
 */
bool auth_admit(struct auth *a, struct http_req *req, bool guard, int64_t now_ms);

/* POST: token and name begin a session; answers the request. */
void auth_sign_in(struct auth *a, struct http_req *req, int64_t now_ms);
/* DELETE: ends the request's session; answers the request. */
void auth_sign_out(struct auth *a, struct http_req *req);

/* The pure parts, for the tests. */
bool auth_host_known(const char *host, const struct conf_list *more);
bool auth_origin_matches(const char *origin, const char *host);

#endif
