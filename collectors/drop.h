#ifndef TOCSIN_COLLECTORS_DROP_H
#define TOCSIN_COLLECTORS_DROP_H

/*
 * Files that people and programs leave in a folder.  A file is taken when it
 * was renamed into the folder, or closed and then unchanged for a while;
 * hidden files and ones that end with .tmp, .part or ~ are left alone.  Files
 * are taken in the order in which they came, because the later one wins.
 *
 * Taken files go to done/.  A file with bad rows goes to failed/, beside a
 * FILE.ERROR that names line and reason; its good rows were taken, and
 * FILE.ERROR says so.  What cannot be taken now (full outbox) stays.
 */

#include "collectors/take.h"

struct event_base;
struct outbox;
struct drop;

struct drop_conf {
	struct event_base *base;
	struct outbox *outbox;
	struct take *take;
	const char *folder; /* made where it is missing */
	int64_t rescan_ms;
	int64_t settle_ms;
	int64_t keep_done_ms;	 /* 0 = for ever */
	void (*took)(void *arg); /* after every file taken */
	void *arg;
};

/* conf is copied, what it points to is borrowed.  NULL when logged. */
struct drop *drop_open(const struct drop_conf *conf);
void drop_close(struct drop **d);

#endif
