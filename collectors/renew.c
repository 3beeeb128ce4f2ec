/*
 * tocsin-collect renew: gives the outbox a new name after a copy of it was
 * used, and has everything it holds sent again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "collectors/collector.h"
#include "collectors/commands.h"

int
command_renew(const struct command_args *a)
{
	struct collector c = { .lock = -1 };
	int64_t frames;
	int rc;

	if (settings_load(&c.settings, &a->flags, false) < 0)
		return EX_CONFIG;
	rc = collector_open(&c);
	if (rc != 0) {
		if (rc > 0)
			log_error("renew: stop the running collector first");
		collector_close(&c);
		return rc > 0 ? EX_TEMPFAIL : EX_CANTCREAT;
	}
	frames = outbox_renew(c.outbox);
	if (frames >= 0)
		printf("%" PRId64 " frames will be sent under a new name\n",
		       frames);
	collector_close(&c);
	return frames >= 0 ? EX_OK : EX_IOERR;
}
