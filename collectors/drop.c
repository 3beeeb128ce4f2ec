/*
 * The drop folder.  inotify says what came; a rescan now and then sees what
 * it missed (a full queue, network folders, files that had to wait).
 */
#include "collectors/drop.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/complaint.h"
#include "collectors/files.h"

#define FILES_A_TURN 16
#define TIDY_MS 3600000 /* done/ is looked through this often */

struct drop {
	struct drop_conf conf;
	char done[FILES_PATH_BYTES];
	char failed[FILES_PATH_BYTES];
	int fd; /* inotify */
	struct event *notice;
	struct event *rescan;
	struct log_fault stuck; /* files that cannot be taken now */
	int64_t tidied_ms;
};

static bool
ends_with(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n >= t && strcasecmp(name + n - t, tail) == 0;
}

static bool
is_candidate(const char *name)
{
	return name[0] != '.' && !ends_with(name, ".tmp") &&
	       !ends_with(name, ".part") && !ends_with(name, "~") &&
	       !ends_with(name, ".error");
}

/* A lease is refused while somebody has the file open for writing. */
static bool
is_open_elsewhere(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	bool open_there;

	if (fd < 0)
		return false;
	open_there = fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
	close(fd);
	return open_there;
}

/* Is it a file, and complete?  renamed: it came by a rename. */
static bool
is_ready(const struct drop *d, const char *path, bool renamed)
{
	struct stat st;
	int64_t changed_ms;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (is_open_elsewhere(path))
		return false;
	if (renamed)
		return true;
	changed_ms =
		(int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
	return files_now_ms() - changed_ms >= d->conf.settle_ms;
}

/* Moves the file away; an older one of the same name is kept. */
static void
move_to(const char *dir, const char *path, const char *name)
{
	char to[FILES_PATH_BYTES], stamped[300];

	if (files_path(to, dir, name) < 0)
		return;
	if (access(to, F_OK) == 0) {
		snprintf(stamped, sizeof(stamped), "%" PRId64 "-%.240s",
			 files_now_ms(), name);
		if (files_path(to, dir, stamped) < 0)
			return;
	}
	if (files_rename(path, to) < 0)
		log_error("drop: %s was taken but cannot be moved away", name);
}

static void
move_failed(struct drop *d, const char *path, const char *name,
	    const struct complaint *c)
{
	char error[300], to[FILES_PATH_BYTES];

	snprintf(error, sizeof(error), "%.250s.ERROR", name);
	if (files_path(to, d->failed, error) < 0 ||
	    files_write(to, c->text, c->len) < 0)
		log_error("drop: %s: its errors cannot be written down", name);
	move_to(d->failed, path, name);
}

static void
finish(struct drop *d, const char *path, const char *name,
       enum take_result result, const struct outbox_input *in,
       struct complaint *c)
{
	switch (result) {
	case TAKE_OK:
		log_fault_end(&d->stuck, "drop: files are taken again");
		log_info("drop: took file=%s rows=%" PRId64 " bad=%" PRId64,
			 name, in->rows, in->bad);
		complaint_summary(c, in->rows, in->bad);
		if (in->bad > 0)
			move_failed(d, path, name, c);
		else
			move_to(d->done, path, name);
		d->conf.took(d->conf.arg);
		break;
	case TAKE_UNREADABLE:
		log_warn("drop: file=%s cannot be read as counts; see failed/",
			 name);
		complaint_summary(c, 0, 0);
		move_failed(d, path, name, c);
		break;
	case TAKE_REFUSED:
		log_fault_begin(&d->stuck, "drop: file=%s waits: %s", name,
				outbox_why(d->conf.outbox));
		break;
	case TAKE_FAILED:
		log_fault_begin(&d->stuck, "drop: file=%s waits", name);
		break;
	}
}

/* 1 = taken or found bad, 0 = left alone, -1 = the outbox is full. */
static int
take_one(struct drop *d, const char *name, bool renamed)
{
	char path[FILES_PATH_BYTES], token[128];
	struct complaint c = { 0 };
	struct outbox_input done;
	struct take_input in = { .name = name,
				 .token = token,
				 .format = take_format_of(name),
				 .problem = complaint_add,
				 .arg = &c };
	enum take_result result;

	if (!is_candidate(name) || files_path(path, d->conf.folder, name) < 0 ||
	    !is_ready(d, path, renamed) || take_token(path, token) < 0)
		return 0;
	result = take_file(d->conf.take, path, &in, &done);
	finish(d, path, name, result, &done, &c);
	complaint_fini(&c);
	if (result == TAKE_REFUSED)
		return -1;
	return result == TAKE_OK || result == TAKE_UNREADABLE;
}

static int
visible(const struct dirent *e)
{
	return is_candidate(e->d_name);
}

static void
again(struct drop *d, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(d->rescan, &tv);
}

/* Deletes what has been in done/ for long enough. */
static void
tidy(struct drop *d, int64_t now_ms)
{
	char path[FILES_PATH_BYTES];
	struct dirent **entry;
	struct stat st;
	int n;

	if (d->conf.keep_done_ms == 0 || now_ms - d->tidied_ms < TIDY_MS)
		return;
	d->tidied_ms = now_ms;
	n = scandir(d->done, &entry, NULL, NULL);
	for (int i = 0; i < n; i++) {
		if (files_path(path, d->done, entry[i]->d_name) == 0 &&
		    lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    now_ms / 1000 - st.st_ctim.tv_sec >
			    d->conf.keep_done_ms / 1000)
			unlink(path);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

static void
on_rescan(evutil_socket_t fd, short what, void *arg)
{
	struct drop *d = arg;
	struct dirent **entry;
	int n = scandir(d->conf.folder, &entry, visible, alphasort);
	int taken = 0, rc = 0;

	(void)fd;
	(void)what;
	again(d, d->conf.rescan_ms);
	tidy(d, files_now_ms());
	if (n < 0) {
		log_error("drop: cannot read %s: %m", d->conf.folder);
		return;
	}
	for (int i = 0; i < n; i++) {
		if (taken < FILES_A_TURN && rc >= 0) {
			rc = take_one(d, entry[i]->d_name, false);
			taken += rc > 0;
		}
		free(entry[i]);
	}
	free(entry);
	if (taken == FILES_A_TURN)
		again(d, 0);
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	struct drop *d = arg;
	char buf[16384] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));
	bool closed = false;

	(void)what;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event e;

		memcpy(&e, buf + at, sizeof(e));
		if ((e.mask & IN_MOVED_TO) && e.len > 0)
			(void)take_one(d, buf + at + sizeof(e), true);
		else
			closed = true;
		at += (ssize_t)(sizeof(e) + e.len);
	}
	if (closed)
		again(d, d->conf.settle_ms + 50);
}

static int
watch(struct drop *d)
{
	d->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->fd < 0 ||
	    inotify_add_watch(d->fd, d->conf.folder,
			      IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
		log_error("drop: cannot watch %s: %m", d->conf.folder);
		return -1;
	}
	d->notice = event_new(d->conf.base, d->fd, EV_READ | EV_PERSIST,
			      on_notice, d);
	d->rescan = evtimer_new(d->conf.base, on_rescan, d);
	if (d->notice == NULL || d->rescan == NULL ||
	    event_add(d->notice, NULL) < 0) {
		log_error("drop: out of memory");
		return -1;
	}
	again(d, 0);
	return 0;
}

struct drop *
drop_open(const struct drop_conf *conf)
{
	struct drop *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		log_error("drop: out of memory");
		return NULL;
	}
	d->conf = *conf;
	d->fd = -1;
	if (files_path(d->done, conf->folder, "done") < 0 ||
	    files_path(d->failed, conf->folder, "failed") < 0 ||
	    files_make_dir(conf->folder) < 0 || files_make_dir(d->done) < 0 ||
	    files_make_dir(d->failed) < 0 || watch(d) < 0)
		drop_close(&d);
	return d;
}

void
drop_close(struct drop **dp)
{
	struct drop *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	if (d->notice != NULL)
		event_free(d->notice);
	if (d->rescan != NULL)
		event_free(d->rescan);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}
