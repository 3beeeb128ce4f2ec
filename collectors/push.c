/*
 * tocsin-collect push: takes files, waits until a centre has them.  Where a
 * running collector has the outbox, the files go through it.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/collector.h"
#include "collectors/commands.h"
#include "collectors/files.h"
#include "collectors/handover.h"
#include "collectors/progress.h"

#define POLL_MS 200

struct push_file {
	const char *path;
	char given[300]; /* its name when handed over; "" = not */
	bool over;	 /* result known */
};

struct push {
	const struct command_args *args;
	struct collector c;
	struct push_file *file;
	size_t files;
	int status; /* the worst so far */
	int64_t rows, bad;
	uint64_t first, last; /* frames of our rows */
	int64_t deadline;     /* steady ms, or INT64_MAX */
	struct progress bar;
	uint64_t bar_from;
};

/* 65 gives way to 75, and that to 69: what needs a person wins. */
static void
worse(struct push *p, int status)
{
	static const int rank[] = { EX_OK, EX_DATAERR, EX_TEMPFAIL,
				    EX_UNAVAILABLE, EX_IOERR };
	int have = 0, new = 0;

	for (int i = 0; i < 5; i++) {
		have = rank[i] == p->status ? i : have;
		new = rank[i] == status ? i : new;
	}
	if (new > have)
		p->status = status;
}

struct named {
	const char *file;
};

static void
complain(void *arg, const char *text)
{
	const struct named *n = arg;

	fprintf(stderr, "%s: %s\n", n->file, text);
}

static void
account(struct push *p, struct push_file *f, enum take_result code,
	const struct outbox_input *in, const char *why)
{
	f->over = true;
	if (code == TAKE_OK) {
		p->rows += in->rows;
		p->bad += in->bad;
		if (in->first != 0 && (p->first == 0 || in->first < p->first))
			p->first = in->first;
		if (in->last > p->last)
			p->last = in->last;
		if (in->bad > 0)
			worse(p, EX_DATAERR);
	} else if (code == TAKE_UNREADABLE) {
		fprintf(stderr, "%s: nothing of it was taken\n", f->path);
		p->bad++;
		worse(p, EX_DATAERR);
	} else if (code == TAKE_REFUSED) {
		fprintf(stderr, "%s: %s\n", f->path, why);
		worse(p, EX_TEMPFAIL);
	} else {
		worse(p, EX_IOERR);
	}
}

static void
take_directly(struct push *p, struct push_file *f)
{
	struct named named = { f->path };
	struct take_input in = { .name = f->path,
				 .format = take_format_of(f->path),
				 .problem = complain,
				 .arg = &named };
	struct outbox_input done;
	enum take_result code = take_file(p->c.take, f->path, &in, &done);

	account(p, f, code, &done, outbox_why(p->c.outbox));
}

/* Fetches the result of a file handed over.  false: not there yet. */
static bool
fetch(struct push *p, struct push_file *f)
{
	struct handover_result r = { .complaints = NULL };
	int rc = handover_ask(p->c.settings.state, f->given, &r);

	if (rc == 0)
		return false;
	if (rc < 0)
		r.code = TAKE_FAILED;
	for (char *line = r.complaints; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end = '\0';
		if (r.code != TAKE_REFUSED)
			fprintf(stderr, "%s: %s\n", f->path, line);
		line = end != NULL ? end + 1 : NULL;
	}
	account(p, f, r.code, &r.input,
		r.complaints != NULL ? r.complaints : "refused");
	free(r.complaints);
	return true;
}

static void
list_rejected(void *arg, uint64_t seq, int64_t index, const char *reason,
	      int64_t at_ms)
{
	struct push *p = arg;

	(void)at_ms;
	(void)index;
	if (p->first == 0 || seq < p->first || seq > p->last)
		return;
	fprintf(stderr, "refused by the centre: %s\n", reason);
	worse(p, EX_DATAERR);
}

/* The last words, on standard output. */
static int
conclude(struct push *p, struct outbox *o, bool done, const char *why)
{
	struct outbox_depth depth;

	progress_end(&p->bar);
	if (outbox_each_rejected(o, 100, list_rejected, p) < 0)
		worse(p, EX_IOERR);
	if (done) {
		printf("%zu files: %" PRId64 " rows taken and acknowledged, "
		       "%" PRId64 " bad\n",
		       p->files, p->rows, p->bad);
		return p->status;
	}
	if (outbox_depth(o, &depth) == 0)
		printf("%" PRId64 " counts wait safely in the outbox%s%s; the "
		       "next push or run sends them\n",
		       depth.counts, why[0] != '\0' ? ": " : "", why);
	return p->status;
}

static void
on_change(void *arg)
{
	struct push *p = arg;
	const struct output *o = p->c.output;

	if (o == NULL)
		return;
	if (o->state == OUTPUT_REFUSED || o->state == OUTPUT_STOPPED)
		worse(p, EX_UNAVAILABLE);
	if (o->done || o->state == OUTPUT_REFUSED || o->state == OUTPUT_STOPPED)
		event_base_loopbreak(p->c.base);
}

static int64_t
share(const struct push *p, uint64_t durable, uint64_t last)
{
	if (durable <= p->bar_from || last <= p->bar_from)
		return 0;
	if (durable >= last)
		return p->bar.total;
	return p->bar.total * (int64_t)(durable - p->bar_from) /
	       (int64_t)(last - p->bar_from);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct push *p = arg;
	const struct output *o = p->c.output;

	(void)fd;
	(void)what;
	progress_draw(&p->bar, share(p, o->durable, outbox_last(p->c.outbox)),
		      o->why);
	if (files_steady_ms() < p->deadline)
		return;
	worse(p, EX_TEMPFAIL);
	event_base_loopbreak(p->c.base);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct push *p = arg;

	(void)fd;
	(void)what;
	worse(p, EX_TEMPFAIL);
	event_base_loopbreak(p->c.base);
}

static void
on_took(void *arg)
{
	struct push *p = arg;

	if (p->c.output != NULL)
		output_put(p->c.output);
}

static int
begin_bar(struct push *p, struct outbox *o)
{
	struct outbox_depth depth;

	if (outbox_depth(o, &depth) < 0)
		return -1;
	p->bar_from = depth.durable;
	progress_init(&p->bar, depth.counts);
	return 0;
}

/* Sends until done, refused or interrupted. */
static int
send_out(struct push *p)
{
	static const struct timeval every = { .tv_usec = POLL_MS * 1000 };
	struct collector *c = &p->c;
	struct event *tick = event_new(c->base, -1, EV_PERSIST, on_tick, p);
	struct event *intr = evsignal_new(c->base, SIGINT, on_signal, p);
	struct event *term = evsignal_new(c->base, SIGTERM, on_signal, p);
	int rc = -1;

	if (tick != NULL && intr != NULL && term != NULL &&
	    event_add(tick, &every) == 0 && event_add(intr, NULL) == 0 &&
	    event_add(term, NULL) == 0 && begin_bar(p, c->outbox) == 0 &&
	    collector_connect(c, on_change, p) == 0) {
		event_base_dispatch(c->base);
		progress_draw(&p->bar,
			      share(p, c->output->durable, outbox_last(c->outbox)),
			      "");
		rc = conclude(p, c->outbox, c->output->done, c->output->why);
	}
	if (tick != NULL)
		event_free(tick);
	if (intr != NULL)
		event_free(intr);
	if (term != NULL)
		event_free(term);
	return rc < 0 ? EX_UNAVAILABLE : rc;
}

/* The outbox is ours. */
static int
push_own(struct push *p)
{
	struct collector *c = &p->c;
	struct handover *h = handover_open(c->base, c->outbox, c->take,
					   c->settings.state, on_took, p);
	int rc;

	if (h == NULL)
		return EX_CANTCREAT;
	handover_scan(h);
	for (size_t i = 0; i < p->files; i++) {
		struct push_file *f = &p->file[i];

		if (f->over || (f->given[0] != '\0' && fetch(p, f)))
			continue;
		take_directly(p, f);
	}
	rc = send_out(p);
	handover_close(&h);
	return rc;
}

static bool
give_all(struct push *p)
{
	bool all = true;

	for (size_t i = 0; i < p->files; i++) {
		struct push_file *f = &p->file[i];

		if (f->over)
			continue;
		if (f->given[0] == '\0' &&
		    handover_give(p->c.settings.state, f->path, f->given) < 0) {
			f->over = true;
			worse(p, EX_IOERR);
			continue;
		}
		all = fetch(p, f) && all;
	}
	return all;
}

static struct outbox *
peek(struct push *p)
{
	struct outbox_limits limits;
	char path[FILES_PATH_BYTES];

	settings_limits(&p->c.settings, &limits);
	if (files_path(path, p->c.settings.state, "outbox.db") < 0)
		return NULL;
	return outbox_open(path, true, &limits);
}

/* 1 = acknowledged, 0 = wait, -1 = the centre refuses or we gave up. */
static int
look(struct push *p, struct outbox *o, char why[320])
{
	struct outbox_depth depth;
	char state[16];

	if (outbox_depth(o, &depth) < 0 ||
	    outbox_noted(o, "state", state, sizeof(state)) < 0 ||
	    outbox_noted(o, "why", why, 320) < 0)
		return -1;
	progress_draw(&p->bar, share(p, depth.durable, p->last), why);
	if (p->last <= depth.durable)
		return 1;
	if (strcmp(state, "refused") == 0 || strcmp(state, "stopped") == 0) {
		worse(p, EX_UNAVAILABLE);
		return -1;
	}
	if (files_steady_ms() < p->deadline)
		return 0;
	worse(p, EX_TEMPFAIL);
	return -1;
}

/*
 * A running collector has the outbox.  Returns an exit status, or -1 when it
 * went away and the outbox may be ours now.
 */
static int
push_through(struct push *p)
{
	struct outbox *o;
	char why[320] = "";
	int rc = 0;

	while (!give_all(p)) {
		if (files_steady_ms() >= p->deadline)
			return EX_TEMPFAIL;
		if (files_locked(p->c.settings.state) == 0)
			return -1;
		usleep(POLL_MS * 500);
	}
	o = peek(p);
	if (o == NULL || begin_bar(p, o) < 0) {
		outbox_close(&o);
		return EX_IOERR;
	}
	while ((rc = look(p, o, why)) == 0) {
		if (files_locked(p->c.settings.state) == 0)
			break;
		usleep(POLL_MS * 1000);
	}
	if (rc != 0)
		rc = conclude(p, o, rc > 0, why);
	else
		rc = -1;
	outbox_close(&o);
	return rc;
}

static int
check_files(const struct command_args *a)
{
	int rc = 0;

	if (a->files == 0) {
		log_error("push: which file?  tocsin-collect push FILE.csv...");
		return EX_USAGE;
	}
	for (int i = 0; i < a->files; i++) {
		if (access(a->file[i], R_OK) == 0)
			continue;
		log_error("push: cannot read %s: %m", a->file[i]);
		rc = EX_NOINPUT;
	}
	return rc;
}

int
command_push(const struct command_args *a)
{
	struct push p = { .args = a, .c = { .lock = -1 } };
	int rc = check_files(a);

	if (rc != 0)
		return rc;
	if (settings_load(&p.c.settings, &a->flags, true) < 0)
		return EX_CONFIG;
	p.files = (size_t)a->files;
	p.file = calloc(p.files, sizeof(*p.file));
	p.deadline = a->wait_ms < 0 ? INT64_MAX : files_steady_ms() + a->wait_ms;
	for (size_t i = 0; p.file != NULL && i < p.files; i++)
		p.file[i].path = a->file[i];
	rc = -1;
	while (rc < 0 && p.file != NULL) {
		int opened = collector_open(&p.c);

		if (opened < 0)
			rc = EX_CANTCREAT;
		else
			rc = opened == 0 ? push_own(&p) : push_through(&p);
	}
	collector_close(&p.c);
	free(p.file);
	return rc < 0 ? EX_OSERR : rc;
}
