#ifndef TOCSIN_CONSOLE_TELLING_H
#define TOCSIN_CONSOLE_TELLING_H

/*
 * What is told in plain words: a JSON object, a language, and the names of
 * places and things in it.  Texts last as long as the object, the registry
 * and the catalogue.
 */

#include <jansson.h>

#include "daemon/console/catalogue.h"
#include "daemon/judge/registry.h"

struct telling {
	const struct catalogue *c;
	enum catalogue_language lang;
	const struct registry *r;
	const json_t *about;
	json_t *lines; /* an array, to which telling_add() adds */
};

/* "" where there is none. */
const char *telling_text(const json_t *object, const char *key);

/* The text of key_zh where lang is Chinese and there is one, else of key. */
const char *telling_in(enum catalogue_language lang, const json_t *object,
		       const char *key);

/* NaN where there is none. */
double telling_number(const json_t *object, const char *key);

/* The kind's name; the code where nobody knows it. */
const char *telling_kind(const struct telling *t, const char *code);

/* The name of the object's "area"; the code where nobody knows it. */
const char *telling_area(const struct telling *t, const json_t *object);

/* The line of the catalogue, see catalogue_format(). */
void telling_add(const struct telling *t, const char *key,
		 const char *const *args);

/*
 * A line for each of the object's "marks", see daemon/desk/mark_view.h: what
 * is known about these days.
 */
void telling_marks(const struct telling *t);

#endif
