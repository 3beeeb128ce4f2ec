/*
 * The loop's side of the store: opening, handing over, getting back.  What
 * runs on the thread is in store_thread.c.
 */
#include "daemon/store/store.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/meta.h"
#include "daemon/store/schema.h"
#include "daemon/store/store_own.h"
#include "daemon/store/sound.h"
#include "daemon/store/unfolded.h"

#define PAGE_BYTES 4096

struct log_limit {
	struct store_job job;
	int64_t bytes;
};

void
job_queue_init(struct job_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

void
job_queue_put(struct job_queue *q, struct store_job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

size_t
store_weight_of(const struct store_job *job)
{
	return job->weight == 0 ? 1 : job->weight;
}

int64_t
store_us_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)(now.tv_sec - from->tv_sec) * 1000000 +
	       (now.tv_nsec - from->tv_nsec) / 1000;
}

/*
 * Calls logged() of what is durable, done() of what is finished.  A job whose
 * first part was told of may be in the second list already, never in that
 * alone.
 */
static void
settle(struct store *s)
{
	struct store_job *told, *job, *next;

	pthread_mutex_lock(&s->lock);
	told = s->told;
	s->told = NULL;
	s->told_tail = &s->told;
	job = s->finished.head;
	job_queue_init(&s->finished);
	pthread_mutex_unlock(&s->lock);
	for (; told != NULL; told = next) {
		next = told->told_next;
		told->logged(told);
	}
	for (; job != NULL; job = next) {
		next = job->next;
		pthread_mutex_lock(&s->lock);
		s->pending--;
		s->weight -= store_weight_of(job);
		pthread_mutex_unlock(&s->lock);
		job->next = NULL;
		if (job->log != NULL && job->rc == 0 && !job->split)
			job->logged(job);
		job->done(job, job->rc, job->fault);
	}
}

static void
woken(evutil_socket_t fd, short what, void *arg)
{
	uint64_t times;

	(void)what;
	(void)!read(fd, &times, sizeof(times));
	settle(arg);
}

static int
start(struct store *s, struct event_base *base)
{
	int rc;

	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->wake_fd < 0) {
		log_error("store: no eventfd: %m");
		return -1;
	}
	s->wake = event_new(base, s->wake_fd, EV_READ | EV_PERSIST, woken, s);
	if (s->wake == NULL || event_add(s->wake, NULL) < 0) {
		log_error("store: no event for the thread");
		return -1;
	}
	rc = pthread_create(&s->thread, NULL, store_thread, s);
	if (rc != 0) {
		log_error("store: no thread: %s", strerror(rc));
		return -1;
	}
	s->thread_runs = true;
	return 0;
}

static int64_t
size_of(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s%s", path, suffix) >=
		    (int)sizeof(name) ||
	    stat(name, &st) < 0)
		return 0;
	return st.st_size;
}

/*
 * STORE_LOG_MOST is much, for a frame, its counts on their way and in place
 * are three times the bytes of the counts.
 */
static int
limit_log(struct db *db, int64_t bytes)
{
	char sql[128];

	if (bytes < STORE_LOG_LEAST)
		bytes = STORE_LOG_LEAST;
	if (bytes > STORE_LOG_MOST)
		bytes = STORE_LOG_MOST;
	snprintf(sql,
		 sizeof(sql), "PRAGMA wal_autocheckpoint=%lld; PRAGMA journal_size_limit=%lld",
		 (long long)(bytes / PAGE_BYTES), (long long)bytes);
	return db_exec(db, sql);
}

static int
run_limit(struct store_job *job, struct db *db)
{
	return limit_log(db, ((struct log_limit *)job)->bytes);
}

static void
done_limit(struct store_job *job, int rc, enum db_fault fault)
{
	(void)rc;
	(void)fault;
	free(job);
}

void
store_limit_log(struct store *s, int64_t bytes)
{
	struct log_limit *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		log_error("store: no memory");
		return;
	}
	*l = (struct log_limit){ .job = { .run = run_limit, .done = done_limit },
				 .bytes = bytes };
	store_submit(s, &l->job);
}

static int
open_files(struct store *s)
{
	s->writer = db_open(s->path, DB_READ_WRITE, 5000, "store");
	if (s->writer == NULL ||
	    db_exec(s->writer, "PRAGMA secure_delete=FAST") < 0 ||
	    limit_log(s->writer, STORE_LOG_MOST) < 0 ||
	    sound_pages(s->writer, s->path, size_of(s->path, "")) < 0 ||
	    schema_migrate(s->writer) < 0 ||
	    sound_frames(s->writer, s->path, &s->stats.damaged) < 0 ||
	    unfolded_fold(s->writer) < 0)
		return -1;
	if (meta_database_id(s->writer, &s->database_id) < 0)
		return -1;
	s->reader = db_open(s->path, DB_READ_ONLY, 5000, "store");
	return s->reader == NULL ? -1 : 0;
}

struct store *
store_open(const char *path, struct event_base *base)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		log_error("store: out of memory");
		return NULL;
	}
	s->wake_fd = -1;
	job_queue_init(&s->waiting);
	job_queue_init(&s->finished);
	job_queue_init(&s->logged);
	s->told_tail = &s->told;
	s->at_once = SIZE_MAX;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	s->path = strdup(path);
	if (s->path == NULL || open_files(s) < 0 || start(s, base) < 0)
		store_close(&s);
	return s;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	if (s->thread_runs) {
		pthread_mutex_lock(&s->lock);
		s->ending = true;
		s->hurry = true;
		pthread_cond_signal(&s->work);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
		settle(s);
	}
	if (s->wake != NULL)
		event_free(s->wake);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	/* The reader first: the last connection to close checkpoints. */
	db_close(&s->reader);
	db_close(&s->writer);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

void
store_submit(struct store *s, struct store_job *job)
{
	assert(job->run != NULL && job->done != NULL);
	assert((job->log == NULL) == (job->logged == NULL));
	job->rc = 0;
	job->fault = DB_FINE;
	pthread_mutex_lock(&s->lock);
	if (s->pending == 0)
		clock_gettime(CLOCK_MONOTONIC, &s->progress);
	s->pending++;
	s->weight += store_weight_of(job);
	job_queue_put(&s->waiting, job);
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

struct barrier {
	struct store_job job;
	void (*fn)(void *arg);
	void *arg;
};

static int
run_barrier(struct store_job *job, struct db *db)
{
	(void)job;
	(void)db;
	return 0;
}

static void
done_barrier(struct store_job *job, int rc, enum db_fault fault)
{
	struct barrier *b = (struct barrier *)job;

	(void)rc;
	(void)fault;
	b->fn(b->arg);
	free(b);
}

void
store_barrier(struct store *s, void (*fn)(void *arg), void *arg)
{
	struct barrier *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		log_error("store: out of memory");
		abort();
	}
	b->job.run = run_barrier;
	b->job.done = done_barrier;
	b->job.patient = true;
	b->fn = fn;
	b->arg = arg;
	store_submit(s, &b->job);
}

/* The lock of a store that is only read. */
static pthread_mutex_t *
lock_of(const struct store *s)
{
	return (pthread_mutex_t *)(uintptr_t)&s->lock;
}

size_t
store_pending(const struct store *s)
{
	size_t n;

	pthread_mutex_lock(lock_of(s));
	n = s->pending;
	pthread_mutex_unlock(lock_of(s));
	return n;
}

size_t
store_pending_weight(const struct store *s)
{
	size_t n;

	pthread_mutex_lock(lock_of(s));
	n = s->weight;
	pthread_mutex_unlock(lock_of(s));
	return n;
}

int64_t
store_stalled_ms(const struct store *s)
{
	int64_t ms = 0;

	pthread_mutex_lock(lock_of(s));
	if (s->pending > 0 && s->finished.head == NULL)
		ms = store_us_since(&s->progress) / 1000;
	pthread_mutex_unlock(lock_of(s));
	return ms;
}

void
store_drain(struct store *s)
{
	struct timespec nap = { .tv_nsec = 1000000 };

	pthread_mutex_lock(&s->lock);
	s->hurry = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	while (store_pending(s) > 0) {
		settle(s);
		nanosleep(&nap, NULL);
	}
	pthread_mutex_lock(&s->lock);
	s->hurry = false;
	pthread_mutex_unlock(&s->lock);
}

void
store_split_above(struct store *s, size_t weight)
{
	pthread_mutex_lock(&s->lock);
	s->at_once = weight;
	pthread_mutex_unlock(&s->lock);
}

struct db *
store_reader(struct store *s)
{
	return s->reader;
}

uint64_t
store_database_id(const struct store *s)
{
	return s->database_id;
}

const char *
store_path(const struct store *s)
{
	return s->path;
}

void
store_stats(const struct store *s, struct store_stats *out)
{
	pthread_mutex_lock(lock_of(s));
	*out = s->stats;
	pthread_mutex_unlock(lock_of(s));
	out->file_bytes = size_of(s->path, "");
	out->wal_bytes = size_of(s->path, "-wal");
}
