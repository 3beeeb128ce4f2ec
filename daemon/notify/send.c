/*
 * libcurl's multi interface driven by libevent.  No redirect is followed, no
 * answer is kept, every transfer has an end in time.
 */
#include "daemon/notify/send_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <event2/event.h>
#include <utlist.h>

#include "base/log.h"

#define CONNECT_MS 5000L
#define TOTAL_MS 20000L
#define ANSWER_MAX (64 * 1024)

/* One transfer. */
struct transfer {
	struct sender *sender;
	CURL *easy;
	struct curl_slist *headers, *to;
	char *body;
	size_t len, at; /* at: how much of a mail has been read */
	size_t answered;
	char error[CURL_ERROR_SIZE];
	send_done *done;
	void *arg;
	struct transfer *prev, *next;
};

static void
transfer_free(struct transfer *t)
{
	DL_DELETE(t->sender->transfers, t);
	if (t->easy != NULL) {
		curl_multi_remove_handle(t->sender->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->to);
	free(t->body);
	free(t);
}

/* What the answer means; mail has no status but its own of 3 digits. */
static void
judge_answer(struct transfer *t, CURLcode code, struct send_result *r)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait);
	r->retry_after_s = (long)wait;
	if (code != CURLE_OK)
		snprintf(r->error, sizeof(r->error), "%s",
			 t->error[0] != '\0' ? t->error
					     : curl_easy_strerror(code));
	else if (status < 200 || status > 299)
		snprintf(r->error, sizeof(r->error), "answered %ld", status);
	else
		r->sent = true;
	r->never = code == CURLE_OK && status == 410;
}

static void
reap(struct sender *s)
{
	struct send_result r;
	struct transfer *t;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(s->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		memset(&r, 0, sizeof(r));
		judge_answer(t, m->data.result, &r);
		t->done(t->arg, &r);
		transfer_free(t);
	}
}

static void
socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		   (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(s->multi, fd, mask, &running);
	reap(s);
}

static void
timer_due(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(s);
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watched)
{
	struct sender *s = arg;
	struct event *ev = watched;
	short mask = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			     (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		ev = event_new(s->base, fd, (short)(mask | EV_PERSIST),
			       socket_ready, s);
		if (ev == NULL || event_add(ev, NULL) < 0)
			return -1;
	}
	curl_multi_assign(s->multi, fd, ev);
	return 0;
}

static int
watch_timer(CURLM *multi, long ms, void *arg)
{
	struct sender *s = arg;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		return event_del(s->timer);
	return event_add(s->timer, &tv);
}

static size_t
drop_answer(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)data;
	t->answered += size * n;
	return t->answered > ANSWER_MAX ? 0 : size * n;
}

static size_t
read_mail(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = t->len - t->at;

	if (len > size * n)
		len = size * n;
	memcpy(data, t->body + t->at, len);
	t->at += len;
	return len;
}

struct sender *
sender_new(struct event_base *base)
{
	struct sender *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base = base;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	s->multi = curl_multi_init();
	s->timer = event_new(base, -1, 0, timer_due, s);
	if (s->multi == NULL || s->timer == NULL) {
		log_error("notify: cannot start libcurl");
		sender_free(&s);
		return NULL;
	}
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	return s;
}

void
sender_free(struct sender **sp)
{
	struct sender *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	while (s->transfers != NULL)
		transfer_free(s->transfers);
	send_programs_end(s);
	if (s->multi != NULL)
		curl_multi_cleanup(s->multi);
	if (s->timer != NULL)
		event_free(s->timer);
	free(s);
	curl_global_cleanup();
}

/* A transfer with what all have in common; body is copied. */
static struct transfer *
transfer_new(struct sender *s, const char *url, const char *protocols,
	     const char *body, size_t len)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->sender = s;
	DL_APPEND(s->transfers, t);
	t->easy = curl_easy_init();
	t->body = malloc(len + 1);
	if (t->easy == NULL || t->body == NULL) {
		transfer_free(t);
		return NULL;
	}
	memcpy(t->body, body, len);
	t->len = len;
	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, drop_answer);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, (char *)t);
	return t;
}

static int
transfer_start(struct transfer *t, send_done *done, void *arg)
{
	t->done = done;
	t->arg = arg;
	if (curl_multi_add_handle(t->sender->multi, t->easy) == CURLM_OK)
		return 0;
	transfer_free(t);
	return -1;
}

static int
append(struct curl_slist **list, const char *text)
{
	struct curl_slist *grown = curl_slist_append(*list, text);

	if (grown == NULL)
		return -1;
	*list = grown;
	return 0;
}

int
sender_post(struct sender *s, const char *url, const char *const *headers,
	    const char *body, size_t len, send_done *done, void *arg)
{
	struct transfer *t = transfer_new(s, url, "http,https", body, len);

	if (t == NULL)
		return -1;
	for (; *headers != NULL; headers++) {
		if (append(&t->headers, *headers) < 0) {
			transfer_free(t);
			return -1;
		}
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
	return transfer_start(t, done, arg);
}

int
sender_mail(struct sender *s, const struct send_mail *m, send_done *done,
	    void *arg)
{
	struct transfer *t =
		transfer_new(s, m->url, "smtp,smtps", m->text, strlen(m->text));

	if (t == NULL)
		return -1;
	for (const char *const *to = m->to; *to != NULL; to++) {
		if (append(&t->to, *to) < 0) {
			transfer_free(t);
			return -1;
		}
	}
	/* A password never goes over an open line. */
	curl_easy_setopt(t->easy, CURLOPT_USE_SSL,
			 m->user[0] != '\0' ? (long)CURLUSESSL_ALL
					    : (long)CURLUSESSL_TRY);
	if (m->user[0] != '\0') {
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, m->user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD, m->password);
	}
	curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, m->from);
	curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->to);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, read_mail);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	return transfer_start(t, done, arg);
}
