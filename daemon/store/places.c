/* The tables area and site. */
#include "daemon/store/places.h"

int
places_put_area(struct db *db, const struct places_area *a)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO area(code, parent, level, name, name_zh,"
		    " population, lat, lon) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
		    " ON CONFLICT(code) DO UPDATE SET parent=excluded.parent,"
		    " level=excluded.level, name=excluded.name,"
		    " name_zh=excluded.name_zh,"
		    " population=excluded.population, lat=excluded.lat,"
		    " lon=excluded.lon");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, a->code);
	db_bind_text(s, 2, a->parent);
	db_bind_int(s, 3, a->level);
	db_bind_text(s, 4, a->name);
	db_bind_text(s, 5, a->name_zh);
	db_bind_double(s, 6, a->population);
	db_bind_double(s, 7, a->lat);
	db_bind_double(s, 8, a->lon);
	return db_run(s);
}

int
places_put_site(struct db *db, const struct places_site *p)
{
	struct db_stmt *s = db_cached(
		db, "INSERT INTO site(code, kind, area, name, phone, gateway,"
		    " zone, period, expect, withdrawn, calendar)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		    " ON CONFLICT(code) DO UPDATE SET kind=excluded.kind,"
		    " area=excluded.area, name=excluded.name,"
		    " phone=excluded.phone, gateway=excluded.gateway,"
		    " zone=excluded.zone, period=excluded.period,"
		    " expect=excluded.expect, withdrawn=excluded.withdrawn,"
		    " calendar=excluded.calendar");

	if (s == NULL)
		return -1;
	db_bind_text(s, 1, p->code);
	db_bind_text(s, 2, p->kind);
	db_bind_text(s, 3, p->area);
	db_bind_text(s, 4, p->name);
	db_bind_text(s, 5, p->phone);
	db_bind_text(s, 6, p->gateway);
	db_bind_text(s, 7, p->zone);
	db_bind_int(s, 8, p->period);
	db_bind_int(s, 9, p->expect);
	db_bind_int(s, 10, p->withdrawn);
	db_bind_text(s, 11, p->calendar);
	return db_run(s);
}

int
places_load_areas(struct db *db, places_each_area *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT code, parent, level, name, name_zh, population,"
		    " lat, lon FROM area ORDER BY id");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1) {
		struct places_area a = {
			.code = db_text(s, 0),
			.parent = db_text(s, 1),
			.level = (int)db_int(s, 2),
			.name = db_text(s, 3),
			.name_zh = db_text(s, 4),
			.population = db_double(s, 5),
			.lat = db_double(s, 6),
			.lon = db_double(s, 7),
		};

		each(arg, &a);
	}
	db_reset(s);
	return rc;
}

int
places_load_sites(struct db *db, places_each_site *each, void *arg)
{
	struct db_stmt *s = db_cached(
		db, "SELECT code, kind, area, name, phone, gateway, zone,"
		    " period, expect, withdrawn, calendar FROM site"
		    " ORDER BY id");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1) {
		struct places_site p = {
			.code = db_text(s, 0),
			.kind = db_text(s, 1),
			.area = db_text(s, 2),
			.name = db_text(s, 3),
			.phone = db_text(s, 4),
			.gateway = db_text(s, 5),
			.zone = db_text(s, 6),
			.period = (int)db_int(s, 7),
			.expect = (int)db_int(s, 8),
			.withdrawn = db_int(s, 9) != 0,
			.calendar = db_text(s, 10),
		};

		each(arg, &p);
	}
	db_reset(s);
	return rc;
}

int
places_load_zones(struct db *db, places_each_zone *each, void *arg)
{
	struct db_stmt *s = db_cached(db, "SELECT zone, min(code) FROM site"
					  " WHERE zone <> '' GROUP BY zone");
	int rc;

	if (s == NULL)
		return -1;
	while ((rc = db_step(s)) == 1)
		each(arg, db_text(s, 0), db_text(s, 1));
	db_reset(s);
	return rc;
}
