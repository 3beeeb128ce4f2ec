/*
 * The drop folder.  inotify says that something came; a scan takes what is
 * complete, oldest first, because of two files about one day the later one
 * must win.  So a file that is still settling holds up the ones after it; one
 * that somebody has open does not, for it changes its place when it is written.
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

#define FILES_A_TURN 64
#define RENAMED 1024	/* names remembered between two scans */
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
	int64_t due_ms;		   /* of the next scan, steady; 0 = none */
	uint64_t renamed[RENAMED]; /* hashes of names that were renamed in */
	size_t renamed_n;
};

struct entry {
	char name[256];
	int64_t changed_ns;
};

enum readiness { READY, SETTLING, WRITTEN };

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

static uint64_t
hash_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
	return hash;
}

static bool
came_by_rename(const struct drop *d, const char *name)
{
	uint64_t hash = hash_of(name);

	for (size_t i = 0; i < d->renamed_n; i++) {
		if (d->renamed[i] == hash)
			return true;
	}
	return false;
}

/* *left_ms: how long it must still be left alone. */
static enum readiness
readiness_of(const struct drop *d, const struct entry *e, const char *path,
	     int64_t *left_ms)
{
	int64_t age_ms = files_now_ms() - e->changed_ns / 1000000;

	if (is_open_elsewhere(path))
		return WRITTEN;
	*left_ms = d->conf.settle_ms - age_ms;
	/* A time in the future is a clock that was set back. */
	if (*left_ms <= 0 || age_ms < 0 || came_by_rename(d, e->name))
		return READY;
	return SETTLING;
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
take_one(struct drop *d, const char *name, const char *path)
{
	char token[128];
	struct complaint c = { 0 };
	struct outbox_input done;
	struct take_input in = { .name = name,
				 .token = token,
				 .format = take_format_of(name),
				 .problem = complaint_add,
				 .arg = &c };
	enum take_result result;

	if (take_token(path, token) < 0)
		return 0;
	result = take_file(d->conf.take, path, &in, &done);
	finish(d, path, name, result, &done, &c);
	complaint_fini(&c);
	if (result == TAKE_REFUSED)
		return -1;
	return result == TAKE_OK || result == TAKE_UNREADABLE;
}

/* A scan in ms, unless one is due before that. */
static void
again(struct drop *d, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
				    .tv_usec = ms % 1000 * 1000 };
	int64_t due = files_steady_ms() + ms;

	if (d->due_ms != 0 && d->due_ms <= due)
		return;
	d->due_ms = due;
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

static int
by_age(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->changed_ns != y->changed_ns)
		return x->changed_ns < y->changed_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Adds the file to the list; 0, or -1 where memory is short. */
static int
add_entry(struct entry **list, size_t *n, size_t *cap, const char *name,
	  const struct stat *st)
{
	struct entry *e;

	if (*n == *cap) {
		size_t more = *cap == 0 ? 64 : *cap * 2;

		e = realloc(*list, more * sizeof(**list));
		if (e == NULL)
			return -1;
		*list = e;
		*cap = more;
	}
	e = &(*list)[(*n)++];
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->changed_ns =
		(int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
	return 0;
}

/* The folder's files, oldest first; free() the list. */
static size_t
list_files(const struct drop *d, struct entry **list)
{
	DIR *dir = opendir(d->conf.folder);
	char path[FILES_PATH_BYTES];
	size_t n = 0, cap = 0;
	struct dirent *e;
	struct stat st;

	*list = NULL;
	if (dir == NULL) {
		log_error("drop: cannot read %s: %m", d->conf.folder);
		return 0;
	}
	while ((e = readdir(dir)) != NULL) {
		if (!is_candidate(e->d_name) ||
		    files_path(path, d->conf.folder, e->d_name) < 0 ||
		    lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (add_entry(list, &n, &cap, e->d_name, &st) < 0)
			break;
	}
	closedir(dir);
	if (n > 0)
		qsort(*list, n, sizeof(**list), by_age);
	return n;
}

static void
scan(struct drop *d, const struct entry *list, size_t n)
{
	char path[FILES_PATH_BYTES];
	int taken = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t left_ms = 0;
		enum readiness r;
		int rc;

		if (files_path(path, d->conf.folder, list[i].name) < 0)
			continue;
		r = readiness_of(d, &list[i], path, &left_ms);
		if (r == WRITTEN)
			continue;
		if (r == SETTLING || taken == FILES_A_TURN) {
			again(d, r == SETTLING ? left_ms + 1 : 0);
			return;
		}
		rc = take_one(d, list[i].name, path);
		if (rc < 0)
			return;
		taken += rc;
	}
	d->renamed_n = 0;
}

static void
on_rescan(evutil_socket_t fd, short what, void *arg)
{
	struct drop *d = arg;
	struct entry *list;
	size_t n;

	(void)fd;
	(void)what;
	d->due_ms = 0;
	tidy(d, files_now_ms());
	n = list_files(d, &list);
	scan(d, list, n);
	free(list);
	again(d, d->conf.rescan_ms);
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	struct drop *d = arg;
	char buf[16384] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event e;
		const char *name = buf + at + sizeof(e);

		memcpy(&e, buf + at, sizeof(e));
		at += (ssize_t)(sizeof(e) + e.len);
		if (!(e.mask & IN_MOVED_TO) || e.len == 0) {
			again(d, d->conf.settle_ms + 50);
			continue;
		}
		if (d->renamed_n < RENAMED)
			d->renamed[d->renamed_n++] = hash_of(name);
		again(d, 0);
	}
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
