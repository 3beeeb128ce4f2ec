/*
 * Files handed over between two processes of one site.
 */
#include "collectors/handover.h"

#include <dirent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/complaint.h"

#define RESULT ".result"
#define RESCAN_MS 2000

struct handover {
	struct outbox *outbox;
	struct take *take;
	void (*took)(void *);
	void *arg;
	char folder[FILES_PATH_BYTES];
	int fd;
	struct event *notice, *rescan;
};

static bool
is_result(const char *name)
{
	size_t len = strlen(name), tail = strlen(RESULT);

	return len > tail && strcmp(name + len - tail, RESULT) == 0;
}

/* code, numbers and complaints, as one durable file. */
static int
write_result(const char *path, enum take_result code,
	     const struct outbox_input *in, struct complaint *c)
{
	char to[FILES_PATH_BYTES], head[160];
	size_t len;
	char *text;
	int rc;

	if (snprintf(to, sizeof(to), "%s" RESULT, path) >= (int)sizeof(to))
		return -1;
	len = (size_t)snprintf(head, sizeof(head),
			       "%d %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64
			       "\n",
			       (int)code, in->rows, in->bad, in->first, in->last);
	text = malloc(len + c->len + 1);
	if (text == NULL)
		return -1;
	memcpy(text, head, len);
	if (c->len > 0)
		memcpy(text + len, c->text, c->len);
	rc = files_write(to, text, len + c->len);
	free(text);
	return rc;
}

static void
take_one(struct handover *h, const char *name)
{
	char path[FILES_PATH_BYTES], token[128];
	struct complaint c = { 0 };
	struct outbox_input done = { 0 };
	const char *shown = strchr(name, '_');
	struct take_input in = { .name = shown != NULL ? shown + 1 : name,
				 .token = token,
				 .format = take_format_of(name),
				 .problem = complaint_add,
				 .arg = &c };
	enum take_result code;

	if (name[0] == '.' || is_result(name) ||
	    files_path(path, h->folder, name) < 0 || take_token(path, token) < 0)
		return;
	code = take_file(h->take, path, &in, &done);
	if (code == TAKE_REFUSED)
		complaint_add(&c, outbox_why(h->outbox));
	if (write_result(path, code, &done, &c) == 0)
		unlink(path);
	complaint_fini(&c);
	if (code == TAKE_OK)
		h->took(h->arg);
}

void
handover_scan(struct handover *h)
{
	struct dirent **entry;
	int n = scandir(h->folder, &entry, NULL, alphasort);

	if (n < 0) {
		log_error("handover: cannot read %s: %m", h->folder);
		return;
	}
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_type != DT_DIR)
			take_one(h, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;
	char buf[8192];

	if (fd == h->fd && (what & EV_READ)) {
		while (read(fd, buf, sizeof(buf)) > 0)
			;
	}
	handover_scan(h);
}

struct handover *
handover_open(struct event_base *base, struct outbox *o, struct take *take,
	      const char *state, void (*took)(void *), void *arg)
{
	static const struct timeval every = { .tv_sec = RESCAN_MS / 1000 };
	struct handover *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->outbox = o;
	h->take = take;
	h->took = took;
	h->arg = arg;
	if (files_path(h->folder, state, HANDOVER_FOLDER) < 0 ||
	    files_make_dir(h->folder) < 0)
		goto bad;
	h->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (h->fd < 0 || inotify_add_watch(h->fd, h->folder, IN_MOVED_TO) < 0) {
		log_error("handover: cannot watch %s: %m", h->folder);
		goto bad;
	}
	h->notice = event_new(base, h->fd, EV_READ | EV_PERSIST, on_event, h);
	h->rescan = event_new(base, -1, EV_PERSIST, on_event, h);
	if (h->notice == NULL || h->rescan == NULL ||
	    event_add(h->notice, NULL) < 0 || event_add(h->rescan, &every) < 0)
		goto bad;
	return h;
bad:
	handover_close(&h);
	return NULL;
}

void
handover_close(struct handover **hp)
{
	struct handover *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	if (h->notice != NULL)
		event_free(h->notice);
	if (h->rescan != NULL)
		event_free(h->rescan);
	if (h->fd > 0)
		close(h->fd);
	free(h);
}

int
handover_give(const char *state, const char *file, char name[300])
{
	char folder[FILES_PATH_BYTES], copy[FILES_PATH_BYTES];

	snprintf(copy, sizeof(copy), "%s", file);
	snprintf(name, 300, "%" PRId64 "-%ld_%.200s", files_now_ms(),
		 (long)getpid(), basename(copy));
	if (files_path(folder, state, HANDOVER_FOLDER) < 0)
		return -1;
	return files_copy(file, folder, name);
}

int
handover_ask(const char *state, const char *name, struct handover_result *out)
{
	char folder[FILES_PATH_BYTES], path[FILES_PATH_BYTES], file[320];
	static const size_t cap = 2u << 20;
	char *text, *rest;
	int code = 0;

	snprintf(file, sizeof(file), "%s" RESULT, name);
	if (files_path(folder, state, HANDOVER_FOLDER) < 0 ||
	    files_path(path, folder, file) < 0)
		return -1;
	if (access(path, F_OK) != 0)
		return 0;
	text = malloc(cap);
	if (text == NULL || files_read(path, text, cap) < 0) {
		free(text);
		return -1;
	}
	if (sscanf(text, "%d %" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNu64,
		   &code, &out->input.rows, &out->input.bad, &out->input.first,
		   &out->input.last) != 5) {
		log_error("handover: %s is no result", path);
		free(text);
		return -1;
	}
	rest = strchr(text, '\n');
	out->code = (enum take_result)code;
	out->complaints =
		rest != NULL && rest[1] != '\0' ? strdup(rest + 1) : NULL;
	free(text);
	unlink(path);
	return 1;
}
