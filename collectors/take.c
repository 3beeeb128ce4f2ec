/*
 * One input into the outbox, in one transaction.
 */
#include "collectors/take.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "collectors/files.h"
#include "proto/text.h"

struct take {
	struct outbox *outbox;
	struct pack *pack;
	const char *site;
	const struct take_input *in; /* the present one */
	int refused;		     /* what pack_row() returned */
};

struct take *
take_new(struct outbox *o, struct pack *p, const char *site)
{
	struct take *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		log_error("take: out of memory");
		return NULL;
	}
	t->outbox = o;
	t->pack = p;
	t->site = site;
	return t;
}

void
take_free(struct take **t)
{
	free(*t);
	*t = NULL;
}

enum take_format
take_format_of(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcasecmp(name + len - 5, ".json") == 0 ? TAKE_JSON
								   : TAKE_CSV;
}

int
take_token(const char *path, char token[128])
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	snprintf(token, 128, "file %jx %jx %jd.%09ld %jd", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino, (intmax_t)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec, (intmax_t)st.st_size);
	return 0;
}

static int
on_row(void *arg, const struct text_row *row)
{
	struct take *t = arg;

	t->refused = pack_row(t->pack, row);
	return t->refused;
}

static int
on_closed(void *arg, const struct text_closed *closed)
{
	struct take *t = arg;

	t->refused = pack_closed(t->pack, closed);
	return t->refused;
}

static void
on_problem(void *arg, const struct text_problem *p)
{
	struct take *t = arg;
	char text[640];

	if (t->in->problem == NULL || t->refused != 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s", p->where,
		 p->warning ? ": note: " : ": ", p->reason);
	t->in->problem(t->in->arg, text);
}

/* Reads f, or text where f is NULL.  Returns as text_csv_read(). */
static int
read_all(struct take *t, FILE *f, const void *text, size_t len,
	 struct text_tally *tally)
{
	const struct text_sink sink = { t, on_row, on_closed, on_problem };
	const struct text_options options = { .site = t->site,
					      .indicator = t->in->indicator };
	struct text_csv *csv;
	char buf[65536];
	size_t n;
	int rc = TEXT_OK;

	if (f == NULL && t->in->format == TAKE_JSON)
		return text_json_read(text, len, &options, &sink, tally);
	if (f == NULL)
		return text_csv_read(text, len, &options, &sink, tally);
	csv = text_csv_new(&options, &sink);
	if (csv == NULL)
		return TEXT_ERR_MEMORY;
	while (rc == TEXT_OK && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		rc = text_csv_feed(csv, buf, n);
	if (rc == TEXT_OK && ferror(f)) {
		log_error("take: cannot read %s: %m", t->in->name);
		t->refused = TAKE_FAILED;
		rc = TEXT_ERR_STOPPED;
	}
	if (rc == TEXT_OK)
		rc = text_csv_finish(csv, tally);
	text_csv_free(&csv);
	return rc;
}

static enum take_result
result_of(int rc)
{
	return rc == 0 ? TAKE_OK : rc == 1 ? TAKE_REFUSED : TAKE_FAILED;
}

/* Inside the transaction: everything from the text to the input's row. */
static enum take_result
take_in(struct take *t, FILE *f, const void *text, size_t len,
	struct outbox_input *out)
{
	struct text_tally tally = { 0 };
	uint64_t before = outbox_last(t->outbox);
	int rc = read_all(t, f, text, len, &tally);

	if (rc == TEXT_ERR_STOPPED)
		return result_of(t->refused);
	if (rc == TEXT_ERR_MEMORY) {
		log_error("take: out of memory");
		return TAKE_FAILED;
	}
	if (rc != TEXT_OK)
		return TAKE_UNREADABLE;
	rc = pack_finish(t->pack);
	if (rc != 0)
		return result_of(rc);
	out->rows = (int64_t)(tally.rows + tally.closed);
	out->bad = (int64_t)tally.bad;
	out->last = outbox_last(t->outbox);
	out->first = out->last > before ? before + 1 : 0;
	out->last = out->first == 0 ? 0 : out->last;
	if (t->in->token != NULL &&
	    outbox_input_put(t->outbox, t->in->token, t->in->name, out) < 0)
		return TAKE_FAILED;
	return TAKE_OK;
}

static enum take_result
take_any(struct take *t, FILE *f, const void *text, size_t len,
	 const struct take_input *in, struct outbox_input *out)
{
	int64_t now_ms = files_now_ms();
	enum take_result result;
	int rc;

	t->in = in;
	t->refused = 0;
	memset(out, 0, sizeof(*out));
	if (in->token != NULL) {
		rc = outbox_input_get(t->outbox, in->token, out);
		if (rc != 0)
			return rc > 0 ? TAKE_OK : TAKE_FAILED;
	}
	rc = outbox_begin(t->outbox, now_ms);
	if (rc != 0)
		return result_of(rc);
	pack_begin(t->pack, now_ms);
	result = take_in(t, f, text, len, out);
	if (result != TAKE_OK) {
		outbox_rollback(t->outbox);
		return result;
	}
	return result_of(outbox_commit(t->outbox));
}

enum take_result
take_text(struct take *t, const void *text, size_t len,
	  const struct take_input *in, struct outbox_input *out)
{
	return take_any(t, NULL, text, len, in, out);
}

/* JSON must be whole in memory; the reader limits its size. */
static enum take_result
take_json_file(struct take *t, FILE *f, const struct take_input *in,
	       struct outbox_input *out)
{
	enum take_result result = TAKE_FAILED;
	char *text = malloc(TEXT_MAX_JSON + 1);
	size_t n;

	if (text == NULL) {
		log_error("take: out of memory");
		return TAKE_FAILED;
	}
	n = fread(text, 1, TEXT_MAX_JSON + 1, f);
	if (ferror(f))
		log_error("take: cannot read %s: %m", in->name);
	else
		result = take_any(t, NULL, text, n, in, out);
	free(text);
	return result;
}

enum take_result
take_file(struct take *t, const char *path, const struct take_input *in,
	  struct outbox_input *out)
{
	enum take_result result;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		log_error("take: cannot open %s: %m", path);
		return TAKE_FAILED;
	}
	if (in->format == TAKE_JSON)
		result = take_json_file(t, f, in, out);
	else
		result = take_any(t, f, NULL, 0, in, out);
	fclose(f);
	return result;
}
