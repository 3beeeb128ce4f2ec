/*
 * What the inputs share.
 */
#include "collectors/input.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "collectors/complaint.h"
#include "collectors/outbox.h"
#include "collectors/take.h"

#define LOGGED 20 /* lines of complaint in the log */

static void
log_complaints(const char *name, const struct complaint *c)
{
	const char *line = c->text;

	for (int i = 0; line != NULL && *line != '\0' && i < LOGGED; i++) {
		size_t len = strcspn(line, "\n");

		log_warn("%s: %.*s", name, (int)len, line);
		line += line[len] == '\n' ? len + 1 : len;
	}
}

int
input_take(const struct input_env *env, const char *name, const char *indicator,
	   const void *text, size_t len)
{
	struct complaint c = { 0 };
	struct outbox_input done;
	const struct take_input in = { .name = name,
				       .format = TAKE_CSV,
				       .indicator = indicator[0] != '\0' ? indicator
									 : NULL,
				       .problem = complaint_add,
				       .arg = &c };
	enum take_result rc = take_text(env->take, text, len, &in, &done);

	log_complaints(name, &c);
	complaint_fini(&c);
	if (rc == TAKE_OK) {
		log_info("%s: took rows=%" PRId64 " bad=%" PRId64, name,
			 done.rows, done.bad);
		env->took(env->arg);
	} else if (rc == TAKE_REFUSED) {
		log_warn("%s: %s", name, outbox_why(env->outbox));
	}
	return (int)rc;
}

int
input_is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 ||
	       strncmp(listen, "[::1]:", 6) == 0 ||
	       strncmp(listen, "localhost:", 10) == 0;
}
