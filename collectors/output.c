/*
 * What the outputs have in common.
 */
#include "collectors/output.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "collectors/files.h"
#include "collectors/outbox.h"
#include "collectors/settings.h"

struct output *
output_open(const struct output_conf *conf)
{
	if (conf->settings->brokers[0] != '\0')
		return output_open_kafka(conf);
	return output_open_zmq(conf);
}

void
output_close(struct output **o)
{
	struct output *old = *o;

	*o = NULL;
	if (old == NULL)
		return;
	old->kind->flush(old);
	old->kind->close(old);
}

void
output_put(struct output *o)
{
	o->kind->put(o);
}

void
output_say(struct output *o, enum output_state state, const char *why)
{
	static const char *const name[] = { "trying", "connected", "refused",
					    "stopped" };
	char at[32];

	if (o->state == state && strcmp(o->why, why) == 0)
		return;
	o->state = state;
	snprintf(o->why, sizeof(o->why), "%s", why);
	snprintf(at, sizeof(at), "%lld", (long long)files_now_ms());
	if (state == OUTPUT_STOPPED)
		log_error("output: %s", why);
	else if (state == OUTPUT_REFUSED)
		log_warn("output: %s", why);
	else
		log_info("output: %s%s%s", name[state],
			 why[0] != '\0' ? ": " : "", why);
	if (outbox_note(o->conf.outbox, "state", name[state]) < 0 ||
	    outbox_note(o->conf.outbox, "why", why) < 0 ||
	    (why[0] != '\0' && (outbox_note(o->conf.outbox, "error", why) < 0 ||
				outbox_note(o->conf.outbox, "error_at", at) < 0)))
		log_error("output: the outbox cannot keep its state");
	if (o->conf.changed != NULL)
		o->conf.changed(o->conf.arg);
}
