#ifndef TOCSIN_STORE_OWN_H
#define TOCSIN_STORE_OWN_H

/* The inside of struct store, for store.c and store_thread.c. */

#include <pthread.h>
#include <time.h>

#include "base/log.h"
#include "daemon/store/store.h"

struct job_queue {
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
	/* The thread's: jobs whose first part is committed. */
	struct job_queue logged;
	struct timespec stuck; /* when the second part of one failed */
	bool is_stuck;
	bool lazy; /* the writer does not sync at COMMIT */
	struct log_fault fault;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t work;
	struct job_queue waiting, finished;
	struct store_job *told, **told_tail; /* logged() is to be called */
	size_t at_once;
	bool ending;
	bool hurry; /* what cannot be done now is left to the next start */
	size_t pending, weight;
	struct timespec progress; /* of the thread, or when work came */
	struct store_stats stats;
};

void job_queue_init(struct job_queue *q);
void job_queue_put(struct job_queue *q, struct store_job *job);
size_t store_weight_of(const struct store_job *job);
int64_t store_us_since(const struct timespec *from);

/* The thread; arg is the store. */
void *store_thread(void *arg);

#endif
