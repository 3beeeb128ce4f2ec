#ifndef TOCSIN_API_API_H
#define TOCSIN_API_API_H

/*
 * The HTTP interface: everything's read side and the desk's verbs, as JSON
 * under /api/v1, the stream of alert events, metrics and the console's page.
 * It keeps no state of the system; what it needs comes in as one struct
 * api_env that main.c fills.  docs/api.md is its manual.
 *
 * Every request that writes has an actor: the peer of the Unix socket, or who
 * holds the token made at the first start.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/conf.h"
#include "daemon/desk/desk.h"
#include "daemon/judge/quality.h"

struct api;
struct event_base;
struct metrics;	   /* daemon/api/metrics.h */
struct advise_ask; /* daemon/desk/advise.h */

/* The block "http" of the configuration. */
struct api_conf {
	char *listen; /* "127.0.0.1:8650"; only loopback; "" = none */
	char *socket; /* path of the Unix socket; "" = none */
	int64_t max_connections;
	int64_t max_body_bytes; /* of a request */
	int64_t deadline_ms;	/* for a whole request to come in */
	int64_t max_streams;	/* clients of /api/v1/events */
	struct conf_list hosts; /* names the page may be called by */
	char *webroot;		/* folder instead of the built-in page */
};
extern const struct conf_key api_conf_keys[];

/* What a writing request brings; borrowed for the call. */
struct api_write {
	const char *actor; /* who; never empty */
	bool is_site;	   /* actor is a site's code: its own counts only */
	const char *type;  /* "application/json" or "text/csv" */
	const char *key;   /* Idempotency-Key, "" = none */
	const char *body;  /* len bytes and a NUL behind them */
	size_t len;
};

/*
 * The end of a write, called exactly once on the loop, at once or later, but
 * not before what it reports is committed.  status is HTTP's; body is taken
 * and may be NULL.  From 400 on body is {"detail": "a sentence",
 * "errors": [{"at": "line 3", "detail": ...}]}; api_refusal() makes
 * the simple one.
 */
typedef void api_done(void *done_arg, int status, json_t *body);
typedef void api_writer(void *arg, const struct api_write *write,
			api_done *done, void *done_arg);

/* An order about who may send; borrowed for the call. */
enum api_access_verb {
	API_KEYS,	/* 200 {"keys": [{"fingerprint", ...}]} */
	API_ADD_KEY,	/* key in Z85; 201 {"site", "fingerprint"} */
	API_REVOKE_KEY, /* key is the fingerprint; 200 */
	API_INVITE,	/* 201 {"site", "invitation", "ends"} */
	API_TOKEN	/* 201 {"site", "token"}; those it had end */
};
struct api_access {
	enum api_access_verb verb;
	const char *site; /* code of the sender; "" for API_REVOKE_KEY */
	const char *key;
	const char *actor;
};

/* {"detail": ...} from a format; NULL when memory is short. */
json_t *api_refusal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One stored alert event, as api_event() got it. */
typedef void api_each(void *each_arg, int64_t number, const char *name,
		      const char *body_json);

/*
 * What the interface stands on.  Pointers are borrowed for its life; a
 * function left NULL makes its route answer 501.  arg goes to every function.
 */
struct api_env {
	struct event_base *base;
	const struct registry *registry;
	struct judge *judge;
	const struct quality *quality;
	struct desk *desk;
	const char *state_dir; /* the token lies there */
	bool clock_manual;
	void *arg;

	struct zone_now (*now)(void *arg);   /* what time it is */
	int64_t (*now_ms)(void *arg);	     /* wall clock since 1970 */
	int64_t (*clock_ms)(void *arg);	     /* the desk's, see dayclock.h */
	const char *(*not_ready)(void *arg); /* NULL = ready, else why not */
	/* Adds objects of their own: "store", "intake", "notices" ... */
	void (*status)(void *arg, json_t *out);
	void (*metrics)(void *arg, struct metrics *m);

	/*
	 * A series' cell as it was known at the end of the day as_of.  1, or 0
	 * where nothing was known then, or -1 when already logged.
	 */
	int (*cell_as_of)(void *arg, uint32_t series, int32_t day,
			  int32_t as_of, struct judge_cell *out);

	/* account_day() of an area and day; NULL: *why says why not. */
	json_t *(*account)(void *arg, uint32_t area, int32_t day,
			   const char **why);

	/*
	 * {"triggers": trigger_view_all() of those in force, "read_at_ms"},
	 * see docs/api.md; NULL: no memory.
	 */
	json_t *(*triggers)(void *arg);

	/* score_triggers() of the days; NULL: no memory. */
	json_t *(*score)(void *arg, int32_t from, int32_t to);

	/*
	 * advise_triggers(); nothing of a trigger that is none, and *near is
	 * the nearest name that is one, if any.  NULL: no memory.
	 */
	json_t *(*advise)(void *arg, const struct advise_ask *ask,
			  const char **near);

	/* Counts as JSON or CSV; 202 and {"accepted", "refused": [...]}. */
	api_writer *counts_post;
	/* CSV with a header line; 200 and {"added", "changed"}. */
	api_writer *areas_import;
	api_writer *sites_import;
	/* Who may send: keys, invitations and tokens of sites. */
	void (*access)(void *arg, const struct api_access *what, api_done *done,
		       void *done_arg);
	/* Whose token is it?  1 = site (cap bytes) gets the code. */
	int (*site_token)(void *arg, const char *token, char *site, size_t cap);
	/*
	 * One act of a person; done gets 200 and the alert after COMMIT, or
	 * api_act_status() of the refusal.  act is borrowed for the call.
	 */
	void (*act)(void *arg, const char *id, const struct desk_act *act,
		    api_done *done, void *done_arg);
	/* Marks, see daemon/marking.h; area may be REG_NONE. */
	json_t *(*marks)(void *arg, uint32_t area, bool withdrawn_too);
	void (*mark_add)(void *arg, const char *actor, const json_t *body,
			 api_done *done, void *done_arg);
	void (*mark_withdraw)(void *arg, const char *actor, int64_t number,
			      api_done *done, void *done_arg);
	/* Those in force that meet an alert: a new array; or NULL. */
	json_t *(*alert_marks)(void *arg, const json_t *alert);
	/* clock manual: done when the day is judged and weighed. */
	void (*clock_advance)(void *arg, int32_t day, api_done *done,
			      void *done_arg);

	/* Events with a number above after, in order, at most max; how many. */
	size_t (*events_after)(void *arg, int64_t after, size_t max,
			       api_each *each, void *each_arg);
	/* New array of the events of one alert, oldest first; or NULL. */
	json_t *(*alert_events)(void *arg, const char *id);
	/* Who is on duty: a new array, see daemon/notify/rota.h; or NULL. */
	json_t *(*rota)(void *arg);
	/* New array of notices, newest first; or NULL. */
	json_t *(*notices)(void *arg, size_t max);
};

/* HTTP's status for a refusal: 404, 412, 409, 422 or 500. */
int api_act_status(enum desk_refusal refusal);

/* Listens from now on.  NULL when already logged. */
struct api *api_new(const struct api_conf *conf, const struct api_env *env);
void api_free(struct api **a);

/* "http://127.0.0.1:8650", with the real port; "" without TCP. */
const char *api_address(const struct api *a);

/*
 * Tells every open stream of an alert event, once it is committed.  number
 * grows by event and is its row in the store.
 */
void api_event(struct api *a, int64_t number, const char *name,
	       const char *body_json);

#endif
