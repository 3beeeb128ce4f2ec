/* The table mark. */
#include "daemon/store/marks.h"

int
marks_put(struct db *db, const struct marks_row *row, int64_t *number)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO mark(area, site, kinds, indicators, first,"
		    " last, why, text, alert, actor, at_us)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, row->area);
	db_bind_text(s, 2, row->site);
	db_bind_text(s, 3, row->kinds);
	db_bind_text(s, 4, row->indicators);
	db_bind_int(s, 5, row->first);
	db_bind_int(s, 6, row->last);
	db_bind_text(s, 7, row->why);
	db_bind_text(s, 8, row->text);
	db_bind_text(s, 9, row->alert);
	db_bind_text(s, 10, row->actor);
	db_bind_int(s, 11, row->at_us);
	if (db_run(s) < 0)
		return -1;
	*number = db_last_rowid(db);
	return 0;
}

int
marks_withdraw(struct db *db, int64_t number, const char *actor, int64_t at_us)
{
	struct db_stmt *s =
		db_cached(db, "UPDATE mark SET withdrawn_by=?, withdrawn_us=?"
			      " WHERE number=? AND withdrawn_us IS NULL");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, actor);
	db_bind_int(s, 2, at_us);
	db_bind_int(s, 3, number);
	if (db_run(s) < 0)
		return -1;
	return db_changes(db) > 0 ? 1 : 0;
}

int
marks_load(struct db *db, bool withdrawn_too, marks_each *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT number, area, site, kinds, indicators, first, last,"
		    " why, text, alert, actor, at_us, withdrawn_by,"
		    " withdrawn_us FROM mark"
		    " WHERE withdrawn_us IS NULL OR ? ORDER BY number");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, withdrawn_too);
	while ((rc = db_step(s)) == 1) {
		struct marks_row row = {
			.number = db_int(s, 0),
			.area = db_text(s, 1),
			.site = db_text(s, 2),
			.kinds = db_text(s, 3),
			.indicators = db_text(s, 4),
			.first = (int32_t)db_int(s, 5),
			.last = (int32_t)db_int(s, 6),
			.why = db_text(s, 7),
			.text = db_text(s, 8),
			.alert = db_text(s, 9),
			.actor = db_text(s, 10),
			.at_us = db_int(s, 11),
			.withdrawn_by = db_text(s, 12),
			.withdrawn_us = db_int(s, 13),
		};

		each(arg, &row);
	}
	db_reset(s);
	return rc;
}
