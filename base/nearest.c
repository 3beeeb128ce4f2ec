/* The nearest of several words, see nearest.h. */
#include "base/nearest.h"

#include <string.h>

#define LONGEST 63

/* Edits between two words. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t la = strnlen(a, LONGEST), lb = strnlen(b, LONGEST);

	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

void
nearest_begin(struct nearest *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->limit = (unsigned)strnlen(word, LONGEST) / 3 + 1;
}

void
nearest_offer(struct nearest *n, const char *known)
{
	size_t a = strnlen(n->word, LONGEST), b = strnlen(known, LONGEST);
	unsigned d;

	if (a > b + n->limit || b > a + n->limit)
		return;
	d = distance(n->word, known);
	if (d > n->limit || (n->best != NULL && d == n->limit))
		return;
	n->best = known;
	n->limit = d;
}
