/*
 * HL7 version 2 over MLLP: ADT messages of a hospital's interface engine.
 * A message is acknowledged (AA) when its visit is durable; AE asks for it
 * again.  A01, A04 and A08 tell a visit, A11 cancels it; everything else is
 * acknowledged and passed over.  Patients' data never reach a log.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "collectors/hl7.h"
#include "collectors/input.h"
#include "collectors/settings.h"
#include "collectors/syndromes.h"
#include "collectors/visits.h"

#define START 0x0b
#define END 0x1c
#define MESSAGES_A_TURN 64
#define ID_BYTES 512

struct client {
	struct input_mllp *input;
	struct bufferevent *bev;
	struct client *next;
};

struct input_mllp {
	struct input_env env;
	struct syndromes *syndromes;
	struct visits *visits;
	struct evconnlistener *listener;
	struct event *publish;
	struct client *clients;
	int64_t clients_n;
	struct hl7 message;
};

static int32_t
today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return (int32_t)(now / 86400);
	return day_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static int32_t
window_days(const struct input_mllp *in)
{
	return (int32_t)(in->env.settings->mllp->window_ms / 86400000);
}

/* Visit number; else the account; else the patient and the day. */
static struct wire_text
visit_id(const struct hl7 *m, char buf[ID_BYTES])
{
	int pv1 = hl7_find(m, "PV1", 0), pid = hl7_find(m, "PID", 0);
	struct wire_text id = hl7_get(m, pv1, 19, 0, 1), day;
	int n;

	if (id.len > 0)
		return id;
	id = hl7_get(m, pid, 18, 0, 1);
	if (id.len > 0)
		return id;
	id = hl7_get(m, pid, 3, 0, 1);
	day = hl7_get(m, pv1, 44, 0, 1);
	if (id.len == 0 || id.len > ID_BYTES - 64 || day.len < 8)
		return (struct wire_text){ "", 0 };
	n = snprintf(buf, ID_BYTES, "%.*s %.8s", (int)id.len, id.at, day.at);
	return (struct wire_text){ buf, n > 0 ? (size_t)n : 0 };
}

static void
look_at(struct input_mllp *in, struct wire_text words, struct visit *v)
{
	if (words.len == 0)
		return;
	v->has_complaint = true;
	v->by_complaint |= syndromes_by_text(in->syndromes, words);
}

/* The reason for the visit: PV2-3, and OBX with LOINC 8661-1. */
static void
read_complaint(struct input_mllp *in, struct visit *v)
{
	const struct hl7 *m = &in->message;
	int pv2 = hl7_find(m, "PV2", 0), obx;

	look_at(in, hl7_get(m, pv2, 3, 0, 1), v);
	look_at(in, hl7_get(m, pv2, 3, 0, 2), v);
	for (int i = 0; (obx = hl7_find(m, "OBX", i)) >= 0; i++) {
		struct wire_text code = hl7_get(m, obx, 3, 0, 1);

		if (code.len != 6 || memcmp(code.at, "8661-1", 6) != 0)
			continue;
		look_at(in, hl7_get(m, obx, 5, 0, 0), v);
	}
}

static void
read_diagnoses(struct input_mllp *in, struct visit *v)
{
	const struct hl7 *m = &in->message;
	int dg1;

	for (int i = 0; (dg1 = hl7_find(m, "DG1", i)) >= 0; i++) {
		struct wire_text name = hl7_get(m, dg1, 3, 0, 2);

		v->has_diagnosis = true;
		v->by_diagnosis |= syndromes_by_code(in->syndromes,
						     hl7_get(m, dg1, 3, 0, 1));
		if (name.len == 0)
			name = hl7_get(m, dg1, 4, 0, 1);
		v->by_diagnosis |= syndromes_by_text(in->syndromes, name);
	}
}

static int32_t
visit_day(const struct hl7 *m, bool update)
{
	int pv1 = hl7_find(m, "PV1", 0), evn = hl7_find(m, "EVN", 0);
	int32_t day = hl7_day(hl7_get(m, pv1, 44, 0, 1));

	if (day != INT32_MIN || update)
		return day; /* an update's own time is not the visit's */
	day = hl7_day(hl7_get(m, evn, 2, 0, 1));
	if (day != INT32_MIN)
		return day;
	return hl7_day(hl7_get(m, hl7_find(m, "MSH", 0), 7, 0, 1));
}

static bool
is(struct wire_text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

/* Returns the acknowledgement's code; *why says it in words. */
static const char *
take_message(struct input_mllp *in, const char *text, size_t len, const char **why)
{
	struct hl7 *m = &in->message;
	int rc = hl7_parse(m, text, len), msh = hl7_find(m, "MSH", 0);
	struct wire_text type = hl7_get(m, msh, 9, 0, 1);
	struct wire_text event = hl7_get(m, msh, 9, 0, 2);
	struct visit v = { .day = INT32_MIN };
	char buf[ID_BYTES];

	*why = rc == HL7_OK ? "" : hl7_strerror(rc);
	if (rc != HL7_OK)
		return "AR";
	if (!is(type, "ADT") || !(is(event, "A01") || is(event, "A04") ||
				  is(event, "A08") || is(event, "A11")))
		return "AA";
	v.id = visit_id(m, buf);
	*why = "no visit number: PV1-19, PID-18, or PID-3 with PV1-44";
	if (v.id.len == 0)
		return "AR";
	v.cancelled = is(event, "A11");
	v.day = visit_day(m, is(event, "A08") || v.cancelled);
	read_complaint(in, &v);
	read_diagnoses(in, &v);
	*why = "";
	if (visits_put(in->visits, &v, today(), window_days(in)) >= 0)
		return "AA";
	*why = "could not be kept; send it again";
	return "AE";
}

static void
answer(struct client *c, const char *code, const char *why, bool readable)
{
	char buf[1024];
	size_t n;

	buf[0] = START;
	n = hl7_answer(readable ? &c->input->message : NULL, code, why, buf + 1,
		       sizeof(buf) - 3);
	if (n == 0)
		return;
	buf[n + 1] = END;
	buf[n + 2] = '\r';
	bufferevent_write(c->bev, buf, n + 3);
}

static void
hang_up(struct client *c)
{
	struct input_mllp *in = c->input;
	struct client **at = &in->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	bufferevent_free(c->bev);
	free(c);
	in->clients_n--;
	evconnlistener_enable(in->listener);
}

static void
on_data(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct evbuffer *buf = bufferevent_get_input(bev);

	for (int i = 0; i < MESSAGES_A_TURN; i++) {
		static const char tail[2] = { END, '\r' };
		struct evbuffer_ptr end =
			evbuffer_search(buf, tail, sizeof(tail), NULL);
		const char *why, *code;
		unsigned char *at;

		if (end.pos < 0)
			break;
		at = evbuffer_pullup(buf, end.pos + 2);
		if (at == NULL || at[0] != START) {
			log_warn("mllp: bytes between messages; hanging up");
			hang_up(c);
			return;
		}
		code = take_message(c->input, (char *)at + 1,
				    (size_t)end.pos - 1, &why);
		if (code[1] != 'A')
			log_warn("mllp: message answered %s: %s", code, why);
		answer(c, code, why, strcmp(code, "AR") != 0);
		evbuffer_drain(buf, (size_t)end.pos + 2);
	}
	if (evbuffer_get_length(buf) > HL7_MAX_MESSAGE + 4) {
		log_warn("mllp: a message larger than 1 MiB; hanging up");
		hang_up(c);
	} else if (evbuffer_get_length(buf) > 0 &&
		   evbuffer_search(buf, "\x1c\r", 2, NULL).pos >= 0) {
		bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		hang_up(arg);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *addr,
	  int len, void *arg)
{
	static const struct timeval patience = { .tv_sec = 60 };
	struct input_mllp *in = arg;
	struct client *c = calloc(1, sizeof(*c));

	(void)addr;
	(void)len;
	if (c != NULL)
		c->bev = bufferevent_socket_new(in->env.base, fd,
						BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		free(c);
		evutil_closesocket(fd);
		return;
	}
	c->input = in;
	c->next = in->clients;
	in->clients = c;
	if (++in->clients_n >= in->env.settings->mllp->clients)
		evconnlistener_disable(l);
	bufferevent_setcb(c->bev, on_data, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, HL7_MAX_MESSAGE + 8);
	/* An engine keeps its line open and silent; one that takes no answers
	 * is cut. */
	bufferevent_set_timeouts(c->bev, NULL, &patience);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static void
on_publish(evutil_socket_t fd, short what, void *arg)
{
	struct input_mllp *in = arg;
	int n;

	(void)fd;
	(void)what;
	do
		n = visits_publish(in->visits, today(), window_days(in));
	while (n == 32);
	if (n > 0)
		in->env.took(in->env.arg);
}

static int
listen_on(struct input_mllp *in)
{
	const struct settings_mllp *conf = in->env.settings->mllp;
	struct sockaddr_storage addr;
	int len = sizeof(addr);

	if (evutil_parse_sockaddr_port(conf->listen, (struct sockaddr *)&addr,
				       &len) < 0) {
		log_error("mllp: listen = \"%s\": wanted address:port",
			  conf->listen);
		return -1;
	}
	if (!input_is_loopback(conf->listen))
		log_warn("mllp: %s is open to the network, and HL7 messages "
			 "travel unencrypted",
			 conf->listen);
	in->listener = evconnlistener_new_bind(
		in->env.base, on_accept, in,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
		-1, (struct sockaddr *)&addr, len);
	if (in->listener == NULL) {
		log_error("mllp: cannot listen on %s: %m", conf->listen);
		return -1;
	}
	log_notice("mllp: HL7 on %s", conf->listen);
	return 0;
}

static int
prepare(struct input_mllp *in)
{
	const struct settings *s = in->env.settings;
	const struct timeval tv = {
		.tv_sec = s->mllp->publish_ms / 1000,
		.tv_usec = s->mllp->publish_ms % 1000 * 1000,
	};

	in->syndromes = syndromes_load(s->mllp->syndromes);
	if (in->syndromes == NULL)
		return -1;
	in->visits = visits_open(in->env.outbox, in->env.pack, in->syndromes,
				 s->code);
	if (in->visits == NULL)
		return -1;
	in->publish = event_new(in->env.base, -1, EV_PERSIST, on_publish, in);
	if (in->publish == NULL || event_add(in->publish, &tv) < 0)
		return -1;
	return listen_on(in);
}

int
input_mllp_open(const struct input_env *env, struct input_mllp **out)
{
	struct input_mllp *in;

	*out = NULL;
	if (env->settings->mllp->listen[0] == '\0')
		return 0;
	in = calloc(1, sizeof(*in));
	if (in == NULL) {
		log_error("mllp: out of memory");
		return -1;
	}
	in->env = *env;
	if (prepare(in) < 0) {
		input_mllp_close(&in);
		return -1;
	}
	*out = in;
	return 0;
}

void
input_mllp_close(struct input_mllp **inp)
{
	struct input_mllp *in = *inp;

	*inp = NULL;
	if (in == NULL)
		return;
	while (in->clients != NULL)
		hang_up(in->clients);
	if (in->listener != NULL)
		evconnlistener_free(in->listener);
	if (in->publish != NULL)
		event_free(in->publish);
	visits_close(&in->visits);
	syndromes_free(&in->syndromes);
	free(in);
}
