#ifndef TOCSIN_JUDGE_NAMES_H
#define TOCSIN_JUDGE_NAMES_H

/*
 * Codes with dense numbers: a growing list of texts and a hash over them.
 * Numbers are given in order of addition and never change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_NONE UINT32_MAX

/* All zero is an empty list. */
struct names {
	char **at; /* n texts and a NULL */
	size_t n;
	size_t cap;
	uint32_t *slot; /* open addressing; NAMES_NONE = free */
	size_t slots;	/* a power of two, or 0 */
};

void names_fini(struct names *t);

/* The number of the text (len bytes, no NUL needed), or NAMES_NONE. */
uint32_t names_find(const struct names *t, const char *text, size_t len);

/* The number of the text, added if it is new; NAMES_NONE: no memory. */
uint32_t names_add(struct names *t, const char *text, size_t len);

/*
 * The known text nearest to a misspelt one, or NULL where none is near.  A
 * long list is searched only among texts that begin alike, so that a flood
 * of unknown codes stays cheap.
 */
const char *names_near(const struct names *t, const char *text, size_t len);

/* Is the text well-formed UTF-8 without control characters?  "" is. */
bool names_printable(const char *text, size_t len);

#endif
