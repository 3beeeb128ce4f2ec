/* Marks: from people to the store, from there to the judge. */
#include "daemon/marking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/mark_view.h"

#define REASON_BYTES 256
#define BAD                                                                    \
	"Send {\"area\": \"...\" or \"site\": \"...\", \"kinds\": [...],"      \
	" \"indicators\": [...], \"from\": \"2026-03-01\", \"to\":"            \
	" \"2026-03-09\", \"why\": \"outbreak\", \"text\": \"...\"} or"        \
	" {\"alert\": \"ID\"}."

/* A mark on its way to the store, or to be withdrawn there. */
struct order {
	struct store_job job;
	struct centre *c;
	struct mark mark;
	struct mark_lists lists;
	struct marks_row row; /* borrows from the two */
	int found;	      /* the thread's: was it in force? */
	api_done *done;
	void *done_arg;
};

static void
finish(struct order *o, int status, json_t *body)
{
	o->done(o->done_arg, status, body);
	free(o);
}

static struct order *
new_order(struct centre *c, const char *actor, api_done *done, void *done_arg)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		log_error("marks: out of memory");
		done(done_arg, 500, api_refusal("out of memory"));
		return NULL;
	}
	o->c = c;
	o->done = done;
	o->done_arg = done_arg;
	o->job.weight = 1;
	o->mark.at_us = dayclock_now_ms(&c->clock) * 1000;
	snprintf(o->mark.actor, sizeof(o->mark.actor), "%s", actor);
	return o;
}

static void
refuse_unwritten(struct order *o, enum db_fault fault)
{
	finish(o, fault == DB_FULL ? 507 : 503,
	       api_refusal("it could not be written; nothing was changed"));
}

/* Judged by what is marked now; how many series it is about. */
static size_t
judge_again(struct centre *c, const struct mark *changed)
{
	size_t n = judge_remark(c->judge, changed);

	scales_changed(c->scales);
	return n;
}

static int
run_add(struct store_job *job, struct db *db)
{
	struct order *o = (struct order *)job;

	return marks_put(db, &o->row, &o->mark.number);
}

static void
done_add(struct store_job *job, int rc, enum db_fault fault)
{
	struct order *o = (struct order *)job;
	json_t *body;

	if (rc < 0) {
		refuse_unwritten(o, fault);
		return;
	}
	/* Without memory it is known again after the next start. */
	if (mark_put(&o->c->marks, &o->mark) < 0) {
		finish(o, 500, api_refusal("out of memory"));
		return;
	}
	log_notice("marks: added number=%lld why=%s actor=%s",
		   (long long)o->mark.number, o->row.why, o->mark.actor);
	body = mark_view_of(o->c->registry, &o->mark);
	json_object_set_new(body, "series",
			    json_integer((json_int_t)judge_again(o->c, &o->mark)));
	finish(o, 201, body);
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static bool
has(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		if (strcmp(json_string_value(one), text) == 0)
			return true;
	}
	return false;
}

/* What is counted in the alert's evidence, each once. */
static json_t *
indicators_of(const json_t *alert)
{
	json_t *list = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(alert, "evidence"), i, row) {
		const char *code = text_of(row, "indicator");

		if (code[0] != '\0' && !has(list, code))
			json_array_append_new(list, json_string(code));
	}
	return list;
}

/* The alert of that id, or the only one whose id begins so; or NULL. */
static const json_t *
find_alert(const struct centre *c, const char *id)
{
	const json_t *found = desk_alert(c->desk, id);
	size_t n = 0;

	for (size_t i = 0; found == NULL && i < desk_alerts(c->desk); i++)
		n += strncmp(text_of(desk_alert_at(c->desk, i), "id"), id,
			     strlen(id)) == 0;
	for (size_t i = 0; n == 1 && i < desk_alerts(c->desk); i++) {
		if (strncmp(text_of(desk_alert_at(c->desk, i), "id"), id,
			    strlen(id)) == 0)
			return desk_alert_at(c->desk, i);
	}
	return found;
}

/* Fills in from the alert what body does not say; false: there is none. */
static bool
add_alert(struct order *o, json_t *body, const char *id)
{
	const json_t *alert = find_alert(o->c, id);
	const char *site = text_of(alert, "site");
	const char *last = text_of(alert, "last_signal");
	json_t *known;

	if (alert == NULL)
		return false;
	/* The last day of evidence may lie long before the end. */
	if (strcmp(last, text_of(alert, "last_day")) < 0)
		last = text_of(alert, "last_day");
	id = text_of(alert, "id");
	snprintf(o->mark.alert, sizeof(o->mark.alert), "%s", id);
	known = json_pack(
		"{s:O, s:s, s:O, s:o, s:s, s:o}", "from",
		json_object_get(alert, "first_day"), "to", last, "kinds",
		json_object_get(alert, "kinds"), "indicators",
		indicators_of(alert), "why", "outbreak", "text",
		json_sprintf("alert %s: %s", id, text_of(alert, "title")));
	if (json_object_get(body, "area") == NULL &&
	    json_object_get(body, "site") == NULL)
		json_object_set_new(
			body, site[0] != '\0' ? "site" : "area",
			json_string(site[0] != '\0' ? site
						    : text_of(alert, "area")));
	json_object_update_missing(body, known);
	json_decref(known);
	return true;
}

/* The words of an array, or a string as it is; false: neither. */
static bool
join(const json_t *list, char *out, size_t cap)
{
	const json_t *one;
	size_t i, n = 0;

	out[0] = '\0';
	if (json_is_string(list)) {
		n = (size_t)snprintf(out, cap, "%s", json_string_value(list));
		return n < cap;
	}
	json_array_foreach (list, i, one) {
		if (!json_is_string(one))
			return false;
		n += (size_t)snprintf(out + n, cap - n, "%s%s",
				      i > 0 ? " " : "", json_string_value(one));
		if (n >= cap)
			return false;
	}
	return list == NULL || json_is_array(list) || json_is_null(list);
}

/* 0, or -1 with a reason in err. */
static int
read_body(struct order *o, const json_t *body, char err[REASON_BYTES])
{
	/* As long as what a body can hold. */
	struct mark_lists given;
	const struct mark_words w = {
		.area = text_of(body, "area"),
		.site = text_of(body, "site"),
		.kinds = given.kinds,
		.indicators = given.indicators,
		.from = text_of(body, "from"),
		.to = text_of(body, "to"),
		.why = text_of(body, "why"),
		.text = text_of(body, "text"),
	};

	if (!join(json_object_get(body, "kinds"), given.kinds,
		  sizeof(given.kinds)) ||
	    !join(json_object_get(body, "indicators"), given.indicators,
		  sizeof(given.indicators))) {
		snprintf(err, REASON_BYTES,
			 "kinds and indicators are lists of at most %d codes",
			 MARK_MAX_WORDS);
		return -1;
	}
	if (mark_read(o->c->registry, &w, &o->mark, err, REASON_BYTES) < 0)
		return -1;
	if (o->c->marks.n < MARK_MAX)
		return 0;
	snprintf(err, REASON_BYTES,
		 "%d marks are in force, which is the most; withdraw some",
		 MARK_MAX);
	return -1;
}

static void
submit(struct order *o, store_run *run, store_done *done)
{
	o->job.run = run;
	o->job.done = done;
	store_submit(o->c->store, &o->job);
}

void
marking_add(struct centre *c, const char *actor, const json_t *body,
	    api_done *done, void *done_arg)
{
	const char *id = text_of(body, "alert");
	char err[REASON_BYTES] = "";
	struct order *o;
	json_t *copy;
	int rc;

	if (!json_is_object(body)) {
		done(done_arg, 400, api_refusal("%s", BAD));
		return;
	}
	o = new_order(c, actor, done, done_arg);
	if (o == NULL)
		return;
	copy = json_copy((json_t *)body);
	if (id[0] != '\0' && !add_alert(o, copy, id)) {
		json_decref(copy);
		finish(o, 422,
		       api_refusal("no alert, or more than one, is \"%.32s\"",
				   id));
		return;
	}
	rc = read_body(o, copy, err);
	json_decref(copy);
	if (rc < 0) {
		finish(o, 422, api_refusal("%s", err));
		return;
	}
	mark_view_row(c->registry, &o->mark, &o->lists, &o->row);
	submit(o, run_add, done_add);
}

static int
run_withdraw(struct store_job *job, struct db *db)
{
	struct order *o = (struct order *)job;

	o->found =
		marks_withdraw(db, o->mark.number, o->mark.actor, o->mark.at_us);
	return o->found < 0 ? -1 : 0;
}

static void
done_withdraw(struct store_job *job, int rc, enum db_fault fault)
{
	struct order *o = (struct order *)job;
	const struct mark *m = mark_find(&o->c->marks, o->mark.number);
	json_int_t number = (json_int_t)o->mark.number;
	struct mark was;

	if (rc < 0) {
		refuse_unwritten(o, fault);
		return;
	}
	if (o->found == 0) {
		finish(o, 404,
		       api_refusal("no mark %lld is in force", (long long)number));
		return;
	}
	log_notice("marks: withdrawn number=%lld actor=%s", (long long)number,
		   o->mark.actor);
	if (m != NULL) {
		was = *m;
		mark_drop(&o->c->marks, o->mark.number);
		(void)judge_again(o->c, &was);
	}
	finish(o, 200, json_pack("{s:I}", "number", number));
}

void
marking_withdraw(struct centre *c, const char *actor, int64_t number,
		 api_done *done, void *done_arg)
{
	struct order *o = new_order(c, actor, done, done_arg);

	if (o == NULL)
		return;
	o->mark.number = number;
	submit(o, run_withdraw, done_withdraw);
}

/* 0, or -1 with a reason in err: what it names is not known any more. */
static int
read_row(const struct registry *r, const struct marks_row *row,
	 struct mark *out, char err[REASON_BYTES])
{
	char from[DAY_TEXT_BYTES], to[DAY_TEXT_BYTES];
	const struct mark_words w = {
		.area = row->area,
		.site = row->site,
		.kinds = row->kinds,
		.indicators = row->indicators,
		.from = day_format(row->first, from),
		.to = day_format(row->last, to),
		.why = row->why,
		.text = row->text,
	};

	*out = (struct mark){ .number = row->number, .at_us = row->at_us };
	snprintf(out->actor, sizeof(out->actor), "%s", row->actor);
	snprintf(out->alert, sizeof(out->alert), "%s", row->alert);
	return mark_read(r, &w, out, err, REASON_BYTES);
}

struct restoring {
	struct centre *c;
	bool failed;
};

static void
on_mark(void *arg, const struct marks_row *row)
{
	struct restoring *r = arg;
	char err[REASON_BYTES];
	struct mark m;

	if (read_row(r->c->registry, row, &m, err) < 0)
		log_error("marks: number %lld is left out: %s",
			  (long long)row->number, err);
	else if (mark_put(&r->c->marks, &m) < 0)
		r->failed = true;
}

int
marking_restore(struct centre *c)
{
	struct restoring r = { .c = c };

	if (marks_load(store_reader(c->store), false, on_mark, &r) < 0 || r.failed)
		return -1;
	judge_set_marks(c->judge, &c->marks);
	if (c->marks.n > 0)
		log_info("marks: in force=%zu", c->marks.n);
	return 0;
}

struct listing {
	const struct registry *r;
	uint32_t area;
	json_t *list;
};

static void
list_mark(void *arg, const struct marks_row *row)
{
	struct listing *l = arg;
	char err[REASON_BYTES];
	struct mark m;

	if (l->area == REG_NONE || (read_row(l->r, row, &m, err) == 0 &&
				    mark_meets(&m, l->r, l->area, REG_NONE)))
		json_array_append_new(l->list, mark_view(row));
}

json_t *
marking_list(struct centre *c, uint32_t area, bool withdrawn_too)
{
	struct listing l = { c->registry, area, json_array() };

	if (marks_load(store_reader(c->store), withdrawn_too, list_mark, &l) == 0)
		return l.list;
	json_decref(l.list);
	return NULL;
}
