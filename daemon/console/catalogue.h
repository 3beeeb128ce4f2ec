#ifndef TOCSIN_CONSOLE_CATALOGUE_H
#define TOCSIN_CONSOLE_CATALOGUE_H

/*
 * The texts that people read, in English and Chinese, from the same files
 * that the page uses (catalogue/en.json, zh-CN.json), compiled in.  Flat
 * keys; a value may hold "{name}" for what is put in.
 */

#include <stddef.h>

enum catalogue_language { CATALOGUE_EN, CATALOGUE_ZH, CATALOGUE_LANGUAGES };

struct catalogue;

/* All languages.  NULL when memory is short. */
struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue **c);

/*
 * From "zh-CN", "zh_CN.UTF-8", "zh-CN,zh;q=0.9,en;q=0.8"; English where it
 * is NULL or neither.
 */
enum catalogue_language catalogue_language(const char *text);
const char *catalogue_language_str(enum catalogue_language lang);

/* The text of a key; the key itself where there is none. */
const char *catalogue_text(const struct catalogue *c,
			   enum catalogue_language lang, const char *key);

/*
 * Writes the text of a key into buf (cap bytes, always ended by a NUL, never
 * cut inside a character).  args are names and values in turn, ended by NULL.
 * Returns buf.
 */
const char *catalogue_format(const struct catalogue *c,
			     enum catalogue_language lang, const char *key,
			     char *buf, size_t cap, const char *const *args);

#endif
