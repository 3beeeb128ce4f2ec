#ifndef TOCSIN_COLLECTORS_PROGRESS_H
#define TOCSIN_COLLECTORS_PROGRESS_H

/*
 * One line on standard error that shows how far a push is: a bar, numbers and
 * what is being waited for.  Draws nothing where that is no terminal.
 */

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* standard error is a terminal */
	int64_t total;
	int64_t began_ms;
	bool drawn;
};

void progress_init(struct progress *p, int64_t total);
/* done of total counts; note is a few words, or "". */
void progress_draw(struct progress *p, int64_t done, const char *note);
/* Leaves the line, so that other text can follow. */
void progress_end(struct progress *p);

#endif
