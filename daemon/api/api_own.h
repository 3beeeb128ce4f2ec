#ifndef TOCSIN_API_API_OWN_H
#define TOCSIN_API_API_OWN_H

/* What the files of the interface share and nobody else sees. */

#include "daemon/api/api.h"
#include "daemon/api/auth.h"
#include "daemon/api/http.h"
#include "daemon/api/sse.h"
#include "daemon/console/catalogue.h"

struct api {
	const struct api_conf *conf;
	struct api_env env;
	struct http *http;
	struct auth *auth;
	struct sse *sse;
	struct catalogue *catalogue;
	int64_t started_ms;
	char socket[4096];
};

/* api_read.c */
void api_get_status(void *arg, struct http_req *req);
void api_get_vocabulary(void *arg, struct http_req *req);
void api_get_areas(void *arg, struct http_req *req);
void api_get_sites(void *arg, struct http_req *req);
void api_get_series(void *arg, struct http_req *req);
void api_get_points(void *arg, struct http_req *req);
void api_get_notices(void *arg, struct http_req *req);
void api_get_rota(void *arg, struct http_req *req);

/* api_map.c */
void api_get_map(void *arg, struct http_req *req);

/* api_alerts.c */
void api_get_alerts(void *arg, struct http_req *req);
void api_get_alert(void *arg, struct http_req *req);
void api_get_alert_events(void *arg, struct http_req *req);
void api_post_alert_event(void *arg, struct http_req *req);

/* api_explain.c */
void api_get_explain(void *arg, struct http_req *req);

/* api_score.c */
void api_get_triggers(void *arg, struct http_req *req);
void api_get_scorecard(void *arg, struct http_req *req);
void api_get_advice(void *arg, struct http_req *req);

/* api_marks.c */
void api_get_marks(void *arg, struct http_req *req);
void api_post_mark(void *arg, struct http_req *req);
void api_delete_mark(void *arg, struct http_req *req);

/* api_write.c */
void api_post_counts(void *arg, struct http_req *req);
void api_post_areas(void *arg, struct http_req *req);
void api_post_sites(void *arg, struct http_req *req);
void api_post_clock(void *arg, struct http_req *req);

/* api_access.c */
void api_post_invitation(void *arg, struct http_req *req);
void api_get_keys(void *arg, struct http_req *req);
void api_post_key(void *arg, struct http_req *req);
void api_post_token(void *arg, struct http_req *req);
void api_delete_key(void *arg, struct http_req *req);

/* api_misc.c */
void api_get_metrics(void *arg, struct http_req *req);
void api_get_healthy(void *arg, struct http_req *req);
void api_get_ready(void *arg, struct http_req *req);
void api_get_page(void *arg, struct http_req *req);

/* api_form.c */
/* May it ask for this ?format=?  false = it has been answered. */
bool api_form_offered(struct http_req *req);
/* As http_reply_json(), or the same rows as CSV if that was asked for. */
void api_reply(struct http_req *req, int status, json_t *body);

/* The end of a write as its request's answer; done_arg is the request. */
void api_answer(void *done_arg, int status, json_t *body);

/* The language of ?lang= or Accept-Language. */
enum catalogue_language api_language(const struct http_req *req);

/* Nobody works on the alert any more: closed, discarded or merged. */
bool api_alert_over(const json_t *alert);

/* Its colour, blue is 0; -1: it has none. */
int api_alert_rank(const json_t *alert);

/* ?area=CODE, REG_NONE without it; 0, or -1 with the request answered. */
int api_query_area(const struct api *a, struct http_req *req, uint32_t *out);

/*
 * A number of the query within min..max, def where it is not given.  0, or -1
 * with the request answered.
 */
int api_query_int(struct http_req *req, const char *key, int64_t min,
		  int64_t max, int64_t def, int64_t *out);
int api_query_day(struct http_req *req, const char *key, int32_t def,
		  int32_t *out);

#endif
