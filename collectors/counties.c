/*
 * The table that tells a gateway which county each of its sites is in.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collectors/pack.h"
#include "proto/text.h"

struct county {
	char site[WIRE_MAX_CODE + 1];
	char code[WIRE_MAX_CODE + 1];
};

struct counties {
	const char *path;
	size_t n, cap, bad;
	struct county *at;
};

static int
add(void *arg, size_t line, const struct wire_text *field)
{
	struct counties *c = arg;

	if (field[0].len > WIRE_MAX_CODE || field[1].len > WIRE_MAX_CODE) {
		log_error("counties: %s:%zu: a code has more than %d bytes",
			  c->path, line, WIRE_MAX_CODE);
		c->bad++;
		return 0;
	}
	if (c->n == c->cap) {
		size_t cap = c->cap == 0 ? 64 : c->cap * 2;
		struct county *grown = realloc(c->at, cap * sizeof(*grown));

		if (grown == NULL)
			return -1;
		c->at = grown;
		c->cap = cap;
	}
	snprintf(c->at[c->n].site, sizeof(c->at[0].site), "%.*s",
		 (int)field[0].len, field[0].at);
	snprintf(c->at[c->n].code, sizeof(c->at[0].code), "%.*s",
		 (int)field[1].len, field[1].at);
	c->n++;
	return 0;
}

static void
problem(void *arg, const struct text_problem *p)
{
	struct counties *c = arg;

	if (p->warning)
		return; /* sites.csv has more columns than we need */
	log_error("counties: %s: %s: %s", c->path, p->where, p->reason);
	c->bad++;
}

static int
by_site(const void *a, const void *b)
{
	const struct county *x = a, *y = b;

	return strcmp(x->site, y->site);
}

static int
read_table(struct counties *c, FILE *f)
{
	static const struct text_column columns[] = { { "site", true },
						      { "area", true } };
	const struct text_table_spec spec = { .columns = columns,
					      .columns_n = 2,
					      .arg = c,
					      .record = add,
					      .problem = problem };
	struct text_table *t = text_table_new(&spec);
	char buf[16384];
	int rc = t == NULL ? -1 : 0;
	size_t n;

	while (rc == 0 && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		rc = text_table_feed(t, buf, n);
	if (rc == 0)
		rc = text_table_finish(t);
	text_table_free(&t);
	return rc;
}

struct counties *
counties_load(const char *path)
{
	struct counties *c = calloc(1, sizeof(*c));
	FILE *f = fopen(path, "re");
	int rc = -1;

	if (f == NULL)
		log_error("counties: cannot open %s: %m", path);
	if (c != NULL && f != NULL) {
		c->path = path;
		rc = read_table(c, f);
	}
	if (f != NULL)
		fclose(f);
	if (c == NULL || rc < 0 || c->bad > 0) {
		counties_free(&c);
		return NULL;
	}
	if (c->n > 0)
		qsort(c->at, c->n, sizeof(*c->at), by_site);
	return c;
}

void
counties_free(struct counties **cp)
{
	struct counties *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	free(c->at);
	free(c);
}

const char *
counties_find(const struct counties *c, const char *site)
{
	struct county key;
	const struct county *found;

	if (c->n == 0)
		return NULL;
	snprintf(key.site, sizeof(key.site), "%s", site);
	found = bsearch(&key, c->at, c->n, sizeof(*c->at), by_site);
	return found != NULL ? found->code : NULL;
}
