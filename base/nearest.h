#ifndef TOCSIN_BASE_NEAREST_H
#define TOCSIN_BASE_NEAREST_H

/*
 * "Did you mean": the nearest of several known words to a mistyped one.
 *
 *	struct nearest near;
 *
 *	nearest_begin(&near, word);
 *	for (...)
 *		nearest_offer(&near, known);
 *	near.best ...	(NULL: nothing is near)
 *
 * Near is at most one edit for every three letters and one more; of equals
 * the one offered first.  At most 63 bytes of a word count.
 */

struct nearest {
	const char *word; /* borrowed */
	const char *best; /* borrowed from who offered it */
	unsigned limit;	  /* edits that are still near */
};

void nearest_begin(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *known);

#endif
