/*
 * What is wrong with an input, as text.
 */
#include "collectors/complaint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT (1024u * 1024)

/* Makes room for len more bytes and a NUL; false: left out. */
static bool
reserve(struct complaint *c, size_t len)
{
	size_t cap = c->cap == 0 ? 4096 : c->cap;
	char *grown;

	if (c->len + len + 1 <= c->cap)
		return true;
	while (cap < c->len + len + 1)
		cap *= 2;
	grown = realloc(c->text, cap);
	if (grown == NULL)
		return false;
	c->text = grown;
	c->cap = cap;
	return true;
}

void
complaint_add(void *arg, const char *line)
{
	struct complaint *c = arg;
	size_t len = strlen(line);

	if (c->len + len > LIMIT || !reserve(c, len + 1)) {
		c->left_out++;
		return;
	}
	memcpy(c->text + c->len, line, len);
	c->len += len;
	c->text[c->len++] = '\n';
	c->text[c->len] = '\0';
}

void
complaint_summary(struct complaint *c, int64_t rows, int64_t bad)
{
	char head[256], tail[64];
	size_t len;

	if (rows == 0 && bad == 0)
		snprintf(head, sizeof(head), "Nothing of this file was taken.\n");
	else
		snprintf(head, sizeof(head),
			 "%" PRId64 " rows were taken, %" PRId64
			 " were not.  Please correct these and drop the file, "
			 "or only these rows, again:\n",
			 rows, bad);
	if (c->left_out > 0) {
		snprintf(tail, sizeof(tail), "... and %zu more", c->left_out);
		c->left_out = 0;
		complaint_add(c, tail);
	}
	len = strlen(head);
	if (!reserve(c, len))
		return;
	memmove(c->text + len, c->text, c->len);
	memcpy(c->text, head, len);
	c->len += len;
	c->text[c->len] = '\0';
}

void
complaint_fini(struct complaint *c)
{
	free(c->text);
	c->text = NULL;
	c->len = c->cap = 0;
}
