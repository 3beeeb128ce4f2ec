/*
 * Counts over HTTP.  The text is read into frames of at most WIRE_MAX_COUNTS
 * counts, each encoded, so that the ledger holds the same bytes whatever the
 * door.  One bad row refuses the whole request before anything is stored;
 * counts that only the registry refuses are reported beside those accepted.
 */
#include "daemon/intake/post.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "base/log.h"
#include "daemon/store/frames.h"
#include "proto/text.h"

#define MAX_FRAMES 64
#define MAX_ERRORS 100
#define ANSWER_BYTES 64

/* A series of the frame being built, by its three codes. */
struct series_name {
	char code[3][REG_CODE_BYTES]; /* site, indicator, stratum */
	uint32_t index;
	UT_hash_handle hh;
};

struct post {
	struct store_job job;
	struct ingest *in;
	const struct ingest_env *env;
	post_done *done;
	void *arg;
	char sender[REG_CODE_BYTES];
	bool any_site;
	uint8_t key[FRAMES_HASH_BYTES], body[FRAMES_HASH_BYTES];
	int64_t now_us;
	struct batch *batch[MAX_FRAMES];
	size_t batches;
	uint64_t counts; /* in all frames */
	json_t *errors;	 /* of the text */
	/* While the text is read. */
	struct wire_batch *frame;
	struct series_name *names;
	struct series_name *pool;	     /* WIRE_MAX_SERIES of them */
	uint8_t *buf;			     /* WIRE_MAX_FRAME */
	char (*closed_site)[REG_CODE_BYTES]; /* WIRE_MAX_CLOSED of them */
	bool failed;
	/* Filled on the store thread. */
	int known; /* 1 = answered before */
	int same;
	char answer[ANSWER_BYTES];
};

static void
free_post(struct post *p)
{
	for (size_t i = 0; i < p->batches; i++)
		batch_free(&p->batch[i]);
	HASH_CLEAR(hh, p->names);
	json_decref(p->errors);
	free(p->pool);
	free(p->closed_site);
	free(p->buf);
	free(p);
}

static void
answer(struct post *p, int status, json_t *body)
{
	p->done(p->arg, status, body);
	free_post(p);
}

static void
refuse(struct post *p, int status, const char *detail)
{
	json_t *body = json_pack("{s:s}", "detail", detail);

	if (json_array_size(p->errors) > 0)
		json_object_set(body, "errors", p->errors);
	answer(p, status, body);
}

/* Encodes and stages the frame being built. */
static int
end_frame(struct post *p)
{
	struct batch_source source = {
		.sender = p->sender,
		.partition = -1,
		.recv_us = p->now_us,
		.frame = p->buf,
	};
	struct wire_header head;
	const uint8_t *body;
	long len;

	HASH_CLEAR(hh, p->names);
	if (p->frame->counts_n == 0 && p->frame->closed_n == 0)
		return 0;
	if (p->batches == MAX_FRAMES)
		return -1;
	len = wire_batch_encode(0, 0, p->frame, p->buf, WIRE_MAX_FRAME);
	if (len < 0) {
		log_error("post: cannot encode a frame: %s",
			  wire_strerror((int)len));
		return -1;
	}
	source.len = (size_t)len;
	if (wire_open(p->buf, source.len, &head, &body) != WIRE_OK)
		return -1;
	source.crc = head.crc;
	p->batch[p->batches] =
		ingest_stage(p->in, &source, p->frame, p->any_site);
	if (p->batch[p->batches] == NULL)
		return -1;
	p->batches++;
	p->frame->series_n = p->frame->counts_n = p->frame->closed_n = 0;
	return 0;
}

static struct wire_text
text_of(const char *s)
{
	return (struct wire_text){ .at = s, .len = strlen(s) };
}

/* The dictionary's entry for the row's series, made where it is new. */
static uint32_t
series_index(struct post *p, const struct text_row *row)
{
	struct series_name name, *found;

	memset(&name, 0, sizeof(name));
	strcpy(name.code[0], row->site);
	strcpy(name.code[1], row->indicator);
	strcpy(name.code[2], row->stratum);
	HASH_FIND(hh, p->names, name.code, sizeof(name.code), found);
	if (found != NULL)
		return found->index;
	name.index = (uint32_t)p->frame->series_n++;
	found = &p->pool[name.index];
	*found = name;
	HASH_ADD(hh, p->names, code, sizeof(found->code), found);
	p->frame->series[name.index] = (struct wire_series){
		.site = text_of(found->code[0]),
		.indicator = text_of(found->code[1]),
		.stratum = text_of(found->code[2]),
	};
	return name.index;
}

/* A frame is full well before its bytes could exceed the limit. */
static bool
is_full(const struct wire_batch *frame)
{
	return frame->counts_n == WIRE_MAX_COUNTS ||
	       frame->series_n >= WIRE_MAX_SERIES / 4 ||
	       frame->closed_n == WIRE_MAX_CLOSED;
}

static int
on_closed(void *arg, const struct text_closed *closed)
{
	struct post *p = arg;
	size_t n;

	if (is_full(p->frame) && end_frame(p) < 0) {
		p->failed = true;
		return -1;
	}
	n = p->frame->closed_n++;
	snprintf(p->closed_site[n], sizeof(p->closed_site[n]), "%s",
		 closed->site);
	p->frame->closed[n].site = text_of(p->closed_site[n]);
	p->frame->closed[n].day = closed->day;
	return 0;
}

static int
on_row(void *arg, const struct text_row *row)
{
	struct post *p = arg;
	struct wire_count *c;

	if (is_full(p->frame) && end_frame(p) < 0) {
		p->failed = true;
		return -1;
	}
	c = &p->frame->counts[p->frame->counts_n];
	c->series = series_index(p, row);
	c->day = row->day;
	c->value = row->value;
	c->denominator = row->denominator;
	c->revision = row->revision;
	c->flags = row->flags;
	p->frame->counts_n++;
	p->counts++;
	return 0;
}

static void
on_problem(void *arg, const struct text_problem *problem)
{
	struct post *p = arg;

	if (problem->warning || json_array_size(p->errors) >= MAX_ERRORS)
		return;
	json_array_append_new(p->errors,
			      json_pack("{s:s, s:s}", "at", problem->where,
					"detail", problem->reason));
}

static bool
has_type(const char *type, const char *want)
{
	size_t n = strlen(want);

	return strncasecmp(type, want, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

/* Reads the text into frames; 0, or an HTTP status. */
static int
read_text(struct post *p, const struct post_request *r)
{
	const struct text_options options = {
		.site = p->any_site ? NULL : p->sender,
		.max_rows = (size_t)MAX_FRAMES / 2 * WIRE_MAX_COUNTS,
	};
	const struct text_sink sink = { .arg = p,
					.row = on_row,
					.closed = on_closed,
					.problem = on_problem };
	struct text_tally tally = { 0 };
	int rc;

	if (has_type(r->type, "text/csv"))
		rc = text_csv_read(r->body, r->len, &options, &sink, &tally);
	else if (has_type(r->type, "application/json"))
		rc = text_json_read(r->body, r->len, &options, &sink, &tally);
	else
		return 415;
	if (p->failed || rc == TEXT_ERR_MEMORY)
		return 500;
	if (rc == TEXT_ERR_SIZE)
		return 413;
	if (rc != TEXT_OK)
		return 400;
	if (tally.bad > 0)
		return 422;
	return end_frame(p) < 0 ? 500 : 0;
}

static int
run_post(struct store_job *job, struct db *db)
{
	struct post *p = (struct post *)job;
	uint64_t accepted = 0, refused = 0;
	char text[ANSWER_BYTES];

	p->known = frames_posted(db, p->sender, p->key, p->body, p->answer,
				 sizeof(p->answer), &p->same);
	if (p->known != 0)
		return p->known < 0 ? -1 : 0;
	for (size_t i = 0; i < p->batches; i++) {
		if (batch_store(p->batch[i], db, true) < 0)
			return -1;
		accepted += p->batch[i]->rows_n;
		refused += p->batch[i]->refused_total;
	}
	/* What was refused may be right once the registry is mended. */
	if (refused > 0)
		return 0;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)accepted);
	return frames_put_posted(db, p->sender, p->key, p->body, text, p->now_us);
}

/* Counts that were not news, where there are any. */
static void
tell_older(const struct post *p, json_t *out)
{
	uint64_t older = 0, by_hand = 0;

	for (size_t i = 0; i < p->batches; i++) {
		const struct batch_older of = batch_older(p->batch[i]);

		older += of.all;
		by_hand += of.by_hand;
	}
	if (older > 0)
		json_object_set_new(out, "older",
				    json_integer((json_int_t)older));
	if (by_hand > 0)
		json_object_set_new(out, "hint", json_string(BATCH_HINT));
}

static json_t *
tell(const struct post *p)
{
	json_t *refused = json_array(), *out;
	uint64_t accepted = 0, total = 0, closed = 0, not_closed = 0;

	for (size_t i = 0; i < p->batches; i++) {
		const struct batch *b = p->batch[i];

		accepted += b->rows_n;
		total += b->refused_total;
		closed += b->closed_n;
		not_closed += b->closed_refused;
		for (size_t k = 0; k < b->refused_n; k++)
			json_array_append_new(
				refused,
				json_pack("{s:I, s:s, s:s}", "at",
					  (json_int_t)(i * WIRE_MAX_COUNTS +
						       b->refused[k].index),
					  "code",
					  wire_nack_name(b->refused[k].code),
					  "detail", b->refused[k].reason));
	}
	out = json_pack("{s:I, s:b, s:I, s:o}", "accepted",
			(json_int_t)accepted, "duplicate", 0, "refused_total",
			(json_int_t)total, "refused", refused);
	if (closed + not_closed > 0)
		json_object_set_new(out, "closed",
				    json_integer((json_int_t)closed));
	if (not_closed > 0)
		json_object_set_new(out, "closed_refused",
				    json_integer((json_int_t)not_closed));
	tell_older(p, out);
	return out;
}

static void
done_post(struct store_job *job, int rc, enum db_fault fault)
{
	struct post *p = (struct post *)job;

	if (rc < 0) {
		refuse(p, fault == DB_FULL ? 507 : 503,
		       fault == DB_FULL ? "the centre's disk is full; nothing "
					  "was stored"
					: "the centre could not store it; "
					  "nothing was stored");
	} else if (p->known == 1 && !p->same) {
		refuse(p, 422, "this Idempotency-Key was used with another body");
	} else if (p->known == 1) {
		answer(p, 202,
		       json_pack("{s:I, s:b, s:i, s:[]}", "accepted",
				 (json_int_t)strtoll(p->answer, NULL, 10),
				 "duplicate", 1, "refused_total", 0, "refused"));
	} else {
		for (size_t i = 0; i < p->batches; i++)
			ingest_apply(p->in, p->batch[i]);
		answer(p, 202, tell(p));
	}
}

static struct post *
new_post(struct ingest *in, const struct ingest_env *env,
	 const struct post_request *r)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->job.run = run_post;
	p->job.done = done_post;
	p->in = in;
	p->env = env;
	snprintf(p->sender, sizeof(p->sender), "%s", r->sender);
	p->any_site = r->any_site;
	p->now_us = env->now_us(env->arg);
	p->errors = json_array();
	p->frame = ingest_scratch(in);
	p->frame->series_n = p->frame->counts_n = p->frame->closed_n = 0;
	p->frame->sender = text_of(p->sender);
	p->pool = calloc(WIRE_MAX_SERIES, sizeof(*p->pool));
	p->buf = malloc(WIRE_MAX_FRAME);
	p->closed_site = calloc(WIRE_MAX_CLOSED, sizeof(*p->closed_site));
	crypto_hash_sha256(p->body, (const unsigned char *)r->body, r->len);
	if (r->key[0] != '\0')
		crypto_hash_sha256(p->key, (const unsigned char *)r->key,
				   strlen(r->key));
	else
		memcpy(p->key, p->body, sizeof(p->key));
	if (p->errors == NULL || p->pool == NULL || p->buf == NULL ||
	    p->closed_site == NULL) {
		free_post(p);
		return NULL;
	}
	return p;
}

static const char *
why(int status)
{
	switch (status) {
	case 413:
		return "more than a request may hold; send it in several";
	case 415:
		return "send application/json or text/csv";
	case 422:
		return "some rows are wrong; nothing was stored";
	case 500:
		return "the centre could not take it";
	default:
		return "the body cannot be read";
	}
}

void
post_counts(struct ingest *in, const struct ingest_env *env,
	    const struct post_request *request, post_done *done, void *arg)
{
	struct post *p;
	int status;

	if (!ingest_has_room(in)) {
		bool full = ingest_disk(in) == INGEST_DISK_OUT;

		done(arg, full ? 507 : 503,
		     json_pack("{s:s}", "detail",
			       full ? "the centre's disk is nearly full; "
				      "nothing was stored; try again later"
				    : "the centre is busy; wait"));
		return;
	}
	p = new_post(in, env, request);
	if (p == NULL) {
		done(arg, 500, json_pack("{s:s}", "detail", "out of memory"));
		return;
	}
	p->done = done;
	p->arg = arg;
	status = read_text(p, request);
	if (status != 0) {
		refuse(p, status, why(status));
		return;
	}
	p->job.weight = (size_t)p->counts;
	store_submit(env->store, &p->job);
}
