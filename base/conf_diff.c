/* What differs between two configurations of the same blocks. */
#include <string.h>

#include "base/conf.h"

static bool
is_same_list(const struct conf_list *a, const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	}
	return true;
}

static bool
is_same_value(const struct conf_key *key, const void *a, const void *b)
{
	const void *x = (const char *)a + key->offset;
	const void *y = (const char *)b + key->offset;

	switch (key->type) {
	case CONF_STRING:
	case CONF_ZONE:
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	case CONF_INT:
	case CONF_DURATION:
	case CONF_SIZE:
		return *(const int64_t *)x == *(const int64_t *)y;
	case CONF_FLOAT:
		return *(const double *)x == *(const double *)y;
	case CONF_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case CONF_CHOICE:
		return *(const int *)x == *(const int *)y;
	case CONF_LIST:
		return is_same_list(x, y);
	}
	return false;
}

struct differ {
	conf_differs *differs;
	void *arg;
};

static void
compare(const struct differ *d, const struct conf_block *block,
	const char *title, const void *a, const void *b)
{
	for (const struct conf_key *k = block->key; k->name != NULL; k++) {
		if (!is_same_value(k, a, b))
			d->differs(d->arg, block, title, k);
	}
}

/* The block of that title, or NULL. */
static const void *
titled(const struct conf *c, const char *block, const char *title)
{
	for (size_t i = 0; i < conf_count(c, block); i++) {
		if (strcmp(conf_title(c, block, i), title) == 0)
			return conf_at(c, block, i);
	}
	return NULL;
}

/* Titled blocks of a that b has otherwise or not at all. */
static void
compare_titled(const struct differ *d, const struct conf_block *block,
	       const struct conf *a, const struct conf *b)
{
	for (size_t i = 0; i < conf_count(a, block->name); i++) {
		const char *title = conf_title(a, block->name, i);
		const void *other = titled(b, block->name, title);

		if (other == NULL)
			d->differs(d->arg, block, title, NULL);
		else
			compare(d, block, title, conf_at(a, block->name, i),
				other);
	}
}

void
conf_diff(const struct conf *a, const struct conf *b,
	  const struct conf_block *blocks, conf_differs *differs, void *arg)
{
	const struct differ d = { differs, arg };

	for (const struct conf_block *block = blocks; block->name != NULL;
	     block++) {
		if (!block->titled) {
			compare(&d, block, "", conf_get(a, block->name),
				conf_get(b, block->name));
			continue;
		}
		compare_titled(&d, block, a, b);
		for (size_t i = 0; i < conf_count(b, block->name); i++) {
			const char *title = conf_title(b, block->name, i);

			if (titled(a, block->name, title) == NULL)
				differs(arg, block, title, NULL);
		}
	}
}
