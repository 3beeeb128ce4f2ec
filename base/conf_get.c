/*
 * What a configuration holds, once it is read.
 */
#include "base/conf_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"

struct group *
conf_group(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->group[i].block->name, name) == 0)
			return &c->group[i];
	}
	return NULL;
}

static void
free_instance(struct group *g, struct instance *in)
{
	for (size_t i = 0; i < g->keys; i++) {
		const struct conf_key *key = &g->block->key[i];

		if (in->data != NULL)
			conf_value_clear(key, (char *)in->data + key->offset);
		free(in->text[i]);
	}
	free(in->data);
	free(in->title);
	free(in->where);
}

void
conf_free(struct conf **pc)
{
	struct conf *c = *pc;

	*pc = NULL;
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->group[i].n; k++)
			free_instance(&c->group[i], &c->group[i].at[k]);
		free(c->group[i].at);
	}
	free(c->group);
	free(c);
}

const void *
conf_get(const struct conf *c, const char *block)
{
	return conf_at(c, block, 0);
}

size_t
conf_count(const struct conf *c, const char *block)
{
	const struct group *g = conf_group(c, block);

	return g != NULL ? g->n : 0;
}

const void *
conf_at(const struct conf *c, const char *block, size_t i)
{
	const struct group *g = conf_group(c, block);

	return g != NULL && i < g->n ? g->at[i].data : NULL;
}

const char *
conf_title(const struct conf *c, const char *block, size_t i)
{
	const struct group *g = conf_group(c, block);

	return g != NULL && i < g->n ? g->at[i].title : NULL;
}

const char *
conf_where(const struct conf *c, const char *block, size_t i)
{
	const struct group *g = conf_group(c, block);

	return g != NULL && i < g->n ? g->at[i].where : NULL;
}

bool
conf_is_set(const struct conf *c, const char *block, size_t i, const char *key)
{
	const struct group *g = conf_group(c, block);

	if (g == NULL || i >= g->n)
		return false;
	for (size_t k = 0; k < g->keys; k++) {
		if (strcmp(g->block->key[k].name, key) == 0)
			return g->at[i].text[k] != NULL;
	}
	return false;
}

static void
show_list(const struct conf_list *list, FILE *out)
{
	fputc('{', out);
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", list->at[i]);
	fputc('}', out);
}

static void
show_instance(const struct group *g, const struct instance *in, FILE *out)
{
	fprintf(out, g->block->titled ? "%s \"%s\" {\n" : "%s {\n",
		g->block->name, in->title);
	for (size_t i = 0; i < g->keys; i++) {
		const struct conf_key *key = &g->block->key[i];
		const char *text = in->text[i] != NULL ? in->text[i]
				   : key->def != NULL  ? key->def
						       : "";

		fprintf(out, "\t%s = ", key->name);
		if (key->type == CONF_LIST)
			show_list((const void *)((const char *)in->data +
						 key->offset),
				  out);
		else
			fprintf(out, "\"%s\"", text);
		fputs(in->text[i] == NULL ? " # default\n" : "\n", out);
	}
	fputs("}\n", out);
}

void
conf_show(const struct conf *c, FILE *out)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->group[i].n; k++)
			show_instance(&c->group[i], &c->group[i].at[k], out);
	}
}
