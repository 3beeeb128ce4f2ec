/*
 * Blocks of configuration on libconfuse.  Every key is read as a text by a
 * callback that checks it at once against its row, because only then does
 * libconfuse know the line; the first option of each list has a name that no
 * file can contain and carries our context, for libconfuse passes none.
 */
#include "base/conf.h"

#include <confuse.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/conf_parts.h"
#include "base/conf_text.h"
#include "base/conf_value.h"
#include "base/nearest.h"

enum { MAX_MESSAGE = 512, MAX_FILE_BYTES = 4 * 1024 * 1024 };

struct reader {
	struct conf *conf;
	conf_report *report;
	void *arg;
	const char *file;
	const char *text; /* of that file */
	unsigned nth;	  /* of all files, from 1 */
	unsigned errors;
};

static void __attribute__((format(printf, 3, 4)))
say(struct reader *r, int line, const char *fmt, ...)
{
	char message[MAX_MESSAGE];
	int n = snprintf(message, sizeof(message),
			 line > 0 ? "%s:%d: " : "%s: ", r->file, line);
	va_list ap;

	va_start(ap, fmt);
	if (n > 0 && n < MAX_MESSAGE)
		vsnprintf(message + n, sizeof(message) - (size_t)n, fmt, ap);
	va_end(ap);
	r->errors++;
	r->report(r->arg, message);
}

static struct instance *
add_instance(struct reader *r, struct group *g, const char *title, int line)
{
	struct instance *grown = realloc(g->at, (g->n + 1) * sizeof(*grown));
	char reason[CONF_REASON_BYTES], where[MAX_MESSAGE];
	struct instance *in;
	int head = r->text == NULL
			   ? 0
			   : conf_text_block(r->text, g->block->name, title);

	if (grown == NULL)
		return NULL;
	g->at = grown;
	in = &g->at[g->n++];
	*in = (struct instance){ 0 };
	snprintf(where, sizeof(where), "%s:%d", r->file, head > 0 ? head : line);
	in->where = strdup(where);
	in->title = strdup(title);
	in->data = calloc(1, g->block->size);
	if (in->data == NULL || in->title == NULL || in->where == NULL)
		return NULL;
	for (size_t i = 0; i < g->keys; i++) {
		const struct conf_key *key = &g->block->key[i];

		if (conf_value_default(key, (char *)in->data + key->offset,
				       reason) < 0)
			say(r, line, "default of %s", reason);
	}
	return in;
}

/* The instance that a section of the file fills. */
static struct instance *
instance_of(struct reader *r, struct group *g, cfg_t *sec)
{
	const char *title = cfg_title(sec);

	if (!g->block->titled)
		return g->n > 0 ? &g->at[0] : add_instance(r, g, "", sec->line);
	for (size_t i = 0; i < g->n; i++) {
		size_t len = strlen(r->file);

		if (strcmp(g->at[i].title, title) != 0)
			continue;
		if (strncmp(g->at[i].where, r->file, len) == 0)
			return &g->at[i];
		if (g->at[i].twice != r->nth)
			say(r, sec->line, "%s \"%s\" is there already, at %s",
			    g->block->name, title, g->at[i].where);
		g->at[i].twice = r->nth;
		return NULL;
	}
	return add_instance(r, g, title, sec->line);
}

static void
note_line(const struct conf_list *list, int line)
{
	list->line[list->n - 1] = line;
}

/* first: it begins a value; further ones of a list follow. */
static void
store_value(struct reader *r, cfg_t *sec, const struct conf_key *key,
	    const char *value, bool first)
{
	struct group *g = conf_group(r->conf, cfg_name(sec));
	struct instance *in = g != NULL ? instance_of(r, g, sec) : NULL;
	char reason[CONF_REASON_BYTES];
	char **text;
	unsigned *wrote;
	void *field;

	if (in == NULL)
		return;
	field = (char *)in->data + key->offset;
	text = &in->text[key - g->block->key];
	wrote = &in->in[key - g->block->key];
	if (first && *wrote == r->nth)
		say(r, sec->line, "%s stands twice in one block", key->name);
	*wrote = r->nth;
	if (key->type == CONF_LIST && *text == NULL)
		conf_value_clear(key, field);
	if (conf_value_set(key, field, value, reason) < 0)
		say(r, sec->line, "%s", reason);
	else if (key->type == CONF_LIST)
		note_line(field, sec->line);
	free(*text);
	*text = strdup(value);
}

static struct reader *
reader_of(cfg_t *cfg)
{
	return (struct reader *)(void *)cfg->opts[0].simple_value.ptr;
}

static int
on_value(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	struct reader *r = reader_of(sec);
	const struct group *g = conf_group(r->conf, cfg_name(sec));

	for (size_t i = 0; g != NULL && i < g->keys; i++) {
		if (strcmp(g->block->key[i].name, opt->name) == 0)
			store_value(r, sec, &g->block->key[i], value,
				    opt->nvalues <= 1);
	}
	*(const char **)result = value;
	return 0;
}

/* Adds the nearest known key to libconfuse's "no such option". */
static void
did_you_mean(struct reader *r, cfg_t *cfg, const char *word)
{
	struct nearest near;

	nearest_begin(&near, word);
	for (cfg_opt_t *o = cfg->opts + 1; o->name != NULL; o++)
		nearest_offer(&near, o->name);
	if (near.best != NULL)
		say(r, cfg->line, "no such key '%s' here; did you mean '%s'?",
		    word, near.best);
	else
		say(r, cfg->line, "no such key '%s' here", word);
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct reader *r = reader_of(cfg);
	char message[MAX_MESSAGE];
	char *open;

	vsnprintf(message, sizeof(message), fmt, ap);
	open = strchr(message, '\'');
	if (strncmp(message, "no such option", 14) == 0 && open != NULL) {
		open[1 + strcspn(open + 1, "'")] = '\0';
		did_you_mean(r, cfg, open + 1);
		return;
	}
	say(r, cfg->line, "%s", message);
}

static void
context_option(struct reader *r, cfg_opt_t *o)
{
	*o = (cfg_opt_t)CFG_PTR_CB("\001", NULL, CFGF_NODEFAULT, NULL, NULL);
	o->simple_value.ptr = (void **)(void *)r;
}

/* Options of one block; freed by the caller. */
static cfg_opt_t *
block_options(struct reader *r, const struct group *g)
{
	cfg_opt_t *o = calloc(g->keys + 2, sizeof(*o));

	if (o == NULL)
		return NULL;
	context_option(r, &o[0]);
	for (size_t i = 0; i < g->keys; i++) {
		const struct conf_key *key = &g->block->key[i];

		if (key->type == CONF_LIST)
			o[i + 1] = (cfg_opt_t)CFG_STR_LIST_CB(
				key->name, NULL, CFGF_NODEFAULT, on_value);
		else
			o[i + 1] = (cfg_opt_t)CFG_STR_CB(
				key->name, NULL, CFGF_NODEFAULT, on_value);
	}
	o[g->keys + 1] = (cfg_opt_t)CFG_END();
	return o;
}

/* Titled blocks without a single key are seen only here. */
static void
add_empty(struct reader *r, cfg_t *cfg)
{
	for (size_t i = 0; i < r->conf->n; i++) {
		struct group *g = &r->conf->group[i];
		unsigned n = cfg_size(cfg, g->block->name);

		for (unsigned k = 0; g->block->titled && k < n; k++)
			instance_of(r, g, cfg_getnsec(cfg, g->block->name, k));
	}
}

/* What was read of this file may lack keys that stand further down. */
static void
mark_cut(struct reader *r)
{
	size_t len = strlen(r->file);

	for (size_t i = 0; i < r->conf->n; i++) {
		struct group *g = &r->conf->group[i];

		for (size_t k = 0; k < g->n; k++)
			g->at[k].cut = g->at[k].cut ||
				       strncmp(g->at[k].where, r->file, len) == 0;
	}
}

static void
parse_text(struct reader *r, const char *text)
{
	size_t n = r->conf->n;
	cfg_opt_t *top = calloc(n + 2, sizeof(*top));
	cfg_opt_t **sub = calloc(n, sizeof(*sub));
	cfg_t *cfg = NULL;

	if (top == NULL || sub == NULL)
		goto out;
	context_option(r, &top[0]);
	for (size_t i = 0; i < n; i++) {
		const struct conf_block *b = r->conf->group[i].block;
		cfg_flag_t flags = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;

		sub[i] = block_options(r, &r->conf->group[i]);
		if (sub[i] == NULL)
			goto out;
		top[i + 1] = (cfg_opt_t)CFG_SEC(b->name, sub[i],
						b->titled ? flags : CFGF_NONE);
	}
	top[n + 1] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(top, CFGF_NONE);
	if (cfg == NULL)
		goto out;
	cfg_set_error_function(cfg, on_error);
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		add_empty(r, cfg);
	else
		mark_cut(r);
out:
	if (cfg == NULL)
		say(r, 0, "out of memory");
	else
		cfg_free(cfg);
	for (size_t i = 0; sub != NULL && i < n; i++)
		free(sub[i]);
	free(sub);
	free(top);
}

static char *
read_file(struct reader *r, FILE *f)
{
	char *text = malloc(MAX_FILE_BYTES + 1);
	size_t n;

	if (text == NULL) {
		say(r, 0, "out of memory");
		return NULL;
	}
	n = fread(text, 1, MAX_FILE_BYTES + 1, f);
	if (ferror(f) || n > MAX_FILE_BYTES || memchr(text, '\0', n) != NULL) {
		say(r, 0,
		    ferror(f)		 ? "cannot be read"
		    : n > MAX_FILE_BYTES ? "larger than 4 MiB: no configuration"
					 : "has a NUL byte: no configuration");
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static void
read_path(struct reader *r, const char *path)
{
	FILE *f = fopen(path, "re");
	const char *bad;
	char *text;
	int open, line;

	r->file = path;
	r->nth++;
	if (f == NULL) {
		say(r, 0, "cannot be opened: %s", strerror(errno));
		return;
	}
	text = read_file(r, f);
	fclose(f);
	if (text == NULL)
		return;
	bad = conf_text_bad(text, &line);
	if (bad != NULL)
		say(r, line, "%s", bad);
	open = bad == NULL ? conf_text_open(text) : 0;
	if (open > 0)
		say(r, open, "this '{' has no '}'");
	conf_text_strip(text);
	r->text = text;
	parse_text(r, text);
	r->text = NULL;
	free(text);
}

static int
is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 &&
	       strcmp(e->d_name + len - 5, ".conf") == 0;
}

static void
read_folder(struct reader *r, const char *path)
{
	struct dirent **entry;
	int n = scandir(path, &entry, is_conf, alphasort);

	r->file = path;
	if (n < 0) {
		say(r, 0, "cannot be read: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		read_path(r, file);
		free(entry[i]);
	}
	free(entry);
}

static void
check_required(struct reader *r)
{
	for (size_t i = 0; i < r->conf->n; i++) {
		const struct group *g = &r->conf->group[i];

		for (size_t k = 0; k < g->n * g->keys; k++) {
			const struct instance *in = &g->at[k / g->keys];
			const struct conf_key *key = &g->block->key[k % g->keys];

			if (key->def != NULL || in->cut ||
			    in->text[k % g->keys] != NULL)
				continue;
			r->file = in->where;
			say(r, 0, "%s \"%s\" needs the key %s: %s",
			    g->block->name, in->title, key->name, key->help);
		}
	}
}

static struct conf *
conf_new(const struct conf_block *blocks)
{
	struct conf *c = calloc(1, sizeof(*c));
	size_t n = 0;

	while (blocks[n].name != NULL)
		n++;
	if (c == NULL || (c->group = calloc(n + 1, sizeof(*c->group))) == NULL) {
		free(c);
		return NULL;
	}
	c->n = n;
	for (size_t i = 0; i < n; i++) {
		c->group[i].block = &blocks[i];
		while (blocks[i].key[c->group[i].keys].name != NULL)
			c->group[i].keys++;
	}
	return c;
}

struct conf *
conf_load(const char *const *paths, size_t paths_n,
	  const struct conf_block *blocks, conf_report *report, void *arg)
{
	struct reader r = { .report = report, .arg = arg, .file = "defaults" };

	r.conf = conf_new(blocks);
	if (r.conf == NULL) {
		say(&r, 0, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < paths_n; i++) {
		struct stat st;

		if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			read_folder(&r, paths[i]);
		else
			read_path(&r, paths[i]);
	}
	r.file = "defaults";
	for (size_t i = 0; i < r.conf->n; i++) {
		struct group *g = &r.conf->group[i];

		if (!g->block->titled && g->n == 0 &&
		    add_instance(&r, g, "", 0) == NULL)
			say(&r, 0, "out of memory");
	}
	check_required(&r);
	if (r.errors > 0)
		conf_free(&r.conf);
	return r.conf;
}
