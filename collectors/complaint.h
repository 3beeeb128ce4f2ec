#ifndef TOCSIN_COLLECTORS_COMPLAINT_H
#define TOCSIN_COLLECTORS_COMPLAINT_H

/*
 * What is wrong with an input, as text for the person who made it: one line a
 * row, at most 1 MiB of them, under a sentence that says what was taken.
 */

#include <stddef.h>
#include <stdint.h>

struct complaint {
	char *text; /* NUL-terminated where len > 0 */
	size_t len, cap;
	size_t left_out; /* lines beyond the limit */
};

/* A take_problem of take.h; arg is the struct complaint. */
void complaint_add(void *arg, const char *line);
/* Puts the sentence in front; rows good ones were taken, bad were not. */
void complaint_summary(struct complaint *c, int64_t rows, int64_t bad);
void complaint_fini(struct complaint *c);

#endif
