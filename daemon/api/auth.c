/*
 * Actors: token, sessions, peers; and what a browser must prove.
 */
#include "daemon/api/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sodium.h>

#include "base/log.h"

#define TOKEN_PREFIX "tocsin_"
#define SECRET_BYTES 32
#define TOKEN_TEXT (sizeof(TOKEN_PREFIX) + 2 * SECRET_BYTES)
#define SESSION_TEXT (2 * SECRET_BYTES + 1)
#define SESSIONS 64
#define SESSION_MS (12 * 3600 * INT64_C(1000))
#define COOKIE "tocsin_session"

struct session {
	char id[SESSION_TEXT]; /* "" = free */
	char name[AUTH_NAME_BYTES];
	int64_t ends_ms;
};

struct auth {
	auth_site_token *site_token; /* or NULL */
	void *site_arg;
	char token[TOKEN_TEXT];
	const struct conf_list *hosts;
	struct session session[SESSIONS];
};

static const char unknown_token[] =
	"This token is not, or no longer, known here. A site's is made by "
	"\"tocsin site token SITE\", and ends when another is made.";
static const char unknown_writer[] =
	"Who writes must be known: sign in on the page, send a token as a "
	"bearer (a site's own, or that of the file \"token\" in the state "
	"directory), or use the Unix socket.";

/* Compares in a time that depends on the lengths only. */
static bool
same_secret(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

static void
random_hex(char *out)
{
	unsigned char raw[SECRET_BYTES];

	randombytes_buf(raw, sizeof(raw));
	sodium_bin2hex(out, 2 * sizeof(raw) + 1, raw, sizeof(raw));
	sodium_memzero(raw, sizeof(raw));
}

static int
make_token(struct auth *a, const char *path)
{
	char line[TOKEN_TEXT + 1];
	int fd, n;

	memcpy(a->token, TOKEN_PREFIX, sizeof(TOKEN_PREFIX));
	random_hex(a->token + sizeof(TOKEN_PREFIX) - 1);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_error("api: cannot make %s: %s", path, strerror(errno));
		return -1;
	}
	n = snprintf(line, sizeof(line), "%s\n", a->token);
	if (write(fd, line, (size_t)n) != n || fsync(fd) < 0) {
		log_error("api: cannot write %s: %s", path, strerror(errno));
		close(fd);
		unlink(path);
		return -1;
	}
	close(fd);
	log_notice("api: token made file=%s", path);
	return 0;
}

static int
read_token(struct auth *a, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];
	size_t n;

	if (f == NULL && errno == ENOENT)
		return make_token(a, path);
	if (f == NULL) {
		log_error("api: cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	n = fgets(line, sizeof(line), f) == NULL ? 0 : strcspn(line, "\r\n");
	fclose(f);
	if (n < 32 || n >= sizeof(a->token)) {
		log_error("api: %s holds no token of 32 to %zu bytes; remove "
			  "it and a new one is made at the next start",
			  path, sizeof(a->token) - 1);
		return -1;
	}
	memcpy(a->token, line, n);
	a->token[n] = '\0';
	return 0;
}

struct auth *
auth_new(const char *state_dir, const struct conf_list *hosts)
{
	struct auth *a = calloc(1, sizeof(*a));
	char path[4096];

	if (a == NULL || sodium_init() < 0) {
		log_error("api: cannot start authentication");
		free(a);
		return NULL;
	}
	a->hosts = hosts;
	snprintf(path, sizeof(path), "%s/token", state_dir);
	if (read_token(a, path) < 0)
		auth_free(&a);
	return a;
}

void
auth_free(struct auth **a)
{
	if (*a != NULL)
		sodium_memzero(*a, sizeof(**a));
	free(*a);
	*a = NULL;
}

/* Length of the name in "name:port", "[v6]:port" or "name". */
static size_t
host_name_len(const char *host)
{
	const char *end;

	if (host[0] == '[' && (end = strchr(host, ']')) != NULL)
		return (size_t)(end - host) + 1;
	return strcspn(host, ":");
}

bool
auth_host_known(const char *host, const struct conf_list *more)
{
	static const char *const loopback[] = { "localhost", "127.0.0.1",
						"[::1]" };
	size_t len;

	if (host == NULL || host[0] == '\0')
		return false;
	len = host_name_len(host);
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		if (strlen(loopback[i]) == len &&
		    strncasecmp(loopback[i], host, len) == 0)
			return true;
	}
	for (size_t i = 0; i < more->n; i++) {
		if (strlen(more->at[i]) == len &&
		    strncasecmp(more->at[i], host, len) == 0)
			return true;
	}
	return false;
}

bool
auth_origin_matches(const char *origin, const char *host)
{
	const char *at = strstr(origin, "://");

	if (at == NULL || host == NULL || host[0] == '\0')
		return false;
	return strcasecmp(at + 3, host) == 0;
}

/* Does a browser say that the request comes from our own page? */
static bool
comes_from_page(const struct http_req *req)
{
	const char *site = http_header(req, "Sec-Fetch-Site");
	const char *origin = http_header(req, "Origin");

	if (site != NULL)
		return strcmp(site, "same-origin") == 0;
	return origin != NULL &&
	       auth_origin_matches(origin, http_header(req, "Host"));
}

/* What no browser sends without a page has no page to be checked. */
static bool
is_from_browser(const struct http_req *req)
{
	return http_header(req, "Sec-Fetch-Site") != NULL ||
	       http_header(req, "Origin") != NULL;
}

static struct session *
find_session(struct auth *a, const struct http_req *req, int64_t now_ms)
{
	char id[SESSION_TEXT];

	if (!http_cookie(req, COOKIE, id, sizeof(id)))
		return NULL;
	for (size_t i = 0; i < SESSIONS; i++) {
		struct session *s = &a->session[i];

		if (s->id[0] != '\0' && s->ends_ms > now_ms &&
		    same_secret(s->id, id))
			return s;
	}
	return NULL;
}

static void
name_peer(struct http_req *req)
{
	struct passwd pw, *found = NULL;
	char buf[2048], name[AUTH_NAME_BYTES];
	uid_t uid = http_peer_uid(req);

	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) == 0 && found != NULL)
		snprintf(name, sizeof(name), "%s", found->pw_name);
	else
		snprintf(name, sizeof(name), "uid %u", (unsigned)uid);
	http_set_actor(req, name);
}

const char *
auth_site_of(const char *actor)
{
	return strncmp(actor, "site:", 5) == 0 ? actor + 5 : NULL;
}

static bool
identify_site(struct auth *a, struct http_req *req, const char *token)
{
	char actor[AUTH_NAME_BYTES + 32] = "site:";

	if (a->site_token == NULL ||
	    a->site_token(a->site_arg, token, actor + 5, sizeof(actor) - 5) != 1)
		return false;
	http_set_actor(req, actor);
	return true;
}

/* true where the request shows who writes; its actor is then set. */
static bool
identify(struct auth *a, struct http_req *req, int64_t now_ms, bool *by_cookie)
{
	const char *bearer = http_header(req, "Authorization");
	const struct session *s;

	*by_cookie = false;
	if (http_is_unix(req)) {
		name_peer(req);
		return true;
	}
	if (bearer != NULL && strncasecmp(bearer, "Bearer ", 7) == 0) {
		if (!same_secret(a->token, bearer + 7))
			return identify_site(a, req, bearer + 7);
		http_set_actor(req, "token");
		return true;
	}
	s = find_session(a, req, now_ms);
	if (s == NULL)
		return false;
	*by_cookie = true;
	http_set_actor(req, s->name);
	return true;
}

bool
auth_admit(struct auth *a, struct http_req *req, bool guard, int64_t now_ms)
{
	bool by_cookie, known;

	if (!http_is_unix(req) &&
	    !auth_host_known(http_header(req, "Host"), a->hosts)) {
		http_problem(req, 421, NULL,
			     "This daemon is not called by that name; add it "
			     "to \"hosts\" in the block http of tocsin.conf.");
		return false;
	}
	known = identify(a, req, now_ms, &by_cookie);
	if (!guard)
		return true;
	if ((by_cookie || is_from_browser(req)) && !comes_from_page(req)) {
		http_problem(req, 403, NULL,
			     "A page of another origin may not write here.");
		return false;
	}
	if (!known) {
		http_add_header(req, "WWW-Authenticate", "Bearer");
		http_problem(req, 401, NULL,
			     http_header(req, "Authorization") != NULL
				     ? unknown_token
				     : unknown_writer);
		return false;
	}
	if (auth_site_of(http_actor(req)) != NULL &&
	    strcmp(http_path(req), "/api/v1/counts") != 0) {
		http_problem(req, 403, NULL,
			     "A site's token posts counts and nothing else.");
		return false;
	}
	return true;
}

void
auth_set_sites(struct auth *a, auth_site_token *fn, void *arg)
{
	a->site_token = fn;
	a->site_arg = arg;
}

/* The session that ended longest ago, or ends first. */
static struct session *
free_session(struct auth *a)
{
	struct session *oldest = &a->session[0];

	for (size_t i = 1; i < SESSIONS; i++) {
		if (a->session[i].ends_ms < oldest->ends_ms)
			oldest = &a->session[i];
	}
	return oldest;
}

/* A name is printable, not empty, and short enough. */
static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= AUTH_NAME_BYTES)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == 127)
			return false;
	}
	return true;
}

void
auth_sign_in(struct auth *a, struct http_req *req, int64_t now_ms)
{
	const char *token = "", *name = "";
	struct session *s;
	char cookie[256];
	json_t *body;

	if (is_from_browser(req) && !comes_from_page(req)) {
		http_problem(req, 403, NULL,
			     "A page of another origin may not sign in here.");
		return;
	}
	body = http_body_json(req);
	if (body == NULL ||
	    json_unpack(body, "{s:s,s:s}", "token", &token, "name", &name) < 0) {
		http_problem(req, 400, NULL,
			     "Send {\"token\": ..., \"name\": ...}.");
	} else if (!same_secret(a->token, token)) {
		log_warn("api: sign-in refused");
		http_problem(req, 401, NULL, "That is not the token.");
	} else if (!is_name(name)) {
		http_problem(req, 422, NULL,
			     "A name has 1 to %d printable bytes.",
			     AUTH_NAME_BYTES - 1);
	} else {
		s = free_session(a);
		random_hex(s->id);
		snprintf(s->name, sizeof(s->name), "%s", name);
		s->ends_ms = now_ms + SESSION_MS;
		snprintf(cookie, sizeof(cookie),
			 COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; "
				"SameSite=Strict",
			 s->id, (int)(SESSION_MS / 1000));
		http_add_header(req, "Set-Cookie", cookie);
		http_reply_json(req, 200, json_pack("{s:s}", "actor", name));
	}
	json_decref(body);
}

void
auth_sign_out(struct auth *a, struct http_req *req)
{
	struct session *s = find_session(a, req, 0);

	if (s != NULL)
		sodium_memzero(s, sizeof(*s));
	http_add_header(req, "Set-Cookie",
			COOKIE "=; Path=/; Max-Age=0; HttpOnly; "
			       "SameSite=Strict");
	http_reply_json(req, 200, json_object());
}
