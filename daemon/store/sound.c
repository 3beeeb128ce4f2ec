/* The look at the file before it is used, see sound.h. */
#include "daemon/store/sound.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "proto/wire.h"

#define SAID 5 /* damaged frames that are named */

#define MEND "restore the newest backup; senders then send again what it lacks"

int
sound_pages(struct db *db, const char *path, int64_t bytes)
{
	const char *sql =
		bytes <= SOUND_WHOLE_BYTES
			? "SELECT quick_check FROM pragma_quick_check"
			: "SELECT q.quick_check FROM sqlite_schema t,"
			  " pragma_quick_check(t.name) q"
			  " WHERE t.type='table' AND t.name NOT IN"
			  " ('counts', 'counts_old', 'ledger', 'posted')";
	struct db_stmt *s = db_cached(db, sql);
	int rc, bad = 0;

	if (s == NULL)
		return -1;
	while (bad == 0 && (rc = db_step(s)) == 1) {
		if (strcmp(db_text(s, 0), "ok") == 0)
			continue;
		log_error("store: %s is damaged and is not used: %s; " MEND
			  ", or save what can be read with \".recover\" of "
			  "sqlite3(1)",
			  path, db_text(s, 0));
		bad = -1;
	}
	if (bad == 0 && rc < 0) {
		log_error("store: %s cannot be read through; " MEND, path);
		bad = -1;
	}
	db_reset(s);
	return bad;
}

static bool
is_whole(struct db_stmt *s)
{
	struct wire_header h;
	const uint8_t *body, *frame;
	size_t len;

	frame = db_blob(s, 3, &len);
	return wire_open(frame, len, &h, &body) == WIRE_OK &&
	       h.crc == (uint32_t)db_int(s, 4);
}

/* Names and counts damaged frames; -1 when they cannot be read. */
static int
look_at(struct db *db, const char *sql, const char *then, uint64_t *damaged)
{
	struct db_stmt *s = db_cached(db, sql);
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1) {
		if (is_whole(s) || ++*damaged > SAID)
			continue;
		log_error("store: frame %" PRId64 " of the ledger (sender=%s "
			  "seq=%" PRIu64 ") is not as it was received: %s",
			  db_int(s, 0), db_text(s, 1), (uint64_t)db_int(s, 2),
			  then);
	}
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

#define COLUMNS "SELECT id, sender, seq, frame, crc FROM ledger"

int
sound_frames(struct db *db, const char *path, uint64_t *damaged)
{
	uint64_t needed = 0;

	*damaged = 0;
	if (look_at(db,
		    COLUMNS " WHERE id IN (SELECT ledger FROM unfolded)"
			    " ORDER BY id",
		    "its counts are not in place yet", &needed) < 0)
		return -1;
	if (needed > 0) {
		log_error("store: %s is damaged and is not used: "
			  "frames=%" PRIu64 "; check the disk, then " MEND,
			  path, needed);
		return -1;
	}
	if (look_at(db, COLUMNS " ORDER BY id DESC LIMIT 1000",
		    "its counts are in place, but check the disk", damaged) < 0)
		return -1;
	if (*damaged > 0)
		log_error("store: %s has damaged frames among the newest 1000: "
			  "frames=%" PRIu64,
			  path, *damaged);
	return 0;
}
