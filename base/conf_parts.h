#ifndef TOCSIN_BASE_CONF_PARTS_H
#define TOCSIN_BASE_CONF_PARTS_H

/* What a configuration is made of; for conf.c and conf_get.c only. */

#include "base/conf.h"

enum { MAX_KEYS = 63 };

struct instance {
	char *title;
	char *where;
	void *data;
	char *text[MAX_KEYS];  /* as written; NULL: the default */
	unsigned in[MAX_KEYS]; /* the file that wrote it, see reader.nth */
	unsigned twice;	       /* the file that has the block once more */
	bool cut;	       /* its file was not read to the end */
};

struct group {
	const struct conf_block *block;
	size_t keys;
	size_t n;
	struct instance *at;
};

struct conf {
	size_t n;
	struct group *group;
};

/* The group of that name; NULL: the tables have none. */
struct group *conf_group(const struct conf *c, const char *name);

#endif
