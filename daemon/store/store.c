/*
 * The writing thread and its two queues.  It takes all jobs that wait, up to
 * a weight, into one transaction, so that one fsync serves many; what it
 * refuses is to go on after a failed fsync: the pages may be lost although a
 * second fsync would report success, so the process ends and the next start
 * recovers from the log.
 */
#include "daemon/store/store.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/meta.h"
#include "daemon/store/schema.h"

#define GROUP_WEIGHT 10000 /* rows of one transaction, about */

struct queue {
	struct store_job *head, **tail;
};

struct store {
	char *path;
	struct db *writer; /* the thread's alone, once it runs */
	struct db *reader; /* the loop's */
	uint64_t database_id;
	pthread_t thread;
	bool thread_runs;
	struct event *wake;
	int wake_fd;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t work;
	struct queue waiting, finished;
	bool ending;
	size_t pending, weight;
	struct timespec progress; /* of the thread, or when work came */
	struct store_stats stats;
};

static void
queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void
queue_put(struct queue *q, struct store_job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static size_t
weight_of(const struct store_job *job)
{
	return job->weight == 0 ? 1 : job->weight;
}

/* Moves the front of from, at least one job, into to. */
static void
take_group(struct queue *from, struct queue *to)
{
	size_t weight = 0;

	queue_init(to);
	while (from->head != NULL && weight < GROUP_WEIGHT) {
		struct store_job *job = from->head;

		from->head = job->next;
		if (from->head == NULL)
			from->tail = &from->head;
		weight += weight_of(job);
		queue_put(to, job);
	}
}

static int64_t
us_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)(now.tv_sec - from->tv_sec) * 1000000 +
	       (now.tv_nsec - from->tv_nsec) / 1000;
}

static void
end_after_fsync(const struct store *s)
{
	log_error("store: fsync of %s failed; ending, so that the next start "
		  "recovers from what is on the disk",
		  s->path);
	_exit(EX_IOERR);
}

static int
commit(struct store *s)
{
	struct timespec from;
	int64_t us;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &from);
	rc = db_commit(s->writer);
	us = us_since(&from);
	pthread_mutex_lock(&s->lock);
	s->stats.commits++;
	s->stats.last_commit_us = us;
	if (us > s->stats.worst_commit_us)
		s->stats.worst_commit_us = us;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* A transaction of the n jobs from first on; 0, or -1 and nothing is kept. */
static int
run_jobs(struct store *s, struct store_job *first, size_t n)
{
	struct store_job *job = first;

	if (db_begin(s->writer) < 0)
		return -1;
	for (size_t i = 0; i < n; i++, job = job->next) {
		if (job->run(job, s->writer) < 0)
			goto fail;
	}
	if (commit(s) == 0)
		return 0;
fail:
	if (db_fault(s->writer) == DB_FSYNC)
		end_after_fsync(s);
	job = first;
	for (size_t i = 0; i < n; i++, job = job->next)
		job->fault = db_fault(s->writer);
	db_rollback(s->writer);
	return -1;
}

static void
run_group(struct store *s, struct queue *group)
{
	size_t n = 0;
	int rc;

	for (struct store_job *job = group->head; job != NULL; job = job->next)
		n++;
	rc = run_jobs(s, group->head, n);
	for (struct store_job *job = group->head; job != NULL; job = job->next)
		job->rc = rc;
	if (rc == 0 || n == 1)
		return;
	for (struct store_job *job = group->head; job != NULL; job = job->next)
		job->rc = run_jobs(s, job, 1);
}

static void
give_back(struct store *s, struct queue *group)
{
	uint64_t one = 1;

	for (struct store_job *job = group->head; job != NULL; job = job->next) {
		s->stats.jobs++;
		if (job->rc < 0)
			s->stats.failures++;
	}
	*s->finished.tail = group->head;
	s->finished.tail = group->tail;
	clock_gettime(CLOCK_MONOTONIC, &s->progress);
	/* Full only after 2^64 - 2 wake-ups nobody read. */
	(void)!write(s->wake_fd, &one, sizeof(one));
}

static void *
thread_main(void *arg)
{
	struct store *s = arg;
	struct queue group;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->waiting.head == NULL && !s->ending)
			pthread_cond_wait(&s->work, &s->lock);
		if (s->waiting.head == NULL)
			break;
		take_group(&s->waiting, &group);
		pthread_mutex_unlock(&s->lock);
		run_group(s, &group);
		pthread_mutex_lock(&s->lock);
		give_back(s, &group);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Calls done() of everything finished. */
static void
settle(struct store *s)
{
	struct store_job *job;

	pthread_mutex_lock(&s->lock);
	job = s->finished.head;
	queue_init(&s->finished);
	pthread_mutex_unlock(&s->lock);
	while (job != NULL) {
		struct store_job *next = job->next;

		pthread_mutex_lock(&s->lock);
		s->pending--;
		s->weight -= weight_of(job);
		pthread_mutex_unlock(&s->lock);
		job->next = NULL;
		job->done(job, job->rc, job->fault);
		job = next;
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
	rc = pthread_create(&s->thread, NULL, thread_main, s);
	if (rc != 0) {
		log_error("store: no thread: %s", strerror(rc));
		return -1;
	}
	s->thread_runs = true;
	return 0;
}

static int
open_files(struct store *s)
{
	s->writer = db_open(s->path, DB_READ_WRITE, 5000, "store");
	if (s->writer == NULL || schema_migrate(s->writer) < 0)
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
	queue_init(&s->waiting);
	queue_init(&s->finished);
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
	job->rc = 0;
	job->fault = DB_FINE;
	pthread_mutex_lock(&s->lock);
	if (s->pending == 0)
		clock_gettime(CLOCK_MONOTONIC, &s->progress);
	s->pending++;
	s->weight += weight_of(job);
	queue_put(&s->waiting, job);
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
		ms = us_since(&s->progress) / 1000;
	pthread_mutex_unlock(lock_of(s));
	return ms;
}

void
store_drain(struct store *s)
{
	struct timespec nap = { .tv_nsec = 1000000 };

	while (store_pending(s) > 0) {
		settle(s);
		nanosleep(&nap, NULL);
	}
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

void
store_stats(const struct store *s, struct store_stats *out)
{
	pthread_mutex_lock(lock_of(s));
	*out = s->stats;
	pthread_mutex_unlock(lock_of(s));
	out->file_bytes = size_of(s->path, "");
	out->wal_bytes = size_of(s->path, "-wal");
}
