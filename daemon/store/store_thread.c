/*
 * The thread that writes.  It takes all jobs that wait, up to a weight, into
 * one transaction, so that one fsync serves many.  When that is much, the
 * first parts of jobs go before: they are committed and told of, and the
 * second parts follow in slices.  While jobs wait, a slice is one transaction
 * with the first parts of all that came until it was done.
 * What it refuses is to go on after a failed fsync: the pages may be lost
 * although a second fsync would report success, so the process ends and the
 * next start recovers from the log.
 */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/store/store_own.h"

#define GROUP_WEIGHT 10000 /* rows of one transaction, about */
#define LOG_WEIGHT 20000   /* where only first parts are done */
#define SLICE_WEIGHT 1000  /* of second parts, between two looks */
#define AGAIN_US 500000	   /* a second part that failed is tried again */

/* What a transaction does of its jobs. */
enum part { PART_LOG, PART_RUN, PART_BOTH };

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
	us = store_us_since(&from);
	pthread_mutex_lock(&s->lock);
	s->stats.commits++;
	s->stats.last_commit_us = us;
	if (us > s->stats.worst_commit_us)
		s->stats.worst_commit_us = us;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int
run_part(struct store *s, struct store_job *job, enum part part)
{
	if (part != PART_RUN && job->log != NULL) {
		job->split = part == PART_LOG;
		if (job->log(job, s->writer) < 0)
			return -1;
	}
	return part == PART_LOG ? 0 : job->run(job, s->writer);
}

/*
 * A second part may be lost with the power: its first part is not, and the
 * next start does it again.  The next first part makes it durable as well, for
 * what is lost of the log is always its end.
 */
static int
begin(struct store *s, enum part part)
{
	bool lazy = part == PART_RUN;

	if (lazy != s->lazy) {
		if (db_exec(s->writer, lazy ? "PRAGMA synchronous=NORMAL"
					    : "PRAGMA synchronous=FULL") < 0)
			return -1;
		s->lazy = lazy;
	}
	return db_begin(s->writer);
}

/* The n jobs from first on, within a transaction; 0 or -1. */
static int
run_list(struct store *s, struct store_job *first, size_t n, enum part part)
{
	for (size_t i = 0; i < n; i++, first = first->next) {
		first->last = i == n - 1;
		if (run_part(s, first, part) < 0)
			return -1;
	}
	return 0;
}

/* Ends a transaction that failed: nothing of it is kept. */
static void
give_up(struct store *s)
{
	if (db_fault(s->writer) == DB_FSYNC)
		end_after_fsync(s);
	db_rollback(s->writer);
}

/* A transaction of the n jobs from first on; 0, or -1 and nothing is kept. */
static int
run_jobs(struct store *s, struct store_job *first, size_t n, enum part part)
{
	if (begin(s, part) < 0)
		return -1;
	if (run_list(s, first, n, part) == 0 && commit(s) == 0)
		return 0;
	for (size_t i = 0; i < n; i++, first = first->next)
		first->fault = db_fault(s->writer);
	give_up(s);
	return -1;
}

static size_t
length(const struct job_queue *q)
{
	size_t n = 0;

	for (const struct store_job *job = q->head; job != NULL; job = job->next)
		n++;
	return n;
}

static void
set_rc(struct job_queue *q, int rc)
{
	for (struct store_job *job = q->head; job != NULL; job = job->next)
		job->rc = rc;
}

/*
 * All jobs in one transaction, or else each in its own; second parts, whose
 * order matters, no further than the first that fails.
 */
static void
run_group(struct store *s, struct job_queue *group, enum part part)
{
	size_t n = length(group);
	struct store_job *job;
	int rc;

	if (n == 0)
		return;
	rc = run_jobs(s, group->head, n, part);
	set_rc(group, rc);
	if (rc == 0 || n == 1)
		return;
	for (job = group->head; job != NULL; job = job->next) {
		job->rc = run_jobs(s, job, 1, part);
		if (job->rc < 0 && part == PART_RUN)
			return;
	}
}

static void
finish(struct store *s, struct store_job *job)
{
	s->stats.jobs++;
	if (job->rc < 0)
		s->stats.failures++;
	job_queue_put(&s->finished, job);
}

static void
wake_loop(struct store *s)
{
	uint64_t one = 1;

	clock_gettime(CLOCK_MONOTONIC, &s->progress);
	/* Full only after 2^64 - 2 wake-ups nobody read. */
	(void)!write(s->wake_fd, &one, sizeof(one));
}

/* Moves the front of from, at least one job, into to; returns its weight. */
static size_t
take_front(struct job_queue *from, struct job_queue *to, size_t most)
{
	bool has_log = from->head != NULL && from->head->log != NULL;
	size_t weight = 0;

	job_queue_init(to);
	while (from->head != NULL && weight < most &&
	       (from->head->log != NULL) == has_log) {
		struct store_job *job = from->head;

		from->head = job->next;
		if (from->head == NULL)
			from->tail = &from->head;
		weight += store_weight_of(job);
		job_queue_put(to, job);
	}
	return weight;
}

static void
put_back(struct job_queue *q, struct store_job *first, struct store_job **tail)
{
	*tail = q->head;
	if (q->head == NULL)
		q->tail = tail;
	q->head = first;
}

static bool
first_parts_wait(const struct store *s)
{
	return s->waiting.head != NULL && s->waiting.head->log != NULL;
}

static bool
may_slice(const struct store *s)
{
	if (s->logged.head == NULL)
		return false;
	return !s->is_stuck || s->hurry || store_us_since(&s->stuck) >= AGAIN_US;
}

/* What one transaction, or two, are to do. */
struct turn {
	struct job_queue slice; /* second parts */
	struct job_queue group; /* of what was handed over */
	enum part part;		/* what is done of the group */
	bool joint;		/* slice and group in one transaction */
};

/*
 * A slice of what is logged, and the first parts that wait with it; or else
 * the next group of what was handed over.  A job in one part waits until all
 * before it is done to its end.
 */
static void
plan(struct store *s, struct turn *t)
{
	bool logs = first_parts_wait(s);
	size_t weight;

	job_queue_init(&t->slice);
	job_queue_init(&t->group);
	t->part = PART_LOG;
	t->joint = logs && may_slice(s);
	if (may_slice(s)) {
		take_front(&s->logged, &t->slice, SLICE_WEIGHT);
		return;
	}
	if (!logs && s->logged.head != NULL)
		return;
	weight = take_front(&s->waiting, &t->group,
			    logs ? LOG_WEIGHT : GROUP_WEIGHT);
	if (!logs || (s->logged.head == NULL && weight <= s->at_once))
		t->part = PART_BOTH;
}

/* The slice, and the first parts of all that has come when it is done. */
static int
run_joint(struct store *s, struct turn *t)
{
	if (begin(s, PART_LOG) < 0)
		return -1;
	if (run_list(s, t->slice.head, length(&t->slice), PART_RUN) < 0)
		goto fail;
	pthread_mutex_lock(&s->lock);
	take_front(&s->waiting, &t->group, LOG_WEIGHT);
	pthread_mutex_unlock(&s->lock);
	if (run_list(s, t->group.head, length(&t->group), PART_LOG) < 0 ||
	    commit(s) < 0)
		goto fail;
	set_rc(&t->slice, 0);
	set_rc(&t->group, 0);
	return 0;
fail:
	give_up(s);
	return -1;
}

static void
run_turn(struct store *s, struct turn *t)
{
	if (t->joint && run_joint(s, t) == 0)
		return;
	run_group(s, &t->slice, PART_RUN);
	run_group(s, &t->group, t->part);
}

static void
hand_back(struct store *s, struct job_queue *group, enum part part)
{
	struct store_job *next;

	for (struct store_job *job = group->head; job != NULL; job = next) {
		next = job->next;
		if (part != PART_LOG || job->rc < 0) {
			finish(s, job);
			continue;
		}
		job_queue_put(&s->logged, job);
		job->told_next = NULL;
		*s->told_tail = job;
		s->told_tail = &job->told_next;
	}
}

/*
 * The second part of a job cannot be done, for the disk is full.  Jobs in one
 * part that wait for it fail, as they would.
 */
static void
get_stuck(struct store *s, enum db_fault fault)
{
	struct job_queue refused;

	s->is_stuck = true;
	clock_gettime(CLOCK_MONOTONIC, &s->stuck);
	log_fault_begin(&s->fault, "store: cannot put counts in place that are "
				   "acknowledged; trying again");
	while (s->waiting.head != NULL && s->waiting.head->log == NULL &&
	       !s->waiting.head->patient) {
		take_front(&s->waiting, &refused, 1);
		refused.head->rc = -1;
		refused.head->fault = fault;
		finish(s, refused.head);
	}
}

/* Gives back the second parts that are done, keeps the others for later. */
static void
hand_back_slice(struct store *s, struct job_queue *slice)
{
	struct store_job *job, *next;

	for (job = slice->head; job != NULL; job = next) {
		next = job->next;
		if (job->rc < 0 && !s->hurry)
			break;
		finish(s, job);
	}
	if (job != NULL) {
		put_back(&s->logged, job, slice->tail);
		get_stuck(s, job->fault);
	} else if (s->is_stuck && slice->head != NULL) {
		s->is_stuck = false;
		log_fault_end(&s->fault, "store: acknowledged counts are in "
					 "place");
	}
}

/* Is there anything that can be done now? */
static bool
can_work(const struct store *s)
{
	if (s->waiting.head != NULL &&
	    (s->logged.head == NULL || s->waiting.head->log != NULL))
		return true;
	return may_slice(s);
}

/* Waits for something to do; false at the end of all. */
static bool
wait_for_work(struct store *s)
{
	const struct timespec nap = { .tv_nsec = 50000000 };

	while (s->waiting.head == NULL && s->logged.head == NULL && !s->ending)
		pthread_cond_wait(&s->work, &s->lock);
	while (s->logged.head != NULL && !can_work(s)) {
		pthread_mutex_unlock(&s->lock);
		nanosleep(&nap, NULL);
		pthread_mutex_lock(&s->lock);
	}
	return s->waiting.head != NULL || s->logged.head != NULL;
}

void *
store_thread(void *arg)
{
	struct store *s = arg;
	struct turn turn;

	pthread_mutex_lock(&s->lock);
	while (wait_for_work(s)) {
		plan(s, &turn);
		pthread_mutex_unlock(&s->lock);
		run_turn(s, &turn);
		pthread_mutex_lock(&s->lock);
		hand_back_slice(s, &turn.slice);
		hand_back(s, &turn.group, turn.part);
		wake_loop(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}
