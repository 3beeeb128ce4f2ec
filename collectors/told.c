/*
 * See told.h.  Counts below the revision that is kept are no news by
 * themselves: an outbox that is sent again has many.  The centre gives a hint
 * where they look like a mistake.
 */
#include "collectors/told.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "collectors/files.h"
#include "collectors/outbox.h"
#include "proto/wire.h"

static void
keep_refused(struct outbox *box, const char *centre, const struct wire_ack *ack)
{
	for (size_t i = 0; i < ack->refused_n; i++) {
		const struct wire_refused *r = &ack->refused[i];
		char reason[WIRE_MAX_TEXT + 1];

		snprintf(reason, sizeof(reason), "%.*s", (int)r->reason.len,
			 r->reason.at);
		if (outbox_reject(box, centre, r->seq, r->index, r->code,
				  reason, files_now_ms()) < 0)
			return;
	}
	if (ack->refused_total > 0)
		log_warn("output: the centre refused counts=%" PRIu64
			 "; tocsin-collect status lists why",
			 ack->refused_total);
}

static void
keep_hint(struct outbox *box, const struct wire_ack *ack)
{
	char hint[OUTBOX_WHY_BYTES], at[24];

	if (ack->hint.len == 0)
		return;
	snprintf(hint, sizeof(hint), "%" PRIu64 " counts: %.*s", ack->older,
		 (int)ack->hint.len, ack->hint.at);
	snprintf(at, sizeof(at), "%" PRId64, files_now_ms());
	log_warn("output: the centre left aside %s", hint);
	if (outbox_note(box, TOLD_HINT, hint) < 0 ||
	    outbox_note(box, TOLD_HINT_AT, at) < 0)
		log_error("output: the centre's hint could not be noted");
}

void
told_keep(struct outbox *box, const char *centre, const struct wire_ack *ack)
{
	keep_refused(box, centre, ack);
	keep_hint(box, ack);
}
