/* Registrations. */
#include "daemon/intake/zmqenrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "base/log.h"
#include "daemon/intake/zmqcurve.h"

#define MAX_ROUTE 256
#define PER_SECOND 20 /* attempts that are looked at */

struct zmqenrol {
	struct zmqenrol_env env;
	struct zsock *sock;
	time_t second;
	unsigned tried; /* in that second */
	char address[128];
};

/* Somebody who waits for the store. */
struct asker {
	struct zmqenrol *e;
	uint8_t route[MAX_ROUTE];
	size_t route_len;
	bool delimiter; /* a REQ, whose empty part is given back */
};

static void
send_reply(struct asker *to, const struct enrol_reply *reply)
{
	char text[ENROL_TEXT_BYTES];
	size_t len = enrol_reply_write(reply, text, sizeof(text));
	struct zsock_part part[3] = { { to->route, to->route_len } };
	size_t n = 1;

	if (to->delimiter)
		part[n++] = (struct zsock_part){ "", 0 };
	part[n++] = (struct zsock_part){ text, len };
	(void)zsock_send(to->e->sock, part, n);
}

static void
enrolled(void *arg, const struct enrol_reply *reply)
{
	struct asker *to = arg;

	send_reply(to, reply);
	free(to);
}

static void
refuse(struct asker *to, const char *why)
{
	struct enrol_reply reply = { 0 };

	snprintf(reply.sentence, sizeof(reply.sentence), "%s", why);
	log_warn("enrol: refused: %s", why);
	send_reply(to, &reply);
	free(to);
}

static bool
too_many(struct zmqenrol *e)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != e->second) {
		e->second = now.tv_sec;
		e->tried = 0;
	}
	return ++e->tried > PER_SECOND;
}

/* Is the key asked for the connection's own? */
static bool
is_own(const char *key, const char *user_id)
{
	char print[KEYRING_PRINT_BYTES];

	return user_id != NULL && zmqcurve_print(key, print) &&
	       strcmp(print, user_id) == 0;
}

static void
readable(void *arg, const struct zsock_part *part, size_t n,
	 const char *user_id, const char *peer)
{
	struct zmqenrol *e = arg;
	struct enrol_request request;
	struct asker *to;

	(void)peer;
	if (n < 2 || n > 3 || part[0].len > MAX_ROUTE || too_many(e))
		return;
	to = calloc(1, sizeof(*to));
	if (to == NULL)
		return;
	to->e = e;
	to->route_len = part[0].len;
	to->delimiter = n == 3;
	memcpy(to->route, part[0].data, part[0].len);
	if (enrol_request_read(part[n - 1].data, part[n - 1].len, &request) < 0) {
		refuse(to, "this is not a registration");
	} else if (!is_own(request.key, user_id)) {
		refuse(to, "the key is not the connection's own");
	} else {
		access_enrol(e->env.access, &request, enrolled, to);
	}
}

struct zmqenrol *
zmqenrol_new(const char *endpoint, const struct zmqenrol_env *env)
{
	const struct zsock_conf sc = {
		.type = ZMQ_ROUTER,
		.max_bytes = ENROL_TEXT_BYTES,
		.send_hwm = 4,
		.recv_hwm = 4,
		.batch = 16,
		.zap_domain = "enrol",
		.public_key = env->public_key,
		.secret_key = env->secret_key,
	};
	struct zmqenrol *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		log_error("enrol: out of memory");
		return NULL;
	}
	e->env = *env;
	e->sock = zsock_new(env->ctx, env->base, &sc, readable, e);
	if (e->sock == NULL ||
	    zsock_bind(e->sock, endpoint, e->address, sizeof(e->address)) < 0) {
		zmqenrol_free(&e);
		return NULL;
	}
	log_info("enrol: listening address=%s", e->address);
	return e;
}

void
zmqenrol_free(struct zmqenrol **pe)
{
	struct zmqenrol *e = *pe;

	*pe = NULL;
	if (e == NULL)
		return;
	if (e->sock != NULL)
		zsock_free(&e->sock);
	free(e);
}

const char *
zmqenrol_address(const struct zmqenrol *e)
{
	return e->address;
}
