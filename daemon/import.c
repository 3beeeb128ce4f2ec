/* Imports of areas and sites. */
#include "daemon/import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/judge/registry_csv.h"
#include "daemon/judge/vocabulary.h"
#include "daemon/store/places.h"

#define MAX_ERRORS 100

struct import {
	struct store_job job;
	struct import_env env;
	enum import_what what;
	json_t *rows; /* the store thread's while the job is there */
	json_t *errors;
	size_t added, changed;
	import_done *done;
	void *arg;
};

static void
free_import(struct import *im)
{
	json_decref(im->rows);
	json_decref(im->errors);
	free(im);
}

static void
answer(struct import *im, int status, json_t *body)
{
	im->done(im->arg, status, body);
	free_import(im);
}

/* "/proc/self/fd/5:12: reason" becomes {"at": "line 12", "detail": ...}. */
static void
on_report(void *arg, bool error, const char *message)
{
	struct import *im = arg;
	const char *colon = strchr(message, ':');
	const char *reason = colon != NULL ? strstr(colon, ": ") : NULL;
	char at[32] = "";

	if (!error || json_array_size(im->errors) >= MAX_ERRORS)
		return;
	if (colon != NULL && colon[1] >= '0' && colon[1] <= '9')
		snprintf(at, sizeof(at), "line %ld", strtol(colon + 1, NULL, 10));
	json_array_append_new(im->errors,
			      json_pack("{s:s, s:s}", "at", at, "detail",
					reason != NULL ? reason + 2 : message));
}

/* What rows are checked against, without sites. */
static struct registry *
copy_registry(const struct import *im)
{
	const struct registry *from = im->env.registry;
	struct registry *to = registry_new();

	if (to != NULL && registry_copy_words(to, from) == 0 &&
	    registry_copy_areas(to, from) == 0) {
		registry_set_calendars(to, registry_calendars(from));
		return to;
	}
	log_error("import: cannot copy the registry");
	registry_free(&to);
	return NULL;
}

static int
read_rows(struct import *im, struct registry *r, const char *path)
{
	if (im->what == IMPORT_AREAS)
		return registry_read_areas(r, path, on_report, im);
	return registry_read_sites(r, path, on_report, im);
}

static json_t *
real_or_null(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *
area_row(const struct registry *r, uint32_t i)
{
	const struct reg_area *a = registry_area_at(r, i);
	const char *parent = a->parent == REG_NONE
				     ? ""
				     : registry_area_at(r, a->parent)->code;

	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:o, s:o, s:o}", "code",
			 a->code, "parent", parent, "level", (int)a->level,
			 "name", a->name, "name_zh", a->name_zh, "population",
			 real_or_null(a->population), "lat",
			 real_or_null(a->lat), "lon", real_or_null(a->lon));
}

static json_t *
site_row(const struct registry *r, uint32_t i)
{
	const struct reg_site *s = registry_site_at(r, i);

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:b}",
		"code", s->code, "kind", registry_kind_at(r, s->kind)->code,
		"area", registry_area_at(r, s->area)->code, "name", s->name,
		"phone", s->phone, "gateway", s->gateway, "zone", s->zone,
		"calendar", s->calendar, "period", s->period, "expect",
		(int)s->expect, "withdrawn", s->withdrawn ? 1 : 0);
}

static const char *
text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static int
number(const json_t *row, const char *key)
{
	return (int)json_integer_value(json_object_get(row, key));
}

static double
real(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	return json_is_real(v) ? json_real_value(v) : NAN;
}

static int
put_area(struct db *db, const json_t *row)
{
	const struct places_area a = {
		.code = text(row, "code"),
		.parent = text(row, "parent"),
		.name = text(row, "name"),
		.name_zh = text(row, "name_zh"),
		.level = number(row, "level"),
		.population = real(row, "population"),
		.lat = real(row, "lat"),
		.lon = real(row, "lon"),
	};

	return places_put_area(db, &a);
}

static int
put_site(struct db *db, const json_t *row)
{
	const struct places_site s = {
		.code = text(row, "code"),
		.kind = text(row, "kind"),
		.area = text(row, "area"),
		.name = text(row, "name"),
		.phone = text(row, "phone"),
		.gateway = text(row, "gateway"),
		.zone = text(row, "zone"),
		.calendar = text(row, "calendar"),
		.period = number(row, "period"),
		.expect = number(row, "expect"),
		.withdrawn = json_is_true(json_object_get(row, "withdrawn")),
	};

	return places_put_site(db, &s);
}

static int
run_import(struct store_job *job, struct db *db)
{
	struct import *im = (struct import *)job;

	for (size_t i = 0; i < json_array_size(im->rows); i++) {
		const json_t *row = json_array_get(im->rows, i);
		int rc = im->what == IMPORT_AREAS ? put_area(db, row)
						  : put_site(db, row);

		if (rc < 0)
			return -1;
	}
	return 0;
}

static void
done_import(struct store_job *job, int rc, enum db_fault fault)
{
	struct import *im = (struct import *)job;

	if (rc < 0)
		answer(im, fault == DB_FULL ? 507 : 503,
		       json_pack("{s:s}", "detail",
				 "known for now, but it could not be stored; "
				 "import it again"));
	else
		answer(im, 200,
		       json_pack("{s:I, s:I}", "added", (json_int_t)im->added,
				 "changed", (json_int_t)im->changed));
}

/* All that is known now, a new array. */
static json_t *
list_rows(const struct import *im)
{
	const struct registry *r = im->env.registry;
	bool areas = im->what == IMPORT_AREAS;
	size_t n = areas ? registry_areas(r) : registry_sites(r);
	json_t *rows = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(rows,
				      areas ? area_row(r, i) : site_row(r, i));
	return rows;
}

/* Into the registry for good, and into rows for the store. */
static int
take(struct import *im, const char *path)
{
	json_t *before = list_rows(im), *row;
	int rc = read_rows(im, im->env.registry, path);
	size_t i;

	im->rows = list_rows(im);
	im->added = json_array_size(im->rows) - json_array_size(before);
	json_array_foreach (before, i, row)
		im->changed += !json_equal(row, json_array_get(im->rows, i));
	json_decref(before);
	return rc != 0 ? -1 : 0;
}

/* 0, or an HTTP status. */
static int
check_and_take(struct import *im, const char *path)
{
	struct registry *copy = copy_registry(im);
	int rc;

	if (copy == NULL)
		return 500;
	rc = read_rows(im, copy, path);
	registry_free(&copy);
	if (rc != 0)
		return 422;
	return take(im, path) < 0 ? 500 : 0;
}

void
import_csv(const struct import_env *env, enum import_what what,
	   const char *body, size_t len, import_done *done, void *arg)
{
	struct import *im = calloc(1, sizeof(*im));
	char path[64];
	int fd, status;

	fd = vocabulary_memory_file(body, len, path, sizeof(path));
	if (im == NULL || fd < 0) {
		log_error("import: out of memory");
		free(im);
		if (fd >= 0)
			close(fd);
		done(arg, 500, json_pack("{s:s}", "detail", "out of memory"));
		return;
	}
	im->job.run = run_import;
	im->job.done = done_import;
	im->env = *env;
	im->what = what;
	im->errors = json_array();
	im->done = done;
	im->arg = arg;
	status = check_and_take(im, path);
	close(fd);
	if (status != 0) {
		answer(im, status,
		       json_pack("{s:s, s:O}", "detail",
				 "some rows are wrong; nothing was changed",
				 "errors", im->errors));
		return;
	}
	im->job.weight = json_array_size(im->rows);
	store_submit(env->store, &im->job);
}
