#ifndef TOCSIN_COLLECTORS_TAKE_H
#define TOCSIN_COLLECTORS_TAKE_H

/*
 * Takes one input (a file, a request's body, a command's output) into the
 * outbox, whole, in one transaction: when take_*() returns TAKE_OK its good
 * rows are durable.  Bad rows are named and left out; the good ones beside
 * them are taken, because a clerk's one typing error must not hold back a
 * day's report.  A text whose structure cannot be read (no header, no JSON)
 * gives nothing at all.
 */

#include <stddef.h>
#include <stdint.h>

#include "collectors/outbox.h"
#include "collectors/pack.h"

enum take_format { TAKE_CSV, TAKE_JSON };

enum take_result {
	TAKE_OK = 0,	     /* taken; perhaps with bad rows */
	TAKE_REFUSED = 1,    /* the outbox is full: outbox_why(); try later */
	TAKE_UNREADABLE = 2, /* nothing was taken; the reason was named */
	TAKE_FAILED = -1     /* already logged; try later */
};

/* "line 12: no such date: 2020-02-30", a whole sentence with its place. */
typedef void take_problem(void *arg, const char *text);

struct take_input {
	const char *name;  /* for people */
	const char *token; /* if an input with it was taken before, that one's
			      result is given again; NULL: always new */
	enum take_format format;
	const char *indicator; /* of rows that name none, or NULL */
	take_problem *problem; /* may be NULL */
	void *arg;
};

struct take;

/* site: of rows that name none.  outbox and pack are borrowed. */
struct take *take_new(struct outbox *o, struct pack *p, const char *site);
void take_free(struct take **t);

enum take_result take_file(struct take *t, const char *path,
			   const struct take_input *in, struct outbox_input *out)
	__attribute__((warn_unused_result));
enum take_result take_text(struct take *t, const void *text, size_t len,
			   const struct take_input *in, struct outbox_input *out)
	__attribute__((warn_unused_result));

/* TAKE_JSON for a name that ends with .json, else TAKE_CSV. */
enum take_format take_format_of(const char *name);

/*
 * Names what a file's present content is: it changes with the file's place on
 * disk, size and time of change.  0, or -1 (not logged; errno).
 */
int take_token(const char *path, char token[128]);

#endif
