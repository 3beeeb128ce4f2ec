/*
 * What a start reads.  A row that no longer fits (a site whose kind has left
 * the vocabulary) is named in the log and left out; its counts stay in the
 * store.
 */
#include "daemon/restore.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/store/counts.h"
#include "daemon/store/frames.h"
#include "daemon/store/places.h"

struct loading {
	struct registry *registry;
	struct series_ids *ids;
	size_t skipped; /* rows of the present pass */
	bool say;
	bool failed;
	/* The last ones named in the log. */
	char bad_zone[ZONE_NAME_BYTES], bad_calendar[64];
};

static void
on_area(void *arg, const struct places_area *a)
{
	struct loading *l = arg;
	const struct reg_area area = {
		.code = a->code,
		.name = a->name,
		.name_zh = a->name_zh,
		.level = (enum reg_level)a->level,
		.population = a->population,
		.lat = a->lat,
		.lon = a->lon,
	};
	char err[256];

	if (registry_add_area(l->registry, &area, a->parent, err, sizeof(err)) !=
	    REG_NONE)
		return;
	l->skipped++;
	if (l->say)
		log_error("restore: area %s is left out: %s", a->code, err);
}

/* A parent may have been added after its child: once more, while it helps. */
static int
load_areas(struct store *store, struct loading *l)
{
	for (size_t before = SIZE_MAX; l->skipped < before;) {
		before = l->skipped == 0 ? SIZE_MAX : l->skipped;
		l->skipped = 0;
		if (places_load_areas(store_reader(store), on_area, l) < 0)
			return -1;
		if (l->skipped == 0)
			return 0;
	}
	l->say = true;
	return places_load_areas(store_reader(store), on_area, l);
}

/* They were checked when they came, but what they name may be gone. */
static void
look_at_calendar(struct loading *l, const struct places_site *p)
{
	char err[512];

	if (p->calendar[0] == '\0' || strcmp(p->calendar, l->bad_calendar) == 0 ||
	    registry_knows_calendar(l->registry, p->calendar, err, sizeof(err)))
		return;
	log_error("restore: site %s: %s; it and others like it have the "
		  "centre's until that is mended",
		  p->code, err);
	snprintf(l->bad_calendar, sizeof(l->bad_calendar), "%s", p->calendar);
}

static void
look_at_zone(struct loading *l, const struct places_site *p)
{
	char err[512];

	if (p->zone[0] == '\0' || strcmp(p->zone, l->bad_zone) == 0 ||
	    registry_zone(l->registry, p->zone, err, sizeof(err)) != REG_NONE)
		return;
	log_error("restore: site %s: %s; it and others like it live by the "
		  "centre's days until it is imported anew",
		  p->code, err);
	snprintf(l->bad_zone, sizeof(l->bad_zone), "%s", p->zone);
}

static void
on_site(void *arg, const struct places_site *p)
{
	struct loading *l = arg;
	const struct reg_site site = {
		.code = p->code,
		.name = p->name,
		.phone = p->phone,
		.gateway = p->gateway,
		.zone = p->zone,
		.calendar = p->calendar,
		.period = p->period,
		.expect = (enum reg_expect)p->expect,
		.withdrawn = p->withdrawn,
	};
	char err[256];

	look_at_zone(l, p);
	look_at_calendar(l, p);
	if (registry_add_site(l->registry, &site, p->kind, p->area, err,
			      sizeof(err)) == REG_NONE)
		log_error("restore: site %s is left out: %s", p->code, err);
}

static void
on_series(void *arg, const struct counts_series *s)
{
	struct loading *l = arg;
	uint32_t site = registry_site(l->registry, s->site, strlen(s->site));
	uint32_t indicator = registry_indicator(l->registry, s->indicator,
						strlen(s->indicator));
	uint32_t index = REG_NONE;

	if (site != REG_NONE && indicator != REG_NONE)
		index = registry_add_series(l->registry, site, indicator,
					    s->stratum, strlen(s->stratum));
	if (index == REG_NONE) {
		log_warn("restore: series %s %s %s is left out", s->site,
			 s->indicator, s->stratum);
		series_ids_skip(l->ids, s->id);
		return;
	}
	if (series_ids_put(l->ids, s->id, index) < 0)
		l->failed = true;
}

int
restore_registry(struct store *store, struct registry *registry,
		 struct series_ids *ids)
{
	struct loading l = { .registry = registry, .ids = ids };

	if (load_areas(store, &l) < 0 ||
	    places_load_sites(store_reader(store), on_site, &l) < 0 ||
	    counts_load_series(store_reader(store), on_series, &l) < 0)
		return -1;
	if (l.failed)
		log_error("restore: out of memory");
	return l.failed ? -1 : 0;
}

struct refilling {
	struct restore_windows *w;
	struct store *store;
	bool failed;
};

/* When a count came; false: so long ago that nobody asks. */
static bool
when(const struct restore_windows *w, int64_t recv_s, struct zone_now *out)
{
	int64_t ago = w->today_s - recv_s;

	if (ago > QUALITY_HISTORY_DAYS * INT64_C(86400))
		return false;
	out->day = w->now.day - (ago > 0 ? (int32_t)((ago + 86399) / 86400) : 0);
	out->s = w->now.s == ZONE_NO_TIME ? ZONE_NO_TIME : recv_s;
	return true;
}

/* A revision of an old report is not a late one. */
static void
see_receipt(struct refilling *r, int32_t day, uint32_t id,
	    const struct zone_now *received)
{
	struct restore_windows *w = r->w;
	uint32_t index = series_ids_index(w->ids, id);
	int revised;

	if (!quality_is_late(w->quality, index, day, received))
		return;
	revised = counts_is_revised(store_reader(r->store), day, id);
	r->failed = r->failed || revised < 0;
	if (revised == 0)
		quality_received(w->quality, index, day, received);
}

static void
on_count(void *arg, int32_t day, uint32_t series, const struct cell *c,
	 int64_t recv_s)
{
	struct refilling *r = arg;
	uint32_t index = series_ids_index(r->w->ids, series);
	struct judge_cell cell = { .value = NAN, .denominator = NAN };
	struct zone_now received;

	if (index == REG_NONE)
		return;
	if ((c->flags & CELL_WITHDRAWN) == 0)
		cell.value = c->value;
	if ((c->flags & CELL_DENOMINATOR) != 0)
		cell.denominator = c->denominator;
	cell.partial = (c->flags & CELL_PARTIAL) != 0;
	judge_set(r->w->judge, index, day, &cell);
	if (when(r->w, recv_s, &received))
		see_receipt(r, day, series, &received);
	r->w->counts++;
}

static void
on_closed(void *arg, int32_t day, const char *code)
{
	struct restore_windows *w = ((struct refilling *)arg)->w;
	uint32_t site = registry_site(w->registry, code, strlen(code));

	if (site != REG_NONE)
		judge_close(w->judge, site, day);
}

int
restore_windows(struct store *store, struct restore_windows *w)
{
	struct refilling r = { .w = w, .store = store };
	struct db *db = store_reader(store);

	if (counts_load(db, w->from_day, on_count, &r) < 0 ||
	    frames_load_closed(db, w->from_day, on_closed, &r) < 0)
		return -1;
	return r.failed ? -1 : 0;
}
