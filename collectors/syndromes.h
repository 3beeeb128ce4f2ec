#ifndef TOCSIN_COLLECTORS_SYNDROMES_H
#define TOCSIN_COLLECTORS_SYNDROMES_H

/*
 * The syndrome classifier: which indicators a visit counts for, from the words
 * of its complaint and the codes of its diagnoses.  etc/syndromes.conf is the
 * rule book; a rule is a list that a person can read and correct, and the same
 * text always gives the same answer.
 *
 *	syndrome "ili-visit" {
 *		words = {"fever+cough", "influenza", "流感"}
 *		except = {"flu shot"}
 *		codes = {"J09", "J10", "J11"}
 *	}
 *
 * A word of ASCII letters matches whole words, without regard to case, and as
 * a beginning where it ends with '*'; any other text matches anywhere, for
 * languages that are written without spaces.  "a+b" needs both.  What except
 * lists is taken out of the complaint first.  A code matches by its beginning,
 * without regard to dots and case.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h" /* struct wire_text */

#define SYNDROMES_MAX 64
#define SYNDROMES_TEXT 4096 /* bytes of a complaint that are looked at */

struct syndromes;

/* NULL when already logged. */
struct syndromes *syndromes_load(const char *path);
void syndromes_free(struct syndromes **s);

size_t syndromes_count(const struct syndromes *s);
/* The indicator of number i. */
const char *syndromes_name(const struct syndromes *s, size_t i);

/* Bit i is set where syndrome i has a word of the text, or the code. */
uint64_t syndromes_by_text(const struct syndromes *s, struct wire_text text);
uint64_t syndromes_by_code(const struct syndromes *s, struct wire_text code);

#endif
