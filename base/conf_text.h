#ifndef TOCSIN_BASE_CONF_TEXT_H
#define TOCSIN_BASE_CONF_TEXT_H

/* Where things stand in the text of a configuration; for conf.c only. */

/* The line of the first '{' that is never closed; 0: all are. */
int conf_text_open(const char *text);

/*
 * The line on which the block begins, name "title" { or name { where title is
 * ""; 0: there is none.
 */
int conf_text_block(const char *text, const char *name, const char *title);

/*
 * What makes the text no configuration: a byte that is not UTF-8, an escape
 * in a quoted string that means nothing.  Returns the words for it and writes
 * the line; NULL: nothing.
 */
const char *conf_text_bad(const char *text, int *line);

/*
 * Makes every comment blank, line for line: libconfuse counts the lines of
 * comments more than once, and every place after one would be wrong.
 */
void conf_text_strip(char *text);

#endif
