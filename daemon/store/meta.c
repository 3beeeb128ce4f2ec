/* The table meta. */
#include "daemon/store/meta.h"

#include <sodium.h>

int
meta_get(struct db *db, const char *key, int64_t otherwise, int64_t *out)
{
	struct db_stmt *s = db_cached(db, "SELECT value FROM meta WHERE key=?");
	int rc;

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, key);
	rc = db_step(s);
	*out = rc == 1 ? db_int(s, 0) : otherwise;
	db_reset(s);
	return rc < 0 ? -1 : 0;
}

static int
put(struct db *db, const char *sql, const char *key, int64_t value)
{
	struct db_stmt *s = db_cached(db, sql);

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, key);
	db_bind_int(s, 2, value);
	return db_run(s);
}

int
meta_set(struct db *db, const char *key, int64_t value)
{
	return put(db,
		   "INSERT INTO meta(key, value) VALUES(?, ?) "
		   "ON CONFLICT DO UPDATE SET value=excluded.value",
		   key, value);
}

int
meta_begin(struct db *db, const char *key, int64_t value)
{
	return put(db,
		   "INSERT INTO meta(key, value) VALUES(?, ?) "
		   "ON CONFLICT DO NOTHING",
		   key, value);
}

int
meta_database_id(struct db *db, uint64_t *out)
{
	int64_t id = 0;

	if (meta_get(db, "database_id", 0, &id) < 0)
		return -1;
	while (id == 0) {
		randombytes_buf(&id, sizeof(id));
		if (id != 0 && meta_set(db, "database_id", id) < 0)
			return -1;
	}
	*out = (uint64_t)id;
	return 0;
}
